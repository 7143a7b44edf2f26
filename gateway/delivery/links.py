"""Links to documents, for what is too large for a channel.

In charge of the token, and of the record of a link. Not in charge of the page (`api.link_pages`).

A token is the key of the leg that it was made for and a MAC over it. So every attempt of a leg has
the same link without the link being kept anywhere, nobody can make one up, and the store finds the
document by the leg's key as it does for a late result. When it ends, and that it was taken back, is
in the record: a part of the document, the newest of which counts. It goes when the document does.
"""

from __future__ import annotations

import hmac
import json
import os
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from gateway.audit.chain import NewEntry, Told
from gateway.clock import Clock
from gateway.delivery.envelope import Enclosed, enclosed
from gateway.events import Type
from gateway.store.port import Checkpoint, Done, NewEvent, NewPart, Role, Store
from transports.base import File

# "nobody is to guess": 16 bytes of MAC, as many as a random token of the usual length has.
_MAC_BYTES: Final = 16
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


async def link_secret(store: Store) -> bytes:
    """The key that tokens are made with, made the first time. Other keys are other tokens."""
    return await store.secret("links", os.urandom(32))


def token(secret: bytes, key: UUID) -> str:
    """The token of a leg: 43 characters that a URL may have."""
    mac = hmac.digest(secret, b"link\x00" + key.bytes, "sha256")[:_MAC_BYTES]
    return urlsafe_b64encode(key.bytes + mac).decode().rstrip("=")


def leg_of(secret: bytes, given: str) -> UUID | None:
    """The key of the leg that a token was made for; None for anything that we have not made."""
    if not _TOKEN.fullmatch(given):
        return None
    key = UUID(bytes=urlsafe_b64decode(given + "=")[:16])
    return key if hmac.compare_digest(token(secret, key), given) else None


@dataclass(frozen=True, slots=True)
class Record:
    """A link as it stands: the LINK part. `key` is the leg's; `files` are parts of the document."""

    key: UUID
    until: datetime
    files: tuple[Enclosed, ...]
    revoked: bool = False

    def opens(self, now: datetime) -> bool:
        """Whether the page is shown."""
        return not self.revoked and now < self.until

    def part(self) -> NewPart:
        """The part to be stored."""
        data = {
            "key": str(self.key),
            "until": self.until.isoformat(),
            "revoked": self.revoked,
            "files": [asdict(file) for file in self.files],
        }
        content = json.dumps(data, ensure_ascii=False).encode()
        return NewPart(Role.LINK, "link.json", "application/json", content)


def newest(contents: Sequence[bytes]) -> dict[UUID, Record]:
    """The records of a document's links by leg, out of its LINK parts in the order of writing."""
    records = {}
    for content in contents:
        data = json.loads(content)
        record = Record(
            UUID(data["key"]),
            datetime.fromisoformat(data["until"]),
            tuple(Enclosed(**file) for file in data["files"]),
            data["revoked"],
        )
        records[record.key] = record
    return records


@dataclass(frozen=True, slots=True)
class Linked:
    """A link that was made just now and still has to be stored."""

    parts: tuple[NewPart, ...]
    event: NewEvent


@dataclass(frozen=True, slots=True)
class Linking:
    """How links are made: under which address, and for how many days."""

    url: str
    days: int
    secret: bytes

    def address(self, key: UUID) -> str:
        """The link of a leg."""
        return f"{self.url.rstrip('/')}/d/{token(self.secret, key)}"

    def make(
        self, key: UUID, channel: str, files: Sequence[File], stored: set[str], now: datetime
    ) -> tuple[Record, Linked]:
        """A new link to these files. `stored` are the hashes of those that are parts already."""
        record = Record(
            key, now + timedelta(days=self.days), tuple(enclosed(file) for file in files)
        )
        inside = tuple(
            NewPart(Role.LINKED, file.name, file.media_type, file.content)
            for file in files
            if sha256(file.content).hexdigest() not in stored
        )
        data = {
            "channel": channel,
            "code": "link.made",
            "text": "The files are too large for this channel: it carries a link to them.",
            "until": record.until.isoformat(),
            "files": [file.name for file in files],
        }
        return record, Linked((record.part(), *inside), NewEvent(Type.LINKED, data))


# --- what happens to a link ---------------------------------------------------------------------


async def tell_opened(
    store: Store, key: UUID, channel: str, now: datetime, *, most: int, file: str | None = None
) -> None:
    """Writes that the page was opened, or a `file` of it fetched; at most so often a day."""
    code = "link.opened" if file is None else "link.fetched"
    text = "The link was opened." if file is None else "A file was fetched by the link."
    data = {"channel": channel, "code": code, "text": text}
    if file is not None:
        data["file"] = file
    event = NewEvent(Type.OPENED, data)
    for n in range(1, most + 1):
        seen = f"{code}/{now:%Y-%m-%d}/{n}"
        if await store.report(key, seen, Checkpoint(next=Done(), events=(event,)), now):
            return


async def revoke(
    store: Store, clock: Clock, company_id: str, document_id: str, reason: str, *, actor: str
) -> bool:
    """Takes back every link to a document; False when no link to it opens. The reason is not kept
    in the audit: it may hold names."""
    now = clock.now()
    parts = await store.files(company_id, document_id, [Role.LINK])
    done = False
    for record in newest([content for _, content in parts]).values():
        if not record.opens(now):
            continue
        text = "The link was taken back: it opens nothing any more."
        data = {"code": "link.revoked", "text": text, "reason": reason}
        work = Checkpoint(
            next=Done(),
            parts=(replace(record, revoked=True).part(),),
            events=(NewEvent(Type.UNLINKED, data),),
        )
        told = Told(NewEntry(actor, Type.UNLINKED, document_id, company_id, {}), now)
        done |= await store.report(record.key, "link.revoked", work, now, told=told)
    return done
