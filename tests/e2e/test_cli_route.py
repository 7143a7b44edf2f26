"""`budkavle route`, against the sandbox."""

from __future__ import annotations

import json

from gateway.sandbox import OTHERS, SENDER, Sandbox
from tests.e2e.command import ROOT, budkavle, on_terminal


async def test_it_explains_the_way_of_what_is_not_sent(sandbox: Sandbox) -> None:
    reach = {"BUDKAVLE_URL": sandbox.gateway.url, "BUDKAVLE_API_KEY": SENDER.key}
    file = ROOT / "examples" / "no-b2b-email-embedded-pdf.json"
    result = await budkavle("route", file, environment=reach)
    steps = {row["step"]: row for row in result.lines}
    assert result.code == 0, result.err
    assert list(steps)[:2] == ["internal", "peppol"] and steps["email"]["answer"] == "yes"
    assert "by email" in result.err
    page = await sandbox.gateway.store.documents(SENDER.company.id)
    assert page.documents == ()

    whom = {"name": "X", "country": "SE", "participant": str(OTHERS[0])}
    told = await on_terminal("route", "--recipient", json.dumps(whom), environment=reach)
    assert told.code == 0, told.out
    assert "peppol: in." in told.out and "email: out. Needs an e-mail address" in told.out
    assert "So: by peppol." in told.out
