"""Who gets whose invoices in which bank: kept from what consumers register with their banks.

In charge of the entries in the channel's register, of deciding on registrations by the issuer's
terms, and of the answers that are owed. Not in charge of files.

- A `registration` is a line of a file from the distributor, until it is answered. One for an issuer
  that nobody here is, or that is not taking consumers on, waits.
- A `consumer` is somebody with an issuer: by a digest, with banks and times alone. One who left is
  known for a while, so that an older line read late does not bring them back.

Both are as right after a crash in the middle, and when two processes work at once: a line decides
the same each time, and the later one of a consumer at a bank counts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from transports.bank_se.identifiers import Fui, digest
from transports.bank_se.terms import BadTerms, Terms, read
from transports.bank_se.wire.receipts import Rejection
from transports.bank_se.wire.registrations import Answer, Registration
from transports.base import Entry, Now, Register

# Every company with terms: its id, and they.
Issuers = Callable[[], Awaitable[Sequence[tuple[str, Mapping[str, Any]]]]]

_REGISTRATION: Final = "registration"
_CONSUMER: Final = "consumer"

_NEW: Final = "new"
_DECIDED: Final = "decided"
_REGISTERED: Final = "registered"
_LEFT: Final = "left"

_AGAIN: Final = timedelta(hours=1)  # when a registration that waits is looked at again
_FORGET: Final = timedelta(days=30)  # when somebody who left is forgotten
_PAGE: Final = 100

# Our code for customer data that are not as agreed: the banks' own list is not public.
WRONG_CUSTOMER_DATA: Final = "customer_data"


@dataclass(frozen=True, slots=True)
class Owed:
    """An answer that has to go to the distributor, and the entry that owes it."""

    answer: Answer
    entry: Entry


class Consumers:
    """The consumers of every company."""

    def __init__(self, register: Register, issuers: Issuers, now: Now) -> None:
        self._register = register
        self._issuers = issuers
        self._now = now

    async def banks(self, company_id: str, fui: Fui, person: str) -> Sequence[str]:
        """Where somebody gets the issuer's invoices (`NB.SE`), the newest registration first."""
        entry = await self._register.get(company_id, _CONSUMER, digest(fui, person))
        banks = {} if entry is None else entry.data["banks"]
        there = [(bank["at"], place) for place, bank in banks.items() if not bank["left"]]
        return [place for _, place in sorted(there, reverse=True)]

    async def take(self, lines: Sequence[Registration]) -> None:
        """Keeps registrations, to be decided on; those that are kept already are left alone."""
        for line in lines:
            if await self._register.get("", _REGISTRATION, line.id) is None:
                # False: another process has just kept it.
                await self._register.put([self._kept(line)])

    async def owed(self) -> Sequence[Owed]:
        """Decides on what can be decided, and answers what is to be told the distributor."""
        due = await self._register.due(_REGISTRATION, self._now(), _PAGE)
        if not due:
            return ()
        issuers = await self._terms()
        owed = [await self._decided(entry, issuers) for entry in due]
        return [each for each in owed if each is not None]

    async def told(self, owed: Sequence[Owed]) -> None:
        """The distributor has the answers."""
        for each in owed:
            await self._register.drop([each.entry])

    async def forget(self) -> None:
        """Forgets who left a month ago."""
        for entry in await self._register.due(_CONSUMER, self._now(), _PAGE):
            await self._register.drop([entry])

    def _kept(self, line: Registration) -> Entry:
        data = {
            "fui": str(line.fui),
            "person": digest(line.fui, line.fmi.person),
            "bank": line.fmi.place,
            "at": line.at.isoformat(),
            "customer": line.customer,
            "leaves": line.leaves,
        }
        return Entry("", _REGISTRATION, line.id, _NEW, data, self._now())

    async def _terms(self) -> Mapping[str, tuple[str, Terms]]:
        """The companies by FUI; one that two of them claim is nobody's."""
        found: dict[str, tuple[str, Terms]] = {}
        twice = set()
        for company_id, terms in await self._issuers():
            try:
                known = read(terms)
            except BadTerms:
                continue  # told where they are set, and on every invoice
            name = str(known.fui)
            if name in found:
                twice.add(name)
            found[name] = (company_id, known)
        return {name: one for name, one in found.items() if name not in twice}

    async def _decided(self, entry: Entry, issuers: Mapping[str, tuple[str, Terms]]) -> Owed | None:
        data = entry.data
        if entry.state == _DECIDED:
            return Owed(Answer(entry.name, _rejection(data)), entry)
        company_id, terms = issuers.get(data["fui"], ("", None))
        if terms is None or not (data["leaves"] or terms.accept_registrations):
            await self._register.put([replace(entry, due_at=self._now() + _AGAIN)])
            return None
        fault = None
        if terms.customer_number is not None and not data["leaves"]:
            fault = terms.customer_number.fault(data["customer"])
        decided = replace(entry, state=_DECIDED, data={**data, "fault": fault})
        changed = [decided]
        if fault is None:
            consumer = await self._consumer(company_id, data)
            changed += [consumer] if consumer is not None else []
        if not await self._register.put(changed):
            return None  # another process did something of it: the next round looks again
        decided = replace(decided, version=entry.version + 1)
        return Owed(Answer(entry.name, _rejection(decided.data)), decided)

    async def _consumer(self, company_id: str, line: Mapping[str, Any]) -> Entry | None:
        """The consumer's entry after a line; None where a later line counts."""
        before = await self._register.get(company_id, _CONSUMER, line["person"])
        entry = before or Entry(company_id, _CONSUMER, line["person"], data={"banks": {}})
        banks = dict(entry.data["banks"])
        known = banks.get(line["bank"])
        if known is not None and _time(known["at"]) > _time(line["at"]):
            return None
        banks[line["bank"]] = {"at": line["at"], "left": line["leaves"]}
        left = all(bank["left"] for bank in banks.values())
        return replace(
            entry,
            state=_LEFT if left else _REGISTERED,
            data={"banks": banks},
            due_at=self._now() + _FORGET if left else None,
        )


def _rejection(data: Mapping[str, Any]) -> Rejection | None:
    return Rejection(WRONG_CUSTOMER_DATA, data["fault"]) if data.get("fault") else None


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
