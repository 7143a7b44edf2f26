"""What the API answers of the inbox, as types; as `answers`, made from the store's rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from gateway.api import answers
from gateway.api.answers import File, Head, Shown
from gateway.inbound.files import Done, Held, named
from gateway.lifecycle import Business, InboxState
from gateway.store import port
from gateway.store.inbox import Item


class Checked(Shown):
    """What was found when the document was read."""

    ok: bool
    """Whether nothing fatal was found. It is yours all the same: you decide."""
    readable: bool
    """Whether it could be read as an invoice or credit note."""
    structure_ok: bool
    profile: str
    """The rules that it was held to."""
    fatal: int
    """How many fatal findings there are: the document itself has them."""
    warnings: int


class InboxDocument(Shown):
    """A document that came in."""

    id: str
    state: InboxState
    """Where it is in the inbox."""
    code: str
    """Why it is in this state: stable, dotted."""
    text: str
    """Why, in a sentence."""
    received_at: datetime
    channel: str | None
    """The channel that brought it."""
    business: Business
    """What you have said of it so far."""
    media_type: str
    head: Head
    """A credit note's due date is as you have settled it: `credit_note_due_date`."""
    checked: Checked | None
    """Null until it was read."""
    duplicate_of: str | None
    """A document that came in before, with the same sender, number and kind, or the same bytes."""
    same_bytes: bool
    """Whether that one is the same byte for byte."""
    leased_until: datetime | None
    """Until when somebody has it; an hour that is over counts no more."""
    confirmed_at: datetime | None
    handled_at: datetime | None
    handled_by: str | None
    reference: str | None
    """Your own name for it."""
    files: tuple[File, ...]
    links: dict[str, str]


class Inbox(Shown):
    """Documents that came in, in the order they are given out; each stays until it is confirmed."""

    documents: tuple[InboxDocument, ...]
    lease: str | None
    """The name that you have them under, where you asked for them with `lease_s`: give it back when
    you confirm."""
    leased_until: datetime | None
    """What you have not confirmed by then, others may get."""


class Confirmation(Shown):
    """What became of one of the documents to be confirmed."""

    id: str
    confirmed: bool
    """It is yours: since now, or since you confirmed it before."""
    code: str
    """`inbox.confirmed`, `inbox.confirmed_before`, `inbox.lease_lost`, `inbox.not_given`,
    `inbox.not_found`."""
    text: str


class Confirmations(Shown):
    """What became of each, in the order they were named."""

    results: tuple[Confirmation, ...]


class InboxFile(Shown):
    """A file of a document that came in."""

    attachment: int
    """Its number, from 0: `repair` takes it."""
    name: str
    media_type: str
    sha256: str
    size_bytes: int
    place: str
    """`embedded` in the document, or `beside` it."""
    code: str | None
    """What is wrong with it: stable, dotted; null where nothing is."""
    text: str | None
    done: Done | None
    """What was done about that: `replaced`, `stripped`, `left_out`."""
    href: str


class InboxFiles(Shown):
    """The files of a document that came in."""

    files: tuple[InboxFile, ...]


class LeftLying(Shown):
    """A document that was not repaired."""

    id: str
    text: str
    """Why not."""


class InboxRepaired(Shown):
    """What was repaired, up to 200 documents at once."""

    repaired: tuple[str, ...]
    left: tuple[LeftLying, ...]
    next: str | None
    """Pass it as `after` to go on; null at the end."""


class Uploaded(Shown):
    """The document is in your inbox; it is read and checked from here on by itself."""

    id: str
    repeated: bool
    """Whether it was there before, under the same key."""
    links: dict[str, str]


_VERBS = (
    *("content", "attachments", "confirm", "handled", "hold", "release", "repair"),
    "response",
)


def links(document_id: str) -> dict[str, str]:
    """Where everything about a document of the inbox is."""
    here = f"/v1/inbox/{document_id}"
    below = {name: f"{here}/{name}" for name in _VERBS}
    return {"self": here, **below, "document": f"/v1/documents/{document_id}"}


def document(item: Item, parts: Sequence[port.Part]) -> InboxDocument:
    """A document of the inbox."""
    row, found = item.document, item.found
    return InboxDocument(
        id=row.id,
        state=item.state,
        code=item.code,
        text=item.text,
        received_at=row.created_at,
        channel=row.channel,
        business=row.business,
        media_type=row.media_type,
        head=answers.head(row.head),
        checked=_checked(found),
        duplicate_of=found.get("duplicate_of"),
        same_bytes=bool(found.get("same_bytes")),
        leased_until=item.lease_until,
        confirmed_at=row.confirmed_at,
        handled_at=item.handled_at,
        handled_by=item.handled_by,
        reference=item.reference,
        files=answers.files(row.id, parts),
        links=links(row.id),
    )


def _checked(found: Any) -> Checked | None:
    if "ok" not in found:
        return None
    return Checked(**{name: found[name] for name in Checked.model_fields})


def inbox_files(document_id: str, held: Sequence[Held]) -> InboxFiles:
    """The files, each under a name of its own."""
    here = f"/v1/inbox/{document_id}/attachments"
    return InboxFiles(
        files=tuple(
            InboxFile(
                attachment=n,
                name=name,
                media_type=file.media_type,
                sha256=file.sha256,
                size_bytes=file.size_bytes,
                place=file.place,
                code=file.code,
                text=file.text,
                done=file.done,
                href=f"{here}/{n}",
            )
            for n, (file, name) in enumerate(zip(held, named(held), strict=True))
        )
    )
