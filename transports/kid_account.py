"""A Norwegian account that a sender is paid to, and how its KIDs look: terms that channels share.

In charge of reading and checking them, and of what in a document does not go with them. Not in
charge of a channel's further terms, nor of its dates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from schemas.identifiers import Kind, check, normal
from schemas.references import LONGEST, SHORTEST, KidLayout, Positions
from transports.base import AccountKind, Summary

FIELDS: Final[Mapping[str, str]] = {
    "account": "the account that is paid to, eleven digits",
    "kid_algorithm": "mod10 or mod11, as agreed with the bank",
    "kid_length": "the length of every KID with its check digit; leave it out where it varies",
    "reference_position": "where the KID names the customer, such as 1-5",
}


@dataclass(frozen=True, slots=True)
class KidAccount:
    """An account, eleven digits, and the layout of the KIDs that it takes."""

    number: str
    kid: KidLayout


def read(terms: Mapping[str, Any]) -> KidAccount:
    """The account of terms in which `wrong` finds nothing."""
    position = terms.get("reference_position")
    layout = KidLayout(
        terms["kid_algorithm"],
        terms.get("kid_length"),
        None if position is None else Positions.parse(position),
    )
    return KidAccount(normal(Kind.NO_ACCOUNT, terms["account"]), layout)


def wrong(terms: Mapping[str, Any], known: Mapping[str, str] = FIELDS) -> list[str]:
    """What is wrong with the fields of FIELDS, as sentences that say what to set; and which fields
    are none of `known`."""
    found = [
        f"`{name}` is not known; known are {', '.join(known)}."
        for name in terms
        if name not in known
    ]
    account = terms.get("account")
    if account is None:
        found.append(f"`account` is missing: {FIELDS['account']}.")
    elif not isinstance(account, str) or not check(Kind.NO_ACCOUNT, account):
        found.append("`account` is no Norwegian account: eleven digits, the last by mod11.")
    found += _wrong_layout(terms)
    return found


def _wrong_layout(terms: Mapping[str, Any]) -> Iterator[str]:
    length, position = terms.get("kid_length"), terms.get("reference_position")
    if terms.get("kid_algorithm") not in ("mod10", "mod11"):
        yield f"`kid_algorithm` is {FIELDS['kid_algorithm']}."
    if length is not None and (type(length) is not int or not SHORTEST <= length <= LONGEST):
        yield f"`kid_length` is a number from {SHORTEST} to {LONGEST}."
        length = None
    if position is None:
        return
    try:
        places = Positions.parse(position if isinstance(position, str) else "")
        KidLayout("mod10", length, places)  # whatever the algorithm: places alone count
    except ValueError as error:
        yield f"`reference_position`: {error}."


def unfit(summary: Summary, account: KidAccount) -> Iterator[tuple[str, str]]:
    """Why a document can not be claimed to the account: the name of each fault, and a sentence that
    says what was expected."""
    if summary.credit_note:
        yield "credit_note", "A credit note claims nothing."
    if summary.currency != "NOK":
        yield "currency", f"The amount is in {summary.currency}; NOK is expected."
    if not summary.credit_note and summary.amount_due <= 0:
        yield "amount", f"The amount due is {summary.amount_due:.2f}; more than nought is expected."
    if summary.due_date is None:
        yield "due_date", "There is no due date (BT-9)."
    for fault in account.kid.faults(summary.payment_reference):
        yield "kid", f"{fault} The KID is the payment reference (BT-83)."
    others = [each for each in summary.accounts if each.kind is AccountKind.NORWEGIAN]
    if others and all(_digits(each.number) != account.number for each in others):
        yield (
            "account",
            "The invoice is to be paid to another account (BT-84) than the one that is agreed "
            "with this channel.",
        )


def ore(summary: Summary) -> int:
    """The amount due in øre."""
    return int((summary.amount_due * 100).to_integral_value())


def _digits(number: str) -> str:
    return "".join(filter(str.isdigit, number))
