"""A gateway that only takes in: the API and the store, and nobody who works on what is there."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from aiohttp import web

from gateway import log
from gateway.api.app import make_app, make_runner
from gateway.api.routes import Limits
from gateway.clock import SystemClock
from gateway.outside.client import Outside, Rules
from gateway.sandbox import plant
from gateway.store.port import Store
from gateway.webhooks.courier import Courier
from gateway.webhooks.endpoints import Webhooks
from gateway.webhooks.sealing import Sealing
from tests.bench.stores import opened

# Large enough never to be met.
LIMITS = Limits(body_bytes=1 << 25, idle_body_s=60, long_poll_s=60)


async def app_of(store: Store) -> web.Application:
    """The API before a store, with the sandbox's companies and keys in it."""
    clock = SystemClock()
    await plant(store, clock)
    courier = Courier(Outside(Rules()), Sealing(None, clock), clock)
    return make_app(store, Webhooks(store, courier, clock), clock, limits=LIMITS)


async def _main(data: Path, url: str | None = None) -> None:
    log.setup()
    runner = make_runner(await app_of(await opened(data, url)))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(json.dumps({"url": f"http://127.0.0.1:{runner.addresses[0][1]}"}) + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), *sys.argv[2:]))
