"""Accounts and keys: who finds which companies and keys, and what a secret is good for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from gateway.audit.chain import NewEntry, Told
from gateway.store.access import AccessKey, Holder
from gateway.store.accounts import Account
from gateway.store.port import Company, Contradiction, Store
from gateway.trust.keys import counts
from gateway.trust.reach import Reach
from gateway.trust.scopes import EVERY, Scope
from tests.contracts.stores import DAY, MINUTE, NOW, OURS, SECOND, THEIRS, Opener

FIRM, VENDOR = Account("acc_firm", "Firm AB", NOW), Account("acc_vendor", "Vendor AS", NOW)
A = Company("a", "A AB", "SE", ("0007:1",), {}, FIRM.id)
A_UNIT = Company("a_unit", "A, north", "SE", ("0007:2",), {}, FIRM.id, "a")
B = Company("b", "B AB", "SE", (), {}, FIRM.id)
V = Company("v", "V AS", "NO", (), {}, VENDOR.id)
OURS_UNIT = Company("ours_unit", "Vårt, norr", "SE", (), {}, "", OURS.id, above=(OURS.settings,))
WHOLE, ONLY_A, ONLY_OURS = Reach(FIRM.id), Reach("", ("a",)), Reach("", (OURS.id,))


@pytest.fixture
async def store(opener: Opener, tmp_path: Path) -> AsyncIterator[Store]:
    store = await opener(tmp_path / "data")
    for account in (FIRM, VENDOR):
        await store.add_account(account)
    for company in (OURS, THEIRS, A, A_UNIT, B, V, OURS_UNIT):
        await store.add_company(company, NOW)
    yield store
    await store.close()


def key_of(name: str, account: str = "", *companies: str, scopes: str = "read send") -> AccessKey:
    return AccessKey(
        f"key_{name}", account, companies, name, frozenset(map(Scope, scopes.split())), NOW
    )


async def put(store: Store, *keys: AccessKey) -> None:
    for key in keys:
        await store.put_key(key, sha256_of(key), NOW)


def sha256_of(key: AccessKey, n: int = 0) -> str:
    return f"{key.id}-{n}".ljust(64, "0")


KEYS = (
    key_of("a", "", "a"),
    key_of("ab", "", "a", "b"),
    key_of("firm", FIRM.id),
    key_of("ours", "", OURS.id),
    key_of("unit", "", A_UNIT.id),
    key_of("v", "", "v"),
    key_of("vendor", VENDOR.id),
)


# --- accounts and companies ---------------------------------------------------------------------


async def test_an_account_is_added_and_renamed(store: Store) -> None:
    await store.add_account(replace(FIRM, name="Firm and Sons AB", created_at=NOW + DAY))
    assert await store.accounts() == [replace(FIRM, name="Firm and Sons AB"), VENDOR]
    assert await store.account(VENDOR.id) == VENDOR
    assert await store.account("acc_none") is None


async def test_a_company_keeps_its_account_and_parent(store: Store) -> None:
    assert await store.company("a_unit") == A_UNIT
    assert A_UNIT in await store.companies()
    assert await store.company(OURS.id) == OURS


@pytest.mark.parametrize(
    ("company", "why"),
    [
        (replace(B, account_id="acc_none"), "no account acc_none"),
        (replace(B, account_id=VENDOR.id), "stays"),
        (replace(A, account_id=""), "stays"),
        (Company("n", "N", "SE", (), {}, FIRM.id, "none"), "no company none"),
        (Company("n", "N", "SE", (), {}, FIRM.id, "n"), "no company n"),
        (Company("n", "N", "SE", (), {}, FIRM.id, "v"), "in the account of v"),
        (Company("n", "N", "SE", (), {}, "", "a"), "in the account of a"),
        (Company("n", "N", "SE", (), {}, FIRM.id, "a_unit"), "no sub-units"),
        (replace(A, parent_id="b"), "no sub-units"),
    ],
)
async def test_a_company_is_where_it_can_be(store: Store, company: Company, why: str) -> None:
    before = await store.companies()
    with pytest.raises(Contradiction, match=why):
        await store.add_company(company, NOW)
    assert await store.companies() == before


async def test_a_company_joins_an_account_with_its_sub_units(store: Store) -> None:
    await store.add_company(replace(OURS, account_id=FIRM.id), NOW)
    assert await store.company(OURS_UNIT.id) == replace(OURS_UNIT, account_id=FIRM.id)


async def test_companies_are_found_within_reach(store: Store) -> None:
    expected = {
        WHOLE: [A, A_UNIT, B],
        ONLY_A: [A, A_UNIT],
        ONLY_OURS: [OURS, OURS_UNIT],
        Reach("", ("a_unit", "v")): [A_UNIT, V],
        Reach("acc_none"): [],
        Reach(): [],
    }
    every = await store.companies()
    for reach, companies in expected.items():
        assert await store.companies_within(reach, "", 100) == companies
        assert [
            c for c in every if await store.company_within(reach, c.id) is not None
        ] == companies
    assert await store.companies_within(WHOLE, "a", 1) == [A_UNIT]


async def test_of_a_company_only_what_is_given_changes(store: Store) -> None:
    told = Told(NewEntry("key:x", "company.changed", "a", "a"), NOW)
    await asyncio.gather(
        store.change_company("a", NOW, name="A2 AB", told=told),
        store.change_company("a", NOW, participants=["0007:9"]),
    )
    assert await store.company("a") == replace(A, name="A2 AB", participants=("0007:9",))
    assert not await store.change_company("none", NOW, name="X", told=told)
    with pytest.raises(Contradiction):
        await store.change_company("a", NOW, participants=OURS.participants, told=told)
    assert len(await store.audit_entries(0, 9)) == 1


# --- keys ---------------------------------------------------------------------------------------


async def held(store: Store, sha256: str, company_id: str = "") -> Holder:
    holder = await store.holder(sha256, company_id)
    assert holder is not None
    return holder


async def test_a_key_added_for_a_company_may_do_everything_for_it(store: Store) -> None:
    for _ in range(2):
        await store.add_key(OURS.id, "a" * 64, "ledger", NOW)
    await store.add_key(THEIRS.id, "b" * 64, "ledger", NOW)
    ours, theirs = await held(store, "a" * 64), await held(store, "b" * 64)
    assert (ours.company, theirs.company) == (OURS, THEIRS)
    assert ours.scopes == EVERY and not ours.token and ours.until is None
    assert await store.holder("c" * 64) is None
    for refused in (
        store.add_key(THEIRS.id, "a" * 64, "ledger", NOW),
        store.add_key("nobody", "d" * 64, "ledger", NOW),
    ):
        with pytest.raises(Contradiction):
            await refused
    assert (await held(store, "a" * 64)).company == OURS


async def test_a_key_is_for_what_exists(store: Store) -> None:
    for key in (key_of("x", "acc_none"), key_of("x", "", "a", "none")):
        with pytest.raises(Contradiction):
            await store.put_key(key, "a" * 64, NOW)
    assert await store.holder("a" * 64) is None


async def test_a_key_acts_for_companies_within_its_reach_only(store: Store) -> None:
    await put(store, *KEYS)
    every = await store.companies()
    for key in KEYS:
        reached = await store.companies_within(key.reach, "", 100)
        for company in every:
            found = (await held(store, sha256_of(key), company.id)).company
            assert found == (company if company in reached else None)
        alone = (await held(store, sha256_of(key))).company
        only = await store.company(key.companies[0]) if len(key.companies) == 1 else None
        assert alone == only
        assert (await held(store, sha256_of(key), "none")).company is None


async def test_keys_are_found_within_reach(store: Store) -> None:
    await put(store, *KEYS)
    expected = {
        WHOLE: ["a", "ab", "firm", "unit"],
        ONLY_A: ["a", "unit"],
        ONLY_OURS: ["ours"],
        Reach("", ("a", "b")): ["a", "ab", "unit"],
        Reach("", ("a_unit",)): ["unit"],
        Reach(VENDOR.id): ["v", "vendor"],
        Reach(): [],
    }
    for reach, names in expected.items():
        found = await store.keys(reach, "", 100)
        assert [key.label for key in found] == names
        by_id = [await store.key(reach, key.id) for key in KEYS]
        assert [key for key in by_id if key is not None] == list(found)
    assert await store.keys(WHOLE, "key_a", 1) == [KEYS[1]]
    assert await store.keys(None, "key_ab", 3) == list(KEYS[2:5])
    assert await store.key(None, "key_v") == KEYS[5]


async def test_a_revoked_key_stays_so(store: Store) -> None:
    firm = KEYS[2]
    await put(store, *KEYS)
    await store.issue_token(firm.id, "t" * 64, EVERY, NOW + DAY, NOW)
    told = Told(NewEntry("key:x", "key.revoked", firm.id), NOW)
    for reach in (ONLY_A, Reach(VENDOR.id), Reach()):
        assert not await store.revoke_key(reach, firm.id, NOW, told=told)
    assert await store.revoke_key(WHOLE, firm.id, NOW, told=told)
    assert not await store.revoke_key(WHOLE, firm.id, NOW + DAY, told=told)
    assert not await store.rotate_key(WHOLE, firm.id, "n" * 64, NOW + DAY, NOW, told=told)
    assert len(await store.audit_entries(0, 9)) == 1
    holder = await held(store, sha256_of(firm))
    assert holder.key.revoked_at == NOW and not counts(holder, NOW)
    assert await store.holder("t" * 64) is None


async def test_the_secret_before_the_newest_is_good_for_a_while(store: Store) -> None:
    key = KEYS[0]
    first, second, third = (sha256_of(key, n) for n in range(3))
    await put(store, key)
    assert not await store.rotate_key(Reach(VENDOR.id), key.id, second, NOW + DAY, NOW)
    assert await store.rotate_key(ONLY_A, key.id, second, NOW + DAY, NOW)
    old, new = await held(store, first), await held(store, second)
    assert (old.until, new.until) == (NOW + DAY, None)
    assert old.key == new.key == key
    assert counts(old, NOW + DAY - SECOND) and not counts(old, NOW + DAY)
    assert await store.rotate_key(ONLY_A, key.id, third, NOW + MINUTE, NOW)
    assert await store.holder(first) is None
    assert (await held(store, second)).until == NOW + MINUTE


async def test_a_token_has_no_more_rights_than_its_key(store: Store) -> None:
    key = KEYS[0]
    await put(store, key)
    both = frozenset({Scope.READ, Scope.MANAGE})
    await store.issue_token(key.id, "t" * 64, both, NOW + MINUTE, NOW)
    token = await held(store, "t" * 64)
    assert token.token and token.scopes == {Scope.READ} and token.key == key
    assert counts(token, NOW) and not counts(token, NOW + MINUTE)
    await store.rotate_key(ONLY_A, key.id, "n" * 64, NOW, NOW)
    assert (await held(store, "t" * 64)).until == NOW + MINUTE  # a token is no secret of the key
    await store.issue_token(key.id, "u" * 64, both, NOW + DAY, NOW + MINUTE + SECOND)
    assert await store.holder("t" * 64) is None


async def test_when_a_key_was_used_never_goes_back(store: Store) -> None:
    key = KEYS[0]
    await put(store, key)

    async def used() -> datetime | None:
        found = await store.key(ONLY_A, key.id)
        assert found is not None
        return found.last_used_at

    assert await used() is None
    await store.use_keys({key.id: NOW + DAY, "key_gone": NOW})
    await store.use_keys({key.id: NOW})
    assert await used() == NOW + DAY


def test_a_key_ends_at_its_time() -> None:
    key = replace(KEYS[0], expires_at=NOW + DAY)
    holder = Holder(key, EVERY, False, None, None)
    assert counts(holder, NOW + DAY - SECOND) and not counts(holder, NOW + DAY)
