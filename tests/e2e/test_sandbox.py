"""The sandbox's partners that say nothing: nobody waits for them as long as for real ones."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from gateway.client import Client
from gateway.sandbox import SENDER, Sandbox
from tests.e2e.invoices import submission


@pytest.mark.parametrize(
    ("body", "state", "code"),
    [
        (submission("Q-1", email="hang@customer.example"), "waiting", "email.timeout"),
        (submission("Q-2", email="silent@customer.example"), "held", "delivery.outcome_unknown"),
        (submission("Q-3", post_code="999 94"), "waiting", "letter.outcome_unknown"),
    ],
    ids=("hang", "silent", "letter"),
)
async def test_a_partner_that_never_answers_is_given_up_soon(
    body: object, state: str, code: str, tmp_path: Path
) -> None:
    async with (
        Sandbox(tmp_path, patience_s=2) as sandbox,
        Client(sandbox.gateway.url, SENDER.key) as client,
        asyncio.timeout(60),
    ):
        accepted = await client.submit(json.dumps(body).encode())
        while (document := await client.document(accepted.id))["state"] not in {"waiting", "held"}:
            await asyncio.sleep(0.05)
    assert (document["state"], document["code"]) == (state, code)
