"""One request to the gateway as a value, and what may become of it: the part without a network.

In charge of which requests may be sent again, and when. Not in charge of sending (`connection`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

# What a body may be: bytes, JSON, or a function that makes it anew for each try.
Body = bytes | Mapping[str, Any] | Callable[[], Any] | AsyncIterator[bytes] | None

# The answer comes from somebody who was in the way, or from a gateway that says it wrote nothing.
_MAY_PASS = frozenset({429, 502, 503, 504})

# A pause that the gateway asks for and that is longer than this is the caller's to make.
LONGEST_PAUSE_S = 60.0


class Unreachable(Exception):
    """The gateway could not be reached, or its answer was cut off."""


class Problem(Exception):
    """The gateway refused: RFC 9457 problem details.

    `errors` has everything that is wrong, each with its place (`pointer`, `where`, `parameter`) in
    what was sent; `retry_after_s` is how long the gateway asks to wait, if it does.
    """

    def __init__(
        self, status: int, body: Mapping[str, Any], retry_after_s: float | None = None
    ) -> None:
        self.status = status
        self.type = str(body.get("type", "about:blank"))
        self.title = str(body.get("title", "refused"))
        self.detail = str(body.get("detail") or "")
        self.request_id = str(body.get("request_id") or "")
        self.errors: Sequence[Mapping[str, Any]] = body.get("errors") or ()
        self.errors_left_out = int(body.get("errors_left_out") or 0)
        self.retry_after_s = retry_after_s
        super().__init__(f"{status} {self.title}{f': {self.detail}' if self.detail else ''}")


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked. A `query` parameter or a field of a JSON `body` that is None is left out."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body = None
    wait_s: float = 0  # how long the gateway has been asked to wait with its answer

    @property
    def repeatable(self) -> bool:
        """Whether it does no more when it is done twice: it only reads, or brings a key by which
        the gateway knows it again."""
        return self.method == "GET" or "Idempotency-Key" in self.headers

    def again_after(
        self, attempt: int, tries: int, status: int | None, asked_s: float | None
    ) -> float | None:
        """Seconds to wait before the next try, or None: there is none.

        `attempt` counts from 1; `status` is None when there was no answer; `asked_s` is the
        gateway's Retry-After.
        """
        passing = status is None or status in _MAY_PASS
        if not self.repeatable or attempt >= tries or not passing:
            return None
        pause = max(asked_s or 0.0, 0.2 * 4 ** (attempt - 1))
        return pause if pause <= LONGEST_PAUSE_S else None


def retry_after(text: str | None, now: datetime | None = None) -> float | None:
    """Seconds of a Retry-After header, which is a number of them or a date (RFC 9110)."""
    if not text:
        return None
    if text.strip().isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (at - (now or datetime.now(UTC))).total_seconds()) if at.tzinfo else None


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are not None: the others are left out."""
    return {name: value for name, value in values.items() if value is not None}
