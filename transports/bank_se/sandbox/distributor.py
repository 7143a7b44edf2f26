"""The banks' distributor on loopback: an SFTP server that takes batches, writes receipts and files
of registrations, and misbehaves when told to.

Speaks SFTP in the running event loop, over a directory of its own. The recipient's personal number
tells what happens (`MAGIC`); `behave` tells it for any other. Needs the extra `sftp`.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from lxml import etree

from schemas.ubl.structure import NAMESPACES
from transports.bank_se.identifiers import Fmi, Fui
from transports.bank_se.sandbox.behaviour import MAGIC, Behaviour
from transports.bank_se.sandbox.server import Files
from transports.bank_se.wire.batch import Entry, lines, read_batch
from transports.bank_se.wire.elements import Malformed
from transports.bank_se.wire.receipts import (
    BatchReceipt,
    InvoiceReceipt,
    Rejection,
    write_batch_receipt,
    write_invoice_receipts,
)
from transports.bank_se.wire.registrations import (
    Answer,
    Registration,
    read_answers,
    write_registrations,
)
from transports.base import Now, utc_now
from transports.sftp_server import SftpServer

_BY_PERSON: Final = {person: behaviour for behaviour, person in MAGIC.items()}
_ID: Final = f"{{{NAMESPACES['cbc']}}}ID"
_ENTRY: Final = re.compile(rb'<Entry key="([0-9a-f-]{36})" fui="[^"]*" fmi="([0-9]{12})\.')

_REJECTIONS: Final = {
    Behaviour.REJECT: Rejection("705", "The recipient has left the issuer."),
    Behaviour.OTHER_DISTRIBUTOR: Rejection("801", "Not the distributor of this FUI."),
}


@dataclass(slots=True)
class Kept:
    """An invoice that was taken. `came` tells when: more than once, when it was repeated. `ends` is
    what becomes of it."""

    entry: Entry
    line: bytes
    batch: str
    behaviour: Behaviour
    at: datetime
    came: list[datetime] = field(default_factory=list)
    ends: str = "taken"


@dataclass(slots=True)
class _Due:
    """A file that is written when its time has come."""

    at: datetime
    name: str
    content: bytes


class Sandbox(SftpServer):
    """The server; `async with Sandbox() as distributor: ... distributor.port`.

    `times` is how often DENY, FULL, BREAK, LOSE and DROP misbehave for an invoice. `conflicts` are
    keys that came again with another invoice. Receipts are there so long after an invoice came, by
    `now`. `client_key` is a public key that may log in too.
    """

    def __init__(
        self,
        *,
        username: str = "budkavle",
        password: str = "sandbox",  # noqa: S107 - a sandbox's
        client_key: str | None = None,
        now: Now = utc_now,
        times: int = 1,
        read_after: timedelta = timedelta(seconds=1),
        delivered_after: timedelta = timedelta(seconds=2),
    ) -> None:
        super().__init__(
            lambda channel: Files(self, channel),
            username=username,
            password=password,
            client_key=client_key,
        )
        self.invoices: dict[UUID, Kept] = {}
        self.batches: dict[str, bytes] = {}
        self.answers: dict[str, Answer] = {}
        self.conflicts: list[UUID] = []
        self.rejected: list[str] = []  # files that were not in the format
        self.writable = True  # False: nobody may write
        self._now = now
        self._times = times
        self._read_after = read_after
        self._delivered_after = delivered_after
        self._behaviours: dict[str, Behaviour] = {}
        self._misbehaved: Counter[str] = Counter()
        self._due: list[_Due] = []
        self._written = 0

    def behave(self, person: str, behaviour: Behaviour) -> None:
        """From now on, does `behaviour` with invoices to that person (twelve digits)."""
        self._behaviours[person] = behaviour

    def register(self, *registrations: Registration) -> str:
        """Consumers join or leave: writes the file, and answers its name."""
        id = f"A-{self._written + 1:06}"
        return self._write("registrations", write_registrations(id, registrations))

    def register_magic(self, fui: Fui, customer: str = "") -> str:
        """Everybody who makes the sandbox do something joins an issuer."""
        now = self._now()
        return self.register(
            *(
                Registration(
                    f"{fui.organisation_number}-{n}", fui, Fmi(person, "NB", "SE"), now, customer
                )
                for n, person in enumerate(MAGIC.values(), 1)
            )
        )

    def received(self) -> list[dict[str, Any]]:
        """What was taken, a row for each invoice, personal numbers masked."""
        told = self._now() - self._delivered_after
        return [
            {
                "to": f"{kept.entry.fmi.person[:2]}**********.{kept.entry.fmi.place}",
                "number": _number(kept.entry.document),
                "reference": kept.batch,
                "state": kept.ends if kept.at <= told else "taken",
                "at": kept.at.isoformat(),
                "requests": len(kept.came),
            }
            for kept in self.invoices.values()
        ]

    # --- what the server asks -----------------------------------------------------------------

    def misbehaves(self, content: bytes, *behaviours: Behaviour) -> Behaviour | None:
        """Which of these is to be done now about the invoices in some bytes of a file."""
        for key, person in _ENTRY.findall(content):
            behaviour = self._behaviour(person.decode())
            if behaviour in behaviours and self._again(behaviour, key.decode()):
                return behaviour
        return None

    def take(self, name: str) -> None:
        """A file has been renamed to its own name."""
        path = self.directory / "in" / name
        content = path.read_bytes()
        path.unlink()
        try:
            if name.startswith("answers-"):
                self.answers |= {one.registration: one for one in read_answers(content)}
            else:
                self._take_batch(name, content)
        except Malformed:
            self.rejected.append(name)

    def tell(self) -> None:
        """Writes the files whose time has come."""
        now = self._now()
        for due in [due for due in self._due if due.at <= now]:
            self._due.remove(due)
            self._write(due.name, due.content)

    # --- what the distributor does ------------------------------------------------------------

    def _take_batch(self, name: str, content: bytes) -> None:
        entries = read_batch(content)
        self.batches[name] = content
        now = self._now()
        by_key = {entry.key: line for entry, line in zip(entries, lines(content), strict=True)}
        kinds = {self._behaviour(entry.fmi.person) for entry in entries}
        if Behaviour.UNREADABLE in kinds:
            self._receipt(name, Rejection("410", "The file can not be read."))
        elif kinds != {Behaviour.SILENT}:
            self._receipt(name)
        receipts = []
        for entry in entries:
            kept = self._keep(entry, by_key[entry.key], name, now)
            if kept is None or kept.behaviour in (Behaviour.SILENT, Behaviour.UNREADABLE):
                continue
            rejection = _REJECTIONS.get(kept.behaviour)
            kept.ends = "delivered" if rejection is None else "rejected"
            receipts.append(InvoiceReceipt(entry.key, rejection))
        if receipts and Behaviour.UNREADABLE not in kinds:
            content = write_invoice_receipts(self._id(), receipts)
            self._later(self._delivered_after, "invoice-receipts", content)

    def _receipt(self, batch: str, rejection: Rejection | None = None) -> None:
        receipt = BatchReceipt(self._id(), batch, rejection)
        self._later(self._read_after, "batch-receipt", write_batch_receipt(receipt))

    def _keep(self, entry: Entry, line: bytes, batch: str, now: datetime) -> Kept | None:
        """The invoice as it is kept; None where it is a repeat."""
        known = self.invoices.get(entry.key)
        if known is None:
            behaviour = self._behaviour(entry.fmi.person)
            kept = Kept(entry, line, batch, behaviour, now, [now])
            self.invoices[entry.key] = kept
            return kept
        known.came.append(now)
        if known.line != line:
            self.conflicts.append(entry.key)
        return None

    def _behaviour(self, person: str) -> Behaviour:
        return self._behaviours.get(person) or _BY_PERSON.get(person, Behaviour.ACCEPT)

    def _again(self, behaviour: Behaviour, key: str) -> bool:
        """Whether it misbehaves once more; those that hang always do."""
        if behaviour in (Behaviour.STALL, Behaviour.HANG):
            return True
        self._misbehaved[key] += 1
        return self._misbehaved[key] <= self._times

    def _id(self) -> str:
        return f"C-{len(self._due) + self._written + 1:06}"

    def _later(self, after: timedelta, name: str, content: bytes) -> None:
        self._due.append(_Due(self._now() + after, name, content))

    def _write(self, name: str, content: bytes) -> str:
        self._written += 1
        whole = f"{self._written:06}-{name}.xml"
        (self.directory / "out" / whole).write_bytes(content)
        return whole


def _number(document: bytes) -> str:
    """The invoice's number (BT-1)."""
    return etree.fromstring(document).findtext(_ID) or ""
