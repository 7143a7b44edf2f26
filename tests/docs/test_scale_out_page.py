"""The compose file of docs/howto/scale-out.md does what the page says.

Its commands and settings, run as processes here, take a document in at one API process, carry it,
and tell so at another.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from gateway import config, layers
from gateway.sandbox import RECEIVER, SENDER
from tests.e2e.invoices import submission
from tests.servers import objects, postgres

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "howto" / "scale-out.md").read_text("utf-8")
COMPOSE: Mapping[str, Any] = yaml.safe_load((ROOT / "examples/deploy/compose.yaml").read_text())
SERVICES: Mapping[str, Any] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service["image"] == "budkavle"]


def test_every_setting_in_the_file_exists() -> None:
    known = {key.variable for key in layers.every_key()}
    for name in OURS:
        given = {key for key in SERVICES[name]["environment"] if key.startswith("BUDKAVLE_")}
        assert given <= known


def test_the_page_speaks_of_services_that_are_there() -> None:
    named = re.findall(r"docker compose [^\n]*?(?:--scale |logs |run --rm |up -d )([a-z]+)", PAGE)
    assert named and set(named) <= set(SERVICES)


def test_processes_get_the_time_to_stop_that_the_settings_give_them() -> None:
    for name, drain_s in (("api", config.Http().drain_s), ("worker", config.Worker().drain_s)):
        assert float(SERVICES[name]["stop_grace_period"].rstrip("s")) > drain_s


async def test_the_services_carry_a_document_together(tmp_path: Path, s3_port: int) -> None:
    here = {
        "BUDKAVLE_STORE__URL": await postgres.new_schema(),
        "BUDKAVLE_BLOBS__ENDPOINT": f"http://127.0.0.1:{s3_port}",
        "BUDKAVLE_BLOBS__BUCKET": objects.BUCKET,
        "BUDKAVLE_BLOBS__ACCESS_KEY_ID": objects.ACCESS_KEY,
        "BUDKAVLE_BLOBS__SECRET_ACCESS_KEY": objects.SECRET_KEY,
        "BUDKAVLE_HTTP__LISTEN": "127.0.0.1:0",
    }

    def environment(service: str, n: int = 0) -> Mapping[str, str]:
        given = {key: str(value) for key, value in SERVICES[service]["environment"].items()}
        assert here.keys() <= given.keys()
        return {**os.environ, **given, **here, "BUDKAVLE_DATA": str(tmp_path / f"{service}{n}")}

    async def run(*words: str) -> Any:
        process = await _start(words, environment("migrate"))
        out, _ = await asyncio.wait_for(process.communicate(), 120)
        assert process.returncode == 0
        return json.loads(out) if out else None

    await run(*SERVICES["migrate"]["command"].split())
    ids = [
        (
            await run(
                *("company", "add", seed.company.name, "--country", seed.company.country),
                *("--participant", seed.company.participants[0]),
            )
        )["id"]
        for seed in (SENDER, RECEIVER)
    ]
    key = (await run("key", "add", ids[0], "--label", "ledger"))["key"]
    async with AsyncExitStack() as up:
        urls = {
            name: [
                await up.enter_async_context(_serving(name, environment(name, n)))
                for n in range(2)  # of the replicas: each costs a second to start
            ]
            for name in ("api", "worker")
        }
        session = await up.enter_async_context(
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"})
        )
        for url in (*urls["api"], *urls["worker"]):
            async with session.get(f"{url}/readyz") as ready:
                assert ready.status == 200
        one, other = urls["api"]
        body = submission("S-1", to=RECEIVER)
        async with session.post(f"{one}/v1/documents", json=body) as taken:
            assert taken.status == 202
        cursor, told = "", set[str]()
        async with asyncio.timeout(120):
            while "document.delivered" not in told:
                query = {"wait": "10"} | ({"after": cursor} if cursor else {})
                async with session.get(f"{other}/v1/events", params=query) as page:
                    events = await page.json()
                cursor = events["next"] or ""
                told |= {event["type"] for event in events["events"]}
        metrics = ""
        for url in (one, urls["worker"][0]):
            async with session.get(f"{url}/metrics") as shown:
                metrics += await shown.text()
        named = set(re.findall(r"`(budkavle_[a-z_]+)", PAGE))
        assert named and not [name for name in named if f"# HELP {name} " not in metrics]


@asynccontextmanager
async def _serving(service: str, environment: Mapping[str, str]) -> AsyncIterator[str]:
    process = await _start(SERVICES[service]["command"].split(), environment)
    assert process.stdout is not None
    try:
        yield json.loads(await asyncio.wait_for(process.stdout.readline(), 120))["url"]
    finally:
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 120) == 0


async def _start(
    words: tuple[str, ...] | list[str], environment: Mapping[str, str]
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway.cli", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=environment,
        cwd=ROOT,
    )
