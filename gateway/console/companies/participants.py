"""A company's participants, and how each stands in Peppol: seen, published, withdrawn.

In charge of the view and of the verbs, as `gateway.api.participants` has them. A participant may be
a person's number: pages have it masked, and forms say the how-manieth of the company's it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from gateway.console.companies.desk import Desk
from gateway.console.companies.tab import Done, NotThere, Outcome, Wrong, bad, wrong
from gateway.registration import offers
from gateway.registration.offers import OF_COMPANIES, USUAL, Offer, Takes
from gateway.registration.reasons import public
from gateway.registration.states import OVER, ParticipantState
from gateway.registration.telling import subject
from gateway.registration.verbs import Asked, BadInput, NotNow, NotYours
from gateway.trust.gate import Way, asked
from schemas.identifiers import Participant

KINDS = OF_COMPANIES


@dataclass(frozen=True, slots=True)
class ParticipantView:
    """A participant. `state` is None where it was never to be registered here; `network` is what
    the network itself said, for operators."""

    n: int
    participant: str
    state: ParticipantState | None
    code: str
    text: str
    network: str
    takes: tuple[Takes, ...]
    offered: tuple[Takes, ...]  # what is ticked in the form to publish it
    expires_at: datetime | None
    tries: int
    next_at: datetime | None
    confirmed_at: datetime | None
    can_withdraw: bool


async def seen(desk: Desk) -> tuple[ParticipantView, ...]:
    """All of them."""
    return tuple([await _one(desk, n, name) for n, name in enumerate(desk.company.participants)])


async def _one(desk: Desk, n: int, name: str) -> ParticipantView:
    row = await desk.store.registration(desk.company.id, name)
    offer = None if row is None else offers.from_data(row.offer)
    return ParticipantView(
        n=n,
        participant=subject(name),
        state=None if row is None else row.state,
        code="" if row is None else row.code,
        text="" if row is None else public(row.code),
        network=row.text if row is not None and desk.is_operator else "",
        takes=() if offer is None else offer.takes,
        offered=USUAL if offer is None else offer.takes,
        expires_at=None if offer is None else offer.expires_at,
        tries=0 if row is None else row.tries,
        next_at=None if row is None else row.next_at,
        confirmed_at=None if row is None else row.confirmed_at,
        can_withdraw=row is not None and row.state not in OVER,
    )


async def publish(desk: Desk) -> Outcome:
    """Has a participant registered, or what is published of it changed."""
    name, publisher = _named(desk), desk.service.participants
    if name is None:
        return NotThere()
    if publisher is None:
        return wrong("companies_no_publisher")
    closed = await asked(desk.service.gate, Way.RECEIVE, desk.company.id)
    if closed is not None:
        return wrong("companies_not_open")
    takes = tuple(one for one in KINDS if one.value in desk.form.every("takes"))
    row = await desk.store.registration(desk.company.id, name)
    before = Offer() if row is None else offers.from_data(row.offer)
    found = await publisher.register(
        desk.company.id,
        Participant.parse(name),
        replace(before, takes=takes),
        actor=desk.actor,
        reason=desk.reason,
    )
    return _outcome(found, "published")


async def withdraw(desk: Desk) -> Outcome:
    """Has a participant taken out of the network."""
    name, publisher = _named(desk), desk.service.participants
    if name is None:
        return NotThere()
    if publisher is None:
        return wrong("companies_no_publisher")
    found = await publisher.withdraw(
        desk.company.id, Participant.parse(name), actor=desk.actor, reason=desk.reason
    )
    return _outcome(found, "withdrawn")


def _named(desk: Desk) -> str | None:
    """The one that a form is about. Its number alone would name another one where the company's
    have been changed meanwhile."""
    number, masked = desk.form["of"], desk.form["participant"]
    every = desk.company.participants
    if not (number.isascii() and number.isdigit() and len(number) < 5 and int(number) < len(every)):
        return None
    name = every[int(number)]
    return name if subject(name) == masked else None


def _outcome(found: Asked, word: str) -> Outcome:
    match found:
        case NotYours():
            return NotThere()
        case NotNow(text):
            return Wrong(texts=(text,))
        case BadInput(faults):
            return bad(faults)
        case _:
            return Done(word)
