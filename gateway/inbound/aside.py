"""What came in for nobody here: set aside for an operator, who gives it to a company or drops it.

In charge of where it lies and of both verbs. It lies in an inbox of the gateway's own, of a company
that nobody has a key to: files, findings, retention and sealing are those of any document, and no
company can see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from gateway.audit.chain import NewEntry, Told
from gateway.clock import Clock
from gateway.events import Type
from gateway.inbound.jobs import first_reading
from gateway.lifecycle import LYING, InboxState, inbox_change
from gateway.store.inbox import Handling, Item, Turn
from gateway.store.port import Arrival, Company, Head, NewEvent, NewPart, Role, Store

SET_ASIDE: Final = "com_set_aside"
_OURS: Final = Company(SET_ASIDE, "Set aside: for nobody here", "ZZ", (), {})
_CAME: Final = (Role.ORIGINAL, Role.DOCUMENT, Role.ATTACHMENT, Role.EVIDENCE)

ASSIGNED: Final = "inbox.assigned"
DROPPED: Final = "inbox.dropped"


class NotAside(Exception):
    """There is no such document set aside, or it is not there any more; the text says which."""


async def place(store: Store, now: datetime) -> Company:
    """The company in whose inbox it lies, made when it is needed first."""
    found = await store.company(SET_ASIDE)
    if found is None:
        await store.add_company(_OURS, now)
    return found or _OURS


async def lying(store: Store, after: str | None = None, limit: int = 100) -> Sequence[Item]:
    """What is set aside, in the order it came, past the id `after`."""
    items = []
    for document in await store.inbox(SET_ASIDE, after, limit):
        item = await store.inbox_item(SET_ASIDE, document.id)
        if item is not None:
            items.append(item)
    return items


async def assign(
    store: Store, clock: Clock, document_id: str, company_id: str, *, actor: str, reason: str
) -> str:
    """Gives it to a company: it comes into that one's inbox as anything that comes in. Answers its
    id there; the same one when it was given before. Raises NotAside and LookupError."""
    now = clock.now()
    if await store.company(company_id) is None or company_id == SET_ASIDE:
        raise LookupError(f"there is no company {company_id}")
    item = await _promised(store, await _item(store, document_id), company_id, now)
    stored = await store.files(SET_ASIDE, document_id, _CAME)
    # What was inside a package is taken out of it once more.
    packed = any(part.role is Role.ORIGINAL for part, _ in stored)
    parts = [
        NewPart(part.role, part.name, part.media_type, content)
        for part, content in stored
        if not (packed and part.role is Role.DOCUMENT)
    ]
    key, channel = f"set_aside:{document_id}", item.document.channel or ""
    arrival = Arrival(
        *(key, company_id, Head(), parts, channel),
        jobs=(first_reading(now),),
        state=InboxState.READING,
    )
    # Twice after a crash, and once in the inbox: the key tells.
    given = await store.arrive(arrival, now) or await store.arrived(company_id, key)
    assert given is not None, "it is there by one of both"
    data = {"company": company_id, "document": given, "reason": reason}
    await _end(store, item, ASSIGNED, f"Given to {company_id}.", actor, now, data)
    return given


async def drop(store: Store, clock: Clock, document_id: str, *, actor: str, reason: str) -> None:
    """Ends it: nobody gets it. Its files stay for as long as any document's. Raises NotAside."""
    item = await _item(store, document_id)
    text = "An operator has decided that nobody gets it."
    await _end(store, item, DROPPED, text, actor, clock.now(), {"reason": reason})


async def _promised(store: Store, item: Item, company_id: str, now: datetime) -> Item:
    """Writes whose it is going to be, before it is: a second operator, or a second try after a
    crash, can not give it to another."""
    meant = item.found.get(_MEANT)
    if meant not in (None, company_id):
        raise NotAside(f"{item.document.id} is being given to {meant}")
    stays = inbox_change(item.state, item.state, code=item.code, text=item.text)
    document, found = item.document, {**item.found, _MEANT: company_id}
    turn = Turn(SET_ASIDE, document.id, document.version, stays, (), found)
    if not await store.turn(turn, now):
        raise NotAside(f"{document.id} is changing just now: try again in a moment")
    return await _item(store, document.id)


# In what was found: whose it is going to be.
_MEANT: Final = "meant_for"


async def _item(store: Store, document_id: str) -> Item:
    item = await store.inbox_item(SET_ASIDE, document_id)
    if item is None:
        raise NotAside(f"there is no document {document_id} set aside")
    if item.state not in LYING:
        raise NotAside(f"{document_id} is set aside no more: {item.text}")
    if item.state is InboxState.READING:
        raise NotAside(f"{document_id} is being read: try again in a moment")
    return item


async def _end(
    store: Store,
    item: Item,
    code: str,
    text: str,
    actor: str,
    now: datetime,
    data: dict[str, Any],
) -> None:
    document = item.document
    ended = inbox_change(item.state, InboxState.HANDLED, code=code, text=text)
    told = {"code": code, "text": text, "reference": data.get("document")}
    turn = Turn(
        *(SET_ASIDE, document.id, document.version, ended),
        (NewEvent(Type.INBOX_HANDLED, told),),
        handling=Handling(actor, data.get("document")),
    )
    entry = NewEntry(actor, code, document.id, SET_ASIDE, data)
    if not await store.turn(turn, now, told=Told(entry, now)):
        raise NotAside(f"{document.id} is changing just now: try again in a moment")
