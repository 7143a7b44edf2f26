"""The inbox: what every store promises of order, leases, states and what is set aside."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import replace

import pytest

from gateway.audit.chain import NewEntry, Told
from gateway.lifecycle import InboxState, inbox_change
from gateway.store.inbox import Handling, Lent, NotGiven, Turn
from gateway.store.port import (
    Arrival,
    BadCursor,
    Checkpoint,
    Contradiction,
    Done,
    Duplicate,
    Head,
    NewEvent,
    NewJob,
    NewPart,
    Role,
    Store,
    Unique,
)
from gateway.store.port import Direction as Way
from tests.contracts.stores import DAY, MINUTE, NOW, OURS, THEIRS, arrival

NEW, READING, BLOCKED = InboxState.NEW, InboxState.READING, InboxState.BLOCKED
READ = "inbox_read"


async def come(store: Store, n: int, *, reading: bool = False) -> list[str]:
    """Documents that came in, in order."""
    ids = []
    for i in range(n):
        came: Arrival = arrival(key=f"in-{i}-{reading}", content=b"<Invoice/>%d" % i)
        if reading:
            came = replace(came, state=READING, jobs=(NewJob("read", READ, NOW),))
        id_ = await store.arrive(came, NOW)
        assert id_ is not None
        ids.append(id_)
    return ids


async def lent(store: Store, lease: str, limit: int = 10, *, at: int = 0) -> list[str]:
    """The ids lent under this name, a minute long, so many minutes from the beginning."""
    now = NOW + at * MINUTE
    items = await store.lend(OURS.id, lease, now, now + MINUTE, limit)
    assert all((item.lease, item.lease_until) == (lease, now + MINUTE) for item in items)
    return [item.document.id for item in items]


async def turned(
    store: Store, id_: str, before: InboxState, after: InboxState, **how: object
) -> bool:
    item = await store.inbox_item(OURS.id, id_)
    assert item is not None
    change = inbox_change(before, after, code="test", text="For a test.")
    turn = Turn(OURS.id, id_, item.document.version, change, (NewEvent("told"),))
    return await store.turn(replace(turn, **how), NOW)  # type: ignore[arg-type]


async def test_what_is_lent_is_lent_to_one_and_in_order(store: Store) -> None:
    ids = await come(store, 5)
    assert await lent(store, "a", 2) == ids[:2]
    assert await lent(store, "b", 2) == ids[2:4]
    assert await lent(store, "c") == ids[4:]
    assert await lent(store, "d") == []


async def test_many_pollers_at_once_get_each_document_once(store: Store) -> None:
    ids = await come(store, 60)
    asked = [asyncio.ensure_future(lent(store, f"p{n}", 7)) for n in range(12)]
    got = await asyncio.gather(*asked)
    assert sorted(itertools.chain(*got)) == sorted(ids)
    for one in got:
        assert one == sorted(one, key=ids.index)
        assert not one or ids.index(one[-1]) - ids.index(one[0]) == len(one) - 1, "no gap"


async def test_what_is_not_confirmed_comes_back_when_the_lease_ends(store: Store) -> None:
    ids = await come(store, 3)
    assert await lent(store, "a") == ids
    assert await store.confirm(OURS.id, ids[1], NOW, lease="a") is True
    assert await lent(store, "b") == []
    assert await lent(store, "b", at=1) == [ids[0], ids[2]]


async def test_only_the_newest_lease_confirms(store: Store) -> None:
    (id_,) = await come(store, 1)
    await lent(store, "a")
    await lent(store, "b", at=1)
    with pytest.raises(Lent) as told:
        await store.confirm(OURS.id, id_, NOW + MINUTE, lease="a")
    assert told.value.until == NOW + 2 * MINUTE
    assert await store.confirm(OURS.id, id_, NOW + MINUTE, lease="b") is True
    assert await store.confirm(OURS.id, id_, NOW + MINUTE, lease="b") is False
    with pytest.raises(Lent) as late:
        await store.confirm(OURS.id, id_, NOW + 9 * MINUTE, lease="a")
    assert late.value.until is None
    types = [event.type for event in await store.feed(OURS.id, None, 100, id_)]
    assert types.count("inbox.confirmed") == 1


async def test_a_lease_that_ended_counts_until_another_takes_the_document(store: Store) -> None:
    (id_,) = await come(store, 1)
    await lent(store, "a")
    assert await store.confirm(OURS.id, id_, NOW + DAY, lease="a") is True


async def test_nobody_confirms_what_another_has(store: Store) -> None:
    (id_,) = await come(store, 1)
    await lent(store, "a")
    for lease in (None, "b"):
        with pytest.raises(Lent):
            await store.confirm(OURS.id, id_, NOW, lease=lease)
    assert await store.confirm(OURS.id, id_, NOW + MINUTE) is True  # its lease is over
    assert await store.confirm(THEIRS.id, id_, NOW) is None


async def test_of_two_who_confirm_at_once_one_has_done_it(store: Store) -> None:
    ids = await come(store, 20)
    await lent(store, "a", 20)
    each = [store.confirm(OURS.id, id_, NOW, lease="a") for id_ in ids for _ in range(2)]
    answers = await asyncio.gather(*each)
    assert answers.count(True) == answers.count(False) == 20


async def test_none_is_given_before_one_that_is_still_read(store: Store) -> None:
    (first,) = await come(store, 1, reading=True)
    later = await come(store, 2)
    assert await store.inbox_waits(OURS.id)
    assert await lent(store, "a") == []
    assert await store.inbox_items(OURS.id, NEW, None, 10) == []
    assert [d.id for d in await store.inbox(OURS.id, None, 10)] == [first, *later]
    (job,) = [j for j in await store.claim("w", NOW, 30, 10) if j.kind == READ]
    read = inbox_change(READING, NEW, code="inbox.new", text="It is right.")
    work = Checkpoint(Done(), head=Head(number="F-7"), inbox=read, found={"ok": True})
    await store.checkpoint(job, work, NOW)
    assert not await store.inbox_waits(OURS.id)
    items = await store.inbox_items(OURS.id, NEW, None, 10)
    assert [item.document.id for item in items] == [first, *later]
    assert (items[0].found, items[0].document.head.number) == ({"ok": True}, "F-7")


async def test_what_is_let_out_again_comes_behind_what_a_reader_has(store: Store) -> None:
    ids = await come(store, 3)
    assert await turned(store, ids[0], NEW, BLOCKED)
    assert [i.document.id for i in await store.inbox_items(OURS.id, NEW, None, 10)] == ids[1:]
    assert [i.document.id for i in await store.inbox_items(OURS.id, BLOCKED, None, 9)] == ids[:1]
    with pytest.raises(NotGiven) as told:
        await store.confirm(OURS.id, ids[0], NOW)
    assert told.value.state is BLOCKED
    assert await turned(store, ids[0], BLOCKED, NEW)
    found = await store.inbox_items(OURS.id, NEW, ids[2], 10)
    assert [item.document.id for item in found] == [ids[0]]


async def test_a_change_takes_the_document_from_who_has_it(store: Store) -> None:
    (id_,) = await come(store, 1)
    await lent(store, "a")
    assert await turned(store, id_, NEW, BLOCKED)
    assert await turned(store, id_, BLOCKED, NEW)
    with pytest.raises(Lent):
        await store.confirm(OURS.id, id_, NOW, lease="a")
    assert await lent(store, "b") == [id_]


async def test_a_turn_is_written_whole_or_not_at_all(store: Store) -> None:
    (id_,) = await come(store, 1)
    part = NewPart(Role.FILES, "files.json", "application/json", b"[]")
    job = NewJob(f"{id_}/again", "x", NOW + DAY, OURS.id, id_)
    handled = inbox_change(NEW, InboxState.HANDLED, code="inbox.handled", text="Booked.")
    item = await store.inbox_item(OURS.id, id_)
    assert item is not None
    turn = Turn(
        *(OURS.id, id_, item.document.version, handled, (NewEvent("told"),), {"n": 1}),
        *((part,), (job,), Handling("key:erp", "V-4711")),
    )
    entry = Told(NewEntry("key:erp", "inbox.handled", id_, OURS.id), NOW)
    for wrong in (
        replace(turn, version=turn.version + 1),
        replace(turn, company_id=THEIRS.id, jobs=()),
        replace(turn, document_id="doc_none", jobs=()),
        replace(turn, change=inbox_change(BLOCKED, NEW, code="c", text="t")),
    ):
        assert not await store.turn(wrong, NOW, told=entry)
    assert await store.inbox_item(OURS.id, id_) == item
    assert await store.turn(turn, NOW + MINUTE, told=entry)
    assert not await store.turn(turn, NOW + MINUTE, told=entry), "it has moved on"
    after = await store.inbox_item(OURS.id, id_)
    assert after is not None
    assert (after.state, after.code, after.found) == (InboxState.HANDLED, "inbox.handled", {"n": 1})
    assert (after.handled_at, after.handled_by) == (NOW + MINUTE, "key:erp")
    assert (after.reference, after.document.confirmed_at) == ("V-4711", NOW + MINUTE)
    assert [p.role for p in await store.parts(OURS.id, id_)][-1] is Role.FILES
    assert [e.action for e in await store.audit_entries(0, 10)].count("inbox.handled") == 1


async def test_a_step_that_begins_elsewhere_is_not_written(store: Store) -> None:
    (id_,) = await come(store, 1, reading=True)
    (job,) = [j for j in await store.claim("w", NOW, 30, 10) if j.kind == READ]
    back = inbox_change(BLOCKED, NEW, code="c", text="t")
    with pytest.raises(Contradiction):
        await store.checkpoint(job, Checkpoint(Done(), inbox=back), NOW)
    item = await store.inbox_item(OURS.id, id_)
    assert item is not None and item.state is READING


async def test_the_same_number_comes_in_once_and_is_told_the_second_time(store: Store) -> None:
    await come(store, 2, reading=True)
    jobs = [j for j in await store.claim("w", NOW, 30, 10) if j.kind == READ]
    head = Head(number="F-1", kind="invoice", sender="0007:1")
    unique = Unique("0007:1", "F-1", "invoice", NOW - DAY, Way.IN)
    work = Checkpoint(Done(), head=head, unique=unique)
    first, second = jobs
    await store.checkpoint(first, work, NOW)
    with pytest.raises(Duplicate) as told:
        await store.checkpoint(second, work, NOW)
    assert told.value.document_id == first.document_id
    await store.checkpoint(second, replace(work, unique=None), NOW)


async def test_the_same_bytes_are_known_again(store: Store) -> None:
    first = await store.arrive(arrival(key="1", content=b"same"), NOW)
    other = await store.arrive(arrival(key="2", content=b"other"), NOW)
    second = await store.arrive(arrival(key="3", content=b"same"), NOW)
    theirs = await store.arrive(arrival(THEIRS.id, key="4", content=b"same"), NOW)
    assert first and other and second and theirs
    assert await store.same_bytes(OURS.id, second) == first
    for id_ in (first, other):
        assert await store.same_bytes(OURS.id, id_) is None
    assert await store.same_bytes(THEIRS.id, theirs) is None


async def test_an_arrival_is_found_by_its_key(store: Store) -> None:
    id_ = await store.arrive(arrival(key="k"), NOW)
    assert await store.arrived(OURS.id, "k") == id_
    assert await store.arrived(THEIRS.id, "k") is None
    assert await store.arrived(OURS.id, "other") is None


async def test_a_cursor_of_another_list_is_refused(store: Store) -> None:
    await come(store, 1)
    for cursor in ("", "doc_none"):
        with pytest.raises(BadCursor):
            await store.inbox_items(OURS.id, NEW, cursor, 10)


# --- the line of all companies -------------------------------------------------------------------


async def test_what_lies_is_counted_by_company_and_state(store: Store) -> None:
    ids = await come(store, 3)
    await come(store, 2, reading=True)
    theirs = await store.arrive(arrival(THEIRS.id, "theirs"), NOW + MINUTE)
    assert theirs is not None
    await turned(store, ids[0], NEW, BLOCKED)
    assert await store.confirm(OURS.id, ids[1], NOW) is True
    lots = {
        (lot.company_id, lot.state): (lot.count, lot.first_at) for lot in await store.inbox_lots()
    }
    assert lots == {
        (OURS.id, BLOCKED): (1, NOW),
        (OURS.id, NEW): (1, NOW),
        (OURS.id, READING): (2, NOW),
        (THEIRS.id, NEW): (1, NOW + MINUTE),
    }
    (only,) = await store.inbox_lots(THEIRS.id)
    assert (only.company_id, only.count) == (THEIRS.id, 1)
    assert await store.inbox_lots("nobody") == []


async def test_the_line_is_in_its_order_and_holds_still_while_more_come(store: Store) -> None:
    ids = await come(store, 3)
    theirs = await store.arrive(arrival(THEIRS.id, "theirs"), NOW)
    later = await store.arrive(arrival(key="later"), NOW)
    assert theirs is not None and later is not None
    everything = [*ids, theirs, later]
    seen: list[str] = []
    after = None
    while True:
        page = await store.inbox_line(None, (NEW,), after, 2)
        seen += [item.document.id for item in page.items]
        if len(seen) == 2:  # what was shown leaves, and more comes
            assert await store.confirm(OURS.id, ids[1], NOW) is True
            more = await store.arrive(arrival(key="more"), NOW)
        after = page.next
        if after is None:
            break
    assert seen == [*everything, more]
    await turned(store, ids[0], NEW, BLOCKED)
    line = await store.inbox_line(None, (BLOCKED, InboxState.ATTACHMENT_ERROR))
    assert [item.document.id for item in line.items] == [ids[0]] and line.next is None
    ours = await store.inbox_line(OURS.id, (NEW, BLOCKED))
    assert [item.document.id for item in ours.items] == [ids[0], ids[2], later, more]
    assert (await store.inbox_line(OURS.id, ())).items == ()
    others = await store.inbox_line(None, (NEW, BLOCKED), besides=OURS.id)
    assert [item.document.id for item in others.items] == [theirs]


@pytest.mark.parametrize("cursor", ["", "x", "-", "1-", "-1", "9" * 40, "1-2-3", "\u0661"])
async def test_a_cursor_of_no_line_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(BadCursor):
        await store.inbox_line(None, (NEW,), cursor)
