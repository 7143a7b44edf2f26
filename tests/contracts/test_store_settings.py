"""Settings of accounts, and what companies have from above them, on every store."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.audit.chain import NewEntry, Told
from gateway.store.accounts import Account
from gateway.store.port import Overtaken, Store
from gateway.trust.reach import Reach
from tests.contracts.stores import NOW, OURS, THEIRS

ACCOUNT = Account("acc_byra", "Byrån AB", NOW)
PARENT = replace(OURS, account_id=ACCOUNT.id, settings={"archives": False})
UNIT = replace(THEIRS, account_id=ACCOUNT.id, parent_id=PARENT.id, settings={"recheck": False})
OF_ACCOUNT = {"archives": True, "duplicate_days": 30}


@pytest.fixture
async def placed(store: Store) -> Store:
    await store.add_account(ACCOUNT)
    for company in (PARENT, UNIT):
        await store.add_company(company, NOW)
    return store


async def test_an_account_has_settings_that_its_name_leaves_alone(placed: Store) -> None:
    assert await placed.account(ACCOUNT.id) == ACCOUNT
    told = Told(NewEntry("key:byrå", "setting.settled", "archives"), NOW)
    await placed.settle_account(ACCOUNT.id, OF_ACCOUNT, {}, told=told)
    await placed.add_account(replace(ACCOUNT, name="Byrån i Visby AB"))
    settled = replace(ACCOUNT, name="Byrån i Visby AB", settings=OF_ACCOUNT)
    assert await placed.account(ACCOUNT.id) == settled
    assert await placed.accounts() == [settled]
    assert [entry.action for entry in await placed.audit_entries(0, 9)] == ["setting.settled"]


async def test_who_was_overtaken_writes_nothing(placed: Store) -> None:
    told = Told(NewEntry("key:byrå", "setting.settled", "archives"), NOW)
    for account_id, before in ((ACCOUNT.id, {"archives": True}), ("acc_none", {})):
        with pytest.raises(Overtaken):
            await placed.settle_account(account_id, OF_ACCOUNT, before, told=told)
    assert await placed.account(ACCOUNT.id) == ACCOUNT
    assert await placed.audit_entries(0, 9) == []


async def test_a_company_is_read_with_what_is_above_it(placed: Store) -> None:
    assert (await placed.company(PARENT.id)) == PARENT
    assert (await placed.company(UNIT.id)) == replace(UNIT, above=(PARENT.settings,))
    await placed.settle_account(ACCOUNT.id, OF_ACCOUNT, {})
    unit = await placed.company(UNIT.id)
    assert unit == replace(UNIT, above=(PARENT.settings, OF_ACCOUNT))
    assert unit.in_effect == {"archives": False, "duplicate_days": 30, "recheck": False}
    assert await placed.company_of(PARENT.participants[0]) == replace(PARENT, above=(OF_ACCOUNT,))
    assert await placed.company_within(Reach(ACCOUNT.id), UNIT.id) == unit
    assert [one.above for one in await placed.companies()] == [
        *((OF_ACCOUNT,), (PARENT.settings, OF_ACCOUNT))
    ]
    assert await placed.company("nobody") is None


async def test_what_is_above_a_company_is_not_written_with_it(placed: Store) -> None:
    await placed.settle_account(ACCOUNT.id, OF_ACCOUNT, {})
    unit = await placed.company(UNIT.id)
    assert unit is not None
    await placed.add_company(replace(unit, name="Annat AB"), NOW, before=unit.settings)
    again = await placed.company(UNIT.id)
    assert again == replace(unit, name="Annat AB")
    await placed.settle_account(ACCOUNT.id, {}, OF_ACCOUNT)
    assert await placed.company(UNIT.id) == replace(again, above=(PARENT.settings,))
