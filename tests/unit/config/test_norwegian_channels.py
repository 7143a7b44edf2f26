"""What Vipps and AvtaleGiro are set up with reaches them, and what can not be is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from pydantic import ValidationError

from gateway.channels import avtalegiro
from gateway.channels.avtalegiro import AvtaleGiro, avtalegiro_settings
from gateway.channels.parts import Parts
from gateway.channels.vipps import Vipps, routes, vipps_settings
from gateway.clock import SystemClock
from gateway.section import Channel, ConfigError
from gateway.store.sqlite import SqliteStore
from transports.vipps.sandbox import Sandbox

VIPPS: dict[str, Any] = {
    "client_id": "us",
    "client_secret": "hunter2",
    "subscription_key": "hunter3",
    "document_url": "https://invoices.example",
}
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ4Wwaz9kIYtSbAB9H6n4yJpTmr0WqKxv+Cc7Qd2oVxS"
AVTALEGIRO: dict[str, Any] = {
    "host": "sftp.example",
    "host_key": HOST_KEY,
    "username": "us",
    "password": "hunter2",
    "sender": "00012345",
}
# What the address that banks fetch from is told, and not the channel.
ENDPOINT = {"token_issuer", "per_minute", "proxies"}


def names(section: type[Channel]) -> list[str]:
    return sorted(
        name
        for name in section.model_fields
        if not name.endswith("_file") and name not in Channel.model_fields
    )


def other(value: Any) -> Any:
    match value:
        case int() | float():
            return value + 1
        case None:
            return "other"
    return {"00012345": "00012346"}.get(value, "https://other.example")


@pytest.mark.parametrize("name", sorted({*names(Vipps)} - ENDPOINT))
def test_every_vipps_setting_reaches_the_channel(name: str) -> None:
    plain = vipps_settings(Vipps(**VIPPS))
    given = {**VIPPS, name: other(VIPPS.get(name, Vipps.model_fields[name].default))}
    assert vipps_settings(Vipps(**given)) != plain
    assert "hunter" not in repr(plain) + repr(Vipps(**VIPPS))


@pytest.mark.parametrize("name", names(AvtaleGiro))
def test_every_avtalegiro_setting_reaches_the_channel(name: str) -> None:
    plain = avtalegiro_settings(AvtaleGiro(**AVTALEGIRO))
    given = {**AVTALEGIRO, name: other(AVTALEGIRO.get(name, AvtaleGiro.model_fields[name].default))}
    assert avtalegiro_settings(AvtaleGiro(**given)) != plain
    assert "hunter" not in repr(plain) + repr(AvtaleGiro(**AVTALEGIRO))


@pytest.mark.parametrize(
    ("section", "given", "says"),
    [
        (Vipps, {**VIPPS, "client_secret": None}, "client_secret or client_secret_file"),
        (Vipps, {**VIPPS, "subscription_key": None}, "subscription_key or subscription_key_file"),
        (Vipps, {**VIPPS, "document_url": "http://invoices.example"}, "document_url is https"),
        (AvtaleGiro, {**AVTALEGIRO, "password": None}, "password or client_key is missing"),
        (AvtaleGiro, {**AVTALEGIRO, "sender": "12345"}, "sender"),
    ],
)
def test_what_can_not_be_is_told(section: type[Channel], given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        section(**given)


async def test_keys_that_are_none_are_told(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path)
    given = {**AVTALEGIRO, "host_key": "a guess", "client_key": "-----BEGIN NOTHING-----"}
    with pytest.raises(ConfigError) as caught:
        avtalegiro.make(AvtaleGiro(**given), Parts(store, SystemClock()))
    assert "avtalegiro: host_key is no public key" in str(caught.value)
    assert "avtalegiro: client_key is no private key" in str(caught.value)
    await store.close()


async def test_nobody_asks_for_documents_without_end(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path)
    async with Sandbox() as vipps:
        section = Vipps(**VIPPS, url=vipps.url, per_minute=2, proxies=1)
        app = web.Application()
        app.add_routes(routes(section, Parts(store, SystemClock())))
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/vipps/"
        url += "8a6e0804-2bd0-5672-b79d-d97027f9071a.pdf"
        token = vipps.token(url)  # good, but for another address than the one that is set

        async def get(client: str) -> int:
            headers = {"X-Forwarded-For": client}
            async with session.get(url, params={"token": token}, headers=headers) as answer:
                assert answer.headers["Cache-Control"] == "private, no-store"
                return answer.status

        async with aiohttp.ClientSession() as session:
            told = [await get("192.0.2.1") for _ in range(7)]
            # A minute may have begun anew in between, once.
            assert set(told) == {404, 429}
            assert told[:2] == [404, 404]
            assert await get("192.0.2.2") == 404
        await runner.cleanup()
    await store.close()
