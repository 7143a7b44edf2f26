"""How long to wait before a channel is tried again, and when to give it up.

In charge of the numbers. Not in charge of what happens then (`gateway.delivery.outcome`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

# Quick at first, since most trouble is over in minutes; then no more than six times a day.
DELAYS = tuple(timedelta(seconds=s) for s in (30, 120, 600, 1800, 3600, 7200, 14400))

# A partner may ask for more patience than our own table has, but not for any.
LONGEST = timedelta(hours=24)

# A share of the delay, either way: documents that failed together do not come back together.
JITTER = 0.2

# How long a channel is kept after its first try. Mail servers are given the three days that mail
# itself commonly is, and so are banks, who do not work on two days of seven; a letter is the last
# resort, and nothing is gained by giving it up early.
DEADLINE = timedelta(hours=24)
DEADLINES = {
    "internal": timedelta(hours=1),
    "bank_se": timedelta(days=3),
    "avtalegiro": timedelta(days=3),
    "email": timedelta(days=3),
    "letter": timedelta(days=7),
}


@dataclass(frozen=True, slots=True)
class Backoff:
    """The table of delays, and each channel's deadline. The last delay repeats."""

    delays: tuple[timedelta, ...] = DELAYS
    deadlines: Mapping[str, timedelta] = field(default_factory=lambda: DEADLINES)

    def delay(self, key: UUID, tries: int, asked: timedelta | None = None) -> timedelta:
        """The time to wait after `tries` tries (from 1) for the delivery with this key.

        `asked` is what the channel asked for: never less than that, and never more than LONGEST.
        The jitter comes from key and tries, so the same question has the same answer.
        """
        usual = self.delays[min(tries, len(self.delays)) - 1]
        digest = sha256(key.bytes + tries.to_bytes(8)).digest()
        share = int.from_bytes(digest[:4]) / 2**32
        wait = usual * (1 + JITTER * (2 * share - 1))
        if asked is not None:
            wait = max(asked, timedelta()) + usual * JITTER * share
        return min(wait, LONGEST)

    def deadline(self, channel: str, first: datetime) -> datetime:
        """When a channel that was first tried at `first` is given up."""
        return first + self.deadlines.get(channel, DEADLINE)
