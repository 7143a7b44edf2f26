"""A month's usage over HTTP: whose it is, its forms, and nobody else's."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from gateway.store.access import AccessKey
from gateway.store.accounts import Account
from gateway.store.usage import Charge
from gateway.trust.scopes import Scope
from tests.api.conftest import AT, COMPANY, OTHER, OTHER_KEY, Api

PLACE = "/v1/usage"


def charge(company_id: str, n: int, amount: str | None = "1.25", account_id: str = "") -> Charge:
    return Charge(
        *(f"doc_{n}/0", company_id, account_id, f"doc_{n}", "peppol", "SE", "out", "invoice"),
        *(AT, date(2026, 11, 21), "2026-11", 1),
        currency=None if amount is None else "SEK",
        amount=None if amount is None else Decimal(amount),
    )


async def usage(api: Api, query: str = "", **how: Any) -> dict[str, Any]:
    reply = await api.get(f"{PLACE}{query}", **how)
    assert reply.status == 200, reply.content
    return dict(reply.json)


async def test_a_company_reads_what_it_used(api: Api) -> None:
    await api.store.count(COMPANY.id, [charge(COMPANY.id, 1), charge(COMPANY.id, 2)])
    await api.store.count(COMPANY.id, [charge(COMPANY.id, 3, None)])
    await api.store.count(OTHER.id, [charge(OTHER.id, 9, "9.00")])
    shown = await usage(api)
    assert (shown["month"], shown["closed"], shown["unpriced"]) == ("2026-11", False, 1)
    (company,) = shown["companies"]
    assert (company["name"], company["totals"]) == (COMPANY.name, {"SEK": "2.50"})
    assert [(row["charged"], row["amount"]) for row in company["rows"]] == [(1, None), (2, "2.50")]
    assert shown["totals"] == {"SEK": "2.50"}
    assert (await usage(api, "?month=2026-10"))["companies"] == []
    assert (await usage(api, key=OTHER_KEY))["totals"] == {"SEK": "9.00"}


async def test_a_closed_month_is_told_to_be(api: Api) -> None:
    await api.store.close_month("2026-10", AT)
    assert (await usage(api, "?month=2026-10"))["closed"] is True
    assert (await usage(api, "?month=2026-11"))["closed"] is False


async def test_it_comes_as_csv_and_as_pdf(api: Api) -> None:
    await api.store.count(COMPANY.id, [charge(COMPANY.id, 1)])
    table = await api.get(PLACE, headers={"Accept": "text/csv"})
    assert table.headers["Content-Type"] == "text/csv"
    (row,) = csv.DictReader(table.content.decode().splitlines())
    assert (row["company_id"], row["amount"]) == (COMPANY.id, "1.25")
    paper = await api.get(f"{PLACE}?language=sv", headers={"Accept": "application/pdf"})
    assert paper.headers["Content-Disposition"] == 'attachment; filename="usage-2026-11.pdf"'
    assert paper.content.startswith(b"%PDF")


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "november", "", "2026-11-01"])
async def test_what_is_no_month_is_told(api: Api, month: str) -> None:
    refused = await api.get(f"{PLACE}?month={month}")
    assert refused.status == 400
    assert refused.json["errors"][0]["parameter"] == "month"


async def test_another_company_is_as_one_that_does_not_exist(api: Api) -> None:
    await api.store.count(OTHER.id, [charge(OTHER.id, 9)])
    theirs = await api.get(f"{PLACE}?company={OTHER.id}")
    nobodys = await api.get(f"{PLACE}?company=com_none")
    assert theirs.status == nobodys.status == 404
    assert theirs.json["detail"] == nobodys.json["detail"]
    assert theirs.json["errors"] == nobodys.json["errors"]
    own = await usage(api, f"?company={COMPANY.id}")
    assert own["companies"] == []


async def test_an_account_reads_the_statement_of_all_its_companies(api: Api) -> None:
    await api.store.add_account(Account("acc_byra", "Byrån AB", AT))
    for n, company in enumerate((COMPANY, OTHER)):
        await api.store.add_company(replace(company, account_id="acc_byra"), AT)
        await api.store.count(company.id, [charge(company.id, n, account_id="acc_byra")])
    before_it_was_in_the_account = charge(OTHER.id, 7)
    await api.store.count(OTHER.id, [before_it_was_in_the_account])
    key = AccessKey("key_byra", "acc_byra", (), "byrån", frozenset({Scope.READ}), AT)
    await api.store.put_key(key, hashlib.sha256(b"bk_byra").hexdigest(), AT)
    shown = await usage(api, key="bk_byra")
    assert [company["name"] for company in shown["companies"]] == [OTHER.name, COMPANY.name]
    assert shown["totals"] == {"SEK": "2.50"}
    one = await usage(api, f"?company={OTHER.id}", key="bk_byra")
    assert [row["charged"] for row in one["companies"][0]["rows"]] == [1, 1]
    named = await usage(api, key="bk_byra", headers={"Budkavle-Company": COMPANY.id})
    assert named["totals"] == {"SEK": "1.25"}
    assert (await usage(api, key=OTHER_KEY))["companies"][0]["name"] == OTHER.name


async def test_a_key_without_the_right_reads_nothing(api: Api) -> None:
    key = AccessKey("key_send", "", (COMPANY.id,), "till", frozenset({Scope.SEND}), AT)
    await api.store.put_key(key, hashlib.sha256(b"bk_send").hexdigest(), AT)
    assert (await api.get(PLACE, key="bk_send")).status == 403
    assert (await api.get(PLACE, key=None)).status == 401
