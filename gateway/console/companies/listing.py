"""The list of all companies, for operators: found by name, number or address, a page at a time.

In charge of which are shown, and in which order. Pure but for `listed`, which reads the rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from gateway.api.routes import Service
from gateway.console.companies.desk import COMPANIES
from gateway.inbound.aside import SET_ASIDE
from gateway.lifecycle import State
from gateway.registration.telling import subject
from gateway.store.port import Company, Store
from gateway.store.search import Question
from gateway.store.verifications import Verification
from gateway.trust.gate import OPEN
from gateway.trust.verification.standing import now_is
from gateway.trust.verification.states import Asking, Standing

PAGE: Final = 50
_ROWS: Final = 500  # that the store is asked for at once
_PARTICIPANTS: Final = 3  # of a company, in the list
_TROUBLE: Final = (State.HELD, State.FAILED)
_MOST_TROUBLED: Final = 1000  # companies


@dataclass(frozen=True, slots=True)
class CompanyRow:
    """A company in the list. Personal numbers among its participants are masked."""

    id: str
    name: str
    country: str
    participants: tuple[str, ...]
    more_participants: int
    account_id: str
    account: str
    standing: Standing
    asking: Asking
    closes_at: datetime | None
    troubled: int  # its documents that are held or have failed, of those that were counted


@dataclass(frozen=True, slots=True)
class CompanyList:
    """A page of them. `total` is how many were found; `next` and `first` are addresses, of the page
    after it and, unless it is that, of the first. `all_counted`: whether `troubled` is of all the
    documents that are held or have failed, not of the newest alone."""

    query: str
    standing: str
    required: bool
    total: int
    companies: tuple[CompanyRow, ...]
    all_counted: bool
    next: str
    first: str


def matches(company: Company, words: Sequence[str]) -> bool:
    """Whether a company has every word (case-folded): in its name or id, or as part of one of its
    participants."""
    if not words:
        return True
    text = "\n".join((company.id, company.name, *company.participants)).casefold()
    # A number is written with blanks and hyphens, and stored without.
    return all(word in text or _bare(word) in text for word in words)


def _bare(word: str) -> str:
    bare = word.replace("-", "").removeprefix("se").removeprefix("no")
    return bare if bare.isdigit() else word


def ordered(companies: Sequence[Company]) -> list[Company]:
    """By name, as people look for them."""
    return sorted(companies, key=lambda one: (one.name.casefold(), one.id))


def page(found: Sequence[Company], after: str) -> tuple[list[Company], str]:
    """The companies past the one with the id `after`, and the `after` of the next page; empty at
    the end. Where that one is not found any more, from the beginning."""
    begin = next((n + 1 for n, one in enumerate(found) if one.id == after), 0)
    shown = list(found[begin : begin + PAGE])
    return shown, shown[-1].id if begin + PAGE < len(found) else ""


async def listed(service: Service, query: str, standing: str, after: str) -> CompanyList:
    """The page that was asked for."""
    store, now = service.store, service.clock.now()
    every = await _standings(store, now) if standing else None
    words = query.casefold().split()
    found = [
        one
        for one in ordered(await store.companies())
        if one.id != SET_ASIDE
        if matches(one, words) and (every is None or _stands(every, one) == standing)
    ]
    shown, following = page(found, after)
    accounts = {one.id: one.name for one in await store.accounts()}
    facets = await store.facets(Question(None, states=_TROUBLE), values=_MOST_TROUBLED)
    troubled = dict(facets.of.get("company", ()))
    rows = [
        _row(one, accounts, _now(await store.verification(one.id), now), troubled.get(one.id, 0))
        for one in shown
    ]
    asked = {name: text for name, text in (("q", query), ("standing", standing)) if text}
    return CompanyList(
        query=query,
        standing=standing,
        required=service.gate is not OPEN,
        total=len(found),
        companies=tuple(rows),
        all_counted=facets.whole,
        next=f"{COMPANIES}?{urlencode({**asked, 'after': following})}" if following else "",
        first=f"{COMPANIES}?{urlencode(asked)}" if after else "",
    )


async def _standings(store: Store, now: datetime) -> Mapping[str, Standing]:
    found: dict[str, Standing] = {}
    after = ""
    while rows := await store.verifications(after, _ROWS):
        after = rows[-1].company_id
        found |= {row.company_id: now_is(row, now).standing for row in rows}
    return found


def _stands(every: Mapping[str, Standing], company: Company) -> Standing:
    return every.get(company.id, Standing.UNVERIFIED)


def _now(row: Verification | None, now: datetime) -> Verification | None:
    return None if row is None else now_is(row, now)


def _row(
    company: Company, accounts: Mapping[str, str], row: Verification | None, troubled: int
) -> CompanyRow:
    masked = [subject(one) for one in company.participants]
    return CompanyRow(
        id=company.id,
        name=company.name,
        country=company.country,
        participants=tuple(masked[:_PARTICIPANTS]),
        more_participants=max(0, len(masked) - _PARTICIPANTS),
        account_id=company.account_id,
        account=accounts.get(company.account_id, ""),
        standing=Standing.UNVERIFIED if row is None else row.standing,
        asking=Asking.NONE if row is None else row.asking,
        closes_at=None if row is None else row.closes_at,
        troubled=troubled,
    )
