"""Validation over HTTP: the verdict of a submission, and nothing stored."""

from __future__ import annotations

import copy

from gateway.api import examples
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
