"""`budkavle route`, against the sandbox."""

from __future__ import annotations

import json

from gateway.sandbox import OTHERS, SENDER, Sandbox
from tests.e2e.command import ROOT, budkavle, on_terminal


def reach(sandbox: Sandbox) -> dict[str, str]:
    return {"BUDKAVLE_URL": sandbox.gateway.url, "BUDKAVLE_API_KEY": SENDER.key}


async def test_it_explains_the_way_of_a_document_that_is_not_sent(sandbox: Sandbox) -> None:
    file = ROOT / "examples" / "no-b2b-email-embedded-pdf.json"
    result = await budkavle("route", file, environment=reach(sandbox))
    steps = {row["step"]: row for row in result.lines}
    assert result.code == 0, result.err
    assert list(steps)[:2] == ["internal", "peppol"] and steps["email"]["answer"] == "yes"
    assert "by email" in result.err
    page = await sandbox.gateway.store.documents(SENDER.company.id)
    assert page.documents == ()


async def test_it_explains_the_way_to_a_recipient_in_sentences(sandbox: Sandbox) -> None:
    whom = {"name": "X", "country": "SE", "participant": str(OTHERS[0])}
    result = await on_terminal("route", "--recipient", json.dumps(whom), environment=reach(sandbox))
    assert result.code == 0, result.out
    assert "peppol: in." in result.out and "email: out. Needs an e-mail address" in result.out
    assert "So: by peppol." in result.out
