"""Secrets are shown once to whom they are for, and are nowhere to be read after that.

A gateway as a process, its log as talkative as it can be, whose partners refuse its credentials: an
error is where they slip out. Everybody's secrets are used, rightly and wrongly. Then the log, the
audit trail and everything that the API shows afterwards are searched.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import secrets
from pathlib import Path
from typing import Any

import aiohttp
import pyotp
import pytest

from gateway.client import Client, Problem
from gateway.clock import SystemClock
from gateway.sandbox import SENDER, plant
from gateway.sandbox.partners import Partners
from gateway.store.sqlite import SqliteStore
from gateway.trust.people.directory import Directory, Newcomer
from gateway.trust.people.roles import Role
from tests.console.office import Browser
from tests.crash.test_channels_kill import settings_file
from tests.e2e.server import Server
from tests.mixed.fates import FATES

# What a gateway proves to partners who it is by. None of these is what the sandbox expects.
CREDENTIALS = {
    "letter": ("token",),
    "operator": ("token",),
    "kivra": ("client_secret",),
    "vipps": ("client_secret", "subscription_key"),
    "bank_se": ("password",),
    "avtalegiro": ("password",),
    "email": ("bounce_password",),
    "visma_sign": ("secret",),
}
CHANNELS = {"operator", "kivra", "vipps", "bank_se", "avtalegiro", "letter"}
PASSWORD = "paraply hammock kvitto"
EMAIL = "anna.ek@norrsken.example"


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_they_are_nowhere_to_be_read(tmp_path: Path) -> None:
    link = await planted(tmp_path)
    secret = {link.rpartition("/")[2], SENDER.key, PASSWORD}
    told: dict[str, str] = {}
    async with Partners(tmp_path, SystemClock(), patience_s=60) as partners:
        sections: dict[str, dict[str, Any]] = {
            **{name: dict(section) for name, section in partners.settings().items()},
            "log": {"level": "debug", "format": "json"},
            "webhooks": {"allow_http": True, "allow_private": True},
            "worker": {"processes": 0, "collect_every_s": 0.5, "poll_s": 0.2},
        }
        for section, names in CREDENTIALS.items():
            for name in names:
                sections[section][name] = base64.b64encode(secrets.token_bytes(24)).decode()
                secret.add(sections[section][name])
        file = settings_file(tmp_path, sections)
        arguments = ("--config", str(file))
        async with Server({"BUDKAVLE_DATA": str(tmp_path)}, *arguments) as server:
            async with Client(server.url, SENDER.key) as client, asyncio.timeout(400):
                secret |= await keys_and_tokens(server.url, client)
                secret |= await a_person(server.url, link)
                told |= await documents(client)
                told["events"] = json.dumps([event async for event in client.events()])
                for path in ("keys", "people", "webhooks", "companies", "channels", "settings"):
                    told[path] = json.dumps(await client.get(f"/v1/{path}"))
                told["metrics"] = (await client.get_bytes("/metrics")).decode()
            _, told["log"] = await server.stop()
    store = await SqliteStore.open(tmp_path)
    told["audit"] = "\n".join(map(str, await store.audit_entries(0, 1000)))
    await store.close()
    assert "person.signed_in" in told["audit"] and "key.rotated" in told["audit"]
    assert told["log"].count('"request_answered"') > 20
    assert len(secret) > 20 and min(map(len, secret)) >= 6
    assert not {(where, one) for where, text in told.items() for one in secret if one in text}


async def planted(data: Path) -> str:
    """The companies of the sandbox, and somebody who was invited; the path of their link."""
    clock = SystemClock()
    store = await SqliteStore.open(data)
    await plant(store, clock)
    anna = Newcomer(EMAIL, "Anna Ek", "en", Role.SENDER, companies=(SENDER.company.id,))
    _, link = await Directory(store, clock).admit(anna, "test")
    await store.close()
    return re.sub("^https?://[^/]+", "", link)


async def keys_and_tokens(url: str, client: Client) -> set[str]:
    """What keys, their tokens and webhooks are let in with, after each was used."""
    made = await client.post("/v1/keys", {"label": "a ledger", "scopes": ["read", "send"]})
    rotated = await client.post(f"/v1/keys/{made['id']}/rotate", {"grace_s": 60})
    hook = await client.post("/v1/webhooks", {"url": f"{url}/nobody-here"})
    again = await client.post(f"/v1/webhooks/{hook['id']}/rotate", {})
    found = {made["key"], rotated["key"], hook["secret"], again["secret"]}
    guessed = f"bk_{secrets.token_urlsafe(24)}"
    async with aiohttp.ClientSession() as session:
        for name, key in ((made["id"], rotated["key"]), (made["id"], guessed), (guessed, guessed)):
            form = {"grant_type": "client_credentials", "client_id": name, "client_secret": key}
            async with session.post(f"{url}/oauth/token", data=form) as answer:
                found |= {key, (await answer.json()).get("access_token", key)}
        for key in (*found, guessed, f"{guessed}\u00e5"):
            for scheme in ("Bearer", "Basic", ""):
                headers = {"Authorization": f"{scheme} {key}".strip()}
                async with session.get(f"{url}/v1/documents", headers=headers) as answer:
                    assert answer.status in (200, 401, 429)
    return found


async def a_person(url: str, link: str) -> set[str]:
    """What a person signs in with and is known by, after it was used rightly and wrongly."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        browser = Browser(url, session)
        await browser.get(link)
        page = await browser.post(link, password=PASSWORD, again=PASSWORD)
        assert page.url.path == "/console/sign-in", page.text
        wrong = f"fel {secrets.token_hex(6)}"
        await browser.sign_in(EMAIL, wrong)
        await browser.sign_in(EMAIL, PASSWORD)
        first = browser.cookie("budkavle")
        page = await browser.get("/console/second-factor")
        found = re.search('<code class="secret">([^<]+)<', page.text)
        assert found is not None
        factor = found[1].replace(" ", "")
        await browser.post("/console/second-factor", code="000000")
        page = await browser.post("/console/second-factor", code=pyotp.TOTP(factor).now())
        codes = set(re.findall("<code>([^<]+)</code>", page.text))
        assert len(codes) == 10
        used = {first, browser.cookie("budkavle"), browser.last.form_token if browser.last else ""}
        return {wrong, factor, *codes, *used} - {""}


async def documents(client: Client) -> dict[str, str]:
    """An invoice for each channel, and what is shown of what its partner said."""
    told = {}
    wanted = [one for one in FATES if one.channel in CHANNELS and one.sender is SENDER]
    for n, fate in enumerate({one.channel: one for one in wanted}.values()):
        id_ = (await client.submit(fate.body(f"S-{n:05}"))).id
        while not (timeline := await client.get(f"/v1/documents/{id_}/timeline"))["attempts"]:
            await asyncio.sleep(0.1)
        told[f"timeline {id_}"] = json.dumps(timeline)
        try:
            told[f"plan {id_}"] = json.dumps(await client.document(id_))
        except Problem as problem:
            told[f"problem {id_}"] = str(problem)
    assert len(told) > 4
    return told
