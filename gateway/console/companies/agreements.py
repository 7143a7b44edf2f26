"""A company's agreements with the channels: seen, asked for, ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.agreements import Agreed, NotGranting
from gateway.console.companies.desk import Desk
from gateway.console.companies.tab import Done, NotThere, Outcome, Verb, Wrong, wrong
from gateway.identifying.masking import masked
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
class AgreementsView:
    """All of them, and the channels that can be asked."""

    granting: tuple[str, ...]
    agreements: tuple[AgreementView, ...]


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
        return AgreementsView(granting, tuple(_view(one, granting) for one in found))


def _view(one: Agreed, granting: tuple[str, ...]) -> AgreementView:
    name = masked(one.name)
    can_end = one.channel in granting and name == one.name
    return AgreementView(one.channel, name, one.state, one.text, one.asked_at, one.next_at, can_end)


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
