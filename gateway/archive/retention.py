"""The daily round: what is past its time goes.

In charge of going round everything in small steps. Not in charge of how long what is kept (`days`),
of taking it away (`Store.expire`), nor of bytes that no row names any more (`gateway.blobs`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from gateway.archive.days import Days, WrongDays, days_of
from gateway.archive.signing import SECRET, SigningKey
from gateway.audit.chain import CUT, NewEntry, sealed
from gateway.store.keeping import Expired
from gateway.store.port import Company, Direction, Store

log = structlog.get_logger()

_BATCH = 200  # documents looked at in one read; what goes of them goes in one transaction
_PIECE = 20  # batches in one piece of the round
_CUT_DAYS = 31  # the audit chain is cut once a month rather than every day


@dataclass(frozen=True, slots=True)
class Step:
    """A batch of the round: whose, of what, and what went."""

    company_id: str  # empty: the gateway's own
    what: str
    gone: Expired


class Expiring(Protocol):
    """An operation of the store that takes away what is older than a time, so many at once."""

    async def __call__(self, before: datetime, limit: int, *, dry_run: bool = False) -> int:
        """How many went, or would."""
        ...


class Round:
    """One round over everything. `dry_run` counts and takes nothing away."""

    def __init__(
        self,
        store: Store,
        usual: Days,
        *,
        key_days: int,
        message_days: int,
        audit_days: int,
        now: datetime,
        dry_run: bool = False,
    ) -> None:
        self._store = store
        self._usual = usual
        self._key_days = key_days
        self._message_days = message_days
        self._audit_days = audit_days
        self._now = now
        self._dry_run = dry_run

    async def steps(self) -> AsyncIterator[Step]:
        """Does it, batch by batch. It may be left at any batch and begun anew later."""
        of_company: list[tuple[Company, Mapping[str, Days]]] = []
        for company in await self._store.companies():
            try:
                of_company.append((company, days_of(company, self._usual)))
            except WrongDays as error:  # the gateway's own days were changed under the company's
                log.error("retention_days_wrong", company_id=company.id, error=str(error))
        if of_company and not self._dry_run:
            # Whole months at once first, where that can be: what is left is little.
            longest = max(each.events for _, days in of_company for each in days.values())
            await self._store.drop_months(self._now - timedelta(days=longest))
        for company, days in of_company:
            async for step in self._documents(company, days):
                yield step
            async for step in self._events(company, days):
                yield step
        async for step in self._aged("keys", self._store.expire_keys, self._key_days):
            yield step
        async for step in self._aged("messages", self._store.expire_messages, self._message_days):
            yield step
        if self._dry_run:
            return
        yield Step("", "exports", Expired(documents=await self._store.drop_exports(self._now)))
        await self._cut_audit()
        while await self._store.compact():
            yield Step("", "room", Expired())

    async def _documents(self, company: Company, days: Mapping[str, Days]) -> AsyncIterator[Step]:
        terms = {kind: each.terms(self._now) for kind, each in days.items()}
        for direction in Direction:
            after: str | None = None
            while True:
                gone = await self._store.expire(
                    company.id, direction, terms, after, _BATCH, dry_run=self._dry_run
                )
                yield Step(company.id, "documents", gone)
                if gone.after is None:
                    break
                after = gone.after

    async def _events(self, company: Company, days: Mapping[str, Days]) -> AsyncIterator[Step]:
        before = self._now - timedelta(days=max(each.events for each in days.values()))
        after: str | None = None
        while True:
            gone = await self._store.expire_events(
                company.id, before, after, _BATCH, dry_run=self._dry_run
            )
            yield Step(company.id, "events", gone)
            if gone.after is None:
                return
            after = gone.after

    async def _aged(self, what: str, expire: Expiring, days: int) -> AsyncIterator[Step]:
        """What goes by its age alone."""
        before = self._now - timedelta(days=days)
        while True:
            gone = await expire(before, _BATCH, dry_run=self._dry_run)
            yield Step("", what, Expired(documents=gone))
            if self._dry_run or gone < _BATCH:
                return

    async def _cut_audit(self) -> None:
        oldest = await self._store.audit_entries(0, 1)
        keep_from = self._now - timedelta(days=self._audit_days)
        if not oldest or oldest[0].at >= keep_from - timedelta(days=_CUT_DAYS):
            return
        last = await self._store.audit_before(keep_from)
        if last is None:
            return
        key = await signing_key(self._store)
        data = {
            "through": last.seq,
            "hash": last.hash,
            "signature": key.sign(sealed(last.seq, last.hash)).hex(),
        }
        await self._store.cut_audit(
            last.seq, NewEntry("gateway", CUT, "audit", data=data), self._now
        )


async def signing_key(store: Store) -> SigningKey:
    """The gateway's own key, made the first time."""
    return SigningKey(await store.secret(SECRET, SigningKey.fresh()))


async def run(
    round_: Round, store: Store, now: datetime, actor: str, *, dry_run: bool
) -> Mapping[str, Expired]:
    """A whole round; what went, by company, the gateway's own under "". It goes into the audit."""
    gone: dict[str, Expired] = {}
    async for step in round_.steps():
        gone[step.company_id] = gone.get(step.company_id, Expired()) + step.gone
    if not dry_run:
        await note(store, gone, now, actor)
    return gone


async def note(store: Store, gone: Mapping[str, Expired], now: datetime, actor: str) -> None:
    """One audit entry for each company of which something went."""
    for company_id, what in gone.items():
        counts = {name: n for name, n in asdict(what).items() if name != "after" and n}
        if company_id and counts:
            entry = NewEntry(actor, "retention.run", company_id, company_id, counts)
            await store.audit(entry, now)


class Daily:
    """The round as a schedule does it: some batches at a time, and others are served between."""

    def __init__(
        self, store: Store, usual: Days, *, key_days: int, message_days: int, audit_days: int
    ) -> None:
        self._store = store
        self._usual = usual
        self._key_days = key_days
        self._message_days = message_days
        self._audit_days = audit_days
        self._steps: AsyncIterator[Step] | None = None
        self._gone: dict[str, Expired] = {}

    async def piece(self, now: datetime) -> bool:
        """Does the next batches; whether there are more. After an error it begins anew."""
        steps, self._steps = self._steps, None
        if steps is None:
            self._gone = {}
            steps = Round(
                self._store,
                self._usual,
                key_days=self._key_days,
                message_days=self._message_days,
                audit_days=self._audit_days,
                now=now,
            ).steps()
        for _ in range(_PIECE):
            step = await anext(steps, None)
            if step is None:
                await note(self._store, self._gone, now, "gateway")
                totals: Counter[str] = Counter()
                for what in self._gone.values():
                    totals.update(documents=what.documents, files=what.files, events=what.events)
                log.info("retention_ended", **totals)
                return False
            self._gone[step.company_id] = self._gone.get(step.company_id, Expired()) + step.gone
        self._steps = steps
        return True
