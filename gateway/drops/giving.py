"""Writing documents that came in into the folder `inbox`.

A document counts as taken over (it is confirmed) once its file is on disk there, and not when the
ERP has taken it away: the folder is the company's own, an ERP that copies and deletes nothing would
never confirm anything, and one that reads and deletes is seen by nobody. Its attachments are
written first and itself last: who sees the document sees all of it. After a crash in between it is
written once more under the same name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

import structlog

from gateway.clock import Clock
from gateway.drops.pick_up import fit
from gateway.drops.place import Folder, Visit
from gateway.inbound.files import BESIDE, EMBEDDED, recorded
from gateway.inbound.formats import Came, bis3
from gateway.intake.attachment import distinct
from gateway.store.ids import new_id
from gateway.store.inbox import Item, Lent, NotGiven
from gateway.store.port import Company, ContentLost, Role, Store
from gateway.trust.gate import OPEN, Gate
from transports.base import File

log = structlog.get_logger()

# Short: nobody else reads the folder's inbox, and after a crash it has to end first.
_LEASE: Final = timedelta(seconds=30)
_WANTED: Final = (
    *(Role.ORIGINAL, Role.DOCUMENT, Role.ATTACHMENT, Role.UNPACKED, Role.RENDERED),
    Role.FILES,
)


class Giving:
    """Writes what is in inboxes."""

    def __init__(self, store: Store, clock: Clock, gate: Gate = OPEN) -> None:
        self._store = store
        self._clock = clock
        self._gate = gate

    async def give(self, visit: Visit, company: Company, most: int) -> int:
        """Writes the first documents of the inbox, and answers how many. Raises Trouble, and what
        the store raises."""
        if await self._gate.may_receive(company.id) is not None:
            return 0
        now, lease = self._clock.now(), new_id("drp")
        items = await self._store.lend(company.id, lease, now, now + _LEASE, most)
        for item in items:
            try:
                await self._write(visit, company, item)
            except ContentLost as error:  # it stays in the inbox, for a person
                log.error("content_lost", company=company.id, reason=str(error))
                continue
            try:
                await self._store.confirm(
                    company.id, item.document.id, self._clock.now(), lease=lease
                )
            except (Lent, NotGiven):
                continue  # a person, or another poller, was faster
        return len(items)

    async def _write(self, visit: Visit, company: Company, item: Item) -> None:
        document = item.document
        came: dict[Role, list[File]] = {role: [] for role in _WANTED}
        for part, content in await self._store.files(company.id, document.id, _WANTED):
            came[part.role].append(File(part.name, part.media_type, content))
        names: dict[str, bytes] = {}
        for file in handed_out(came, document.created_at.date(), company.settings):
            names[distinct(f"{document.id}-{fit(file.name)}", names)] = file.content
        for name, content in names.items():
            await visit.write(Folder.INBOX, name, content)


def handed_out(
    came: Mapping[Role, Sequence[File]], at: date, settings: Mapping[str, Any]
) -> Sequence[File]:
    """The files of a document that go to the ERP, itself last; what a person has taken out of it or
    replaced is so here too."""
    original, beside = came[Role.ORIGINAL], (*came[Role.UNPACKED], *came[Role.ATTACHMENT])
    (document, *_) = (*came[Role.DOCUMENT], *original)
    held = recorded(came[Role.FILES][-1].content if came[Role.FILES] else None)
    by_hash = {_hash(file): file for file in (*original, *beside, *came[Role.RENDERED])}
    if any(file.place == EMBEDDED and file.done for file in held):
        replaced = {_hash(file): file for file in came[Role.RENDERED]}
        first = (*original, document)[0]
        made = bis3(Came(first, document, beside, held, replaced, at, settings))
        if isinstance(made, bytes):
            document = File(document.name, "application/xml", made)
    good = [file for file in held if file.code is None or file.done == "replaced"]
    files = [
        File(file.name, file.media_type, by_hash[file.by or file.sha256].content)
        for file in good
        if file.place == BESIDE and (file.by or file.sha256) in by_hash
    ]
    return (*files, document)


def _hash(file: File) -> str:
    return hashlib.sha256(file.content).hexdigest()
