"""Reports on what had left: finds the document, and saves what the report makes of it, once.

In charge of one report, wherever it comes from: a channel that is asked (`collect`), or a message
that another access point posts to us (`gateway.inbound.statuses`). What it means is in `late`.
"""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from gateway.clock import Clock
from gateway.delivery.history import every_event
from gateway.delivery.late import BUSY, paid, reported
from gateway.delivery.legs import what_channels_said
from gateway.delivery.outcome import evidence
from gateway.delivery.papers import Papers
from gateway.lifecycle import NotAllowed
from gateway.store.port import Document, MovedOn, NewPart, Store
from transports.base import Paid, Report

log = structlog.get_logger()


class Reports:
    """Takes reports."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def take(self, report: Report) -> bool:
        """Takes up a report; False when its document is in somebody's hands just now."""
        found = await self._store.leg(report.key)
        if found is None:
            log.warning("report_without_document", report_id=report.id)
            return True
        document, leg = found
        if document.state in BUSY and not isinstance(report.outcome, Paid):
            return False
        legs = await self._store.legs(document.company_id, document.id)
        attempts = await self._store.attempts(document.company_id, document.id)
        last = next((a for a in reversed(attempts) if a.leg == leg.n), None)
        if last is None:
            log.warning("report_without_attempt", report_id=report.id, document_id=document.id)
            return True
        parts = evidence(report.outcome.evidence, last)
        if isinstance(report.outcome, Paid):
            return await self._take_payment(report, report.outcome, document, parts)
        papers = Papers(self._store, document)
        work = reported(
            document,
            leg,
            report.outcome,
            plan=await papers.plan(),
            legs=legs,
            earlier=what_channels_said(await every_event(self._store, document)),
            parts=parts,
            now=self._clock.now(),
        )
        try:
            new = await self._store.report(report.key, report.id, work, self._clock.now())
        except NotAllowed:
            return False  # it moved on between the reading and the writing
        if new:
            log.info("report_taken", document_id=document.id, code=report.outcome.verdict.code)
        return True

    async def _take_payment(
        self, report: Report, outcome: Paid, document: Document, parts: Sequence[NewPart]
    ) -> bool:
        """A payment moves no document: it can be written whoever works on it, as long as what the
        buyer has said is what it was. False: somebody was quicker."""
        try:
            new = await self._store.report(
                report.key,
                report.id,
                paid(document, outcome, parts),
                self._clock.now(),
                version=document.version,
            )
        except MovedOn:
            return False
        if new:
            log.info("report_taken", document_id=document.id, code=outcome.verdict.code)
        return True
