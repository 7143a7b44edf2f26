"""What is counted, for Prometheus. Label sets are small and closed: no ids, no companies.

In charge of the HTTP counters and of showing the store's counts. The worker registers its own
metrics with the same registry.
"""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from gateway.lifecycle import State


class Metrics:
    """The metrics of one gateway, in a registry of its own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.requests = Counter(
            "budkavle_http_requests",
            "Requests answered, by route template.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        # Buckets from a cached read to a full long poll (60 s).
        self.seconds = Histogram(
            "budkavle_http_request_seconds",
            "Time from the request's head to the end of its answer.",
            ["method", "route"],
            buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 61),
            registry=self.registry,
        )
        self._documents = Gauge(
            "budkavle_documents", "Documents, by state.", ["state"], registry=self.registry
        )
        self._jobs = Gauge(
            "budkavle_jobs", "Jobs, by what they wait for.", ["state"], registry=self.registry
        )
        self._oldest = Gauge(
            "budkavle_jobs_oldest_due_seconds",
            "How long the oldest due job has been due; 0 when none is.",
            registry=self.registry,
        )

    def text(self, counts: Mapping[str, Mapping[str, int]]) -> bytes:
        """Everything in Prometheus' text format; `counts` is `Store.counts`."""
        for state in State:
            self._documents.labels(state).set(counts["documents"].get(state, 0))
        for kind in ("due", "leased"):
            self._jobs.labels(kind).set(counts["jobs"].get(kind, 0))
        self._oldest.set(counts["jobs"].get("oldest_due_s", 0))
        return generate_latest(self.registry)
