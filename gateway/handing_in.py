"""Handing a document in without HTTP: from a folder, by mail. The same as `POST /v1/documents`.

In charge of what a file is, of checking its shape and of having it accepted. Not in charge of where
it came from, nor of how the answer gets back there. What is said of a document later, its findings
among them, is an event, whatever way it came.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gateway.clock import Clock
from gateway.delivery.unpacking import Unpacking
from gateway.intake.contents import fault
from gateway.intake.head import LANGUAGES
from gateway.intake.kind import (
    JSON,
    PACKAGES,
    PDF,
    ZIP,
    is_pdf,
    is_submission,
    media_type,
    root_of,
)
from gateway.intake.submission import Refused, check, priority
from gateway.store.ids import new_id
from gateway.store.port import Accepted, Company, KeyReused, NewPart, Role, Store, Submission
from gateway.trust.gate import OPEN, Closed, Gate
from transports.base import File
from validators.findings import Finding

_KINDS: Final = ("application/xml", JSON, *PACKAGES)


@dataclass(frozen=True, slots=True)
class Handed:
    """What is handed in. `key` is the same for a repeat, and nothing else has it: it is kept apart
    from those that ledgers choose, which have no blank in them."""

    original: File
    attachments: tuple[File, ...]
    key: str

    def fingerprint(self) -> str:
        """SHA-256 of all of it."""
        files = [
            (file.name, file.media_type, hashlib.sha256(file.content).hexdigest())
            for file in (self.original, *self.attachments)
        ]
        return hashlib.sha256(json.dumps(files).encode()).hexdigest()


class HandingIn:
    """Where other ways than HTTP hand documents in. `unpacking` is where packages are opened."""

    def __init__(self, store: Store, clock: Clock, unpacking: Unpacking, gate: Gate = OPEN) -> None:
        self._store = store
        self._clock = clock
        self._unpacking = unpacking
        self._gate = gate

    async def hand_in(
        self, company: Company, handed: Handed
    ) -> Accepted | KeyReused | Refused | Closed:
        """Has it accepted: when it returns, it is on disk. Or says why not, and nothing was stored.
        Raises StorageUnavailable."""
        closed = await self._gate.may_submit(company.id)
        if closed is not None:
            return closed
        stated = await self._checked(handed.original)
        if isinstance(stated, Refused):
            return stated
        fingerprint = await asyncio.to_thread(handed.fingerprint)
        delivery = {"findings_language": language(company), **stated}
        return await self._store.accept(
            Submission(
                new_id("doc"),
                company.id,
                handed.original.media_type,
                _parts(handed.original, handed.attachments),
                delivery,
                (handed.key, fingerprint),
                priority(delivery),
            ),
            self._clock.now(),
        )

    async def _checked(self, original: File) -> Mapping[str, Any] | Refused:
        if original.media_type not in _KINDS:
            return Refused((_unknown(original),))
        if original.media_type in PACKAGES:
            return await self._unpacking.check(original)
        return await asyncio.to_thread(check, original)


def language(company: Company) -> str:
    """The language that a company's people are told things in: `en`, `sv` or `nb`."""
    told: str = company.settings.get("language") or LANGUAGES.get(company.country, "en")
    return "nb" if told == "no" else told


def document(name: str, content: bytes) -> File:
    """A file as it can be handed in: with the media type that its content says, else its name."""
    if is_submission(content):
        kind = JSON
    elif root_of(content) is not None:
        kind = "application/xml"
    elif content.startswith(b"PK\x03\x04"):
        kind = ZIP
    elif is_pdf(content):
        kind = PDF
    else:
        kind = media_type(name)
    return File(name, kind, content)


def _unknown(original: File) -> Finding:
    return fault(
        "GUARD-FILE",
        original.name,
        "It is not of a kind that can be handed in.",
        "Put in XML (UBL, Svefaktura or CII), a JSON submission, a ZIP file or a PDF with one of"
        " these inside, or a saved e-mail (.eml).",
    )


def _parts(original: File, attachments: Sequence[File]) -> list[NewPart]:
    roles = [(Role.ORIGINAL, original), *((Role.ATTACHMENT, file) for file in attachments)]
    return [NewPart(role, file.name, file.media_type, file.content) for role, file in roles]
