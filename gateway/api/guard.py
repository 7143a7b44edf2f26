"""What stands before the keys: who guesses is not listened to for a while, and nobody asks more
often than is fair.

In charge of the names that are counted under and of the answer 429. Not in charge of counting
(`gateway.trust.limits`).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from aiohttp import web
from multidict import istr

from gateway.api.problems import Problem, Type
from gateway.api.remote import client_of
from gateway.clock import Clock
from gateway.trust.callers import Caller
from gateway.trust.limits import Buckets, Failures, Left

WINDOW: Final = timedelta(minutes=10)

# Of a secret, what names it among those guessed at: the prefix and 36 of its 256 bits.
_PREFIX = 9

LEFT = web.RequestKey("left", Left)


class Guard:
    """Counts for one process. `proxies`: how many of ours stand before us."""

    def __init__(self, clock: Clock, *, failures: int, per_minute: int, proxies: int = 0) -> None:
        self._failures = Failures(clock, failures, WINDOW)
        self._buckets = Buckets(clock, per_minute)
        self._proxies = proxies

    def admit(self, request: web.Request, secret: str) -> None:
        """Raises Problem when there were too many failures from where the request comes, or with
        secrets that begin as this one. Asked before the store is: a guess that is not looked up
        tells nothing."""
        wait_s = max(map(self._failures.wait_s, self._names(request, secret)))
        if wait_s:
            raise Problem(
                Type.TOO_OFTEN,
                "Too many requests came from your address, or with such a key, that no key fits.",
                headers={"Retry-After": str(wait_s)},
            )

    def failed(self, request: web.Request, secret: str) -> None:
        """The secret is nobody's."""
        for name in self._names(request, secret):
            self._failures.add(name)

    def _names(self, request: web.Request, secret: str) -> tuple[str, str]:
        return f"from {client_of(request, self._proxies)}", f"with {secret[:_PREFIX]}"

    def count(self, request: web.Request, caller: Caller) -> None:
        """Counts a request of somebody who is known; raises Problem when it is one too many."""
        left = self._buckets.take(caller.company.id if caller.company else caller.id)
        request[LEFT] = left
        if left.wait_s:
            raise Problem(
                Type.TOO_OFTEN,
                f"A company may ask {left.limit} times a minute.",
                headers={"Retry-After": str(left.wait_s)},
            )


_LIMIT = istr("X-RateLimit-Limit")
_REMAINING = istr("X-RateLimit-Remaining")
_RESET = istr("X-RateLimit-Reset")


def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Tells a caller how much is left."""
    left = request.get(LEFT)
    if left is not None:
        response.headers[_LIMIT] = str(left.limit)
        response.headers[_REMAINING] = str(left.remaining)
        response.headers[_RESET] = str(left.reset_s)
