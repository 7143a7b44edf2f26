"""What the pages of verbs show: a document, what a verb will do to it, and another route.

In charge of the views, made of what the store and the router say. Not in charge of forms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, get_args

from gateway.api.routes import Service
from gateway.console.acting.allowed import VERBS, Act, Allowed, Known, judged, known_of
from gateway.console.acting.foreseen import Sentence, foreseen, in_short
from gateway.console.pages import Words
from gateway.delivery.papers import Papers
from gateway.delivery.rerouting import Foreseen, NewRoute, foresee
from gateway.delivery.verbs import from_the_first
from gateway.intake.submission import Channel
from gateway.routing.plan import Plan
from gateway.store.port import Company, Document, Role
from gateway.ways import Asked, Found, Question, TooOften
from transports.base import Recipient

CHANNELS: Final[Sequence[str]] = get_args(Channel)


@dataclass(frozen=True, slots=True)
class About:
    """The document that a page is about."""

    company_id: str
    company: str
    document_id: str
    number: str | None
    recipient: str | None
    state: str
    version: int


@dataclass(frozen=True, slots=True)
class Step:
    """A step of another route, and what its channel says of the recipient just now: `answer` is
    yes, no, unknown or several; empty where it was not asked."""

    channel: str
    included: bool
    reason: str
    answer: str = ""
    says: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody whom a document may be meant for."""

    address: str
    text: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a verb will do to a document. `order` and `steps` are of another route, and `digest` is
    what its plan is told from any other by; `channels` are those that can be asked for."""

    document: About
    verb: str
    possible: Allowed
    sentences: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    order: str = ""
    steps: tuple[Step, ...] = ()
    digest: str = ""
    channels: tuple[str, ...] = ()
    knows_secret: bool = False  # a personal number of the recipient is known, and never shown


def about(document: Document, company: Company) -> About:
    """A document as the pages name it."""
    head = document.head
    return About(
        *(company.id, company.name, document.id, head.number, head.recipient_name),
        *(document.state.value, document.version),
    )


class Previews:
    """Makes them, out of the store and the router."""

    def __init__(self, service: Service) -> None:
        self._service = service

    @property
    def channels(self) -> tuple[str, ...]:
        """Those set up here."""
        return tuple(one for one in CHANNELS if one in self._service.channels)

    async def of(
        self,
        words: Words,
        company: Company,
        document: Document,
        act: Act,
        route: NewRoute | None = None,
        *,
        ask: bool = False,
        short: bool = False,
    ) -> Preview:
        """What `act` would do just now. `route` is there for another one that was asked for; `ask`:
        its channels are asked too; `short`: in few words, for one row of many."""
        known = await known_of(self._service, document, may=True)
        now = self._service.clock.now()
        possible = judged(act, document, known, now)
        shown = about(document, company)
        if possible.why_not:
            return Preview(shown, act, possible)

        def told(said: Sequence[Sentence]) -> tuple[str, ...]:
            if short:
                return in_short(said, words, now)
            return tuple(one.text(words, now) for one in said)

        if act is Act.REROUTE:
            found = await self._foreseen(document, route or NewRoute())
            said = foreseen(act, document, known, found.plan, found.known.recipient)
            asked = await self._asked(company, found) if ask else {}
            return self._rerouted(shown, possible, told(said), found, asked)
        plan, recipient = await self._way(document, act, known)
        said = foreseen(act, document, known, plan, recipient)
        offered = known.choice.candidates if act is Act.CHOOSE and known.choice else ()
        return Preview(
            *(shown, act, possible),
            sentences=told(said),
            candidates=tuple(Candidate(each.address, each.text) for each in offered),
        )

    async def _foreseen(self, document: Document, route: NewRoute) -> Foreseen:
        service = self._service
        given = (service.store, document, route, service.channels, service.clock.now())
        return await foresee(*given)

    def _rerouted(
        self,
        document: About,
        possible: Allowed,
        sentences: tuple[str, ...],
        found: Foreseen,
        asked: Mapping[str, Asked],
    ) -> Preview:
        recipient = found.known.recipient
        return Preview(
            *(document, Act.REROUTE, possible, sentences),
            order=found.plan.order,
            steps=tuple(
                Step(step.channel, step.included, step.reason, *_answer(asked.get(step.step)))
                for step in found.plan.steps
            ),
            digest=found.plan.digest,
            channels=self.channels,
            knows_secret=bool(recipient.personal_number or recipient.fmi),
        )

    async def _asked(self, company: Company, found: Foreseen) -> dict[str, Asked]:
        """What the channels say, by their steps; nothing where they were asked too often."""
        question = Question(found.known.recipient, found.known.summary)
        match await self._service.ways.ask(company, question, found.plan):
            case Found(_, asked):
                return {one.step.step: one for one in asked}
            case TooOften():
                return {}

    async def _way(
        self, document: Document, act: Act, known: Known
    ) -> tuple[Plan | None, Recipient | None]:
        """By which plan it would go, to whom; nothing where it has not been checked."""
        papers, roles = Papers(self._service.store, document), known.facts.roles
        verb = VERBS.get(act)
        anew = verb is not None and from_the_first(document, verb, known.facts)
        plan = await papers.plan() if anew else None
        whom = (await papers.particulars()).recipient if Role.ENVELOPE in roles else None
        return plan, whom


def _answer(asked: Asked | None) -> tuple[str, str]:
    if asked is None or asked.answer is None:
        return "", ""
    return asked.answer.value, asked.text
