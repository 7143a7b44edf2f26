"""The rules, a module for each part of the invoice; importing this package registers them all.

A module begins with the table of its rules (official id, flag, business terms); grep for an id
finds the table, the function, the texts in `validators/messages/` and the test.
"""

from __future__ import annotations

from validators.rules import (
    allowances,
    cardinality,
    codes,
    header,
    identifiers,
    lines,
    parties,
    payment,
    totals,
    unused,
    vat,
)
from validators.rules.national import de, dk, gr, is_, it, nl, no, se

__all__ = [
    "allowances",
    "cardinality",
    "codes",
    "de",
    "dk",
    "gr",
    "header",
    "identifiers",
    "is_",
    "it",
    "lines",
    "nl",
    "no",
    "parties",
    "payment",
    "se",
    "totals",
    "unused",
    "vat",
]
