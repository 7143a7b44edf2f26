"""Packages over HTTP: a ZIP file, an e-mail or a PDF is handed in, and its document is accepted."""

from __future__ import annotations

import hashlib
import json

import aiohttp
import pytest

from gateway.api import examples
from gateway.intake.kind import MAIL, PDF, ZIP
from tests.api.conftest import Api
from tests.hostile.packages import mail_of, pdf_of, ubl, zip_of
from transports.base import File

CSV = b"hours;rate\n7;900\n"
SUBMISSION = json.dumps({**examples.SWEDISH_COMPANY, "delivery": {"hold": True}}).encode()
PACKAGES = {
    ZIP: zip_of({"faktura.xml": ubl(), "hours.csv": CSV}),
    MAIL: mail_of([File("faktura.xml", "text/xml", ubl()), File("hours.csv", "text/csv", CSV)]),
    PDF: pdf_of({"factur-x.xml": ubl(), "hours.csv": CSV}),
}


def as_body(media_type: str, content: bytes) -> dict[str, object]:
    return {"data": content, "headers": {"Content-Type": media_type}}


@pytest.mark.parametrize("media_type", PACKAGES)
async def test_the_document_inside_goes_out_byte_for_byte(api: Api, media_type: str) -> None:
    content = PACKAGES[media_type]
    reply = await api.post("/v1/documents", **as_body(media_type, content))
    assert reply.status == 202, reply.content
    await api.prepare()
    path = reply.headers["Location"]
    document = (await api.get(path)).json
    assert document["state"] == "routing" and document["findings"] == []
    assert (await api.get(f"{path}/content?part=original")).content == content
    assert (await api.get(f"{path}/content?part=document")).content == ubl()
    parts = (await api.get(f"{path}/evidence")).json["files"]
    files = {file["name"]: file for file in parts}
    assert files["hours.csv"]["role"] == "unpacked"
    assert files["hours.csv"]["sha256"] == hashlib.sha256(CSV).hexdigest()


async def test_a_package_in_a_form_brings_the_wishes_of_its_document(api: Api) -> None:
    form = aiohttp.FormData()
    packed = zip_of({"faktura.json": SUBMISSION, "hours.csv": CSV})
    form.add_field("document", packed, content_type=ZIP, filename="faktura.zip")
    form.add_field("attachment", b"Terms", content_type="text/plain", filename="terms.txt")
    reply = await api.post("/v1/documents", data=form)
    assert reply.status == 202, reply.content
    await api.prepare()
    document = (await api.get(reply.headers["Location"])).json
    assert document["state"] == "held", document
    parts = (await api.get(f"{reply.headers['Location']}/evidence")).json["files"]
    names = [(file["role"], file["name"]) for file in parts]
    assert ("attachment", "terms.txt") in names
    assert "unpacked" not in {role for role, _ in names}  # it is inside the UBL
    content = (await api.get(f"{reply.headers['Location']}/content?part=document")).content
    assert b'filename="hours.csv"' in content


@pytest.mark.parametrize("media_type", PACKAGES)
async def test_preview_and_validate_look_into_packages(api: Api, media_type: str) -> None:
    body = as_body(media_type, PACKAGES[media_type])
    seen = (await api.post("/v1/preview", **body)).json
    assert seen["ok"] is True and seen["document"].encode() == ubl()
    verdict = (await api.post("/v1/validate", **body)).json
    assert verdict["ok"] is True and verdict["profile"] == "peppol-billing"
    assert await api.count() == 0


@pytest.mark.parametrize("path", ["/v1/documents", "/v1/preview", "/v1/validate"])
@pytest.mark.parametrize(
    ("media_type", "content", "rule"),
    [
        (ZIP, zip_of({"terms.txt": b"Terms"}), "GUARD-PACKAGE"),
        (ZIP, zip_of({"../faktura.xml": ubl()}), "GUARD-ZIP"),
        (ZIP, b"", "GUARD-ZIP"),
        (MAIL, mail_of([]), "GUARD-PACKAGE"),
        (MAIL, b"\xff\xfe", "GUARD-MAIL"),
        (PDF, pdf_of({}), "GUARD-PDF"),
        (PDF, ubl(), "GUARD-PDF"),
    ],
)
async def test_what_has_no_document_is_refused_at_once(
    api: Api, path: str, media_type: str, content: bytes, rule: str
) -> None:
    reply = await api.post(path, **as_body(media_type, content))
    assert reply.status == 422 and reply.json["type"] == "/problems/unreadable-document"
    (error,) = reply.json["errors"]
    assert error["rule"] == rule and error["detail"] and error["hint"]
    assert await api.count() == 0


async def test_a_document_inside_that_is_wrong_is_refused_by_its_name(api: Api) -> None:
    xxe = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + ubl().partition(b"\n")[2]
    wrong = {
        "a.xml": (xxe, "GUARD-DOCTYPE", "a.xml"),
        "a.json": (b'{"invoice": {"nmuber": "1"}}', "STRUCTURE-JSON", "a.json: /invoice/nmuber"),
    }
    for name, (content, rule, where) in wrong.items():
        reply = await api.post("/v1/documents", **as_body(ZIP, zip_of({name: content})))
        assert reply.status == 422
        assert (rule, where) in {(each["rule"], each["where"]) for each in reply.json["errors"]}
    assert await api.count() == 0
