"""A channel whose answers a test gives: for the worker's own behaviour, where no wire is needed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from transports.base import (
    Envelope,
    Inbound,
    Inquiry,
    Outcome,
    Reachability,
    Reachable,
    Repeat,
    Report,
    Verdict,
    nothing_late,
)

OK = Verdict("fake.ok", "ok", "Ok.")


class Channel:
    """Reaches everybody; `deliver` is the test's."""

    needs_image = False
    merge_bytes: int | None = None
    at_once: int | None = None

    def __init__(
        self,
        deliver: Callable[[Envelope], Awaitable[Outcome]],
        repeat: Repeat,
        name: str = "email",
    ) -> None:
        self.name = name
        self.repeat = repeat
        self.calls: list[Envelope] = []
        self._deliver = deliver

    async def resolve(self, inquiry: Inquiry) -> Reachability:
        return Reachable("there", OK)

    async def deliver(self, envelope: Envelope) -> Outcome:
        self.calls.append(envelope)
        return await self._deliver(envelope)

    def collect(self) -> AsyncIterator[Report | Inbound]:
        return nothing_late()

    async def close(self) -> None:
        pass
