"""Takes in what the banks' central has for us: agreements, receipts, payments.

In charge of fetching files and of what each means. Not in charge of their form (`reading`,
`receipts`), nor of agreements (`agreements`).

A file is known by its bytes, and taken away once all of it was taken in. Payments are found by
account and KID; those of KIDs that no claim of ours has are left to the ledger's own files.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from transports.avtalegiro import reading, receipts
from transports.avtalegiro.agreements import Agreements, Overtaken
from transports.avtalegiro.files import Agreements as AgreementList
from transports.avtalegiro.files import Payment, Payments, Transmission
from transports.avtalegiro.handing import Phase
from transports.avtalegiro.receipts import Fate, Receipt
from transports.avtalegiro.records import Malformed
from transports.avtalegiro.verdicts import REASONS
from transports.base import (
    Delivered,
    Entry,
    Evidence,
    LateOutcome,
    NotCollected,
    Now,
    Paid,
    Refused,
    Register,
    Report,
    Sent,
    Verdict,
)
from transports.sftp import Server, Session, Trouble

FILE: Final = "file"
"""The kind of the register's entries for files, named by their SHA-256."""

CANCELLATION: Final = "cancellation"
"""The kind of the entries for cancellations, named by the envelope's key; and the state of the
entries that lead from a transmission to one."""

RECEIPT_BYTES: Final = 2000  # of a receipt for a cancellation that are kept: it has three members

_READ: Final = "read"
_UNREADABLE: Final = "unreadable"
_KEPT: Final = timedelta(days=90)
_PAGE: Final = 100
# What the register drops when its time has come.
_PASSING: Final = (FILE, "transmission", "kid", "claim", CANCELLATION)


@dataclass(frozen=True, slots=True)
class _File:
    """A file as it was fetched."""

    name: str
    content: bytes

    @property
    def digest(self) -> str:
        """What it is known by."""
        return hashlib.sha256(self.content).hexdigest()

    def parsed(self) -> Transmission | Receipt:
        """What it says. Raises Malformed."""
        if self.content.startswith(b"NY"):
            return reading.read(self.content)
        return receipts.read(self.content)


class Collecting:
    """The files in one directory of a server."""

    def __init__(
        self,
        server: Server,
        directory: str,
        within_s: float,
        most_bytes: int,
        register: Register,
        now: Now,
    ) -> None:
        self._server = server
        self._directory = directory
        self._within_s = within_s
        self._most_bytes = most_bytes
        self._register = register
        self._agreements = Agreements(register)
        self._now = now

    async def reports(self) -> AsyncIterator[Report]:
        """Takes the files in that are there. Raises NotCollected at the end, where not all could
        be."""
        await self._forget()
        wrong: list[str] = []
        files = await self._fetched(wrong)
        done: list[str] = []
        for file in files:
            entry = await self._register.get("", FILE, file.digest)
            if entry is not None and entry.state == _UNREADABLE:
                continue  # told before; a person takes it away
            entry = entry or Entry("", FILE, file.digest, "", {"name": file.name[:200]})
            try:
                said = file.parsed()
            except Malformed as error:
                wrong.append(f"{file.name}: {error}")
                due_at = self._now() + _KEPT
                await self._register.put([replace(entry, state=_UNREADABLE, due_at=due_at)])
                continue
            if entry.state != _READ:
                for report in await self._told(file, said):
                    yield report
            try:
                await self._note(said, entry)
            except Overtaken:
                continue
            done.append(file.name)
        await self._take_away(done, wrong)
        if wrong:
            public = "The files of the banks' central can not all be read at the moment."
            unread = Verdict(
                "avtalegiro.not_collected", "; ".join(wrong), public, self._server.name
            )
            raise NotCollected(unread)

    async def _fetched(self, wrong: list[str]) -> list[_File]:
        files: list[_File] = []
        session = Session()
        try:
            async with session.open(self._server, self._within_s):
                for name in await session.names(self._directory):
                    room = self._most_bytes - sum(len(file.content) for file in files)
                    content = await session.read(f"{self._directory}/{name}", room)
                    if content is not None:
                        files.append(_File(name, content))
                    elif files:
                        break  # in the next round
                    elif await session.size(f"{self._directory}/{name}") is not None:
                        wrong.append(f"{name} has over {self._most_bytes} bytes")
        except Trouble as trouble:
            wrong.append(str(trouble))
        return files

    async def _take_away(self, names: Sequence[str], wrong: list[str]) -> None:
        if not names:
            return
        session = Session()
        try:
            async with session.open(self._server, self._within_s):
                for name in names:
                    await session.remove(f"{self._directory}/{name}")
        except Trouble as trouble:
            wrong.append(str(trouble))

    async def _told(self, file: _File, said: Transmission | Receipt) -> list[Report]:
        if isinstance(said, Receipt):
            report = await self._receipt(file, said)
            return [] if report is None else [report]
        return await self._payments(file, said)

    async def _note(self, said: Transmission | Receipt, entry: Entry) -> None:
        """Takes agreements in, and notes that all of the file is. Raises Overtaken."""
        if entry.state == _READ:
            return
        if isinstance(said, Transmission):
            entry = await self._lists(said, entry)
        await self._register.put([replace(entry, state=_READ, due_at=self._now() + _KEPT)])

    async def _lists(self, transmission: Transmission, entry: Entry) -> Entry:
        """Takes the agreements in, list by list: `list` says which one is under way."""
        lists = [each for each in transmission.assignments if isinstance(each, AgreementList)]
        for n in range(entry.data.get("list", 0), len(lists)):
            one = lists[n]
            entry = await self._agreements.take(one.account, one.items, entry)
            entry = replace(entry, data={**entry.data, "list": n + 1, "taken": 0})
        return entry

    async def _receipt(self, file: _File, receipt: Receipt) -> Report | None:
        whose = await self._register.get("", "transmission", receipt.transmission)
        if whose is None:
            return None  # of a transmission that others made
        if whose.state == CANCELLATION:
            await self._cancelled(whose, file, receipt)
            return None
        key = UUID(whose.data["key"])
        claim = await self._register.get(whose.data["company"], "claim", str(key))
        if claim is not None and claim.state != Phase.ANSWERED:
            await self._register.put([replace(claim, state=Phase.ANSWERED)])
        evidence = (self._evidence(file.content),)
        outcome: LateOutcome
        if receipt.fate is Fate.ACCEPTED:
            text = "The banks' central has accepted the claim: the payer's bank debits it."
            outcome = Delivered(self._verdict("accepted", text), evidence)
        else:
            why = f" {REASONS[receipt.reason]}." if receipt.reason in REASONS else ""
            text = f"The banks' central has rejected the claim.{why}"
            detail = f"{text} ({receipt.reason})" if receipt.reason else text
            outcome = Refused(self._verdict("rejected", detail, text), evidence)
        return Report(key, outcome, id=f"avtalegiro/{file.digest[:32]}")

    async def _cancelled(self, whose: Entry, file: _File, receipt: Receipt) -> None:
        """Notes what became of a cancellation, for who asks for it (`driver`)."""
        told = file.content[:RECEIPT_BYTES].decode("utf-8", "replace")
        while True:  # each time around it was noted meanwhile that it was handed over
            known = await self._register.get(whose.data["company"], CANCELLATION, whose.data["key"])
            if known is None:
                return
            data = {**known.data, "fate": str(receipt.fate), "receipt": told}
            if await self._register.put([replace(known, state=Phase.ANSWERED, data=data)]):
                return

    async def _payments(self, file: _File, transmission: Transmission) -> list[Report]:
        found: list[Report] = []
        n = 0
        for assignment in transmission.assignments:
            if not isinstance(assignment, Payments):
                continue
            for payment in assignment.items:
                n += 1
                kid = f"{assignment.account}/{payment.kid}"
                whose = await self._register.get("", "kid", kid) if payment.kid else None
                if whose is None:
                    continue
                key = whose.data["key"]
                claim = await self._register.get(whose.data["company"], "claim", key)
                if claim is not None:
                    outcome = self._paid(payment, claim.data)
                    name = f"avtalegiro/{file.digest[:32]}/{n}"
                    found.append(Report(UUID(key), outcome, id=name))
        return found

    def _paid(self, payment: Payment, claim: Any) -> LateOutcome:
        amount = f"{abs(payment.amount) / 100:.2f} NOK on {payment.paid}"
        how = "by AvtaleGiro" if payment.kind == "15" else "by other means than AvtaleGiro"
        # The KID says whose it is, and stays in the banks' file.
        line = f"type {payment.kind}, {payment.paid}, {payment.amount} øre"
        evidence = (self._evidence(line.encode()),)
        if payment.amount < 0:
            text = f"A payment went back: {amount}."
            return Sent(self._verdict("paid_back", text), evidence)
        if payment.amount < claim["amount"]:
            text = f"A part was paid {how}: {amount}."
            return Sent(self._verdict("paid_in_part", text), evidence)
        return Paid(self._verdict("paid", f"It was paid {how}: {amount}."), evidence)

    def _evidence(self, content: bytes) -> Evidence:
        return Evidence("report", "text/plain; charset=utf-8", content, self._now())

    def _verdict(self, name: str, text: str, public_text: str | None = None) -> Verdict:
        return Verdict(f"avtalegiro.{name}", text, public_text or text, self._server.name)

    async def _forget(self) -> None:
        for kind in _PASSING:
            for entry in await self._register.due(kind, self._now(), _PAGE):
                await self._register.drop([entry])
