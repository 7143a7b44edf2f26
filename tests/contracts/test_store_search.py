"""Search: what people know of a document finds it, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from gateway.lifecycle import InboxState, State
from gateway.store.keeping import Terms
from gateway.store.messages import Message
from gateway.store.port import (
    Arrival,
    BadCursor,
    Checkpoint,
    Direction,
    Done,
    Head,
    Keep,
    Leg,
    NewPart,
    Role,
    Store,
)
from gateway.store.search import Broken, Question
from tests.contracts.stores import (
    DAY,
    NOW,
    OURS,
    ROUTED,
    THEIRS,
    accepted,
    arrival,
    claimed,
    moved,
)

HEAD = Head(
    number="F-2026/17",
    kind="invoice",
    sender_name="Vårt Äpple AB",
    recipient_name="Nordisk Åkers-Bygg AS",
    sender="0007:5560360793",
    recipient="0192:918130047",
    reference="2345 676",
)
EVERYBODY = Question(companies=None)
MESSAGE = Message(
    *("peppol", "out", "a1b2@us.example", "envelope-77", OURS.id, None, "POP000001"),
    *("invoice", "billing", "NO", NOW),
)


async def handed_in(store: Store, company_id: str = OURS.id, **work: Any) -> str:
    """A document that was read; `work` is what the checkpoint says beside it."""
    document_id = await accepted(store, company_id)
    job = await claimed(store)
    leg = work.pop("leg", {})
    legs = [Leg(document_id, 0, "peppol", uuid4(), "sent", **leg)] if leg else []
    work = {"change": ROUTED, "head": HEAD, **work}
    if "message" in work:
        work["message"] = replace(work["message"], document_id=document_id)
    await store.checkpoint(job, Checkpoint(Done(), legs=legs, **work), NOW)
    return document_id


async def ids(store: Store, question: Question = EVERYBODY, **asked: Any) -> list[str]:
    page = await store.found(replace(question, **asked), limit=100)
    assert page.next is None
    return [document.id for document in page.documents]


KNOWN: list[dict[str, Any]] = [
    {},
    {"companies": [OURS.id]},
    {"companies": [OURS.id, THEIRS.id], "direction": Direction.OUT},
    {"states": [State.ROUTING, State.HELD]},
    {"channels": ["email", "peppol"]},
    {"codes": ["test", "email.bounced"]},
    {"states": [State.ROUTING], "channels": ["peppol"], "codes": ["test.code"]},
    {"kinds": ["invoice"]},
    {"rules": ["BR-01", "PEPPOL-EN16931-R003"]},
    {"numbers": ["F-2026/17"]},
    {"numbers": ["f2026 17"]},
    {"parties": ["0192:918130047"]},
    {"parties": ["918130047"]},
    {"parties": ["556036-0793"]},
    {"messages": ["A1B2@us.example"]},
    {"messages": ["envelope-77"]},
    {"messages": ["the-channels-own"]},
    {"references": ["2345676"]},
    {"words": ["f-2026"]},
    {"words": ["nordisk"]},
    {"words": ["Nordisk Åkers"]},
    {"words": ["ÅKERS-bygg"]},
    {"words": ["bygg", "äpp"]},
    {"words": ["91813"]},
    {"words": ["0192:918130047", "nord"], "states": [State.ROUTING]},
    {"since": NOW, "until": NOW + DAY},
]


async def test_what_is_known_of_a_document_finds_it(store: Store) -> None:
    await handed_in(
        store, THEIRS.id, head=Head(number="1"), change=moved(State.RECEIVED, State.HELD)
    )
    found = await handed_in(
        store,
        channel="peppol",
        broken=[Broken("BR-01", "fatal")],
        message=MESSAGE,
        leg={"reference": "the-channels-own"},
    )
    for asked in KNOWN:
        assert found in await ids(store, **asked), asked


NOT_SO: list[dict[str, Any]] = [
    {"companies": []},
    {"companies": [THEIRS.id]},
    {"companies": [THEIRS.id], "words": ["nordisk"]},
    {"companies": [THEIRS.id], "rules": ["BR-01"]},
    {"direction": Direction.IN},
    {"states": [State.HELD]},
    {"inbox": [InboxState.NEW]},
    {"inbox": [InboxState.CONFIRMED]},
    {"channels": ["email"]},
    {"codes": ["est.code"]},
    {"codes": ["test.code.more"]},
    {"states": [State.ROUTING], "codes": ["as4"]},
    {"kinds": ["credit_note"]},
    {"rules": ["BR-0"]},
    {"numbers": ["F-2026"]},
    {"numbers": ["918130047"]},
    {"parties": ["91813004"]},
    {"parties": ["0088:918130047"]},
    {"messages": ["F-2026/17"]},
    {"references": ["2345"]},
    {"words": ["ordisk"]},
    {"words": ["nordisk", "svensk"]},
    {"words": ["%"]},
    {"words": ["nordisk\0"]},
    {"rules": ["\ud800"]},
    {"companies": [OURS.id + "\0"]},
    {"words": ["' OR 1=1 --"]},
    {"since": NOW + timedelta(microseconds=1)},
    {"until": NOW},
]


async def test_what_is_not_so_finds_nothing(store: Store) -> None:
    await handed_in(store, channel="peppol", broken=[Broken("BR-01", "fatal")], message=MESSAGE)
    for asked in NOT_SO:
        assert await ids(store, **asked) == [], asked


async def test_an_id_finds_its_document(store: Store) -> None:
    one, other = await handed_in(store), await handed_in(store)
    assert await ids(store, words=[one]) == [one]
    assert await ids(store, companies=[OURS.id], words=[other]) == [other]
    assert await ids(store, companies=[THEIRS.id], words=[other]) == []


async def test_what_came_in_is_found(store: Store) -> None:
    part = NewPart(Role.DOCUMENT, "invoice.xml", "application/xml", b"<Invoice/>")
    message = replace(MESSAGE, direction="in")
    came = await store.arrive(Arrival("k", OURS.id, HEAD, [part], "peppol", message), NOW)
    assert came is not None
    for asked in (
        {"direction": Direction.IN, "words": ["nordisk"]},
        {"messages": ["envelope-77"]},
        {"inbox": [InboxState.NEW]},
        {"inbox": [InboxState.NEW, InboxState.CONFIRMED], "companies": [OURS.id]},
        {"states": [State.DELIVERED], "channels": ["peppol"], "references": ["2345676"]},
    ):
        assert await ids(store, **asked) == [came]
    await store.confirm(OURS.id, came, NOW)
    assert await ids(store, inbox=[InboxState.NEW]) == []
    assert await ids(store, inbox=[InboxState.CONFIRMED]) == [came]


async def test_a_message_that_is_noted_later_finds_its_document(store: Store) -> None:
    document_id = await handed_in(store)
    await store.note(replace(MESSAGE, document_id=document_id))
    assert await ids(store, messages=["a1b2@us.example"]) == [document_id]


async def test_a_document_is_found_as_it_was_read_last(store: Store) -> None:
    document_id = await accepted(store)
    job = await claimed(store)
    await store.checkpoint(job, Checkpoint(Keep(), head=Head(number="F-1")), NOW)
    await store.checkpoint(job, Checkpoint(Keep(), head=replace(HEAD, number="F-2")), NOW)
    await store.checkpoint(job, Checkpoint(Done(), head=replace(HEAD, number="F-2")), NOW)
    assert await ids(store, numbers=["F-2"], words=["nordisk"]) == [document_id]


async def test_pages_are_newest_first_and_stable_while_documents_come(store: Store) -> None:
    for asked in (
        EVERYBODY,
        replace(EVERYBODY, companies=[OURS.id]),
        replace(EVERYBODY, words=["nordisk"]),
    ):
        made = [await handed_in(store) for _ in range(5)]
        first = await store.found(asked, limit=2)
        assert [one.id for one in first.documents] == [made[4], made[3]]
        await handed_in(store)
        second = await store.found(asked, after=first.next, limit=2)
        assert [one.id for one in second.documents] == [made[2], made[1]]
        third = await store.found(asked, after=second.next, limit=1)
        assert [one.id for one in third.documents] == [made[0]]


async def test_a_cursor_that_was_not_given_out_is_refused(store: Store) -> None:
    feed = await store.feed(OURS.id, None, 1)
    assert not feed
    for cursor in ("", "cur_", "doc_1", "cur_" + "0" * 32, "1 OR 1=1"):
        with pytest.raises(BadCursor):
            await store.found(EVERYBODY, after=cursor)


async def test_facets_count_what_is_found(store: Store) -> None:
    for kind in ("invoice", "invoice", "credit_note"):
        await handed_in(store, head=replace(HEAD, kind=kind), channel="peppol")
    await handed_in(store, THEIRS.id, head=replace(HEAD, kind="reminder"))
    spread = await store.facets(EVERYBODY)
    assert (spread.counted, spread.whole) == (4, True)
    assert spread.of == {
        "state": [("routing", 4)],
        "channel": [("peppol", 3)],
        "company": [(OURS.id, 3), (THEIRS.id, 1)],
        "code": [("test.code", 4)],
        "kind": [("invoice", 2), ("credit_note", 1), ("reminder", 1)],
        "direction": [("out", 4)],
    }
    spread = await store.facets(replace(EVERYBODY, companies=[OURS.id]), values=1)
    assert spread.of["kind"] == [("invoice", 2)]
    assert spread.of["company"] == [(OURS.id, 3)]


async def test_suggestions_are_of_what_one_may_see(store: Store) -> None:
    await handed_in(store)
    await handed_in(store, THEIRS.id, head=Head(number="F-99", recipient_name="Nordea Bank"))
    assert set(await store.suggested(None, "nord")) == {
        ("words", "Nordisk Åkers-Bygg AS"),
        ("words", "Nordea Bank"),
    }
    assert list(await store.suggested([OURS.id], "nord")) == [("words", "Nordisk Åkers-Bygg AS")]
    assert list(await store.suggested([OURS.id], "F-20")) == [("numbers", "F-2026/17")]
    assert list(await store.suggested(None, "91813")) == [("parties", "0192:918130047")]
    assert list(await store.suggested([OURS.id], "F-9")) == []
    assert list(await store.suggested(None, " -")) == []
    assert len(await store.suggested(None, "f", limit=1)) == 1


async def test_rules_that_fail_are_counted(store: Store) -> None:
    await handed_in(store, broken=[Broken("BR-01", "warning"), Broken("BR-02", "fatal")])
    await handed_in(store, broken=[Broken("BR-01", "fatal")])
    await handed_in(store, THEIRS.id, broken=[Broken("BR-03", "information")])
    rules = await store.failing_rules(None, NOW - DAY)
    assert [(one.rule, one.severity, one.documents) for one in rules] == [
        ("BR-01", "fatal", 2),
        ("BR-02", "fatal", 1),
        ("BR-03", "information", 1),
    ]
    assert {(one.first_at, one.last_at) for one in rules} == {(NOW, NOW)}
    mine = await store.failing_rules([THEIRS.id], NOW - DAY)
    assert [one.rule for one in mine] == ["BR-03"]
    assert [one.rule for one in await store.failing_rules(None, NOW, limit=1)] == ["BR-01"]
    assert not await store.failing_rules([], NOW - DAY)
    assert not await store.failing_rules(None, NOW + DAY)


async def test_what_has_gone_is_not_found(store: Store) -> None:
    gone = await handed_in(
        store, change=moved(State.RECEIVED, State.REJECTED), broken=[Broken("BR-01", "fatal")]
    )
    terms = {"": Terms(NOW + DAY, NOW + DAY, NOW + DAY)}
    expired = await store.expire(OURS.id, Direction.OUT, terms, None, 10)
    assert expired.documents == 1
    assert gone not in await ids(store, words=["nordisk"])
    assert not await store.suggested(None, "nord")
    assert not await store.failing_rules(None, NOW - DAY)


async def test_older_documents_are_named_once(store: Store) -> None:
    await store.arrive(arrival(), NOW)
    assert not await store.name_older(10)
