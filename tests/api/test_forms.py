"""Every form over HTTP: taken, or refused with what is wrong; never a failure of ours."""

from __future__ import annotations

import base64
from typing import Any

import aiohttp
import pytest
from lxml import etree

from tests.api.conftest import Api
from tests.api.test_bad_requests import assert_problem
from tests.api.test_validate import as_xml
from validators.examples.replaced import replaced

SVEFAKTURA = replaced("svefaktura", "").decode()
NUMBER = etree.fromstring(SVEFAKTURA.encode()).findtext("{*}ID")
BASIC, OBJECTS, UBL = (
    "urn:sfti:documents:BasicInvoice:1:0",
    "urn:sfti:documents:ObjectEnvelope:1:0",
    "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2",
)
PDF = b"%PDF-1.7\n%%EOF\n"


def envelope(*files: tuple[str, str, bytes | str]) -> bytes:
    """An object envelope: media type, name and content (a text stands as it is) of each file."""
    objects = "".join(
        f"<EncodedObject><ObjectID>{n}</ObjectID>"
        f'<EncodedData format="BASE64" mimeCode="{kind}" filename="{name}">'
        f"{content if isinstance(content, str) else base64.b64encode(content).decode()}"
        "</EncodedData></EncodedObject>"
        for n, (kind, name, content) in enumerate(files)
    )
    return (
        f'<ObjectEnvelope xmlns="{OBJECTS}"><DocumentReference><DocumentID>{NUMBER}</DocumentID>'
        "</DocumentReference><CreationDateTime>2026-11-21T09:30:00</CreationDateTime>"
        f"{objects}</ObjectEnvelope>"
    ).encode()


def form(*envelopes: bytes) -> dict[str, Any]:
    """A multipart body with the Svefaktura and files beside it."""
    data = aiohttp.FormData()
    data.add_field(
        "document", SVEFAKTURA.encode(), filename="faktura.xml", content_type="application/xml"
    )
    for content in envelopes:
        data.add_field(
            "attachment", content, filename="objects.xml", content_type="application/xml"
        )
    return {"data": data}


async def test_a_svefaktura_is_taken_and_what_was_handed_in_is_kept(api: Api) -> None:
    accepted = await api.post("/v1/documents", **as_xml(SVEFAKTURA))
    assert accepted.status == 202
    await api.prepare()
    document = (await api.get(f"/v1/documents/{accepted.json['id']}")).json
    assert document["state"] == "routing"
    assert document["head"]["number"] == NUMBER
    assert document["findings"] == []
    content = await api.get(f"/v1/documents/{accepted.json['id']}/content?part=original")
    assert content.content == SVEFAKTURA.encode()


async def test_a_svefaktura_is_shown_as_what_it_becomes(api: Api) -> None:
    seen = (await api.post("/v1/preview", **form(envelope(("application/pdf", "a.pdf", PDF))))).json
    assert (seen["ok"], seen["profile"]) == (True, "svefaktura")
    root = etree.fromstring(seen["document"].encode())
    assert root.tag == f"{{{UBL}}}Invoice"
    held = root.find("{*}AdditionalDocumentReference/{*}Attachment/{*}EmbeddedDocumentBinaryObject")
    assert held is not None and base64.b64decode(held.text or "") == PDF
    assert seen["plan"]["profile"] == "peppol-billing"
    told = (await api.post("/v1/validate", **as_xml(SVEFAKTURA))).json
    assert (told["ok"], told["profile"], told["findings"]) == (True, "svefaktura", [])


async def test_findings_point_into_the_svefaktura(api: Api) -> None:
    wrong = SVEFAKTURA.replace(">5560360793<", ">5560360794<")
    told = (await api.post("/v1/validate", **as_xml(wrong))).json
    assert told["ok"] is False
    (finding,) = [each for each in told["findings"] if each["rule"] == "SE-R-013"]
    assert finding["where"] == "Invoice/SellerParty/Party/PartyTaxScheme[1]/CompanyID"


HOSTILE = {
    "thousands of files": envelope(*[("application/pdf", "a.pdf", PDF)] * 5_000),
    "huge, and no base64": envelope(("application/pdf", "a.pdf", "A*" * 500_000)),
    "a base64 that ends too soon": envelope(("application/pdf", "a.pdf", "A")),
    "letters of other scripts": envelope(("application/pdf", "a.pdf", "ÅÄÖ")),
    "a program that says it is a PDF": envelope(("application/pdf", "a.pdf", b"MZ" + bytes(200))),
    "a page that says it is a picture": envelope(("image/png", "a.png", b"<html><script>")),
    "a name that is a path": envelope(("application/pdf", "../../etc/passwd.exe", PDF)),
    "no name and no type": envelope(("", "", b"MZ" + bytes(200))),
    "nothing in it": envelope(("application/pdf", "a.pdf", b"")),
    "of no files": envelope(),
    "of another document": envelope(("application/pdf", "a.pdf", PDF)).replace(
        f"<DocumentID>{NUMBER}".encode(), b"<DocumentID>no such"
    ),
    "with an invoice inside": envelope().replace(
        b"</ObjectEnvelope>", SVEFAKTURA.partition("?>")[2].encode() + b"</ObjectEnvelope>"
    ),
    "an envelope inside": envelope().replace(
        b"</ObjectEnvelope>", envelope() + b"</ObjectEnvelope>"
    ),
    "cut off": envelope(("application/pdf", "a.pdf", PDF))[:-9],
    "a bomb": b'<!DOCTYPE b [<!ENTITY a "a">]>' + envelope(("application/pdf", "a.pdf", "&a;")),
    "deep": envelope().replace(b"</ObjectEnvelope>", b"<a>" * 5_000),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
async def test_a_hostile_envelope_is_told_and_nothing_else(api: Api, content: bytes) -> None:
    reply = await api.post("/v1/preview", **form(content))
    if reply.status != 200:  # what is refused before it is looked at
        assert_problem(reply, 422, "unreadable-document")
        return
    assert reply.json["ok"] is False
    fatal = [each for each in reply.json["findings"] if each["severity"] == "fatal"]
    assert fatal and len(fatal) < 100
    assert all(each["where"].startswith("/attachment/0") for each in fatal), fatal
    assert all(each["text"] for each in fatal)


MIXED = {
    "a Svefaktura with the elements of UBL": f'<Invoice xmlns="{BASIC}" xmlns:c="urn:oasis:names:'
    'specification:ubl:schema:xsd:CommonBasicComponents-2"><c:ID>1</c:ID></Invoice>',
    "UBL with the elements of a Svefaktura": f'<Invoice xmlns="{UBL}" xmlns:s="{BASIC}"><s:ID>1'
    "</s:ID></Invoice>",
    "a Svefaktura in UBL": f'<Invoice xmlns="{UBL}">{SVEFAKTURA.partition("?>")[2]}</Invoice>',
    "UBL in a Svefaktura": f'<Invoice xmlns="{BASIC}"><Invoice xmlns="{UBL}"/></Invoice>',
    "a Svefaktura of nothing": f'<Invoice xmlns="{BASIC}"/>',
    "its elements without namespaces": SVEFAKTURA.replace("cac:", "").replace("cbc:", ""),
}


@pytest.mark.parametrize("content", MIXED.values(), ids=MIXED.keys())
async def test_a_mixed_document_is_told_and_nothing_else(api: Api, content: str) -> None:
    for path in ("/v1/validate", "/v1/preview"):
        reply = await api.post(path, **as_xml(content))
        assert reply.status == 200, reply.content
        assert reply.json["ok"] is False
        assert reply.json["findings"]
    accepted = await api.post("/v1/documents", **as_xml(content))
    assert accepted.status == 202
    await api.prepare()
    assert (await api.get(f"/v1/documents/{accepted.json['id']}")).json["state"] == "rejected"


REFUSED = {
    "an envelope": envelope(("application/pdf", "a.pdf", PDF)).decode(),
    "an envelope in UBL's clothes": f'<ObjectEnvelope xmlns="{UBL}"/>',
    "a Svefaktura in an envelope's clothes": f'<Invoice xmlns="{OBJECTS}"/>',
    "a Svefaktura of another version": f'<Invoice xmlns="{BASIC.replace("1:0", "2:0")}"/>',
    "a credit note in a Svefaktura's clothes": f'<CreditNote xmlns="{BASIC}"/>',
    "a request for payment": f'<Invoice xmlns="{UBL}" xmlns:c="urn:oasis:names:specification:ubl:'
    'schema:xsd:CommonBasicComponents-2"><c:CustomizationID>urn:cen.eu:en16931:2017#compliant#'
    "urn:fdc:peppol.eu:2017:poacc:billing:3.0#conformant#urn:fdc:anskaffelser.no:2019:ehf:"
    "payment-request:3.0</c:CustomizationID></Invoice>",
}


@pytest.mark.parametrize("content", REFUSED.values(), ids=REFUSED.keys())
async def test_a_form_that_is_not_taken_is_refused_at_once(api: Api, content: str) -> None:
    reply = await api.post("/v1/documents", **as_xml(content))
    problem = assert_problem(reply, 422, "unreadable-document")
    (error,) = problem["errors"]
    assert error["rule"] in ("GUARD-FORM", "GUARD-ROOT")
    assert error["detail"] and error["hint"]
    assert await api.count() == 0
