"""What we filled in: every term that the caller left out and the document has, and why.

In charge of telling it in the caller's words. Not in charge of finding it (`schemas.filled`).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

from schemas.filled import filled
from schemas.invoice import Invoice
from validators.messages import texts

MOST: Final = 500  # of an invoice with 20,000 lines nobody reads every net amount


@dataclass(frozen=True, slots=True)
class FilledIn:
    """A term that was filled in.

    `where` is a JSON pointer into the caller's body, to where it would have stood; `term` its
    number in EN 16931 and `name` its name; `why` says what it follows from.
    """

    where: str
    term: str
    name: str
    value: str
    why: str


@dataclass(frozen=True, slots=True)
class Additions:
    """What was filled in, those of the lines last; `left_out` counts those beyond MOST."""

    told: tuple[FilledIn, ...] = ()
    left_out: int = 0


NOTHING: Final = Additions()


def additions(stated: Invoice, whole: Invoice, language: str) -> Additions:
    """Tells what `whole`, the invoice that is sent, has beyond what was `stated`."""
    found = sorted(filled(stated, whole), key=lambda each: each.path[0] == "lines")
    reasons, names = _reasons(language), texts(language).terms
    told = tuple(
        FilledIn(
            f"/invoice{each.where}",
            each.term,
            names[_whole(each.term)],
            str(each),
            reasons[each.term],
        )
        for each in found[:MOST]
    )
    return Additions(told, len(found) - len(told))


def _whole(term: str) -> str:
    """The term that a part (`BT-30-1`, the scheme of BT-30) belongs to."""
    return "-".join(term.split("-")[:2])


@cache
def _reasons(language: str) -> Mapping[str, str]:
    source = resources.files(__package__).joinpath("filled_in.toml")
    table = tomllib.loads(source.read_text("utf-8"))["reason"]
    return {term: each[language] for each in table for term in each["terms"]}
