"""Repairing over HTTP; what each way of it means is tested with `gateway.delivery`."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import pytest

from gateway.api import examples
from gateway.delivery.fetching import Fetching
from gateway.outside.client import Outside, Rules
from gateway.store.port import Role
from tests.api.conftest import COMPANY, MOST_BYTES, OTHER_KEY, Api

WHY = {"reason": "The document store was down."}
PDF = b"%PDF-1.4\nterms\n%%EOF\n"
ELSEWHERE = "https://files.example.com/terms.pdf?sig=secret"


async def fetched(api: Api) -> None:
    """What a worker would do with files that are due; no address is one that may be asked."""
    outside = Outside(Rules())
    try:
        fetching = Fetching(api.store, outside, api.clock)
        for job in await api.store.claim("test", api.clock.now(), 60, 100):
            assert job.kind == "fetch"
            await fetching(job)
    finally:
        await outside.close()


async def lacking(api: Api, *names: str, number: str = "F-1") -> str:
    """Where a document is that is held for want of files."""
    files = [{"url": f"https://127.0.0.1/{name}?sig=secret"} for name in names or ("terms.pdf",)]
    invoice = {**examples.SWEDISH_COMPANY["invoice"], "number": number}
    body = {"invoice": invoice, "delivery": {"fetch": files}}
    here = (await api.submit(body)).headers["Location"]
    await api.prepare()
    await fetched(api)
    return here


async def test_an_attachment_error_is_shown_as_one(api: Api) -> None:
    here = await lacking(api, "a.pdf", "b.pdf")
    document = (await api.get(here)).json
    assert (document["state"], document["attachment_error"]) == ("held", True)
    assert document["code"] == "attachment.forbidden"
    assert [fetch["status"] for fetch in document["fetches"]] == ["wanted", "wanted"]
    first = document["fetches"][0]
    assert (first["attachment"], first["file"]) == (0, "a.pdf")
    assert first["url"] == "https://127.0.0.1/a.pdf?..."
    assert first["code"] == "attachment.forbidden" and "public address" in first["text"]
    assert document["delivery"]["fetch"][0]["url"] == "https://127.0.0.1/a.pdf?..."
    events = (await api.get(f"{here}/timeline")).json["events"]
    assert [event["type"] for event in events][1:] == [
        "document.attachment_error",
        "document.attachment_error",
        "document.held",
    ]


async def test_no_answer_holds_what_may_be_secret(api: Api) -> None:
    here = await lacking(api)
    for path in ("", "/timeline", "/evidence"):
        assert b"secret" not in (await api.get(here + path)).content
    for file in (await api.get(f"{here}/evidence")).json["files"]:
        if file["role"] != "original":
            assert b"secret" not in (await api.get(file["href"])).content
    document_id = here.rpartition("/")[2]
    (record, *_) = [
        part for part in await api.store.parts(COMPANY.id, document_id) if part.role is Role.FETCH
    ]
    assert (await api.get(f"{here}/evidence/{record.sha256}")).status == 404


async def test_documents_that_lack_a_file_are_listed(api: Api) -> None:
    here = await lacking(api, number="F-2")
    await api.submit(examples.SWEDISH_COMPANY)
    query = "/v1/documents?state=held&code=attachment."
    rows = (await api.get(query)).json["documents"]
    assert [row["links"]["self"] for row in rows] == [here]
    assert (await api.get(f"{query}gone")).json["documents"] == []
    reply = await api.get("/v1/documents?code=attachment.")
    assert (reply.status, reply.json["errors"][0]["parameter"]) == (400, "code")


async def test_it_is_fetched_again_from_another_address(api: Api) -> None:
    here = await lacking(api)
    reply = await api.post(f"{here}/repair", json={**WHY, "url": ELSEWHERE, "attachment": 0})
    assert (reply.status, reply.json["state"]) == (200, "received"), reply.content
    assert not reply.json["attachment_error"]
    assert (await api.get(here)).json["fetches"][0]["url"] == ELSEWHERE.partition("?")[0] + "?..."


async def test_it_goes_on_without_the_file(api: Api) -> None:
    here = await lacking(api)
    reply = await api.post(f"{here}/repair", json={**WHY, "action": "leave_out"})
    assert (reply.status, reply.json["code"]) == (200, "repaired.left_out")
    await api.prepare()
    document = (await api.get(here)).json
    assert document["plan"] is not None
    assert document["fetches"][0]["status"] == "left_out"


@pytest.mark.parametrize("size", [len(PDF), MOST_BYTES // 2], ids=["small", "large"])
async def test_the_file_is_handed_in(api: Api, size: int) -> None:
    here = await lacking(api)
    content = PDF.ljust(size, b" ")
    reply = await put(api, f"{here}/attachments/0", content, reason="By hand.")
    assert (reply.status, reply.json["code"]) == (200, "repaired.handed_in"), reply.content
    (fetch,) = (await api.get(here)).json["fetches"]
    assert (fetch["status"], fetch["file"]) == ("handed_in", "terms.pdf")
    assert fetch["sha256"] == hashlib.sha256(content).hexdigest()
    await api.prepare()
    assert (await api.get(here)).json["plan"] is not None
    files = (await api.get(f"{here}/evidence")).json["files"]
    (file,) = [file for file in files if file["role"] == "attachment"]
    assert (file["name"], file["media_type"]) == ("terms.pdf", "application/pdf")
    assert (await api.get(file["href"])).content == content
    spool = api.store.blobs.spool
    assert not spool.exists() or list(spool.iterdir()) == []


async def put(api: Api, path: str, content: bytes, **query: str) -> Any:
    headers = {"Content-Type": "application/octet-stream"}
    return await api.call("PUT", path, data=io.BytesIO(content), headers=headers, params=query)


@pytest.mark.parametrize(
    ("content", "query", "place", "status"),
    [
        (b"", {}, "0", 422),
        (PDF, {"name": "../a.pdf"}, "0", 422),
        (b"<!doctype html><p>Log in", {}, "0", 422),
        (b"no PDF", {}, "0", 422),
        (PDF, {"reason": ""}, "0", 400),
        (PDF, {}, "1", 409),
        (PDF, {}, "-1", 404),
        (PDF, {}, "9999", 404),
        (PDF, {}, "x", 404),
        (b" " * (MOST_BYTES + 1), {}, "0", 413),
    ],
)
async def test_what_can_not_be_handed_in(
    api: Api, content: bytes, query: dict[str, str], place: str, status: int
) -> None:
    here = await lacking(api)
    reply = await put(api, f"{here}/attachments/{place}", content, **query)
    assert reply.status == status, reply.content
    assert (await api.get(here)).json["state"] == "held"


async def test_many_are_repaired_at_once(api: Api) -> None:
    places = [await lacking(api, number=f"F-{n}") for n in range(3)]
    ids = {place.rpartition("/")[2] for place in places}
    nobody = await api.post("/v1/repairs", json=WHY, key=OTHER_KEY)
    assert nobody.json == {"repaired": [], "left": [], "next": None}
    none = await api.post("/v1/repairs", json={**WHY, "code": "attachment.gone"})
    assert none.json["repaired"] == []
    reply = await api.post("/v1/repairs", json={**WHY, "action": "leave_out"})
    assert (reply.status, set(reply.json["repaired"])) == (200, ids)
    assert (await api.post("/v1/repairs", json=WHY)).json["repaired"] == []


async def test_nobody_else_can_repair_it(api: Api) -> None:
    here = await lacking(api)
    assert (await api.post(f"{here}/repair", json=WHY, key=OTHER_KEY)).status == 404
    headers = {"Content-Type": "application/octet-stream"}
    reply = await api.call("PUT", f"{here}/attachments/0", data=PDF, headers=headers, key=OTHER_KEY)
    assert reply.status == 404
    assert (await api.get(here)).json["state"] == "held"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({**WHY, "action": "burn"}, 422),
        ({**WHY, "action": "leave_out", "url": ELSEWHERE}, 422),
        ({**WHY, "url": "file:///etc/passwd"}, 422),
        ({**WHY, "sha256": "no"}, 422),
        ({**WHY, "attachment": 7}, 409),
        ({**WHY, "attachment": -1}, 422),
        ({**WHY, "attachment": 0.5}, 422),
        ({**WHY, "attachment": 7.0}, 409),
    ],
)
async def test_what_is_no_repair(api: Api, body: dict[str, Any], status: int) -> None:
    here = await lacking(api)
    reply = await api.post(f"{here}/repair", json=body)
    assert reply.status == status, reply.content
    assert (await api.get(here)).json["state"] == "held"


async def test_what_lacks_nothing_is_not_repaired(api: Api) -> None:
    here = (await api.submit(examples.SWEDISH_COMPANY)).headers["Location"]
    reply = await api.post(f"{here}/repair", json=WHY)
    assert (reply.status, reply.json["type"]) == (409, "/problems/not-allowed-now")
    assert "missing" in reply.json["detail"]
    bad = await api.post("/v1/repairs", json={**WHY, "after": "doc_none"})
    assert bad.status == 400


@pytest.mark.parametrize(
    ("file", "pointer"),
    [
        ({}, "/delivery/fetch/0/url"),
        ({"url": "ftp://files.example.com/a"}, "/delivery/fetch/0/url"),
        ({"url": "https://a b/"}, "/delivery/fetch/0/url"),
        ({"url": ELSEWHERE, "sha256": "ABC"}, "/delivery/fetch/0/sha256"),
        ({"url": ELSEWHERE, "media_type": "pdf"}, "/delivery/fetch/0/media_type"),
        ({"url": ELSEWHERE, "token": "x"}, "/delivery/fetch/0/token"),
    ],
)
async def test_a_wish_that_is_wrong_is_refused_at_once(
    api: Api, file: dict[str, str], pointer: str
) -> None:
    body = {**examples.SWEDISH_COMPANY, "delivery": {"fetch": [file]}}
    reply = await api.submit(body)
    assert reply.status == 422
    assert [error["pointer"] for error in reply.json["errors"]] == [pointer]
