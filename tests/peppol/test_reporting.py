"""The monthly reports: they satisfy the official rules, and their sums are those of the month."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from schemas.identifiers import BILLING_CREDIT_NOTE, BILLING_INVOICE, BILLING_PROCESS
from transports.peppol.reporting import (
    EUSR_TYPE,
    PROCESS,
    TSR_TYPE,
    Direction,
    Period,
    Transaction,
    end_user_statistics,
    transaction_statistics,
)
from validators.pipeline import validate

PERIOD = Period(2026, 10)
AT = datetime(2026, 10, 15, 12, 0, tzinfo=UTC)

TRANSACTIONS = st.builds(
    Transaction,
    at=st.just(AT),
    direction=st.sampled_from(Direction),
    other_seat=st.sampled_from(["PNO000111", "PSE000333", "PDK000444"]),
    document_type=st.sampled_from([BILLING_INVOICE, BILLING_CREDIT_NOTE]),
    process=st.just(BILLING_PROCESS),
    end_user=st.sampled_from(["SE:5560712225", "NO:918130047", "SE:5591234561"]),
    end_user_country=st.sampled_from(["SE", "DK"]),
    sender_country=st.sampled_from(["SE", "NO", None]),
)


def one(direction: Direction = Direction.OUT, **more: object) -> Transaction:
    what: dict[str, object] = {
        "at": AT,
        "direction": direction,
        "other_seat": "PNO000111",
        "document_type": BILLING_INVOICE,
        "process": BILLING_PROCESS,
        "end_user": "SE:5560712225",
        "end_user_country": "SE",
        "sender_country": "NO",
    }
    return Transaction(**{**what, **more})  # type: ignore[arg-type]


def number(content: bytes, path: str) -> int:
    return int(etree.fromstring(content).findtext(path) or "-1")


@given(st.lists(TRANSACTIONS, max_size=12))
def test_every_report_is_valid(transactions: list[Transaction]) -> None:
    for make in (transaction_statistics, end_user_statistics):
        report = validate(make(PERIOD, "PSE000222", transactions), at=date(2026, 11, 2))
        assert report.structure_ok
        assert [(finding.rule, finding.text) for finding in report.findings] == []


def test_sums() -> None:
    month = [one(), one(), one(Direction.IN), one(other_seat="PSE000333")]
    content = transaction_statistics(PERIOD, "PSE000222", month)
    assert number(content, "{*}Total/{*}Outgoing") == 3
    assert number(content, "{*}Total/{*}Incoming") == 1


def test_an_end_user_counts_once() -> None:
    month = [one(), one(), one(Direction.IN), one(Direction.IN, end_user="SE:5591234561")]
    content = end_user_statistics(PERIOD, "PSE000222", month)
    assert number(content, "{*}FullSet/{*}SendingEndUsers") == 1
    assert number(content, "{*}FullSet/{*}ReceivingEndUsers") == 2
    assert number(content, "{*}FullSet/{*}SendingOrReceivingEndUsers") == 2


def test_the_reports_themselves_do_not_count() -> None:
    month = [one(document_type=kind, process=PROCESS) for kind in (TSR_TYPE, EUSR_TYPE)]
    content = transaction_statistics(PERIOD, "PSE000222", month)
    assert number(content, "{*}Total/{*}Outgoing") == 0


@pytest.mark.parametrize(
    ("day", "month", "last"),
    [
        (date(2026, 11, 2), "2026-10", date(2026, 10, 31)),
        (date(2027, 1, 31), "2026-12", date(2026, 12, 31)),
        (date(2028, 3, 1), "2028-02", date(2028, 2, 29)),
    ],
)
def test_periods(day: date, month: str, last: date) -> None:
    assert str(Period.before(day)) == month
    assert Period.parse(month).last == last


def test_a_period_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError):
        Period.parse("2026-13")
