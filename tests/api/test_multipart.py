"""Forms that are not well-formed, over HTTP: refused whole, nothing written."""

from __future__ import annotations

import json

import pytest

from gateway.api import examples
from tests.api.conftest import Api
from tests.api.test_bad_requests import assert_problem

DOCUMENT = json.dumps(examples.SWEDISH_COMPANY)


def part(name: str, content: str, *, kind: str = "application/json", more: str = "") -> str:
    return (
        f'--b\r\nContent-Disposition: form-data; name="{name}"{more}\r\n'
        f"Content-Type: {kind}\r\n\r\n{content}\r\n"
    )


GOOD = part("document", DOCUMENT)
MALFORMED = {
    "empty": "",
    "no boundary": DOCUMENT,
    "truncated": GOOD + part("attachment", "x" * 100, more='; filename="a.csv"')[:-40],
    "no closing boundary": GOOD,
    "closing boundary cut": GOOD + "--b-",
    "no document": part("delivery", "{}") + "--b--\r\n",
    "two documents": GOOD + GOOD + "--b--\r\n",
    "unknown part": GOOD + part("invoice", "{}") + "--b--\r\n",
    "two deliveries": GOOD + part("delivery", "{}") * 2 + "--b--\r\n",
    "no name": "--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n" + GOOD + "--b--\r\n",
    "no disposition": "--b\r\nContent-Type: text/csv\r\n\r\nx\r\n" + GOOD + "--b--\r\n",
    "no headers": "--b\r\n\r\nx\r\n" + GOOD + "--b--\r\n",
    "no empty line": "--b\r\nContent-Disposition: form-data\r\n" + GOOD + "--b--\r\n",
    "header twice": part("document", DOCUMENT, kind="text/xml\r\nContent-Type: application/json")
    + "--b--\r\n",
    "base64 coding": part(
        "document", DOCUMENT, kind="application/json\r\nContent-Transfer-Encoding: base64"
    )
    + "--b--\r\n",
    "too many parts": GOOD + part("attachment", "x", more='; filename="a"') * 101 + "--b--\r\n",
    "huge header": part("document", DOCUMENT, more=f'; x="{"y" * 9000}"') + "--b--\r\n",
    "file without a name": GOOD + part("attachment", "x") + "--b--\r\n",
    "empty file": GOOD + part("attachment", "", more='; filename="a.csv"') + "--b--\r\n",
    "CR LF in a file name": GOOD
    + part("attachment", "x", more='; filename="a%0d%0aSet-Cookie: b.csv"')
    + "--b--\r\n",
    "bare CR in a header": GOOD + part("attachment", "x", more='; filename="a\rb"') + "--b--\r\n",
    "NUL in a file name": GOOD
    + part("attachment", "x", more='; filename="a%00.pdf"')
    + "--b--\r\n",
    "hidden ending": GOOD
    + part("attachment", "x", more="; filename*=UTF-8''invoice%E2%80%AEfdp.exe")
    + "--b--\r\n",
    "only a path": GOOD + part("attachment", "x", more='; filename="../"') + "--b--\r\n",
    "hidden file": GOOD + part("attachment", "x", more='; filename=".ssh"') + "--b--\r\n",
    "long name": GOOD + part("attachment", "x", more=f'; filename="{"n" * 151}"') + "--b--\r\n",
    "name not utf-8": GOOD + part("attachment", "x", more='; filename="%ff.csv"') + "--b--\r\n",
}


async def send(
    api: Api, body: str, content_type: str = "multipart/form-data; boundary=b"
) -> object:
    return await api.post(
        "/v1/documents",
        data=body.encode("utf-8", "surrogateescape"),
        headers={"Content-Type": content_type},
    )


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
async def test_a_form_that_is_not_well_formed(api: Api, body: str) -> None:
    reply = await send(api, body)
    problem = assert_problem(reply, 400, "malformed-request")
    assert "multipart" in problem["detail"]
    assert await api.count() == 0


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        'multipart/form-data; boundary=""',
        f"multipart/form-data; boundary={'b' * 71}",
    ],
)
async def test_a_boundary_that_is_none(api: Api, content_type: str) -> None:
    assert_problem(await send(api, GOOD + "--b--", content_type), 400, "malformed-request")


async def test_a_document_part_of_another_media_type(api: Api) -> None:
    reply = await send(api, part("document", DOCUMENT, kind="text/plain") + "--b--\r\n")
    assert_problem(reply, 415, "unsupported-media-type")


async def test_faults_of_both_parts_are_told_at_once(api: Api) -> None:
    body = part("document", '{"invoice": 1}') + part("delivery", '{"hold": 1, "x": 2}') + "--b--"
    problem = assert_problem(await send(api, body), 422, "invalid-body")
    pointers = [error["pointer"] for error in problem["errors"]]
    assert pointers == ["/invoice", "/delivery/hold", "/delivery/x"]
    assert await api.count() == 0


@pytest.mark.parametrize(
    ("delivery", "pointer"),
    [("{", "/delivery"), ('{"hold": true, "hold": true}', "/delivery/hold")],
)
async def test_a_fault_in_the_text_of_delivery(api: Api, delivery: str, pointer: str) -> None:
    body = part("document", DOCUMENT) + part("delivery", delivery) + "--b--"
    problem = assert_problem(await send(api, body), 400, "malformed-json")
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


async def test_delivery_given_twice(api: Api) -> None:
    both = json.dumps(examples.NORWEGIAN_CONSUMER)
    body = part("document", both) + part("delivery", '{"hold": true}') + "--b--"
    problem = assert_problem(await send(api, body), 422, "invalid-body")
    assert problem["errors"][0]["pointer"] == "/delivery"


async def test_a_path_before_a_file_name_is_left_away(api: Api) -> None:
    body = GOOD + part("attachment", "x", more='; filename="C:\\\\docs\\\\a b.csv"') + "--b--\r\n"
    reply = await send(api, body)
    assert reply.status == 202, reply.content
    files = (await api.get(reply.json["links"]["evidence"])).json["files"]
    assert files[-1]["name"] == "a b.csv"
