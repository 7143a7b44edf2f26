"""What every store must keep of prices, charges, and how far events were counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from gateway.audit.chain import NewEntry, Told
from gateway.store.port import BadCursor, Store
from gateway.store.usage import Charge, Price, Sum
from tests.contracts.stores import NOW, OURS, THEIRS, Opener, accepted

PRICE = Price("peppol", "SE", "out", "", date(2026, 1, 1), None, "SEK", Decimal("1.250"))
CHARGE = Charge(
    *("doc_1/0", OURS.id, "acc_1", "doc_1", "peppol", "SE", "out", "invoice"),
    *(NOW, date(2026, 11, 2), "2026-11", 1, "SEK", Decimal("1.250")),
)
BACK = replace(CHARGE, id="doc_1/0/back", units=-1, at=NOW + timedelta(days=40), month="2026-12")


async def test_prices_are_read_as_they_were_added(store: Store) -> None:
    later = replace(PRICE, valid_from=date(2027, 1, 1), valid_to=date(2027, 6, 30))
    assert await store.add_prices([later, PRICE])
    assert await store.prices() == [PRICE, later]
    assert str((await store.prices())[0].amount) == "1.250"


async def test_prices_are_added_all_or_none_and_never_changed(store: Store) -> None:
    told = Told(NewEntry("operator:test", "prices.imported", "prices"), NOW)
    assert await store.add_prices([PRICE], told=told)
    other = replace(PRICE, channel="email")
    dearer = replace(PRICE, amount=Decimal(9))
    assert not await store.add_prices([other, dearer], told=told)
    assert not await store.add_prices([other, other], told=told)
    assert await store.prices() == [PRICE]
    assert [entry.action for entry in await store.audit_entries(0, 10)] == ["prices.imported"]


async def test_a_charge_is_written_once(store: Store) -> None:
    await store.count(OURS.id, [CHARGE])
    await store.count(OURS.id, [replace(CHARGE, amount=Decimal(7)), BACK])
    assert await store.charges(OURS.id, "doc_1") == [CHARGE, BACK]
    await store.count(THEIRS.id, [replace(CHARGE, company_id=THEIRS.id)])
    assert await store.charges(OURS.id, "doc_1") == [CHARGE, BACK]


async def test_the_place_in_the_feed_goes_on_and_never_back(store: Store) -> None:
    await accepted(store)
    await accepted(store)
    await accepted(store, THEIRS.id)
    assert await store.uncounted(10) == [OURS.id, THEIRS.id]
    assert await store.uncounted(1) == [OURS.id]
    assert await store.counted(OURS.id) is None
    first, second = await store.feed(OURS.id, None, 10)
    await store.count(OURS.id, [], first.cursor)
    assert await store.counted(OURS.id) == first.cursor
    assert await store.uncounted(10) == [OURS.id, THEIRS.id]
    await store.count(OURS.id, [CHARGE], second.cursor)
    await store.count(OURS.id, [CHARGE], first.cursor)
    assert await store.counted(OURS.id) == second.cursor
    assert await store.uncounted(10) == [THEIRS.id]
    with pytest.raises(BadCursor):
        await store.count(THEIRS.id, [], first.cursor)


async def test_charges_that_are_alike_are_summed_up(store: Store) -> None:
    second = replace(CHARGE, id="doc_2/0", document_id="doc_2")
    norwegian = replace(CHARGE, id="doc_3/1", document_id="doc_3", country="NO")
    unpriced = replace(norwegian, id="doc_3/2", currency=None, amount=None)
    early_back = replace(BACK, month="2026-11")
    await store.count(OURS.id, [CHARGE, second, norwegian, unpriced, early_back])
    alike = (OURS.id, "acc_1", "peppol")
    expected = [
        Sum(*alike, "NO", "out", "invoice", None, None, 1, 0),
        Sum(*alike, "NO", "out", "invoice", "SEK", Decimal("1.250"), 1, 0),
        Sum(*alike, "SE", "out", "invoice", "SEK", Decimal("1.250"), 2, 1),
    ]
    assert await store.sums("2026-11", [OURS.id, THEIRS.id]) == expected
    assert await store.sums_of_account("2026-11", "acc_1") == expected
    assert await store.sums("2026-11", [THEIRS.id]) == []
    assert await store.sums("2026-11", []) == []
    assert await store.sums("2026-10", [OURS.id]) == []
    assert await store.sums_of_account("2026-11", "acc_2") == []


async def test_a_closed_month_does_not_change(store: Store) -> None:
    unpriced = replace(CHARGE, id="doc_2/0", document_id="doc_2", currency=None, amount=None)
    await store.count(OURS.id, [CHARGE, unpriced])
    assert await store.closed_month() is None
    await store.close_month("2026-11", NOW)
    await store.close_month("2026-11", NOW + timedelta(days=1))
    assert await store.closed_month() == "2026-11"
    before = await store.sums("2026-11", [OURS.id])
    late = replace(CHARGE, id="doc_9/0", document_id="doc_9")
    older = replace(late, id="doc_9/1", month="2026-02")
    await store.count(OURS.id, [late, older])
    await store.price([replace(unpriced, currency="SEK", amount=Decimal(1))])
    assert await store.sums("2026-11", [OURS.id]) == before
    assert [row.month for row in await store.charges(OURS.id, "doc_9")] == ["2026-12", "2026-12"]


async def test_what_had_no_price_gets_one_and_keeps_it(store: Store) -> None:
    unpriced = replace(CHARGE, currency=None, amount=None)
    await store.count(OURS.id, [unpriced])
    assert await store.unpriced("2026-11", [OURS.id], 10) == [unpriced]
    assert await store.unpriced("2026-11", [THEIRS.id], 10) == []
    assert await store.unpriced("2026-12", [OURS.id], 10) == []
    await store.price([CHARGE])
    await store.price([replace(CHARGE, amount=Decimal(7))])
    assert await store.charges(OURS.id, "doc_1") == [CHARGE]
    assert await store.unpriced("2026-11", [OURS.id], 10) == []


async def test_all_of_it_is_there_after_a_restart(opener: Opener, tmp_path: Path) -> None:
    store = await opener(tmp_path / "data")
    await store.add_company(OURS, NOW)
    await accepted(store)
    (event,) = await store.feed(OURS.id, None, 10)
    await store.add_prices([PRICE])
    await store.count(OURS.id, [CHARGE], event.cursor)
    await store.close_month("2026-10", datetime(2026, 11, 4, tzinfo=UTC))
    await store.close()
    again = await opener(tmp_path / "data")
    assert await again.prices() == [PRICE]
    assert await again.charges(OURS.id, "doc_1") == [CHARGE]
    assert await again.counted(OURS.id) == event.cursor
    assert await again.closed_month() == "2026-10"
    await again.close()
