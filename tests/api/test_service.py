"""What is asked without a key, and what stands around every answer."""

from __future__ import annotations

import re

from prometheus_client.parser import text_string_to_metric_families

from gateway.api import examples
from gateway.api.problems import MEANINGS, Type
from tests.api.conftest import Api


async def test_alive_and_ready(api: Api) -> None:
    for path in ("/healthz", "/readyz"):
        reply = await api.get(path, key=None)
        assert (reply.status, reply.json) == (200, {"status": "ok"})


async def test_a_closed_store_is_not_ready_and_takes_nothing(api: Api) -> None:
    await api.close_store()
    for reply in (await api.get("/readyz", key=None), await api.submit(examples.SWEDISH_COMPANY)):
        assert (reply.status, reply.json["type"]) == (503, "/problems/storage-unavailable")
        assert int(reply.headers["Retry-After"]) > 0
    assert (await api.get("/healthz", key=None)).status == 200


async def test_metrics_count_documents_jobs_and_requests(api: Api) -> None:
    for _ in range(2):
        await api.submit(examples.SWEDISH_COMPANY)
    await api.get("/v1/documents/doc_none")
    reply = await api.get("/metrics", key=None)
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(reply.content.decode())
        for sample in family.samples
    }
    assert samples["budkavle_documents", "received"] == 2
    assert samples["budkavle_documents", "failed"] == 0
    assert samples["budkavle_jobs", "due"] == 2
    assert samples["budkavle_http_requests_total", "POST", "/v1/documents", "202"] == 2
    route = "/v1/documents/{document_id}"
    assert samples["budkavle_http_requests_total", "GET", route, "404"] == 1
    assert samples["budkavle_http_request_seconds_count", "POST", "/v1/documents"] == 2
    assert samples["budkavle_http_request_seconds_sum", "POST", "/v1/documents"] > 0
    assert not re.search(rb"doc_|com_", reply.content)  # no ids in labels


async def test_every_problem_type_has_a_page(api: Api) -> None:
    for kind in Type:
        page = await api.get(f"/problems/{kind}", key=None)
        assert page.status == 200
        assert MEANINGS[kind].title in page.content.decode().replace("&#x27;", "'")
    assert (await api.get("/problems/none", key=None)).status == 404


async def test_every_answer_has_an_id_and_safe_headers(api: Api) -> None:
    for path in ("/healthz", "/v1/documents", "/nowhere", "/problems/internal"):
        reply = await api.get(path)
        assert re.fullmatch(r"[0-9a-f]{16}", reply.headers["X-Request-Id"])
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in reply.headers["Content-Security-Policy"]
        assert reply.headers["Cache-Control"] == "no-store"
        assert "Server" not in reply.headers
    own = await api.get("/nowhere", headers={"X-Request-Id": "ledger-4711.b"})
    assert own.headers["X-Request-Id"] == own.json["request_id"] == "ledger-4711.b"
    odd = await api.get("/nowhere", headers={"X-Request-Id": "<script>"})
    assert odd.headers["X-Request-Id"] != "<script>"
