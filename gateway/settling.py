"""Changing the settings of a company or an account while others change them too.

In charge of doing a change again on what somebody else has written meanwhile. Not in charge of any
setting.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from gateway.audit.chain import NewEntry, Told
from gateway.store.port import Overtaken, StorageUnavailable, Store

# Whoever is overtaken so often in a row has met no bad luck but a flood.
_ATTEMPTS: Final = 20

# The settings as they are -> as they shall be; called again where somebody was quicker.
Change = Callable[[Mapping[str, Any]], Mapping[str, Any]]


async def settle(
    store: Store, company_id: str, change: Change, entry: NewEntry, now: datetime
) -> Mapping[str, Any]:
    """A company's settings as `change` has made them, which is called again where it was overtaken;
    `entry` tells of it in the audit.

    Raises LookupError when there is no such company, StorageUnavailable, and what `change` raises.
    """

    async def once() -> Mapping[str, Any]:
        company = await store.company(company_id)
        if company is None:
            raise LookupError(f"there is no company {company_id}")
        settings = change(company.settings)
        changed = replace(company, settings=settings)
        await store.add_company(changed, now, told=Told(entry, now), before=company.settings)
        return settings

    return await _again(once, company_id)


async def settle_account(
    store: Store, account_id: str, change: Change, entry: NewEntry, now: datetime
) -> Mapping[str, Any]:
    """The same for an account."""

    async def once() -> Mapping[str, Any]:
        account = await store.account(account_id)
        if account is None:
            raise LookupError(f"there is no account {account_id}")
        settings = change(account.settings)
        told = Told(entry, now)
        await store.settle_account(account_id, settings, account.settings, told=told)
        return settings

    return await _again(once, account_id)


async def _again(once: Callable[[], Awaitable[Mapping[str, Any]]], whose: str) -> Mapping[str, Any]:
    for _ in range(_ATTEMPTS):
        try:
            return await once()
        except Overtaken:
            continue
    raise StorageUnavailable(f"the settings of {whose} are changed all the time")
