"""The people who are there for a company: seen, invited, given another role, removed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from gateway.console.companies.desk import Desk
from gateway.console.companies.tab import OVERTAKEN, Done, NotThere, Outcome, Verb, Wrong, wrong
from gateway.store.people import LastAdministrator, Person
from gateway.trust.people import inviting
from gateway.trust.people.directory import Known, Newcomer
from gateway.trust.people.proofs import Proofs
from gateway.trust.people.roles import Role
from gateway.trust.scopes import Scope
from transports.email.address import fault

# Operators are made by the command alone.
ROLES: Final = (Role.ADMINISTRATOR, Role.SENDER, Role.READER)
LANGUAGES: Final = ("en", "sv", "nb")
_MOST: Final = 200
_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class PersonView:
    """Somebody. `of_account`: they are there for every company of the account."""

    id: str
    name: str
    email: str
    role: Role
    of_account: bool
    companies: int
    invited: bool
    second_factor: bool
    created_at: datetime
    version: int
    is_me: bool


@dataclass(frozen=True, slots=True)
class PeopleView:
    """The people, and what can be chosen for a new one."""

    people: tuple[PersonView, ...]
    more: bool
    roles: tuple[Role, ...]
    languages: tuple[str, ...]
    account: str  # the account that somebody can be invited for; empty: none


class PeopleTab:
    """The tab."""

    name = "people"
    scope = Scope.MANAGE
    of_operators: frozenset[str] = frozenset()

    @property
    def verbs(self) -> Mapping[str, Verb]:
        """What can be done here."""
        return {"invite": _invite, "again": _again, "change": _change, "remove": _remove}

    async def view(self, desk: Desk) -> PeopleView:
        """What is to be seen."""
        proofs = Proofs(desk.store, desk.service.clock)
        views: list[PersonView] = []
        async for one in _people(desk):
            if len(views) > _MOST:
                break
            proof = await proofs.opened(one.proof)
            views.append(_view(desk, one, second_factor=proof.has_second_factor))
        account = await desk.store.account(desk.account_id) if desk.account_id else None
        return PeopleView(
            people=tuple(views[:_MOST]),
            more=len(views) > _MOST,
            roles=ROLES,
            languages=LANGUAGES,
            account="" if account is None else account.name,
        )


async def _people(desk: Desk) -> AsyncIterator[Person]:
    """Those within reach who are there for the company."""
    company, after = desk.company, ""
    while page := await desk.store.people_within(desk.caller.reach, after, _PAGE):
        after = page[-1].id
        for one in page:
            if one.reach.takes_in(company.id, company.parent_id, company.account_id):
                yield one


def _view(desk: Desk, one: Person, *, second_factor: bool) -> PersonView:
    return PersonView(
        id=one.id,
        name=one.name,
        email=one.email,
        role=one.role,
        of_account=not one.companies,
        companies=len(one.companies),
        invited=one.accepted_at is None,
        second_factor=second_factor,
        created_at=one.created_at,
        version=one.version,
        is_me=one.id == desk.visit.somebody.id,
    )


async def _invite(desk: Desk) -> Outcome:
    form, faults = desk.form, list[tuple[str, Mapping[str, object]]]()
    email, name = form["email"].strip(), " ".join(form["name"].split())
    why = fault(email) if 3 <= len(email) <= 254 else "must be an e-mail address"
    if why:
        faults.append(("companies_wrong_email", {}))
    if not 1 <= len(name) <= 100 or not name.isprintable():
        faults.append(("companies_wrong_name", {}))
    if form["role"] not in ROLES:
        faults.append(("companies_wrong_role", {}))
    if faults:
        return Wrong(tuple(faults))
    for_account = form["for"] == "account"
    if for_account and not desk.account_id:
        return NotThere()
    language = form["language"] if form["language"] in LANGUAGES else "en"
    companies = () if for_account else (desk.company.id,)
    account_id = desk.account_id if for_account else desk.company.account_id
    newcomer = Newcomer(email, name, language, Role(form["role"]), account_id, companies)
    directory = desk.service.directory
    try:
        person, link = await directory.admit(newcomer, desk.actor, desk.reason)
    except Known:
        return wrong("companies_person_known")
    await directory.write(person, link, *await _inviter(desk))
    return Done("person_invited")


async def _inviter(desk: Desk) -> tuple[str, str]:
    """Who invites, and to what, as the letter says it: as over HTTP, the account or the company."""
    who = desk.caller
    if not who.account_id:
        who = replace(who, reach=replace(who.reach, companies=(desk.company.id,)))
    return await inviting.inviter(desk.store, who)


async def _again(desk: Desk) -> Outcome:
    person = await _one(desk)
    if not isinstance(person, Person):
        return person
    link = await desk.service.directory.again(person, desk.actor, desk.reason)
    if link is None:
        return OVERTAKEN
    await desk.service.directory.write(person, link, *await _inviter(desk))
    return Done("person_reinvited")


async def _change(desk: Desk) -> Outcome:
    person = await _one(desk)
    if not isinstance(person, Person):
        return person
    if desk.form["role"] not in ROLES:
        return wrong("companies_wrong_role")
    try:
        role = Role(desk.form["role"])
        done = await desk.service.directory.change(person, desk.actor, desk.reason, role=role)
    except LastAdministrator:
        return wrong("companies_last_administrator")
    return OVERTAKEN if done is None else Done("person_changed")


async def _remove(desk: Desk) -> Outcome:
    person = await _one(desk)
    if not isinstance(person, Person):
        return person
    try:
        done = await desk.service.directory.remove(person, desk.actor, desk.reason)
    except LastAdministrator:
        return wrong("companies_last_administrator")
    return Done("person_removed") if done else OVERTAKEN


async def _one(desk: Desk) -> Person | Outcome:
    """The person that a form is about, as they were when it was shown."""
    company = desk.company
    found = await desk.store.person_within(desk.caller.reach, desk.form["of"])
    if found is None or not found.reach.takes_in(company.id, company.parent_id, company.account_id):
        return NotThere()
    return found if desk.form["version"] == str(found.version) else OVERTAKEN
