"""The receipt that one shows to a customer: what is proved, and no more."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

from gateway.delivery.verbs import Verb, act
from gateway.lifecycle import State
from gateway.store.port import Role
from tests.console.acting.desk import failed, reached, script, sent, takes
from tests.console.file_room import FileRoom
from tests.console.office import Browser
from tests.contracts.stores import arrival
from tests.flows.channel import OK, said
from tests.flows.house import SENDER, invoice
from tests.flows.test_recalled import GivingBack
from transports.base import Delivered, Envelope, Evidence, Outcome, Recalled, Refused, Sent


async def shown(room: FileRoom, browser: Browser, document_id: str) -> str:
    page = await browser.get(room.path(document_id, "/receipt"))
    assert page.status == 200
    return page.text


async def test_one_that_was_delivered_shows_its_proof(room: FileRoom, browser: Browser) -> None:
    now = room.office.clock.now()
    signed = b"<Receipt>\x00 the wire </Receipt>"

    async def confirms(_: Envelope) -> Outcome:
        verdict = said("email", "stored", "has <b>put it</b> in the mailbox.")
        proof = (Evidence("receipt", "text/xml", signed, now), Evidence("told", "x/y", b"z", now))
        return Delivered(verdict, proof, reference="msg-4711")

    script(room, reached(confirms))
    document_id = await room.house.submit(invoice(email="kund@customer.example"))
    await room.house.work()
    text = await shown(room, browser, document_id)
    assert "Delivered: the recipient&#39;s side has confirmed that it has it." in text
    for told in ("Invoice F-1", "Holmens Bageri AB", "msg-4711", "<dd>there</dd>"):
        assert told in text
    assert hashlib.sha256(signed).hexdigest() in text
    assert "has &lt;b&gt;put it&lt;/b&gt; in the mailbox." in text
    assert "the wire" not in text
    (part,) = await room.house.parts(document_id, Role.DOCUMENT)
    assert part.sha256 in text
    twin = await browser.get(room.path(document_id, "/receipt.json"))
    view = json.loads(twin.text)
    assert view["verdict"] == "delivered"
    assert [proof["kind"] for proof in view["handed"][0]["proofs"]] == ["receipt"]


async def test_a_letter_is_posted_and_no_more_is_claimed(room: FileRoom, browser: Browser) -> None:
    async def posts(_: Envelope) -> Outcome:
        return Delivered(said("letter", "posted", "posted it."))

    script(room, reached(posts, "letter"))
    document_id = await room.house.submit(invoice())
    await room.house.work()
    text = await shown(room, browser, document_id)
    assert "Posted: the print house has confirmed" in text
    assert "confirmed that it has it" not in text


async def test_one_that_was_only_sent_says_so(room: FileRoom, browser: Browser) -> None:
    text = await shown(room, browser, await sent(room))
    assert "Sent, without proof of delivery" in text
    assert "nothing here proves that the recipient has it" in text
    assert "Delivered" not in text
    assert "No bytes are kept as proof of this." in text


async def test_a_report_that_is_awaited_is_told(room: FileRoom, browser: Browser) -> None:
    channel = reached(_expecting)
    script(room, channel)
    document_id = await room.house.submit(invoice(email="kund@customer.example"))
    await room.house.work()
    assert "its report is still awaited" in await shown(room, browser, document_id)


async def _expecting(_: Envelope) -> Outcome:
    return Sent(OK, expects="report")


async def test_what_was_not_sent_has_none(room: FileRoom, browser: Browser) -> None:
    text = await shown(room, browser, await failed(room))
    assert "Not sent: the recipient does not have it from us." in text
    received = await room.house.submit(invoice(email="kund@customer.example"))
    text = await shown(room, browser, received)
    assert "On its way: nothing here proves yet" in text


async def test_one_that_is_sent_once_more_is_on_its_way(room: FileRoom, browser: Browser) -> None:
    document_id = await sent(room)
    await room.house.do(document_id, Verb.RESEND)
    text = await shown(room, browser, document_id)
    assert "On its way" in text
    assert "Sent by e-mail" in text


async def test_one_that_came_back_shows_both_channels(room: FileRoom, browser: Browser) -> None:
    first, second = reached(_expecting), reached(takes, "letter")
    script(room, first, second)
    document_id = await room.house.submit(invoice(email="kund@customer.example"))
    await room.house.work()
    text = await shown(room, browser, document_id)
    assert "Sent by e-mail; its report is awaited" in text
    wire = Evidence("report", "text/plain", b"bounced", room.office.clock.now())
    first.report(Refused(said("email", "bounced", "tells that it came back."), (wire,)))
    await room.house.later(timedelta(minutes=5))
    text = await shown(room, browser, document_id)
    assert "Sent by e-mail, and came back" in text
    assert "email tells that it came back." in text
    assert hashlib.sha256(b"bounced").hexdigest() in text
    assert "Sent by letter" in text
    assert "Sent, without proof of delivery:" in text


async def test_one_that_was_taken_back_does_not_count(room: FileRoom, browser: Browser) -> None:
    channel = GivingBack(Recalled(said("vipps", "revoked", "has given it back.")))
    script(room, channel)
    body = invoice(channels=["vipps"], phone="+4791234567", consumer=True)
    body["invoice"]["buyer"]["address"]["country"] = "NO"
    document_id = await room.house.submit(body)
    await room.house.work()
    await room.house.is_in(document_id, State.SENT)
    store, clock = room.office.store, room.office.clock
    await act(store, clock, SENDER.id, document_id, Verb.CANCEL, "-", recalling={"vipps"})
    await room.house.work()
    await room.house.is_in(document_id, State.CANCELLED)
    text = await shown(room, browser, document_id)
    assert "Taken back: the channel had it" in text
    assert "Sent by Vipps, and taken back" in text


async def test_what_came_in_has_no_receipt(room: FileRoom, browser: Browser) -> None:
    came_in = arrival(SENDER.id, "k1")
    document_id = await room.office.store.arrive(came_in, room.office.clock.now())
    assert document_id is not None
    assert (await browser.get(room.path(document_id, "/receipt"))).status == 404
