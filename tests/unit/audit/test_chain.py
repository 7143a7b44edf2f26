"""The audit chain: one form in bytes, and no change goes unseen."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.archive.signing import SigningKey
from gateway.audit.chain import (
    CUT,
    EMPTY,
    FIRST,
    Broken,
    Entry,
    Head,
    NewEntry,
    Whole,
    canonical,
    follow,
    sealed,
    verify,
)

AT = datetime(2026, 11, 21, 9, 30, 0, 120000, tzinfo=UTC)
KEY = SigningKey(bytes(32))


def chain(length: int, start: Head = EMPTY) -> list[Entry]:
    entries: list[Entry] = []
    head = start
    for n in range(length):
        new = NewEntry(
            "operator:ann", "document.held", f"doc_{n}", "com_a", {"reason": "å", "n": n}
        )
        entries.append(follow(head, new, AT + timedelta(seconds=n)))
        head = Head(entries[-1].seq, entries[-1].hash)
    return entries


async def checked(entries: Sequence[Entry], **how: Any) -> Whole | Broken:
    async def pages() -> AsyncIterator[Sequence[Entry]]:
        for n in range(0, len(entries), 3):
            yield entries[n : n + 3]

    return await verify(pages(), sealed_by=KEY.public.signed, **how)


def test_the_form_is_the_documented_one_byte_for_byte() -> None:
    entry = follow(
        EMPTY, NewEntry("operator:ann", "key.added", "erp", "com_a", {"b": 1, "a": "å"}), AT
    )
    written = (
        '{"action":"key.added","actor":"operator:ann","at":"2026-11-21T09:30:00.120000Z",'
        '"company":"com_a","data":{"a":"å","b":1},"previous":"' + FIRST + '","seq":1,'
        '"subject":"erp"}'
    )
    assert entry.hash == hashlib.sha256(written.encode()).hexdigest()


def test_the_time_is_utc_whatever_zone_it_came_in() -> None:
    new = NewEntry("gateway", "x", "y")
    there = AT.astimezone(timezone(timedelta(hours=2)))
    assert follow(EMPTY, new, there) == follow(EMPTY, new, AT)


@pytest.mark.parametrize("value", [1.5, {"å": 1}, {1: 2}, 2**53, b"x", "\ud800", float("nan")])
def test_what_has_more_than_one_form_is_refused(value: object) -> None:
    with pytest.raises(ValueError):
        canonical({"x": value})


def test_an_entry_is_small() -> None:
    with pytest.raises(ValueError, match="at most"):
        follow(EMPTY, NewEntry("a", "b", "c", data={"x": "y" * 70_000}), AT)


async def test_a_whole_chain_is_whole_and_tells_its_head() -> None:
    entries = chain(10)
    found = await checked(entries, noted=[Head(4, entries[3].hash)])
    assert found == Whole(10, 1, Head(10, entries[-1].hash))
    assert await checked([]) == Whole(0, 1, EMPTY)
    assert await checked(entries[5:], from_seq=6) == Whole(5, 6, Head(10, entries[-1].hash))


@given(
    st.integers(0, 9), st.sampled_from(["actor", "action", "subject", "company_id", "data", "at"])
)
async def test_the_first_changed_entry_is_named(n: int, name: str) -> None:
    entries = chain(10)
    other: Any = {"data": '{"n":99}', "at": AT - timedelta(days=1)}.get(name, "other")
    entries[n] = replace(entries[n], **{name: other})
    found = await checked(entries)
    assert isinstance(found, Broken) and found.seq == n + 1


@given(st.integers(0, 8))
async def test_a_removed_entry_is_named(n: int) -> None:
    entries = chain(10)
    del entries[n]
    found = await checked(entries)
    assert isinstance(found, Broken)
    assert found.seq == (1 if n == 0 else n + 2)


async def test_a_chain_written_anew_or_shortened_is_found_by_a_noted_head() -> None:
    entries = chain(10)
    anew = chain(3)
    head = Head(anew[-1].seq, anew[-1].hash)
    anew.append(follow(head, NewEntry("operator:eve", "x", "y"), AT))
    assert isinstance(await checked(anew), Whole)  # the chain alone can not tell
    found = await checked(anew, noted=[Head(4, entries[3].hash)])
    assert isinstance(found, Broken) and found.seq == 4
    found = await checked(entries[:5], noted=[Head(10, entries[9].hash)])
    assert isinstance(found, Broken) and found.seq == 10


def cut(entries: list[Entry], through: int, key: SigningKey = KEY) -> list[Entry]:
    """The chain without the entries up to `through`, and with one that seals them."""
    hash_ = entries[through - 1].hash
    signature = key.sign(sealed(through, hash_)).hex()
    data = {"through": through, "hash": hash_, "signature": signature}
    head = Head(entries[-1].seq, entries[-1].hash)
    return [*entries[through:], follow(head, NewEntry("gateway", CUT, "audit", data=data), AT)]


async def test_a_cut_that_is_sealed_is_whole() -> None:
    assert isinstance(await checked(cut(chain(10), 4)), Whole)


async def test_a_cut_without_a_seal_or_with_another_s_is_not() -> None:
    found = await checked(chain(10)[4:])
    assert isinstance(found, Broken) and found.seq == 1
    found = await checked(cut(chain(10), 4, SigningKey(bytes(31) + b"x")))
    assert isinstance(found, Broken) and found.seq == 11
    more = cut(chain(10), 4)[2:]  # two more than were sealed
    assert isinstance(await checked(more), Broken)
    other = cut(chain(10), 4)
    other[0] = replace(other[0], previous="1" * 64)
    assert isinstance(await checked(other), Broken)
