"""The rules, a module for each part of the invoice; importing this package registers them all.

A module begins with the table of its rules (official id, flag, business terms); grep for an id
finds the table, the function, the texts in `validators/messages/` and the test.
"""

from __future__ import annotations

from validators.rules import (
    allowances,
    codes,
    header,
    identifiers,
    lines,
    parties,
    payment,
    totals,
    vat,
)
from validators.rules.national import no, se

__all__ = [
    "allowances",
    "codes",
    "header",
    "identifiers",
    "lines",
    "no",
    "parties",
    "payment",
    "se",
    "totals",
    "vat",
]
