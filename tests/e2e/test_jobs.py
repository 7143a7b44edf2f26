"""`budkavle jobs`, beside a gateway that runs and on one that does not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from gateway.store.port import Checkpoint, Dead, NewJob
from gateway.store.sqlite import SqliteStore
from tests.e2e.command import budkavle, on_terminal
from tests.e2e.server import Server


async def dead_job(data: Path) -> None:
    """A job that died, and one that waits."""
    now = datetime.now(UTC)
    store = await SqliteStore.open(data)
    await store.put([NewJob("k", "schedule", now), NewJob("other", "schedule", now)], now)
    job, _ = await store.claim("test", now, 60, 2)
    await store.checkpoint(job, Checkpoint(next=Dead("internal.error", "it broke")), now)
    await store.close()


async def test_dead_jobs_are_listed_and_revived(tmp_path: Path) -> None:
    await dead_job(tmp_path)
    (dead,) = (await budkavle("jobs", "dead", "--data", tmp_path)).lines
    assert (dead["kind"], dead["key"], dead["reason"]) == ("schedule", "k", "it broke")
    shown = await on_terminal("jobs", "dead", "--data", str(tmp_path))
    assert "it broke" in shown.out
    revived = await budkavle("jobs", "revive", str(dead["id"]), "--data", tmp_path)
    assert (revived.code, revived.out) == (0, "")
    assert (await budkavle("jobs", "dead", "--data", tmp_path)).out == ""
    again = await budkavle("jobs", "revive", str(dead["id"]), "--data", tmp_path)
    assert again.code == 2 and "no dead job" in again.err


async def test_lanes_are_paused_and_resumed_while_the_gateway_runs(tmp_path: Path) -> None:
    settings = {"BUDKAVLE_DATA": str(tmp_path), "BUDKAVLE_EMAIL__HOST": "127.0.0.1"}
    settings |= {"BUDKAVLE_EMAIL__SENDER": "a@b.example", "BUDKAVLE_EMAIL__RATE_PER_S": "5"}
    async with Server(settings):
        paused = await budkavle("jobs", "pause", "email", environment=settings)
        assert paused.code == 0 and "until" in paused.err
        lanes = (await budkavle("jobs", "lanes", environment=settings)).lines
        (lane,) = [lane for lane in lanes if lane["lane"] == "email"]
        assert (lane["state"], lane["rate_per_s"], lane["at_once"]) == ("paused", 5.0, 4)
        assert (await budkavle("jobs", "resume", "email", environment=settings)).code == 0
        lanes = (await budkavle("jobs", "lanes", environment=settings)).lines
        assert [lane["state"] for lane in lanes if lane["lane"] == "email"] == ["open"]
        assert (await budkavle("jobs", "dead", environment=settings)).out == ""
