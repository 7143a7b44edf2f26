"""Taking what lies in the folder `in`.

In charge of the order of things, which is what makes it exactly once whenever the process dies: a
document is accepted, under a key that the same file has again, and then moved to `done`, its
attachments first and itself last. What was accepted and is still in `in` is known by its key, and
only moved. What is refused is told in a text beside it before it moves to `error`, itself first.

Names in `done` begin with the document's id: each is there once, and whoever looks for one finds
it by either.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from typing import Final, assert_never

import structlog

from gateway.drops.picking import Bundle
from gateway.drops.place import Folder, Kind, Seen, Trouble, Visit, alternatives
from gateway.handing_in import Handed, HandingIn, document, language
from gateway.intake.attachment import distinct, safe_name
from gateway.intake.kind import media_type
from gateway.intake.submission import Refused
from gateway.refusals import fault, text
from gateway.store.port import Accepted, Company, KeyReused, Role, Store
from gateway.trust.gate import Closed
from transports.base import File
from validators.findings import Finding

log = structlog.get_logger()

# Of what file systems let a name have (255 bytes) the document's id and an ending are ours.
_LONGEST_NAME: Final = 180
_UNNAMED: Final = "document"
# Old editors tell UTF-8 by its mark, and want both signs at the end of a line.
_ENCODING: Final = "utf-8-sig"
# Behind the name of a file in `error`: what is wrong with it.
TEXT: Final = ".txt"


class Changed(Exception):
    """What lay there is another one by now: it is looked at anew."""


class PickUp:
    """Takes the files of companies. `most_bytes` is what a document and its files may have."""

    def __init__(self, store: Store, handing_in: HandingIn, most_bytes: int) -> None:
        self._store = store
        self._handing_in = handing_in
        self._most_bytes = most_bytes

    async def take(self, visit: Visit, company: Company, bundle: Bundle) -> bool:
        """Takes one document with its files; whether it was accepted. Raises Trouble and
        StorageUnavailable."""
        try:
            return await self._take(visit, company, bundle)
        except Changed:
            return False

    async def _take(self, visit: Visit, company: Company, bundle: Bundle) -> bool:
        wrong = self._wrong(bundle, language(company))
        if wrong is not None:
            return await self._refuse(visit, company, bundle, (wrong,))
        try:
            handed = await self._handed(visit, bundle)
        except Trouble as trouble:
            if trouble.name != "permission_denied":
                raise
            told = fault("unreadable", bundle.document.name, language(company))
            return await self._refuse(visit, company, bundle, (told,))
        match await self._handing_in.hand_in(company, handed):
            case Accepted(document_id):
                pass
            case KeyReused(document_id):
                if not await self._is_rest(company, document_id, handed.attachments):
                    values = {"document": document_id}
                    name = bundle.document.name
                    told = fault("other_files", name, language(company), **values)
                    return await self._refuse(visit, company, bundle, (told,))
            case Refused(findings):
                return await self._refuse(visit, company, bundle, findings)
            case Closed() as closed:
                return await self._refuse(visit, company, bundle, (), closed.text)
            case answer:
                assert_never(answer)
        names = names_in_done(document_id, handed.original, handed.attachments)
        files = (bundle.document, *bundle.attachments)
        for seen, name in reversed(list(zip(files, names, strict=True))):
            if not await visit.move(Folder.IN, seen, Folder.DONE, name):
                log.info("drop_changed", company=company.id, document=document_id)
        return True

    def _wrong(self, bundle: Bundle, told_in: str) -> Finding | None:
        """What can be said without reading anything."""
        first = bundle.document
        size = sum(seen.size for seen in (first, *bundle.attachments))
        if first.kind is Kind.FOLDER:
            return fault("folder", first.name, told_in)
        if first.kind is Kind.OTHER:
            return fault("no_file", first.name, told_in)
        if bundle.several:
            return fault("several", first.name, told_in)
        if size > self._most_bytes:
            return fault("large", first.name, told_in, size=size, most=self._most_bytes)
        empty = next((seen for seen in (first, *bundle.attachments) if not seen.size), None)
        return None if empty is None else fault("empty", empty.name, told_in)

    async def _handed(self, visit: Visit, bundle: Bundle) -> Handed:
        content = await _read(visit, bundle.document)
        original = document(fit(bundle.document.name), content)
        attachments: dict[str, File] = {}
        for seen in bundle.attachments:
            name = distinct(fit(seen.name), attachments)
            attachments[name] = File(name, media_type(name), await _read(visit, seen))
        return Handed(original, tuple(attachments.values()), key(bundle.document, content))

    async def _is_rest(
        self, company: Company, document_id: str, attachments: Sequence[File]
    ) -> bool:
        """Whether these are files that the document came with, of which others have been moved."""
        parts = await self._store.parts(company.id, document_id)
        known = {part.sha256 for part in parts if part.role is Role.ATTACHMENT}
        return {hashlib.sha256(file.content).hexdigest() for file in attachments} <= known

    async def _refuse(
        self,
        visit: Visit,
        company: Company,
        bundle: Bundle,
        findings: Sequence[Finding],
        why: str = "",
    ) -> bool:
        told = text(bundle.document.name, findings, language(company), why=why)
        name = await _free(visit, fit(bundle.document.name), told)
        await write_text(visit, name, told)
        if not await visit.move(Folder.IN, bundle.document, Folder.ERROR, name):
            raise Changed
        for seen in bundle.attachments:
            beside = await _free(visit, fit(seen.name))
            await visit.move(Folder.IN, seen, Folder.ERROR, beside)
        rules = sorted({finding.rule for finding in findings})
        log.warning("drop_refused", company=company.id, rules=rules)
        return False


async def _free(visit: Visit, name: str, told: str = "") -> str:
    """A name in `error` that no file has, and no text about one; but this very text may have been
    written before a crash."""
    for free in alternatives(name):
        if await visit.one(Folder.ERROR, free) is not None:
            continue
        there = await visit.one(Folder.ERROR, f"{free}{TEXT}")
        if there is None or await visit.read(Folder.ERROR, there) == _written(told):
            return free
    raise AssertionError("there is always another name")


async def write_text(visit: Visit, name: str, told: str) -> None:
    """Writes what is wrong with a file in `error` into one beside it."""
    await visit.write(Folder.ERROR, f"{name}{TEXT}", _written(told))


def _written(told: str) -> bytes:
    return told.replace("\n", "\r\n").encode(_ENCODING, "backslashreplace")


def names_in_done(document_id: str, original: File, attachments: Collection[File]) -> list[str]:
    """What the files of a document are called in `done`."""
    return [f"{document_id}-{file.name}" for file in (original, *attachments)]


def key(seen: Seen, content: bytes) -> str:
    """The key of a document: the same for the same file, also after a crash, and another one for
    one of the same name that was written later."""
    digest = hashlib.sha256(content).hexdigest()
    told = f"{seen.name}\0{seen.modified}\0{digest}".encode("utf-8", "surrogateescape")
    return f"drop {hashlib.sha256(told).hexdigest()}"


def fit(name: str) -> str:
    """A name that can be shown, stored and written, whatever it was."""
    fitting = safe_name(name) or _UNNAMED
    while len(fitting.encode()) > _LONGEST_NAME:
        stem, dot, ending = fitting.rpartition(".")
        fitting = f"{stem[:-1]}{dot}{ending}" if len(stem) > 1 else fitting[:-1]
    return fitting


async def _read(visit: Visit, seen: Seen) -> bytes:
    content = await visit.read(Folder.IN, seen)
    if content is None:
        raise Changed
    return content
