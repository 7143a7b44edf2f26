"""Whom Kivra is asked about: a person by personal number, a company by VAT number. Pure."""

from __future__ import annotations

from datetime import date

from schemas.identifiers import is_sole_trader
from schemas.swedish_persons import twelve_digits
from transports.base import Recipient
from transports.kivra.declined import Declined
from transports.kivra.wire import Who


def number(recipient: Recipient, today: date) -> tuple[Who, str]:
    """Who the recipient is to Kivra. Raises Declined.

    A sole trader's organisation number is the person's own, and a person is who Kivra knows.
    """
    if recipient.personal_number:
        return Who.PERSON, _person(recipient.personal_number, "personal number", today)
    orgnr = recipient.organisation_number
    if recipient.country != "SE" or not orgnr:
        raise Declined(
            "kivra.no_number",
            "The recipient has no Swedish personal number or organisation number.",
        )
    if is_sole_trader(orgnr):
        return Who.PERSON, _person(orgnr, "organisation number", today)
    return Who.COMPANY, f"SE{orgnr}01"


def _person(written: str, what: str, today: date) -> str:
    try:
        return twelve_digits(written, today)
    except ValueError as error:
        text = f"The recipient's {what} can not be used: {error}."
        raise Declined("kivra.bad_number", text) from None
