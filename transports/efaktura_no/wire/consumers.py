"""Messages about consumers: who is behind a number, and whether eFaktura is taken. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from schemas.identifiers import Kind, check
from transports.base import storable
from transports.efaktura_no.wire.operations import Operation, answering, asking, one_of, part
from transports.efaktura_no.wire.soap import Content, Malformed, Part, masked

MOST_CONSUMERS: Final = 100  # of one answer


@dataclass(frozen=True, slots=True)
class Search:
    """What a consumer is looked for by: one of these, or name, street, post code and city."""

    efaktura_id: str | None = None
    personal_number: str | None = field(default=None, repr=False)
    phone: str | None = None
    email: str | None = None
    name: str | None = None
    street: str | None = None
    post_code: str | None = None
    city: str | None = None


class Acceptance(StrEnum):
    """How a consumer takes eFaktura from this issuer."""

    AGREEMENT = "AGREEMENT"  # by an agreement with this issuer
    YES_TO_ALL = "YES_TO_ALL"  # by the general consent, this issuer not being blocked
    NONE = "NONE"
    BLOCKED = "BLOCKED"  # this issuer is blocked by the consumer


@dataclass(frozen=True, slots=True)
class Consumer:
    """A consumer that was found. Name and city are for a person who has to choose."""

    identifier: str
    acceptance: Acceptance
    name: str = ""
    city: str = ""


def identify(message: str, organisation_number: str, search: Search) -> bytes:
    """getEfakturaIdentifiers."""
    by: dict[str, Content] = {
        "efakturaIdentifier": search.efaktura_id,
        "socialSecurityNumber": search.personal_number,
        "mobileNumber": search.phone,
        "email": search.email,
        "name": search.name,
        "street": search.street,
        "postCode": search.post_code,
        "city": search.city,
    }
    return asking(
        Operation.IDENTIFY, message, {"organisationNumber": organisation_number, "consumer": by}
    )


def search(body: Part) -> Search:
    """What getEfakturaIdentifiers asks for. Raises Malformed."""
    by = part(body, "consumer")
    return Search(
        efaktura_id=by.optional("efakturaIdentifier"),
        personal_number=by.optional("socialSecurityNumber"),
        phone=by.optional("mobileNumber"),
        email=by.optional("email", 300),
        name=by.optional("name", 1000),
        street=by.optional("street", 1000),
        post_code=by.optional("postCode"),
        city=by.optional("city"),
    )


def identified(message: str, found: tuple[Consumer, ...]) -> bytes:
    """The answer to getEfakturaIdentifiers."""
    consumers = [
        {
            "efakturaIdentifier": each.identifier,
            "acceptance": each.acceptance,
            "name": each.name,
            "city": each.city,
        }
        for each in found
    ]
    return answering(Operation.IDENTIFY, message, {"consumer": consumers})


def consumers(body: Part) -> tuple[Consumer, ...]:
    """Who was found; nobody, one or several. Raises Malformed."""
    found = tuple(_consumer(each) for each in body.parts("consumer"))
    if len(found) > MOST_CONSUMERS:
        raise Malformed(f"there are {len(found)} consumers; {MOST_CONSUMERS} at most are taken")
    if len({each.identifier for each in found}) < len(found):
        raise Malformed("a consumer is there twice")
    return found


def _consumer(part: Part) -> Consumer:
    identifier = storable(part.text("efakturaIdentifier", 50))
    # It is shown in timelines, where no personal number may stand.
    if check(Kind.NO_FODSELSNUMMER, identifier):
        raise Malformed("an efakturaIdentifier is a fødselsnummer")
    return Consumer(
        identifier=identifier,
        acceptance=one_of(Acceptance, part, "acceptance"),
        name=storable(masked(part.optional("name", 1000) or "")),
        city=storable(masked(part.optional("city") or "")),
    )


def ask_consumer(message: str, organisation_number: str, recipient: str) -> bytes:
    """requestAgreement: has MPS ask the consumer for an agreement with the issuer. The same message
    identifier again asks nothing again."""
    about = {"organisationNumber": organisation_number, "efakturaIdentifier": recipient}
    return asking(Operation.ASK_CONSUMER, message, about)


def consumer_asked(message: str, acceptance: Acceptance) -> bytes:
    """The answer to requestAgreement: how the consumer takes eFaktura from the issuer by now."""
    return answering(Operation.ASK_CONSUMER, message, {"acceptance": acceptance})


def read_consumer_asked(body: Part) -> Acceptance:
    """How the consumer takes eFaktura from the issuer by now. Raises Malformed."""
    return one_of(Acceptance, body, "acceptance")
