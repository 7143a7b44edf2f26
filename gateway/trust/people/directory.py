"""Who is let in: inviting people, changing what they are here for, and removing them.

In charge of the rules and of the letters. Not in charge of who may ask for it (`gateway.api.people`
for accounts, `budkavle person` for operators).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from gateway.audit.chain import NewEntry, Told, reasoned
from gateway.clock import Clock
from gateway.store.ids import new_id
from gateway.store.people import Link, Person
from gateway.store.port import Store
from gateway.trust.keys import digest, new_secret
from gateway.trust.letters import letter
from gateway.trust.people.proofs import NOTHING
from gateway.trust.people.roles import Role
from gateway.trust.post import Post
from gateway.trust.reach import Reach

LINK_LASTS: Final = timedelta(hours=72)

_LINK: Final = "bkl_"  # what the secrets of links begin with


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody to be let in. With `companies` only for these."""

    email: str
    name: str
    language: str
    role: Role
    account_id: str = ""
    companies: tuple[str, ...] = ()


class Known(Exception):
    """Somebody with this address is there already."""

    def __init__(self, person: Person) -> None:
        super().__init__(person.id)
        self.person = person


class Directory:
    """The people of a gateway. `url` is the address of the gateway as people see it, which links in
    letters begin with; it may be known only later."""

    def __init__(self, store: Store, clock: Clock, url: str = "") -> None:
        self._store = store
        self._clock = clock
        self._post = Post(store, clock)
        self.url = url.rstrip("/")

    async def admit(self, newcomer: Newcomer, actor: str, reason: str = "") -> tuple[Person, str]:
        """Adds somebody, and answers the one-time link that they choose their password at. Raises
        Known when somebody with this address is there for the same, and Contradiction for a company
        that is not there."""
        now = self._clock.now()
        person = Person(
            id=new_id("per"),
            account_id=newcomer.account_id,
            companies=tuple(sorted(set(newcomer.companies))),
            email=newcomer.email.strip().lower(),
            name=newcomer.name,
            language=newcomer.language,
            role=newcomer.role,
            proof=NOTHING,
            created_at=now,
            updated_at=now,
        )
        known = await self._same(person)
        if known is not None:
            raise Known(known)
        token, link = self._link()
        more = reasoned({"email": person.email}, reason)
        told = Told(_entry(actor, "person.invited", person, **more), now)
        await self._store.put_person(person, now, link=link, told=told)
        return replace(person, version=1), self._address(token)

    async def again(self, person: Person, actor: str, reason: str = "") -> str | None:
        """A new one-time link for somebody; the one before is not good any more. None: they were
        changed meanwhile."""
        now = self._clock.now()
        token, link = self._link()
        told = Told(_entry(actor, "person.link_made", person, **reasoned({}, reason)), now)
        if not await self._store.put_person(person, now, link=link, told=told):
            return None
        return self._address(token)

    async def write(self, person: Person, link: str, inviter: str, account: str) -> None:
        """Sends somebody their link."""
        name = "invitation" if person.accepted_at is None else "password"
        values = {"inviter": inviter, "account": account} if name == "invitation" else {}
        made = letter(name, person.language, name=person.name, link=link, **values)
        await self._post.send(person.email, made.subject, made.text, f"link {digest(link)}")

    async def change(
        self,
        person: Person,
        actor: str,
        reason: str = "",
        *,
        role: Role | None = None,
        companies: Sequence[str] | None = None,
        name: str | None = None,
        language: str | None = None,
    ) -> Person | None:
        """Changes what is given; their sessions end when what they may do changes. None: they were
        changed meanwhile. Raises LastAdministrator and Contradiction."""
        now = self._clock.now()
        changed = replace(
            person,
            role=role or person.role,
            companies=person.companies if companies is None else tuple(sorted(set(companies))),
            name=name or person.name,
            language=language or person.language,
            updated_at=now,
        )
        rights = (changed.role, changed.companies) != (person.role, person.companies)
        told = Told(_entry(actor, "person.changed", changed, **reasoned({}, reason)), now)
        if not await self._store.put_person(changed, now, ends=rights, told=told):
            return None
        return replace(changed, version=person.version + 1)

    async def remove(self, person: Person, actor: str, reason: str = "") -> bool:
        """Removes somebody; False: they were changed meanwhile. Raises LastAdministrator."""
        entry = _entry(actor, "person.removed", person, **reasoned({}, reason))
        told = Told(entry, self._clock.now())
        return await self._store.drop_person(person, told=told)

    async def _same(self, person: Person) -> Person | None:
        """Who has the address among those that whoever invites may see anyway."""
        if person.role is Role.OPERATOR:
            found = await self._store.person_of_email(person.email)
            return found if found is not None and found.role is Role.OPERATOR else None
        reach = Reach(person.account_id) if person.account_id else Reach("", person.companies)
        after = ""
        while page := await self._store.people_within(reach, after, 500):
            for other in page:
                if other.email == person.email:
                    return other
            after = page[-1].id
        return None

    def _link(self) -> tuple[str, Link]:
        token = new_secret(_LINK)
        return token, Link(digest(token), self._clock.now() + LINK_LASTS)

    def _address(self, token: str) -> str:
        return f"{self.url}/console/welcome/{token}"


def _entry(actor: str, action: str, person: Person, **more: str) -> NewEntry:
    about = {
        "role": person.role.value,
        "account": person.account_id,
        "companies": list(person.companies),
        **more,
    }
    company_id = person.companies[0] if len(person.companies) == 1 else ""
    return NewEntry(actor, action, person.id, company_id, about)
