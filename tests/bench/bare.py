"""The yardstick: an aiohttp handler that reads the body, answers 202, and does nothing else."""

from __future__ import annotations

import asyncio
import json
import sys

from aiohttp import web


async def _take(request: web.Request) -> web.Response:
    await request.read()
    return web.json_response({"id": "none", "state": "received"}, status=202)


async def _main() -> None:
    app = web.Application(client_max_size=32 * 1024 * 1024)
    app.add_routes([web.post("/v1/documents", _take)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    sys.stdout.write(json.dumps({"url": f"http://127.0.0.1:{runner.addresses[0][1]}"}) + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main())
