"""Has the invoice shown in the recipient's internet bank, through the banks' distributor.

In charge of the channel's contract: who can be reached by a company's terms and the consumers that
have registered, what goes into an entry of a batch, and what the distributor's files mean. Not in
charge of the files (`wire`), of which entries go together (`batches`) or of the server (`sftp`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final, assert_never
from uuid import UUID

from transports.bank_se import entries, reports
from transports.bank_se import terms as terms_of
from transports.bank_se.batches import Batches, Bounds, Closed, Sleep
from transports.bank_se.consumers import Consumers, Issuers
from transports.bank_se.identifiers import Fmi, without_persons
from transports.bank_se.sftp import TROUBLES, Server, Session, Trouble
from transports.bank_se.wire import batch as wire
from transports.bank_se.wire.elements import Malformed
from transports.bank_se.wire.incoming import Incoming, read_incoming
from transports.bank_se.wire.receipts import (
    BatchReceipt,
    InvoiceReceipts,
)
from transports.bank_se.wire.registrations import Registrations, write_answers
from transports.base import (
    Entry,
    Envelope,
    Evidence,
    Inbound,
    Inquiry,
    NotCollected,
    NotReachable,
    Now,
    Outcome,
    Reachability,
    Reachable,
    Refused,
    Register,
    Repeat,
    Report,
    Sent,
    TryLater,
    Unknown,
    Verdict,
    utc_now,
)

_BATCH: Final = "batch"
_BATCH_KEPT: Final = timedelta(days=90)
_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class BankSeSettings:
    """The channel's configuration.

    `recognises_key` False says that the distributor would forward a repeated invoice twice: then an
    attempt without an outcome is held for a person.
    """

    server: Server
    recognises_key: bool = True
    bounds: Bounds = field(default_factory=Bounds)
    most_invoice_bytes: int = 5_000_000
    most_file_bytes: int = 20_000_000
    exchange_timeout_s: float = 300  # a batch up, or a round of files down
    collect_every_s: float = 60
    report_days: int = 14
    upload_directory: str = "in"
    download_directory: str = "out"
    done_directory: str = "out/done"
    failed_directory: str = "out/failed"


@dataclass(frozen=True, slots=True)
class _Handed:
    """What became of a batch."""

    batch: wire.Batch
    told: str
    trouble: Trouble | None


class BankSe:
    """The channel `bank_se`. Create and use it in a running event loop."""

    name = "bank_se"
    needs_image = False
    merge_bytes: int | None = None
    at_once: int | None = None  # those that come together go in one file

    def __init__(
        self,
        settings: BankSeSettings,
        register: Register,
        issuers: Issuers,
        *,
        now: Now = utc_now,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.repeat = Repeat.SAFE if settings.recognises_key else Repeat.HOLD
        self._settings = settings
        self._register = register
        self.issuers = issuers
        self._consumers = Consumers(register, issuers, now)
        self._batches = Batches(self._send, settings.bounds, sleep)
        self._now = now
        self._collect_at: datetime | None = None
        self._told: set[str] = set()  # files whose reports were taken

    def wrong(self, terms: Mapping[str, Any]) -> tuple[str, ...]:
        """What is wrong with a sender's terms, all of it; empty where nothing is."""
        return terms_of.wrong(terms)

    # --- resolve ------------------------------------------------------------------------------

    async def resolve(self, inquiry: Inquiry) -> Reachability:
        """Reachable where the recipient has registered for this issuer, or has an FMI that the
        terms trust, and the invoice is one that the banks can have paid."""
        found = entries.settled(inquiry.terms, inquiry.sender)
        if isinstance(found, Verdict):
            return NotReachable(found)
        person = entries.person(inquiry.recipient, self._now())
        if isinstance(person, Verdict):
            return NotReachable(person)
        faults = () if inquiry.supposed else found.faults(inquiry.summary)
        if faults:
            return NotReachable(entries.not_payable(faults))
        banks = await self._consumers.banks(inquiry.sender.company_id, found.fui, person)
        stated = inquiry.recipient.fmi and Fmi.parse(inquiry.recipient.fmi).place
        warnings = () if inquiry.supposed else found.warnings(inquiry.summary)
        warned = "".join(f" {each}" for each in warnings)
        if banks:
            # The bank told us where: what the sender believes counts among several alone.
            place = stated if stated and stated in banks else banks[0]
            text = f"The recipient has registered for your invoices at the bank {place}.{warned}"
            return Reachable(place, Verdict("bank_se.registered", text, text))
        if stated and found.trust_fmi:
            text = f"You gave an FMI at the bank {stated}, which your terms trust.{warned}"
            return Reachable(stated, Verdict("bank_se.given_fmi", text, text))
        text = "The recipient has not registered for your invoices in a bank."
        if stated:
            text += (
                " The FMI that you gave counts alone only where your terms trust it (trust_fmi)."
            )
        return NotReachable(Verdict("bank_se.not_registered", text, text))

    # --- deliver ------------------------------------------------------------------------------

    async def deliver(self, envelope: Envelope) -> Outcome:
        """Hands the invoice over in a batch with others.

        Sent when the batch is up (a report is expected); TryLater when it certainly is not; Unknown
        when the server gave no answer to its handing over.
        """
        entry = entries.entry(envelope, self._settings.most_invoice_bytes)
        if isinstance(entry, Verdict):
            # What may have arrived is not refused for terms that have changed since.
            return Unknown(entry) if envelope.repeated else Refused(entry)
        sent = Evidence("request", wire.MEDIA_TYPE, entry, self._now())
        try:
            handed = await self._batches.carry(envelope.key, entry)
        except Closed as error:
            return Unknown(self._verdict("outcome_unknown", str(error), _NO_ANSWER), (sent,))
        return self._outcome(handed, sent)

    async def _send(self, lines: Sequence[bytes]) -> _Handed:
        """Takes a batch up to the server."""
        batch = wire.write_batch(lines)
        await self._remember(batch)
        session, trouble = Session(), None
        try:
            async with session.open(self._settings.server, self._settings.exchange_timeout_s):
                await session.put(self._settings.upload_directory, batch.name, batch.content)
        except Trouble as error:
            trouble = error
        return _Handed(batch, "\n".join(session.told), trouble)

    async def _remember(self, batch: wire.Batch) -> None:
        """Which invoices are in a batch: the distributor may speak of it as a whole."""
        if await self._register.get("", _BATCH, batch.name) is not None:
            return
        keys = [str(entry.key) for entry in wire.read_batch(batch.content)]
        due_at = self._now() + _BATCH_KEPT
        # False: another process has just written the same.
        await self._register.put([Entry("", _BATCH, batch.name, "", {"keys": keys}, due_at)])

    def _outcome(self, handed: _Handed, sent: Evidence) -> Outcome:
        digest = sha256(handed.batch.content).hexdigest()
        told = f"{handed.batch.name} SHA-256 {digest}\n{handed.told}\n"
        answer = Evidence("answer", "text/plain; charset=utf-8", told.encode(), self._now())
        evidence, trouble = (sent, answer), handed.trouble
        if trouble is None:
            public = "The bank's distributor has the invoice."
            text = f"{public} It is in {handed.batch.name}."
            return Sent(
                self._verdict("accepted", text, public),
                evidence,
                reference=handed.batch.name,
                expects="report",
                until=self._now() + timedelta(days=self._settings.report_days),
            )
        if trouble.unknown:
            verdict = self._verdict("outcome_unknown", str(trouble), _NO_ANSWER)
            return Unknown(verdict, evidence, answered=False)
        verdict = self._verdict(trouble.name, str(trouble), TROUBLES[trouble.name])
        return TryLater(verdict, evidence, answered=False)

    # --- collect ------------------------------------------------------------------------------

    async def collect(self) -> AsyncIterator[Report | Inbound]:
        """Takes the distributor's files in and answers registrations, at most every
        `collect_every_s`; reports of the receipts."""
        now = self._now()
        if self._collect_at is not None and now < self._collect_at:
            return
        self._collect_at = now + timedelta(seconds=self._settings.collect_every_s)
        await self._forget()
        files, trouble = await self._round()
        for name, content, incoming in files:
            for report in await self._reports(name, content, incoming):
                yield report
            self._told.add(name)
        if trouble is not None:
            public = "The distributor's files can not all be read at the moment."
            raise NotCollected(self._verdict("not_collected", str(trouble), public)) from trouble

    async def close(self) -> None:
        """Gives up what is under way."""
        await self._batches.close()

    async def _round(self) -> tuple[list[tuple[str, bytes, Incoming]], Exception | None]:
        """One visit to the server: the receipts there are, and what kept us from more."""
        settings, session = self._settings, Session()
        files: list[tuple[str, bytes, Incoming]] = []
        unread: Exception | None = None
        try:
            async with session.open(settings.server, settings.exchange_timeout_s):
                names = await session.names(settings.download_directory)
                for name in await self._put_away(session, names):
                    if sum(len(content) for _, content, _ in files) > settings.most_file_bytes:
                        self._collect_at = None  # there are more: no need to wait
                        break
                    unread = await self._take(session, name, files) or unread
                await self._answer(session)
        except Trouble as trouble:
            return files, trouble
        return files, unread

    async def _take(
        self, session: Session, name: str, files: list[tuple[str, bytes, Incoming]]
    ) -> Malformed | None:
        """Takes one file in. Registrations are done with; receipts are put among `files`."""
        settings = self._settings
        path = f"{settings.download_directory}/{name}"
        content = await session.read(path, settings.most_file_bytes)
        if content is None and await session.size(path) is None:
            return None  # another worker was faster
        try:
            if content is None:
                raise Malformed(f"the file has over {settings.most_file_bytes} bytes")
            incoming = read_incoming(content)
            if isinstance(incoming, BatchReceipt):
                await self._keys(incoming)
        except Malformed as error:
            await session.move(path, settings.failed_directory)
            return Malformed(f"{without_persons(name)}: {error}")
        if isinstance(incoming, Registrations):
            await self._consumers.take(incoming.lines)
            await session.move(path, settings.done_directory)
        else:
            files.append((name, content, incoming))
        return None

    async def _put_away(self, session: Session, names: Sequence[str]) -> list[str]:
        """Moves receipts that were told; the names of all others."""
        settings = self._settings
        for name in self._told.intersection(names):
            path = f"{settings.download_directory}/{name}"
            await session.move(path, settings.done_directory)
        told, self._told = self._told, set()
        return [name for name in names if name not in told]

    async def _answer(self, session: Session) -> None:
        """Answers registrations."""
        while owed := await self._consumers.owed():
            name, content = write_answers([each.answer for each in owed])
            await session.put(self._settings.upload_directory, name, content)
            await self._consumers.told(owed)

    async def _forget(self) -> None:
        await self._consumers.forget()
        for entry in await self._register.due(_BATCH, self._now(), _PAGE):
            await self._register.drop([entry])

    async def _reports(self, name: str, content: bytes, incoming: Incoming) -> list[Report]:
        match incoming:
            case BatchReceipt():
                keys = await self._keys(incoming)
                found = reports.of_batch(incoming, keys, content.decode())
            case InvoiceReceipts():
                found = reports.of_invoices(incoming)
            case Registrations():
                return []
            case _:
                assert_never(incoming)
        said = f"{name} SHA-256 {sha256(content).hexdigest()}"
        remote = self._settings.server.name
        return [each.report(said, remote, self._now()) for each in found]

    async def _keys(self, receipt: BatchReceipt) -> list[UUID]:
        """The invoices of a batch. Raises Malformed for a batch that we did not send."""
        entry = await self._register.get("", _BATCH, receipt.batch)
        if entry is None:
            raise Malformed("the receipt is for a batch that we do not know")
        return [UUID(key) for key in entry.data["keys"]]

    def _verdict(self, name: str, text: str, public_text: str) -> Verdict:
        return Verdict(f"bank_se.{name}", text, public_text, self._settings.server.name)


_NO_ANSWER: Final = "The invoice was handed over to the bank's distributor, and no answer came."
