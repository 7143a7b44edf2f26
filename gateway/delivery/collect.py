"""Late results: asks a channel what has become of what it took, and takes in what it brings.

In charge of asking. Not in charge of what a report makes of its document (`reports`). A report on a
document that is being worked on just now is put off to one of the next rounds (`put_off`), on disk:
who has told it may have let go of it by then.
"""

from __future__ import annotations

from typing import assert_never

import structlog

from gateway.clock import Clock
from gateway.delivery.put_off import PutOffs
from gateway.delivery.reports import Reports
from gateway.delivery.turn import Turn
from gateway.inbound.inboxes import Inboxes
from gateway.inbound.incoming import Incoming
from gateway.store.port import Store
from transports.base import Inbound, NotCollected, Report, Transport

log = structlog.get_logger()


class Collecting:
    """Collects from one channel. `turn` where other workers do so too."""

    def __init__(
        self, store: Store, transport: Transport, clock: Clock, turn: Turn | None = None
    ) -> None:
        self._store = store
        self._turn = turn
        self._reports = Reports(store, clock)
        self._inboxes = Inboxes(store, clock)
        self._transport = transport
        self._put_offs = PutOffs(store, clock, transport.name)

    async def in_turn(self) -> None:
        """A round, where it is not another worker's turn; raises what `once` raises."""
        if self._turn is None or await self._turn.mine():
            await self.once()

    async def once(self) -> None:
        """One round. Raises what the store and the channel raise."""
        for company_id, key in await self._put_offs.due():
            waiting = await self._put_offs.of(company_id, key)
            while waiting and await self._taken(waiting[0].report):
                await self._put_offs.drop(waiting.pop(0))
            await self._put_offs.postpone(waiting)
        try:
            async for item in self._transport.collect():
                await self._take(item)
        except NotCollected as error:
            log.warning("not_collected", channel=self._transport.name, code=error.verdict.code)

    async def _take(self, item: Report | Inbound) -> None:
        match item:
            case Report():
                await self._take_report(item)
            case Inbound():
                # Whoever brought it has let go of it: what is for nobody is set aside.
                await self._inboxes.take(
                    Incoming(
                        *(self._transport.name, item.id, item.recipient, item.document),
                        *(item.attachments, item.evidence),
                    )
                )
            case _:
                assert_never(item)

    async def _taken(self, report: Report | None) -> bool:
        return report is None or await self._reports.take(report)

    async def _take_report(self, report: Report) -> None:
        found = await self._store.leg(report.key)
        company_id = found[0].company_id if found else ""
        waits = await self._put_offs.any(company_id, report.key)
        if waits or not await self._reports.take(report):
            await self._put_offs.add(company_id, report)
