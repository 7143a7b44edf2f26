"""The people of the sandbox, whenever it was killed while it started."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from gateway.clock import MovableClock
from gateway.sandbox.people import ANNA, OPERATOR, PASSWORD, let_in
from gateway.sandbox.seeds import RECEIVER, SENDER
from gateway.store.sqlite import SqliteStore
from gateway.trust.people.directory import Directory
from gateway.trust.people.passwords import Passwords
from gateway.trust.people.sessions import Rules
from gateway.trust.people.signing_in import SigningIn


async def test_who_was_only_invited_can_sign_in_after_the_next_start(tmp_path: Path) -> None:
    clock, rules = MovableClock(datetime.now(UTC)), Rules(second_factor=frozenset())
    store = await SqliteStore.open(tmp_path / "data")
    for seed in (SENDER, RECEIVER):
        await store.add_company(seed.company, clock.now())
    for newcomer in (OPERATOR, ANNA):  # what a kill leaves before there is a password
        await Directory(store, clock).admit(newcomer, "operator:sandbox")
    signing_in = SigningIn(store, clock, Passwords(), rules)
    for _ in range(2):
        await let_in(store, clock, rules)
        for newcomer in (OPERATOR, ANNA):
            assert await signing_in.by_password(newcomer.email, PASSWORD, "") is not None
    actions = [entry.action for entry in await store.audit_entries(0, 100)]
    assert actions.count("person.accepted") == 2, "the second start changes nothing"
    await store.close()
