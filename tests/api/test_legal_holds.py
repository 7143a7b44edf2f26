"""Legal holds over HTTP: a company's own documents are kept, and everything is in the audit."""

from __future__ import annotations

from gateway.api import examples
from tests.api.conftest import OTHER_KEY, Api

INVOICE = examples.SWEDISH_COMPANY

WHY = {"reason": "A dispute, case T 4711-26."}


async def test_a_document_is_kept_listed_and_let_go(api: Api) -> None:
    here = (await api.submit(INVOICE)).headers["Location"]
    document_id = here.rpartition("/")[2]
    assert (await api.get("/v1/legal-holds")).json == {"holds": []}
    reply = await api.call("PUT", f"{here}/legal-hold", json=WHY)
    assert reply.status == 200
    assert (reply.json["document_id"], reply.json["reason"]) == (document_id, WHY["reason"])
    (held,) = (await api.get("/v1/legal-holds")).json["holds"]
    assert held == reply.json
    for _ in range(2):
        assert (await api.call("DELETE", f"{here}/legal-hold")).status == 204
    assert (await api.get("/v1/legal-holds")).json == {"holds": []}


async def test_nobody_else_s_is_found(api: Api) -> None:
    here = (await api.submit(INVOICE)).headers["Location"]
    for place in (here, "/v1/documents/doc_none"):
        stranger = await api.call("PUT", f"{place}/legal-hold", json=WHY, key=OTHER_KEY)
        assert (stranger.status, stranger.json["type"]) == (404, "/problems/not-found")
    await api.call("PUT", f"{here}/legal-hold", json=WHY)
    assert (await api.call("DELETE", f"{here}/legal-hold", key=OTHER_KEY)).status == 404
    assert (await api.get("/v1/legal-holds", key=OTHER_KEY)).json == {"holds": []}
    assert len((await api.get("/v1/legal-holds")).json["holds"]) == 1


async def test_a_reason_is_needed(api: Api) -> None:
    here = (await api.submit(INVOICE)).headers["Location"]
    reply = await api.call("PUT", f"{here}/legal-hold", json={})
    assert (reply.status, reply.json["errors"][0]["pointer"]) == (422, "/reason")
