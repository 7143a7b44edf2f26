"""What customers get as the invoice, settled over HTTP."""

from __future__ import annotations

import asyncio
import copy
from base64 import b64encode
from typing import Any

import pytest

from gateway.api import examples
from tests.api.conftest import COMPANY, OTHER_KEY, Api
from tests.hostile import pdfs

PLACE = "/v1/image-rules"
NOTHING = {"customer": None, "omit_image": None, "image_from_first_attachment": None}
OWN = {"omit_image": True, "image_from_first_attachment": True}


async def rules(api: Api, **how: Any) -> list[dict[str, Any]]:
    return list((await api.get(PLACE, **how)).json["rules"])


async def test_a_rule_is_settled_replaced_and_taken_back(api: Api) -> None:
    assert await rules(api) == [NOTHING]
    done = await api.post(PLACE, json={"customer": "se:559203-4846", **OWN})
    own = {"customer": "SE:5592034846", **OWN}
    assert (done.status, done.json["rules"]) == (200, [NOTHING, own])
    await api.post(PLACE, json={"omit_image": True})
    for_all = {**NOTHING, "omit_image": True}
    assert await rules(api) == [for_all, own]
    await api.post(PLACE, json={"customer": "SE:5592034846"})
    assert await rules(api) == [for_all]
    await api.post(PLACE, json={})
    assert await rules(api) == [NOTHING]
    company = await api.store.company(COMPANY.id)
    assert company is not None and company.participants == COMPANY.participants
    entries = await api.store.audit_entries(0, 100)
    assert [e.action for e in entries].count("customer.settled") == 4
    assert await rules(api, key=OTHER_KEY) == [NOTHING]


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({"image_from_first_attachment": True}, "/image_from_first_attachment"),
        ({"customer": "nobody", "omit_image": True}, "/customer"),
        ({"customer": "", "omit_image": True}, "/customer"),
        ({"customer": "SE:1", "omit_image": True}, "/customer"),
        ({"omit_image": "yes"}, "/omit_image"),
        ({"omit": True}, "/omit"),
    ],
)
async def test_what_can_not_be_settled_is_told_by_its_place(
    api: Api, given: dict[str, Any], pointer: str
) -> None:
    refused = await api.post(PLACE, json=given)
    assert refused.status == 422 and refused.json["errors"][0]["pointer"] == pointer
    assert await rules(api) == [NOTHING]


async def test_rules_that_come_together_are_all_settled(api: Api) -> None:
    customers = [f"kund{n}@customer.example" for n in range(8)]
    asked = (api.post(PLACE, json={"customer": c, "omit_image": True}) for c in customers)
    assert {reply.status for reply in await asyncio.gather(*asked)} == {200}
    assert {rule["customer"] for rule in await rules(api)} == {None, *customers}


async def test_a_preview_says_which_pdf_would_go(api: Api) -> None:
    own = pdfs.drawn(1, "Our own layout")
    given = copy.deepcopy(examples.SWEDISH_COMPANY)

    async def seen() -> dict[str, Any]:
        reply = await api.post("/v1/preview", json=given)
        return dict(reply.json["image"])

    assert await seen() == {"rule": "drawn", "file": None}
    await api.post(PLACE, json=OWN)
    assert await seen() == {"rule": "drawn", "file": None}, "there is no attachment"
    attachment = {
        "content": b64encode(own).decode(),
        "mime_code": "application/pdf",
        "filename": "own.pdf",
    }
    given["invoice"]["supporting_documents"] = [{"reference": "1", "attachment": attachment}]
    assert await seen() == {"rule": "first_attachment", "file": "own.pdf"}
    pdf = await api.post("/v1/preview", json=given, headers={"Accept": "application/pdf"})
    assert pdf.content == own
    await api.post(PLACE, json={"omit_image": True})
    assert await seen() == {"rule": "omitted", "file": None}
