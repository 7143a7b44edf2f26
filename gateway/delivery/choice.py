"""Several possible recipients: what is kept of them, and which of them a person chose.

In charge of the record, and of what several make of the document. Not in charge of asking the
channel (`deliver`), nor of who may choose (`gateway.api`). Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import TypeAdapter

from gateway.delivery.legs import LegState
from gateway.delivery.outcome import Result, Try, ended, told
from gateway.events import Type
from gateway.lifecycle import State
from gateway.routing.wishes import HOLD_SEVERAL
from gateway.store.port import Checkpoint, Done, NewPart, Role
from transports.base import Candidate, NotReachable, Reachable, Several, Verdict

SEVERAL: Final = "route.several"

CHOSEN: Final = "route.chosen"

# A sentence names so many; the event names all.
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Choice:
    """The CHOICE part. `key` is the leg's; `chosen` is an address, None until one is chosen."""

    key: UUID
    candidates: tuple[Candidate, ...]
    chosen: str | None = None

    def part(self) -> NewPart:
        """The part to be stored."""
        return NewPart(Role.CHOICE, "choice.json", "application/json", _FORM.dump_json(self))

    def candidate(self, address: str) -> Candidate | None:
        """The candidate with this address."""
        return next((each for each in self.candidates if each.address == address), None)

    def reachable(self) -> Reachable | None:
        """The recipient who was chosen."""
        candidate = self.candidate(self.chosen) if self.chosen is not None else None
        if candidate is None:
            return None
        verdict = Verdict(CHOSEN, "a person chose the address", _chosen(candidate))
        return Reachable(candidate.address, verdict, form=candidate.form)


_FORM = TypeAdapter(Choice)


def newest(contents: Sequence[bytes], key: UUID) -> Choice | None:
    """The record of a leg as it is now, out of a document's CHOICE parts in order."""
    records = [_FORM.validate_json(content) for content in contents]
    return next((record for record in reversed(records) if record.key == key), None)


def held(trial: Try, answer: Several, now: datetime) -> Checkpoint:
    """Nobody guesses: the document is held until a person chooses."""
    said = answer.verdict
    text = (
        f"{said.public_text} Several recipients fit: {_named(answer.candidates)}. `choose` one of"
        " them by its address, or `retry` to have the channel asked again."
    )
    why = Verdict(SEVERAL, said.text, text, said.remote)
    work = ended(
        trial,
        answer,
        Result.SEVERAL,
        State.HELD,
        now,
        then=Done(),
        leg=replace(trial.leg, state=LegState.TRYING),
        why=why,
        event=told(Type.HELD, why, candidates=shown(answer.candidates)),
    )
    record = Choice(trial.leg.key, answer.candidates).part()
    return replace(work, parts=(*work.parts, record))


def passed_by(answer: Several) -> NotReachable:
    """The same for a sender who wants no document to be held for that."""
    said = answer.verdict
    text = (
        f"{said.public_text} Several recipients fit: {_named(answer.candidates)}. None was taken:"
        f" you want no document to be held for that ({HOLD_SEVERAL})."
    )
    return NotReachable(Verdict(SEVERAL, said.text, text, said.remote), answer.evidence)


def shown(candidates: Sequence[Candidate]) -> list[dict[str, Any]]:
    """The candidates as an event tells them."""
    return [{"address": each.address, "text": each.text} for each in candidates]


def chosen(choice: Choice, candidate: Candidate) -> tuple[NewPart, str]:
    """The record once a person has chosen, and the sentence for it."""
    return replace(choice, chosen=candidate.address).part(), _chosen(candidate)


def _chosen(candidate: Candidate) -> str:
    return f"Chosen by you: {candidate.text} ({candidate.address})."


def _named(candidates: Sequence[Candidate]) -> str:
    named = "; ".join(f"{each.text} ({each.address})" for each in candidates[:_NAMED])
    left = len(candidates) - _NAMED
    return f"{named}; and {left} more" if left > 0 else named
