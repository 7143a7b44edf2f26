"""What is done to one document from the console: shown first, with a reason, once or not at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from gateway.console.acting.allowed import Act, Known, allowed
from gateway.delivery.links import Linking, link_secret
from gateway.delivery.verbs import Verb, facts_of
from gateway.events import Type
from gateway.lifecycle import State
from gateway.store.port import Checkpoint, Done, NewPart, Role
from gateway.trust.gate import Closed
from gateway.trust.people.roles import Role as Part
from tests.console.acting.desk import (
    WHY,
    Doors,
    asked,
    do,
    done,
    failed,
    last,
    nobody_knows,
    reached,
    reason_of,
    script,
    sent,
    takes,
)
from tests.console.file_room import FileRoom
from tests.console.office import ACCOUNT, OURS, THEIRS, Browser, Shown
from tests.flows.channel import Scripted, said
from tests.flows.house import SENDER, invoice
from transports.base import Candidate, Repeat, Several

SECRET = "198701019815"


# --- each verb ----------------------------------------------------------------------------------


async def test_hold_and_release(room: FileRoom, browser: Browser) -> None:
    document_id = await room.house.submit(invoice(email="kund@customer.example"))
    page = await asked(room, browser, document_id, "hold")
    assert "Nothing more happens to it until somebody" in page.text
    page = await done(room, browser, document_id, "hold")
    assert (page.status, page.headers["Location"]) == (303, f"{room.path(document_id)}?done=hold")
    await room.house.is_in(document_id, State.HELD)
    who, what, how = await last(room, document_id)
    assert (what, how) == ("document.held", {"from": "received", "to": "held"})
    found = await room.office.store.person(who.removeprefix("person:"))
    assert found is not None
    assert found.email == "anna@byran.example"
    assert await reason_of(room, document_id, Type.HELD) == WHY
    page = await asked(room, browser, document_id, "release")
    assert "It is checked first" in page.text
    assert (await done(room, browser, document_id, "release")).status == 303
    await room.house.is_in(document_id, State.RECEIVED)


async def test_release_and_retry_say_where_it_goes(room: FileRoom, browser: Browser) -> None:
    script(room, reached(nobody_knows, repeat=Repeat.HOLD), reached(takes, "letter"))
    document_id = await room.house.submit(invoice(email="kund@customer.example"))
    await room.house.work()
    await room.house.is_in(document_id, State.HELD)
    page = await asked(room, browser, document_id, "release")
    assert "It counts as sent from then on." in page.text
    page = await asked(room, browser, document_id, "retry")
    assert "It goes by e-mail first" in page.text
    assert "The recipient may get it twice." in page.text
    assert (await done(room, browser, document_id, "retry")).status == 303
    await room.house.is_in(document_id, State.ROUTING)
    assert (await last(room, document_id))[1] == "document.retried"


async def test_a_failed_one_begins_with_its_first_channel(room: FileRoom, browser: Browser) -> None:
    document_id = await failed(room)
    page = await asked(room, browser, document_id, "retry")
    assert "It goes by e-mail to borta@customer.example." in page.text
    script(room, reached(takes))
    assert (await done(room, browser, document_id, "retry")).status == 303
    await room.house.work()
    await room.house.is_in(document_id, State.SENT)


async def test_resend_is_done_once_however_often_it_is_clicked(
    room: FileRoom, browser: Browser
) -> None:
    document_id = await sent(room)
    page = await asked(room, browser, document_id, "resend")
    assert "It goes by e-mail first, to kund@customer.example." in page.text
    assert "by letter to Holmens Bageri AB, Storgatan 1, 111 22 Stockholm, SE." in page.text
    assert "The recipient may get it twice." in page.text
    fields = {"version": page.value("version"), "once": page.value("once"), "reason": WHY}
    for _ in range(3):
        answer = await browser.post(
            do(room, document_id, "resend"), page.form_token, follow=False, step="do", **fields
        )
        assert answer.status == 303
        await room.house.work()
    assert (await room.house.told(document_id)).count(Type.RESENT) == 1
    assert [channel for channel, _ in await room.house.tries(document_id)] == ["email", "email"]


async def test_cancel_before_it_is_sent(room: FileRoom, browser: Browser) -> None:
    document_id = await room.house.submit(invoice(email="kund@customer.example"))
    page = await asked(room, browser, document_id, "cancel")
    assert "It will not be sent, by any channel." in page.text
    page = await done(room, browser, document_id, "cancel")
    assert page.headers["Location"].endswith("?done=cancel")
    await room.house.is_in(document_id, State.CANCELLED)


async def test_what_a_channel_has_is_asked_for(room: FileRoom, browser: Browser) -> None:
    document_id = await sent(room)
    page = await asked(room, browser, document_id, "cancel")
    assert "<h1>Take the document back</h1>" in page.text
    assert "e-mail is asked to take it back. It may say no" in page.text
    page = await done(room, browser, document_id, "cancel")
    assert page.headers["Location"].endswith("?done=recall")
    await room.house.is_in(document_id, State.SENT)
    assert (await last(room, document_id))[1] == "document.recalling"


async def test_choose_one_of_several(room: FileRoom, browser: Browser) -> None:
    two = (Candidate("5560360793", "Snickeri AB, Stockholm"), Candidate("5560160680", "<i>Malmö"))
    several = Several(said("operator", "several", "knows two."), two)
    script(room, Scripted("operator", {None: [several]}, takes), reached(takes))
    body = invoice(channels=["operator", "email"], email="kund@customer.example")
    body["invoice"]["buyer"]["legal_id"] = {"value": "5567321707", "scheme": "0007"}
    document_id = await room.house.submit(body)
    await room.house.work()
    await room.house.is_in(document_id, State.HELD)
    page = await asked(room, browser, document_id, "choose")
    assert "&lt;i&gt;Malmö" in page.text
    assert "<i>" not in page.text
    page = await done(room, browser, document_id, "choose", address="nobody")
    assert page.status == 409
    page = await done(room, browser, document_id, "choose", address="5560160680")
    assert page.headers["Location"].endswith("?done=choose")
    await room.house.is_in(document_id, State.ROUTING)
    assert await reason_of(room, document_id, Type.CHOSEN) == WHY


async def test_a_link_is_taken_back(room: FileRoom, browser: Browser) -> None:
    house = room.house
    small = reached(takes)
    linking = Linking("http://links.example", 30, await link_secret(house.store))
    document_id = await sent(room)
    assert (await asked(room, browser, document_id, "revoke-link")).text.count("No link to it") == 1
    (leg, *_) = await house.store.legs(SENDER.id, document_id)
    record, linked = linking.make(leg.key, small.name, (), set(), room.office.clock.now())
    await store_parts(room, record.key, linked.parts)
    page = await asked(room, browser, document_id, "revoke-link")
    assert "Links that stop opening: 1." in page.text
    page = await done(room, browser, document_id, "revoke-link")
    assert page.headers["Location"].endswith("?done=revoke-link")
    assert (await last(room, document_id))[1] == "document.unlinked"
    page = await asked(room, browser, document_id, "revoke-link")
    assert "No link to it opens." in page.text


async def store_parts(room: FileRoom, key: UUID, parts: Sequence[NewPart]) -> None:
    work = Checkpoint(Done(), parts=parts)
    assert await room.house.store.report(key, "made", work, room.office.clock.now())


# --- another route ------------------------------------------------------------------------------


async def foreseen(
    room: FileRoom, browser: Browser, document_id: str, **fields: Any
) -> tuple[Shown, dict[str, Any]]:
    """Fills in another route; the page that shows it, and what its form has."""
    await asked(room, browser, document_id, "reroute")
    page = await browser.post(do(room, document_id, "reroute"), step="show", sealed="", **fields)
    names = ("version", "once", "digest", "sealed")
    return page, {name: page.value(name) for name in names} | fields | {"reason": WHY}


async def test_a_bounced_one_goes_to_another_address(room: FileRoom, browser: Browser) -> None:
    document_id = await failed(room)
    script(room, reached(takes))
    page, form = await foreseen(room, browser, document_id, email="ny@customer.example")
    assert page.status == 200
    assert "It goes by e-mail to ny@customer.example." in page.text
    assert "Not configured on this gateway." in page.text  # the reason of a step that is out
    assert (await room.house.document(document_id)).state is State.FAILED
    answer = await browser.post(do(room, document_id, "reroute"), follow=False, step="do", **form)
    assert answer.headers["Location"].endswith("?done=reroute")
    await room.house.work()
    document = await room.house.is_in(document_id, State.SENT)
    assert document.channel == "email"
    legs = await room.office.store.legs(SENDER.id, document_id)
    envelope = json.loads(await newest(room, document_id, Role.ENVELOPE))
    assert envelope["recipient"]["email"] == "ny@customer.example"
    assert len(legs) == 2
    assert await reason_of(room, document_id, Type.REROUTED) == WHY


async def newest(room: FileRoom, document_id: str, role: Role) -> bytes:
    (*_, (_, content)) = await room.office.store.files(SENDER.id, document_id, [role])
    return content


async def test_the_channels_are_asked_and_taken_in_the_order_that_was_chosen(
    room: FileRoom, browser: Browser
) -> None:
    document_id = await failed(room)
    address = {
        "postal_street": "Nygatan 7",
        "postal_post_code": "621 55",
        "postal_city": "Visby",
        "postal_country": "SE",
    }
    page, _ = await foreseen(room, browser, document_id, channels="letter", **address)
    assert "It goes by letter to Holmens Bageri AB, Nygatan 7, 621 55 Visby, SE." in page.text
    assert "Not among the channels you gave for this document." in page.text


async def test_what_is_wrong_is_told_by_its_field_and_nothing_is_lost(
    room: FileRoom, browser: Browser
) -> None:
    document_id = await failed(room)
    await asked(room, browser, document_id, "reroute")
    page = await browser.post(
        do(room, document_id, "reroute"),
        step="show",
        channels="pigeon",
        email="nobody",
        postal_city='Visby "><b>',
        personal_number="12",
    )
    assert page.status == 422
    for told in ("Choose channels of the list", "no e-mail address", "needs a street", "digits"):
        assert told in page.text
    assert 'value="nobody"' in page.text
    assert "Visby &#34;&gt;&lt;b&gt;" in page.text


async def test_a_route_without_a_channel_is_shown_and_not_taken(
    room: FileRoom, browser: Browser
) -> None:
    document_id = await failed(room)
    page, form = await foreseen(room, browser, document_id, channels="kivra")
    assert "Not configured on this gateway." in page.text
    page = await browser.post(do(room, document_id, "reroute"), step="do", **form)
    assert page.status == 409
    assert "No channel is possible that way" in page.text
    await room.house.is_in(document_id, State.FAILED)


async def test_a_personal_number_is_never_shown_again(room: FileRoom, browser: Browser) -> None:
    document_id = await failed(room)
    page, form = await foreseen(room, browser, document_id, personal_number=SECRET)
    assert SECRET not in page.text
    assert form["sealed"]
    shown = await browser.post(
        do(room, document_id, "reroute"), step="edit", **{**form, "personal_number": ""}
    )
    assert SECRET not in shown.text
    assert "leave it empty to keep it" in shown.text
    given = {**form, "personal_number": ""}
    answer = await browser.post(do(room, document_id, "reroute"), follow=False, step="do", **given)
    assert answer.status == 303
    assert SECRET not in answer.headers["Location"]
    envelope = json.loads(await newest(room, document_id, Role.ENVELOPE))
    assert envelope["recipient"]["personal_number"] == SECRET
    for entry in await room.office.store.audit_entries(0, 1000):
        assert SECRET not in entry.data
    for event in await room.house.events(document_id):
        assert SECRET not in json.dumps(event.data)


async def test_what_was_sealed_opens_for_its_own_document_only(
    room: FileRoom, browser: Browser
) -> None:
    one, other = await failed(room), await failed(room)
    _, form = await foreseen(room, browser, one, personal_number=SECRET)
    page = await browser.post(do(room, other, "reroute"), step="edit", sealed=form["sealed"])
    assert "leave it empty to keep it" not in page.text


async def test_a_plan_that_has_become_another_one_is_shown_anew(
    room: FileRoom, browser: Browser
) -> None:
    document_id = await failed(room)
    page, form = await foreseen(room, browser, document_id, email="ny@customer.example")
    settings = {"disabled_routes": ["email"], "route_order": ["letter"]}
    await room.office.store.settle_account(ACCOUNT.id, settings, {})
    page = await browser.post(do(room, document_id, "reroute"), step="do", **form)
    assert page.status == 409
    assert "It has moved on since you looked at it, and nothing was done." in page.text
    assert "Switched off by your rule" in page.text
    await room.house.is_in(document_id, State.FAILED)


# --- what is not done ---------------------------------------------------------------------------


async def test_what_has_moved_on_is_not_touched(room: FileRoom, browser: Browser) -> None:
    document_id = await room.house.submit(invoice(email="kund@customer.example"))
    page = await asked(room, browser, document_id, "cancel")
    fields = {"version": page.value("version"), "once": page.value("once"), "reason": WHY}
    await room.house.do(document_id, Verb.HOLD)
    page = await browser.post(do(room, document_id, "cancel"), step="do", **fields)
    assert page.status == 409
    assert "It has moved on since you looked at it, and nothing was done." in page.text
    assert WHY.partition("<")[0] in page.text  # the reason need not be written again
    await room.house.is_in(document_id, State.HELD)
    for version in ("", "x", "9" * 40, "-1"):
        again = {**fields, "version": version}
        page = await browser.post(do(room, document_id, "cancel"), step="do", **again)
        assert page.status == 409
    await room.house.is_in(document_id, State.HELD)


@pytest.mark.parametrize("reason", ["", "  ", "x" * 501, "bell \x07"])
async def test_a_reason_is_needed(room: FileRoom, browser: Browser, reason: str) -> None:
    document_id = await room.house.submit(invoice(email="kund@customer.example"))
    page = await done(room, browser, document_id, "hold", reason=reason)
    assert page.status == 422
    assert "Say why: 1 to 500 characters." in page.text
    await room.house.is_in(document_id, State.RECEIVED)


async def test_a_form_that_is_not_ours_does_nothing(room: FileRoom, browser: Browser) -> None:
    document_id = await room.house.submit(invoice(email="kund@customer.example"))
    page = await asked(room, browser, document_id, "hold")
    fields = {"version": page.value("version"), "once": page.value("once"), "reason": WHY}
    for token in ("", "0" * 64):
        answer = await browser.post(do(room, document_id, "hold"), token, step="do", **fields)
        assert answer.status == 403
        answer = await browser.post("/console/act", token, verb="hold", row="x/y")
        assert answer.status == 403
    await room.house.is_in(document_id, State.RECEIVED)


async def test_a_reader_has_no_verbs(room: FileRoom) -> None:
    document_id = await sent(room)
    await room.office.person("las@byran.example", Part.READER)
    async with room.office.browser() as browser:
        await browser.sign_in("las@byran.example")
        for verb in Act:
            assert (await browser.get(do(room, document_id, verb))).status == 403
        assert (await browser.get(room.path(document_id, "/receipt"))).status == 200
    document = await room.house.document(document_id)
    knows = Known(await facts_of(room.office.store, document), may=False)
    judged = allowed(document, knows, room.office.clock.now())
    assert {one.why_not for one in judged} == {"role"}


async def test_anothers_document_is_not_there(room: FileRoom, browser: Browser) -> None:
    theirs = f"/console/documents/{THEIRS.id}/doc_x"
    document_id = await sent(room)
    for path in (f"{theirs}/do/hold", f"{theirs}/receipt", do(room, "doc_none", "hold")):
        assert (await browser.get(path)).status == 404
    # Of a company of theirs, but another one's.
    ours = f"/console/documents/{OURS.id}/{document_id}"
    for path in (f"{ours}/do/hold", f"{ours}/receipt", do(room, document_id, "explode")):
        assert (await browser.get(path)).status == 404
    page = await browser.post(f"{theirs}/do/hold", step="do", reason=WHY, version="1", once="1")
    assert page.status == 404


async def test_a_closed_gate_keeps_everything_in(
    room: FileRoom, browser: Browser, doors: Doors
) -> None:
    document_id = await sent(room)
    page = await asked(room, browser, document_id, "resend")
    doors.closed = Closed("company.not_verified", "Nobody has signed for it.", "Not now.")
    fields = {"version": page.value("version"), "once": page.value("once"), "reason": WHY}
    answer = await browser.post(do(room, document_id, "resend"), step="do", **fields)
    assert answer.status == 409
    assert "The company may not send now. Nobody has signed for it." in answer.text
    assert (
        "The company may not send now." in (await asked(room, browser, document_id, "reroute")).text
    )
    assert (await room.house.told(document_id)).count(Type.RESENT) == 0
    # What lets nothing out is done all the same.
    assert (await done(room, browser, document_id, "cancel")).status == 303


async def test_an_operator_acts_for_every_company(room: FileRoom) -> None:
    document_id = await room.house.submit(invoice(email="kund@customer.example"))
    async with room.office.browser() as browser:
        operator = await room.office.operator(browser)
        assert (await done(room, browser, document_id, "hold")).status == 303
        who, what, _ = await last(room, document_id)
    assert (who, what) == (f"person:{operator.id}", "document.held")


async def test_the_twin_says_what_will_happen(room: FileRoom, browser: Browser) -> None:
    document_id = await sent(room)
    page = await browser.get(do(room, document_id, "resend") + ".json")
    assert page.status == 200
    view = json.loads(page.text)
    assert view["possible"] == {"verb": "resend", "why_not": "", "text": ""}
    assert view["sentences"][-1] == "The recipient may get it twice."


async def test_the_pages_are_in_the_readers_language(room: FileRoom) -> None:
    document_id = await sent(room)
    person = await room.office.person("kari@byran.example")
    await room.office.directory.change(person, "operator:test", language="nb")
    async with room.office.browser() as browser:
        await browser.sign_in("kari@byran.example")
        for verb in Act:
            page = await browser.get(do(room, document_id, verb))
            assert page.status == 200
        assert (
            "Det går via e-post først, til kund@customer.example."
            in (await browser.get(do(room, document_id, "resend"))).text
        )


HOSTILE = "\"><script>alert(1)</script>{{7*7}}'"


async def test_foreign_text_is_shown_and_nothing_more(room: FileRoom, browser: Browser) -> None:
    script(room, reached(takes))
    body = invoice(email="kund@customer.example")
    body["invoice"]["buyer"]["name"] = f"Kund {HOSTILE}"
    body["invoice"]["buyer"]["address"]["city"] = HOSTILE
    document_id = await room.house.submit(body)
    await room.house.work()
    await room.house.is_in(document_id, State.SENT)
    pages = [await browser.get(do(room, document_id, verb)) for verb in Act]
    pages.append((await foreseen(room, browser, document_id, channels="letter"))[0])
    pages.append(await browser.get(room.path(document_id, "/receipt")))
    ticked = {"verb": "letter", "row": f"{SENDER.id}/{document_id}"}
    pages.append(await browser.post("/console/act", pages[0].form_token, **ticked))
    for page in pages:
        assert page.status == 200
        assert "<script>alert" not in page.text
        assert "Kund &#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;{{7*7}}&#39;" in page.text
