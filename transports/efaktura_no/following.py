"""The invoices that MPS may have, and what has become of them: an entry of the register for each.

In charge of asking at the right times, for as long as something may still come. Not in charge of
handing over (`driver`).

The entry is written before the call that hands the invoice over. So one whose outcome nobody saw is
asked about like any other, and what MPS never got is forgotten after a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID, uuid4

from transports.base import (
    Delivered,
    Entry,
    Envelope,
    Evidence,
    LateOutcome,
    NotCollected,
    Now,
    Paid,
    Recall,
    Recalled,
    Refused,
    Register,
    Report,
    Sent,
    TryLater,
    Verdict,
)
from transports.efaktura_no.client import Client, Exchange, Silence, Trouble, silent
from transports.efaktura_no.faults import Kind, meaning
from transports.efaktura_no.wire import invoices
from transports.efaktura_no.wire.invoices import InvoiceState, InvoiceStatus
from transports.efaktura_no.wire.operations import Operation, Service
from transports.efaktura_no.wire.soap import Fault, Malformed

_OPEN: Final = "invoice"

AT_ONCE: Final = 8
ROUNDS: Final = 50  # of AT_ONCE in one call: the others' turn comes seconds later

CLAIMED: Final = timedelta(minutes=5)  # whoever asks, and is not heard of, is not waited for longer


@dataclass(frozen=True, slots=True)
class Pace:
    """When an invoice is asked about: `first` after it went, and `span` past its due date no more.
    With a quarter of an hour first it is every hour then, and once a day when it is shown: all that
    can come after that is the payment."""

    first: timedelta
    span: timedelta

    @property
    def usual(self) -> timedelta:
        """Until the consumer has it."""
        return 4 * self.first

    @property
    def shown(self) -> timedelta:
        """Once the net bank shows it."""
        return 96 * self.first


@dataclass(frozen=True, slots=True)
class _Asked:
    entry: Entry
    exchange: Exchange
    told: InvoiceStatus | Fault | Silence


class Following:
    """The invoices that are followed."""

    def __init__(
        self, client: Client, service: Service, register: Register, now: Now, pace: Pace
    ) -> None:
        self._client = client
        self._service = service
        self._register = register
        self._now = now
        self._pace = pace

    def until(self, envelope: Envelope) -> datetime:
        """Until when something may be told of an invoice."""
        now, due = self._now(), envelope.summary.due_date
        last = now if due is None else datetime(due.year, due.month, due.day, tzinfo=now.tzinfo)
        return max(now, last) + self._pace.span

    async def begin(self, envelope: Envelope, consignment: str) -> None:
        """Writes down that MPS may have it from now on, under this consignment."""
        number = envelope.sender.organisation_number
        entry = Entry(
            envelope.sender.company_id,
            _OPEN,
            str(envelope.key),
            data={
                "organisation_number": number,
                "number": envelope.summary.number,
                "consignment": consignment,
                "until": self.until(envelope).isoformat(),
            },
            due_at=self._now() + self._pace.first,
        )
        for _ in range(AT_ONCE):  # a worker may be asking about it just now
            found = await self._register.get(entry.company_id, _OPEN, entry.name)
            known = found is not None and found.data["consignment"] == consignment
            if known or await self._register.put(
                [entry if found is None else replace(entry, version=found.version)]
            ):
                return
        raise RuntimeError("the register's entry of an invoice changes all the time")

    async def forget(self, envelope: Envelope) -> None:
        """Lets go of one that MPS has not got."""
        company_id = envelope.sender.company_id
        found = await self._register.get(company_id, _OPEN, str(envelope.key))
        if found is not None:
            await self._register.drop([found])  # or it lapses

    async def recall(self, company_id: str, key: UUID) -> Recall:
        """Has MPS take an invoice back."""
        found = await self._register.get(company_id, _OPEN, str(key))
        if found is None:
            text = "Nothing can become of this invoice any more: MPS has not got it, or is done."
            return Refused(Verdict("efaktura_no.no_invoice", text, text))
        asked = await self._question(Operation.CANCEL, found)
        evidence = asked.as_question()
        if isinstance(asked.said, Silence):
            # Also where MPS may have done it: asked once more, it says so.
            return TryLater(silent(asked, asked.said), evidence, asked.said.after, answered=False)
        if isinstance(asked.said, Fault):
            meant = meaning(self._service, asked.said)
            verdict = asked.verdict(meant.code, meant.text, asked.said.text)
            if meant.kind is Kind.DONE:
                return Recalled(verdict, evidence)
            failed = meant.kind in (Kind.FAILED, Kind.NOT_ALLOWED)
            return (TryLater if failed else Refused)(verdict, evidence)
        verdict = asked.verdict("efaktura_no.taken_back", "MPS has taken the invoice back.")
        return Recalled(verdict, evidence)

    async def reports(self) -> AsyncIterator[Report]:
        """What has become of those whose time has come. Raises NotCollected."""
        for _ in range(ROUNDS):
            due = await self._register.due(_OPEN, self._now(), AT_ONCE)
            mine = [entry for entry in [await self._claimed(each) for each in due] if entry]
            if not mine:
                return
            silence: Verdict | None = None
            for asked in await asyncio.gather(*map(self._ask, mine)):
                if isinstance(asked.told, Silence):
                    silence = silent(asked.exchange, asked.told)
                    continue
                if isinstance(asked.told, InvoiceStatus):
                    for report in _reports(asked, asked.told, self._now()):
                        yield report
                await self._go_on(asked)
            if silence is not None:
                raise NotCollected(silence)

    async def _claimed(self, entry: Entry) -> Entry | None:
        mine = replace(entry, due_at=self._now() + CLAIMED)
        return replace(mine, version=mine.version + 1) if await self._register.put([mine]) else None

    async def _question(self, operation: Operation, entry: Entry) -> Exchange:
        message, data = str(uuid4()), entry.data
        about = (data["organisation_number"], data["consignment"], data["number"])
        content = invoices.invoice_question(operation, message, *about)
        return await self._client.ask(self._service, operation, message, content)

    async def _ask(self, entry: Entry) -> _Asked:
        asked, data = await self._question(Operation.INVOICE_STATUS, entry), entry.data
        if isinstance(asked.said, Fault | Silence):
            return _Asked(entry, asked, asked.said)
        try:
            told = invoices.read_invoice_status(asked.said)
            if (told.consignment, told.number) != (data["consignment"], data["number"]):
                raise Malformed("the answer is about another invoice")
        except Malformed as error:
            return _Asked(entry, asked, Silence(Trouble.NOT_UNDERSTOOD, str(error)))
        return _Asked(entry, asked, told)

    async def _go_on(self, asked: _Asked) -> None:
        """Says when it is asked about again; never, when nothing more can come."""
        entry, now = asked.entry, self._now()
        state = asked.told.state if isinstance(asked.told, InvoiceStatus) else entry.state
        if state in _LAST or now >= datetime.fromisoformat(entry.data["until"]):
            await self._register.drop([entry])
            return
        wait = self._pace.shown if state == InvoiceState.DELIVERED else self._pace.usual
        await self._register.put([replace(entry, state=state, due_at=now + wait)])


_LAST: Final = frozenset({InvoiceState.REJECTED, InvoiceState.CANCELLED, InvoiceState.PAID})
_NO_NEWS: Final = frozenset({InvoiceState.RECEIVED, InvoiceState.FORWARDED})


def _reports(asked: _Asked, status: InvoiceStatus, now: datetime) -> list[Report]:
    """What a status tells that was not told before."""
    state, key = status.state, UUID(asked.entry.name)
    if state in _NO_NEWS or state == asked.entry.state:
        return []

    def report(outcome: LateOutcome, word: str) -> Report:
        return Report(key, outcome, id=f"efaktura_no/{key}/{word}")

    def verdict(code: str, public_text: str) -> Verdict:
        because = f" {status.reason}" if status.reason else ""
        return asked.exchange.verdict(code, public_text, f"{public_text}{because}")

    answer = asked.exchange.answer
    content = b"" if answer is None else answer.content
    evidence = (Evidence("report", "application/http", content, now),)
    shown = Delivered(
        verdict("efaktura_no.delivered", "The recipient's net bank shows the invoice."), evidence
    )
    match state:
        case InvoiceState.DELIVERED:
            return [report(shown, "delivered")]
        case InvoiceState.PAID:
            paid = Paid(verdict("efaktura_no.paid", "The recipient has paid."), evidence)
            # Who has paid has seen it, should nobody have been told that before.
            first = [] if asked.entry.state == InvoiceState.DELIVERED else [shown]
            return [*(report(each, "delivered") for each in first), report(paid, "paid")]
        case InvoiceState.REJECTED:
            text = "The recipient's bank did not take the invoice."
            return [report(Refused(verdict("efaktura_no.rejected", text), evidence), "rejected")]
        case InvoiceState.CANCELLED:
            text = "The invoice was cancelled at MPS."
            return [report(Recalled(verdict("efaktura_no.cancelled", text), evidence), "cancelled")]
    told = verdict("efaktura_no.reported", "MPS has reported something about the invoice.")
    return [report(Sent(told, evidence, expects="report"), f"state/{state}")]
