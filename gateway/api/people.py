"""/v1/people: who is let in to the console, and what they may do there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final, Literal

from aiohttp import web
from pydantic import ConfigDict, Field

from gateway.api import examples_people as examples
from gateway.api.answers import Shown
from gateway.api.body import body
from gateway.api.problems import WITH_BODY, Fault, Problem, Type
from gateway.api.routes import (
    Answer,
    Body,
    Call,
    Media,
    NoParameters,
    Parameters,
    Q,
    Routes,
    answer,
)
from gateway.intake.kind import JSON
from gateway.intake.shape import TEXT, Shape
from gateway.store.people import LastAdministrator
from gateway.store.people import Person as Row
from gateway.trust.people import inviting
from gateway.trust.people.directory import Known, Newcomer
from gateway.trust.people.proofs import Proofs
from gateway.trust.people.roles import Role
from gateway.trust.scopes import Scope
from transports.email.address import fault as address_fault

routes = Routes("people")

# --- what is asked ------------------------------------------------------------------------------

_MOST_COMPANIES: Final = 1000

GivenRole = Literal["administrator", "sender", "reader"]
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=TEXT)]
Language = Literal["en", "sv", "nb"]
Companies = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=_MOST_COMPANIES)
]


class NewPerson(Shape):
    """Somebody to be invited."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    email: Annotated[str, Field(min_length=3, max_length=254)]
    """Where the invitation goes; they sign in with it."""
    name: Name
    """What they are called."""
    role: GivenRole
    """`administrator`: everything, people and keys too; `sender`: hand documents in, act on them
    and take over what has come; `reader`: look."""
    language: Language = "en"
    """The language of their pages and letters."""
    companies: Companies | None = None
    """Only for these companies. By default all that your key is for: of an account, also those that
    come later."""


class PersonChange(Shape):
    """What is to be changed of a person; what is absent stays."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    name: Name | None = None
    """What they are called."""
    role: GivenRole | None = None
    """What they are here for from now on. Their sessions end."""
    language: Language | None = None
    """The language of their pages and letters."""
    companies: Companies | None = None
    """Only these companies from now on; empty: all that your key is for. Their sessions end."""


class PeopleParameters(Parameters):
    """Which of them."""

    after: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    """The `next` of the page before."""
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    """How many at most."""


# --- what is answered ---------------------------------------------------------------------------


class ConsolePerson(Shown):
    """Somebody who may sign in to the console, or was invited."""

    id: str
    email: str
    name: str
    role: GivenRole
    language: Language
    companies: tuple[str, ...]
    """Only for these; empty: for all of the account."""
    state: Literal["invited", "active"]
    second_factor: bool
    """Whether a code is asked for when they sign in."""
    created_at: datetime
    updated_at: datetime
    links: dict[str, str]


class ConsolePeople(Shown):
    """A page of people; `next` is null at the end."""

    people: tuple[ConsolePerson, ...]
    next: str | None


# --- operations ---------------------------------------------------------------------------------

_BODY = (*WITH_BODY, Type.NOT_ALLOWED_NOW)


@routes.operation(
    "GET",
    "/v1/people",
    query=PeopleParameters,
    answers={200: Answer("A page of people.", ConsolePeople, examples.PEOPLE)},
    scope=Scope.MANAGE,
    across=True,
)
async def list_people(call: Call[PeopleParameters]) -> web.Response:
    """List the people who may sign in, and those who were invited.

    Those that are there for the account, or for companies that you may act for.
    """
    query = call.query
    rows = await call.service.store.people_within(
        call.who.reach, query.after or "", query.limit + 1
    )
    shown = rows[: query.limit]
    return answer(
        ConsolePeople(
            people=tuple([await _shown(call, row) for row in shown]),
            next=shown[-1].id if len(rows) > len(shown) else None,
        )
    )


@routes.operation(
    "POST",
    "/v1/people",
    query=NoParameters,
    body=Body({JSON: Media(NewPerson, examples.NEW)}),
    answers={
        201: Answer(
            "They are invited; the letter goes by itself.",
            ConsolePerson,
            examples.INVITED,
            headers={"Location": "Where the person is."},
        )
    },
    problems=_BODY,
    across=True,
)
async def invite_person(call: Call[NoParameters]) -> web.Response:
    """Invite somebody.

    They get a letter by e-mail with a link that opens once, within 72 hours, and choose their
    password there. Whether the address is known to another account is not told.
    """
    wish = await body(call, NewPerson)
    wrong = address_fault(wish.email)
    if wrong:
        raise Problem(Type.INVALID_BODY, faults=[Fault(pointer="/email", detail=wrong)])
    companies = await _companies(call, wish.companies or ())
    newcomer = Newcomer(
        *(wish.email, wish.name, wish.language, Role(wish.role)),
        *(await inviting.account_of(call.service.store, call.who, companies), companies),
    )
    directory, inviter = call.service.directory, call.who.name
    try:
        person, link = await directory.admit(newcomer, inviter)
    except Known as known:
        what = f"{known.person.id} has this address; `invite` sends them a new link."
        raise Problem(Type.NOT_ALLOWED_NOW, what) from None
    await directory.write(person, link, *await inviting.inviter(call.service.store, call.who))
    return answer(await _shown(call, person), 201, {"Location": f"/v1/people/{person.id}"})


@routes.operation(
    "GET",
    "/v1/people/{person_id}",
    query=NoParameters,
    answers={200: Answer("The person.", ConsolePerson, examples.PERSON)},
    problems=(Type.NOT_FOUND,),
    scope=Scope.MANAGE,
    across=True,
)
async def get_person(call: Call[NoParameters]) -> web.Response:
    """Read one person."""
    return answer(await _shown(call, await _person(call)))


@routes.operation(
    "PATCH",
    "/v1/people/{person_id}",
    query=NoParameters,
    body=Body({JSON: Media(PersonChange, examples.CHANGE)}),
    answers={200: Answer("The person as they are now.", ConsolePerson, examples.PERSON)},
    problems=(*_BODY, Type.NOT_FOUND),
    across=True,
)
async def change_person(call: Call[NoParameters]) -> web.Response:
    """Change what somebody is called, or may do.

    A conflict when nobody would be left to administer the account.
    """
    person, wish = await _person(call), await body(call, PersonChange)
    companies = None if wish.companies is None else await _companies(call, wish.companies)
    try:
        changed = await call.service.directory.change(
            person,
            call.who.name,
            role=None if wish.role is None else Role(wish.role),
            companies=companies,
            name=wish.name,
            language=wish.language,
        )
    except LastAdministrator:
        raise _last() from None
    if changed is None:
        raise _overtaken()
    return answer(await _shown(call, changed))


@routes.operation(
    "DELETE",
    "/v1/people/{person_id}",
    query=NoParameters,
    answers={204: Answer("They can not sign in any more; their sessions have ended.")},
    problems=(Type.NOT_FOUND, Type.NOT_ALLOWED_NOW),
    across=True,
)
async def remove_person(call: Call[NoParameters]) -> web.Response:
    """Remove somebody.

    A conflict when nobody would be left to administer the account.
    """
    try:
        if not await call.service.directory.remove(await _person(call), call.who.name):
            raise _overtaken()
    except LastAdministrator:
        raise _last() from None
    return web.Response(status=204)


@routes.operation(
    "POST",
    "/v1/people/{person_id}/invite",
    query=NoParameters,
    answers={202: Answer("A new link goes to them.", ConsolePerson, examples.INVITED)},
    problems=(Type.NOT_FOUND, Type.NOT_ALLOWED_NOW),
    across=True,
)
async def invite_again(call: Call[NoParameters]) -> web.Response:
    """Send somebody a new link.

    To choose a password by: for who was invited and has not come, and for who has forgotten theirs.
    Links from before open nothing any more.
    """
    person, directory = await _person(call), call.service.directory
    link = await directory.again(person, call.who.name)
    if link is None:
        raise _overtaken()
    await directory.write(person, link, *await inviting.inviter(call.service.store, call.who))
    return answer(await _shown(call, person), 202)


# --- rules --------------------------------------------------------------------------------------


async def _person(call: Call[Q]) -> Row:
    found = await call.service.store.person_within(call.who.reach, call.path("person_id"))
    if found is None:
        raise Problem(Type.NOT_FOUND)
    return found


async def _companies(call: Call[Q], asked: Sequence[str]) -> tuple[str, ...]:
    """The companies that somebody shall be there for; none: for all of the caller's account."""
    unknown = await inviting.unknown(call.service.store, call.who, asked)
    if unknown:
        what = "names no company of yours"
        faults = [Fault(pointer=f"/companies/{n}", detail=what) for n in unknown]
        raise Problem(Type.INVALID_BODY, faults=faults)
    return inviting.companies_of(call.who, asked)


async def _shown(call: Call[Q], row: Row) -> ConsolePerson:
    proof = await Proofs(call.service.store, call.service.clock).opened(row.proof)
    own = f"/v1/people/{row.id}"
    return ConsolePerson.model_validate(
        {
            "id": row.id,
            "email": row.email,
            "name": row.name,
            "role": row.role.value,
            "language": row.language,
            "companies": row.companies,
            "state": "invited" if row.accepted_at is None else "active",
            "second_factor": proof.has_second_factor,
            "created_at": row.created_at,
            "updated_at": row.updated_at,
            "links": {"self": own, "invite": f"{own}/invite"},
        }
    )


def _last() -> Problem:
    what = "Nobody would be left to administer it. Make somebody else an administrator first."
    return Problem(Type.NOT_ALLOWED_NOW, what)


def _overtaken() -> Problem:
    return Problem(Type.NOT_ALLOWED_NOW, "They were changed meanwhile. Read them again.")
