"""The sandbox's consumers: who is found by what, and how they take eFaktura."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from transports.base import Now
from transports.efaktura_no.sandbox.invoices import MAGIC
from transports.efaktura_no.wire import consumers
from transports.efaktura_no.wire.consumers import Acceptance, Consumer, Search
from transports.efaktura_no.wire.soap import Fault, Part


@dataclass(frozen=True, slots=True)
class Person:
    """A consumer, and what he is found by. `asked`: how he takes eFaktura from an issuer a day
    after he was asked for an agreement with it."""

    identifier: str
    acceptance: Acceptance = Acceptance.YES_TO_ALL
    name: str = "Kari Nordmann"
    city: str = "OSLO"
    personal_number: str | None = field(default=None, repr=False)
    phone: str | None = None
    email: str | None = None
    street: str | None = None
    post_code: str | None = None
    asked: Acceptance = Acceptance.NONE


SEVERAL: Final = "several@efaktura.example"  # two people have this address
PEOPLE: Final = (
    Person("sandbox-agreement", Acceptance.AGREEMENT, personal_number="01032300371"),
    Person("sandbox-none", Acceptance.NONE),
    Person("sandbox-asked", Acceptance.NONE, asked=Acceptance.AGREEMENT),
    Person("sandbox-blocked", Acceptance.BLOCKED),
    Person("sandbox-several-1", name="Ola Nordmann", city="OSLO", email=SEVERAL),
    Person("sandbox-several-2", name="Ola Nordmann", city="BERGEN", email=SEVERAL),
    *(Person(identifier) for identifier in MAGIC.values()),
)

_THINKS: Final = timedelta(days=1)


class Consumers:
    """The consumers. `questions` are those that were asked for agreements: issuer, consumer and
    when, by the message that asked."""

    def __init__(self, now: Now) -> None:
        self.people = {person.identifier: person for person in PEOPLE}
        self.questions: dict[str, tuple[str, str, datetime]] = {}
        self._now = now

    def identify(self, asked: Part, message: str) -> bytes:
        """Answers getEfakturaIdentifiers."""
        search = consumers.search(asked)
        issuer = asked.text("organisationNumber")
        found = [person for person in self.people.values() if _fits(person, search)]
        return consumers.identified(
            message,
            tuple(
                Consumer(
                    person.identifier, self.acceptance(person, issuer), person.name, person.city
                )
                for person in found
            ),
        )

    def ask(self, asked: Part, message: str) -> bytes | Fault:
        """Answers requestAgreement."""
        issuer = asked.text("organisationNumber")
        person = self.people.get(asked.text("efakturaIdentifier"))
        if person is None:
            return Fault("5003", "There is no such consumer.", ours=True)
        acceptance = self.acceptance(person, issuer)
        if acceptance is Acceptance.NONE:
            self.questions.setdefault(message, (issuer, person.identifier, self._now()))
        return consumers.consumer_asked(message, acceptance)

    def acceptance(self, person: Person, issuer: str) -> Acceptance:
        """How a consumer takes eFaktura from an issuer by now."""
        answered = any(
            (by, who) == (issuer, person.identifier) and self._now() >= at + _THINKS
            for by, who, at in self.questions.values()
        )
        return person.asked if answered else person.acceptance

    def takes(self, identifier: str, issuer: str) -> bool:
        """Whether a consumer takes eFaktura from an issuer."""
        person = self.people.get(identifier)
        taken = (Acceptance.AGREEMENT, Acceptance.YES_TO_ALL)
        return person is not None and self.acceptance(person, issuer) in taken


def _fits(person: Person, search: Search) -> bool:
    if search.name is not None:
        address = (person.name, person.street, person.post_code, person.city)
        return address == (search.name, search.street, search.post_code, search.city)
    by = (
        (search.efaktura_id, person.identifier),
        (search.personal_number, person.personal_number),
        (search.phone, person.phone),
        (search.email, person.email),
    )
    return any(wanted is not None and wanted == has for wanted, has in by)
