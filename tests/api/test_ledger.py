"""States in the words of a ledger, over HTTP."""

from __future__ import annotations

import pytest

from gateway.api import examples
from gateway.ledger.mapping import Ledger
from gateway.ledger.systems import SYSTEMS
from gateway.lifecycle import State
from tests.api.conftest import Api
from tests.api.test_feeds import arrive


@pytest.mark.parametrize("ledger", Ledger)
async def test_a_document_and_its_events_in_the_words_of_a_ledger(api: Api, ledger: Ledger) -> None:
    document_id = (await api.submit(examples.SWEDISH_COMPANY)).json["id"]
    received = SYSTEMS[ledger].transport[State.RECEIVED]
    expected = {"system": ledger, "status": received.name, "text": received.text}
    asked = {"ledger": ledger}
    (row,) = (await api.get("/v1/documents", params=asked)).json["documents"]
    (event,) = (await api.get("/v1/events", params=asked)).json["events"]
    one = (await api.get(f"/v1/documents/{document_id}", params=asked)).json
    assert row["ledger"] == event["ledger"] == one["ledger"] == expected


async def test_nobody_asks_and_nothing_is_said(api: Api) -> None:
    await api.submit(examples.SWEDISH_COMPANY)
    (row,) = (await api.get("/v1/documents")).json["documents"]
    (event,) = (await api.get("/v1/events")).json["events"]
    assert "ledger" not in row
    assert "ledger" not in event


async def test_what_came_in_has_no_status_of_an_invoice_sent(api: Api) -> None:
    await arrive(api, "1")
    (row,) = (await api.get("/v1/documents", params={"ledger": "odoo"})).json["documents"]
    (event,) = (await api.get("/v1/events", params={"ledger": "odoo"})).json["events"]
    assert "ledger" not in row
    assert "ledger" not in event


async def test_an_unknown_ledger_is_told_with_those_there_are(api: Api) -> None:
    refused = await api.get("/v1/events", params={"ledger": "abacus"})
    (fault,) = refused.json["errors"]
    assert (refused.status, fault["parameter"]) == (400, "ledger")
    assert "sap_b1" in fault["detail"]
