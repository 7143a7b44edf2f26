"""/v1/participants: have a company's participants registered in Peppol, withdrawn or moved."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from aiohttp import web
from pydantic import ConfigDict, Field, Strict
from pydantic.json_schema import WithJsonSchema

from gateway.api import examples
from gateway.api.answers import Shown
from gateway.api.body import body
from gateway.api.callers import actor
from gateway.api.instant import Instant
from gateway.api.problems import WITH_BODY, Fault, Problem, Type
from gateway.api.routes import Answer, Body, Call, Media, NoParameters, Routes, answer
from gateway.intake.shape import TEXT, Shape
from gateway.intake.submission import JSON
from gateway.registration import offers
from gateway.registration.offers import OF_COMPANIES, Entry, Offer, Takes
from gateway.registration.reasons import public
from gateway.registration.states import ParticipantState
from gateway.registration.verbs import Asked, BadInput, NotNow, NotYours, Verbs
from gateway.store.registrations import Registration
from gateway.trust.gate import Way
from schemas.identifiers import Participant
from transports.peppol.migration_key import LONGEST, SHORTEST

routes = Routes("participants")

# --- what is asked ------------------------------------------------------------------------------

Kinds = Annotated[
    list[
        Annotated[
            Takes, Strict(False), WithJsonSchema({"type": "string", "enum": list(OF_COMPANIES)})
        ]
    ],
    Field(min_length=1, max_length=len(Takes)),
]
Line = Annotated[str, Field(max_length=200, pattern=TEXT)]


class DirectoryEntry(Shape):
    """What Peppol's directory shows of the company, for everybody to see."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    name: Line
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")]
    """ISO 3166-1 alpha-2."""
    place: Line | None = None
    """Where it is, as people say it."""
    website: Line | None = None
    email: Line | None = None
    phone: Line | None = None


class NewRegistration(Shape):
    """How a participant is to be registered."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    takes: Kinds | None = None
    """What it takes; by default invoices, credit notes and answers to invoices."""
    activates_at: Instant | None = None
    """From when on documents may be sent to it; by default at once."""
    expires_at: Instant | None = None
    """Until when; by default without an end."""
    entry: DirectoryEntry | None = None
    """Its entry in the directory; by default none."""


class TakingOver(NewRegistration):
    """How a participant is to be taken over from another publisher."""

    migration_key: Annotated[str, Field(min_length=SHORTEST, max_length=LONGEST)]
    """The key that the other publisher has given out."""


# --- what is answered ---------------------------------------------------------------------------


class ParticipantRow(Shown):
    """A participant of yours, and how it stands in Peppol."""

    participant: str
    """`0192:918130047`."""
    state: ParticipantState | None
    """Null: it was never to be registered here."""
    code: str
    """Why it does not go on, or does not stand as it should; empty: all is well."""
    text: str
    """The same in a sentence."""
    takes: tuple[Takes, ...]
    activates_at: datetime | None
    expires_at: datetime | None
    entry: dict[str, str] | None
    tries: int
    """How often the next step has been tried."""
    next_at: datetime | None
    """When it is tried again."""
    confirmed_at: datetime | None
    """When the network last said that it is registered with us."""
    migration_key: str | None
    """What to tell another publisher, so that it can take the participant over: it counts in the
    state `leaving`."""
    created_at: datetime | None
    updated_at: datetime | None
    links: dict[str, str]


class ParticipantList(Shown):
    """Your participants."""

    participants: tuple[ParticipantRow, ...]


_OUT = (ParticipantState.HANDING_OVER, ParticipantState.LEAVING)


def _row(participant: str, row: Registration | None) -> ParticipantRow:
    offer = None if row is None else offers.from_data(row.offer)
    entry = None if offer is None or offer.entry is None else offer.entry
    here = f"/v1/participants/{participant}"
    return ParticipantRow(
        participant=participant,
        state=None if row is None else row.state,
        code="" if row is None else row.code,
        text="" if row is None else public(row.code),
        takes=() if offer is None else offer.takes,
        activates_at=None if offer is None else offer.activates_at,
        expires_at=None if offer is None else offer.expires_at,
        entry=None if entry is None else {n: getattr(entry, n) for n in Entry.__slots__},
        tries=0 if row is None else row.tries,
        next_at=None if row is None else row.next_at,
        confirmed_at=None if row is None else row.confirmed_at,
        migration_key=row.migration_key if row is not None and row.state in _OUT else None,
        created_at=None if row is None else row.created_at,
        updated_at=None if row is None else row.updated_at,
        links={"self": here},
    )


# --- operations ---------------------------------------------------------------------------------

_BODY = (*WITH_BODY,)
_VERB = (Type.NOT_FOUND, Type.NOT_ALLOWED_NOW)
_ROW = Answer("The participant as it is now.", ParticipantRow, examples.PARTICIPANT)
_WANTED = Answer("It is written down, and goes on by itself.", ParticipantRow, examples.PARTICIPANT)


@routes.operation(
    "GET",
    "/v1/participants",
    query=NoParameters,
    answers={
        200: Answer("Your participants.", ParticipantList, {"participants": [examples.PARTICIPANT]})
    },
)
async def list_participants(call: Call[NoParameters]) -> web.Response:
    """List your participants, and how they stand in Peppol."""
    store, company = call.service.store, call.company
    rows = [_row(name, await store.registration(company.id, name)) for name in company.participants]
    return answer(ParticipantList(participants=tuple(rows)))


@routes.operation(
    "GET",
    "/v1/participants/{participant}",
    query=NoParameters,
    answers={200: _ROW},
    problems=(Type.NOT_FOUND,),
)
async def get_participant(call: Call[NoParameters]) -> web.Response:
    """Read how a participant stands in Peppol."""
    asked = str(_participant(call))
    name = next((one for one in call.company.participants if one.lower() == asked.lower()), None)
    if name is None:
        raise Problem(Type.NOT_FOUND)
    return answer(_row(name, await call.service.store.registration(call.company.id, name)))


@routes.operation(
    "POST",
    "/v1/participants/{participant}/register",
    query=NoParameters,
    way=Way.RECEIVE,
    body=Body({JSON: Media(NewRegistration, {"invoices": examples.REGISTRATION})}),
    answers={202: _WANTED},
    problems=(*_VERB, *_BODY),
)
async def register_participant(call: Call[NoParameters]) -> web.Response:
    """Have a participant registered, or change what it takes.

    It goes to the publisher first and then to the network's locator; follow its `state`. One that
    is registered with another publisher ends as `refused`: have it withdrawn there, or take it
    over with `migrate-in`. Asked again, a participant that was refused is tried again.
    """
    asked = await body(call, NewRegistration)
    participant = _participant(call)
    found = await _verbs(call).register(
        call.company.id, participant, _offer(asked), actor=await actor(call)
    )
    return _shown(found, 202)


@routes.operation(
    "POST",
    "/v1/participants/{participant}/migrate-in",
    query=NoParameters,
    way=Way.RECEIVE,
    body=Body({JSON: Media(TakingOver, {"with a key": examples.TAKING_OVER})}),
    answers={202: _WANTED},
    problems=(*_VERB, *_BODY),
)
async def take_participant_over(call: Call[NoParameters]) -> web.Response:
    """Take a participant over from another publisher, with the key that it has given out."""
    asked = await body(call, TakingOver)
    participant = _participant(call)
    found = await _verbs(call).register(
        call.company.id,
        participant,
        _offer(asked),
        key=asked.migration_key,
        actor=await actor(call),
    )
    return _shown(found, 202)


@routes.operation(
    "POST",
    "/v1/participants/{participant}/withdraw",
    query=NoParameters,
    answers={202: _WANTED},
    problems=_VERB,
)
async def withdraw_participant(call: Call[NoParameters]) -> web.Response:
    """Have a participant taken out of Peppol: nothing can be sent to it then."""
    participant, who = _participant(call), await actor(call)
    return _shown(await _verbs(call).withdraw(call.company.id, participant, actor=who), 202)


@routes.operation(
    "POST",
    "/v1/participants/{participant}/migrate-out",
    query=NoParameters,
    answers={202: _WANTED},
    problems=_VERB,
)
async def let_participant_go(call: Call[NoParameters]) -> web.Response:
    """Let a participant go to another publisher.

    The answer has the `migration_key` to tell there; it counts as soon as the state is `leaving`.
    Whoever has it can take the participant over. Until that has happened, documents come here.
    """
    participant, who = _participant(call), await actor(call)
    return _shown(await _verbs(call).migrate_out(call.company.id, participant, actor=who), 202)


def _participant(call: Call[NoParameters]) -> Participant:
    try:
        return Participant.parse(call.path("participant"))
    except ValueError:
        raise Problem(Type.NOT_FOUND) from None


def _verbs(call: Call[NoParameters]) -> Verbs:
    if call.service.participants is None:
        text = "No publisher is set up on this gateway: participants are registered elsewhere."
        raise Problem(Type.NOT_ALLOWED_NOW, text)
    return call.service.participants


def _offer(asked: NewRegistration) -> Offer:
    entry = asked.entry
    return Offer(
        takes=offers.USUAL if asked.takes is None else tuple(dict.fromkeys(asked.takes)),
        activates_at=asked.activates_at,
        expires_at=asked.expires_at,
        entry=None if entry is None else Entry(**_given(entry)),
    )


def _given(entry: DirectoryEntry) -> dict[str, Any]:
    return {name: value for name, value in entry if value is not None}


def _shown(found: Asked, status: int) -> web.Response:
    match found:
        case NotYours():
            raise Problem(Type.NOT_FOUND)
        case NotNow():
            raise Problem(Type.NOT_ALLOWED_NOW, found.text)
        case BadInput():
            faults = [Fault(detail=f"`{n}` {text}.", pointer=f"/{n}") for n, text in found.faults]
            raise Problem(Type.INVALID_BODY, faults=faults)
        case _:
            return answer(_row(found.participant, found), status)
