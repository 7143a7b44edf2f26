"""How a participant stands in the network: the states, and every change that is allowed.

In charge of the table; docs/reference/participants.md is made of it. Not in charge of who changes
what: people by verbs (`verbs`), the worker by steps (`steps`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ParticipantState(StrEnum):
    """How a participant stands."""

    WANTED = "wanted"
    PUBLISHED = "published"
    REGISTERED = "registered"
    HANDING_OVER = "handing_over"
    LEAVING = "leaving"
    MOVED = "moved"
    WITHDRAWING = "withdrawing"
    UNLISTED = "unlisted"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a state says, and the states that can come after it."""

    says: str
    then: frozenset[ParticipantState]


def _then(*states: ParticipantState) -> frozenset[ParticipantState]:
    return frozenset(states)


# Wanted once more, or withdrawn: a person's verbs, in nearly every state.
_VERBS = _then(ParticipantState.WANTED, ParticipantState.WITHDRAWING)

MEANINGS: dict[ParticipantState, Meaning] = {
    ParticipantState.WANTED: Meaning(
        "It is to be registered; the publisher does not show it yet, or not as it is now.",
        _VERBS | _then(ParticipantState.PUBLISHED, ParticipantState.REFUSED),
    ),
    ParticipantState.PUBLISHED: Meaning(
        "The publisher shows it; the network's locator does not name us yet.",
        _VERBS | _then(ParticipantState.REGISTERED, ParticipantState.REFUSED),
    ),
    ParticipantState.REGISTERED: Meaning(
        "The locator names our publisher: documents find their way.",
        _VERBS | _then(ParticipantState.HANDING_OVER),
    ),
    ParticipantState.HANDING_OVER: Meaning(
        "It is to leave for another publisher; the locator does not know the key yet.",
        _VERBS | _then(ParticipantState.LEAVING, ParticipantState.REGISTERED),
    ),
    ParticipantState.LEAVING: Meaning(
        "Whoever shows the key to the locator takes it over; until then it stays with us.",
        _VERBS | _then(ParticipantState.HANDING_OVER, ParticipantState.MOVED),
    ),
    ParticipantState.MOVED: Meaning(
        "Another publisher has taken it over; ours goes on showing it for two days.",
        _then(ParticipantState.WANTED),
    ),
    ParticipantState.WITHDRAWING: Meaning(
        "It is to be taken out; the locator may still name us.",
        _then(ParticipantState.WANTED, ParticipantState.UNLISTED),
    ),
    ParticipantState.UNLISTED: Meaning(
        "The locator does not name us any more; the publisher may still show it.",
        _then(ParticipantState.WANTED, ParticipantState.WITHDRAWN),
    ),
    ParticipantState.WITHDRAWN: Meaning(
        "It is out of the network, as far as it was with us.",
        _then(ParticipantState.WANTED),
    ),
    ParticipantState.REFUSED: Meaning(
        "The network says no, and would again: a person has to look at the reason.",
        _VERBS,
    ),
}

# The network has nothing of these with us: a participant may go to another company.
OVER = _then(ParticipantState.MOVED, ParticipantState.WITHDRAWN)


def allowed(before: ParticipantState, after: ParticipantState) -> bool:
    """Whether a participant may go from one state to the other."""
    return after in MEANINGS[before].then


def table() -> str:
    """The states in Markdown."""
    rows = ["| state | says | then |", "|---|---|---|"]
    for state in ParticipantState:
        then = ", ".join(f"`{one}`" for one in ParticipantState if one in MEANINGS[state].then)
        rows.append(f"| `{state}` | {MEANINGS[state].says} | {then} |")
    return "\n".join(rows) + "\n"
