"""Layers of PDFs (optional content) in a merged one: what was hidden stays hidden.

A reader that is told of no layers shows them all: drafts, the other language, "copy".
Source: ISO 32000-1, 8.11.
"""

from __future__ import annotations

from pikepdf import Array, Dictionary, Name, Object, Pdf


class Layers:
    """The layers of all that was copied into a PDF."""

    def __init__(self, into: Pdf) -> None:
        self._into = into
        self._all: list[Object] = []
        self._hidden: list[Object] = []

    def take(self, pdf: Pdf) -> None:
        """Notes the layers of a file whose pages have been copied."""
        known = pdf.Root.get("/OCProperties")
        if not isinstance(known, Dictionary):
            return
        shown = known.get("/D", Dictionary())
        every = _layers(known.get("/OCGs"))
        hidden = _layers(shown.get("/OFF"))
        if shown.get("/BaseState") == Name.OFF:
            on = {one.objgen for one in _layers(shown.get("/ON"))}
            hidden = [one for one in every if one.objgen not in on]
        # The copies are those that the copied pages refer to.
        self._all += [self._into.copy_foreign(one) for one in every]
        self._hidden += [self._into.copy_foreign(one) for one in hidden]

    def write(self) -> None:
        """Writes them down; once, at the end."""
        if self._all:
            self._into.Root.OCProperties = Dictionary(
                OCGs=Array(self._all), D=Dictionary(OFF=Array(self._hidden))
            )


def _layers(value: Object | None) -> list[Object]:
    items = value if isinstance(value, Array) else ()
    return [one for one in items if isinstance(one, Dictionary) and one.is_indirect]
