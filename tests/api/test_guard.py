"""What holds up who guesses at keys, and who asks too often; and when keys were used last."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.api.guard import Guard
from gateway.store.sqlite import SqliteStore
from gateway.trust.reach import Reach
from tests.api.conftest import AT, COMPANY, KEY, OTHER_KEY, Api, serving
from tests.api.world import add_key

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Api]:
    """Five failures in ten minutes, three requests a minute, behind one proxy."""
    store = await SqliteStore.open(tmp_path)
    async with serving(
        store, guard=lambda clock: Guard(clock, failures=5, per_minute=3, proxies=1)
    ) as api:
        yield api


async def get(api: Api, key: str | None, address: str = "192.0.2.1") -> int:
    return (await api.get("/v1/companies", key=key, headers={"X-Forwarded-For": address})).status


async def test_who_guesses_is_not_listened_to_for_a_while(guarded: Api) -> None:
    assert [await get(guarded, f"guess-no-{n}") for n in range(5)] == [401] * 5
    refused = await guarded.get(
        "/v1/companies", key="another", headers={"X-Forwarded-For": "192.0.2.1"}
    )
    assert refused.status == 429 and refused.headers["Retry-After"] == "600"
    assert "WWW-Authenticate" not in refused.headers
    assert await get(guarded, KEY) == 429  # a guess that fits is not told from one that does not
    assert await get(guarded, KEY, "192.0.2.2") == 200
    assert await get(guarded, None) == 401  # no key is no guess
    guarded.clock.move(10 * MINUTE)
    assert await get(guarded, KEY) == 200


async def test_who_was_let_in_stays_let_in(guarded: Api) -> None:
    assert await get(guarded, KEY) == 200
    for n in range(6):
        await get(guarded, f"guess-no-{n}")
    guarded.clock.move(MINUTE)
    assert await get(guarded, KEY) == 200
    assert await get(guarded, OTHER_KEY) == 429


async def test_a_customers_ipv6_network_is_one_address(guarded: Api) -> None:
    for n in range(5):
        assert await get(guarded, f"guess-{n}-no", f"2001:db8::{n + 1:x}") == 401
    assert await get(guarded, "another", "2001:db8::ffff:1") == 429
    assert await get(guarded, "another", "2001:db8:0:1::1") == 401


async def test_one_key_is_not_guessed_at_from_many_addresses(guarded: Api) -> None:
    for n in range(5):
        assert await get(guarded, f"bk_AbCdEf{n}", f"192.0.2.{n + 10}") == 401
    assert await get(guarded, "bk_AbCdEfG", "192.0.2.99") == 429
    assert await get(guarded, "bk_other", "192.0.2.99") == 401


async def test_at_the_token_endpoint_guesses_count_too(guarded: Api) -> None:
    form = {"grant_type": "client_credentials", "client_id": "key_x"}
    headers = {"X-Forwarded-For": "192.0.2.1"}
    found = [
        (
            await guarded.post(
                "/oauth/token",
                key=None,
                data={**form, "client_secret": f"secret-{n}"},
                headers=headers,
            )
        ).status
        for n in range(6)
    ]
    assert found == [401] * 5 + [429]
    assert await get(guarded, "another") == 429


async def test_a_company_asks_so_often_and_hears_how_often_it_may(guarded: Api) -> None:
    found = [await guarded.get("/v1/companies") for _ in range(4)]
    assert [reply.status for reply in found] == [200, 200, 200, 429]
    assert [reply.headers["X-RateLimit-Remaining"] for reply in found] == ["2", "1", "0", "0"]
    assert found[3].headers["Retry-After"] == "20"
    assert found[3].headers["X-RateLimit-Limit"] == "3"
    assert found[3].headers["X-RateLimit-Reset"] == "60"
    second = await add_key(guarded, "second", COMPANY.id)
    assert (await guarded.get("/v1/companies", key=second)).status == 429
    assert (await guarded.get("/v1/companies", key=OTHER_KEY)).status == 200
    guarded.clock.move(20 * SECOND)
    assert (await guarded.get("/v1/companies")).status == 200
    assert "X-RateLimit-Limit" not in (await guarded.get("/healthz", key=None)).headers


async def test_when_a_key_was_used_is_written_later(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path)
    async with serving(store) as api:
        key_id = (await api.get("/v1/keys")).json["keys"][0]["id"]
        assert (await api.get(f"/v1/keys/{key_id}")).json["last_used_at"] is None
    assert (await store_of(tmp_path, key_id)) == AT


async def store_of(data: Path, key_id: str) -> object:
    store = await SqliteStore.open(data)
    found = await store.key(Reach("", (COMPANY.id,)), key_id)
    await store.close()
    assert found is not None
    return found.last_used_at
