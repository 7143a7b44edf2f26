"""A Cross Industry Invoice as BIS Billing 3.0: what is inside Factur-X and ZUGFeRD, or came alone.

In charge of reading it, of what would be lost, and of telling each finding by its place in the CII.
Not in charge of the mapping (`schemas.cii`), nor of what a PDF is (`hybrid`). Pure; whatever the
bytes, it answers.

It has no rules of its own here: those of BIS Billing hold all that EN 16931 asks of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from lxml import etree

from gateway.intake.content import labelled
from gateway.intake.conversion import Converted, enclosed, lost, written
from gateway.intake.form import finding
from gateway.intake.origin import Origin, Spot
from gateway.intake.policy import Attached
from schemas.cii.read import Read, Unbound, read
from schemas.forms import Form
from transports.base import File
from validators.findings import Report
from validators.places import Places


def convert(
    content: bytes, root: etree._Element, attachments: Sequence[File], language: str, at: date
) -> Converted:
    """Converts a CII of this root, with those attachments inside that BIS Billing may hold."""
    report = Report(Form.CROSS_INDUSTRY, True, ())
    try:
        found = read(root)
    except Unbound as error:
        places = Places()
        problems = tuple(
            finding(
                "unreadable",
                places.path(each.element, each.below),
                places.line(each.element),
                {"stated": each.reason},
                language,
            )
            for each in error.problems
        )
        return Converted(Report(Form.CROSS_INDUSTRY, False, problems))
    attached = (
        *_inside(found),
        *(Attached(file, f"/attachment/{n}") for n, file in enumerate(attachments)),
    )
    stated, apart = enclosed(found.invoice, [labelled(file) for file in attachments])
    return written(
        report,
        stated,
        lost(found.left, language),
        lambda document: _InCrossIndustry(found, root, document, language),
        (attached, apart),
        language,
        at,
    )


def _inside(found: Read) -> Iterator[Attached]:
    places = Places()
    for n, each in enumerate(found.invoice.supporting_documents):
        element, _ = found.find(f"/supporting_documents/{n}/attachment")
        if each.attachment is not None and element is not None:
            file = each.attachment
            yield Attached(
                File(file.filename, file.mime_code, file.content),
                places.path(element),
                places.line(element),
            )


class _InCrossIndustry(Origin):
    """Where each part of the UBL `document` comes from in the CII that was read."""

    def __init__(self, found: Read, root: etree._Element, document: bytes, language: str) -> None:
        super().__init__(document, language)
        self._found = found
        self._root = root
        self._places = Places()

    def spot(self, pointer: str) -> Spot:
        """The path and line of a field."""
        element, below = self._found.find(pointer)
        element = self._root if element is None else element
        return Spot(self._places.path(element, below), self._places.line(element))
