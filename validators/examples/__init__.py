"""Examples: for each rule an invoice that breaks it, and one that just does not.

In charge of the table of edits that make them from our own invoice (`broken.txt`; how to read an
edit is told in `edits.py`). The tests of the rules and `budkavle explain` both live on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from lxml import etree

from validators.examples.edits import edited, parted
from validators.rules import unused


@dataclass(frozen=True, slots=True)
class Example:
    """The edits of our own invoice that break a rule, and those that mend it again."""

    edits: str
    mends: str = ""

    def bad(self) -> etree._Element:
        """The invoice on which the rule fires."""
        return edited(self.edits)

    def good(self) -> etree._Element:
        """The one on which it does not, as like it as can be."""
        if self.mends:
            return edited(f"{self.edits}; {self.mends}")
        return edited(";".join(parted(self.edits)[:-1]))


@cache
def broken() -> Mapping[str, tuple[Example, ...]]:
    """Rule -> its examples.

    UBL-CR rules that look at one path have theirs from the table of what has no use.
    """
    text = resources.files(__package__).joinpath("broken.txt").read_text("utf-8")
    found: dict[str, tuple[Example, ...]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            rule, _, row = line.partition(" ")
            edits, _, mends = row.partition(" -> ")
            found[rule] = (*found.get(rule, ()), Example(edits.strip(), mends.strip()))
    for rule, path in unused.table():
        if rule not in found:
            place = path.replace("Line/", "InvoiceLine/", 1).replace("/@", "@")
            found[rule] = (Example(f"+ {place}"),)
    return found
