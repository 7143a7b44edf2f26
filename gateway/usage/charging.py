"""Writing charges down: follows every company's events, and closes months.

In charge of doing it again and again without counting anything twice. Not in charge of what is
charged (`counting`) nor of what it costs (`prices`).

It reads the event feed behind the gateway's back, so that nobody who delivers a document writes
anything about charges. For each document of which there is news, all of its events are read and
all of its charges worked out anew; a charge has an id made of what is charged, and one that is
there already stays as it is. So it may be cut off anywhere, done twice, or done by two at once: the
place in the feed is written with the charges, and is only where to look next.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from gateway.clock import Clock
from gateway.delivery.history import every_event
from gateway.delivery.papers import Papers
from gateway.store.port import Company, ContentLost, Direction, Document, Event, Role, Store
from gateway.store.usage import Charge
from gateway.usage import months
from gateway.usage.counting import COUNTING, Counted, counted
from gateway.usage.prices import ANY, MONTHLY, PriceList

log = structlog.get_logger()

# How long after its end a month is closed: missing prices can be imported until then.
CLOSED_AFTER: Final = timedelta(days=3)

_PAGE: Final = 500
_COMPANIES: Final = 100  # in one piece of work


class Charging:
    """Counts what was delivered; `round` is what comes round by the clock."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def round(self, now: datetime) -> bool:
        """One piece of work; whether there is more: charges whoever has news, and, once nobody has,
        the companies' months, what was without a price, and closes the months that are over."""
        behind = await self._store.uncounted(_COMPANIES)
        moved = [await self.catch_up(company_id) for company_id in behind]
        if any(moved) and len(behind) == _COMPANIES:
            return True
        companies = await self._store.companies()
        pages = [companies[n : n + _PAGE] for n in range(0, len(companies), _PAGE)]
        prices = PriceList(await self._store.prices())
        closed = await self._store.closed_month()
        over = months.before(months.month_of(now - CLOSED_AFTER))
        # Also of the month before, as long as it is open: it may be the first time since.
        for month in {months.before(months.month_of(now)), months.month_of(now)}:
            for page in pages if closed is None or month > closed else ():
                await self._months(page, prices, month, now)
                await self._price(page, prices, month)
        if (closed is None or over > closed) and not await self._store.uncounted(1):
            await self._store.close_month(over, now)
            log.info("month_closed", month=over)
        return False

    async def catch_up(self, company_id: str) -> bool:
        """Charges all that a company's events tell of by now; whether there was anything new."""
        company = await self._store.company(company_id)
        cursor = await self._store.counted(company_id)
        moved = False
        while company is not None and (events := await self._store.feed(company_id, cursor, _PAGE)):
            prices = PriceList(await self._store.prices())
            charges: list[Charge] = []
            for document_id in _news(events):
                charges += await self._charges(company, document_id, prices)
            cursor, moved = events[-1].cursor, True
            await self._store.count(company_id, charges, cursor)
        return moved

    async def _charges(
        self, company: Company, document_id: str, prices: PriceList
    ) -> Sequence[Charge]:
        """The charges of a document that are not written yet."""
        document = await self._store.document(company.id, document_id)
        if document is None:
            return ()
        written = {row.id: row for row in await self._store.charges(company.id, document_id)}
        events = await every_event(self._store, document)
        new = [one for one in counted(document_id, events, written) if one.id not in written]
        if not new:
            return ()
        country = await self._country(company, document)
        known = dict(written)
        for one in new:
            row = _taken_back(known[one.of], one) if one.back and one.of in known else None
            row = row or _charge(company, document, country, one, prices)
            if row.direction == Direction.IN and row.amount is None:
                continue  # what comes in is charged where there is a price for it
            known[row.id] = row
        return [row for id_, row in known.items() if id_ not in written]

    async def _country(self, company: Company, document: Document) -> str:
        """The recipient's country; empty where the document's own papers are kept no longer."""
        if document.direction is Direction.IN:
            return company.country
        parts = await self._store.parts(company.id, document.id)
        if not any(part.role is Role.ENVELOPE for part in parts):
            return ANY
        try:
            return (await Papers(self._store, document).particulars()).recipient.country
        except (ContentLost, ValueError) as error:  # it was delivered all the same
            log.warning("country_unknown", document_id=document.id, reason=str(error))
            return ANY

    async def _months(
        self, companies: Sequence[Company], prices: PriceList, month: str, now: datetime
    ) -> None:
        """Charges each company its fee for a month, where there is one."""
        day = months.first_day(month)
        sums = await self._store.sums(month, [company.id for company in companies])
        charged = {one.company_id for one in sums if one.channel == MONTHLY}
        for company in companies:
            price = prices.price(MONTHLY, company.country, Direction.OUT, ANY, day)
            if price is None or company.id in charged:
                continue
            fee = Charge(
                id=f"{MONTHLY}/{month}",
                company_id=company.id,
                account_id=company.account_id,
                document_id="",
                channel=MONTHLY,
                country=company.country,
                direction=Direction.OUT,
                kind=ANY,
                at=now,
                day=day,
                month=month,
                currency=price.currency,
                amount=price.amount,
            )
            await self._store.count(company.id, [fee])

    async def _price(self, companies: Sequence[Company], prices: PriceList, month: str) -> None:
        """Gives what had no price the one that counts for its day, once there is one."""
        ids = [company.id for company in companies]
        rows = [_priced(row, prices) for row in await self._store.unpriced(month, ids, _PAGE)]
        found = [row for row in rows if row.amount is not None]
        if found:
            await self._store.price(found)


def _news(events: Iterable[Event]) -> Iterable[str]:
    """The documents of which something counts."""
    return dict.fromkeys(event.document_id for event in events if event.type in COUNTING)


def _charge(
    company: Company, document: Document, country: str, one: Counted, prices: PriceList
) -> Charge:
    row = Charge(
        id=one.id,
        company_id=company.id,
        account_id=company.account_id,
        document_id=document.id,
        channel=one.channel,
        country=country,
        direction=document.direction,
        kind=document.head.kind or ANY,
        at=one.at,
        day=one.at.date(),
        month=months.month_of(one.at),
        units=-1 if one.back else 1,
    )
    return _priced(row, prices)


def _taken_back(charge: Charge, one: Counted) -> Charge:
    """A charge that is taken back, at the price it was charged at, in the month when it is."""
    return replace(charge, id=one.id, at=one.at, month=months.month_of(one.at), units=-1)


def _priced(row: Charge, prices: PriceList) -> Charge:
    price = prices.of(row)
    if price is None:
        return row
    return replace(row, currency=price.currency, amount=price.amount)
