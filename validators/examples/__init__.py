"""Examples: for each rule a document that breaks it, and one that just does not.

In charge of the tables of edits that make them from documents of our own: `broken.txt` from
`invoice.xml`, and one named after its profile for each other kind of document. How to read an edit
is told in `edits.py`. The tests of the rules and `budkavle explain` both live on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from lxml import etree

from validators.examples.edits import edited, parted
from validators.profiles import (
    PEPPOL_BILLING,
    PEPPOL_EUSR,
    PEPPOL_INVOICE_RESPONSE,
    PEPPOL_MLR,
    PEPPOL_MLS,
    PEPPOL_TSR,
)
from validators.rules import unused


@dataclass(frozen=True, slots=True)
class Example:
    """The edits of our own document that break a rule, and those that mend it again."""

    edits: str
    mends: str = ""
    profile: str = PEPPOL_BILLING

    def bad(self) -> etree._Element:
        """The document on which the rule fires."""
        return edited(self.edits, self._document)

    def good(self) -> etree._Element:
        """The one on which it does not, as like it as can be."""
        if self.mends:
            return edited(f"{self.edits}; {self.mends}", self._document)
        return edited(";".join(parted(self.edits)[:-1]), self._document)

    @property
    def _document(self) -> str:
        return "invoice" if self.profile == PEPPOL_BILLING else self.profile


OTHERS: Final = (PEPPOL_MLS, PEPPOL_MLR, PEPPOL_INVOICE_RESPONSE, PEPPOL_TSR, PEPPOL_EUSR)
"""The profiles with a document and a table of their own."""


@cache
def broken(profile: str = PEPPOL_BILLING) -> Mapping[str, tuple[Example, ...]]:
    """Rule -> its examples, for a profile that has some.

    UBL-CR rules that look at one path have theirs from the table of what has no use.
    """
    name = "broken" if profile == PEPPOL_BILLING else profile
    text = resources.files(__package__).joinpath(f"{name}.txt").read_text("utf-8")
    found: dict[str, tuple[Example, ...]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            rule, _, row = line.partition(" ")
            edits, _, mends = row.partition(" -> ")
            found[rule] = (*found.get(rule, ()), Example(edits.strip(), mends.strip(), profile))
    for rule, path in unused.table() if profile == PEPPOL_BILLING else ():
        if rule not in found:
            place = path.replace("Line/", "InvoiceLine/", 1).replace("/@", "@")
            found[rule] = (Example(f"+ {place}"),)
    return found
