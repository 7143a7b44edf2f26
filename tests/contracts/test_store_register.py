"""What every store must keep of what channels remember (`transports.base.Register`)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from gateway.blobs.ring import Ring
from gateway.blobs.seal import Secret
from gateway.clock import MovableClock
from gateway.store.port import ContentLost, StorageUnavailable, Store
from gateway.store.postgres import PostgresStore
from gateway.store.register import DATA_BYTES, NAME_CHARACTERS, StoredRegister
from gateway.store.sqlite import SqliteStore
from tests.contracts.stores import DAY, MINUTE, NOW, OPENERS, OURS, THEIRS, Opener
from tests.servers import postgres
from transports.base import Entry, Register

PERSON = "191212121212"
CONSUMER = Entry(
    OURS.id,
    "consumer",
    "9f86d081",
    "registered",
    {"person": PERSON, "since": "2026-11-01", "å": [1, None, {"deep": "\x00"}]},
    NOW + MINUTE,
)
OWN = Entry("", "cursor", "receipts", "", {"read": 17})


RING = Ring({"first": Secret(bytes(32))})


@dataclass(frozen=True)
class Home:
    """Where a store of a kind lives, with a key ring or without."""

    kind: str
    path: Path

    @asynccontextmanager
    async def opened(self, ring: Ring | None) -> AsyncIterator[Store]:
        store: Store
        if self.kind == "sqlite":
            store = await SqliteStore.open(self.path / "data", ring=ring)
        else:
            url = await postgres.tables_of(self.path)
            store = await PostgresStore.open(url, self.path / "data", ring=ring)
        try:
            yield store
        finally:
            await store.close()


def register_of(store: Store, channel: str = "bank_se") -> Register:
    return StoredRegister(store, MovableClock(NOW), channel)


@pytest.fixture
def register(store: Store) -> Register:
    return register_of(store)


async def names(register: Register, company_id: str = OURS.id, **page: Any) -> list[str]:
    return [entry.name for entry in await register.entries(company_id, "consumer", **page)]


async def test_an_entry_is_found_as_it_was_written(register: Register) -> None:
    assert await register.get(OURS.id, "consumer", CONSUMER.name) is None
    assert await register.put([CONSUMER, OWN])
    assert await register.get(OURS.id, "consumer", CONSUMER.name) == replace(CONSUMER, version=1)
    assert await register.get("", "cursor", "receipts") == replace(OWN, version=1)
    assert await register.get(OURS.id, "cursor", "receipts") is None


async def test_what_was_written_is_there_after_a_restart(opener: Opener, tmp_path: Path) -> None:
    store = await opener(tmp_path / "data")
    assert await register_of(store).put([OWN])
    await store.close()
    again = await opener(tmp_path / "data")
    assert await register_of(again).get("", "cursor", "receipts") == replace(OWN, version=1)
    await again.close()


async def test_only_who_knows_the_version_changes_it(register: Register) -> None:
    assert await register.put([CONSUMER])
    assert not await register.put([CONSUMER])
    changed = replace(CONSUMER, version=1, state="gone", data={}, due_at=None)
    assert await register.put([changed])
    assert not await register.put([changed])
    assert not await register.put([replace(changed, version=3)])
    assert await register.get(OURS.id, "consumer", CONSUMER.name) == replace(changed, version=2)


async def test_a_version_of_what_was_never_there_is_refused(register: Register) -> None:
    assert not await register.put([replace(CONSUMER, version=1)])
    assert not await register.drop([replace(CONSUMER, version=1)])
    assert await names(register) == []


async def test_all_are_written_or_none(register: Register) -> None:
    assert await register.put([CONSUMER])
    others = [replace(CONSUMER, name=f"n{n}") for n in range(70)]  # more than one statement's
    stale = replace(CONSUMER, state="stale", version=7)
    for mixed in ([*others, stale], [stale, *others], [*others, CONSUMER]):
        assert not await register.put(mixed)
        assert await register.entries(OURS.id, "consumer") == [replace(CONSUMER, version=1)]
    assert await register.put([*others, replace(CONSUMER, version=1)])
    found = await register.entries(OURS.id, "consumer")
    assert [entry.version for entry in found] == [2] + [1] * 70


async def test_all_are_dropped_or_none(register: Register) -> None:
    entries = [replace(CONSUMER, name=f"n{n}") for n in range(70)]
    assert await register.put(entries)
    stored = [replace(entry, version=1) for entry in entries]
    for mixed in ([*stored, replace(stored[0], name="x")], [*stored[1:], entries[0]]):
        assert not await register.drop([*mixed[:-1], replace(mixed[-1], version=2)])
        assert len(await names(register)) == 70
    assert not await register.drop([*stored[1:], entries[0]])
    assert len(await names(register)) == 70
    assert await register.drop([*stored, replace(CONSUMER, name="never")])
    assert await names(register) == []


async def test_what_was_dropped_can_be_written_anew(register: Register) -> None:
    assert await register.put([CONSUMER])
    assert await register.drop([replace(CONSUMER, version=1)])
    assert not await register.put([replace(CONSUMER, version=1)])
    assert await register.put([CONSUMER])


async def test_nothing_is_written_of_nothing(register: Register) -> None:
    assert await register.put([])
    assert await register.drop([])


async def test_of_two_writers_of_a_version_one_is_first(store: Store) -> None:
    one, other = register_of(store), register_of(store)
    for version in range(5):
        states = [f"{version}/{n}" for n in range(8)]
        done = await asyncio.gather(
            *(
                (one, other)[n % 2].put([replace(CONSUMER, state=state, version=version)])
                for n, state in enumerate(states)
            )
        )
        assert sorted(done) == [False] * 7 + [True]
        found = await one.get(OURS.id, "consumer", CONSUMER.name)
        assert found is not None and found.state == states[done.index(True)]
        assert found.version == version + 1


async def test_of_two_processes_one_is_first(tmp_path: Path) -> None:
    """PostgreSQL has several; SQLite has one writer, whom the test above is about."""
    here = await postgres.open_store(tmp_path / "data")
    there = await postgres.open_store(tmp_path / "data")
    both = [replace(CONSUMER, name="a"), replace(CONSUMER, name="b")]
    try:
        await here.add_company(OURS, NOW)
        for version in range(10):
            now = [replace(entry, version=version) for entry in both]
            # Each in its own order: neither may wait for the other for ever.
            done = await asyncio.gather(
                register_of(here).put(now), register_of(there).put(now[::-1])
            )
            assert sorted(done) == [False, True]
    finally:
        await here.close()
        await there.close()


async def test_pages_follow_one_another_by_name(register: Register) -> None:
    every = sorted(["a", "B", "å", "Z", "_", "aa", "1"])
    assert await register.put([replace(CONSUMER, name=name) for name in reversed(every)])
    assert await register.put([replace(CONSUMER, kind="agreement")])
    found: list[str] = []
    while page := await names(register, after=found[-1] if found else "", limit=3):
        found += page
    assert found == every


async def test_what_is_due_comes_in_its_order(register: Register) -> None:
    late = replace(CONSUMER, name="late", due_at=NOW - DAY)
    theirs = replace(CONSUMER, company_id=THEIRS.id, due_at=NOW)
    never = replace(CONSUMER, name="never", due_at=None)
    own = replace(OWN, kind="consumer", due_at=NOW - MINUTE)
    assert await register.put([CONSUMER, theirs, late, never, own])

    async def due(**more: Any) -> list[tuple[str, str]]:
        found = await register.due("consumer", NOW, **more)
        return [(entry.company_id, entry.name) for entry in found]

    assert await due() == [(OURS.id, "late"), ("", "receipts"), (THEIRS.id, CONSUMER.name)]
    assert await due(limit=1) == [(OURS.id, "late")]
    assert await register.due("agreement", NOW + DAY) == []


async def test_a_channel_sees_its_own_alone(store: Store) -> None:
    bank, letter = register_of(store), register_of(store, "letter")
    assert await bank.put([CONSUMER])
    assert await letter.get(OURS.id, "consumer", CONSUMER.name) is None
    assert await names(letter) == []
    assert await letter.due("consumer", NOW + DAY) == []
    assert await letter.put([CONSUMER])
    assert await letter.drop([replace(CONSUMER, version=1)])
    assert await names(bank) == [CONSUMER.name]


async def test_a_company_sees_its_own_alone(register: Register) -> None:
    assert await register.put([CONSUMER])
    assert await register.get(THEIRS.id, "consumer", CONSUMER.name) is None
    assert await names(register, THEIRS.id) == []
    assert not await register.drop([replace(CONSUMER, company_id=THEIRS.id, version=1)])
    assert await register.put([replace(CONSUMER, company_id=THEIRS.id, state="theirs")])
    assert await register.get(OURS.id, "consumer", CONSUMER.name) == replace(CONSUMER, version=1)


@pytest.mark.parametrize(
    "entry",
    [
        replace(CONSUMER, name="x" * (NAME_CHARACTERS + 1)),
        replace(CONSUMER, name=""),
        replace(CONSUMER, kind=""),
        replace(CONSUMER, name="a\0b"),
        replace(CONSUMER, state="\ud800"),
        replace(CONSUMER, data={"a": "x" * DATA_BYTES}),
    ],
    ids=["long name", "no name", "no kind", "NUL", "half a character", "much data"],
)
async def test_what_no_store_keeps_is_refused_before(register: Register, entry: Entry) -> None:
    with pytest.raises(ValueError, match=r"the entry|a kind"):
        await register.put([replace(CONSUMER, name="fine"), entry])
    assert await names(register) == []


@pytest.mark.parametrize("name", ["a\0b", "\ud800", ""])
async def test_what_no_store_keeps_is_not_there(register: Register, name: str) -> None:
    assert await register.get(OURS.id, "consumer", name) is None


async def test_the_same_entry_twice_is_refused(register: Register) -> None:
    with pytest.raises(ValueError, match="twice"):
        await register.put([CONSUMER, replace(CONSUMER, state="other")])


async def test_the_largest_there_may_be_is_kept(register: Register) -> None:
    frame = len('{"a":""}')
    largest = replace(CONSUMER, name="å" * NAME_CHARACTERS, data={"a": "x" * (DATA_BYTES - frame)})
    assert await register.put([largest])
    assert await register.get(OURS.id, "consumer", largest.name) == replace(largest, version=1)


@pytest.fixture(params=OPENERS)
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    return Home(request.param, tmp_path)


async def test_with_a_key_ring_the_data_is_sealed(home: Home) -> None:
    async with home.opened(RING) as store:
        await store.add_company(OURS, NOW)
        register = register_of(store)
        assert await register.put([CONSUMER, OWN])
        kept = await register.get(OURS.id, "consumer", CONSUMER.name)
        assert kept == replace(CONSUMER, version=1)
        row = await store.register_entry("bank_se", OURS.id, "consumer", CONSUMER.name)
        assert row is not None and PERSON.encode() not in row.data
    async with home.opened(None) as store:
        with pytest.raises(StorageUnavailable, match="no key ring"):
            await register_of(store).get(OURS.id, "consumer", CONSUMER.name)
        assert await register_of(store).get("", "cursor", "receipts") == replace(OWN, version=1)


async def test_with_a_companys_keys_goes_what_they_sealed(home: Home) -> None:
    theirs = replace(CONSUMER, company_id=THEIRS.id)

    async def due(store: Store) -> list[str]:
        found = await register_of(store).due("consumer", NOW + DAY)
        return [entry.company_id for entry in found]

    async with home.opened(RING) as store:
        await store.add_company(OURS, NOW)
        await store.add_company(THEIRS, NOW)
        assert await register_of(store).put([CONSUMER, OWN, theirs])
        assert await store.drop_company_keys(OURS.id) == 1
        assert await due(store) == [THEIRS.id]
        assert await register_of(store).get("", "cursor", "receipts") == replace(OWN, version=1)
        # A process that has the key in memory may still write with it: nobody can read that after
        # the restart, and it keeps nobody from the rest.
        assert await register_of(store).put([CONSUMER])
    async with home.opened(RING) as store:
        assert await due(store) == [THEIRS.id]
        with pytest.raises(ContentLost, match="deleted"):
            await register_of(store).get(OURS.id, "consumer", CONSUMER.name)
