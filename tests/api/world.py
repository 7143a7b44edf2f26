"""Two accounts with companies, and keys of every kind: who may see what is told in one place."""

from __future__ import annotations

from datetime import datetime

from gateway.store.access import AccessKey
from gateway.store.accounts import Account
from gateway.store.port import Company
from gateway.trust.keys import digest
from gateway.trust.scopes import EVERY, Scope
from tests.api.conftest import AT, Api

FIRM, VENDOR = Account("acc_firm", "Firm AB", AT), Account("acc_vendor", "Vendor AS", AT)
NORTH = Company("com_north", "North AB", "SE", ("0007:5567321707",), {}, FIRM.id)
UNIT = Company("com_unit", "North AB, Umeå", "SE", ("0088:7300010000001",), {}, FIRM.id, NORTH.id)
SOUTH = Company("com_south", "South AB", "SE", ("0007:5591234561",), {}, FIRM.id)
WEST = Company("com_west", "West AS", "NO", ("0192:923609016",), {}, VENDOR.id)
COMPANIES = (NORTH, UNIT, SOUTH, WEST)


async def settle(api: Api) -> None:
    """Adds accounts and companies."""
    for account in (FIRM, VENDOR):
        await api.store.add_account(account)
    for company in COMPANIES:
        await api.store.add_company(company, AT)


async def add_key(
    api: Api,
    name: str,
    *companies: str,
    account: str = "",
    scopes: frozenset[Scope] = EVERY,
    expires_at: datetime | None = None,
) -> str:
    """Adds a key, and answers its secret."""
    secret = f"bk_{name}"
    key = AccessKey(f"key_{name}", account, companies, name, scopes, AT, expires_at)
    await api.store.put_key(key, digest(secret), AT)
    return secret
