"""Late results: asks each channel what has become of what it took.

In charge of finding the document of a report and of saving what it makes of it (`late`), once.
A report on a document that is being worked on just now is kept and taken up at the next round; a
crash loses nothing by that, since the channel tells it again.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    """Collects from every channel."""

    def __init__(
        self, store: Store, inboxes: Inboxes, transports: Mapping[str, Transport], clock: Clock
    ) -> None:
        self._store = store
        self._inboxes = inboxes
        self._transports = transports
        self._clock = clock
        self._put_off: list[Report] = []

    async def once(self) -> None:
        """One round with every channel. Raises what the store and the channels raise."""
        put_off, self._put_off = self._put_off, []
        for report in put_off:
            await self._take_up(report)
        for transport in self._transports.values():
            await self._round(transport)

    async def _round(self, transport: Transport) -> None:
        try:
            async for item in transport.collect():
                match item:
                    case Report():
                        await self._take_up(item)
                    case Inbound():
                        if not await self._inboxes.take(transport.name, item):
                            log.warning("inbound_for_nobody", channel=transport.name, id=item.id)
                    case _:
                        assert_never(item)
        except NotCollected as error:
            log.warning("not_collected", channel=transport.name, code=error.verdict.code)

    async def _take_up(self, report: Report) -> None:
        """Takes a report up, or puts it off behind those on the same document that were."""
        waits = any(earlier.key == report.key for earlier in self._put_off)
        if waits or not await self._report(report):
            self._put_off.append(report)

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
        last = next(a for a in reversed(attempts) if a.leg == leg.n)
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
