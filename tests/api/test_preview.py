"""What would become of a document, over HTTP: told, shown, and nothing stored."""

from __future__ import annotations

import copy
import io

import pytest
from lxml import etree
from pypdf import PdfReader

from gateway.api import examples
from gateway.api.preview import wanted
from tests.api.conftest import Api
from tests.api.test_validate import as_xml

INVOICE = examples.SWEDISH_COMPANY
WRONG = copy.deepcopy(INVOICE)
WRONG["invoice"]["totals"] = {"with_vat": "600.00"}


async def test_a_right_document_is_told_whole(api: Api) -> None:
    seen = (await api.post("/v1/preview", json=INVOICE)).json
    assert seen["ok"] is True and seen["findings"] == []
    assert seen["head"]["amount_due"] == "606.25"
    root = etree.fromstring(seen["document"].encode())
    assert root.findtext("{*}LegalMonetaryTotal/{*}PayableAmount") == "606.25"
    filled = {each["where"]: each for each in seen["filled_in"]}
    due = filled["/invoice/totals/due"]
    assert (due["term"], due["value"], due["name"]) == ("BT-115", "606.25", "Amount due")
    assert due["why"] and seen["filled_in_left_out"] == 0
    assert "/invoice/number" not in filled  # what is stated is not filled in
    steps = {step["channel"]: step["code"] for step in seen["plan"]["steps"]}
    assert steps["email"] == "route.not_configured"
    assert await api.count() == 0


async def test_reasons_are_told_in_the_callers_language(api: Api) -> None:
    seen = (await api.post("/v1/preview", json=INVOICE, headers={"Accept-Language": "sv"})).json
    (due,) = [each for each in seen["filled_in"] if each["term"] == "BT-115"]
    assert due["why"] == "Total med moms, minus betalt, plus avrundning."


@pytest.mark.parametrize("ubl", [False, True])
async def test_the_invoice_is_shown_in_the_form_asked_for(api: Api, ubl: bool) -> None:
    given = as_xml(examples.ubl()) if ubl else {"json": INVOICE}

    async def shown(form: str) -> bytes:
        headers = {**given.get("headers", {}), "Accept": form}  # type: ignore[dict-item]
        reply = await api.post("/v1/preview", **{**given, "headers": headers})
        assert reply.status == 200, reply.content
        assert reply.headers["Content-Type"] == form
        return reply.content

    document = await shown("application/xml")
    assert document == examples.ubl().encode()
    pdf = PdfReader(io.BytesIO(await shown("application/pdf")))
    page = (await shown("text/html")).decode()
    for text in ("2026-1001", "Norrsken Papper AB", "Lillåns Bokhandel AB", "Kopieringspapper"):
        assert text in pdf.pages[0].extract_text()
        assert text in page
    assert await api.count() == 0


async def test_of_ubl_nothing_is_filled_in(api: Api) -> None:
    seen = (await api.post("/v1/preview", **as_xml(examples.ubl()))).json
    assert seen["filled_in"] == []
    assert seen["document"] == examples.ubl()


async def test_a_document_that_breaks_rules_is_told_but_not_shown(api: Api) -> None:
    seen = (await api.post("/v1/preview", json=WRONG)).json
    assert seen["ok"] is False and seen["document"] is None and seen["plan"] is None
    assert "BR-CO-15" in {finding["rule"] for finding in seen["findings"]}
    reply = await api.post("/v1/preview", json=WRONG, headers={"Accept": "application/pdf"})
    assert reply.status == 422
    assert reply.json["type"] == "/problems/not-valid"
    (error,) = [each for each in reply.json["errors"] if each["rule"] == "BR-CO-15"]
    assert error["pointer"] == "/invoice/totals/with_vat" and error["hint"]


async def test_attachments_are_part_of_what_is_seen(api: Api) -> None:
    import aiohttp

    form = aiohttp.FormData()
    form.add_field("document", examples.ubl(), content_type="application/xml")
    form.add_field("attachment", b"%PDF-1.4", content_type="application/pdf", filename="a.pdf")
    assert (await api.post("/v1/preview", data=form)).json["ok"] is True


async def test_what_a_document_was_given_stays_to_be_read(api: Api) -> None:
    reply = await api.submit(INVOICE)
    await api.prepare()
    document = (await api.get(reply.headers["Location"])).json
    seen = (await api.post("/v1/preview", json=INVOICE)).json
    assert document["filled_in"] == seen["filled_in"] != []
    assert document["filled_in_left_out"] == 0


@pytest.mark.parametrize(
    ("accepted", "form"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/html", "text/html"),
        ("TEXT/HTML;q=0.9, application/pdf", "application/pdf"),
        ("application/pdf;q=0, */*", "application/json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("image/png", "application/json"),
        ("x" * 100_000, "application/json"),
    ],
)
def test_the_form_liked_best_is_chosen(accepted: str, form: str) -> None:
    assert wanted(accepted) == form
