"""The people who are in the sandbox from the start, who sign in to its console."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from argon2 import PasswordHasher

from gateway.clock import Clock
from gateway.sandbox.seeds import RECEIVER, SENDER
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

# The least that there is: a start of the sandbox waits for it, and nobody's secret hangs on it.
_HASHER: Final = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


async def let_in(store: Store, clock: Clock, rules: Rules) -> None:
    """Adds the people; where they are already, nothing changes."""
    directory = Directory(store, clock)
    signing_in = SigningIn(store, clock, Passwords(_HASHER), rules)
    for newcomer in (OPERATOR, ANNA):
        with suppress(Known):
            person, link = await directory.admit(newcomer, "operator:sandbox")
            await signing_in.set_password(person, PASSWORD, link.rpartition("/")[2])
