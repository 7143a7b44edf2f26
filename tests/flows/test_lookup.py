"""`POST /v1/lookup` against the sandbox's network."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.client import Client, Problem
from gateway.clock import MovableClock
from gateway.lookup import Lookups, TooOften, Verdict
from gateway.sandbox import OTHERS, RECEIVER, SENDER, Sandbox
from schemas.identifiers import Participant
from transports.peppol.sandbox.dns import Behaviour as Dns

OTHER = str(OTHERS[0])
OURS = RECEIVER.company.participants[0]
NOBODY = "0007:5560360793"


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with Sandbox(tmp_path) as sandbox:
        yield sandbox


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[Client]:
    async with Client(sandbox.gateway.url, SENDER.key) as client:
        yield client


async def looked_up(client: Client, *participants: str) -> list[dict[str, Any]]:
    answer = await client.post("/v1/lookup", {"participants": list(participants)})
    return list(answer["participants"])


async def test_each_participant_is_answered_for_in_the_order_asked(client: Client) -> None:
    other, nobody, ours, again = await looked_up(client, OTHER, NOBODY, OURS, OTHER)
    assert (other["participant"], other["answer"]) == (OTHER, "yes")
    assert again == other
    assert (await looked_up(client, OTHER))[0] == other, "it is remembered"
    assert {one["document"].partition(" ")[0] for one in other["services"]} == {
        *("Invoice", "CreditNote", "ApplicationResponse")
    }
    for one in other["services"]:
        assert (one["answer"], one["access_point"]) == ("yes", "POP000099")
        assert one["transport_profile"] == "peppol-transport-as4-v2_0"
        assert one["process"] and one["address"].endswith("/as4")
        assert 700 < one["certificate_days"] <= 730
    assert (nobody["answer"], nobody["code"]) == ("no", "peppol.not_registered")
    assert nobody["services"] == [] and nobody["publisher"] is None
    assert {one["access_point"] for one in ours["services"]} == {"POP000001"}


async def test_silence_is_no_no(client: Client, sandbox: Sandbox) -> None:
    sandbox.network.name_server.behaviour = Dns.FAIL
    (silent,) = await looked_up(client, OTHER)
    assert (silent["answer"], silent["code"]) == ("unknown", "peppol.sml_unavailable")
    sandbox.network.name_server.behaviour = Dns.ANSWER
    (there,) = await looked_up(client, OTHER)
    assert there["answer"] == "yes"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"participants": []}, "/participants"),
        ({"participants": [OTHER] * 51}, "/participants"),
        ({"participants": [OTHER, "918130047"]}, "/participants/1"),
        ({"participants": ["se:1", 7]}, "/participants/0"),
        ({"participants": [OTHER], "network": "test"}, "/network"),
        ({}, "/participants"),
    ],
    ids=str,
)
async def test_what_is_no_question_is_told(
    client: Client, body: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(Problem) as refused:
        await client.post("/v1/lookup", body)
    assert refused.value.status == 422
    assert refused.value.errors[0]["pointer"] == pointer


async def test_a_company_that_asks_too_often_is_told_when_to_come_again(
    client: Client, sandbox: Sandbox
) -> None:
    with pytest.raises(Problem) as refused:
        for _ in range(100):  # of 50 each, of which 120 go in a minute
            await looked_up(client, *[NOBODY] * 50)
    assert refused.value.status == 429
    async with Client(sandbox.gateway.url, RECEIVER.key) as another:
        assert (await looked_up(another, NOBODY))[0]["answer"] == "no"


async def test_without_peppol_nothing_is_known() -> None:
    clock = MovableClock()
    lookups = Lookups(None, clock, per_minute=2)
    (answer,) = await asked(lookups, 1)
    assert (answer.answer, answer.code) == (Verdict.UNKNOWN, "lookup.not_configured")
    assert isinstance(await asked(lookups, 2), TooOften)


async def test_so_many_go_in_a_minute_and_no_more() -> None:
    clock = MovableClock()
    lookups = Lookups(None, clock, per_minute=60)
    assert len(await asked(lookups, 50)) == 50
    short = await asked(lookups, 30)
    assert isinstance(short, TooOften) and short.after_s == 20
    assert len(await asked(lookups, 10)) == 10, "what was refused is not counted"
    clock.move(timedelta(seconds=30))
    assert len(await asked(lookups, 30)) == 30
    assert len(await lookups.ask("another", [Participant.parse(OTHER)] * 60)) == 60
    clock.move(timedelta(hours=1))
    assert len(await asked(lookups, 500)) == 500, "one question may be larger than a minute has"
    assert isinstance(await asked(lookups, 1), TooOften)


async def asked(lookups: Lookups, number: int) -> Any:
    return await lookups.ask("c", [Participant.parse(OTHER)] * number)
