"""What an endpoint's answer means, and when it is tried again.

Pure. Standard Webhooks 1.0.0: any 2xx is a yes, 410 ends it, everything else is a no that may pass;
redirects are not followed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from gateway.delivery.backoff import Backoff
from gateway.outside.client import Answer, NoAnswer
from gateway.outside.retry_after import retry_after

# The table that the standard recommends: nine more tries after the first, the last after 75 hours
# and a half, so that what broke on a Friday evening can be mended on Monday.
DELAYS: Final = tuple(
    timedelta(seconds=s) for s in (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
)
_BACKOFF = Backoff(DELAYS)

_MOST_TEXT = 300


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of one push. `asked`: how long the endpoint wants to be left alone."""

    taken: bool
    gone: bool
    status: int | None
    code: str
    text: str
    asked: timedelta | None = None


def judged(answer: Answer | NoAnswer, now: datetime) -> Judged:
    """Judges an answer."""
    if isinstance(answer, NoAnswer):
        return Judged(False, False, None, answer.code, answer.text)
    status = answer.status
    taken, gone = 200 <= status < 300, status == 410
    if taken:
        code = "webhook.taken"
    elif gone:
        code = "webhook.gone"
    elif 300 <= status < 400:
        code = "webhook.redirected"
    else:
        code = "webhook.refused"
    asked = None if taken else retry_after(answer.headers, now)
    return Judged(taken, gone, status, code, _beginning(answer.content), asked)


def delay(event_id: str, tries: int, asked: timedelta | None) -> timedelta | None:
    """How long to wait after `tries` tries (from 1); None: it was the last one."""
    if tries > len(DELAYS):
        return None
    return _BACKOFF.delay(uuid5(NAMESPACE_URL, event_id), tries, asked)


def _beginning(content: bytes) -> str:
    """The first words of what was answered, fit to be shown."""
    text = content[: 4 * _MOST_TEXT].decode("utf-8", "replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:_MOST_TEXT]
