"""Channels whose answers a test gives: for the gateway's own behaviour, where no wire is needed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from transports.base import (
    Delivered,
    Envelope,
    Inbound,
    Inquiry,
    LateOutcome,
    NotReachable,
    Outcome,
    Reachability,
    Reachable,
    Repeat,
    Report,
    Transport,
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


async def takes_it(envelope: Envelope) -> Outcome:
    return Delivered(OK)


class Scripted(Channel):
    """Answers by a script: `reaches` is what `resolve` says to each question (None: the only one),
    one answer for each time it is asked, the last for ever; where it has none, it knows nobody.

    `asked` are the questions in order, `late` what `collect` brings once.
    """

    def __init__(
        self,
        name: str,
        reaches: dict[str | None, list[Reachability]] | None = None,
        deliver: Callable[[Envelope], Awaitable[Outcome]] = takes_it,
        *,
        repeat: Repeat = Repeat.SAFE,
    ) -> None:
        super().__init__(deliver, repeat, name)
        self.asked: list[str | None] = []
        self.late: list[Report] = []
        self._reaches = {question: list(answers) for question, answers in (reaches or {}).items()}

    async def resolve(self, inquiry: Inquiry) -> Reachability:
        self.asked.append(inquiry.question)
        answers = self._reaches.get(inquiry.question)
        if not answers:
            return nobody(self.name)
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def report(self, outcome: LateOutcome, envelope: Envelope | None = None, id: str = "1") -> None:
        """Has `collect` tell of an envelope that was carried, else of the last one."""
        self.late.append(Report((envelope or self.calls[-1]).key, outcome, id))

    async def collect(self) -> AsyncIterator[Report | Inbound]:
        late, self.late = self.late, []
        for report in late:
            yield report


def here(name: str) -> Reachable:
    """The recipient is there."""
    return Reachable("there", said(name, "here", "knows the recipient."))


def nobody(name: str) -> NotReachable:
    """The recipient is not there."""
    return NotReachable(said(name, "not_here", "does not know the recipient."))


def said(name: str, word: str, text: str) -> Verdict:
    """What a channel of this name says."""
    return Verdict(f"{name}.{word}", word, f"{name} {text}")


def channels(*scripted: Scripted) -> dict[str, Transport]:
    """Channels by name, as a house has them."""
    return {channel.name: channel for channel in scripted}
