"""A whole gateway: an invoice to somebody in Kivra, who pays it."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway import config
from gateway.app import Gateway
from gateway.channels.kivra import Kivra as KivraSection
from gateway.client import Client
from tests.e2e.invoices import SENDER, submission
from transports.kivra.endpoint import PATH
from transports.kivra.sandbox import MAGIC, TENANT, Behaviour, Sandbox
from transports.kivra.sandbox.server import SECRET


async def test_an_invoice_is_delivered_and_its_payment_told(tmp_path: Path) -> None:
    at_once = timedelta()
    async with (
        Sandbox(scheduled_after=at_once, settled_after=at_once, webhook_answer_s=60) as kivra,
        asyncio.timeout(180),
    ):
        settings = config.Settings(
            data=tmp_path / "data",
            http=config.Http(listen="127.0.0.1:0"),
            outer=config.Outer(listen="127.0.0.1:0"),
            worker=config.Worker(collect_every_s=0.1),
            kivra=KivraSection(
                url=kivra.url,
                client_id="sandbox",
                client_secret="sandbox",
                webhook_secret=SECRET,
            ),
        )
        terms = {"channels": {"kivra": {"tenant": TENANT, "bankgiro": "5050-1055"}}}
        company = replace(SENDER.company, settings={**SENDER.company.settings, **terms})
        async with Gateway(settings) as gateway:
            store, now = gateway.store, gateway.clock.now()
            await store.add_company(company, now)
            await store.add_key(company.id, hashlib.sha256(b"bk_secret").hexdigest(), "ledger", now)
            kivra.post_to(f"{gateway.outer_url}{PATH}")
            given = submission("K-1")
            given["delivery"] = {"personal_number": MAGIC[Behaviour.PAY]}
            async with Client(gateway.url, "bk_secret") as client:
                document_id = (await client.submit(json.dumps(given).encode())).id
                document = await client.settled(document_id)
                assert (document["state"], document["channel"]) == ("delivered", "kivra")
                while (await client.document(document_id))["business"] != "paid":
                    await asyncio.sleep(0.05)
                timeline = await client.get(f"/v1/documents/{document_id}/timeline")
    (kept,) = kivra.contents
    assert (kept.seen.subject, kept.seen.amount) == ("Faktura K-1", "3187.50")
    said = json.dumps(timeline)
    assert "The recipient has paid 3187.50 SEK in Kivra." in said
    assert MAGIC[Behaviour.PAY] not in said


@pytest.mark.parametrize("secret", ["whsec_", "whsec_é", "not base64!"])
def test_a_secret_that_can_not_sign_is_told_at_the_start(secret: str) -> None:
    with pytest.raises(ValueError, match="webhook_secret is not what Kivra gives"):
        KivraSection(client_id="a", client_secret="b", webhook_secret=secret)
