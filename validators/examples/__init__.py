"""Examples: for each rule, what breaks our own invoice so that the rule fires.

In charge of the table of such edits (`broken.txt`; how to read them is told in `edits.py`). The
tests of the rules and `budkavle explain` both live on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources

from validators.rules import unused


@cache
def broken() -> Mapping[str, tuple[str, ...]]:
    """Rule -> edits of the invoice, each of which makes the rule fire.

    UBL-CR rules that look at one path have theirs from the table of what has no use.
    """
    text = resources.files(__package__).joinpath("broken.txt").read_text("utf-8")
    found: dict[str, tuple[str, ...]] = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            rule, _, edits = line.partition(" ")
            found[rule] = (*found.get(rule, ()), edits.strip())
    for rule, path in unused.table():
        if rule not in found:
            place = path.replace("Line/", "InvoiceLine/", 1).replace("/@", "@")
            found[rule] = (f"+ {place}",)
    return found
