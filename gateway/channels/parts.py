"""What a channel may be made of, beside its own settings."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.clock import Clock
from gateway.store.port import Store
from gateway.store.register import StoredRegister
from gateway.trust.gate import OPEN, Gate
from transports.base import Register
from transports.letter.enclosures import Count, count_here


@dataclass(frozen=True, slots=True)
class Parts:
    """The gateway's parts that channels use. `count` counts the pages of PDFs that others made."""

    store: Store
    clock: Clock
    count: Count = count_here
    gate: Gate = OPEN

    def register(self, channel: str) -> Register:
        """What a channel remembers."""
        return StoredRegister(self.store, self.clock, channel)
