"""`budkavle serve` from start to stop."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from pathlib import Path
from typing import Any

import pytest

from gateway.app import Gateway
from gateway.client import Client
from gateway.clock import SystemClock
from gateway.layers import load
from gateway.sandbox import RECEIVER, SENDER, plant
from gateway.store.sqlite import SqliteStore
from tests.e2e.command import budkavle
from tests.e2e.invoices import submission
from tests.e2e.server import Server
from transports.email.sandbox import Sandbox as MailServer


async def planted(data: Path) -> dict[str, str]:
    """Settings of a gateway with companies in it."""
    store = await SqliteStore.open(data)
    await plant(store, SystemClock())
    await store.close()
    return {"BUDKAVLE_DATA": str(data)}


def lines(log: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.splitlines()]


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_long_polls_and_then_the_process(
    sign: signal.Signals, tmp_path: Path
) -> None:
    async with (
        Server(await planted(tmp_path)) as server,
        Client(server.url, SENDER.key) as client,
    ):
        accepted = await client.submit(json.dumps(submission("S-1", to=RECEIVER)).encode())
        assert (await client.settled(accepted.id))["state"] == "delivered"
        end = (await client.get("/v1/events", limit=1000))["next"]
        host, _, port = server.url.removeprefix("http://").partition(":")
        answer, request = await asyncio.open_connection(host, int(port))
        # First something else, so that the connection is known to have been accepted.
        request.write(b"GET /healthz HTTP/1.1\r\nHost: gateway\r\n\r\n")
        await answer.readuntil(b'{"status":"ok"}')
        request.write(
            f"GET /v1/events?after={end}&wait=60 HTTP/1.1\r\nHost: gateway\r\n"
            f"Authorization: Bearer {SENDER.key}\r\n\r\n".encode()
        )
        await request.drain()
        # Answered later than the poll was taken up: what came first is read first.
        await client.get("/healthz")
        code, log = await server.stop(sign)
        polled = await answer.read()
        request.close()
    assert polled.startswith(b"HTTP/1.1 200 ") and b'"events":[]' in polled
    assert code == 0
    events = [line["event"] for line in lines(log)]
    assert events[0] == "gateway_started" and events[-1] == "gateway_stopped"
    assert not [line for line in lines(log) if line["level"] in {"warning", "error"}]
    assert SENDER.key not in log and "S-1" not in log and SENDER.company.name not in log


async def test_a_partner_that_hangs_does_not_keep_it_from_stopping(tmp_path: Path) -> None:
    body = submission("S-2", email="hang@customer.example")
    async with MailServer() as mail:
        settings = await planted(tmp_path) | {
            "BUDKAVLE_WORKER__DRAIN_S": "0.1",
            "BUDKAVLE_EMAIL__HOST": "127.0.0.1",
            "BUDKAVLE_EMAIL__PORT": str(mail.port),
            "BUDKAVLE_EMAIL__TLS": "none",
            "BUDKAVLE_EMAIL__SENDER": "invoices@gateway.example",
        }
        async with Server(settings) as server:
            async with Client(server.url, SENDER.key) as client, asyncio.timeout(60):
                accepted = await client.submit(json.dumps(body).encode())
                while (await client.document(accepted.id))["state"] != "sending":
                    await asyncio.sleep(0.02)
            code, log = await server.stop()
            assert code == 0
            assert "work_cut_off" in log and "trace" not in log.lower()

            # Nobody knows what the mail server would have said: a person decides.
            await server.start()
            async with Client(server.url, SENDER.key) as client, asyncio.timeout(60):
                assert (await client.settled(accepted.id))["state"] == "held"


async def test_nothing_works_on_after_the_work_was_cut_off(tmp_path: Path) -> None:
    async with MailServer() as mail:
        await planted(tmp_path)
        loaded = load(
            {
                "data": tmp_path,
                "http": {"listen": "127.0.0.1:0"},
                "worker": {"drain_s": 0},
                "email": {
                    "host": "127.0.0.1",
                    "port": mail.port,
                    "tls": "none",
                    "sender": "invoices@gateway.example",
                },
            },
            environment={},
        )
        async with Gateway(loaded.settings) as gateway, asyncio.timeout(60):
            body = submission("S-3", email="hang@customer.example")
            async with Client(gateway.url, SENDER.key) as client:
                accepted = await client.submit(json.dumps(body).encode())
                while (await client.document(accepted.id))["state"] != "sending":
                    await asyncio.sleep(0.02)
        working = [task.get_coro() for task in asyncio.all_tasks()]
    assert not [coro for coro in working if coro.__qualname__.startswith("Worker.")]


async def test_a_start_that_failed_holds_nothing(tmp_path: Path) -> None:
    with socket.socket() as kept:  # bound, never listening: nobody else gets the port meanwhile
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        taken = f"127.0.0.1:{kept.getsockname()[1]}"
        settings = load({"data": tmp_path / "two", "http": {"listen": taken}}, environment={})
        async with Gateway(
            load({"data": tmp_path / "one", "http": {"listen": taken}}, environment={}).settings
        ):
            with pytest.raises(OSError, match="address already in use"):
                await Gateway(settings.settings).start()
        async with Gateway(settings.settings) as gateway:  # directory and port are free again
            assert gateway.url == f"http://{taken}"


async def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    async with Server(await planted(tmp_path / "one")) as server:
        taken = server.url.removeprefix("http://")
        ran = await budkavle("serve", "--data", tmp_path / "two", "--listen", taken)
    assert ran.code == 2
    assert "can not start" in ran.err and taken.rpartition(":")[2] in ran.err
    assert "Traceback" not in ran.err
