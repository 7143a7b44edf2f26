"""Peppol's monthly reports, made of what was exchanged and sent once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree

from gateway.clock import MovableClock
from gateway.reporting.peppol import MonthlyReports, monthly
from gateway.store.messages import Message
from gateway.store.port import Company
from gateway.store.sqlite import SqliteStore
from schemas.envelope import Header
from schemas.identifiers import BILLING_INVOICE, BILLING_PROCESS, Participant
from tests.e2e.command import budkavle
from transports.base import Outcome, Sent, TryLater, Verdict
from transports.peppol.reporting import EUSR_TYPE, TSR_TYPE, Period

OCTOBER = Period(2026, 10)
SECOND = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
SEAT = "PSE000222"
HERE = Company("com_here", "Fjärdens Snickeri AB", "SE", ("0007:5560001116",), {})
ONE = Message(
    channel="peppol",
    direction="out",
    id="m1",
    reference="e1",
    company_id=HERE.id,
    document_id=None,
    provider="PNO000111",
    document_type=str(BILLING_INVOICE),
    process=str(BILLING_PROCESS),
    country="SE",
    at=datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC),
)


class Authority:
    """Takes reports, or does not."""

    def __init__(self) -> None:
        self.came: list[tuple[Header, bytes]] = []
        self.taken: list[tuple[Header, bytes]] = []
        self.there = True

    async def post(self, header: Header, document: bytes) -> Outcome:
        verdict = Verdict("peppol.sent", "", "Sent.", "POP000009")
        self.came.append((header, document))
        if not self.there:
            return TryLater(verdict)
        self.taken.append((header, document))
        return Sent(verdict, reference=header.instance_id)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(tmp_path)
    await store.add_company(HERE, SECOND)
    yield store
    await store.close()


def sending(store: SqliteStore, authority: Authority) -> MonthlyReports:
    return MonthlyReports(
        store,
        MovableClock(SECOND),
        authority,
        seat=SEAT,
        own=Participant.parse("0242:000222"),
        to=Participant.parse("9925:be0848934496"),
    )


def figure(content: bytes, path: str) -> int:
    return int(etree.fromstring(content).findtext(path) or "-1")


async def test_the_month_s_messages_are_counted(store: SqliteStore) -> None:
    for message in (
        ONE,
        replace(ONE, id="m2", at=ONE.at + timedelta(seconds=1)),  # of November
        replace(ONE, id="m3", direction="in", country="NO"),
        replace(ONE, id="m4", company_id=""),  # a status
        replace(ONE, id="m5", channel="other"),
    ):
        await store.note(message)
    tsr, eusr = await monthly(store, SEAT, OCTOBER, SECOND)
    assert (tsr.findings.findings, eusr.findings.findings) == ((), ())
    assert figure(tsr.content, "{*}Total/{*}Outgoing") == 1
    assert figure(tsr.content, "{*}Total/{*}Incoming") == 1
    assert figure(eusr.content, "{*}FullSet/{*}SendingOrReceivingEndUsers") == 1


async def test_both_reports_are_sent_once(store: SqliteStore) -> None:
    authority = Authority()
    for day in range(4):
        assert not await sending(store, authority)(SECOND + timedelta(days=day))
    assert [header.document_type for header, _ in authority.taken] == [TSR_TYPE, EUSR_TYPE]


async def test_nothing_is_sent_on_the_first(store: SqliteStore) -> None:
    authority = Authority()
    await sending(store, authority)(SECOND - timedelta(days=1))
    assert not authority.taken


async def test_what_could_not_be_sent_goes_out_the_day_after(store: SqliteStore) -> None:
    authority = Authority()
    authority.there = False
    await sending(store, authority)(SECOND)
    authority.there = True
    await sending(store, authority)(SECOND + timedelta(days=1))
    assert len(authority.taken) == 2
    assert authority.came[:2] == authority.came[2:], "the same message, by its time too"


async def test_no_report_is_made_of_half_a_month(tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    names = ("key_store", "roots", "access_point_cas", "publisher_cas")
    values = ('"k.pem"', *['["c.pem"]'] * 3)
    lines = [f"{name} = {value}" for name, value in zip(names, values, strict=True)]
    file.write_text("\n".join(["[peppol]", 'host = "ap.example"', *lines]))
    asked = ("report", "peppol", "--config", file, "--data", tmp_path, "--month", "2020-01")
    ran = await budkavle(*asked)
    assert ran.code != 0
    assert "kept for 90 days (retention.message_days)" in ran.err
