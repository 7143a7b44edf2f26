"""Documents: hand in, list, read, in every form they may come."""

from __future__ import annotations

import asyncio
import copy
import json
import re
from typing import Any

import aiohttp
import pytest

from gateway.api import examples
from gateway.api.answers import Accepted
from gateway.events import Type
from gateway.store.port import Checkpoint, Keep, NewEvent
from tests.api.conftest import OTHER_KEY, Api

INVOICE = examples.SWEDISH_COMPANY
XML = {"Content-Type": "application/xml"}


def form(*parts: tuple[str, bytes, str, str | None]) -> aiohttp.MultipartWriter:
    """A form of (name, content, media type, file name)."""
    writer = aiohttp.MultipartWriter("form-data")
    for name, content, media_type, filename in parts:
        part = writer.append(content, {"Content-Type": media_type})
        named = {"name": name} | ({"filename": filename} if filename else {})
        part.set_content_disposition("form-data", **named)
    return writer


async def test_json_is_accepted_and_can_be_read_back(api: Api) -> None:
    sent = json.dumps(INVOICE).encode()
    reply = await api.post("/v1/documents", data=sent, headers={"Content-Type": "application/json"})
    assert reply.status == 202, reply.content
    accepted = reply.json
    assert accepted["state"] == "received"
    assert reply.headers["Location"] == accepted["links"]["self"]

    document = (await api.get(reply.headers["Location"])).json
    assert document["id"] == accepted["id"]
    assert document["state"] == "received"
    assert document["direction"] == "out"
    assert document["head"]["number"] is None  # not read yet
    content = await api.get(accepted["links"]["content"])
    assert content.content == sent
    assert content.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("media_type", ["application/xml", "text/xml; charset=utf-8"])
async def test_ubl_is_accepted_byte_for_byte(api: Api, media_type: str) -> None:
    sent = examples.ubl().replace("<cbc:ID>", "<cbc:ID >", 1).encode()
    reply = await api.post("/v1/documents", data=sent, headers={"Content-Type": media_type})
    assert reply.status == 202, reply.content
    await api.prepare()
    links = reply.json["links"]
    assert (await api.get(links["content"])).content == sent
    assert (await api.get(links["content"], params={"part": "document"})).content == sent


async def test_documents_that_come_together_are_each_judged_by_themselves(api: Api) -> None:
    laughs = b'<!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]><a>&c;</a>'
    kinds = {
        202: examples.ubl().encode(),
        422: (
            b"<Invoice",
            b"<order/>",
            laughs,
            examples.ubl().encode()[:-9],
            b"\xff\xfe<",
            b"<a>" * 300,
        ),
    }
    bodies = [(422, body) for body in kinds[422]] + [(202, kinds[202])] * len(kinds[422])
    replies = await asyncio.gather(
        *(api.post("/v1/documents", data=body, headers=XML) for _, body in 5 * bodies)
    )
    assert [reply.status for reply in replies] == [status for status, _ in 5 * bodies]
    taken = [reply.json for reply in replies if reply.status == 202]
    assert len({accepted["id"] for accepted in taken}) == len(taken) == await api.count()
    for accepted in taken:
        assert Accepted.model_validate(accepted, strict=False).id == accepted["id"]
        assert all(link.split("/")[3] == accepted["id"] for link in accepted["links"].values())


async def test_a_timeline_leaves_nothing_out_however_long_it_is(api: Api) -> None:
    links = (await api.submit(INVOICE)).json["links"]
    (job,) = await api.store.claim("test", api.clock.now(), 60, 1)
    reported = tuple(NewEvent(Type.REPORTED, {"n": n}) for n in range(1200))
    await api.store.checkpoint(job, Checkpoint(next=Keep(), events=reported), api.clock.now())
    events = (await api.get(links["timeline"])).json["events"]
    assert [event["data"]["n"] for event in events[1:]] == list(range(1200))


async def test_multipart_brings_delivery_and_attachments(api: Api) -> None:
    document = json.dumps({"invoice": INVOICE["invoice"]}).encode()
    body = form(
        ("document", document, "application/json", None),
        ("delivery", b'{"email": "a@b.example", "hold": true}', "application/json", None),
        ("attachment", b"%PDF-1.4 x", "application/pdf", "mätning å.pdf"),
        ("attachment", b"PK", "application/zip", "rest.zip"),
    )
    reply = await api.post("/v1/documents", data=body)
    assert reply.status == 202, reply.content
    await api.prepare()
    shown = (await api.get(reply.headers["Location"])).json
    assert shown["state"] == "held"
    assert shown["delivery"] == {"email": "a@b.example", "hold": True}

    ubl = await api.get(shown["links"]["content"], params={"part": "document"})
    assert 'filename="mätning å.pdf"' in ubl.content.decode()
    assert b"rest.zip" not in ubl.content
    files = (await api.get(shown["links"]["evidence"])).json["files"]
    assert [file["name"] for file in files if file["role"] == "attachment"] == [
        "mätning å.pdf",
        "rest.zip",
    ]
    (zipped,) = [file for file in files if file["name"] == "rest.zip"]
    sent = await api.get(zipped["href"])
    assert sent.content == b"PK"
    assert sent.headers["Content-Disposition"].startswith("attachment;")


async def test_a_checked_document_shows_head_findings_plan_and_image(api: Api) -> None:
    reply = await api.submit(INVOICE)
    before = await api.get(reply.json["links"]["pdf"])
    assert (before.status, before.json["type"]) == (409, "/problems/not-allowed-now")
    await api.prepare()
    document = (await api.get(reply.headers["Location"])).json
    assert document["state"] == "routing"
    assert document["head"]["number"] == "2026-1001"
    assert document["head"]["amount_due"] == "606.25"
    assert document["head"]["recipient"] == "0007:5591234561"
    steps = {step["channel"]: step["code"] for step in document["plan"]["steps"]}
    assert steps["email"] == "route.included"
    assert steps["peppol"] == "route.not_configured"
    pdf = await api.get(document["links"]["pdf"])
    assert pdf.content.startswith(b"%PDF")
    assert pdf.headers["Content-Type"] == "application/pdf"


async def test_a_rejected_document_points_into_the_callers_own_body(api: Api) -> None:
    wrong = copy.deepcopy(INVOICE)
    wrong["invoice"]["totals"] = {"with_vat": "600.00"}
    wrong["invoice"]["lines"][0]["item"]["vat"] = {"category": "X", "rate": 25}
    reply = await api.submit(wrong)
    await api.prepare()
    document = (await api.get(reply.headers["Location"])).json
    assert document["state"] == "rejected"
    by_rule = {finding["rule"]: finding for finding in document["findings"]}
    assert by_rule["BR-CO-15"]["where"].startswith("/invoice")
    category = next(f for f in document["findings"] if f["where"].endswith("/vat/category"))
    assert category["where"] == "/invoice/lines/0/item/vat/category"


async def test_findings_are_kept_in_the_language_of_who_handed_in(api: Api) -> None:
    wrong = copy.deepcopy(INVOICE)
    wrong["invoice"]["totals"] = {"with_vat": "600.00"}
    reply = await api.submit(wrong, headers={"Accept-Language": "nb-NO, en;q=0.5"})
    await api.prepare()
    document = (await api.get(reply.headers["Location"], headers={"Accept-Language": "sv"})).json
    told = next(f for f in document["findings"] if f["rule"] == "BR-CO-15")
    assert told["text"].startswith("")
    assert document["delivery"]["findings_language"] == "nb"


async def test_the_timeline_has_the_events(api: Api) -> None:
    reply = await api.submit(INVOICE)
    await api.prepare()
    timeline = (await api.get(reply.json["links"]["timeline"])).json
    assert [event["type"] for event in timeline["events"]] == [
        "document.received",
        "document.routed",
    ]
    assert [leg["channel"] for leg in timeline["legs"]] == ["email"]
    assert timeline["attempts"] == []


async def test_a_personal_number_is_not_shown_again(api: Api) -> None:
    reply = await api.submit(INVOICE | {"delivery": {"personal_number": "19811228-9874"}})
    await api.prepare()
    paths = [reply.headers["Location"], *reply.json["links"].values()]
    paths.remove(reply.json["links"]["content"])  # the caller's own bytes, as they came
    shown = b"".join([(await api.get(path)).content for path in paths])
    # Ids and hashes are made of digits too, and may be any four of them.
    shown = re.sub(rb"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,}", b"", shown)
    assert b"811228" not in shown and b"9874" not in shown
    files = (await api.get(reply.json["links"]["evidence"])).json["files"]
    assert {file["role"] for file in files} == {
        "original",
        "document",
        "findings",
        "filled_in",
        "plan",
    }


async def test_the_list_is_filtered_and_paged(api: Api) -> None:
    ids = [(await api.submit(INVOICE)).json["id"] for _ in range(3)]
    first = (await api.get("/v1/documents", params={"limit": 2})).json
    assert [document["id"] for document in first["documents"]] == [ids[2], ids[1]]
    rest = (await api.get("/v1/documents", params={"limit": 2, "after": first["next"]})).json
    assert [document["id"] for document in rest["documents"]] == [ids[0]]
    assert rest["next"] is None

    async def listed(**query: Any) -> int:
        return len((await api.get("/v1/documents", params=query)).json["documents"])

    assert await listed(state="received") == 3
    assert await listed(state="sent") == 0
    assert await listed(direction="in") == 0
    await api.prepare()
    assert await listed(number="2026-1001") == 3
    assert await listed(number="2026-1002") == 0


async def test_another_companys_document_is_as_unknown_as_none(api: Api) -> None:
    reply = await api.submit(INVOICE)
    await api.prepare()
    links = reply.json["links"]
    unknown = "doc_019aa000-0000-7000-8000-00000000dead"
    sha256 = (await api.get(links["evidence"])).json["files"][0]["sha256"]
    paths = [*links.values(), f"{links['evidence']}/{sha256}"]
    for path in paths:
        theirs = await api.get(path, key=OTHER_KEY)
        nobodys = await api.get(path.replace(reply.json["id"], unknown))
        assert (theirs.status, theirs.json["type"]) == (404, "/problems/not-found")
        assert _without_id(theirs.json) == _without_id(nobodys.json)
    for verb in ("hold", "release", "retry", "cancel"):
        path = f"{links['self']}/{verb}"
        theirs = await api.post(path, key=OTHER_KEY, json={"reason": "mine"})
        assert theirs.status == 404
    assert (await api.get("/v1/documents", key=OTHER_KEY)).json["documents"] == []
    assert (await api.get("/v1/events", key=OTHER_KEY)).json["events"] == []
    page = (await api.get("/v1/documents", params={"limit": 1})).json
    assert page["documents"][0]["state"] == "routing"  # nobody held it


def _without_id(problem: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in problem.items() if name != "request_id"}


async def test_documents_of_high_priority_go_first(api: Api) -> None:
    ids = {}
    for priority in ("low", None, "high"):
        delivery = {"priority": priority} if priority else {}
        reply = await api.submit(INVOICE | {"delivery": delivery})
        assert reply.status == 202
        ids[reply.json["id"]] = priority or "normal"
    jobs = await api.store.claim("test", api.clock.now(), 60, 10)
    assert [ids[job.document_id] for job in jobs] == ["high", "normal", "low"]
    wrong = await api.submit(INVOICE | {"delivery": {"priority": "urgent"}})
    assert wrong.status == 422 and "/delivery/priority" in wrong.content.decode()
