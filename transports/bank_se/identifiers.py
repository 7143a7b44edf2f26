"""What the Swedish banks know issuers and recipients of e-invoices by: FUI and FMI.

In charge of their form and check digits, and of the person a recipient is to the banks. Not in
charge of who is registered (`consumers`). Pure.
Sources: SFTI, PM Fakturautskrift BIS Billing 3 (2019-11-14); the banks' "Samverkan e-faktura".

Faults name no number: it may be a personal one. No list of banks is public, so that the form of
their ids is all that is checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Final, Self

from schemas.codelists import codes
from schemas.identifiers import Kind, check, is_sole_trader
from schemas.swedish_persons import twelve_digits
from transports.base import Recipient

# An organisation number in twelve places.
_COMPANY: Final = "00"


@dataclass(frozen=True, slots=True)
class Fui:
    """Who sends: an organisation number, the number of its agreement with a bank, and that bank.

    Written `005560169095.00002222222.FSPA.SE`.
    """

    organisation_number: str  # ten digits
    agreement: str  # eleven digits
    bank: str
    country: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads a FUI. ValueError tells everything that is wrong with it."""
        parts = text.split(".")
        if len(parts) != 4:
            raise ValueError(
                "A FUI has four parts with full stops between them: the organisation number, the "
                "agreement, the bank and the country, such as 005560169095.00002222222.FSPA.SE."
            )
        number, agreement, bank, country = parts
        faults = list(_issuer_faults(number))
        if not re.fullmatch("[0-9]{11}", agreement):
            faults.append(f"The agreement, its second part, has eleven digits, {_not(agreement)}.")
        faults += _bank_faults(bank, country, "third", "fourth")
        if faults:
            raise ValueError(" ".join(faults))
        return cls(number.removeprefix(_COMPANY), agreement, bank, country)

    def __str__(self) -> str:
        return f"{_COMPANY}{self.organisation_number}.{self.agreement}.{self.bank}.{self.country}"


@dataclass(frozen=True, slots=True)
class Fmi:
    """Who receives, and at which bank: `196505030004.NB.SE`.

    `person` is twelve digits: a personal or co-ordination number with its century, or for a company
    an organisation number behind 00.
    """

    person: str = field(repr=False)
    bank: str
    country: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads an FMI. ValueError tells everything that is wrong with it."""
        parts = text.split(".")
        if len(parts) != 3:
            raise ValueError(
                "An FMI has three parts with full stops between them: the recipient's number in "
                "twelve digits, the bank and the country; the last two such as NB.SE."
            )
        person, bank, country = parts
        faults = [*_person_faults(person), *_bank_faults(bank, country, "second", "third")]
        if faults:
            raise ValueError(" ".join(faults))
        return cls(person, bank, country)

    @property
    def place(self) -> str:
        """The bank alone, `NB.SE`: what of an FMI may be shown."""
        return f"{self.bank}.{self.country}"

    def __str__(self) -> str:
        return f"{self.person}.{self.place}"


def person_of(recipient: Recipient, today: date) -> str | None:
    """What the banks know a recipient by, in twelve digits; None where nothing is known of it.

    A sole trader's organisation number is a personal number; a company has its own behind 00. Where
    only the FMI was given, that tells. Raises ValueError for a number that is none.
    """
    number = recipient.organisation_number
    if recipient.personal_number:
        return twelve_digits(recipient.personal_number, today)
    if recipient.fmi:
        return Fmi.parse(recipient.fmi).person
    if not number or recipient.country != "SE" or not check(Kind.SE_ORGNR, number):
        return None
    return twelve_digits(number, today) if is_sole_trader(number) else _COMPANY + number


def digest(fui: Fui, person: str) -> str:
    """The name of a person in an issuer's register: no number, and another for each issuer."""
    return sha256(f"{fui}/{person}".encode()).hexdigest()


def _issuer_faults(number: str) -> Iterator[str]:
    if not re.fullmatch("[0-9]{12}", number):
        yield f"The organisation number, its first part, has twelve digits, {_not(number)}."
    elif not number.startswith(_COMPANY):
        yield "The organisation number, its first part, begins with 00."
    elif not check(Kind.SE_ORGNR, number.removeprefix(_COMPANY)):
        yield "The check digit of the organisation number, the last of the first part, is wrong."


def _person_faults(person: str) -> Iterator[str]:
    if not re.fullmatch("[0-9]{12}", person):
        yield f"The recipient's number, its first part, has twelve digits, {_not(person)}."
    elif person.startswith(_COMPANY):
        if not check(Kind.SE_ORGNR, person.removeprefix(_COMPANY)):
            yield "The check digit of the organisation number, its first part, is wrong."
    else:
        try:
            twelve_digits(person, date.max)
        except ValueError as error:
            yield f"The recipient's number, its first part, is no personal number: {error}."


def _bank_faults(bank: str, country: str, where: str, then: str) -> list[str]:
    faults = []
    if not re.fullmatch("[A-Z0-9]{1,4}", bank):
        faults.append(f"The bank, its {where} part, has one to four capital letters or digits.")
    if country not in codes("ISO3166-1", date.min):
        faults.append(f"The country, its {then} part, is a code of ISO 3166-1 such as SE.")
    return faults


def _not(digits: str) -> str:
    if digits.isascii() and digits.isdecimal():
        return f"not {len(digits)}"
    return "and nothing else"


# A personal number in whatever way people write one, and an organisation number with it.
_NUMBER: Final = re.compile(r"(?<![0-9])(?:[0-9]{2})?[0-9]{6}[-+ ]?[0-9]{4}(?![0-9])")


def without_persons(text: str) -> str:
    """A partner's words with everything masked that may be a personal number."""
    return _NUMBER.sub("(a number)", text)
