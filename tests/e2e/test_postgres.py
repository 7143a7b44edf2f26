"""The gateway and its commands on PostgreSQL: tables first, then any number of processes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from gateway.app import Gateway, Role
from gateway.layers import load
from tests.e2e.command import budkavle
from tests.servers import postgres


async def test_a_database_is_prepared_and_used_by_several_processes(tmp_path: Path) -> None:
    """Refused without tables; then one process takes in, another one delivers, and commands work
    beside them."""
    url = await postgres.new_schema()
    here = {"BUDKAVLE_STORE__URL": url, "BUDKAVLE_HTTP__LISTEN": "127.0.0.1:0"}
    data = ("--data", tmp_path)

    refused = await budkavle("serve", *data, environment=here)
    assert refused.code == 2
    assert "run `budkavle migrate`" in refused.err
    ill = await budkavle("doctor", *data, environment=here)
    found = {row["what"]: row["level"] for row in ill.lines}
    assert (ill.code, found["server"], found["database"]) == (1, "ok", "fail")

    for _ in range(2):
        assert (await budkavle("migrate", *data, environment=here)).code == 0
    well = await budkavle("doctor", *data, environment=here)
    assert well.code == 0, well.out

    settings = load({"data": tmp_path}, environment=here).settings
    async with Gateway(settings, role=Role.API) as api, Gateway(settings, role=Role.WORKER):
        keys = []
        for name, participant in (("Vår", "0007:5567321707"), ("Deres", "0192:987654325")):
            add = ("company", "add", name, "--country", "SE", "--participant", participant)
            added = await budkavle(*add, *data, environment=here)
            assert added.code == 0, added.err
            key = await budkavle("key", "add", added.lines[0]["id"], *data, environment=here)
            keys.append(key.lines[0]["key"])
        ours = await api.store.holder(hashlib.sha256(keys[0].encode()).hexdigest())
        assert ours is not None and ours.company is not None
        assert ours.company.name == "Vår"
    secret = await budkavle("config", *data, environment=here)
    shown = {row["setting"]: row["value"] for row in secret.lines}
    assert shown["store.url"] == "********"


async def test_an_address_of_another_kind_is_refused(tmp_path: Path) -> None:
    ran = await budkavle(
        "migrate",
        "--data",
        tmp_path,
        environment={"BUDKAVLE_STORE__URL": "mysql://budkavle:hemligt@localhost/x"},
    )
    assert ran.code == 2
    assert "must begin with postgresql://" in ran.err
    assert "hemligt" not in ran.err
