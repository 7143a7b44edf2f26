"""Late results: asks a channel what has become of what it took, and takes in what it brings.

In charge of asking. Not in charge of what a report makes of its document (`reports`). A report on a
document that is being worked on just now is put off until the next round; a crash loses nothing by
that, since the channel tells it again.
"""

from __future__ import annotations

from typing import assert_never

import structlog

from gateway.clock import Clock
from gateway.delivery.reports import Reports
from gateway.inbound.inboxes import Inboxes
from gateway.store.port import Store
from transports.base import Inbound, NotCollected, Report, Transport

log = structlog.get_logger()


class Collecting:
    """Collects from one channel."""

    def __init__(self, store: Store, transport: Transport, clock: Clock) -> None:
        self._reports = Reports(store, clock)
        self._inboxes = Inboxes(store, clock)
        self._transport = transport
        self._put_off: list[Report] = []  # in the order they came

    async def once(self) -> None:
        """One round. Raises what the store and the channel raise; what was put off stays so."""
        for report in tuple(self._put_off):
            first = next(other for other in self._put_off if other.key == report.key)
            if first is report and await self._reports.take(report):
                self._put_off.remove(report)
        try:
            async for item in self._transport.collect():
                await self._take(item)
        except NotCollected as error:
            log.warning("not_collected", channel=self._transport.name, code=error.verdict.code)

    async def _take(self, item: Report | Inbound) -> None:
        match item:
            case Report():
                waits = any(earlier.key == item.key for earlier in self._put_off)
                if waits or not await self._reports.take(item):
                    self._put_off.append(item)
            case Inbound():
                if not await self._inboxes.take(self._transport.name, item):
                    log.warning("inbound_for_nobody", channel=self._transport.name, id=item.id)
            case _:
                assert_never(item)
