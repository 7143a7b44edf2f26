"""Peppol's monthly reports: made of the messages that were kept, checked, and sent once.

In charge of which messages count for whom and of when a report is due. Not in charge of the form of
the reports (`transports.peppol.reporting`).

Due on the second day of a month for the month before, as other access points do it; the window is
written nowhere that we know of. A month without traffic is reported too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final, Protocol
from uuid import NAMESPACE_URL, uuid5

import structlog

from gateway.clock import Clock
from gateway.store.messages import Message
from gateway.store.port import Company, Store
from schemas import envelope as sbdh
from schemas.identifiers import DocumentType, Participant, Process
from transports.base import Outcome, Sent
from transports.peppol.reporting import (
    EUSR_TYPE,
    PROCESS,
    TSR_TYPE,
    Direction,
    Period,
    Transaction,
    end_user_statistics,
    transaction_statistics,
)
from validators.findings import Report as Findings
from validators.pipeline import validate

log = structlog.get_logger()

CHANNEL: Final = "peppol"
# Reports that were sent are noted beside the messages, under a channel of their own.
NOTED: Final = "peppol_report"
_DUE_DAY: Final = 2
_PAGE: Final = 1000


class Poster(Protocol):
    """What carries a report: `transports.peppol.driver.Peppol`."""

    async def post(self, header: sbdh.Header, document: bytes) -> Outcome:
        """Hands one document over."""
        ...


@dataclass(frozen=True, slots=True)
class MonthlyReport:
    """A report as it goes out, and what our own rules say of it."""

    name: str  # tsr, eusr
    period: Period
    document_type: DocumentType
    content: bytes
    findings: Findings


async def monthly(store: Store, seat: str, period: Period, today: datetime) -> list[MonthlyReport]:
    """Both reports of a month."""
    companies = {company.id: company for company in await store.companies()}
    transactions = [one async for one in _transactions(store, companies, period)]
    reports = []
    for name, kind, make in (
        ("tsr", TSR_TYPE, transaction_statistics),
        ("eusr", EUSR_TYPE, end_user_statistics),
    ):
        content = await asyncio.to_thread(make, period, seat, transactions)
        found = await asyncio.to_thread(validate, content, at=today.date())
        reports.append(MonthlyReport(name, period, kind, content, found))
    return reports


async def _transactions(
    store: Store, companies: Mapping[str, Company], period: Period
) -> AsyncIterator[Transaction]:
    since = datetime.combine(period.first, time(), UTC)
    until = _end(period)
    after = ""
    while page := await store.messages(CHANNEL, since, until, after, _PAGE):
        for message in page:
            # Without a company it was about us: a status, which no end user has sent or received.
            if message.company_id in companies:
                yield _transaction(message, companies[message.company_id])
        after = f"{page[-1].direction} {page[-1].id}"


def _end(period: Period) -> datetime:
    return datetime.combine(period.last + timedelta(days=1), time(), UTC)


def _transaction(message: Message, company: Company) -> Transaction:
    kind_scheme, _, kind = message.document_type.partition("::")
    process_scheme, _, process = message.process.partition("::")
    return Transaction(
        at=message.at,
        direction=Direction(message.direction),
        other_seat=message.provider,
        document_type=DocumentType(kind, kind_scheme),
        process=Process(process, process_scheme),
        end_user=company.id,
        end_user_country=company.country,
        sender_country=message.country,
    )


class MonthlyReports:
    """Sends what is due. `to` is the authority's participant, `own` ours as a service provider."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        poster: Poster,
        *,
        seat: str,
        own: Participant,
        to: Participant,
    ) -> None:
        self._store = store
        self._clock = clock
        self._poster = poster
        self._seat = seat
        self._own = own
        self._to = to

    async def __call__(self, now: datetime) -> bool:
        """One round: what is due and was not sent. False: nothing is left for now."""
        if now.day < _DUE_DAY:
            return False
        period = Period.before(now.date())
        for report in await monthly(self._store, self._seat, period, now):
            await self._send(report, now)
        return False

    async def _send(self, report: MonthlyReport, now: datetime) -> None:
        reference = f"{report.name}:{report.period}"
        if await self._store.message(NOTED, "out", reference) is not None:
            return
        if report.findings.findings:
            rules = sorted({finding.rule for finding in report.findings.findings})
            log.error("report_not_valid", report=reference, rules=rules)
            return
        header = sbdh.Header(
            sender=self._own,
            receiver=self._to,
            document_type=report.document_type,
            process=PROCESS,
            country=None,
            instance_id=str(uuid5(NAMESPACE_URL, f"{self._seat}:{reference}")),
            # Not the time of this try: a message that is tried again must say the same.
            created_at=_end(report.period),
        )
        outcome = await self._poster.post(header, report.content)
        log.info("report_posted", report=reference, outcome=type(outcome).__name__)
        if isinstance(outcome, Sent):
            await self._store.note(_noted(reference, outcome, report, now))


def _noted(reference: str, outcome: Sent, report: MonthlyReport, now: datetime) -> Message:
    return Message(
        channel=NOTED,
        direction="out",
        id=reference,
        reference=outcome.reference or "",
        company_id="",
        document_id=None,
        provider=outcome.verdict.remote or "",
        document_type=str(report.document_type),
        process=str(PROCESS),
        country=None,
        at=now,
    )
