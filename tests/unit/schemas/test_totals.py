from __future__ import annotations

import datetime
from collections import defaultdict
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.invoice import (
    Address,
    Allowance,
    Buyer,
    Charge,
    Invoice,
    Item,
    Line,
    LineAllowance,
    LineCharge,
    Price,
    Seller,
    Totals,
    Vat,
    VatBreakdown,
)
from schemas.totals import ZERO_RATED, complete, line_net, taxable, vat_amount

STANDARD = Vat("S", Decimal(25))


def line(quantity: str, price: str, vat: Vat = STANDARD, **more: Any) -> Line:
    return Line("1", Decimal(quantity), "EA", Price(Decimal(price)), Item("Spade", vat), **more)


def invoice(*lines: Line, **more: Any) -> Invoice:
    return Invoice(
        number="F-1",
        issue_date=datetime.date(2026, 11, 21),
        currency="SEK",
        seller=Seller("Säljaren AB", Address("SE")),
        buyer=Buyer("Köparen AB", Address("SE")),
        lines=lines,
        **more,
    )


def totals(stated: Invoice) -> Totals:
    found = complete(stated).totals
    assert found is not None
    return found


def test_a_plain_invoice() -> None:
    done = complete(invoice(line("3", "100.10"), line("1", "50", Vat("S", Decimal(6)))))
    assert [each.net_amount for each in done.lines] == [Decimal("300.30"), Decimal("50.00")]
    assert done.vat_breakdown == (
        VatBreakdown("S", Decimal(25), Decimal("300.30"), Decimal("75.08")),
        VatBreakdown("S", Decimal(6), Decimal("50.00"), Decimal("3.00")),
    )
    assert done.totals == Totals(
        lines=Decimal("350.30"),
        without_vat=Decimal("350.30"),
        vat=Decimal("78.08"),
        with_vat=Decimal("428.38"),
        due=Decimal("428.38"),
    )
    assert done.business_process == "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
    assert done.specification == (
        "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
    )


@pytest.mark.parametrize(
    ("quantity", "price", "base", "net"),
    [
        ("1", "0.125", None, "0.13"),
        ("-1", "0.125", None, "-0.13"),
        ("1", "0.1249", None, "0.12"),
        ("10", "1", "3", "3.33"),
        ("1000", "12.50", "100", "125.00"),
        ("2", "10", "0", "20.00"),
        ("2", "10", "-5", "20.00"),
    ],
)
def test_half_a_cent_goes_away_from_zero(
    quantity: str, price: str, base: str | None, net: str
) -> None:
    per = Price(Decimal(price), base_quantity=Decimal(base) if base else None)
    assert line_net(replace(line(quantity, price), price=per)) == Decimal(net)


def test_allowances_and_charges_of_a_line() -> None:
    one = line(
        "10",
        "20",
        allowances=(
            LineAllowance(base=Decimal(200), percent=Decimal("12.5")),
            LineAllowance(amount=Decimal("3.10")),
        ),
        charges=(LineCharge(amount=Decimal("1.25")),),
    )
    (done,) = complete(invoice(one)).lines
    assert [each.amount for each in done.allowances] == [Decimal("25.00"), Decimal("3.10")]
    assert done.net_amount == Decimal("173.15")


def test_allowances_and_charges_of_the_document_move_the_vat() -> None:
    done = complete(
        invoice(
            line("1", "100"),
            line("1", "40", Vat("S", Decimal(6))),
            allowances=(Allowance(STANDARD, base=Decimal(100), percent=Decimal(10)),),
            charges=(Charge(Vat("S", Decimal(12)), amount=Decimal(50)),),
        )
    )
    assert taxable(done) == {
        ("S", Decimal(25)): Decimal(90),
        ("S", Decimal(6)): Decimal(40),
        ("S", Decimal(12)): Decimal(50),
    }
    assert done.totals
    assert (done.totals.allowances, done.totals.charges) == (Decimal(10), Decimal(50))
    assert done.totals.without_vat == Decimal(180)
    assert done.totals.vat == Decimal("22.50") + Decimal("2.40") + Decimal("6.00")


def test_a_percentage_of_nothing_stated_is_left_to_the_rules() -> None:
    done = complete(invoice(line("1", "9"), allowances=(Allowance(STANDARD, percent=Decimal(5)),)))
    assert done.allowances[0].amount is None


@pytest.mark.parametrize("category", sorted(ZERO_RATED))
def test_categories_without_vat(category: str) -> None:
    done = complete(invoice(line("1", "100", Vat(category))))
    assert done.lines[0].item.vat.rate == 0
    (row,) = done.vat_breakdown
    assert (row.rate, row.taxable, row.tax) == (0, 100, 0)
    codes = {"AE": "VATEX-EU-AE", "K": "VATEX-EU-IC", "G": "VATEX-EU-G"}
    assert row.exemption_code == codes.get(category)


def test_outside_vat_there_is_no_rate() -> None:
    done = complete(invoice(line("1", "100", Vat("O"))))
    assert done.lines[0].item.vat == Vat("O")
    assert done.vat_breakdown == (
        VatBreakdown("O", None, Decimal(100), Decimal(0), exemption_code="VATEX-EU-O"),
    )


def test_a_reason_is_kept_and_its_row_completed() -> None:
    reason = VatBreakdown("E", exemption_reason="Education")
    done = complete(invoice(line("1", "100", Vat("E")), line("1", "8"), vat_breakdown=(reason,)))
    assert done.vat_breakdown == (
        VatBreakdown("E", Decimal(0), Decimal(100), Decimal(0), exemption_reason="Education"),
        VatBreakdown("S", Decimal(25), Decimal(8), Decimal(2)),
    )
    own = VatBreakdown("AE", exemption_reason="Omvänd betalningsskyldighet")
    (row,) = complete(invoice(line("1", "1", Vat("AE")), vat_breakdown=(own,))).vat_breakdown
    assert (row.exemption_reason, row.exemption_code) == ("Omvänd betalningsskyldighet", None)


def test_what_is_stated_stays_and_the_rest_follows_from_it() -> None:
    stated = Totals(without_vat=Decimal(90), paid=Decimal(20), rounding=Decimal("0.40"))
    done = totals(invoice(line("1", "100"), totals=stated))
    assert done.lines == Decimal(100)
    assert done.without_vat == Decimal(90)
    assert done.vat == Decimal(25)
    assert done.with_vat == Decimal(115)
    assert done.due == Decimal("95.40")
    assert (done.paid, done.rounding) == (Decimal(20), Decimal("0.40"))
    wrong = line("2", "10", net_amount=Decimal(19))
    assert totals(invoice(wrong)).lines == Decimal(19)


def test_vat_in_the_accounting_currency_is_never_computed() -> None:
    assert totals(invoice(line("1", "100"), vat_currency="NOK")).vat_in_vat_currency is None
    stated = Totals(vat_in_vat_currency=Decimal(26))
    done = totals(invoice(line("1", "100"), vat_currency="NOK", totals=stated))
    assert (done.vat, done.vat_in_vat_currency) == (Decimal(25), Decimal(26))


def test_the_unit_of_the_base_quantity_is_that_of_the_quantity() -> None:
    per = Price(Decimal(1), base_quantity=Decimal(100))
    (done,) = complete(invoice(replace(line("1", "1"), price=per))).lines
    assert done.price.base_unit == "EA"
    assert complete(invoice(line("1", "1"))).lines[0].price.base_unit is None


@pytest.mark.parametrize("beyond", ["NaN", "Infinity", "1E+999999", "-1E+999999"])
def test_a_number_beyond_reason_is_left_to_the_writer(beyond: str) -> None:
    done = complete(invoice(line("1", beyond), line(beyond, "2")))
    assert done.totals
    assert str(done.lines[0].price.net) == str(Decimal(beyond))


# --- any invoice ---------------------------------------------------------------------------------

AMOUNTS = st.decimals(-(10**7), 10**7, places=4, allow_nan=False)
PERCENTS = st.decimals(0, 100, places=2)
VATS = st.one_of(
    st.builds(Vat, st.just("S"), st.sampled_from([Decimal(6), Decimal("12.5"), Decimal(25)])),
    st.builds(Vat, st.sampled_from(sorted(ZERO_RATED)), st.none() | st.just(Decimal(0))),
    st.just(Vat("O")),
)


def adjustments(kind: Any, **more: Any) -> st.SearchStrategy[Any]:
    stated = st.builds(kind, amount=AMOUNTS.map(lambda amount: round(amount, 2)), **more)
    return st.lists(
        stated | st.builds(kind, base=AMOUNTS, percent=PERCENTS, **more), max_size=2
    ).map(tuple)


LINES = st.builds(
    Line,
    id=st.just("1"),
    quantity=AMOUNTS,
    unit=st.just("EA"),
    price=st.builds(
        Price,
        AMOUNTS,
        base_quantity=st.none() | st.decimals("0.01", 1000, places=2),
        discount=st.none(),
        gross=st.none(),
        base_unit=st.none(),
    ),
    item=st.builds(lambda vat: Item("Spade", vat), VATS),
    allowances=adjustments(LineAllowance),
    charges=adjustments(LineCharge),
)
INVOICES = st.builds(
    lambda lines, allowances, charges, paid: invoice(
        *lines, allowances=allowances, charges=charges, totals=Totals(paid=paid)
    ),
    st.lists(LINES, min_size=1, max_size=6),
    adjustments(Allowance, vat=VATS),
    adjustments(Charge, vat=VATS),
    st.none() | st.decimals(0, 1000, places=2),
)


@settings(max_examples=200, deadline=None)
@given(INVOICES)
def test_all_sums_agree(stated: Invoice) -> None:
    done = complete(stated)
    sums = done.totals
    assert sums
    zero = Decimal(0)
    assert sums.lines == sum((each.net_amount or zero for each in done.lines), zero)  # BR-CO-10
    taken = sum((each.amount or zero for each in done.allowances), zero)
    added = sum((each.amount or zero for each in done.charges), zero)
    assert (sums.allowances or zero, sums.charges or zero) == (taken, added)  # BR-CO-11, -12
    assert (sums.allowances is None) == (not done.allowances)
    assert sums.without_vat == sums.lines - taken + added  # BR-CO-13
    assert sums.vat == sum((row.tax or zero for row in done.vat_breakdown), zero)  # BR-CO-14
    assert sums.with_vat == sums.without_vat + sums.vat  # BR-CO-15
    assert sums.due == sums.with_vat - (sums.paid or zero)  # BR-CO-16
    assert sum((row.taxable or zero for row in done.vat_breakdown), zero) == sums.without_vat
    for row in done.vat_breakdown:  # BR-CO-17
        assert row.taxable is not None
        assert row.tax == vat_amount(row.category, row.rate, row.taxable)
        assert row.category == "S" or row.tax == 0
    keys = [(row.category, row.rate) for row in done.vat_breakdown]
    assert len(keys) == len(set(keys))


@settings(max_examples=100, deadline=None)
@given(INVOICES)
def test_everything_has_two_decimals_and_once_is_enough(stated: Invoice) -> None:
    done = complete(stated)
    assert complete(done) == done
    amounts = [getattr(done.totals, field.name) for field in fields(Totals)]
    amounts += [each.net_amount for each in done.lines]
    amounts += [amount for row in done.vat_breakdown for amount in (row.taxable, row.tax)]
    assert all(a.as_tuple().exponent == -2 for a in amounts if a is not None)


@settings(max_examples=100, deadline=None)
@given(INVOICES)
def test_the_breakdown_is_what_the_lines_say(stated: Invoice) -> None:
    done = complete(stated)
    wanted: dict[Any, Decimal] = defaultdict(Decimal)
    for each in done.lines:
        assert each.net_amount is not None
        wanted[each.item.vat] += each.net_amount
    for taken in done.allowances:
        wanted[taken.vat] -= taken.amount or 0
    for added in done.charges:
        wanted[added.vat] += added.amount or 0
    found = {Vat(row.category, row.rate): row.taxable for row in done.vat_breakdown}
    assert found == wanted


@given(st.lists(LINES, min_size=1, max_size=3))
def test_a_credit_note_mirrors_its_invoice(lines: list[Line]) -> None:
    plain = [replace(each, allowances=(), charges=()) for each in lines]
    mirrored = [replace(each, quantity=-each.quantity) for each in plain]
    given_back, asked = totals(invoice(*mirrored)), totals(invoice(*plain))
    assert given_back.due is not None
    assert given_back.due == -(asked.due or 0)
