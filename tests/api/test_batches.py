"""Many documents in one request: each line by itself, in order, and as soon as it is on disk."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.api import batches, examples
from gateway.api.examples_batches import BATCH
from gateway.intake.batch_line import Line, called, read
from gateway.store.port import Role
from gateway.store.sqlite import SqliteStore
from gateway.trust.gate import Closed, OpenGate
from tests.api.conftest import COMPANY, KEY, LIMITS, OTHER_KEY, Api, serving

NDJSON = {"Content-Type": batches.NDJSON}
INVOICE = examples.SWEDISH_COMPANY


def lines(*rows: Any) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


async def send(api: Api, body: Any, **how: Any) -> list[dict[str, Any]]:
    reply = await api.post("/v1/batches", data=body, headers=NDJSON | how.pop("headers", {}), **how)
    assert reply.status == 200, reply.content
    return [json.loads(line) for line in reply.content.splitlines()]


async def test_each_line_is_a_document_or_told_why_not(api: Api) -> None:
    wrong = {"id": "b", "invoice": {**INVOICE["invoice"], "due_dat": "2026-12-24"}}
    asked = {**INVOICE, "delivery": {"email": "pay@kund.example"}}
    first, second, third = await send(api, lines({"id": "a", **asked}, wrong, asked))
    assert (first["line"], first["id"], first["problem"]) == (1, "a", None)
    assert (second["line"], second["id"], second["document_id"]) == (2, "b", None)
    assert second["problem"]["type"] == "/problems/invalid-body"
    assert "/invoice/due_dat" in {each["pointer"] for each in second["problem"]["errors"]}
    assert (third["line"], third["id"]) == (3, None)
    assert await api.count() == 2
    for result in (first, third):
        document = (await api.get(f"/v1/documents/{result['document_id']}")).json
        assert document["delivery"] == {"email": "pay@kund.example"}


async def test_the_example_is_taken_and_refused_as_it_says(api: Api) -> None:
    taken, refused = await send(api, BATCH.encode())
    assert (taken["id"], taken["problem"]) == ("4711", None)
    assert (refused["id"], refused["document_id"]) == ("4712", None)


async def test_what_is_stored_is_what_would_have_been_handed_in_alone(api: Api) -> None:
    text = json.dumps(INVOICE["invoice"], ensure_ascii=False)
    line = f' {{ "id" : "x\\"}}" ,"invoice":{text} , "idempotency_key":"k-1"}}\n'
    (result,) = await send(api, line.encode())
    store, document_id = api.store, result["document_id"]
    ((_, content),) = await store.files(COMPANY.id, document_id, {Role.ORIGINAL})
    assert content == f'{{"invoice":{text}}}'.encode()
    again = await api.post(
        "/v1/documents",
        data=content,
        headers={"Idempotency-Key": "k-1", "Content-Type": "application/json"},
    )
    assert (again.status, again.json["id"]) == (202, document_id)
    assert again.headers["Idempotency-Replayed"] == "true"


async def test_a_batch_again_makes_no_second_document(api: Api) -> None:
    body = lines(*({"idempotency_key": f"k-{n}", **INVOICE} for n in range(20)))
    first = await send(api, body)
    again = await send(api, body)
    assert [each["document_id"] for each in again] == [each["document_id"] for each in first]
    assert not any(each["replayed"] for each in first)
    assert all(each["replayed"] for each in again)
    assert await api.count() == 20


async def test_lines_without_a_key_have_the_batchs(api: Api) -> None:
    body, key = lines(INVOICE, INVOICE), {"Idempotency-Key": "november"}
    first = await send(api, body, headers=key)
    again = await send(api, body, headers=key)
    assert len({each["document_id"] for each in first}) == 2
    assert [each["document_id"] for each in again] == [each["document_id"] for each in first]
    await send(api, body)
    assert await api.count() == 4


async def test_a_key_with_another_document_is_refused_and_the_rest_is_taken(api: Api) -> None:
    other = {**INVOICE, "delivery": {"email": "other@kund.example"}}
    key = {"idempotency_key": "same"}
    first, second, third = await send(api, lines({**key, **INVOICE}, {**key, **other}, other))
    problems = [each["problem"] for each in (first, second)]
    (refused,) = [each for each in problems if each]
    assert refused["type"] == "/problems/idempotency-key-reused"
    assert third["document_id"]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b"{", "malformed-json"),
        (b"\xff\xfe", "malformed-json"),
        (b"[]", "invalid-body"),
        (b"{}", "invalid-body"),
        (b'{"id":"a","id":"b","invoice":{}}', "malformed-json"),
        (b'{"id":"","invoice":{}}', "invalid-body"),
        (b'{"idempotency_key":"\xc3\xa5","invoice":{}}', "invalid-body"),
        (b"[" * 100_000, "malformed-json"),
        (b'{"id":' + b"[" * 100_000, "malformed-json"),
        (b'{"id":1e400,"invoice":{}}', "invalid-body"),
    ],
)
async def test_a_broken_line_stops_nothing(api: Api, line: bytes, kind: str) -> None:
    broken, whole = await send(api, line + b"\n" + lines({"id": "whole", **INVOICE}))
    assert broken["problem"]["type"] == f"/problems/{kind}"
    assert (whole["line"], whole["id"], whole["problem"]) == (2, "whole", None)


async def test_empty_lines_count_and_are_told_nothing_of(api: Api) -> None:
    body = b"\n  \r\n" + lines(INVOICE).replace(b"\n", b"\r\n") + b"\n" + lines(INVOICE)[:-1]
    assert [each["line"] for each in await send(api, body)] == [3, 5]
    assert await send(api, b"") == []


async def test_a_line_too_long_is_refused_and_the_next_is_taken(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path)
    async with serving(store, replace(LIMITS, body_bytes=8_000)) as api:
        body = lines({"id": "x" * 9_000}) + lines(INVOICE) + b" " * 20_000
        long, taken, last = await send(api, body)
        assert long["problem"]["type"] == "/problems/too-large"
        assert "8000 bytes" in long["problem"]["detail"]
        assert taken["document_id"]
        assert last["problem"]["type"] == "/problems/too-large"


async def test_an_answer_comes_while_the_next_line_is_not_yet_sent(api: Api) -> None:
    answered: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def one_by_one() -> AsyncIterator[bytes]:
        for n in range(3):
            yield lines({"id": str(n), **INVOICE})
            told = await asyncio.wait_for(answered.get(), 60)  # before anything more is sent
            document = await api.get(f"/v1/documents/{told['document_id']}")
            assert (told["id"], document.status) == (str(n), 200)

    headers = NDJSON | {"Authorization": f"Bearer {KEY}"}
    url = f"{api.url}/v1/batches"
    async with api.session.post(url, data=one_by_one(), headers=headers) as response:
        async for line in response.content:
            answered.put_nowait(json.loads(line))
    assert await api.count() == 3


async def test_what_was_answered_before_the_line_broke_off_is_there(api: Api) -> None:
    head = (
        f"POST /v1/batches HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {KEY}\r\n"
        f"Content-Type: {batches.NDJSON}\r\nContent-Length: 1000000\r\n\r\n"
    )
    host, port = api.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(head.encode() + lines(INVOICE, INVOICE) + lines(INVOICE)[:100])
    told = b""
    while told.count(b'"problem":null') < 2:
        told += await asyncio.wait_for(reader.read(4096), 60)
    writer.write_eof()
    rest = await asyncio.wait_for(reader.read(), 60)
    writer.close()
    assert b"document_id" not in rest  # and no end of the answer either: it never looks whole
    assert b"\r\n0\r\n" not in rest
    assert await api.count() == 2


async def test_more_lines_than_are_taken_are_told(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path)
    async with serving(store, replace(LIMITS, batch_lines=3)) as api:
        results = await send(api, lines(INVOICE, {}, INVOICE, INVOICE, INVOICE))
        assert [each["line"] for each in results] == [1, 2, 3, 4]
        assert results[2]["document_id"]
        assert results[3]["problem"]["type"] == "/problems/too-large"
        assert await api.count() == 2


async def test_a_store_that_refuses_is_told_for_each_line(api: Api) -> None:
    first, told = asyncio.Event(), []

    async def until_it_refuses() -> AsyncIterator[bytes]:
        yield lines(INVOICE)
        await asyncio.wait_for(first.wait(), 60)
        await api.close_store()
        yield lines(INVOICE, INVOICE)

    headers = NDJSON | {"Authorization": f"Bearer {KEY}"}
    url = f"{api.url}/v1/batches"
    async with api.session.post(url, data=until_it_refuses(), headers=headers) as response:
        async for line in response.content:
            told.append(json.loads(line)["problem"])
            first.set()
    assert told[0] is None
    assert [each["type"] for each in told[1:]] == ["/problems/storage-unavailable"] * 2


async def test_the_company_is_the_keys(api: Api) -> None:
    (result,) = await send(api, lines(INVOICE))
    path = f"/v1/documents/{result['document_id']}"
    assert (await api.get(path, key=OTHER_KEY)).status == 404


async def test_other_media_types_and_keys_are_refused_before_anything(api: Api) -> None:
    json_body = await api.post("/v1/batches", json=INVOICE)
    assert json_body.status == 415
    bad_key = await api.post(
        "/v1/batches", data=lines(INVOICE), headers=NDJSON | {"Idempotency-Key": "å" * 10}
    )
    assert bad_key.status == 400
    assert await api.count() == 0


def test_a_line_without_name_and_key_is_kept_as_it_is() -> None:
    content = json.dumps(INVOICE).encode()
    line = read(content)
    assert isinstance(line, Line)
    assert line.content is content


def test_a_broken_line_is_called_by_its_name_where_it_can_be_read() -> None:
    assert called(b'{"id":"4711","invoice":7}') == "4711"
    assert called(b'{"id":"4711"') is None
    assert called(b'["id"]') is None
    assert called(b'{"id":7}') is None


async def test_a_company_that_may_no_longer_send_is_told_so_line_by_line(tmp_path: Path) -> None:
    gate = Closing()
    store = await SqliteStore.open(tmp_path)
    async with serving(store, gate=lambda store, clock: gate) as api:
        told: list[dict[str, Any]] = []
        first = asyncio.Event()

        async def until_it_is_closed() -> AsyncIterator[bytes]:
            yield lines(INVOICE)
            await asyncio.wait_for(first.wait(), 60)
            gate.closed = Closed("company.signing", "Sign first.", "No documents now.")
            yield lines(INVOICE, INVOICE)

        headers = NDJSON | {"Authorization": f"Bearer {KEY}"}
        url = f"{api.url}/v1/batches"
        async with api.session.post(url, data=until_it_is_closed(), headers=headers) as response:
            async for line in response.content:
                told.append(json.loads(line))
                first.set()
        assert told[0]["problem"] is None
        types = [each["problem"]["type"] for each in told[1:]]
        assert types == ["/problems/company-not-verified"] * 2
        assert await api.count() == 1
        refused = await api.post("/v1/batches", data=lines(INVOICE), headers=NDJSON)
        assert refused.status == 403  # before a line is looked at


class Closing(OpenGate):
    """A gate that closes while a batch is under way."""

    closed: Closed | None = None

    async def may_submit(self, company_id: str) -> Closed | None:
        return self.closed
