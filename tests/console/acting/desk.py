"""Acting on documents in a test: a room where they really go their way, and forms as people send
them."""

from __future__ import annotations

import json
from typing import Any

from gateway.events import Type
from gateway.lifecycle import State
from gateway.trust.gate import Closed
from tests.console.file_room import FileRoom
from tests.console.office import Browser, Shown
from tests.flows.channel import OK, Scripted, here, said
from tests.flows.house import invoice
from transports.base import Envelope, Outcome, Refused, Repeat, Sent, Unknown

WHY = "Kunden ringde: <b>fel adress</b>"


class Doors:
    """A gate that a test closes."""

    def __init__(self) -> None:
        self.closed: Closed | None = None

    async def may_submit(self, company_id: str) -> Closed | None:
        return self.closed

    async def may_send(self, company_id: str) -> Closed | None:
        return self.closed

    async def may_arrive(self, company_id: str) -> Closed | None:
        return self.closed

    async def may_receive(self, company_id: str) -> Closed | None:
        return self.closed


def do(room: FileRoom, document_id: str, verb: str) -> str:
    return room.path(document_id, f"/do/{verb}")


async def asked(room: FileRoom, browser: Browser, document_id: str, verb: str) -> Shown:
    page = await browser.get(do(room, document_id, verb))
    assert page.status == 200, (page.status, page.text)
    return page


async def done(room: FileRoom, browser: Browser, document_id: str, verb: str, **more: Any) -> Shown:
    """Asks for a verb as the page shows it, and confirms."""
    page = await asked(room, browser, document_id, verb)
    fields = {"version": page.value("version"), "once": page.value("once"), "reason": WHY}
    return await browser.post(
        do(room, document_id, verb), follow=False, step="do", **{**fields, **more}
    )


def script(room: FileRoom, *channels: Scripted) -> None:
    """Has these channels answer from now on, and no others."""
    room.house.transports.clear()
    room.house.transports.update({channel.name: channel for channel in channels})
    room.house.worker = room.house.new_worker(room.house.store)


async def says_no(_: Envelope) -> Outcome:
    return Refused(said("email", "no", "does not take it."))


async def takes(_: Envelope) -> Outcome:
    return Sent(OK)


async def nobody_knows(_: Envelope) -> Outcome:
    return Unknown(said("email", "unknown", "said nothing."))


def reached(deliver: Any, name: str = "email", repeat: Repeat = Repeat.SAFE) -> Scripted:
    return Scripted(name, {None: [here(name)]}, deliver, repeat=repeat)


async def sent(room: FileRoom, **delivery: Any) -> str:
    """One that went out by e-mail; its channel takes documents back."""
    script(room, reached(takes), reached(takes, "letter"))
    document_id = await room.house.submit(invoice(email="kund@customer.example", **delivery))
    await room.house.work()
    await room.house.is_in(document_id, State.SENT)
    return document_id


async def failed(room: FileRoom) -> str:
    """One that came back from its only channel."""
    script(room, reached(says_no))
    body = invoice(email="borta@customer.example", post_code=None)
    document_id = await room.house.submit(body)
    await room.house.work()
    await room.house.is_in(document_id, State.FAILED)
    return document_id


async def last(room: FileRoom, document_id: str) -> tuple[str, str, dict[str, Any]]:
    """The audit's last word: who, what, and to what it came."""
    entries = await room.office.store.audit_entries(0, 1000)
    entry = [one for one in entries if one.subject == document_id][-1]
    return entry.actor, entry.action, json.loads(entry.data)


async def reason_of(room: FileRoom, document_id: str, type_: Type) -> str:
    events = [one for one in await room.house.events(document_id) if one.type == type_]
    return str(events[-1].data["reason"])
