"""/v1/usage: what was delivered in a month, and what it comes to."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final, Literal

from aiohttp import web
from pydantic import Field

from gateway.api import examples_usage as examples
from gateway.api.answers import Shown
from gateway.api.files import headers_of
from gateway.api.problems import Fault, Problem, Type
from gateway.api.routes import Answer, Call, Parameters, Routes, answer
from gateway.store.port import Company
from gateway.usage.months import MONTH, month_of
from gateway.usage.paper import paper
from gateway.usage.statement import Statement, data, of_account, of_companies, to_csv

routes = Routes("usage")

CSV, PDF = FILES = ("text/csv", "application/pdf")

_PAGE: Final = 500


class UsageParameters(Parameters):
    """Which month, and of whom."""

    month: Annotated[str, Field(pattern=f"^{MONTH}$")] | None = None
    """The month, `2026-11`, of UTC; by default this one."""
    company: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    """Only this company; by default all that you may act for."""
    language: Literal["en", "sv", "nb"] = "en"
    """Of the PDF."""


class UsageRow(Shown):
    """What was charged alike: so many deliveries at one price."""

    channel: str
    """The channel; `company_month` for a company's fixed fee."""
    country: str
    """The recipient's country; empty where it is not known any more."""
    direction: str
    kind: str
    """The kind of document."""
    charged: int
    taken_back: int
    """How many that were charged before have come back."""
    currency: str | None
    price: str | None
    """Of one; null: there is no price for it."""
    amount: str | None
    """What is left of them, times the price: nothing is rounded."""


class CompanyUsage(Shown):
    """A company's share."""

    company_id: str
    name: str
    rows: tuple[UsageRow, ...]
    totals: dict[str, str]
    """Amounts by currency."""


class MonthUsage(Shown):
    """A month's statement."""

    month: str
    closed: bool
    """Whether it changes no more."""
    companies: tuple[CompanyUsage, ...]
    totals: dict[str, str]
    """Amounts by currency, of all companies."""
    unpriced: int
    """How many deliveries have no price: they are in no amount."""


@routes.operation(
    "GET",
    "/v1/usage",
    query=UsageParameters,
    answers={
        200: Answer(
            "The statement; with `Accept: text/csv` or `application/pdf`, in that form.",
            MonthUsage,
            examples.USAGE,
            files=FILES,
        )
    },
    problems=(Type.NOT_FOUND,),
    across=True,
)
async def get_usage(call: Call[UsageParameters]) -> web.Response:
    """Read what your companies have used in a month, and what it comes to.

    One charge for each document and channel that has it; what came back is taken back. What has
    happened in the last minutes may not be counted yet. A month is closed three days after its
    end: what comes back later stands on the next one.
    """
    clock = call.service.clock
    month = call.query.month or month_of(clock.now())
    whose, shown = await _statement(call, month)
    accept = ",".join(call.request.headers.getall("Accept", [])).lower()
    name = f"usage-{month}"
    if CSV in accept:
        return web.Response(body=to_csv(shown), headers=headers_of(f"{name}.csv", CSV))
    if PDF in accept:
        today = clock.now().date()
        content = await asyncio.to_thread(paper, shown, whose, today, call.query.language)
        return web.Response(body=content, headers=headers_of(f"{name}.pdf", PDF))
    return answer(MonthUsage.model_validate(data(shown)))


async def _statement(call: Call[UsageParameters], month: str) -> tuple[str, Statement]:
    """Whose statement it is, and the statement."""
    store, who = call.service.store, call.who
    if call.query.company is not None:
        company = await store.company_within(who.reach, call.query.company)
        if company is None:  # the same whether there is none or it is another's
            fault = Fault(parameter="company", detail="names no company of yours")
            raise Problem(Type.NOT_FOUND, "There is no such company.", faults=[fault])
        return company.name, await of_companies(store, month, [company])
    if who.company is not None:
        return who.company.name, await of_companies(store, month, [who.company])
    if who.account_id:
        account = await store.account(who.account_id)
        return account.name if account else "", await of_account(store, month, who.account_id)
    return "", await of_companies(store, month, await _companies(call))


async def _companies(call: Call[UsageParameters]) -> list[Company]:
    store, reach = call.service.store, call.who.reach
    found: list[Company] = []
    while page := await store.companies_within(reach, found[-1].id if found else "", _PAGE):
        found += page
    return found
