"""The banks' central on loopback: a real SFTP server that takes claims, and tells what it has.

Its directory is one of the machine's; what is put into `in` is taken up, and what it has for us is
in `out`. The part of the KID that names the customer tells what happens (`MAGIC`); whoever has no
agreement is rejected. Receipts come `answers_after` a claim was taken, payments on its due date, by
`now`, whenever somebody looks into `out`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

import asyncssh

from schemas.references import KidLayout, Positions
from transports.avtalegiro import reading, receipts, writing
from transports.avtalegiro.files import (
    CENTRAL,
    Agreement,
    Agreements,
    Cancellations,
    Claim,
    Claims,
    Payment,
    Payments,
    Registration,
    Transmission,
)
from transports.avtalegiro.receipts import Fate, Receipt
from transports.avtalegiro.records import Malformed
from transports.base import Now, utc_now
from transports.sftp_server import Channel, OpenFiles, SftpServer


class Behaviour(StrEnum):
    """What the central does with a claim."""

    ACCEPT = "accept"  # takes it; it is paid on the due date
    UNPAID = "unpaid"  # takes it; there is no money on the payer's account
    PART = "part"  # takes it; the payer pays half of it by other means
    REJECT = "reject"  # takes the file, and rejects the claim
    DENY = "deny"  # lets nothing be written, a number of times
    FULL = "full"  # has no room, a number of times
    BREAK = "break"  # breaks the connection while it is written, a number of times
    STALL = "stall"  # stops reading while it is written
    LOSE = "lose"  # breaks the connection before it is renamed, a number of times
    DROP = "drop"  # breaks the connection after it was renamed, a number of times
    VANISH = "vanish"  # the same, and it is taken up at once
    HANG = "hang"  # never answers to the rename


# Customers 90000 and up, at the places 1 to 5 of a KID.
REFERENCE: Final = Positions(1, 5)
MAGIC: Final[Mapping[Behaviour, str]] = {
    behaviour: f"900{n:02}" for n, behaviour in enumerate(Behaviour)
}
_BEHAVIOURS: Final = {reference: behaviour for behaviour, reference in MAGIC.items()}


def kid(behaviour: Behaviour, invoice: str = "001001") -> str:
    """A KID of a customer who makes the central do that: 12 digits, by mod10."""
    return KidLayout("mod10", 12, REFERENCE).make(MAGIC[behaviour] + invoice)


@dataclass(slots=True)
class Taken:
    """A claim that was taken up."""

    file: str
    content: bytes
    transmission: str
    account: str
    claim: Claim
    at: datetime
    state: str = "taken"


class Sandbox(SftpServer):
    """The server; `async with Sandbox() as central: ... central.server`.

    `times` is how often behaviours misbehave that do so a number of times, for a claim.
    """

    sender = "00012345"

    def __init__(
        self,
        *,
        now: Now = utc_now,
        times: int = 1,
        answers_after: timedelta = timedelta(seconds=1),
    ) -> None:
        super().__init__(lambda channel: _Files(self, channel))
        self.claims: dict[str, Taken] = {}  # by the name of its file
        self.cancelled: list[tuple[str, str]] = []  # account and KID
        self._agreed: dict[tuple[str, str], bool] = {}
        self._now = now
        self._times = times
        self._answers_after = answers_after
        self._misbehaved: Counter[tuple[Behaviour, str]] = Counter()
        self._numbers: set[tuple[str, str]] = set()
        self._sent = 0

    def agree(self, account: str, *kids: str, notice: bool = False, ends: bool = False) -> None:
        """Payers agree, or end their agreements: a list of them is in `out` from now on."""
        told = Registration.DELETED if ends else Registration.NEW
        for one in kids:
            self._agreed[account, _reference(one)] = not ends
        items = tuple(Agreement(one, told, notice) for one in kids)
        self._put_out(Agreements("0000001", account, items))

    def pay(self, account: str, *payments: Payment) -> None:
        """Money comes in, or goes back: a file tells of it from now on."""
        made = self._now().date()
        self._put_out(Payments("0000001", account, payments, made=made))

    def received(self) -> list[dict[str, Any]]:
        """What was taken, for a page."""
        self.go_on()
        return [
            {
                "to": f"{'*' * 9}{one.claim.kid[-3:]}",
                "number": one.claim.reference,
                "reference": one.transmission,
                "state": one.state,
            }
            for one in self.claims.values()
        ]

    # --- what the central does ------------------------------------------------------------------

    def behaviour(self, content: bytes) -> Behaviour:
        """What is to be done with a claim's file."""
        found = re.search(rb"^NY21(?:02|21)30.{41}([ 0-9-]{25})", content, re.MULTILINE)
        text = found[1].decode().strip() if found else ""
        return _BEHAVIOURS.get(_reference(text), Behaviour.ACCEPT)

    def misbehaves(self, behaviour: Behaviour, name: str) -> bool:
        """Whether it does this time; those that hang always do."""
        self._misbehaved[behaviour, name] += 1
        always = behaviour in (Behaviour.STALL, Behaviour.HANG)
        return always or self._misbehaved[behaviour, name] <= self._times

    def take_up(self, name: str) -> None:
        """Takes a file up that was handed over, and away."""
        path = self.directory / "in" / name
        content = path.read_bytes()
        try:
            transmission = reading.read(content)
            if len(transmission.assignments) != 1:
                raise Malformed("one assignment is expected here")
        except Malformed:
            self._answer(Receipt("0000000", Fate.REJECTED, "malformed"))
            path.unlink()
            return
        (assignment,) = transmission.assignments
        if isinstance(assignment, Cancellations):
            self._cancel(transmission.number, assignment)
        elif isinstance(assignment, Claims):
            (claim,) = assignment.items
            number, account = transmission.number, assignment.account
            taken = Taken(name, content, number, account, claim, self._now())
            self.claims[name] = taken
            if not self._is_new(transmission, assignment):
                self._answer(Receipt(number, Fate.REJECTED, "duplicate"))
                taken.state = "rejected"
        path.unlink()

    def go_on(self) -> None:
        """What the clock brings: files are taken up, receipts told, claims paid."""
        for path in sorted((self.directory / "in").glob("*.txt")):
            self.take_up(path.name)
        now = self._now()
        for one in self.claims.values():
            if one.state == "taken" and now - one.at >= self._answers_after:
                self._judge(one)
            if one.state == "accepted" and now.date() >= one.claim.due:
                self._settle(one)

    def _judge(self, one: Taken) -> None:
        agreed = self._agreed.get((one.account, _reference(one.claim.kid)), False)
        rejected = self.behaviour(one.content) is Behaviour.REJECT
        if rejected or not agreed:
            self._answer(Receipt(one.transmission, Fate.REJECTED, "no_agreement"))
            one.state = "rejected"
        else:
            self._answer(Receipt(one.transmission, Fate.ACCEPTED))
            one.state = "accepted"

    def _settle(self, one: Taken) -> None:
        behaviour, claim = self.behaviour(one.content), one.claim
        one.state = "unpaid" if behaviour is Behaviour.UNPAID else "paid"
        if behaviour is Behaviour.PART:
            self.pay(one.account, Payment("17", claim.due, claim.amount // 2, claim.kid))
        elif behaviour is not Behaviour.UNPAID:
            self.pay(one.account, Payment("15", claim.due, claim.amount, claim.kid))

    def _cancel(self, number: str, assignment: Cancellations) -> None:
        for item in assignment.items:
            self.cancelled.append((assignment.account, item.kid))
            for one in self.claims.values():
                same = one.claim.due, one.claim.amount, one.claim.kid
                if one.account == assignment.account and same == (item.due, item.amount, item.kid):
                    one.state = "cancelled"
        self._answer(Receipt(number, Fate.ACCEPTED))

    def _is_new(self, transmission: Transmission, assignment: Claims) -> bool:
        used = {
            ("transmission", transmission.number),
            (f"assignment {assignment.account}", assignment.number),
        }
        known = used & self._numbers
        self._numbers |= used
        return not known

    def _answer(self, receipt: Receipt) -> None:
        self._write("receipt", "json", receipts.write(receipt))

    def _put_out(self, assignment: Agreements | Payments) -> None:
        number = f"{self._sent + 1:07d}"
        made = self._now().date()
        file = Transmission(CENTRAL, number, self.sender, (assignment,), made)
        self._write("ocr", "txt", writing.write(file))

    def _write(self, kind: str, suffix: str, content: bytes) -> None:
        self._sent += 1
        path = self.directory / "out" / f"{self._sent:07d}-{kind}.{suffix}"
        path.write_bytes(content)


def _content(path: bytes) -> bytes:
    return Path(path.decode()).read_bytes()


def _reference(text: str) -> str:
    return text[REFERENCE.first - 1 : REFERENCE.last]


class _Files(OpenFiles):
    """The files of one connection."""

    def __init__(self, sandbox: Sandbox, channel: Channel) -> None:
        self._sandbox = sandbox
        super().__init__(sandbox, channel)

    async def write(self, file_obj: object, offset: int, data: bytes) -> int:
        """A part of a file comes; a claim's comes in one."""
        behaviour = self._sandbox.behaviour(data)
        if self._misbehaves(behaviour, _WRITING, data):
            match behaviour:
                case Behaviour.DENY:
                    raise asyncssh.SFTPPermissionDenied("You may not write here.")
                case Behaviour.FULL:
                    raise asyncssh.SFTPNoSpaceOnFilesystem("No space left on device.")
                case Behaviour.BREAK:
                    super().write(file_obj, offset, data[: len(data) // 2])
                    self.connection.abort()
                    raise asyncssh.SFTPConnectionLost("Broken.")
                case Behaviour.STALL:
                    await self._sandbox.closing.wait()
        written = super().write(file_obj, offset, data)
        assert isinstance(written, int)
        return written

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        """A file is handed over."""
        content = _content(self.map_path(oldpath))
        behaviour = self._sandbox.behaviour(content)
        misbehaves = self._misbehaves(behaviour, _RENAMING, content)
        if misbehaves and behaviour is Behaviour.HANG:
            await self._sandbox.closing.wait()
        if misbehaves and behaviour is Behaviour.LOSE:
            self.connection.abort()
            raise asyncssh.SFTPConnectionLost("Broken.")
        super().rename(oldpath, newpath)
        if misbehaves and behaviour in (Behaviour.DROP, Behaviour.VANISH):
            if behaviour is Behaviour.VANISH:
                self._sandbox.take_up(Path(newpath.decode()).name)
            self.connection.abort()

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        """Somebody looks for files."""
        self._sandbox.go_on()
        async for name in super().scandir(path):
            yield name

    def _misbehaves(self, behaviour: Behaviour, at: frozenset[Behaviour], content: bytes) -> bool:
        if behaviour not in at:
            return False
        return self._sandbox.misbehaves(behaviour, content[16:23].decode("ascii", "replace"))


_WRITING: Final = frozenset({Behaviour.DENY, Behaviour.FULL, Behaviour.BREAK, Behaviour.STALL})
_RENAMING: Final = frozenset({Behaviour.LOSE, Behaviour.DROP, Behaviour.VANISH, Behaviour.HANG})
