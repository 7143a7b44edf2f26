"""A Norwegian consumer's invoice through the whole gateway to Vipps; the bank fetches its PDF."""

from __future__ import annotations

import copy
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from gateway.channels.vipps import Documents
from gateway.lifecycle import Business, State
from gateway.store.port import Role
from gateway.store.register import StoredRegister
from tests.flows.house import SENDER, House
from transports.http import Client
from transports.vipps.api import ApiSettings
from transports.vipps.driver import Vipps, VippsSettings
from transports.vipps.endpoint import Endpoint
from transports.vipps.keys import Keys
from transports.vipps.sandbox import ISSUER, MAGIC, NOBODY, Behaviour, Sandbox

EXAMPLES = Path(__file__).parents[2] / "examples"
EXAMPLE = json.loads((EXAMPLES / "no-b2c-email-refused-then-letter.json").read_text("utf-8"))
TERMS = {"account": "97100000028", "kid_algorithm": "mod10"}
COMPANY = replace(SENDER, settings={"duplicate_days": 0, "channels": {"vipps": TERMS}})
PATIENCE_S = 60.0


@dataclass
class Norway:
    """A house with Vipps behind it, and an outer listener before it."""

    house: House
    vipps: Sandbox
    url: str

    async def send(self, phone: str) -> str:
        """An invoice to whom has this number, and takes e-mail too."""
        invoice = copy.deepcopy(EXAMPLE["invoice"])
        del invoice["buyer"]["endpoint"]
        invoice["buyer"]["contact"] = {"email": "accept@kunde.example"}
        delivery = {"consumer": True, "phone": phone}
        document_id = await self.house.submit({"invoice": invoice, "delivery": delivery})
        await self.house.work()
        return document_id

    async def get(self, url: str, **query: str) -> int:
        async with (
            aiohttp.ClientSession() as session,
            session.get(url, params=query, allow_redirects=False) as answer,
        ):
            return answer.status

    def taken(self) -> tuple[str, str]:
        """The id of the only invoice, and where its document is."""
        (one,) = self.vipps.invoices.values()
        return one.id, one.content["commercialInvoice"][0]["url"]


@pytest.fixture
async def norway(house: House) -> AsyncIterator[Norway]:
    register = StoredRegister(house.store, house.clock, "vipps")
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    client = partial(Client, connect_timeout_s=PATIENCE_S, answer_timeout_s=PATIENCE_S)
    async with Sandbox(now=house.clock.now) as vipps:
        api = ApiSettings(vipps.url, "sandbox", "sandbox", "sandbox", answer_timeout_s=PATIENCE_S)
        channel = Vipps(VippsSettings(api, url), register, now=house.clock.now)
        keys = Keys(client, f"{vipps.url}/vipps-invoice/public/jwk", house.clock.now)
        app = web.Application()
        documents = Documents(house.store, register)
        app.add_routes(
            Endpoint(url, keys, documents, lambda _: False, house.clock.now, ISSUER).routes()
        )
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.SockSite(runner, listening).start()
        house.transports["vipps"] = channel
        house.worker = house.new_worker(house.store)
        await house.store.add_company(COMPANY, house.clock.now())
        yield Norway(house, vipps, url)
        await runner.cleanup()
        await channel.close()


async def test_it_is_taken_shown_and_fetched_by_the_bank(norway: Norway) -> None:
    house = norway.house
    document_id = await norway.send(MAGIC[Behaviour.ACCEPT])
    document = await house.is_in(document_id, State.SENT)
    assert document.channel == "vipps"
    invoice, _ = norway.taken()
    status, content = await norway.vipps.fetch(invoice)
    assert status == 200
    images = [
        *await house.parts(document_id, Role.MERGED),
        *await house.parts(document_id, Role.IMAGE),
    ]
    kept = await house.store.content(SENDER.id, document_id, images[0].sha256)
    assert content == kept
    assert content.startswith(b"%PDF-")
    await house.later(timedelta(seconds=5))
    document = await house.is_in(document_id, State.DELIVERED)
    assert document.business is not Business.PAID


async def test_without_the_right_token_there_is_nothing_at_any_address(norway: Norway) -> None:
    await norway.send(MAGIC[Behaviour.ACCEPT])
    _, url = norway.taken()
    other = f"{norway.url}/vipps/8a6e0804-2bd0-5672-b79d-d97027f9071a.pdf"
    vipps = norway.vipps
    assert await norway.get(url, token=vipps.token(url)) == 200
    late = norway.house.clock.now() - timedelta(minutes=1)
    for address, token in [
        (url, ""),
        (url, "x.y.z"),
        (url, vipps.token(url)[:-2]),
        (url, vipps.token(other)),
        (other, vipps.token(url)),
        (other, vipps.token(other)),
        (url.upper().replace("HTTP", "http").replace("VIPPS", "vipps"), vipps.token(url)),
        (url, vipps.token(url, exp=late)),
        (url, vipps.token(url, iss="somebody")),
        (f"{norway.url}/vipps/..%2F..%2Fetc.pdf", vipps.token(url)),
        (f"{norway.url}/vipps/", vipps.token(url)),
    ]:
        assert await norway.get(address, token=token) == 404, address


async def test_who_is_not_at_vipps_gets_it_by_the_next_channel(norway: Norway) -> None:
    document_id = await norway.send(NOBODY)
    document = await norway.house.is_in(document_id, State.SENT)
    assert document.channel == "email"
    assert ("vipps", "unreachable") in await norway.house.tries(document_id)


@pytest.mark.parametrize("behaviour", [Behaviour.REJECT, Behaviour.DELETE])
async def test_what_comes_to_nothing_later_goes_by_the_next_channel(
    norway: Norway, behaviour: Behaviour
) -> None:
    document_id = await norway.send(MAGIC[behaviour])
    await norway.house.is_in(document_id, State.SENT)
    await norway.house.later(timedelta(seconds=5))
    await norway.house.later(timedelta(days=1, seconds=10))
    document = await norway.house.is_in(document_id, State.SENT)
    assert document.channel == "email"


async def test_nobody_s_number_is_told(norway: Norway) -> None:
    house = norway.house
    document_id = await norway.send(MAGIC[Behaviour.REJECT])
    await house.later(timedelta(seconds=5))
    number = "".join(filter(str.isdigit, MAGIC[Behaviour.REJECT]))
    told: list[Any] = [event.data for event in await house.events(document_id)]
    told += [(a.text, a.public_text, a.remote, a.code) for a in await house.attempts(document_id)]
    told += [leg.address for leg in (await house.legs(document_id)).values()]
    assert number[2:] not in json.dumps(told, default=str)
    assert number[2:] not in json.dumps(norway.vipps.received())
    for part in await house.parts(document_id, Role.EVIDENCE):
        content = await house.store.content(SENDER.id, document_id, part.sha256)
        assert content is not None
        if part.name != "request":
            assert number.encode() not in content
