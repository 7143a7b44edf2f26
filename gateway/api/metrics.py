"""What is counted, for Prometheus. Label sets are small and closed: no ids, no companies.

In charge of the HTTP counters and of showing the store's counts. The worker registers its own
metrics with the same registry.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.lifecycle import State
from gateway.registration.states import ParticipantState
from gateway.store.lanes import LaneState, rests

# Seconds, from a cached read to a full long poll (60 s).
_BOUNDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 61)


@dataclass(slots=True)
class _Route:
    """What was answered on one route, by one method."""

    statuses: Counter[int] = field(default_factory=Counter)
    within: list[int] = field(default_factory=lambda: [0] * (len(_BOUNDS) + 1))  # the last: above
    seconds: float = 0.0


class _Requests(Collector):
    """Requests by method and route, counted on the event loop alone: without the locks of the
    library's own counters it takes a third of the time."""

    def __init__(self) -> None:
        self._routes: defaultdict[tuple[str, str], _Route] = defaultdict(_Route)

    def count(self, method: str, path: str, status: int, seconds: float) -> None:
        """One more."""
        route = self._routes[method, path]
        route.statuses[status] += 1
        route.within[bisect_left(_BOUNDS, seconds)] += 1
        route.seconds += seconds

    def collect(self) -> Iterator[Metric]:
        """As Prometheus reads them."""
        counted = CounterMetricFamily(
            "budkavle_http_requests",
            "Requests answered, by route template.",
            labels=("method", "route", "status"),
        )
        took = HistogramMetricFamily(
            "budkavle_http_request_seconds",
            "Time from the request's head to the end of its answer.",
            labels=("method", "route"),
        )
        bounds = (*(str(float(bound)) for bound in _BOUNDS), "+Inf")
        for where, route in self._routes.items():
            for status, n in route.statuses.items():
                counted.add_metric((*where, str(status)), n)
            within = zip(bounds, accumulate(route.within), strict=True)
            took.add_metric(where, [*within], route.seconds)
        yield from (counted, took)


class Metrics:
    """The metrics of one gateway, in a registry of its own."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._requests = _Requests()
        self.registry.register(self._requests)
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
        self._requests.count(method, route, status, seconds)

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
