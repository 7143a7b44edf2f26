"""What a company has sent, and what it has not: the pages of its own people.

In charge of these two lists. Not in charge of what the search understands (`query`), of whose
documents are found (`asking`), nor of the sentence by which each stands (`documents.sentence`).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from aiohttp import web

from gateway.api.routes import Service
from gateway.console.console import Page, Parts
from gateway.console.documents.sentence import Case, channel_name, standing
from gateway.console.forms import HOME
from gateway.console.log.asking import Asked, Asking, Place, Shown
from gateway.console.log.facets import Value
from gateway.console.log.query import Fault, Query, Term, What
from gateway.console.log.rows import Row, row
from gateway.console.visit import Visit
from gateway.delivery.verbs import POSSIBLE
from gateway.lifecycle import State
from gateway.routing.plan import from_data
from gateway.store.port import Direction, Document, Role
from gateway.store.search import Facets
from gateway.trust.scopes import Scope
from validators.findings import Finding, Severity

UNSENT: Final = (
    State.REJECTED,
    State.FAILED,
    State.HELD,
    State.WAITING,
    State.RECEIVED,
    State.ROUTING,
    State.SENDING,
)
SENT: Final = (State.SENT, State.DELIVERED)

_CARDS: Final = 20  # of unsent ones: their findings and steps are read too
_ROWS: Final = 50
_FINDINGS: Final = 3  # of one document; its page has all


@dataclass(frozen=True, slots=True)
class Card:
    """A document that is not sent. `sentence`: how it stands and who must act; `findings`: the
    first that were found wrong, `more`: how many there are beside them; `verbs`: what can be done
    with it; `correct`: hand in another in its place."""

    row: Row
    sentence: str
    findings: tuple[str, ...]
    more: int
    verbs: tuple[str, ...]
    correct: bool


@dataclass(frozen=True, slots=True)
class Unsent:
    """The page of what is not sent; `states`: how many there are of each."""

    text: str
    query: str
    faults: tuple[Fault, ...]
    states: tuple[Value, ...]
    counted: int
    whole: bool
    cards: tuple[Card, ...]
    several: bool  # companies
    place: Place


@dataclass(frozen=True, slots=True)
class Carried:
    """A document that was sent; `channel_name` and `business` in the reader's words."""

    row: Row
    channel: str


@dataclass(frozen=True, slots=True)
class Sent:
    """The page of what was sent."""

    text: str
    query: str
    faults: tuple[Fault, ...]
    rows: tuple[Carried, ...]
    several: bool
    place: Place


class Outgoing:
    """The pages."""

    def __init__(self, parts: Parts, _: Service) -> None:
        self._parts = parts
        self._store = parts.store
        self._asking = Asking(parts)

    def pages(self) -> list[Page]:
        """Both of them."""
        return [
            Page("GET", f"{HOME}/unsent", self._unsent, scope=Scope.READ, twin=True),
            Page("GET", f"{HOME}/sent", self._sent, scope=Scope.READ, twin=True),
        ]

    async def _unsent(self, visit: Visit) -> web.Response:
        # What a person has stopped is not sent either; it is there for who asks for it.
        asked = outgoing(await self._asking.asked(visit), UNSENT, (State.CANCELLED,))
        after = visit.request.query.get("after")
        found, spread = await asyncio.gather(
            self._asking.found(asked.question, after, _CARDS), self._asking.spread(asked.question)
        )
        names = await self._names(asked, found)
        cards = [self._card(visit, document, names) for document in found.documents]
        view = Unsent(
            text=asked.text if asked.faults else str(asked.query),
            query=str(asked.query),
            faults=asked.faults,
            states=_states(spread, asked.query),
            counted=spread.counted,
            whole=spread.whole,
            cards=tuple(await asyncio.gather(*cards)),
            several=_several(asked),
            place=found.place,
        )
        return visit.view(
            "log/unsent", view, title=visit.words("menu_unsent"), live=not found.place.later
        )

    async def _card(self, visit: Visit, document: Document, names: Mapping[str, str]) -> Card:
        key = document.company_id, document.id
        legs, attempts, files = await asyncio.gather(
            self._store.legs(*key),
            self._store.attempts(*key),
            self._store.files(*key, [Role.PLAN, Role.FINDINGS]),
        )
        newest = {part.role: json.loads(content) for part, content in files}
        plan = from_data(newest[Role.PLAN]) if Role.PLAN in newest else None
        case = Case(document, self._parts.clock.now(), legs, attempts, plan)
        wrong = _wrong(newest.get(Role.FINDINGS, []))
        may_send = visit.may(Scope.SEND)
        return Card(
            row=row(document, names),
            sentence=standing(case).text(visit.words, case.now),
            findings=tuple(finding.text for finding in wrong[:_FINDINGS]),
            more=max(0, len(wrong) - _FINDINGS),
            verbs=tuple(verb.value for verb in POSSIBLE if document.state in POSSIBLE[verb])
            if may_send
            else (),
            correct=may_send and document.state is State.REJECTED,
        )

    async def _sent(self, visit: Visit) -> web.Response:
        asked = outgoing(await self._asking.asked(visit), SENT)
        after = visit.request.query.get("after")
        found = await self._asking.found(asked.question, after, _ROWS)
        names = await self._names(asked, found)
        view = Sent(
            text=asked.text if asked.faults else str(asked.query),
            query=str(asked.query),
            faults=asked.faults,
            rows=tuple(
                Carried(row(document, names), channel_name(visit.words, document.channel or ""))
                for document in found.documents
            ),
            several=_several(asked),
            place=found.place,
        )
        return visit.view(
            "log/sent", view, title=visit.words("menu_sent"), live=not found.place.later
        )

    async def _names(self, asked: Asked, found: Shown) -> Mapping[str, str]:
        ids = (document.company_id for document in found.documents)
        return await self._asking.names(ids, asked.within)


def outgoing(asked: Asked, states: Sequence[State], also: Collection[State] = ()) -> Asked:
    """Of what is asked for, what goes out and is in one of these states; `also`: in these, where
    they are asked for by name. Another state is a fault, and nothing is in it."""
    there = (*states, *also)
    expected = tuple(state.value for state in there)
    strange = [
        Fault(What.ONE_OF, max(0, asked.text.lower().find(f"{state}")), f"state:{state}", expected)
        for state in asked.question.states
        if state not in there
    ]
    of_these = [state for state in there if state in asked.question.states]
    if not asked.question.states:
        of_these = list(states)
    question = replace(asked.question, states=of_these, direction=Direction.OUT)
    if not of_these or asked.question.direction is Direction.IN or asked.question.inbox:
        question = replace(question, companies=())
    return replace(asked, question=question, faults=(*asked.faults, *strange))


def _states(spread: Facets, query: Query) -> tuple[Value, ...]:
    """Links to each state, those that need somebody first."""
    counts = dict(spread.of.get("state", ()))
    values = []
    for state in (*UNSENT, State.CANCELLED):
        if counts.get(state):
            term = Term("state", state.value)
            chosen = term in query.terms
            then = query.without(term) if chosen else query.without_word("state").with_term(term)
            values.append(Value(state.value, state.value, counts[state], chosen, str(then)))
    return tuple(values)


def _wrong(findings: Sequence[Mapping[str, object]]) -> list[Finding]:
    every = [Finding(**one) for one in findings]  # type: ignore[arg-type]
    return [finding for finding in every if finding.severity == Severity.FATAL]


def _several(asked: Asked) -> bool:
    return asked.within is None or len(asked.within) > 1
