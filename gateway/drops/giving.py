"""Writing documents that came in into the folder `inbox`.

A document counts as taken over (it is confirmed) once its file is on disk there, and not when the
ERP has taken it away: the folder is the company's own, an ERP that copies and deletes nothing would
never confirm anything, and one that reads and deletes is seen by nobody. Its attachments are
written first and itself last: who sees the document sees all of it. After a crash in between it is
written once more under the same name.
"""

from __future__ import annotations

from typing import Final

from gateway.clock import Clock
from gateway.drops.pick_up import fit
from gateway.drops.place import Folder, Visit
from gateway.intake.attachment import distinct
from gateway.store.port import Company, Document, Role, Store
from gateway.trust.gate import OPEN, Gate

_DOCUMENTS: Final = (Role.DOCUMENT, Role.ORIGINAL)


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
        documents = await self._store.inbox(company.id, None, most)
        for document in documents:
            await self._write(visit, company, document)
            await self._store.confirm(company.id, document.id, self._clock.now())
        return len(documents)

    async def _write(self, visit: Visit, company: Company, came: Document) -> None:
        found = await self._store.files(company.id, came.id, (*_DOCUMENTS, Role.ATTACHMENT))
        document = next(
            (each for role in _DOCUMENTS for each in found if each[0].role is role), None
        )
        names: dict[str, bytes] = {}
        for part, content in found:
            if part.role is Role.ATTACHMENT:
                names[distinct(f"{came.id}-{fit(part.name)}", names)] = content
        if document is not None:
            part, content = document
            names[distinct(f"{came.id}-{fit(part.name)}", names)] = content
        for name, content in names.items():
            await visit.write(Folder.INBOX, name, content)
