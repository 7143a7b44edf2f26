"""Where in a document something is: a path that people read.

In charge of `Invoice/InvoiceLine[2]/Item/Name`: names without prefixes, a number only where several
elements of that name stand side by side. Not in charge of what is found there.
"""

from __future__ import annotations

import re

from lxml import etree


class Places:
    """The paths of one document's elements. Remembers the steps, so that asking often is cheap."""

    def __init__(self) -> None:
        self._steps: dict[etree._Element, dict[etree._Element, str]] = {}

    def path(self, element: etree._Element, below: str = "") -> str:
        """The path of `element`, and of `below` (names with slashes) under it."""
        names = [below] if below else []
        at = element
        while (parent := at.getparent()) is not None:
            names.append(self._step(parent, at))
            at = parent
        names.append(etree.QName(at).localname)
        return "/".join(reversed(names))

    @staticmethod
    def line(element: etree._Element) -> int | None:
        """The line an element begins on, from 1."""
        line: int | None = element.sourceline  # type: ignore[assignment]  # the stubs say Ellipsis
        return line

    def _step(self, parent: etree._Element, element: etree._Element) -> str:
        steps = self._steps.get(parent)
        if steps is None:
            steps = self._steps[parent] = _steps_below(parent)
        return steps[element]


def resolve(at: str, missing: str, path: str) -> str:
    """The path of what is called `path` in a text about the element at `at`.

    It is below that element, or below the root (`/ID`), or beside it (`../Note`); beside what is
    missing, where something is. `PartyTaxScheme[TaxScheme/ID=TAX]` is a PartyTaxScheme.
    """
    path = _CONDITION.sub("", path)
    if path.startswith("/"):
        return f"{at.partition('/')[0]}{path}"
    if path.startswith("../"):
        beside = f"{at}/{missing}" if missing else at
        return f"{beside.rpartition('/')[0]}/{path[3:]}"
    return f"{at}/{path}"


_CONDITION = re.compile(r"\[[^]]*=[^]]*\]")


def _steps_below(parent: etree._Element) -> dict[etree._Element, str]:
    """The step to each child: its name, with its number among its kin where it has any."""
    kin: dict[str, list[etree._Element]] = {}
    for child in parent.iterchildren("*"):
        kin.setdefault(child.tag, []).append(child)
    steps = {}
    for children in kin.values():
        name = etree.QName(children[0]).localname
        for number, child in enumerate(children, 1):
            steps[child] = name if len(children) == 1 else f"{name}[{number}]"
    return steps
