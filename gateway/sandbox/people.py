"""The people who are in the sandbox from the start, who sign in to its console."""

from __future__ import annotations

from typing import Final

from argon2 import PasswordHasher

from gateway.clock import Clock
from gateway.sandbox.seeds import RECEIVER, SENDER
from gateway.store.people import Person
from gateway.store.port import Store
from gateway.trust.people.directory import Directory, Known, Newcomer
from gateway.trust.people.passwords import Passwords
from gateway.trust.people.roles import Role
from gateway.trust.people.sessions import Rules
from gateway.trust.people.signing_in import SigningIn

PASSWORD: Final = "three planks and a nail"  # noqa: S105 - everybody's: it is in the docs

OPERATOR: Final = Newcomer("operator@sandbox.example", "Olle Operatör", "en", Role.OPERATOR)
ANNA: Final = Newcomer(
    *("anna@sandbox.example", "Anna Fjärd", "en", Role.ADMINISTRATOR),
    companies=(SENDER.company.id, RECEIVER.company.id),
)

_ACTOR: Final = "operator:sandbox"

# The least that there is: a start of the sandbox waits for it, and nobody's secret hangs on it.
_HASHER: Final = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


async def let_in(store: Store, clock: Clock, rules: Rules) -> None:
    """Adds the people; where they are already, nothing changes."""
    directory = Directory(store, clock)
    signing_in = SigningIn(store, clock, Passwords(_HASHER), rules)
    for newcomer in (OPERATOR, ANNA):
        invited = await _invited(store, directory, newcomer)
        if invited is not None:
            person, link = invited
            await signing_in.set_password(person, PASSWORD, link.rpartition("/")[2])


async def _invited(
    store: Store, directory: Directory, newcomer: Newcomer
) -> tuple[Person, str] | None:
    """Somebody and their link; None where they have a password already."""
    try:
        return await directory.admit(newcomer, _ACTOR)
    except Known as known:
        if known.person.accepted_at is not None:
            return None
        # The sandbox was killed between the invitation and the password.
        link = await directory.again(known.person, _ACTOR)
        person = await store.person(known.person.id)
        return None if link is None or person is None else (person, link)
