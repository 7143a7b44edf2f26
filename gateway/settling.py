"""Changing a company's settings while others change them too.

In charge of doing a change again on what somebody else has written meanwhile. Not in charge of any
setting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from gateway.audit.chain import NewEntry, Told
from gateway.store.port import Overtaken, StorageUnavailable, Store

# Whoever is overtaken so often in a row has met no bad luck but a flood.
_ATTEMPTS: Final = 20


async def settle(
    store: Store,
    company_id: str,
    change: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    entry: NewEntry,
    now: datetime,
) -> Mapping[str, Any]:
    """A company's settings as `change` has made them, which is called again where it was overtaken;
    `entry` tells of it in the audit.

    Raises LookupError when there is no such company, StorageUnavailable, and what `change` raises.
    """
    for _ in range(_ATTEMPTS):
        company = await store.company(company_id)
        if company is None:
            raise LookupError(f"there is no company {company_id}")
        settings = change(company.settings)
        changed = replace(company, settings=settings)
        try:
            await store.add_company(changed, now, told=Told(entry, now), before=company.settings)
        except Overtaken:
            continue
        return settings
    raise StorageUnavailable(f"the settings of {company_id} are changed all the time")
