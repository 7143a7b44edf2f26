"""What a company does with what came in: hold it, release it, be done with it, repair its files.

In charge of whether it may be done now and of what is written. Not in charge of taking documents
over (`store.lend`, `store.confirm`), nor of answering them (`gateway.inbound.replies`). Every verb
is in the audit, with who did it and why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

from gateway.audit.chain import NewEntry, Told
from gateway.clock import Clock
from gateway.delivery.scanning import INFECTED
from gateway.events import Type
from gateway.inbound import files as records
from gateway.inbound.files import Held
from gateway.inbound.jobs import reading
from gateway.inbound.looking import unfit
from gateway.inbound.reading import NOT_SCANNABLE, SCAN_WAITS
from gateway.intake.attachment import safe_name
from gateway.intake.content import labelled
from gateway.lifecycle import InboxState, inbox_change
from gateway.store.inbox import Handling, Item, Turn
from gateway.store.port import NewEvent, NewPart, Role, Store
from transports.base import File

# A document may move on between the reading and the writing; it does not do so for ever.
_ATTEMPTS: Final = 5
MOST_AT_ONCE: Final = 200

How = Literal["strip", "leave_out", "again"]


@dataclass(frozen=True, slots=True)
class Denied:
    """It can not be done now; the text tells why."""

    text: str


@dataclass(frozen=True, slots=True)
class Replacement:
    """A file that takes the place of the bad one with this number."""

    attachment: int
    file: File


@dataclass(frozen=True, slots=True)
class _Seen:
    """The document as a verb finds it."""

    item: Item
    files: tuple[Held, ...]
    now: datetime


_Decided = Turn | Denied


async def hold(
    store: Store,
    clock: Clock,
    company_id: str,
    document_id: str,
    reason: str,
    *,
    actor: str,
    version: int | None = None,
) -> Item | Denied | None:
    """Keeps it back until it is released; None when there is no such document. Here as with each
    verb: a document that is no more of the `version` that a person had before them is left alone.
    """

    def decide(seen: _Seen) -> _Decided:
        return held(seen.item, reason, seen.now)

    given = (store, clock, company_id, document_id, decide, "inbox.held", actor, reason)
    return await _done(*given, version=version)


def held(item: Item, reason: str, now: datetime) -> Turn | Denied:
    """What holding writes. Pure."""
    if item.state not in (InboxState.NEW, InboxState.ATTACHMENT_ERROR):
        return _not_now(item, "held")
    code, text = "inbox.held", f"Held by a person: {reason}"
    told = {"code": code, "text": text, "reason": reason}
    blocked = (NewEvent(Type.INBOX_BLOCKED, told),)
    return _turn(_Seen(item, (), now), InboxState.BLOCKED, code, text, blocked)


async def release(
    store: Store,
    clock: Clock,
    company_id: str,
    document_id: str,
    reason: str,
    *,
    actor: str,
    version: int | None = None,
) -> Item | Denied | None:
    """Has what is kept back looked at once more, and handed out if nothing else keeps it."""

    def decide(seen: _Seen) -> _Decided:
        return released(seen.item, reason, seen.now)

    given = (store, clock, company_id, document_id, decide, "inbox.released", actor, reason)
    return await _done(*given, version=version)


def released(item: Item, reason: str, now: datetime) -> Turn | Denied:
    """What releasing writes. Pure."""
    if item.state is not InboxState.BLOCKED:
        return _not_now(item, "released")
    if item.code == INFECTED:
        return Denied(f"There is a virus in it: it is never handed out. {item.text}")
    if item.code.startswith("company."):
        return Denied(f"The company may not receive. {item.text}")
    if item.code == SCAN_WAITS:
        return Denied("It waits for the virus scanner, and goes on when that answers.")
    code, text = "inbox.released", "Released: it is looked at once more."
    data = {"unscanned": True} if item.code == NOT_SCANNABLE else {}
    told = {"code": code, "text": text, "reason": reason}
    events = (NewEvent(Type.INBOX_RELEASED, told),)
    turn = _turn(_Seen(item, (), now), InboxState.READING, code, text, events)
    document = item.document
    return replace(turn, jobs=(reading(document.company_id, document.id, now, **data),))


async def handle(
    store: Store,
    clock: Clock,
    company_id: str,
    document_id: str,
    reference: str | None,
    *,
    actor: str,
    version: int | None = None,
) -> Item | Denied | None:
    """The ERP is done with it. Saying so again does no harm, and may give another reference."""

    def decide(seen: _Seen) -> _Decided:
        if seen.item.state not in (*(InboxState.NEW, InboxState.CONFIRMED, InboxState.HANDLED),):
            return _not_now(seen.item, "handled")
        code, text = "inbox.handled", "The ERP is done with it."
        told = {"code": code, "text": text, "reference": reference}
        turn = _turn(seen, InboxState.HANDLED, code, text, (NewEvent(Type.INBOX_HANDLED, told),))
        return replace(turn, handling=Handling(actor, reference))

    item = await store.inbox_item(company_id, document_id)
    if item is not None and (item.state, item.reference) == (InboxState.HANDLED, reference):
        return item
    if item is not None and _is_lent(item, clock.now()):
        return Denied("Another has it just now. Confirm it under its lease first.")
    given = (store, clock, company_id, document_id, decide, "inbox.handled", actor, reference or "")
    return await _done(*given, version=version)


def _is_lent(item: Item, now: datetime) -> bool:
    until = item.lease_until
    return item.state is InboxState.NEW and until is not None and until > now


async def repair(
    store: Store,
    clock: Clock,
    company_id: str,
    document_id: str,
    how: How | Replacement,
    reason: str,
    *,
    attachment: int | None = None,
    actor: str,
    version: int | None = None,
) -> Item | Denied | None:
    """Does something about the bad file with this number, or about all that are bad. Once none is
    left, the ERP may take the document."""

    def decide(seen: _Seen) -> _Decided:
        return repaired(seen.item, seen.files, how, reason, attachment, seen.now)

    given = (store, clock, company_id, document_id, decide, "inbox.repaired", actor, reason)
    return await _done(*given, version=version)


def replacement(
    attachment: int, name: str, content: bytes, settings: Mapping[str, Any]
) -> Replacement | Denied:
    """A file that is to take a bad one's place; Denied where it must not be handed out either."""
    given = File(safe_name(name) or "attachment", "application/octet-stream", content)
    file = labelled(given)
    found = unfit(file, attachment, settings)
    return Replacement(attachment, file) if found is None else Denied(found.text)


async def repair_all(
    store: Store,
    clock: Clock,
    company_id: str,
    how: How,
    reason: str,
    *,
    after: str | None = None,
    actor: str,
) -> tuple[list[str], list[tuple[str, str]], str | None]:
    """Repairs a page of the documents that lie for a bad file: the ids of those repaired, those
    left (id, why), and where to go on. Raises BadCursor."""
    items = await store.inbox_items(
        company_id, InboxState.ATTACHMENT_ERROR, after, MOST_AT_ONCE + 1
    )
    done: list[str] = []
    left: list[tuple[str, str]] = []
    for item in items[:MOST_AT_ONCE]:
        id_ = item.document.id
        said = await repair(store, clock, company_id, id_, how, reason, actor=actor)
        if isinstance(said, Denied):
            left.append((id_, said.text))
        elif said is not None:
            done.append(id_)
    more = len(items) > MOST_AT_ONCE
    return done, left, items[MOST_AT_ONCE - 1].document.id if more else None


def repaired(
    item: Item,
    files: Sequence[Held],
    how: How | Replacement,
    reason: str,
    attachment: int | None,
    now: datetime,
) -> Turn | Denied:
    """What a repair writes. Pure."""
    if item.state is not InboxState.ATTACHMENT_ERROR:
        return _not_now(item, "repaired")
    if isinstance(how, Replacement):
        attachment = how.attachment
    bad = [n for n, file in enumerate(files) if file.bad and attachment in (None, n)]
    if not bad:
        return Denied(f"There is no bad file with the number {attachment}.")
    told = {"attachments": bad, "reason": reason}
    seen = _Seen(item, tuple(files), now)
    if how == "again":
        code, text = "inbox.repaired", "Its files are looked at once more."
        event = NewEvent(Type.INBOX_REPAIRED, {"code": code, "text": text, "how": how, **told})
        turn = _turn(seen, InboxState.READING, code, text, (event,))
        document = item.document
        return replace(turn, jobs=(reading(document.company_id, document.id, now),))
    after, parts = _mended(files, bad, how)
    left = sum(file.bad for file in after)
    state = InboxState.ATTACHMENT_ERROR if left else InboxState.NEW
    code = item.code if left else "inbox.repaired"
    text = f"{left} more files are bad." if left else "Repaired: it may be taken over."
    name = "replaced" if isinstance(how, Replacement) else _DONE[how]
    event = NewEvent(Type.INBOX_REPAIRED, {"code": code, "text": text, "how": name, **told})
    events = [event]
    if not left:
        found = item.found
        events.append(
            NewEvent(
                Type.INBOX_NEW,
                {
                    "code": code,
                    "text": text,
                    "ok": found.get("ok", True),
                    "findings": found.get("fatal", 0),
                    "duplicate_of": found.get("duplicate_of"),
                },
            )
        )
    turn = _turn(seen, state, code, text, events)
    return replace(turn, parts=(*parts, records.part(after)))


_DONE: Final[Mapping[str, Literal["stripped", "left_out"]]] = {
    "strip": "stripped",
    "leave_out": "left_out",
}


def _mended(
    files: Sequence[Held], bad: Sequence[int], how: How | Replacement
) -> tuple[tuple[Held, ...], tuple[NewPart, ...]]:
    after = list(files)
    if isinstance(how, Replacement):
        file, was = how.file, files[how.attachment]
        new = Held.of(file, was.place, None)
        after[how.attachment] = replace(was, done="replaced", by=new.sha256, name=new.name)
        part = NewPart(Role.RENDERED, new.name, file.media_type, file.content)
        return tuple(after), (part,)
    for n in bad:
        after[n] = replace(files[n], done=_DONE[how])
    return tuple(after), ()


def _turn(seen: _Seen, state: InboxState, code: str, text: str, events: Sequence[NewEvent]) -> Turn:
    document = seen.item.document
    return Turn(
        *(document.company_id, document.id, document.version),
        inbox_change(seen.item.state, state, code=code, text=text),
        tuple(events),
    )


def _not_now(item: Item, verb: str) -> Denied:
    return Denied(f"What is {item.state} in the inbox can not be {verb}. {item.text}")


async def _done(
    store: Store,
    clock: Clock,
    company_id: str,
    document_id: str,
    decide: Callable[[_Seen], _Decided],
    action: str,
    actor: str,
    reason: str,
    *,
    version: int | None,
) -> Item | Denied | None:
    for _ in range(_ATTEMPTS):
        item = await store.inbox_item(company_id, document_id)
        if item is None:
            return None
        if version not in (None, item.document.version):
            return Denied(f"It has moved on since you looked at it. Look again. {item.text}")
        stored = await store.files(company_id, document_id, (Role.FILES,))
        files = records.recorded(stored[-1][1] if stored else None)
        now = clock.now()
        decided = decide(_Seen(item, files, now))
        if isinstance(decided, Denied):
            return decided
        data: dict[str, Any] = {"reason": reason}
        entry = NewEntry(actor, action, document_id, company_id, data)
        if await store.turn(decided, now, told=Told(entry, now)):
            return await store.inbox_item(company_id, document_id)
    return Denied("The document is changing just now. Try again in a moment.")
