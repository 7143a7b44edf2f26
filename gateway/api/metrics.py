"""What is counted, for Prometheus. Label sets are small and closed: no ids, no companies.

In charge of the HTTP counters and of showing the store's counts. The worker registers its own
metrics with the same registry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from gateway.lifecycle import State
from gateway.registration.states import ParticipantState
from gateway.store.lanes import LaneState, rests


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
        # As found by their labels before: to look for them takes longer than to count.
        self._answered: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._documents = Gauge(
            "budkavle_documents", "Documents, by state.", ["state"], registry=self.registry
        )
        self._participants = Gauge(
            "budkavle_participants", "Participants, by state.", ["state"], registry=self.registry
        )
        self._in_trouble = Gauge(
            "budkavle_participants_in_trouble",
            "Participants that do not go on, or that the network does not confirm, by state.",
            ["state"],
            registry=self.registry,
        )
        self._jobs = Gauge(
            "budkavle_jobs", "Jobs, by what they wait for.", ["state"], registry=self.registry
        )
        self._oldest = Gauge(
            "budkavle_jobs_oldest_due_seconds",
            "How long the oldest due job has been due; 0 when none is.",
            registry=self.registry,
        )
        self._due = Gauge(
            "budkavle_queue_due", "Jobs that are due, by lane.", ["lane"], registry=self.registry
        )
        self._oldest_of = Gauge(
            "budkavle_queue_oldest_seconds",
            "How long the oldest due job of a lane has been due.",
            ["lane"],
            registry=self.registry,
        )
        self._closed = Gauge(
            "budkavle_queue_closed",
            "1 while nothing is taken from a lane: an operator paused it, or nobody answered.",
            ["lane", "reason"],
            registry=self.registry,
        )

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts a request that was answered."""
        counters = self._answered.get((method, route, status))
        if counters is None:
            counters = (
                self.requests.labels(method, route, status),
                self.seconds.labels(method, route),
            )
            self._answered[method, route, status] = counters
        counters[0].inc()
        counters[1].observe(seconds)

    def text(
        self, counts: Mapping[str, Mapping[str, int]], lanes: Sequence[LaneState], now: datetime
    ) -> bytes:
        """Everything in Prometheus' text format; `counts` and `lanes` are those of `Store`."""
        for gauge in (self._due, self._oldest_of, self._closed):
            gauge.clear()  # a lane that is empty has gone
        for lane in lanes:
            oldest_s = (now - lane.oldest_due_at).total_seconds() if lane.oldest_due_at else 0
            self._due.labels(lane.name).set(lane.waiting)
            self._oldest_of.labels(lane.name).set(max(oldest_s, 0))
            self._closed.labels(lane.name, "paused").set(lane.paused)
            unanswered = lane.meter is not None and rests(lane.meter, lane.limits, now)
            self._closed.labels(lane.name, "unanswered").set(unanswered)
        for state in State:
            self._documents.labels(state).set(counts["documents"].get(state, 0))
        for standing in ParticipantState:
            for gauge, name in (
                (self._participants, "participants"),
                (self._in_trouble, "participants_in_trouble"),
            ):
                gauge.labels(standing).set(counts[name].get(standing, 0))
        for kind in ("due", "leased"):
            self._jobs.labels(kind).set(counts["jobs"].get(kind, 0))
        self._oldest.set(counts["jobs"].get("oldest_due_s", 0))
        return generate_latest(self.registry)
