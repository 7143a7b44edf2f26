"""What every store must keep of audit, retention, legal hold and exports."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.archive import exports
from gateway.archive.days import Days
from gateway.archive.exports import Dividing
from gateway.archive.retention import Daily, Round, run, signing_key
from gateway.audit.chain import CUT, Broken, Entry, Head, NewEntry, Told, Whole, verify
from gateway.clock import MovableClock
from gateway.lifecycle import State
from gateway.store.keeping import Expired, Export, ExportFile, Period, Sought, Terms
from gateway.store.port import (
    Accepted,
    BadCursor,
    Checkpoint,
    Direction,
    Done,
    Keep,
    NewEvent,
    NewPart,
    Role,
    Store,
)
from gateway.store.port import (
    Head as DocumentHead,
)
from tests.contracts.stores import (
    DAY,
    MINUTE,
    NOW,
    OURS,
    ROUTED,
    SENDING,
    SENT,
    THEIRS,
    Opener,
    accepted,
    arrival,
    attempt_of,
    bytes_of,
    claimed,
    leg_of,
    moved,
    submission,
)

ENTRY = NewEntry("operator:ann", "key.added", "ledger", OURS.id, {"label": "bokföring"})
LARGE = b"x" * 70_000  # too large for a row


# --- audit --------------------------------------------------------------------------------------


async def chain(store: Store, after: int = 0) -> AsyncIterator[Sequence[Entry]]:
    while page := await store.audit_entries(after, 3):
        yield page
        after = page[-1].seq


async def checked(store: Store, **how: Any) -> Whole | Broken:
    key = await signing_key(store)
    return await verify(chain(store), sealed_by=key.public.signed, **how)


async def test_the_chain_comes_back_as_it_was_hashed(store: Store) -> None:
    assert await store.audit_head() == Head(0, "0" * 64)
    entries = [await store.audit(replace(ENTRY, subject=f"{n}"), NOW) for n in range(8)]
    assert [entry.seq for entry in entries] == list(range(1, 9))
    assert list(await store.audit_entries(0, 100)) == entries
    assert list(await store.audit_entries(6, 1)) == entries[6:7]
    head = await store.audit_head()
    assert head == Head(8, entries[-1].hash)
    assert await checked(store, noted=[head]) == Whole(8, 1, head)


async def told_of_several(store: Store) -> list[Entry]:
    """Twelve entries: by two people, of two actions, two companies and three subjects, a minute
    apart."""
    return [
        await store.audit(
            NewEntry(
                "operator:ann" if n % 2 else "key:bokföring",
                "company.changed" if n % 4 else "lane.paused",
                f"subject {n % 3}",
                (OURS.id, "", THEIRS.id)[n % 3],
            ),
            NOW + n * MINUTE,
        )
        for n in range(12)
    ]


SOUGHT = {
    "everything": (Sought(), range(12)),
    "of a subject": (Sought(about="subject 1"), range(1, 12, 3)),
    "of a company": (Sought(company_id=THEIRS.id), range(2, 12, 3)),
    "by somebody": (Sought(actor="operator:ann"), range(1, 12, 2)),
    "an action": (Sought(action="lane.paused"), range(0, 12, 4)),
    "from then on": (Sought(since=NOW + 9 * MINUTE), range(9, 12)),
    "until then": (Sought(until=NOW + 2 * MINUTE), range(2)),
    "all of it": (
        Sought(
            *("subject 0", OURS.id, "operator:ann", "company.changed"),
            *(NOW + MINUTE, NOW + 9 * MINUTE),
        ),
        range(3, 9, 6),
    ),
    "the beginning of a name": (Sought(action="lane"), range(0)),
    "another case": (Sought(actor="Operator:ann"), range(0)),
    "somebody who did nothing": (Sought(actor="operator:bo", company_id=OURS.id), range(0)),
}


@pytest.mark.parametrize("what", SOUGHT)
async def test_entries_are_found_by_what_is_known_of_them(store: Store, what: str) -> None:
    entries = await told_of_several(store)
    sought, which = SOUGHT[what]
    found = await store.audit_found(sought, None, 100)
    assert list(found) == [entries[n] for n in reversed(which)]
    assert list(await store.audit_found(sought, None, 2)) == list(found[:2])


async def test_found_entries_come_in_pages_that_what_is_new_does_not_move(store: Store) -> None:
    entries = await told_of_several(store)
    sought, seen = Sought(actor="operator:ann"), list[int]()
    while page := await store.audit_found(sought, seen[-1] if seen else None, 2):
        seen += [entry.seq for entry in page]
        await store.audit(ENTRY, NOW)
    assert seen == [entry.seq for entry in reversed(entries) if entry.actor == "operator:ann"]


async def test_who_and_what_there_is_in_entries_is_named_once(store: Store) -> None:
    assert await store.audit_names(10) == ([], [])
    await told_of_several(store)
    assert await store.audit_names(10) == (
        ["key:bokföring", "operator:ann"],
        ["company.changed", "lane.paused"],
    )
    assert await store.audit_names(1) == (["key:bokföring"], ["company.changed"])


async def test_entries_written_at_once_make_one_chain(store: Store) -> None:
    await asyncio.gather(
        *(store.audit(replace(ENTRY, subject=f"{n}"), NOW + n * MINUTE) for n in range(40))
    )
    found = await checked(store)
    assert isinstance(found, Whole) and found.entries == 40


async def test_what_is_refused_is_not_told_and_what_is_done_is(store: Store) -> None:
    document_id = await accepted(store)
    told = Told(ENTRY, NOW)
    cancel = moved(State.RECEIVED, State.CANCELLED)
    how: dict[str, Any] = {"job": None, "events": [], "told": told}
    assert not await store.act(OURS.id, document_id, cancel, NOW, version=9, **how)
    assert not await store.revive(4711, NOW, told=told)
    wrong = replace(THEIRS, participants=OURS.participants)
    with pytest.raises(Exception, match="participant"):
        await store.add_company(wrong, NOW, told=told)
    assert not await store.audit_entries(0, 100)
    assert await store.act(OURS.id, document_id, cancel, NOW, version=1, **how)
    await store.add_company(replace(OURS, name="Vårt nya AB"), NOW, told=told)
    await store.add_key(OURS.id, "c" * 64, "ledger", NOW, told=told)
    await store.pause("email", True, told=told)
    assert len(await store.audit_entries(0, 100)) == 4
    assert isinstance(await checked(store), Whole)


async def test_an_entry_that_has_no_form_takes_what_it_tells_with_it(store: Store) -> None:
    told = Told(replace(ENTRY, data={"amount": 1.5}), NOW)
    with pytest.raises(ValueError, match="canonical"):
        await store.add_company(replace(OURS, name="Other"), NOW, told=told)
    company = await store.company(OURS.id)
    assert company is not None and company.name == OURS.name


async def test_old_entries_are_cut_off_and_sealed(store: Store) -> None:
    for n in range(30):
        await store.audit(ENTRY, NOW + n * 10 * DAY)
    noted = await store.audit_head()
    await finish(store, NOW + 500 * DAY, audit_days=400)
    entries = await store.audit_entries(0, 100)
    assert entries[0].at >= NOW + 100 * DAY and entries[0].seq == 11
    assert entries[-1].action == CUT
    assert isinstance(await checked(store, noted=[noted]), Whole)
    await finish(store, NOW + 501 * DAY, audit_days=400)  # not again every day
    assert len(await store.audit_entries(0, 100)) == len(entries)


async def test_a_secret_stays_what_it_became_first(store: Store) -> None:
    made = await asyncio.gather(*(store.secret("s", bytes([n]) * 32) for n in range(5)))
    assert len(set(made)) == 1
    assert await store.secret("s", b"other") == made[0]
    assert await store.secret("t", b"other") == b"other"


# --- retention ----------------------------------------------------------------------------------


async def finish(store: Store, now: datetime, **how: Any) -> dict[str, Expired]:
    """A whole round."""
    days = {"content": 100, "evidence": 200, "events": 90, "rows": 300} | how.pop("days", {})
    dry = how.pop("dry_run", False)
    round_ = Round(
        store,
        Days(**days),
        now=now,
        dry_run=dry,
        **{"key_days": 90, "message_days": 100, "audit_days": 4000} | how,
    )
    return dict(await run(round_, store, now, "gateway", dry_run=dry))


async def done(
    store: Store, content: bytes = b"<Invoice/>", at: datetime = NOW, kind: str = "invoice"
) -> str:
    """A document that was sent: original, plan, evidence, and nothing more to do."""
    unique = submission(content=content, idempotency=(hashlib.sha256(content).hexdigest(), "r"))
    answer = await store.accept(unique, at)
    assert isinstance(answer, Accepted)
    document_id = unique.document_id
    job = await claimed(store, at)
    plan = NewPart(Role.PLAN, "plan.json", "application/json", b"{}")
    wire = attempt_of(document_id)
    evidence = NewPart(Role.EVIDENCE, "request", "text/plain", b"EHLO", wire.id)
    await store.checkpoint(
        job, Checkpoint(Keep(), ROUTED, DocumentHead(kind=kind), parts=[plan]), at
    )
    await store.checkpoint(
        job, Checkpoint(Keep(), SENDING, legs=[leg_of(document_id)], attempt=wire), at
    )
    work = Checkpoint(Done(), SENT, parts=[evidence], events=[NewEvent("document.sent")])
    await store.checkpoint(job, work, at)
    return document_id


async def roles(store: Store, document_id: str) -> set[Role]:
    return {part.role for part in await store.parts(OURS.id, document_id)}


async def test_each_thing_goes_when_its_time_is_over(store: Store) -> None:
    id_ = await done(store)
    everything = {Role.ORIGINAL, Role.PLAN, Role.EVIDENCE}
    await finish(store, NOW + 90 * DAY)
    assert await roles(store, id_) == everything
    assert len(await store.feed(OURS.id, None, 100)) == 2
    gone = await finish(store, NOW + 91 * DAY)
    assert gone[OURS.id].events == 2
    assert not await store.feed(OURS.id, None, 100)
    gone = await finish(store, NOW + 101 * DAY)
    assert (gone[OURS.id].files, gone[OURS.id].bytes) == (1, len(b"<Invoice/>"))
    assert await roles(store, id_) == everything - {Role.ORIGINAL}
    await finish(store, NOW + 201 * DAY)
    assert await roles(store, id_) == set()
    assert await store.document(OURS.id, id_) is not None
    assert await store.attempts(OURS.id, id_) and await store.legs(OURS.id, id_)
    gone = await finish(store, NOW + 301 * DAY)
    assert gone[OURS.id].documents == 1
    assert await store.document(OURS.id, id_) is None
    assert not await store.attempts(OURS.id, id_) and not await store.legs(OURS.id, id_)
    assert (await finish(store, NOW + 400 * DAY))[OURS.id] == Expired()


async def test_a_dry_run_counts_the_same_and_takes_nothing(store: Store) -> None:
    for n in range(5):
        await done(store, b"%d" % n)
    later = NOW + 301 * DAY
    would = await finish(store, later, dry_run=True)
    assert would[""].documents == 5  # idempotency keys
    assert would[OURS.id].documents == 5 and would[OURS.id].files == 15
    assert len((await store.documents(OURS.id)).documents) == 5
    assert not await store.audit_entries(0, 10)
    gone = await finish(store, later)
    assert (gone[OURS.id].documents, gone[OURS.id].files) == (5, 15)
    assert gone[OURS.id].bytes == would[OURS.id].bytes
    (entry,) = await store.audit_entries(0, 10)
    assert (entry.action, entry.company_id) == ("retention.run", OURS.id)


async def test_what_is_not_final_has_a_job_or_is_held_stays_whole(store: Store) -> None:
    under_way = await accepted(store)
    job = await claimed(store)
    kept = await done(store, b"kept")
    entry = NewEntry("operator:ann", "legal_hold.set", kept, OURS.id)
    assert await store.set_legal_hold(OURS.id, kept, "Case 4711", entry, NOW)
    gone = await done(store, b"gone")
    await finish(store, NOW + 999 * DAY)
    assert await store.document(OURS.id, gone) is None
    assert await bytes_of(store, OURS.id, under_way) == [b"<Invoice/>"]
    assert b"kept" in await bytes_of(store, OURS.id, kept)
    feed = await store.feed(OURS.id, None, 100)
    assert {event.document_id for event in feed} == {under_way, kept}
    (hold,) = await store.legal_holds(OURS.id)
    assert (hold.document_id, hold.reason) == (kept, "Case 4711")
    await store.checkpoint(job, Checkpoint(Keep()), NOW)  # the worker notices nothing
    assert await store.set_legal_hold(OURS.id, kept, None, entry, NOW)
    await finish(store, NOW + 999 * DAY)
    assert await store.document(OURS.id, kept) is None


async def test_the_same_bytes_stay_as_long_as_one_document_has_them(store: Store) -> None:
    for content in (b"small", LARGE):
        first = await accepted(store, content=content)
        sent = await store.act(
            OURS.id,
            first,
            moved(State.RECEIVED, State.CANCELLED),
            NOW,
            version=1,
            job=None,
            events=[],
        )
        assert sent
        second = await store.accept(submission(content=content), NOW + 50 * DAY)
        assert isinstance(second, Accepted)
        await finish(store, NOW + 301 * DAY)
        assert await store.document(OURS.id, first) is None
        assert await bytes_of(store, OURS.id, second.document_id) == [content]


async def test_bytes_that_come_again_after_they_went_are_there_again(store: Store) -> None:
    await done(store, LARGE)
    await finish(store, NOW + 301 * DAY)
    again = await store.accept(submission(content=LARGE), NOW + 302 * DAY)
    assert isinstance(again, Accepted)
    assert await bytes_of(store, OURS.id, again.document_id) == [LARGE]


async def test_bytes_that_come_while_they_go_are_not_lost(store: Store) -> None:
    ids = [await done(store, b"%d" % n) for n in range(30)]
    later = NOW + 301 * DAY
    terms = {"": Terms(later, later, later)}

    async def bring(n: int) -> str:
        answer = await store.accept(submission(content=b"%d" % n), later)
        assert isinstance(answer, Accepted)
        return answer.document_id

    _, *brought = await asyncio.gather(
        store.expire(OURS.id, "out", terms, None, 100), *(bring(n) for n in range(30))
    )
    for n, document_id in enumerate(brought):
        assert await bytes_of(store, OURS.id, document_id) == [b"%d" % n]
    assert [await store.document(OURS.id, id_) for id_ in ids] == [None] * 30


async def test_a_kind_and_a_company_may_have_days_of_their_own(store: Store) -> None:
    own = {"": {"rows": 500, "content": 500}, "credit_note": {"rows": 600}}
    await store.add_company(replace(OURS, settings={"retention": own}), NOW)
    invoice = await done(store, b"invoice")
    note = await done(store, b"note", kind="credit_note")
    theirs = await store.arrive(arrival(THEIRS.id), NOW)
    assert theirs is not None
    await finish(store, NOW + 301 * DAY)
    assert await store.document(THEIRS.id, theirs) is None
    assert b"invoice" in await bytes_of(store, OURS.id, invoice)
    await finish(store, NOW + 501 * DAY)
    assert await store.document(OURS.id, invoice) is None
    assert await store.document(OURS.id, note) is not None
    assert b"note" not in await bytes_of(store, OURS.id, note)
    await finish(store, NOW + 601 * DAY)
    assert await store.document(OURS.id, note) is None


async def test_the_feed_goes_on_after_a_cut(store: Store) -> None:
    await done(store, b"old")
    (*_, last) = await store.feed(OURS.id, None, 100)
    new = await done(store, b"new", NOW + 80 * DAY)
    await finish(store, NOW + 91 * DAY)
    whole = await store.feed(OURS.id, None, 100)
    assert {event.document_id for event in whole} == {new}
    assert await store.feed(OURS.id, last.cursor, 100) == whole
    assert not await store.kept(OURS.id, last.cursor)
    assert all([await store.kept(OURS.id, event.cursor) for event in whole])
    with pytest.raises(BadCursor):
        await store.kept(THEIRS.id, whole[0].cursor)


async def test_an_idempotency_key_goes_and_can_be_used_again(store: Store) -> None:
    first = submission(idempotency=("k", "r"))
    await store.accept(first, NOW)
    assert await store.expire_keys(NOW, 10) == 0
    assert await store.expire_keys(NOW + DAY, 10, dry_run=True) == 1
    assert await store.expire_keys(NOW + DAY, 10) == 1
    second = submission(idempotency=("k", "r"))
    assert await store.accept(second, NOW + DAY) == Accepted(second.document_id)


async def test_the_nightly_round_goes_on_in_pieces_until_all_is_gone(store: Store) -> None:
    for n in range(3):
        await done(store, b"%d" % n)
    usual = Days(100, 100, 100, 100)
    daily = Daily(store, usual, key_days=90, message_days=90, audit_days=4000)
    pieces = 1
    while await daily.piece(NOW + 301 * DAY):
        pieces += 1
        assert pieces < 100
    assert not (await store.documents(OURS.id)).documents
    (entry,) = await store.audit_entries(0, 10)
    assert entry.action == "retention.run"
    assert not await daily.piece(NOW + 302 * DAY)


# --- exports ------------------------------------------------------------------------------------


async def made(store: Store, export: Export, most_bytes: int, now: datetime) -> Export:
    """The export, once its job has been done."""
    await store.add_export(export, exports.job_of(export), exports.told(export, "key:erp"))
    jobs = await store.claim("worker", now, 30, 100, {"prepare": 0})
    clock = MovableClock(now)
    for job in jobs:
        await Dividing(store, clock, most_bytes)(job)
    found = await store.export(export.company_id, export.id)
    assert found is not None
    return found


async def test_an_export_has_every_document_of_its_period_once(store: Store) -> None:
    ids = []
    for n in range(12):
        ids.append(await done(store, b"%d" % n * 1000, NOW + n * 10 * DAY))
    inbound = await store.arrive(arrival(), NOW + 35 * DAY)
    start, end, now = NOW + 20 * DAY, NOW + 100 * DAY, NOW + 200 * DAY
    wanted = exports.asked(OURS.id, start, end, None, now)
    export = await made(store, wanted, 12_000, now)
    assert export.ready_at == now and export.gone_at == now + 7 * DAY
    listed: dict[str, list[str]] = {"out": [], "in": []}
    for n, file in enumerate(export.files, 1):
        assert file.n == n and file.documents > 0
        period = Period(OURS.id, file.direction, start, end)
        found = await store.period(period, file.after or None, 100, file.through)
        assert len(found) == file.documents
        assert file.documents == 1 or file.size_bytes <= 12_000
        listed[file.direction] += [document.document_id for document in found]
    assert listed == {"out": ids[2:10], "in": [inbound]}
    assert len(export.files) > 3
    again = await made(store, wanted, 1, now)
    assert again == export
    assert len(await store.audit_entries(0, 10)) == 1


async def test_an_export_that_was_cut_off_goes_on_behind_its_last_file(store: Store) -> None:
    for n in range(6):
        await done(store, b"%d" % n, NOW + n * DAY)
    now = NOW + 10 * DAY
    whole = await made(store, exports.asked(OURS.id, NOW, NOW + 9 * DAY, None, now), 5000, now)
    part = exports.asked(OURS.id, NOW, NOW + 8 * DAY, None, now)
    await store.add_export(part, exports.job_of(part), exports.told(part, "key:erp"))
    for file in whole.files[:2]:
        await store.add_export_file(part.id, file)
    await store.add_export_file(part.id, ExportFile(2, "out", "", "9", 9, 9))  # stays as it is
    finished = await made(store, part, 5000, now)
    assert finished.files == whole.files


async def test_an_export_of_nothing_is_ready_and_has_no_files(store: Store) -> None:
    wanted = exports.asked(OURS.id, NOW - DAY, NOW, Direction.OUT, NOW)
    export = await made(store, wanted, 1000, NOW + MINUTE)
    assert export.ready_at is not None and export.files == ()


async def test_everybodys_exports_are_there_newest_first(store: Store) -> None:
    await accepted(store)
    there = []
    for n, company in enumerate((OURS, THEIRS, OURS)):
        now = NOW + (n + 1) * DAY
        wish = exports.asked(company.id, NOW - DAY, now - MINUTE, None, now)
        there.append(await made(store, wish, 12_000, now))
    assert list(await store.exports(10)) == there[::-1]
    assert [len(export.files) for export in there] == [1, 0, 1]
    assert list(await store.exports(1)) == there[2:]


async def test_an_export_is_gone_after_its_time(store: Store) -> None:
    wanted = exports.asked(OURS.id, NOW - DAY, NOW, None, NOW)
    export = await made(store, wanted, 1000, NOW + MINUTE)
    assert await store.drop_exports(export.gone_at - timedelta(seconds=1)) == 0
    assert await store.drop_exports(export.gone_at) == 1
    assert await store.export(OURS.id, export.id) is None


async def test_a_period_is_found_among_many_documents(store: Store) -> None:
    ids = []
    for n in range(100):
        answer = await store.accept(submission(content=b"x"), NOW + n * DAY)
        assert isinstance(answer, Accepted)
        ids.append(answer.document_id)
    period = Period(OURS.id, "out", NOW + 40 * DAY, NOW + 60 * DAY)
    found = await store.period(period, None, 100)
    assert [each.document_id for each in found] == ids[40:60]
    assert {each.size_bytes for each in found} == {1}
    pages = []
    after = None
    while page := await store.period(period, after, 7):
        pages += page
        after = page[-1].place
    assert pages == list(found)


# --- after a restore ----------------------------------------------------------------------------


async def test_after_a_leap_no_reader_misses_what_comes(opener: Opener, tmp_path: Path) -> None:
    first = await opener(tmp_path)
    await first.add_company(OURS, NOW)
    await accepted(first)
    lost = (await first.feed(OURS.id, None, 100))[-1].cursor
    await first.leap()
    await first.close()
    second = await opener(tmp_path)
    new = await accepted(second)
    try:
        seen = await second.feed(OURS.id, lost, 100)
    except BadCursor:  # it is told, and begins anew
        seen = await second.feed(OURS.id, None, 100)
    assert seen[-1].document_id == new
    await second.close()
