"""What is done to the ticked rows of a list: to each as it was shown, and to no other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape
from typing import Any

from gateway.delivery.verbs import Verb
from gateway.events import Type
from gateway.lifecycle import State
from gateway.trust.gate import Closed
from tests.console.acting.desk import Doors, failed, sent
from tests.console.file_room import FileRoom
from tests.console.office import OURS, THEIRS, Browser, Shown
from tests.contracts.stores import submission
from tests.flows.house import SENDER, invoice

WHY = "De ringde."


def row(document_id: str, company_id: str = SENDER.id) -> str:
    return f"{company_id}/{document_id}"


async def ticked(
    browser: Browser,
    verb: str,
    rows: Sequence[str],
    **more: Any,
) -> Shown:
    """The page that shows what would happen."""
    await browser.get("/console/profile")  # any page of ours has the form's token
    return await browser.post("/console/act", verb=verb, row=list(rows), **more)


async def confirmed(browser: Browser, page: Shown, **more: Any) -> Shown:
    """Confirms what it shows."""
    form = page.text.rpartition('<form method="post" action="/console/act">')[2]
    fields = {
        name: [unescape(value) for value in re.findall(rf'name="{name}" value="([^"]*)"', form)]
        for name in ("verb", "row", "once", "back", "channels")
    }
    return await browser.post("/console/act", **{**fields, "step": "do", "reason": WHY, **more})


async def received(room: FileRoom) -> str:
    return await room.house.submit(invoice(email="kund@customer.example"))


async def held(room: FileRoom) -> str:
    document_id = await received(room)
    await room.house.do(document_id, Verb.HOLD)
    return document_id


async def test_each_verb_on_ticked_rows(room: FileRoom, browser: Browser) -> None:
    ready = {
        "hold": (received, State.HELD),
        "release": (held, State.RECEIVED),
        "cancel": (held, State.CANCELLED),
        "retry": (failed, State.ROUTING),
        "reroute": (failed, State.ROUTING),
        "resend": (sent, State.ROUTING),
    }
    for verb, (make, after) in ready.items():
        documents = [await make(room), await make(room)]
        beside = await make(room)
        page = await ticked(browser, verb, map(row, documents))
        assert page.status == 200
        assert "This will be done to 2" in page.text, verb
        assert beside not in page.text
        before = await room.house.document(beside)
        page = await confirmed(browser, page)
        assert "Done: 2. Not touched: 0." in page.text, (verb, page.text)
        for document_id in documents:
            await room.house.is_in(document_id, after)
        assert await room.house.document(beside) == before


async def test_what_is_not_possible_is_told_and_left(
    room: FileRoom,
    browser: Browser,
) -> None:
    one, not_now, missing = await held(room), await received(room), "doc_<b>none"
    rows = [row(one), row(not_now), row(missing), row("doc_x", THEIRS.id), row(one, OURS.id), "x"]
    page = await ticked(browser, "release", rows)
    assert "This will be done to 1" in page.text
    assert "Not touched: 5" in page.text
    assert "Not for a document in this state: Being checked." in page.text
    assert page.text.count("There is no such document, or it is not yours.") == 4
    assert "doc_&lt;b&gt;none" in page.text
    page = await confirmed(browser, page)
    assert "Done: 1. Not touched: 5." in page.text
    await room.house.is_in(one, State.RECEIVED)
    assert Type.RELEASED not in await room.house.told(not_now)


async def test_a_row_that_has_moved_on_is_not_touched(
    room: FileRoom,
    browser: Browser,
) -> None:
    one, moved, late = await held(room), await held(room), await received(room)
    page = await ticked(browser, "release", map(row, (one, moved, late)))
    await room.house.do(moved, Verb.RELEASE)
    await room.house.do(moved, Verb.HOLD)
    await room.house.do(late, Verb.HOLD)  # now it could be, but it was shown as not to be
    page = await confirmed(browser, page)
    assert "Done: 1. Not touched: 2." in page.text
    assert page.text.count("It has moved on since you looked at it") == 2
    await room.house.is_in(moved, State.HELD)
    await room.house.is_in(late, State.HELD)


async def test_many_go_as_letters(room: FileRoom, browser: Browser) -> None:
    documents = [await sent(room) for _ in range(3)]
    way = "In this order: letter Holmens Bageri AB, Storgatan 1, 111 22 Stockholm, SE."
    page = await ticked(browser, "reroute", map(row, documents), channels="letter")
    assert page.text.count(way) == 3
    page = await ticked(browser, "letter", map(row, documents))
    assert page.text.count(way) == 3
    page = await confirmed(browser, page)
    assert "Done: 3. Not touched: 0." in page.text
    await room.house.work()
    for document_id in documents:
        assert (await room.house.is_in(document_id, State.SENT)).channel == "letter"


async def test_a_row_whose_route_has_no_channel_is_left(
    room: FileRoom,
    browser: Browser,
) -> None:
    document_id = await failed(room)  # without a post code
    page = await ticked(browser, "reroute", [row(document_id)], channels="letter")
    assert "No channel is possible that way" in page.text
    assert 'value="do"' not in page.text


async def test_a_double_click_does_it_once(room: FileRoom, browser: Browser) -> None:
    document_id = await sent(room)
    page = await ticked(browser, "resend", [row(document_id)])
    for _ in range(2):
        again = await confirmed(browser, page)
        assert "Done: 1. Not touched: 0." in again.text
    assert (await room.house.told(document_id)).count(Type.RESENT) == 1


async def test_a_reason_is_needed(room: FileRoom, browser: Browser) -> None:
    document_id = await received(room)
    page = await ticked(browser, "hold", [row(document_id)])
    page = await confirmed(browser, page, reason=" ")
    assert page.status == 422
    assert "Say why: 1 to 500 characters." in page.text
    await room.house.is_in(document_id, State.RECEIVED)
    assert "Done: 1." in (await confirmed(browser, page)).text


async def test_what_can_be_no_wish_does_nothing(room: FileRoom, browser: Browser) -> None:
    document_id = await received(room)
    page = await ticked(browser, "hold", [])
    assert (page.status, "No row was ticked" in page.text) == (422, True)
    page = await ticked(browser, "hold", [row(f"doc_{n}") for n in range(201)])
    assert (page.status, "At most 200 rows at once" in page.text) == (422, True)
    for verb in ("", "choose", "revoke-link", "explode"):
        page = await ticked(browser, verb, [row(document_id)])
        assert page.status == 422
    page = await ticked(browser, "hold", [row(document_id)], back="//evil.example/")
    assert "evil" not in page.text
    await room.house.is_in(document_id, State.RECEIVED)


async def test_two_hundred_rows_fit(room: FileRoom, browser: Browser) -> None:
    rows = [row(f"doc_01900000-0000-7000-8000-{n:012}") for n in range(199)]
    page = await ticked(browser, "hold", [row(await received(room)), *rows])
    assert "This will be done to 1" in page.text
    assert "Done: 1. Not touched: 199." in (await confirmed(browser, page)).text


async def test_a_closed_gate_leaves_every_row(
    room: FileRoom,
    browser: Browser,
    doors: Doors,
) -> None:
    document_id = await sent(room)
    page = await ticked(browser, "resend", [row(document_id)])
    doors.closed = Closed("company.not_verified", "Nobody has signed for it.", "Not now.")
    page = await confirmed(browser, page)
    assert "Done: 0. Not touched: 1." in page.text
    assert "Nobody has signed for it." in page.text


async def test_operators_act_across_companies(room: FileRoom) -> None:
    one, theirs = await received(room), submission(THEIRS.id)
    await room.office.store.accept(theirs, room.office.clock.now())
    other = theirs.document_id
    async with room.office.browser() as page_of:
        await room.office.operator(page_of)
        page = await ticked(page_of, "hold", [row(one), row(other, THEIRS.id)])
        assert "This will be done to 2" in page.text
        assert "Done: 2. Not touched: 0." in (await confirmed(page_of, page)).text
