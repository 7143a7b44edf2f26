"""Late results: asks a channel what has become of what it took, and takes in what it brings.

In charge of finding the document of a report and of saving what it makes of it (`late`), once.
A report on a document that is being worked on just now is put off until the next round; a crash
loses nothing by that, since the channel tells it again.
"""

from __future__ import annotations

from typing import assert_never

import structlog

from gateway.clock import Clock
from gateway.delivery.deliver import every_event
from gateway.delivery.late import BUSY, reported
from gateway.delivery.legs import what_channels_said
from gateway.delivery.outcome import evidence
from gateway.delivery.papers import Papers
from gateway.inbound.inboxes import Inboxes
from gateway.lifecycle import NotAllowed
from gateway.store.port import Store
from transports.base import Inbound, NotCollected, Report, Transport

log = structlog.get_logger()


class Collecting:
    """Collects from one channel."""

    def __init__(self, store: Store, transport: Transport, clock: Clock) -> None:
        self._store = store
        self._inboxes = Inboxes(store, clock)
        self._transport = transport
        self._clock = clock
        self._put_off: list[Report] = []  # in the order they came

    async def once(self) -> None:
        """One round. Raises what the store and the channel raise; what was put off stays so."""
        for report in tuple(self._put_off):
            first = next(other for other in self._put_off if other.key == report.key)
            if first is report and await self._report(report):
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
                if waits or not await self._report(item):
                    self._put_off.append(item)
            case Inbound():
                if not await self._inboxes.take(self._transport.name, item):
                    log.warning("inbound_for_nobody", channel=self._transport.name, id=item.id)
            case _:
                assert_never(item)

    async def _report(self, report: Report) -> bool:
        """Takes up a report; False when its document is in somebody's hands just now."""
        found = await self._store.leg(report.key)
        if found is None:
            log.warning("report_without_document", report_id=report.id)
            return True
        document, leg = found
        if document.state in BUSY:
            return False
        legs = await self._store.legs(document.company_id, document.id)
        attempts = await self._store.attempts(document.company_id, document.id)
        last = next((a for a in reversed(attempts) if a.leg == leg.n), None)
        if last is None:
            log.warning("report_without_attempt", report_id=report.id, document_id=document.id)
            return True
        papers = await Papers.of(self._store, document)
        work = reported(
            document,
            leg,
            report.outcome,
            plan=await papers.plan(),
            legs=legs,
            earlier=what_channels_said(await every_event(self._store, document)),
            parts=evidence(report.outcome.evidence, last),
            now=self._clock.now(),
        )
        try:
            new = await self._store.report(report.key, report.id, work, self._clock.now())
        except NotAllowed:
            return False  # it moved on between the reading and the writing
        if new:
            log.info("report_taken", document_id=document.id, code=report.outcome.verdict.code)
        return True
