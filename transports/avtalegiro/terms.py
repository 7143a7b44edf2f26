"""What a company has settled for AvtaleGiro: its account, its KIDs, and who notifies. Pure.

In charge of reading and checking `channels.avtalegiro` in a company's settings.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from transports import kid_account
from transports.kid_account import KidAccount

FIELDS: Final[Mapping[str, str]] = {
    **kid_account.FIELDS,
    "notified_by": "bank, or efaktura where each claim goes as an eFaktura too",
}


class NotifiedBy(StrEnum):
    """Who tells the payer of a claim."""

    BANK = "bank"  # transaction type 21
    EFAKTURA = "efaktura"  # transaction type 02, which is for that alone


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms that are right."""

    account: KidAccount
    notified_by: NotifiedBy = NotifiedBy.BANK


def read(terms: Mapping[str, Any]) -> Terms:
    """The terms. Raises ValueError with all that is wrong with them."""
    faults = wrong(terms)
    if faults:
        raise ValueError(" ".join(faults))
    by = NotifiedBy(terms.get("notified_by", NotifiedBy.BANK))
    return Terms(kid_account.read(terms), by)


def wrong(terms: Mapping[str, Any]) -> tuple[str, ...]:
    """What is wrong with terms, as sentences that say what to set; empty where nothing is."""
    found = kid_account.wrong(terms, FIELDS)
    if terms.get("notified_by", NotifiedBy.BANK) not in tuple(NotifiedBy):
        found.append(f"`notified_by` is {FIELDS['notified_by']}.")
    return tuple(found)
