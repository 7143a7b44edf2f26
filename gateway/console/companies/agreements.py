"""A company's agreements with the channels: seen, asked for, ended; and whether its terms with each
are what the channel takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.agreements import Agreed, NotGranting
from gateway.console.companies.desk import Desk
from gateway.console.companies.tab import Done, NotThere, Outcome, Verb, Wrong, wrong
from gateway.identifying.masking import masked
from gateway.routing.orders import shipped
from gateway.routing.terms import faults, terms
from gateway.trust.scopes import Scope
from transports.base import AGREEMENT, Verdict

_MOST: Final = 200  # of which the newest page is shown; a company has one with a channel


@dataclass(frozen=True, slots=True)
class AgreementView:
    """An agreement. `can_end`: its name tells no person, and its channel grants them."""

    channel: str
    name: str
    state: str
    text: str
    asked_at: datetime | None
    next_at: datetime | None
    can_end: bool


@dataclass(frozen=True, slots=True)
class TermsView:
    """A channel, and how it is with the company's terms with it. What they say is not shown: there
    are numbers of accounts among them."""

    channel: str
    title: str
    set_up: bool
    settled: bool
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AgreementsView:
    """All of them, the channels that can be asked, and those that are set up or have terms."""

    granting: tuple[str, ...]
    agreements: tuple[AgreementView, ...]
    channels: tuple[TermsView, ...]


class AgreementsTab:
    """The tab."""

    name = "agreements"
    scope = Scope.READ
    of_operators: frozenset[str] = frozenset()

    @property
    def verbs(self) -> Mapping[str, Verb]:
        """What can be done here."""
        return {"ask": _ask, "end": _end}

    async def view(self, desk: Desk) -> AgreementsView:
        """What is to be seen."""
        agreements = desk.service.agreements
        granting = tuple(agreements.granting())
        found = await agreements.list(desk.company.id, AGREEMENT, ("", ""), _MOST)
        return AgreementsView(
            granting=granting,
            agreements=tuple(_view(one, granting) for one in found),
            channels=tuple(_terms(desk)),
        )


def _view(one: Agreed, granting: tuple[str, ...]) -> AgreementView:
    name = masked(one.name)
    can_end = one.channel in granting and name == one.name
    return AgreementView(one.channel, name, one.state, one.text, one.asked_at, one.next_at, can_end)


def _terms(desk: Desk) -> Iterator[TermsView]:
    known, service = shipped().channels, desk.service
    for name in dict.fromkeys((*known, *service.terms)):
        own, takes = terms(desk.company.settings, name), service.terms.get(name)
        if name in service.channels or own:
            title = known[name].title if name in known else name
            wrong = [masked(text) for _, text in faults(takes, own)] if takes and own else ()
            yield TermsView(name, title, name in service.channels, bool(own), tuple(wrong))


async def _ask(desk: Desk) -> Outcome:
    try:
        found = await desk.service.agreements.request(
            desk.company, desk.form["channel"], actor=desk.actor, reason=desk.reason
        )
    except NotGranting:
        return wrong("companies_not_granting")
    return _outcome(found, "agreement_asked")


async def _end(desk: Desk) -> Outcome:
    channel, name = desk.form["channel"], desk.form["of"]
    if masked(name) != name:
        return NotThere()
    try:
        found = await desk.service.agreements.end(
            desk.company.id, channel, name, actor=desk.actor, reason=desk.reason
        )
    except NotGranting:
        return wrong("companies_not_granting")
    return _outcome(found, "agreement_ended")


def _outcome(found: Agreed | Verdict, word: str) -> Outcome:
    if isinstance(found, Verdict):
        return Wrong(texts=(f"{found.public_text} ({found.code})",))
    return Done(word)
