"""Validation over HTTP: the verdict of a submission, and nothing stored."""

from __future__ import annotations

import copy

import pytest

from gateway.api import examples
from gateway.api.language import preferred
from tests.api.conftest import Api

INVOICE = examples.SWEDISH_COMPANY


async def test_a_right_document_is_ok(api: Api) -> None:
    for how in (
        {"json": INVOICE},
        {"data": examples.ubl().encode(), "headers": {"Content-Type": "application/xml"}},
    ):
        reply = await api.post("/v1/validate", **how)
        assert reply.status == 200, reply.content
        assert reply.json == {
            "ok": True,
            "profile": "peppol-billing",
            "structure_ok": True,
            "findings": [],
        }
    assert await api.count() == 0


async def test_a_wrong_sum_is_told_in_the_callers_words(api: Api) -> None:
    wrong = copy.deepcopy(INVOICE)
    wrong["invoice"]["totals"] = {"with_vat": "600.00"}
    report = (await api.post("/v1/validate", json=wrong)).json
    assert report["ok"] is False
    (finding,) = [f for f in report["findings"] if f["rule"] == "BR-CO-15"]
    assert finding["severity"] == "fatal"
    assert finding["where"].startswith("/invoice/totals")
    assert finding["line"] is None
    assert await api.count() == 0


async def test_ubl_that_breaks_the_structure_is_told_by_line(api: Api) -> None:
    wrong = examples.ubl().replace("cbc:IssueDate", "cbc:IssuedDate").encode()
    reply = await api.post("/v1/validate", data=wrong, headers={"Content-Type": "application/xml"})
    report = reply.json
    assert (report["ok"], report["structure_ok"]) == (False, False)
    assert report["findings"][0]["rule"].startswith("STRUCTURE-")
    assert report["findings"][0]["line"]


def as_xml(content: str) -> dict[str, object]:
    return {"data": content.encode(), "headers": {"Content-Type": "application/xml"}}


def self_billed() -> str:
    """What would be right if the buyer had written it."""
    return (
        examples.ubl()
        .replace("poacc:billing:3.0", "poacc:selfbilling:3.0")
        .replace("poacc:billing:01:1.0", "poacc:selfbilling:01:1.0")
        .replace(">380</cbc:InvoiceTypeCode>", ">389</cbc:InvoiceTypeCode>")
    )


STATUS = """<ApplicationResponse
    xmlns="urn:oasis:names:specification:ubl:schema:xsd:ApplicationResponse-2"
    xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
  <cbc:CustomizationID>urn:peppol:edec:mls:1.0</cbc:CustomizationID>
  <cbc:ID>1</cbc:ID>
</ApplicationResponse>"""
REPORT = """<TransactionStatisticsReport
    xmlns="urn:fdc:peppol:transaction-statistics-report:1.0"/>"""


async def test_other_documents_are_held_to_their_own_rules(api: Api) -> None:
    for content, profile in (
        (self_billed(), "peppol-selfbilling"),
        (STATUS, "peppol-mls"),
        (REPORT, "peppol-tsr"),
    ):
        reply = await api.post("/v1/validate", **as_xml(content))
        assert reply.status == 200, reply.content
        assert reply.json["profile"] == profile
        assert reply.json["ok"] is (content == self_billed()), reply.json
    assert await api.count() == 0


async def test_what_is_not_a_seller_s_invoice_is_not_delivered(api: Api) -> None:
    for content in (STATUS, REPORT):
        reply = await api.post("/v1/documents", **as_xml(content))
        assert reply.status == 422
        assert [error["rule"] for error in reply.json["errors"]] == ["GUARD-ROOT"]
    assert await api.count() == 0


async def test_findings_are_told_in_the_callers_language(api: Api) -> None:
    wrong = copy.deepcopy(INVOICE)
    wrong["invoice"]["totals"] = {"with_vat": "600.00"}
    swedish = {"Accept-Language": "sv-SE, en;q=0.8"}

    async def told(body: dict[str, object], headers: dict[str, str]) -> str:
        report = (await api.post("/v1/validate", json=body, headers=headers)).json
        (text,) = [f["text"] for f in report["findings"] if f["rule"] == "BR-CO-15"]
        return str(text)

    assert (await told(wrong, {})).startswith("Total with VAT")
    assert (await told(wrong, swedish)).startswith("Total med moms")
    wrong["delivery"] = {"findings_language": "nb"}
    assert (await told(wrong, swedish)).startswith("")


async def test_findings_about_xml_too(api: Api) -> None:
    wrong = examples.ubl().replace("cbc:IssueDate", "cbc:IssuedDate").encode()
    headers = {"Content-Type": "application/xml", "Accept-Language": "sv"}
    report = (await api.post("/v1/validate", data=wrong, headers=headers)).json
    assert "IssuedDate får inte stå i Invoice" in report["findings"][0]["text"]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", None),
        ("sv", "sv"),
        ("SV-se", "sv"),
        ("no", "nb"),
        ("nn-NO,nb;q=0.9", "nb"),
        ("de, fr;q=0.9", None),
        ("de, en;q=0.3, sv;q=0.5", "sv"),
        ("sv;q=0, en;q=0.1", "en"),
        ("en, sv", "en"),
        ("*", None),
        ("sv;q=2, ;;, \u00e5, nb", "nb"),
        ("x" * 100_000, None),
    ],
)
def test_the_language_liked_best_is_chosen(accepted: str, language: str | None) -> None:
    assert preferred(accepted) == language
