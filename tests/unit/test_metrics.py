from __future__ import annotations

from prometheus_client import CollectorRegistry

from gateway.api.metrics import Metrics


def test_requests_are_counted_by_route_status_and_time() -> None:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    for seconds in (0.002, 0.003, 0.3, 99):  # the first is the bound itself, and within it
        metrics.answered("GET", "/a", 200, seconds)
    metrics.answered("GET", "/a", 404, 0.003)
    metrics.answered("POST", "/a", 202, 0.003)

    def read(name: str, **more: str) -> float | None:
        labels = {"method": "GET", "route": "/a"} | more
        return registry.get_sample_value(f"budkavle_http_{name}", labels)

    assert read("requests_total", status="200") == 4
    assert read("requests_total", status="404") == 1
    assert read("requests_total", method="POST", status="202") == 1
    within = {bound: read("request_seconds_bucket", le=bound) for bound in ("0.002", "0.005")}
    assert within == {"0.002": 1, "0.005": 3}
    assert [read("request_seconds_bucket", le=b) for b in ("0.25", "0.5", "61.0")] == [3, 4, 4]
    assert read("request_seconds_bucket", le="+Inf") == read("request_seconds_count") == 5
    assert read("request_seconds_sum") == 0.002 + 0.003 + 0.3 + 99 + 0.003
