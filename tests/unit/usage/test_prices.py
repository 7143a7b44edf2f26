"""Which price counts on a day, and which may be added."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from gateway.store.usage import Price
from gateway.usage.prices import PriceList, faults

TODAY = date(2026, 11, 22)


def price(amount: str, begins: str = "2026-01-01", ends: str = "", **where: str) -> Price:
    return Price(
        channel=where.get("channel", "peppol"),
        country=where.get("country", ""),
        direction=where.get("direction", "out"),
        kind=where.get("kind", ""),
        valid_from=date.fromisoformat(begins),
        valid_to=date.fromisoformat(ends) if ends else None,
        currency="SEK",
        amount=Decimal(amount),
    )


def found(prices: list[Price], day: str, country: str = "SE", kind: str = "invoice") -> str | None:
    one = PriceList(prices).price("peppol", country, "out", kind, date.fromisoformat(day))
    return None if one is None else str(one.amount)


def test_the_nearest_counts_country_before_kind() -> None:
    anybody, credit = price("1"), price("2", kind="credit_note")
    swedish, both = price("3", country="SE"), price("4", country="SE", kind="credit_note")
    prices = [both, anybody, swedish, credit]
    day = "2026-11-22"
    assert found(prices, day, "SE", "credit_note") == "4"
    assert found(prices, day, "SE", "invoice") == "3"
    assert found(prices, day, "NO", "credit_note") == "2"
    assert found(prices, day, "NO", "invoice") == "1"
    assert found([swedish], day, "NO") is None
    assert PriceList(prices).price("peppol", "SE", "in", "invoice", TODAY) is None
    assert PriceList(prices).price("email", "SE", "out", "invoice", TODAY) is None


def test_a_price_counts_from_its_first_day_until_the_next_or_to_its_last() -> None:
    prices = [price("2", "2026-06-01", "2026-08-31"), price("1")]
    days = ("2025-12-31", "2026-01-01", "2026-05-31", "2026-06-01", "2026-08-31", "2026-09-01")
    assert [found(prices, day) for day in days] == [None, "1", "1", "2", "2", None]


def test_what_counts_on_a_day_is_listed_place_by_place() -> None:
    old, new, ended = (
        price("1"),
        price("2", "2026-12-01"),
        price("3", ends="2026-02-01", country="SE"),
    )
    assert PriceList([new, old, ended]).at(TODAY) == [old]
    assert PriceList([new, old, ended]).at(date(2026, 1, 15)) == [old, ended]


def told(stored: list[Price], *given: Price) -> list[tuple[str, str]]:
    return list(faults(stored, [(f"line {n}", one) for n, one in enumerate(given, 2)], TODAY))


def test_a_first_list_may_begin_whenever_it_likes() -> None:
    assert told([], price("1"), price("2", "2026-11-01"), price("1", country="SE")) == []


def test_the_same_list_again_changes_nothing_and_is_no_fault() -> None:
    stored = [price("1"), price("2", "2026-06-01")]
    assert told(stored, *stored) == []


def test_what_counts_already_is_not_changed() -> None:
    ((where, why),) = told([price("1")], price("2", "2026-11-22"))
    assert where == "line 2"
    assert "peppol (out, any country) 1 SEK counts already" in why
    assert "2026-11-23 at the earliest" in why
    assert told([price("1")], price("2", "2026-11-23")) == []
    # Nor by a nearer price, which would take over from a wider one.
    assert len(told([price("1")], price("2", "2026-11-01", country="SE"))) == 1
    # Where there is none, one may be filled in.
    assert told([price("1", country="NO")], price("2", "2026-11-01", country="SE")) == []


def test_every_fault_is_told_at_once() -> None:
    wrong = told(
        [price("1")],
        price("2", "2027-01-01", "2026-12-01"),
        price("5", "2027-02-01", "2027-03-31", country="SE"),
        price("6", "2027-03-31", "2027-04-30", country="SE"),
        price("7", "2027-05-03", country="SE"),
        price("8", "2027-05-03", country="SE"),
    )
    assert [where for where, _ in wrong] == ["line 2", "line 4", "line 5", "line 6"]
    ends, overlaps, gap, twice = (why for _, why in wrong)
    assert "ends on 2026-12-01, before it begins on 2027-01-01" in ends
    assert "begins on 2027-03-31, before" in overlaps
    assert "no price from 2027-05-01 to 2027-05-02" in gap
    assert "begins on 2027-05-03, as" in twice
