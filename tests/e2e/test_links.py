"""A whole gateway: a large e-mail goes as a link, which opens on the outer listener."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from pathlib import Path

import aiohttp

from gateway import config
from gateway.app import Gateway
from gateway.channels.email import Email as EmailSection
from gateway.client import Attached, Client
from tests.e2e.command import budkavle
from tests.e2e.invoices import SENDER, submission
from transports.email.sandbox import Sandbox as MailServer


async def test_a_link_goes_out_opens_and_is_taken_back(tmp_path: Path) -> None:
    async with MailServer() as mail, asyncio.timeout(180):
        settings = config.Settings(
            data=tmp_path / "data",
            http=config.Http(listen="127.0.0.1:0"),
            outer=config.Outer(listen="127.0.0.1:0"),
            links=config.Links(url="https://bills.example"),
            email=EmailSection(
                host="127.0.0.1",
                port=mail.port,
                tls="none",
                sender="bills@example.com",
                files_limit_bytes=10,
            ),
        )
        async with Gateway(settings) as gateway, aiohttp.ClientSession() as browser:
            store, now = gateway.store, gateway.clock.now()
            await store.add_company(SENDER.company, now)
            await store.add_key(
                SENDER.company.id, hashlib.sha256(b"bk_secret").hexdigest(), "ledger", now
            )
            body = json.dumps(submission("L-1", email="kund@customer.example")).encode()
            async with Client(gateway.url, "bk_secret") as client:
                files = [Attached("terms.txt", "text/plain", b"terms")]
                document_id = (await client.submit(body, attachments=files)).id
                await client.settled(document_id)
            (message,) = mail.received
            text = message.message.get_body(("plain",)).get_content()
            (path,) = re.findall(r"https://bills\.example(/d/[A-Za-z0-9_-]{43})", text)
            assert gateway.outer_url is not None
            page = gateway.outer_url + path
            async with browser.get(page) as answer:
                assert answer.status == 200 and "L-1" in await answer.text()
            async with browser.get(f"{page}/files/2") as answer:
                assert await answer.read() == b"terms"
            ledger = {"BUDKAVLE_URL": gateway.url, "BUDKAVLE_API_KEY": "bk_secret"}
            done = await budkavle("revoke", document_id, "wrong one", environment=ledger)
            assert done.code == 0, done.err
            async with browser.get(page) as answer:
                assert answer.status == 404
            again = await budkavle("revoke", document_id, "wrong one", environment=ledger)
            assert again.code == 1 and "none is to be revoked" in again.err
