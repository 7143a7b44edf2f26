"""What is charged, from the first try to the month's statement, against a table made by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from gateway.delivery.verbs import Verb
from gateway.lifecycle import State
from gateway.store.port import Store
from gateway.store.usage import Charge, Price
from gateway.usage.charging import Charging
from gateway.usage.statement import Statement, statement
from tests.flows.channel import OK, Scripted, here, said, takes_it
from tests.flows.house import RECEIVER, SENDER, START, House, invoice
from tests.flows.test_crash import Died
from transports.base import Delivered, Envelope, Outcome, Refused, Repeat, Sent, TryLater, Unknown

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

Deliver = Callable[[Envelope], Awaitable[Outcome]]

PRICES = (
    ("peppol", "", "2026-01-01", "1.25"),
    ("peppol", "", "2026-12-01", "1.40"),
    ("email", "SE", "2026-01-01", "0.50"),
    ("letter", "", "2026-01-01", "15.00"),
    ("letter", "SE", "2026-01-01", "12.90"),
    ("company_month", "", "2026-01-01", "99"),
)


def price(channel: str, country: str, day: str, amount: str, direction: str = "out") -> Price:
    begins = date.fromisoformat(day)
    return Price(channel, country, direction, "", begins, None, "SEK", Decimal(amount))


async def owes_a_report(envelope: Envelope) -> Outcome:
    return Sent(OK, expects="report", until=START + timedelta(days=30))


async def owes_nothing(envelope: Envelope) -> Outcome:
    return Sent(OK)


async def refuses(envelope: Envelope) -> Outcome:
    return Refused(said("email", "refused", "does not take it."))


def at_last(*first: Outcome) -> Deliver:
    """Answers these, one a try, and takes it then."""
    answers = list(first)

    async def deliver(envelope: Envelope) -> Outcome:
        return answers.pop(0) if answers else Delivered(OK)

    return deliver


@dataclass
class Story:
    """A house whose channels a test scripts document by document, and what it has charged."""

    house: House
    charging: Charging
    numbers: count[int]

    def __init__(self, house: House) -> None:
        self.house = house
        self.charging = Charging(house.store, house.clock)
        self.numbers = count(1)
        self.channels = {
            name: Scripted(name, {None: [here(name)]}, takes_it, repeat=Repeat.HOLD)
            for name in ("peppol", "email", "letter", "kivra")
        }
        house.transports.clear()
        house.transports.update(self.channels)
        house.worker = house.new_worker(house.store)

    def set(self, channel: str, deliver: Deliver) -> None:
        """How a channel answers from now on."""
        self.channels[channel]._deliver = deliver

    async def send(self, *channels: str, country: str = "SE") -> str:
        """Submits an invoice that goes by these channels, in this order, and works."""
        body = invoice(
            email="kund@customer.example",
            channels=list(channels),
            personal_number="198112189876",
            consumer="kivra" in channels,
        )
        body["invoice"]["number"] = f"U-{next(self.numbers)}"
        body["invoice"]["buyer"]["address"]["country"] = country
        document_id = await self.house.submit(body)
        await self.house.work()
        return document_id

    async def tell(self, channel: str, outcome: Delivered | Refused) -> None:
        """Has a channel report on what it carried last."""
        self.channels[channel].report(outcome, id=f"report-{next(self.numbers)}")
        await self.house.work()

    async def count(self) -> None:
        """Counts until there is nothing new."""
        while await self.charging.round(self.house.clock.now()):
            pass

    async def month(self, month: str, *companies: str) -> Statement:
        """A month's statement."""
        sums = await self.house.store.sums(month, companies or [SENDER.id])
        closed = await self.house.store.closed_month()
        return statement(month, closed, sums, {SENDER.id: SENDER.name, RECEIVER.id: RECEIVER.name})

    async def until(self, at: datetime) -> None:
        await self.house.later(at - self.house.clock.now())


@pytest.fixture
async def story(house: House) -> Story:
    await house.store.add_prices([price(*row) for row in PRICES])
    return Story(house)


def table(shown: Statement) -> list[tuple[Any, ...]]:
    """Rows as a person would write them: channel, country, price, charged, back, amount."""
    return [
        (
            *(row.channel, row.country, None if row.price is None else str(row.price)),
            *(row.charged, row.taken_back, None if row.amount is None else str(row.amount)),
        )
        for row in shown.rows
    ]


CAME_BACK = Refused(said("email", "bounced", "came back."))


async def mixed_run(story: Story) -> None:
    """Two months: everything that makes a difference to what is charged, some of it often."""
    for _ in range(3):  # at once
        await story.send("peppol", "letter")
    later = TryLater(said("peppol", "later", "not now."))
    for _ in range(2):  # at the third try
        story.set("peppol", at_last(later, later))
        document_id = await story.send("peppol", "letter")
        for _ in range(2):
            document = await story.house.is_in(document_id, State.WAITING)
            assert document.next_at is not None
            await story.until(document.next_at)
        await story.house.is_in(document_id, State.DELIVERED)
    story.set("peppol", takes_it)

    story.set("email", owes_nothing)
    story.set("letter", owes_a_report)
    for _ in range(2):  # taken by e-mail, comes back the day after, and is printed
        await story.send("email", "letter")
        await story.house.later(DAY)
        await story.tell("email", CAME_BACK)
        await story.tell("letter", Delivered(OK))

    once_more = await story.send("letter")  # and sent once more by a person
    await story.tell("letter", Delivered(OK))
    await story.house.do(once_more, Verb.RESEND)
    await story.house.work()
    await story.tell("letter", Delivered(OK))

    await story.send("letter", country="DE")
    await story.tell("letter", Delivered(OK))

    story.set("email", refuses)  # and the printer never says what became of it
    unconfirmed = await story.send("email", "letter")
    await story.house.is_in(unconfirmed, State.SENT)

    await story.send("kivra", "letter")  # which has no price

    story.set("peppol", at_last(Unknown(said("peppol", "lost", "may have it."))))
    held = await story.send("peppol", "letter")  # a person knows that it came
    await story.house.is_in(held, State.HELD)
    await story.house.do(held, Verb.RELEASE)
    await story.house.work()
    story.set("peppol", takes_it)

    await story.until(datetime(2026, 11, 30, 22, 0, tzinfo=UTC))
    story.set("email", owes_nothing)
    await story.send("email", "peppol")  # in November, and comes back in December
    await story.house.later(3 * HOUR)
    await story.tell("email", CAME_BACK)
    await story.send("peppol", "letter")  # at December's price


# By hand: 3 + 2 + 1 by Peppol; 3 e-mails, 2 of which came back; letters in Sweden: 2 after e-mails
# that came back, 2 for the one that was sent twice, none for the one that nobody confirmed.
NOVEMBER = [
    ("company_month", "SE", "99", 1, 0, "99"),
    ("email", "SE", "0.50", 3, 2, "0.50"),
    ("kivra", "SE", None, 1, 0, None),
    ("letter", "DE", "15.00", 1, 0, "15.00"),
    ("letter", "SE", "12.90", 4, 0, "51.60"),
    ("peppol", "SE", "1.25", 6, 0, "7.50"),
]
# The e-mail of November that came back, at its own price; by Peppol the document it was and one.
DECEMBER = [
    ("company_month", "SE", "99", 1, 0, "99"),
    ("email", "SE", "0.50", 0, 1, "-0.50"),
    ("peppol", "SE", "1.40", 2, 0, "2.80"),
]


async def test_usage_of_a_mixed_run_equals_the_table_made_by_hand(story: Story) -> None:
    await mixed_run(story)
    await story.count()
    november, december = await story.month("2026-11"), await story.month("2026-12")
    assert table(november) == NOVEMBER
    assert table(december) == DECEMBER
    assert november.totals == {"SEK": Decimal("173.60")}
    assert december.totals == {"SEK": Decimal("101.30")}
    assert (november.unpriced, december.unpriced) == (1, 0)


async def test_counted_while_it_runs_it_is_the_same(story: Story) -> None:
    """Counted after each step of work, and by two at once: nothing twice."""
    worked = story.house.work

    async def work() -> None:
        await worked()
        await story.count()
        await Charging(story.house.store, story.house.clock).catch_up(SENDER.id)

    story.house.work = work  # type: ignore[method-assign]
    await mixed_run(story)
    await story.count()
    assert table(await story.month("2026-11")) == NOVEMBER
    assert table(await story.month("2026-12")) == DECEMBER


class Dying:
    """A store whose n-th write of the counting, from 1, is the last: written (`after`) or not."""

    def __init__(self, store: Store, n: int, *, after: bool) -> None:
        self._store = store
        self._n = n
        self._after = after
        self.writes = 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        return self._dies(found) if name in ("count", "price", "close_month") else found

    def _dies(self, write: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def dies(*values: Any) -> Any:
            self.writes += 1
            if self.writes < self._n:
                return await write(*values)
            if self._after:
                await write(*values)
            raise Died

        return dies


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_death_at_every_write_counts_nothing_twice_and_loses_nothing(
    story: Story, after: bool
) -> None:
    await mixed_run(story)
    await story.until(datetime(2027, 1, 9, tzinfo=UTC))
    for n in count(1):
        dying: Any = Dying(story.house.store, n, after=after)
        charging = Charging(dying, story.house.clock)
        try:
            while await charging.round(story.house.clock.now()):
                pass
        except Died:
            continue
        break
    assert n > 3
    shown = [table(await story.month(month)) for month in ("2026-11", "2026-12")]
    # Nobody counted in those months: the fee of the first is not charged any more.
    assert shown == [[row for row in NOVEMBER if row[0] != "company_month"], DECEMBER]
    assert await story.house.store.closed_month() == "2026-12"


async def test_what_comes_in_is_charged_where_it_has_a_price(house: House) -> None:
    await house.store.add_prices(
        [
            price("internal", "", "2026-01-01", "0.05"),
            price("internal", "", "2026-01-01", "0.10", "in"),
        ]
    )
    charging = Charging(house.store, house.clock)
    await house.submit(invoice(here=True))
    await house.work()
    while await charging.round(house.clock.now()):
        pass
    sums = await house.store.sums("2026-11", [SENDER.id, RECEIVER.id])
    assert {(one.company_id, one.direction, str(one.amount), one.charged) for one in sums} == {
        (SENDER.id, "out", "0.05", 1),
        (RECEIVER.id, "in", "0.10", 1),
    }


async def test_a_missing_price_is_filled_in_until_the_month_is_closed(story: Story) -> None:
    await story.send("kivra", "letter")
    await story.count()
    assert (await story.month("2026-11")).unpriced == 1
    await story.house.store.add_prices([price("kivra", "SE", "2026-11-01", "2.50")])
    await story.count()
    (row,) = [row for row in (await story.month("2026-11")).rows if row.channel == "kivra"]
    assert (row.charged, row.amount) == (1, Decimal("2.50"))


async def test_a_month_is_closed_three_days_after_its_end_and_stays(story: Story) -> None:
    story.set("email", owes_nothing)
    await story.send("email", "letter")
    await story.until(datetime(2026, 12, 3, 23, 59, tzinfo=UTC))
    await story.count()
    assert not (await story.month("2026-11")).closed
    await story.until(datetime(2026, 12, 4, 0, 1, tzinfo=UTC))
    await story.count()
    november = await story.month("2026-11")
    assert november.closed
    await story.tell("email", CAME_BACK)
    await story.count()
    assert await story.month("2026-11") == november
    assert [row[:5] for row in table(await story.month("2026-12")) if row[0] == "email"] == [
        ("email", "SE", "0.50", 0, 1)
    ]


async def test_a_document_whose_events_are_gone_is_taken_back_all_the_same(story: Story) -> None:
    story.set("email", owes_nothing)
    document_id = await story.send("email", "letter")
    await story.count()
    while (
        await story.house.store.expire_events(SENDER.id, story.house.clock.now() + DAY, None, 100)
    ).events:
        pass
    await story.tell("email", CAME_BACK)
    await story.count()
    rows: Sequence[Charge] = await story.house.store.charges(SENDER.id, document_id)
    assert Counter((row.channel, row.units) for row in rows)["email", -1] == 1
    assert rows[1] == replace(rows[0], id=rows[1].id, units=-1, at=rows[1].at)
