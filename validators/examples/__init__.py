"""Examples: for each rule a document that breaks it, and one that just does not.

In charge of the tables of edits that make them from documents of our own: `broken.txt` from
`invoice.xml`, and one named after its profile for each other kind of document. How to read an edit
is told in `edits.py`, and in `replaced.py` for Svefaktura and for faults of the structure; what the
guard refuses is made in `guarded.py`. The tests of the rules and `budkavle explain` live on it all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from lxml import etree

from validators.examples import guarded
from validators.examples.edits import edited, parted, source
from validators.examples.replaced import replaced, rows
from validators.profiles import (
    PEPPOL_BILLING,
    PEPPOL_EUSR,
    PEPPOL_INVOICE_RESPONSE,
    PEPPOL_MLR,
    PEPPOL_MLS,
    PEPPOL_SELFBILLING,
    PEPPOL_TSR,
    SVEFAKTURA,
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
        return self.profile if self.profile in OTHERS else "invoice"


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


@dataclass(frozen=True, slots=True)
class Pair:
    """A document with a finding and one without, as like it as can be.

    `profile` is the one to check them by, None for the one each asks for.
    """

    profile: str | None
    bad: bytes
    good: bytes


def pairs(rule: str, profile: str | None = None) -> Iterator[Pair]:
    """The examples of an id, the plainest first; of one profile alone when that has its own."""
    name = rule.partition("/")[0]
    if name in guarded.MADE:
        yield Pair(None, guarded.MADE[name](), source())
    for found, edits in rows("structure"):
        wanted, document = found.split()
        if wanted == name:
            yield Pair(None, replaced(document, edits, compact=False), source(document))
    own = [each for each in _OWN if profile == each and name in broken(each)] or _OWN
    for each in own:
        for example in broken(each).get(name, ()):
            yield Pair(each, _told(example.bad()), _told(example.good()))
    for edits in _svefaktura().get(name, ()):
        bad, good = (_parsed(replaced(SVEFAKTURA, each)) for each in (edits, ""))
        yield Pair(SVEFAKTURA, bad, good)


_OWN: Final = (PEPPOL_BILLING, *OTHERS, PEPPOL_SELFBILLING)


@cache
def _svefaktura() -> Mapping[str, list[str]]:
    """Rule -> the edits that break it, first those that break few others."""
    found: dict[str, list[str]] = {}
    for told, edits in sorted(rows(SVEFAKTURA), key=lambda row: len(row[0])):
        for rule in re.findall(r"R-[0-9]+", told):
            found.setdefault(rule, []).append(edits)
    return found


def _parsed(document: bytes) -> bytes:
    """The document indented like the one it was made from, without what is in comments."""
    parser = etree.XMLParser(remove_comments=True)
    return _told(etree.fromstring(document, parser))


def _told(root: etree._Element) -> bytes:
    etree.indent(root)
    return etree.tostring(root.getroottree(), encoding="utf-8")
