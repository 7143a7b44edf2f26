"""The gate over HTTP: every operation that sends or receives asks it, and says what to do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.api.app import OPERATIONS
from gateway.api.problems import Type, url
from gateway.api.routes import Operation
from gateway.store.port import NewPart, Role
from gateway.store.sqlite import SqliteStore
from gateway.trust.gate import Way
from gateway.trust.scopes import Scope
from gateway.trust.verification.gate import VerifiedOnly
from gateway.trust.verification.request import Sealed
from gateway.trust.verification.standing import Terms
from gateway.trust.verification.verbs import Seen, Verbs
from tests.api.conftest import AT, COMPANY, Api, serving
from tests.contracts.stores import arrival

# What may be done without: it sends nothing and hands nothing out.
WITHOUT = {
    "hold_document": "it goes no further",
    "cancel_document": "it will not be sent",
    "revoke_link": "something is taken back",
    "repair_document": "the document is held again when its turn comes",
    "hand_in_attachment": "the document is held again when its turn comes",
    "repair_documents": "the documents are held again when their turn comes",
    "look_up": "it asks who can be reached, and sends nothing",
    "find_ways": "it asks who can be reached, and sends nothing",
    "remove_lookup_job": "it takes its own table away",
}


@pytest.fixture
async def strict(tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(await SqliteStore.open(tmp_path), gate=VerifiedOnly) as api:
        yield api


async def vouch(api: Api) -> None:
    verbs = Verbs(api.store, api.clock, Sealed(None, api.clock), (), Terms())
    done = await verbs.by_hand(COMPANY.id, who="a", why="b", seen="c", actor="operator:bo")
    assert isinstance(done, Seen)


GATED = [operation for operation in OPERATIONS if operation.way is not None]


@pytest.mark.parametrize("operation", GATED, ids=lambda operation: operation.name)
async def test_each_way_is_closed(operation: Operation, strict: Api) -> None:
    path = operation.path.replace("{", "").replace("}", "")
    reply = await strict.call(operation.method, path)
    assert (reply.status, reply.json["type"]) == (403, url(Type.COMPANY_NOT_VERIFIED))
    assert "/verification" in reply.json["detail"], "it says what to do"
    assert reply.json["errors"][0]["rule"] == "company.unverified"
    await vouch(strict)
    reply = await strict.call(operation.method, path)
    assert reply.status != 403


def test_whoever_sends_or_receives_is_asked() -> None:
    """A new operation fails this until somebody has thought about the gate."""
    of_scope = {Scope.SEND: {Way.SUBMIT, Way.SEND}, Scope.RECEIVE: {Way.RECEIVE, Way.SEND}}
    unasked = {
        operation.name
        for operation in OPERATIONS
        if operation.scope in of_scope and operation.way not in of_scope[operation.scope]
    }
    assert unasked == WITHOUT.keys()


async def test_nothing_is_stored_of_what_is_refused(strict: Api) -> None:
    reply = await strict.submit({"invoice": {}})
    assert reply.status == 403
    assert await strict.count() == 0


async def test_what_came_in_is_not_handed_out_by_any_path(strict: Api) -> None:
    parts = [NewPart(Role.DOCUMENT, "document.xml", "application/xml", b"<Invoice/>")]
    came: Any = arrival(COMPANY.id, key="x", content=b"<Invoice/>")
    document_id = await strict.store.arrive(came, AT)
    assert document_id is not None and parts
    (part, *_) = await strict.store.parts(COMPANY.id, document_id)
    paths = [
        f"/v1/documents/{document_id}/{end}"
        for end in ("content", "pdf", "bundle", f"evidence/{part.sha256}")
    ]
    for path in (*paths, f"/v1/inbox/{document_id}/content"):
        reply = await strict.get(path)
        assert reply.status == 403, path
    assert (await strict.get(f"/v1/documents/{document_id}")).status == 200, "that it is there"
    await vouch(strict)
    for path in paths:
        assert (await strict.get(path)).status in (200, 409), path


async def test_an_open_gate_is_asked_of_nobody(api: Api) -> None:
    reply = await api.get(f"/v1/companies/{COMPANY.id}/verification")
    assert (reply.json["required"], reply.json["open"]) == (False, True)
    assert (await api.get("/v1/inbox")).status == 200
