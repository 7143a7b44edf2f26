"""The evidence bundle of a document: everything about it in one signed ZIP.

In charge of which files are in it, their names and order. As long as nothing happens to the
document, the bundle made again is the same to the byte.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from gateway.archive import account
from gateway.archive.manifest import Item, signed
from gateway.archive.signing import SigningKey
from gateway.archive.zipped import Entry, entry, zipped
from gateway.delivery.history import every_event
from gateway.delivery.scanning import withheld
from gateway.store.port import Attempt, Direction, Document, Part, Role, Store

# Folder of each part in the ZIP; the numbers put them in the order of what happened.
FOLDERS: dict[Role, str] = {
    Role.ORIGINAL: "1-received",
    Role.ATTACHMENT: "1-received/attachments",
    Role.FETCH: "1-received/fetched",
    Role.UNPACKED: "1-received/unpacked",
    Role.FINDINGS: "2-checked",
    Role.FILES: "2-checked",
    Role.FILLED_IN: "2-checked",
    Role.PLAN: "2-checked",
    Role.DOCUMENT: "3-sent",
    Role.IMAGE: "3-sent",
    Role.MERGED: "3-sent/merged",
    Role.MERGER: "3-sent/merged",
    Role.LINK: "3-sent/link",
    Role.LINKED: "3-sent/link",
    Role.RENDITION: "3-sent/forms",
    Role.RENDERED: "3-sent/forms",
    Role.CHOICE: "3-sent/choice",
    Role.ENVELOPE: "3-sent",
    Role.EVIDENCE: "4-wire",
}

# Where a part of a document that came in lies elsewhere.
_INBOUND: dict[Role, str] = {
    Role.DOCUMENT: "1-received",
    Role.RENDERED: "2-checked/files",
}


# What is hidden in parts that hold what nobody outside may see.
MASKED: dict[Role, str] = {
    Role.ENVELOPE: "personal numbers",
    Role.FETCH: "queries of addresses",
}


@dataclass(frozen=True, slots=True)
class Dossier:
    """A document with all that is known about it; the bytes stay in the store until each is
    written."""

    document: Document
    parts: Sequence[Part]
    attempts: Sequence[Attempt]
    timeline: bytes

    @classmethod
    async def of(cls, store: Store, document: Document) -> Dossier:
        """Reads it."""
        company_id, id_ = document.company_id, document.id
        attempts = await store.attempts(company_id, id_)
        legs = await store.legs(company_id, id_)
        events = await every_event(store, document)
        return cls(
            document,
            await store.parts(company_id, id_),
            attempts,
            account.timeline_json(legs, attempts, events),
        )


def bundle(store: Store, dossier: Dossier, key: SigningKey) -> AsyncIterator[bytes]:
    """The bytes of the ZIP. Raises StorageUnavailable and ContentLost where a file can not be read;
    what was given out then has no end, and no program takes it for a whole ZIP."""
    document = dossier.document
    about = {
        "what": "evidence of a document",
        "document_id": document.id,
        "company_id": document.company_id,
        "direction": document.direction.value,
        "version": document.version,
    }
    return zipped(signed(_items(store, dossier), about, key))


async def _items(store: Store, dossier: Dossier) -> AsyncIterator[Item]:
    yield Item(entry("README.txt", readme(dossier).encode()), "readme", {})
    async for item in contents(store, dossier):
        yield item


async def contents(store: Store, dossier: Dossier, folder: str = "") -> AsyncIterator[Item]:
    """The files of a document below `folder`, which is empty or ends with a slash."""
    document = dossier.document
    yield Item(entry(f"{folder}document.json", account.document_json(document)), "document row", {})
    yield Item(entry(f"{folder}timeline.json", dossier.timeline), "timeline", {})
    for path, part in zip(paths(dossier), dossier.parts, strict=True):
        if withheld(document, part):
            note = entry(f"{folder}{path}.withheld.txt", _WITHHELD)
            yield Item(note, part.role.value, {"withheld": "virus", "stored_sha256": part.sha256})
            continue
        pieces = await store.stream(document.company_id, document.id, part.sha256)
        if pieces is None:  # retention took it between the two reads
            continue
        facts: dict[str, object] = {"name": part.name, "media_type": part.media_type}
        facts["at"] = part.at.isoformat()
        if part.attempt_id is not None:
            facts["attempt_id"] = part.attempt_id
        if part.role in MASKED:
            masked = account.masked_json(b"".join([piece async for piece in pieces]))
            facts["masked"] = MASKED[part.role]
            facts["stored_sha256"] = part.sha256
            yield Item(entry(folder + path, masked), part.role.value, facts)
        else:
            file = Entry(folder + path, part.size_bytes, pieces)
            yield Item(file, part.role.value, facts)


_WITHHELD = b"There is a virus in what came with this document: its files are not handed out.\n"


def paths(dossier: Dossier) -> list[str]:
    """A path for each part: plain ASCII, never twice, whatever the part is called."""
    document = dossier.document
    attempts = {a.id: f"{n:02d}-{_plain(a.channel)}" for n, a in enumerate(dossier.attempts, 1)}
    taken: set[str] = set()
    answers = []
    for n, part in enumerate(dossier.parts, 1):
        folder = FOLDERS[part.role]
        if document.direction is Direction.IN:
            folder = _INBOUND.get(part.role, folder)
        if part.attempt_id is not None:
            folder += f"/{attempts.get(part.attempt_id, '00-unknown')}"
        path = f"{folder}/{_plain(part.name)}"
        if path.lower() in taken:  # Windows knows no difference between large and small
            path = f"{folder}/{n:03d}-{_plain(part.name)}"
        taken.add(path.lower())
        answers.append(path)
    return answers


def _plain(name: str) -> str:
    return re.sub(r"[^0-9A-Za-z._-]", "_", name).lstrip(".")[-100:] or "_"


def readme(dossier: Dossier) -> str:
    """What the bundle is, for somebody who has nothing but it."""
    document, head = dossier.document, dossier.document.head
    facts = [
        ("Document", document.id),
        ("Company", document.company_id),
        ("Direction", "sent by the company" if document.direction == "out" else "came in"),
        ("Number", head.number),
        ("From", _party(head.sender_name, head.sender)),
        ("To", _party(head.recipient_name, head.recipient)),
        ("Amount due", None if head.amount_due is None else f"{head.amount_due} {head.currency}"),
        ("Accepted", document.created_at.isoformat()),
        ("State", f"{document.state.value}: {document.text}"),
        ("Channel", document.channel),
    ]
    lines = [f"{name + ':':<12} {' '.join(value.split())}" for name, value in facts if value]
    tries = [
        f"  {n:02d}  {attempt.started_at.isoformat()}  {attempt.channel}: "
        f"{attempt.outcome or 'no answer is known'} {attempt.code or ''}".rstrip()
        for n, attempt in enumerate(dossier.attempts, 1)
    ]
    return _README.format(facts="\n".join(lines), tries="\n".join(tries) or "  none")


def _party(name: str | None, participant: str | None) -> str:
    return " ".join(filter(None, (name, f"({participant})" if participant else None)))


_README = """\
EVIDENCE OF ONE DOCUMENT

{facts}

Attempts:
{tries}

WHAT IS HERE
document.json     what the gateway knows of the document
timeline.json     every channel, every attempt, every event, with times
1-received/       the bytes as they came, and the files that came along
2-checked/        what was found when it was checked, and the planned route
3-sent/           the bytes that travelled, their image, who sends to whom
4-wire/           for each attempt, what went over the wire and what came back
manifest.json     every file with its SHA-256, size and role
manifest.sig      the gateway's signature over manifest.json (Ed25519, RFC 8032)
public-key.pem    the key the signature is checked with

HOW TO CHECK IT
budkavle evidence verify THIS.zip
or, with OpenSSL 3 in the unpacked folder:
openssl pkeyutl -verify -pubin -inkey public-key.pem -rawin -in manifest.json -sigfile manifest.sig
and compare the SHA-256 of each file with manifest.json. That the key is the gateway's own, its
operator has to tell you in another way.
"""
