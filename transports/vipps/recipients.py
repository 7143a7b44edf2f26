"""Whom Vipps is asked for: a recipient's Norwegian mobile number, else the personal number. Pure.

Not in charge of asking (`api`). Neither number is ever part of an address or a text: those say
`mobile` or `person`.
"""

from __future__ import annotations

from schemas.identifiers import Kind, normal
from transports.base import Recipient
from transports.vipps.wire import Who


def asked(recipient: Recipient) -> tuple[Who, str] | None:
    """What a recipient is asked for by: the mobile number, else the personal number."""
    mobile = msisdn(recipient.phone or "")
    if mobile is not None:
        return Who.MOBILE, mobile
    try:
        return Who.PERSON, normal(Kind.NO_FODSELSNUMMER, recipient.personal_number or "")
    except ValueError:
        return None


def address(who: Who) -> str:
    """What a recipient's address is called."""
    return "mobile" if who is Who.MOBILE else "person"


def asked_at(recipient: Recipient, found: str) -> tuple[Who, str]:
    """The same as `resolve` found it by, whatever else is known of the recipient by now."""
    if found == address(Who.PERSON):
        return Who.PERSON, normal(Kind.NO_FODSELSNUMMER, recipient.personal_number or "")
    mobile = msisdn(recipient.phone or "")
    assert mobile is not None, "resolve said yes"
    return Who.MOBILE, mobile


def msisdn(phone: str) -> str | None:
    """A Norwegian mobile number as Vipps takes it: 47 and eight digits that begin with 4 or 9."""
    digits = "".join(letter for letter in phone if letter.isascii() and letter.isdigit())
    plain = phone.strip()
    if plain.startswith("+"):
        national = digits.removeprefix("47") if digits.startswith("47") else ""
    elif plain.startswith("00"):
        national = digits.removeprefix("0047") if digits.startswith("0047") else ""
    else:
        national = digits.removeprefix("47") if len(digits) == 10 else digits
    if len(national) != 8 or national[0] not in "49":
        return None
    return f"47{national}"
