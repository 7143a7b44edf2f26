"""A recipient as people and their programs write one down, without an invoice around it.

In charge of the fields, of what each may hold, and of what becomes of them. Not in charge of what a
channel does with them. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Final

from pydantic import ConfigDict, Field, StrictBool

from gateway.intake.shape import TEXT, Shape
from gateway.intake.submission import EfakturaId, Email, Fmi, PersonalNumber, Phone
from schemas.codelists import codes
from schemas.identifiers import KIND_OF_SCHEME, Kind, Participant, normal
from transports.base import PostalAddress, Recipient

Line = Annotated[str, Field(max_length=200, pattern=TEXT)]

# Where organisation numbers are known: the scheme that participants have them in, and their kind.
_NATIONAL: Final = {"SE": ("0007", Kind.SE_ORGNR), "NO": ("0192", Kind.NO_ORGNR)}


class RecipientFacts(Shape):
    """All that is known of a recipient. What is left out keeps channels out that need it."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    name: Line
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")]
    """ISO 3166-1 alpha-2."""
    consumer: StrictBool | None = None
    """Whether it is a consumer; without it, who has a personal number and no organisation number
    is."""
    participant: Annotated[str, Field(max_length=200, pattern=TEXT)] | None = None
    """Its electronic address, `0192:918130047`. Without it, the one that a Swedish or Norwegian
    organisation number makes is looked for."""
    organisation_number: Annotated[str, Field(max_length=30, pattern=TEXT)] | None = None
    """Swedish or Norwegian."""
    personal_number: PersonalNumber | None = None
    """A consumer's national number. Used to ask; never shown, logged or kept."""
    email: Email | None = None
    phone: Phone | None = None
    """Its mobile number."""
    street: Line | None = None
    street2: Line | None = None
    post_code: Annotated[str, Field(max_length=20, pattern=TEXT)] | None = None
    city: Line | None = None
    fmi: Fmi | None = None
    """What a Swedish bank knows it by. Never shown, logged or kept."""
    efaktura_id: EfakturaId | None = None
    """What Norwegian eFaktura knows it by."""


# Never shown and never kept.
SECRET: Final = frozenset({"personal_number", "fmi"})


def recipient(facts: RecipientFacts, today: date) -> Recipient | Mapping[str, str]:
    """The recipient; or by field, what is wrong with it. No sentence repeats a value."""
    faults: dict[str, str] = {}
    if facts.country not in codes("ISO3166-1", today):
        faults["country"] = "is no country of ISO 3166-1"
    number = participant = None
    if facts.organisation_number is not None:
        try:
            number = _number(facts.country, facts.organisation_number)
        except ValueError as error:
            faults["organisation_number"] = f"is none: {error}"
    try:
        participant = _participant(facts, number, today)
    except ValueError as error:
        faults["participant"] = f"is no electronic address: {error}"
    if faults:
        return faults
    person = facts.personal_number
    return Recipient(
        name=facts.name,
        country=facts.country,
        consumer=(person is not None and number is None)
        if facts.consumer is None
        else facts.consumer,
        participant=participant,
        organisation_number=number,
        personal_number=person,
        email=facts.email,
        phone=facts.phone,
        postal_address=_address(facts),
        fmi=facts.fmi,
        efaktura_id=facts.efaktura_id,
    )


def _number(country: str, written: str) -> str:
    if country not in _NATIONAL:
        raise ValueError("organisation numbers are known for SE and NO only")
    return normal(_NATIONAL[country][1], written)


def _participant(facts: RecipientFacts, number: str | None, today: date) -> Participant | None:
    if facts.participant is None:
        return Participant(_NATIONAL[facts.country][0], number) if number else None
    participant = Participant.parse(facts.participant)
    if participant.scheme not in codes("EAS", today):
        raise ValueError("there is no such scheme (list EAS)")
    kind = KIND_OF_SCHEME.get(participant.scheme)
    value = normal(kind, participant.value) if kind else participant.value
    return Participant(participant.scheme, value)


def _address(facts: RecipientFacts) -> PostalAddress | None:
    """Complete, or none: what is half of one reaches nobody."""
    lines = tuple(filter(None, (facts.street, facts.street2)))
    if not (lines and facts.post_code and facts.city):
        return None
    return PostalAddress(facts.name, lines, facts.post_code, facts.city, facts.country)
