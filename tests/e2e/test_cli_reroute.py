"""`budkavle reroute`, `resend` and `choose` against a running gateway."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from gateway.client import Client
from gateway.sandbox import SENDER, Sandbox
from tests.e2e.command import budkavle
from tests.e2e.invoices import submission

WHY = ("--reason", "The buyer has moved.")


async def test_a_document_goes_by_letter_after_all_and_once_more(
    sandbox: Sandbox, ledger: Mapping[str, str]
) -> None:
    async with Client(sandbox.gateway.url, SENDER.key) as client:
        body = {**submission("W-1", email="kund@customer.example")}
        sent = await client.post("/v1/documents", body)
        assert (await client.settled(sent["id"]))["channel"] == "email"

        place = ("--channel", "letter", "--to", "Nygatan 7; 621 55; Visby; SE")
        rerouted = await budkavle("reroute", sent["id"], *place, *WHY, environment=ledger)
        assert rerouted.code == 0, rerouted.err
        assert "may get it twice" in rerouted.lines[0]["text"]
        assert (await client.settled(sent["id"]))["channel"] == "letter"

        resent = await budkavle("resend", sent["id"], *WHY, environment=ledger)
        assert resent.code == 0, resent.err
        assert (await client.settled(sent["id"]))["channel"] == "letter"
        timeline = await client.get(f"/v1/documents/{sent['id']}/timeline")
        legs = [(leg["channel"], leg["state"]) for leg in timeline["legs"]]
        assert [channel for channel, state in legs if state in ("sent", "delivered")] == [
            "email",
            "letter",
            "letter",
        ]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("reroute", "doc_none", "--channel", "letter"), 1, "404"),
        (("reroute", "doc_none", "--to", "Nygatan 7, Visby"), 2, "with ; between"),
        (("resend", "doc_none"), 1, "404"),
        (("choose", "doc_none", "5592034846"), 1, "404"),
    ],
)
async def test_what_is_refused_is_told(
    sandbox: Sandbox, ledger: Mapping[str, str], words: tuple[str, ...], code: int, told: str
) -> None:
    done = await budkavle(*words, *WHY, environment=ledger)
    assert (done.code, told in done.err) == (code, True), done.err
