"""Inviting people for companies: whom they are there for, and who invites, as a letter says it.

In charge of the rules for callers, who give no more than they have. Not in charge of people
themselves (`directory`).
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.store.port import Store
from gateway.trust.callers import Caller


async def unknown(store: Store, who: Caller, asked: Sequence[str]) -> list[int]:
    """The places of those companies that the caller has not."""
    return [n for n, id_ in enumerate(asked) if not await store.company_within(who.reach, id_)]


def companies_of(who: Caller, asked: Sequence[str]) -> tuple[str, ...]:
    """The companies that somebody shall be there for; none asked: for all of the caller's
    account."""
    return tuple(asked) or who.reach.companies


async def account_of(store: Store, who: Caller, companies: Sequence[str]) -> str:
    """The account that they belong to: the caller's, or the one that all the companies are in."""
    if who.account_id:
        return who.account_id
    found = [await store.company(id_) for id_ in companies]
    accounts = {company.account_id for company in found if company is not None}
    return accounts.pop() if len(accounts) == 1 else ""


async def inviter(store: Store, who: Caller) -> tuple[str, str]:
    """Who invites, and to what, as the letter says it."""
    account = await store.account(who.account_id) if who.account_id else None
    named = [company.name for id_ in who.reach.companies if (company := await store.company(id_))]
    to = account.name if account is not None else ", ".join(named[:3])
    return to, to
