"""Verification over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.store.sqlite import SqliteStore
from gateway.trust.verification.gate import VerifiedOnly
from tests.api.conftest import COMPANY, OTHER, OTHER_KEY, Api, serving

HERE = f"/v1/companies/{COMPANY.id}/verification"
ASKING = {"name": "Åsa Öst", "email": "asa@fjarden.example"}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    store = await SqliteStore.open(tmp_path)
    async with serving(store, gate=VerifiedOnly, signers=("visma_sign", "bankid")) as opened:
        yield opened


async def test_how_a_company_stands_before_anything_was_asked(api: Api) -> None:
    reply = await api.get(HERE)
    assert reply.status == 200
    assert (reply.json["standing"], reply.json["open"]) == ("unverified", False)
    assert reply.json["request"] is None and reply.json["links"] == {"self": HERE}


async def test_asking_sending_again_forwarding_and_taking_back(api: Api) -> None:
    reply = await api.post(HERE, json={**ASKING, "personal_number": "198507099805"})
    assert reply.status == 202, reply.json
    request = reply.json["request"]
    assert (request["state"], request["signer"], request["language"]) == (
        *("wanted", "visma_sign", "sv"),
    )
    assert b"198507099805" not in reply.content
    again = await api.post(f"{HERE}/resend")
    assert (again.status, again.json["request"]["invitations"]) == (202, 2)
    forwarded = await api.post(f"{HERE}/forward", json={"name": "Nils", "email": "n@b.example"})
    assert forwarded.json["request"]["email"] == "n@b.example"
    taken = await api.post(f"{HERE}/cancel")
    assert (taken.status, taken.json["request"]["state"]) == (202, "cancelled")
    for verb in ("resend", "cancel"):
        assert (await api.post(f"{HERE}/{verb}")).status == 409
    nobody = await api.post(f"{HERE}/forward", json=ASKING)
    assert nobody.status == 409 and "cancelled" in nobody.json["detail"]


async def test_the_service_is_chosen(api: Api) -> None:
    reply = await api.post(HERE, json={**ASKING, "signer": "bankid", "language": "en"})
    assert reply.json["request"]["signer"] == "bankid"


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/name", "/email"]),
        ({**ASKING, "email": "no address"}, ["/email"]),
        ({**ASKING, "signer": "fax"}, ["/signer"]),
        ({**ASKING, "personal_number": "12"}, ["/personal_number"]),
        ({**ASKING, "extra": 1}, ["/extra"]),
    ],
)
async def test_what_is_wrong_is_told(api: Api, body: Any, pointers: list[str]) -> None:
    reply = await api.post(HERE, json=body)
    assert reply.status == 422
    assert [fault["pointer"] for fault in reply.json["errors"]] == pointers


@pytest.mark.parametrize("path", ["", "/resend", "/forward", "/cancel"])
async def test_another_company_is_nobody_s(api: Api, path: str) -> None:
    method = "GET" if not path else "POST"
    body = {"json": ASKING} if path == "/forward" else {}
    for theirs in (OTHER.id, "com_01900000-0000-7000-8000-ffffffffffff"):
        reply = await api.call(method, f"/v1/companies/{theirs}/verification{path}", **body)
        assert reply.status == 404
    ours = await api.call(method, f"{HERE}{path}", key=OTHER_KEY, **body)
    assert ours.status == 404


async def test_where_nobody_signs_the_operator_verifies(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "bare")
    async with serving(store, gate=VerifiedOnly) as bare:
        reply = await bare.post(HERE, json=ASKING)
        assert reply.status == 409 and "budkavle company verify" in reply.json["detail"]
