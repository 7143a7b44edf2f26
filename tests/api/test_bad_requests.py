"""Everything that can be wrong with a request: a clear problem, never a trace, nothing written."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.api import examples
from gateway.api.problems import MEANINGS, MOST_ERRORS, Type
from gateway.intake.shape import PIECE
from tests.api.conftest import KEY, MOST_BYTES, OTHER_KEY, Api, Reply

INVOICE = examples.SWEDISH_COMPANY
JSON, XML = "application/json", "application/xml"
UBL_ROOT = '<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2">'


def assert_problem(reply: Reply, status: int, kind: str) -> dict[str, Any]:
    """The answer is this problem, says so in full, and gives nothing away."""
    assert reply.status == status, (reply.status, reply.content[:2000])
    assert reply.headers["Content-Type"].split(";")[0] == "application/problem+json"
    body: dict[str, Any] = reply.json
    assert body["type"] == f"/problems/{kind}"
    assert body["status"] == status
    assert body["title"] == MEANINGS[Type(kind)].title
    assert body["detail"]
    assert body["request_id"] == reply.headers["X-Request-Id"]
    assert b"Traceback" not in reply.content
    assert b'File "' not in reply.content
    assert b".py" not in reply.content
    return body


def changed(path: str, value: Any) -> bytes:
    """The example with one field set; `del` takes it away."""
    body = copy.deepcopy(INVOICE)
    *holders, last = path.strip("/").split("/")
    place: Any = body
    for step in holders:
        place = place[int(step) if step.isdigit() else step]
    if value is del_:
        del place[last]
    else:
        place[last] = value
    return json.dumps(body).encode()


del_ = object()


async def post(api: Api, content: bytes | io.BytesIO, media_type: str = JSON) -> Reply:
    return await api.post("/v1/documents", data=content, headers={"Content-Type": media_type})


BAD_JSON = {
    "empty": b"",
    "blank": b" \r\n",
    "cut off": b'{"invoice": {"number": "1',
    "trailing": b"{} {}",
    "single quotes": b"{'invoice': {}}",
    "not utf-8": '{"invoice": "åäö"}'.encode("latin-1"),
    "utf-16": '{"invoice": {}}'.encode("utf-16"),
    "encoded surrogate": b'{"invoice": "\xed\xa0\x80"}',
    "NaN": b'{"invoice": {"lines": [NaN]}}',
    "Infinity": b'{"invoice": -Infinity}',
    "NUL": b'{"invoice": "\x00"}',
    "deep arrays": b"[" * 200_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "a name twice": b'{"invoice": {}, "invoice": {}}',
    "lone surrogate": b'{"invoice": {"number": "\\ud800"}}',
    "lone surrogate in a name": b'{"invoice": {"\\udfff": 1}}',
}


@pytest.mark.parametrize("content", BAD_JSON.values(), ids=BAD_JSON.keys())
async def test_what_is_not_json(api: Api, content: bytes) -> None:
    for path in ("/v1/documents", "/v1/validate"):
        reply = await api.post(path, data=content, headers={"Content-Type": JSON})
        problem = assert_problem(reply, 400, "malformed-json")
        assert problem["errors"][0]["rule"] == "GUARD-JSON"
        assert problem["errors"][0]["hint"]
    assert await api.count() == 0


WRONG_FIELDS = {
    "not an object": (b"[]", ""),
    "null": (b"null", ""),
    "a string": (b'"invoice"', ""),
    "no invoice": (b"{}", "/invoice"),
    "number for string": (changed("/invoice/number", 5), "/invoice/number"),
    "string for object": (changed("/invoice/seller", "x"), "/invoice/seller"),
    "object for array": (changed("/invoice/lines", {}), "/invoice/lines"),
    "null for required": (changed("/invoice/buyer/name", None), "/invoice/buyer/name"),
    "missing": (changed("/invoice/buyer/name", del_), "/invoice/buyer/name"),
    "unknown": (changed("/invoice/due_dat", "2026-12-20"), "/invoice/due_dat"),
    "unknown at the top": (changed("/delivry", {}), "/delivry"),
    "slash in a name": (changed("/invoice/a~b", 1), "/invoice/a~0b"),
    "date": (changed("/invoice/due_date", "20/12/2026"), "/invoice/due_date"),
    "no such day": (changed("/invoice/due_date", "2026-02-30"), "/invoice/due_date"),
    "date with time": (changed("/invoice/due_date", "2026-12-20T00:00:00"), "/invoice/due_date"),
    "date as number": (changed("/invoice/due_date", 20261220), "/invoice/due_date"),
    "amount in words": (changed("/invoice/lines/0/quantity", "ten"), "/invoice/lines/0/quantity"),
    "comma": (changed("/invoice/lines/0/quantity", "1,5"), "/invoice/lines/0/quantity"),
    "exponent": (changed("/invoice/lines/0/quantity", "1e3"), "/invoice/lines/0/quantity"),
    "too large": (changed("/invoice/lines/0/quantity", 10**15), "/invoice/lines/0/quantity"),
    "boolean": (changed("/invoice/lines/0/quantity", True), "/invoice/lines/0/quantity"),
    "digits of another script": (
        changed("/invoice/lines/0/quantity", "١٢"),
        "/invoice/lines/0/quantity",
    ),
    "blank": (changed("/invoice/number", "  "), "/invoice/number"),
    "control character": (changed("/invoice/number", "1\u0000"), "/invoice/number"),
    "U+FFFF": (changed("/invoice/number", "1\uffff"), "/invoice/number"),
    "base64": (
        changed(
            "/invoice/supporting_documents",
            [
                {
                    "reference": "1",
                    "attachment": {
                        "content": "not base64!",
                        "mime_code": "text/csv",
                        "filename": "a.csv",
                    },
                }
            ],
        ),
        "/invoice/supporting_documents/0/attachment/content",
    ),
    "no such channel": (changed("/delivery", {"channels": ["pigeon"]}), "/delivery/channels/0"),
    "no such language": (changed("/delivery", {"language": "no"}), "/delivery/language"),
    "header in e-mail": (
        changed("/delivery", {"email": "a@b.example\r\nBcc: c@d.example"}),
        "/delivery/email",
    ),
    "string for boolean": (changed("/delivery", {"hold": "true"}), "/delivery/hold"),
}


@pytest.mark.parametrize(("content", "pointer"), WRONG_FIELDS.values(), ids=WRONG_FIELDS.keys())
async def test_a_field_that_does_not_fit(api: Api, content: bytes, pointer: str) -> None:
    problem = assert_problem(await post(api, content), 422, "invalid-body")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]
    assert await api.count() == 0


@pytest.mark.parametrize("number", ["1e400", "1e99999999999999999999", "9" * 5000, "1E-400"])
async def test_a_huge_number_costs_nothing(api: Api, number: str) -> None:
    content = json.dumps(INVOICE).replace('"10"', number, 1).encode()
    problem = assert_problem(await post(api, content), 422, "invalid-body")
    assert problem["errors"][0]["pointer"] == "/invoice/lines/0/quantity"


async def test_twenty_errors_are_told_at_once(api: Api) -> None:
    body = copy.deepcopy(INVOICE)
    line = body["invoice"]["lines"][0]
    body["invoice"]["lines"] = [{**line, "id": n, "quantity": "x", "unt": "EA"} for n in range(7)]
    problem = assert_problem(await api.submit(body), 422, "invalid-body")
    assert len(problem["errors"]) == 21
    pointers = {error["pointer"] for error in problem["errors"]}
    assert pointers == {
        f"/invoice/lines/{n}/{name}" for n in range(7) for name in ("id", "quantity", "unt")
    }
    hints = {error["hint"] for error in problem["errors"] if error["pointer"].endswith("/unt")}
    assert hints == {"Did you mean `unit`?"}
    terms = {error["terms"][0] for error in problem["errors"] if error.get("terms")}
    assert terms == {"BT-126", "BT-129", "BG-25"}


async def test_of_thousands_of_errors_the_first_are_told(api: Api) -> None:
    body = copy.deepcopy(INVOICE)
    body["invoice"]["lines"] = [{} for _ in range(5000)]
    problem = assert_problem(await api.submit(body), 422, "invalid-body")
    assert len(problem["errors"]) == MOST_ERRORS
    assert problem["errors_left_out"] == 4 * PIECE - MOST_ERRORS
    body["invoice"]["lines"] = [INVOICE["invoice"]["lines"][0]] * 4999 + [{}]
    problem = assert_problem(await api.submit(body), 422, "invalid-body")
    assert {error["pointer"] for error in problem["errors"]} == {
        f"/invoice/lines/4999/{name}" for name in ("quantity", "unit", "price", "item")
    }


async def test_a_wrong_personal_number_is_not_repeated(api: Api) -> None:
    content = changed("/delivery", {"personal_number": "811228-987x"})
    reply = await post(api, content)
    assert_problem(reply, 422, "invalid-body")
    assert b"811228" not in reply.content


BAD_XML = {
    "empty": (b"", "GUARD-EMPTY"),
    "text": (b"an invoice", "GUARD-MALFORMED"),
    "json": (b"{}", "GUARD-MALFORMED"),
    "cut off": (UBL_ROOT.encode(), "GUARD-MALFORMED"),
    "doctype": (b"<!DOCTYPE Invoice><Invoice/>", "GUARD-DOCTYPE"),
    "bomb": (
        b'<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">'
        + b"".join(
            b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10 if n else b"&a;") for n in range(30)
        )
        + b"]><Invoice>&a29;</Invoice>",
        "GUARD-DOCTYPE",
    ),
    "external entity": (
        b'<!DOCTYPE i [<!ENTITY x SYSTEM "file:///etc/passwd">]><Invoice>&x;</Invoice>',
        "GUARD-DOCTYPE",
    ),
    "external DTD": (
        b'<?xml version="1.0"?><!DOCTYPE i SYSTEM "http://127.0.0.1:9/x.dtd"><Invoice/>',
        "GUARD-DOCTYPE",
    ),
    "wrong encoding": (
        b'<?xml version="1.0" encoding="UTF-8"?>' + UBL_ROOT.encode() + b"\xe5</Invoice>",
        "GUARD-MALFORMED",
    ),
    "unknown encoding": (b'<?xml version="1.0" encoding="utf-7"?><Invoice/>', "GUARD-ENCODING"),
    "deep": (b"<a>" * 100_000, "GUARD-DEPTH"),
    "NUL": (UBL_ROOT.encode() + b"\x00</Invoice>", "GUARD-MALFORMED"),
    "wrong root": (b'<Order xmlns="urn:x"/>', "GUARD-ROOT"),
    "no namespace": (b"<Invoice/>", "GUARD-ROOT"),
}


@pytest.mark.parametrize(("content", "rule"), BAD_XML.values(), ids=BAD_XML.keys())
async def test_a_document_that_can_not_be_read(api: Api, content: bytes, rule: str) -> None:
    for path in ("/v1/documents", "/v1/validate"):
        reply = await api.post(path, data=content, headers={"Content-Type": XML})
        problem = assert_problem(reply, 422, "unreadable-document")
        assert rule in {error["rule"] for error in problem["errors"]}
        assert all(error["hint"] for error in problem["errors"])
        assert b"root:" not in reply.content  # of /etc/passwd
    assert await api.count() == 0


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "application/msword",
        "json",
        "application/json; charset=latin-1",
        "application/xml; charset=utf-16",
        "application/json; charset",
        "application/json, application/xml",
        "*/*",
        "application/json\t;;",
    ],
)
async def test_a_media_type_that_is_not_taken(api: Api, content_type: str) -> None:
    problem = assert_problem(
        await post(api, json.dumps(INVOICE).encode(), content_type), 415, "unsupported-media-type"
    )
    assert "UTF-8" in problem["detail"] or "application/json" in problem["detail"]
    assert await api.count() == 0


async def test_a_compressed_body_is_not_taken(api: Api) -> None:
    for coding in ("gzip", "deflate", "br"):
        reply = await api.post(
            "/v1/documents",
            data=b"\x1f\x8b" + b"\x00" * 100,
            headers={"Content-Type": JSON, "Content-Encoding": coding},
        )
        assert_problem(reply, 415, "unsupported-media-type")
    assert await api.count() == 0


async def test_a_large_body_is_refused_before_it_is_read(api: Api) -> None:
    sent = 0

    async def fifty_megabytes() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(50 * 16):
            sent += 65536
            yield b" " * 65536

    for headers in ({"Content-Length": str(50 * 2**20)}, {}):
        sent = 0
        reply = await api.post(
            "/v1/documents",
            data=fifty_megabytes(),
            headers={"Content-Type": JSON, "Expect": "100-continue"} | headers,
        )
        problem = assert_problem(reply, 413, "too-large")
        assert str(MOST_BYTES) in problem["detail"]
        assert sent < 50 * 2**20
    assert await api.count() == 0


async def test_a_body_of_just_the_limit_is_taken(api: Api) -> None:
    document = json.dumps(INVOICE).encode()
    assert (await post(api, io.BytesIO(document.ljust(MOST_BYTES)))).status == 202
    larger = io.BytesIO(document.ljust(MOST_BYTES + 1))
    assert_problem(await post(api, larger), 413, "too-large")
    assert await api.count() == 1


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer bk_wrong",
        f"Basic {KEY}",
        KEY,
        f"Bearer {KEY}x",
        "Bearer " + "k" * 5000,
        "Bearer \udce5",
    ],
)
async def test_a_missing_or_wrong_key(api: Api, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    for method, path in (
        ("POST", "/v1/documents"),
        ("GET", "/v1/documents"),
        ("GET", "/v1/inbox"),
        ("GET", "/v1/events"),
        ("POST", "/v1/validate"),
    ):
        reply = await api.call(method, path, key=None, headers=headers)
        assert_problem(reply, 401, "unauthenticated")
        assert reply.headers["WWW-Authenticate"].startswith("Bearer")
    assert await api.count() == 0


async def test_a_key_of_another_company_sees_nothing_of_ours(api: Api) -> None:
    here = (await api.submit(INVOICE)).headers["Location"]
    assert_problem(await api.get(here, key=OTHER_KEY), 404, "not-found")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/v1/documents", "GET, POST"),
        ("PUT", "/v1/inbox", "GET, POST"),
        ("GET", "/v1/validate", "POST"),
        ("PATCH", "/v1/documents/doc_1", "GET"),
        ("POST", "/healthz", "GET"),
        ("TRACE", "/healthz", "GET"),
    ],
)
async def test_a_wrong_method(api: Api, method: str, path: str, allow: str) -> None:
    reply = await api.call(method, path)
    assert_problem(reply, 405, "method-not-allowed")
    assert reply.headers["Allow"] == allow


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1",
        "/v1/document",
        "/v1/documents/",
        "/v1/documents/doc_1/",
        "/v2/documents",
        "/v1/documents/doc_1/reroutes",
        "/v1/documents/doc_1/send",
        "/v1/documents/a/b/c",
        "/v1/documents/%2e%2e%2fetc",
        "/v1/documents/doc_%00",
        "/v1/documents/%ff",
        "/v1/documents/" + "d" * 3000,
        "/v1/inbox/doc_1",
        "/v1/events/evt_1",
        "/problems/",
    ],
)
async def test_a_wrong_path(api: Api, path: str) -> None:
    assert_problem(await api.get(path), 404, "not-found")


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=ten", "limit"),
        ("limit=", "limit"),
        ("limit=1&limit=2", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("state=done", "state"),
        ("state=", "state"),
        ("direction=up", "direction"),
        ("number=", "number"),
        ("number=" + "1" * 201, "number"),
        ("after=", "after"),
        ("after=nothing", "after"),
        ("after=%00", "after"),
        ("page=2", "page"),
        ("%ff=1", "\ufffd"),
        ("Limit=1", "Limit"),
    ],
)
async def test_a_wrong_query(api: Api, query: str, parameter: str) -> None:
    problem = assert_problem(await api.get(f"/v1/documents?{query}"), 400, "invalid-parameter")
    assert [error["parameter"] for error in problem["errors"]] == [parameter]


@pytest.mark.parametrize("wait", ["-1", "601", "NaN", "inf", "soon", ""])
async def test_a_wrong_wait(api: Api, wait: str) -> None:
    for path in ("/v1/inbox", "/v1/events"):
        reply = await api.get(path, params={"wait": wait})
        problem = assert_problem(reply, 400, "invalid-parameter")
        assert problem["errors"][0]["parameter"] == "wait"


async def test_all_wrong_parameters_are_told_at_once(api: Api) -> None:
    reply = await api.get("/v1/documents?limit=0&state=x&colour=red&colour=blue")
    problem = assert_problem(reply, 400, "invalid-parameter")
    told = {error["parameter"] for error in problem["errors"]}
    assert told == {"limit", "state", "colour"}


@pytest.mark.parametrize("path", ["/healthz", "/openapi.json", "/metrics", "/v1/documents/doc_1"])
async def test_an_operation_without_parameters_takes_none(api: Api, path: str) -> None:
    assert_problem(await api.get(f"{path}?verbose=1"), 400, "invalid-parameter")
