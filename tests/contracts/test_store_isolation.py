"""Tenant isolation: whatever a company asks of a store, it finds and changes nothing of another's.

Every operation of the port is here, in CASES or, with the reason, in NOT_ASKED_BY_COMPANIES: a new
one fails the test until somebody has thought about it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pytest

from gateway.archive import exports
from gateway.audit.chain import NewEntry
from gateway.lifecycle import Business, InboxState, State, inbox_change
from gateway.registration import line
from gateway.registration.states import ParticipantState
from gateway.store.access import everything_for
from gateway.store.endpoints import Endpoint, Push, SealedSecret
from gateway.store.entries import EntryRow
from gateway.store.inbox import Turn
from gateway.store.keeping import Export, Period, Sought, Terms
from gateway.store.messages import Message
from gateway.store.people import Person
from gateway.store.port import (
    Accepted,
    Again,
    BadCursor,
    Checkpoint,
    Contradiction,
    Done,
    Leg,
    NewEvent,
    NewJob,
    NewPart,
    Reply,
    Role,
    Store,
)
from gateway.store.registrations import Registration
from gateway.store.search import Broken, Question
from gateway.store.usage import Charge
from gateway.store.verifications import IdentityRecord, Verification, Verified
from gateway.trust.people.roles import Role as PersonRole
from gateway.trust.reach import Reach
from gateway.trust.verification.states import Asking, Standing
from tests.contracts.stores import (
    DAY,
    LOGO,
    NOW,
    OURS,
    THEIRS,
    accepted,
    arrival,
    attempt_of,
    claimed,
    everything_of,
    leg_of,
    moved,
    submission,
)

THEM = THEIRS.id
THEIR_REACH, OUR_KEY = Reach("", (THEM,)), everything_for(OURS.id, "a" * 64, "ledger", NOW).id
PUSH = Push("evt_1", "document.received", None, None, NOW, 5, 200, "webhook.delivered", "")


@dataclass(frozen=True, slots=True)
class Ours:
    """What OURS has, and THEIRS knows the names of."""

    outbound: str
    inbound: str
    sha256: str  # of a part of both
    leg: Leg
    endpoint: Endpoint
    cursors: tuple[str, ...]
    export: Export
    registration: Registration
    entry: EntryRow

    @property
    def ids(self) -> tuple[str, str]:
        return self.outbound, self.inbound


async def ours_in(store: Store) -> Ours:
    """OURS sends a document and gets one."""
    outbound = await accepted(store, idempotency=("ours", "request"), content=b"ours")
    leg = leg_of(outbound)
    evidence = NewPart(Role.EVIDENCE, "answer", "text/plain", b"ours")
    work = Checkpoint(
        *(Done(), None, None, "email", [evidence], [leg], attempt_of(outbound)),
        events=[NewEvent("told")],
        broken=[Broken("BR-01", "warning")],
    )
    await store.checkpoint(await claimed(store), work, NOW)
    timer = NewJob(f"{outbound}/recheck", "recheck", NOW + DAY, OURS.id, outbound)
    await store.put([timer], NOW)
    inbound = await store.arrive(arrival(key="ours", content=b"ours"), NOW)
    assert inbound is not None
    await store.add_key(OURS.id, "a" * 64, "ledger", NOW)
    await store.add_company_key(OURS.id, "master", b"wrapped", NOW)
    await store.set_logo(OURS.id, LOGO, NOW)
    secrets = (SealedSecret(b"sealed"),)
    endpoint = Endpoint("wh_ours", OURS.id, "https://a", (), "", True, secrets, None, NOW, NOW)
    assert await store.add_endpoint(endpoint, 1)
    await store.add_push(OURS.id, endpoint.id, replace(PUSH, document_id=outbound))
    sent = ("out", "m1@ours", "", OURS.id, outbound, "PSE000001", "type", "process", None, NOW)
    await store.note(Message("peppol", *sent))
    events = await store.feed(OURS.id, None, 100)
    cursors = tuple(event.cursor for event in events)
    export = exports.asked(OURS.id, NOW - DAY, NOW, None, NOW)
    entry = NewEntry("gateway", "export.asked_for", export.id, OURS.id)
    await store.add_export(export, replace(exports.job_of(export), due_at=NOW + 9 * DAY), entry)
    (name,) = OURS.participants
    registration = Registration(name, OURS.id, ParticipantState.WANTED, {}, NOW, NOW)
    assert await store.put_registration(registration, line.job(OURS.id, name, NOW + 9 * DAY))
    remembered = EntryRow("letter", OURS.id, "consumer", "ours", "registered", b"{}", NOW, 0)
    assert await store.put_entries([remembered])
    sha256 = hashlib.sha256(b"ours").hexdigest()
    await store.count(OURS.id, [charge_of(outbound, OURS.id)])
    standing = Verification(OURS.id, Standing.VERIFIED, Asking.NONE, "", "", NOW, NOW)
    record = IdentityRecord("idr_1", OURS.id, NOW, "operator", b"{}")
    assert await store.put_verification(Verified(standing, record=record), NOW)
    return Ours(
        *(outbound, inbound, sha256, leg, endpoint, cursors, export, registration, remembered)
    )


def charge_of(document_id: str, company_id: str) -> Charge:
    return Charge(
        *(f"{document_id}/0", company_id, "", document_id, "email", "SE", "out", "invoice"),
        *(NOW, date(2026, 11, 2), "2026-11"),
    )


async def refused(asked: Awaitable[Any], why: type[Exception]) -> None:
    """Nothing, because it was refused."""
    with pytest.raises(why):
        await asked


async def _content(store: Store, ours: Ours) -> Any:
    return [await store.content(THEM, id_, ours.sha256) for id_ in ours.ids]


async def _stream(store: Store, ours: Ours) -> Any:
    return [await store.stream(THEM, id_, ours.sha256) for id_ in ours.ids]


async def _documents(store: Store, ours: Ours) -> Any:
    for after in ours.ids:
        await refused(store.documents(THEM, after=after), BadCursor)
    return (await store.documents(THEM, limit=1000)).documents


def _questions(ours: Ours) -> list[Question]:
    every = Question(companies=[THEM])
    known: list[dict[str, Any]] = [
        {},
        {"words": [ours.outbound]},
        {"words": ["F-1"]},
        {"numbers": ["F-1"]},
        {"rules": ["BR-01"]},
        {"states": tuple(State)},
        {"channels": ["email", "internal"]},
        {"inbox": tuple(InboxState)},
    ]
    return [replace(every, **one) for one in known] + [Question(companies=[], words=["F-1"])]


async def _found(store: Store, ours: Ours) -> Any:
    everybodys = await store.found(Question(companies=None), limit=1)
    cursors = (None, everybodys.next)
    pages = [await store.found(q, after=c) for q in _questions(ours) for c in cursors]
    return [one for page in pages for one in (*page.documents, page.next, page.sought_to)]


async def _facets(store: Store, ours: Ours) -> Any:
    found = [await store.facets(question) for question in _questions(ours)]
    assert all(one.whole and not any(one.of.values()) for one in found)
    return [one.counted for one in found]


async def _suggested(store: Store, ours: Ours) -> Any:
    begins = ("F", "ours", ours.outbound)
    return [await store.suggested([THEM], begin) for begin in begins]


async def _failing_rules(store: Store, ours: Ours) -> Any:
    return await store.failing_rules([THEM], NOW - DAY)


async def _feed(store: Store, ours: Ours) -> Any:
    for cursor in ours.cursors:
        await refused(store.feed(THEM, cursor, 100), BadCursor)
        await refused(store.feed(THEM, cursor, 100, ours.outbound), BadCursor)
    whole = await store.feed(THEM, None, 100)
    return [*whole, *[event for id_ in ours.ids for event in await store.feed(THEM, None, 9, id_)]]


async def _inbox(store: Store, ours: Ours) -> Any:
    await refused(store.inbox(THEM, ours.inbound, 10), BadCursor)
    return await store.inbox(THEM, None, 1000)


async def _inbox_line(store: Store, ours: Ours) -> Any:
    return (await store.inbox_line(THEM, tuple(InboxState))).items


async def _inbox_items(store: Store, ours: Ours) -> Any:
    found: list[Any] = []
    for state in InboxState:
        await refused(store.inbox_items(THEM, state, ours.inbound, 10), BadCursor)
        found += await store.inbox_items(THEM, state, None, 1000)
    return found


async def _turn(store: Store, ours: Ours) -> Any:
    change = inbox_change(InboxState.NEW, InboxState.BLOCKED, code="x", text="x")
    return [
        await store.turn(Turn(THEM, id_, version, change, [NewEvent("x")], {"x": 1}), NOW)
        for id_ in ours.ids
        for version in (1, 2)
    ]


async def _act(store: Store, ours: Ours) -> Any:
    verb = moved(State.RECEIVED, State.CANCELLED)
    return [
        await store.act(THEM, id_, verb, NOW, version=version, job=job, events=[NewEvent("x")])
        for id_ in ours.ids
        for version in (1, 2)
        for job in (None, Again(NOW, "deliver"))
    ]


async def _reply(store: Store, ours: Ours) -> Any:
    said = [NewEvent("inbox.answered")]
    return [
        await store.reply(Reply(id_, version, Business.PAID, said, submission(THEM)), NOW)
        for id_ in ours.ids
        for version in (1, 2)
    ]


async def _accept(store: Store, ours: Ours) -> Any:
    same_id = replace(submission(THEM), document_id=ours.outbound)
    await refused(store.accept(same_id, NOW), Contradiction)
    same_key = submission(THEM, idempotency=("ours", "other request"))
    assert await store.accept(same_key, NOW) == Accepted(same_key.document_id)


async def _arrive(store: Store, ours: Ours) -> Any:
    assert await store.arrive(arrival(THEM, key="ours"), NOW) is not None


async def _put(store: Store, ours: Ours) -> Any:
    for key in (ours.outbound, f"{ours.outbound}/recheck"):
        await refused(store.put([NewJob(key, "x", NOW, THEM, ours.outbound)], NOW), Contradiction)


async def _add_company(store: Store, ours: Ours) -> Any:
    greedy = replace(THEIRS, participants=OURS.participants)
    await refused(store.add_company(greedy, NOW), Contradiction)


async def _add_key(store: Store, ours: Ours) -> Any:
    await refused(store.add_key(THEM, "a" * 64, "ledger", NOW), Contradiction)


async def _people_within(store: Store, ours: Ours) -> Any:
    anna = Person(
        *("per_ours", "", (OURS.id,), "anna@vart.example", "Anna", "sv", PersonRole.ADMINISTRATOR),
        *(b"{}", NOW, NOW),
    )
    assert await store.put_person(anna, NOW)
    return await store.people_within(THEIR_REACH, "", 100), await store.person_within(
        THEIR_REACH, anna.id
    )


async def _companies_within(store: Store, ours: Ours) -> Any:
    assert await store.companies_within(THEIR_REACH, "", 100) == [THEIRS]


async def _add_company_key(store: Store, ours: Ours) -> Any:
    await store.add_company_key(THEM, "master", b"wrapped", NOW)


async def _add_endpoint(store: Store, ours: Ours) -> Any:
    same_id = replace(ours.endpoint, company_id=THEM)
    await refused(store.add_endpoint(same_id, 1), Contradiction)


async def _add_push(store: Store, ours: Ours) -> Any:
    await store.add_push(THEM, ours.endpoint.id, PUSH)


async def _event(store: Store, ours: Ours) -> Any:
    for cursor in ours.cursors:
        await refused(store.event(THEM, cursor), BadCursor)


async def _expire(store: Store, ours: Ours) -> Any:
    past = Terms(*[NOW + 9999 * DAY] * 3)
    return [
        (await store.expire(THEM, way, {"": past}, None, 100, dry_run=dry)).files
        for way in ("out", "in")
        for dry in (True, False)
    ]


async def _expire_events(store: Store, ours: Ours) -> Any:
    return (await store.expire_events(THEM, NOW + 9999 * DAY, None, 100)).events


async def _put_registration(store: Store, ours: Ours) -> Any:
    for version in (0, 1):
        theirs = replace(ours.registration, company_id=THEM, version=version)
        due = line.job(THEM, theirs.participant, NOW)
        await refused(store.put_registration(theirs, due), Contradiction)


async def _put_entries(store: Store, ours: Ours) -> Any:
    assert not await store.put_entries([replace(ours.entry, company_id=THEM, version=1)])
    assert await store.put_entries([replace(ours.entry, company_id=THEM, state="theirs")])


async def _drop_entries(store: Store, ours: Ours) -> Any:
    return await store.drop_entries([replace(ours.entry, company_id=THEM, version=1)])


async def _set_legal_hold(store: Store, ours: Ours) -> Any:
    entry = NewEntry("key:theirs", "legal_hold.set", ours.outbound, THEM)
    return [
        await store.set_legal_hold(THEM, id_, reason, entry, NOW)
        for id_ in ours.ids
        for reason in ("mine", None)
    ] + [e for e in await store.audit_entries(0, 100) if e.subject in ours.ids]


async def _set_logo(store: Store, ours: Ours) -> Any:
    for file in (replace(LOGO, content=b"theirs"), None):
        await store.set_logo(THEM, file, NOW)


async def _period(store: Store, ours: Ours) -> Any:
    whole = [Period(THEM, way, NOW - DAY, NOW + DAY) for way in ("out", "in")]
    return [await store.period(each, after, 100) for each in whole for after in (None, "1")]


async def _kept(store: Store, ours: Ours) -> Any:
    for cursor in ours.cursors:
        await refused(store.kept(THEM, cursor), BadCursor)


async def _count(store: Store, ours: Ours) -> Any:
    for cursor in ours.cursors:
        await refused(store.count(THEM, [], cursor), BadCursor)
    await store.count(THEM, [charge_of(ours.outbound, THEM)])


async def _put_verification(store: Store, ours: Ours) -> Any:
    """Theirs is a row of their own, whatever it names."""
    theirs = Verification(THEM, Standing.VERIFIED, Asking.NONE, "", "", NOW, NOW, record_id="idr_1")
    assert await store.put_verification(Verified(theirs), NOW)


CASES: dict[str, Callable[[Store, Ours], Awaitable[Any]]] = {
    "accept": _accept,
    "act": _act,
    "add_company_key": _add_company_key,
    "add_company": _add_company,
    "add_key": _add_key,
    "add_endpoint": _add_endpoint,
    "add_push": _add_push,
    "arrive": _arrive,
    "arrived": lambda s, o: s.arrived(THEM, "ours"),
    "attempts": lambda s, o: _each(s.attempts, o),
    "audit_found": lambda s, o: s.audit_found(Sought(company_id=THEM), None, 100),
    "charges": lambda s, o: _each(s.charges, o),
    "count": _count,
    "counted": lambda s, o: s.counted(THEM),
    "change_endpoint": lambda s, o: s.change_endpoint(replace(o.endpoint, company_id=THEM)),
    "companies_within": _companies_within,
    "company_within": lambda s, o: s.company_within(THEIR_REACH, OURS.id),
    "people_within": _people_within,
    "person_within": _people_within,
    "company_keys": lambda s, o: s.company_keys(THEM),
    "confirm": lambda s, o: _each(lambda c, d: s.confirm(c, d, NOW), o),
    "content": _content,
    "document": lambda s, o: _each(s.document, o),
    "documents": _documents,
    "found": _found,
    "facets": _facets,
    "suggested": _suggested,
    "failing_rules": _failing_rules,
    "drop_entries": _drop_entries,
    "drop_company_keys": lambda s, o: s.drop_company_keys(THEM),
    "identity_record": lambda s, o: s.identity_record(THEM, "idr_1"),
    "identity_records": lambda s, o: s.identity_records(THEM),
    "put_verification": _put_verification,
    "verification": lambda s, o: s.verification(THEM),
    "endpoint": lambda s, o: s.endpoint(THEM, o.endpoint.id),
    "endpoints": lambda s, o: s.endpoints(THEM),
    "event": _event,
    "expire": _expire,
    "expire_events": _expire_events,
    "export": lambda s, o: s.export(THEM, o.export.id),
    "feed": _feed,
    "files": lambda s, o: _each(lambda c, d: s.files(c, d, tuple(Role)), o),
    "inbox": _inbox,
    "inbox_item": lambda s, o: _each(s.inbox_item, o),
    "inbox_items": _inbox_items,
    "inbox_line": _inbox_line,
    "inbox_lots": lambda s, o: s.inbox_lots(THEM),
    "inbox_waits": lambda s, o: s.inbox_waits(THEM),
    "lend": lambda s, o: s.lend(THEM, "lse_theirs", NOW, NOW + DAY, 100),
    "same_bytes": lambda s, o: _each(s.same_bytes, o),
    "turn": _turn,
    "kept": _kept,
    "key": lambda s, o: s.key(THEIR_REACH, OUR_KEY),
    "keys": lambda s, o: s.keys(THEIR_REACH, "", 100),
    "legal_holds": lambda s, o: s.legal_holds(THEM),
    "legs": lambda s, o: _each(s.legs, o),
    "logo": lambda s, o: s.logo(THEM),
    "messages_of": lambda s, o: _each(lambda c, d: s.messages_of(c, d, 100), o),
    "newest": lambda s, o: s.newest(THEM),
    "parts": lambda s, o: _each(s.parts, o),
    "period": _period,
    "pushes": lambda s, o: s.pushes(THEM, o.endpoint.id, None, 100),
    "pushes_of": lambda s, o: _each(lambda c, d: s.pushes_of(c, d, 100), o),
    "put": _put,
    "put_entries": _put_entries,
    "put_registration": _put_registration,
    "register_entry": lambda s, o: s.register_entry("letter", THEM, "consumer", o.entry.name),
    "register_entries": lambda s, o: s.register_entries("letter", THEM, "consumer", "", 100),
    "registration": lambda s, o: s.registration(THEM, o.registration.participant),
    "registrations": lambda s, o: s.registrations(THEM, "", 100),
    "remove_endpoint": lambda s, o: s.remove_endpoint(THEM, o.endpoint.id),
    "reply": _reply,
    "revoke_key": lambda s, o: s.revoke_key(THEIR_REACH, OUR_KEY, NOW),
    "rotate_key": lambda s, o: s.rotate_key(THEIR_REACH, OUR_KEY, "c" * 64, NOW, NOW),
    "set_legal_hold": _set_legal_hold,
    "set_logo": _set_logo,
    "stream": _stream,
    "sums": lambda s, o: s.sums("2026-11", [THEM]),
    "unpriced": lambda s, o: s.unpriced("2026-11", [THEM], 10),
}

NOT_ASKED_BY_COMPANIES = {
    **dict.fromkeys(("claim", "renew", "reap", "holds"), "a worker's, for all companies"),
    "checkpoint": "a worker's, by a job it has claimed; what it names must be the document's own",
    "drop": "a worker's, by keys that name the document",
    "named": "the sweep's, by addresses that name the company",
    "rewrap_company_key": "an operator's, by the id of a key",
    "move_registration": "a worker's, by a job it has claimed",
    **dict.fromkeys(("show", "hide"), "a worker's, of a participant that is its job's"),
    "due_entries": "a channel's, for all companies",
    "shown": "what everybody may see of a participant",
    **dict.fromkeys(("behind", "pushed"), "a worker's, for all endpoints"),
    **dict.fromkeys(("leg", "report"), "a channel's, by a key that nobody else knows"),
    "verifications": "operators only",
    **dict.fromkeys(("dead", "revive", "lanes", "set_lanes", "pause", "paused"), "operators only"),
    **dict.fromkeys(("companies", "counts", "probe", "close"), "operators only"),
    **dict.fromkeys(("company", "company_of"), "shows no documents"),
    **dict.fromkeys(("add_account", "account", "accounts"), "operators only"),
    **dict.fromkeys(("holder", "issue_token"), "by a secret that nobody else knows"),
    "put_key": "made of a reach that is checked: tests/api/test_keys.py",
    "change_company": "a company that was found within reach",
    "use_keys": "what was noted of keys that were shown",
    **dict.fromkeys(
        ("put_person", "drop_person"), "somebody who was found within reach, or who is them"
    ),
    "everybody": "operators only",
    **dict.fromkeys(
        ("person_of_email", "person_of_subject", "person_of_link", "session"),
        "by what nobody else knows: a password is asked for, a provider vouches",
    ),
    **dict.fromkeys(
        ("person", "open_session", "see_session", "sessions", "end_session"), "who is signed in"
    ),
    **dict.fromkeys(("audit_entries", "audit_head", "audit_before", "cut_audit"), "operators only"),
    **dict.fromkeys(("audit_names", "drop_dead", "try_lane", "exports"), "operators only"),
    **dict.fromkeys(("audit", "secret", "leap"), "the gateway's own"),
    "name_older": "the gateway's own, for all companies",
    **dict.fromkeys(("expire_keys", "drop_months", "compact", "drop_exports"), "by age alone"),
    **dict.fromkeys(("add_export_file", "end_export"), "a worker's, by a job it has claimed"),
    "add_export": "its id is made of the company's",
    **dict.fromkeys(("message", "messages", "note"), "a network's: it knows no companies"),
    "expire_messages": "by age alone",
    **dict.fromkeys(("uncounted", "price"), "the counting's, for all companies"),
    **dict.fromkeys(("prices", "add_prices", "close_month", "closed_month"), "operators only"),
    "sums_of_account": "an account's, of charges that were its own",
    "settle_account": "an account's, by who speaks for it",
    **dict.fromkeys(
        ("open_documents", "piles", "deadlines", "timers_until", "outcomes", "last_outcomes"),
        "operators only",
    ),
    "schedules": "operators only",
    "tidy_outcomes": "by age alone",
    "wait": "tells that something was written, never what",
    "blobs": "its operations are those of `tests/contracts/test_blobs.py`",
}


async def _each(operation: Callable[[str, str], Awaitable[Any]], ours: Ours) -> list[Any]:
    return [await operation(THEM, document_id) for document_id in ours.ids]


def _is_nothing(found: Any) -> bool:
    return not any(map(bool, found)) if isinstance(found, list | tuple) else not found


@pytest.mark.parametrize("operation", CASES)
async def test_a_company_finds_and_changes_nothing_of_another(store: Store, operation: str) -> None:
    ours = await ours_in(store)
    before = await everything_of(store, OURS.id)
    found = await CASES[operation](store, ours)
    assert _is_nothing(found), found
    assert await everything_of(store, OURS.id) == before
    (timer,) = await store.claim("worker", NOW + DAY, 30, 10, {"prepare": 0})
    assert timer.key == f"{ours.outbound}/recheck"


def test_every_operation_has_a_case() -> None:
    operations = {name for name in dir(Store) if not name.startswith("_")}
    assert operations == CASES.keys() | NOT_ASKED_BY_COMPANIES.keys()


async def test_the_same_bytes_of_another_company_do_not_open_a_document(store: Store) -> None:
    ours = await accepted(store, content=b"same")
    theirs = await accepted(store, THEIRS.id, content=b"same")
    sha256 = hashlib.sha256(b"same").hexdigest()
    assert await store.content(THEIRS.id, theirs, sha256) == b"same"
    assert await store.content(THEIRS.id, ours, sha256) is None
    second = await accepted(store, content=b"other")
    assert await store.content(OURS.id, second, sha256) is None  # nor of another document


async def test_a_claimed_job_names_its_company(store: Store) -> None:
    await accepted(store)
    await accepted(store, THEIRS.id)
    jobs = await store.claim("worker", NOW, 30, 10)
    assert [job.company_id for job in jobs] == [OURS.id, THEIRS.id]


async def test_a_cursor_tells_nothing_of_what_others_do(store: Store) -> None:
    """Two events of ours, with one and with a hundred of theirs between: nothing to count."""
    cursors = []
    for between in (1, 100):
        await accepted(store)
        for _ in range(between):
            await accepted(store, THEIRS.id)
        cursors.append((await store.feed(OURS.id, None, 100))[-1].cursor)
    digits = [bytes.fromhex(cursor.removeprefix("cur_")) for cursor in cursors]
    differing = [bin(a ^ b).count("1") for a, b in zip(*digits, strict=True)]
    assert sum(differing) > 32  # as two random numbers would: of 128 bits about half


async def test_a_made_up_cursor_is_refused(store: Store) -> None:
    await accepted(store)
    (event,) = await store.feed(OURS.id, None, 10)
    good = event.cursor
    for made_up in (
        *("", "0", "cur_", "cur_" + "0" * 32, good[:-1], good + "0", good.upper(), good[4:]),
        *(f"{good[:n]}{(int(good[n], 16) + 1) % 16:x}{good[n + 1 :]}" for n in range(4, 36)),
        *("cur_" + "å" * 32, "cur_" + " " * 32, good[:-2] + "  ", good.replace("cur", "doc")),
    ):
        with pytest.raises(BadCursor):
            await store.feed(OURS.id, made_up, 10)


async def test_cursors_are_good_after_a_restart(opener: Any, tmp_path: Any) -> None:
    first = await opener(tmp_path / "data")
    await first.add_company(OURS, NOW)
    for _ in range(3):
        await accepted(first)
    told = await first.feed(OURS.id, None, 10)
    await first.close()
    second = await opener(tmp_path / "data")
    assert await second.feed(OURS.id, None, 10) == told
    assert await second.feed(OURS.id, told[0].cursor, 10) == told[1:]
    await second.close()
