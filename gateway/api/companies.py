"""/v1/companies: those you may act for, and new ones in your account."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated

from aiohttp import web
from pydantic import ConfigDict, Field

from gateway.api import examples_access as examples
from gateway.api.answers import Shown
from gateway.api.body import body
from gateway.api.problems import WITH_BODY, Fault, Problem, Type
from gateway.api.routes import Answer, Body, Call, Media, NoParameters, Parameters, Routes, answer
from gateway.audit.chain import NewEntry, Told
from gateway.intake.kind import JSON
from gateway.intake.shape import TEXT, Shape
from gateway.registration.telling import subject
from gateway.store.ids import new_id
from gateway.store.port import Company as Row
from gateway.store.port import Contradiction
from gateway.trust.companies import country, participant

routes = Routes("companies")

MOST_PARTICIPANTS = 100

# --- what is asked ------------------------------------------------------------------------------

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=TEXT)]
Participants = Annotated[
    list[Annotated[str, Field(min_length=6, max_length=200, pattern=r"^[0-9]{4}:\S+$")]],
    Field(min_length=1, max_length=MOST_PARTICIPANTS),
]


class NewCompany(Shape):
    """A company to be added."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    name: Name
    """What it is called."""
    country: Annotated[str, Field(pattern=r"^[A-Za-z]{2}$")]
    """Two letters: `SE`, `NO` ..."""
    participants: Participants
    """The addresses that documents reach it at: `0007:5567321707`."""
    parent_id: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    """The company of yours that it is a sub-unit of."""


class CompanyChange(Shape):
    """What is to be changed of a company; what is absent stays."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    name: Name | None = None
    """What it is called."""
    participants: Participants | None = None
    """All the addresses that it has from now on. One that is registered in Peppol must be
    withdrawn first."""


class CompanyParameters(Parameters):
    """Which of them."""

    after: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")] | None = None
    """The `next` of the page before."""
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    """How many at most."""


# --- what is answered ---------------------------------------------------------------------------


class Company(Shown):
    """A company that you may act for."""

    id: str
    """Name it in the header `Budkavle-Company` where your key is for several."""
    name: str
    country: str
    participants: tuple[str, ...]
    """The addresses that documents reach it at."""
    account_id: str | None
    """The account that it is in."""
    parent_id: str | None
    """The company that it is a sub-unit of."""
    links: dict[str, str]


class Companies(Shown):
    """A page of companies, by id."""

    companies: tuple[Company, ...]
    next: str | None
    """Pass it as `after` for the page that follows; null at the end."""


def _company(row: Row) -> Company:
    return Company(
        id=row.id,
        name=row.name,
        country=row.country,
        participants=row.participants,
        account_id=row.account_id or None,
        parent_id=row.parent_id or None,
        links={"self": f"/v1/companies/{row.id}"},
    )


# --- operations ---------------------------------------------------------------------------------

_COMPANY = Answer("The company as it is now.", Company, examples.COMPANY)


@routes.operation(
    "GET",
    "/v1/companies",
    query=CompanyParameters,
    answers={200: Answer("A page.", Companies, {"companies": [examples.COMPANY], "next": None})},
    across=True,
)
async def list_companies(call: Call[CompanyParameters]) -> web.Response:
    """List the companies you may act for.

    With a key of an account, those of the account; with a key of companies, these and their
    sub-units.
    """
    reach, limit = call.who.reach, call.query.limit
    found = await call.service.store.companies_within(reach, call.query.after or "", limit + 1)
    rows = found[:limit]
    after = rows[-1].id if len(found) > limit else None
    return answer(Companies(companies=tuple(map(_company, rows)), next=after))


@routes.operation(
    "POST",
    "/v1/companies",
    query=NoParameters,
    body=Body({JSON: Media(NewCompany, {"a sub-unit": examples.NEW_COMPANY})}),
    answers={
        201: Answer(
            "The company.",
            Company,
            examples.COMPANY,
            headers={"Location": "Where the company is."},
        )
    },
    problems=(*WITH_BODY, Type.NOT_ALLOWED_NOW),
    across=True,
)
async def add_company(call: Call[NoParameters]) -> web.Response:
    """Add a company to your account, or a sub-unit to a company of yours.

    With a key of companies only sub-units can be added. An address that another company here has
    is refused; if it is yours, tell the operator.
    """
    asked, store, now = await body(call, NewCompany), call.service.store, call.service.clock.now()
    on, faults = now.date(), list[Fault]()
    code = _checked(country, asked.country, on, "/country", faults)
    names = _participants(asked.participants, on, faults)
    account_id = call.who.account_id
    if asked.parent_id is not None:
        parent = await store.company_within(call.who.reach, asked.parent_id)
        if parent is None or parent.parent_id:
            detail = "a sub-unit has no sub-units" if parent else "names no company of yours"
            faults.append(Fault(detail=detail, pointer="/parent_id"))
        else:
            account_id = parent.account_id
    if faults:
        raise Problem(Type.INVALID_BODY, faults=faults)
    if asked.parent_id is None and not account_id:
        raise Problem(
            Type.FORBIDDEN,
            "Your key is for companies, not for their account: it can add sub-units only. Name the"
            " company in `parent_id`.",
        )
    parent_id = asked.parent_id or ""
    row = Row(new_id("com"), asked.name, code, names, {}, account_id, parent_id)
    data = {"participants": list(map(subject, names)), "account": account_id, "parent": parent_id}
    told = Told(NewEntry(call.who.name, "company.added", row.id, row.id, data), now)
    try:
        await store.add_company(row, now, told=told)
    except Contradiction as refused:
        raise _refused(refused) from refused
    return answer(_company(row), 201, {"Location": f"/v1/companies/{row.id}"})


@routes.operation(
    "GET",
    "/v1/companies/{company_id}",
    query=NoParameters,
    answers={200: _COMPANY},
    problems=(Type.NOT_FOUND,),
    across=True,
)
async def get_company(call: Call[NoParameters]) -> web.Response:
    """Read a company."""
    return answer(_company(await _found(call)))


@routes.operation(
    "PATCH",
    "/v1/companies/{company_id}",
    query=NoParameters,
    body=Body({JSON: Media(CompanyChange, {"another name": examples.COMPANY_CHANGE})}),
    answers={200: _COMPANY},
    problems=(Type.NOT_FOUND, *WITH_BODY, Type.NOT_ALLOWED_NOW),
    across=True,
)
async def change_company(call: Call[NoParameters]) -> web.Response:
    """Change the name of a company, or its addresses."""
    asked, row = await body(call, CompanyChange), await _found(call)
    store, now, faults = call.service.store, call.service.clock.now(), list[Fault]()
    names = None
    if asked.participants is not None:
        names = _participants(asked.participants, now.date(), faults)
    if faults:
        raise Problem(Type.INVALID_BODY, faults=faults)
    if asked.name is not None or names is not None:
        data: dict[str, object] = {"name": True} if asked.name is not None else {}
        if names is not None:
            data["participants"] = list(map(subject, names))
        told = Told(NewEntry(call.who.name, "company.changed", row.id, row.id, data), now)
        try:
            await store.change_company(row.id, now, name=asked.name, participants=names, told=told)
        except Contradiction as refused:
            raise _refused(refused) from refused
    return answer(_company(await _found(call)))


async def _found(call: Call[NoParameters]) -> Row:
    row = await call.service.store.company_within(call.who.reach, call.path("company_id"))
    if row is None:
        raise Problem(Type.NOT_FOUND)
    return row


def _participants(asked: list[str], on: date, faults: list[Fault]) -> tuple[str, ...]:
    read = [
        _checked(participant, text, on, f"/participants/{n}", faults)
        for n, text in enumerate(asked)
    ]
    return tuple(dict.fromkeys(read))


def _checked(
    rule: Callable[[str, date], str], text: str, on: date, pointer: str, faults: list[Fault]
) -> str:
    try:
        return rule(text, on)
    except ValueError as error:
        faults.append(Fault(detail=str(error), pointer=pointer))
        return text


def _refused(refused: Contradiction) -> Problem:
    return Problem(Type.NOT_ALLOWED_NOW, f"{str(refused)[:1].upper()}{str(refused)[1:]}.")
