"""Whatever two channels answer, wherever the worker dies and whatever a person does.

Never two copies unless a person said so; never a document that says it is gone and is not; never
one that nothing will ever happen to.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.delivery.verbs import Verb, act
from gateway.lifecycle import FINAL, State
from gateway.store.port import Document
from tests.flows.channel import OK, Channel
from tests.flows.house import SENDER, House, invoice, open_house
from tests.flows.test_crash import live_and_die
from transports.base import (
    Delivered,
    Envelope,
    Outcome,
    Refused,
    Repeat,
    Sent,
    TryLater,
    Unknown,
)

# What a channel does with a call: whether it takes the document, and what it answers.
ANSWERS: dict[str, tuple[bool, Outcome | None]] = {
    "delivers": (True, Delivered(OK)),
    "sends": (True, Sent(OK)),
    "refuses": (False, Refused(OK)),
    "not now": (False, TryLater(OK)),
    "takes it and breaks off": (True, Unknown(OK)),
    "breaks off": (False, Unknown(OK)),
    "takes it and raises": (True, None),
    "raises": (False, None),
}


@dataclass
class Partner:
    """The other side of a channel. It knows the keys it has seen only where repeating is safe."""

    repeat: Repeat
    answers: list[str]
    copies: int = 0
    keys: set[UUID] = field(default_factory=set)

    async def deliver(self, envelope: Envelope) -> Outcome:
        known = self.repeat is Repeat.SAFE and envelope.key in self.keys
        takes, outcome = ANSWERS[self.answers.pop(0) if self.answers else "delivers"]
        if known and not takes:
            takes, outcome = True, Delivered(OK)  # it has it, and says so
        if takes and not known:
            self.copies += 1
            self.keys.add(envelope.key)
        if outcome is None:
            raise ZeroDivisionError
        return outcome


answers = st.lists(st.sampled_from(sorted(ANSWERS)), max_size=6)
acts = st.lists(
    st.one_of(
        st.tuples(st.just("die"), st.integers(1, 6), st.booleans()),
        st.sampled_from([(verb,) for verb in Verb]),
        st.sampled_from([("work",), ("later",)]),
    ),
    max_size=8,
)


@pytest.mark.timeout(900)
@settings(max_examples=60, deadline=None)
@given(answers, answers, acts)
def test_one_copy_or_a_person_s_word(
    by_mail: list[str], by_letter: list[str], what: list[tuple[Any, ...]]
) -> None:
    with TemporaryDirectory() as directory:
        asyncio.run(a_life(Path(directory), by_mail, by_letter, what))


async def a_life(
    directory: Path, by_mail: list[str], by_letter: list[str], what: list[tuple[Any, ...]]
) -> None:
    async with open_house(directory) as house:
        mail, letter = Partner(Repeat.HOLD, by_mail), Partner(Repeat.SAFE, by_letter)
        house.transports.clear()
        house.transports["email"] = Channel(mail.deliver, Repeat.HOLD, "email")
        house.transports["letter"] = Channel(letter.deliver, Repeat.SAFE, "letter")
        house.worker = house.new_worker(house.store)
        document_id = await house.submit(invoice(email="a@b.example"))

        said: Counter[Verb] = Counter()
        for item in what:
            match item:
                case ("die", n, after):
                    await live_and_die(house, n, after=after)
                    house.clock.move(timedelta(seconds=31))
                case ("work",):
                    await house.work()
                case ("later",):
                    await house.later(timedelta(hours=1))
                case (Verb() as verb,):
                    done = await act(house.store, house.clock, SENDER.id, document_id, verb, "x")
                    said[verb] += isinstance(done, Document)
        document = await at_rest(house, document_id)

        copies = mail.copies + letter.copies
        once_more = sum(said[verb] for verb in (Verb.RETRY, Verb.RESEND, Verb.REROUTE))
        assert copies <= 1 + once_more, "a copy that nobody asked for"
        if document.state in (State.SENT, State.DELIVERED) and not said[Verb.RELEASE]:
            assert copies >= 1, "it says it is gone"
        if document.state is State.FAILED:
            assert copies == 0 or once_more, "it says it has failed"
        events = await house.events(document_id)
        assert len({event.id for event in events}) == len(events)
        told = Counter(event.type for event in events)
        assert told["document.received"] == 1
        assert told["document.routed"] <= 1


async def at_rest(house: House, document_id: str) -> Document:
    """The document once nothing more happens by itself."""
    for _ in range(60):
        await house.later(timedelta(hours=6))
        document = await house.document(document_id)
        if document.state in FINAL | {State.HELD}:
            return document
    raise AssertionError(f"stuck in {document.state}: {document.text}")
