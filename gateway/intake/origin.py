"""Findings about the UBL that we wrote, told by their places in what the caller sent.

In charge of going from the element of UBL to the field of the model, and of what elements are
called in texts. Not in charge of where the caller has a field (`Origin.spot`).
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from schemas.ubl.terms import Pointers, field_of, term_of
from validators.findings import Finding
from validators.messages import texts
from validators.pipeline import parse


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in what the caller sent, and its line where it has one."""

    where: str
    line: int | None = None


# Rules about an attribute of the element they point at: it is a field of its own in the model.
_OF_ATTRIBUTES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("BR-CL-03", "PEPPOL-EN16931-CL007"), "@currencyID"),
    **dict.fromkeys(("BR-CL-23", "PEPPOL-EN16931-R130"), "@unitCode"),
    **dict.fromkeys(("BR-CL-24", "PEPPOL-EN16931-CL001"), "@mimeCode"),
    **dict.fromkeys(("BR-CL-25", "PEPPOL-EN16931-CL008"), "@schemeID"),
    **dict.fromkeys(("BR-CL-10", "BR-CL-11", "BR-CL-21", "BR-CL-26"), "@schemeID"),
    "BR-CL-13": "@listID",
}

# One element of UBL, told apart by its currency alone: where there is none yet, by the rule's term.
_TOTALS_OF_VAT: Final = frozenset({"/totals/vat", "/totals/vat_in_vat_currency"})


class Origin(ABC):
    """Where in what the caller sent each part of the UBL `document` comes from. Terms are told in
    `language`."""

    def __init__(self, document: bytes, language: str = "en") -> None:
        self._document = document
        self._terms = texts(language).terms

    @abstractmethod
    def spot(self, pointer: str) -> Spot:
        """Where a field of the model is in what the caller sent; "" is the whole invoice."""

    @cached_property
    def _pointers(self) -> Pointers:
        root = parse(self._document)
        return Pointers(None if isinstance(root, tuple) else root)  # None: too large for the guard

    def told(self, finding: Finding) -> Finding:
        """The finding, told by its place in what the caller sent."""
        where = finding.where
        if finding.rule in _OF_ATTRIBUTES:
            where += f"/{_OF_ATTRIBUTES[finding.rule]}"
        pointer = (self._pointers.at(where) if where else None) or ""
        fields = [field for term in finding.terms if (field := field_of(term))]
        if fields and pointer in _TOTALS_OF_VAT and pointer not in fields:
            pointer = fields[0]
        if not pointer and len(fields) == 1:  # told of the whole document, and yet of one term
            (pointer,) = fields
        spot = self.spot(pointer)
        return dataclasses.replace(finding, where=spot.where, line=spot.line)

    def called(self, path: str, terms: tuple[str, ...]) -> str | None:
        """An element by its business term, and by the caller's place of it where that is
        certain."""
        here = term_of(path)
        if not here:
            return None
        term = next((term for term in here if term in terms), here[0])
        pointer, group = (self._pointers.at(each) for each in (path, path.rpartition("/")[0]))
        if own := field_of(term):
            pointer = own
        field = self.spot(pointer).where if pointer and pointer != group else None
        told = ", ".join(filter(None, (term, field)))
        name = self._terms.get(term)
        return f"{name} ({told})" if name else told
