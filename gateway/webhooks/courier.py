"""Brings one message to one endpoint, once: signs it, sends it, and says what came of it."""

from __future__ import annotations

import time
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram

from gateway.clock import Clock
from gateway.outside.client import Outside
from gateway.store.endpoints import Endpoint, Push
from gateway.webhooks.judging import Judged, judged
from gateway.webhooks.message import Message
from gateway.webhooks.sealing import Sealing
from gateway.webhooks.signing import signed

log = structlog.get_logger()

_MOST_ANSWER_BYTES: Final = 4096


class Courier:
    """Sends messages. Where there is no `registry`, nothing is counted for anybody to see."""

    def __init__(
        self,
        outside: Outside,
        sealing: Sealing,
        clock: Clock,
        *,
        registry: CollectorRegistry | None = None,
    ) -> None:
        self.outside = outside
        self.sealing = sealing
        self._clock = clock
        registry = registry or CollectorRegistry()
        self._pushes = Counter(
            "budkavle_webhook_pushes", "Messages sent to webhooks, by what came of it.", ["code"],
            registry=registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "budkavle_webhook_push_seconds", "Time of one message.", registry=registry
        )

    async def bring(self, endpoint: Endpoint, message: Message) -> tuple[Push, Judged]:
        """Sends a message; whatever happens outside, it does not raise."""
        at = self._clock.now()
        secrets = [
            await self.sealing.opened(endpoint.company_id, secret.sealed)
            for secret in endpoint.secrets
            if secret.until is None or secret.until > at
        ]
        headers = signed(message.id, at, message.body, secrets)
        started = time.perf_counter()
        answer = await self.outside.request(
            "POST",
            endpoint.url,
            headers={**headers, "Content-Type": "application/json"},
            body=message.body.encode(),
            most_bytes=_MOST_ANSWER_BYTES,
        )
        seconds = time.perf_counter() - started
        found = judged(answer, self._clock.now())
        self._pushes.labels(found.code).inc()
        self._seconds.observe(seconds)
        ms = round(seconds * 1000)
        log.info(
            "webhook_pushed",
            endpoint_id=endpoint.id,
            event_id=message.id,
            code=found.code,
            status=found.status,
            ms=ms,
        )
        push = Push(
            message.id,
            message.type,
            message.document_id,
            message.cursor,
            at,
            ms,
            found.status,
            found.code,
            found.text,
        )
        return push, found
