"""What is charged by the events of a document, case by case."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.store.port import Event
from gateway.usage.counting import counted

START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)

Told = tuple[str, Mapping[str, Any]]


def attempted(leg: int, channel: str, outcome: str) -> Told:
    return "document.attempted", {"leg": leg, "channel": channel, "outcome": outcome}


def reported(leg: int, channel: str, outcome: str) -> Told:
    return "document.reported", {"leg": leg, "channel": channel, "outcome": outcome}


def sent(channel: str, expects: str | None = None) -> Told:
    return "document.sent", {"channel": channel, "expects": expects}


def delivered(channel: str) -> Told:
    return "document.delivered", {"channel": channel}


def charged(*told: Told, before: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    events = [
        Event(f"cur_{n}", f"evt_{n}", "com", "doc", kind, START + timedelta(hours=n), data)
        for n, (kind, data) in enumerate(told)
    ]
    return [(one.id, one.channel) for one in counted("doc", events, before)]


PROOF = (attempted(0, "peppol", "delivered"), delivered("peppol"))
OWED = (attempted(0, "letter", "sent"), sent("letter", "report"))
TAKEN = (attempted(0, "email", "sent"), sent("email"))
HELD = (attempted(0, "email", "unknown"), ("document.held", {"code": "x"}))

CASES: dict[str, tuple[tuple[Told, ...], list[tuple[str, str]]]] = {
    "proof at once": (PROOF, [("doc/0", "peppol")]),
    "no proof will come": (TAKEN, [("doc/0", "email")]),
    "a report is owed": (OWED, []),
    "and comes": (
        (*OWED, reported(0, "letter", "delivered"), delivered("letter")),
        [("doc/0", "letter")],
    ),
    "and comes twice": (
        (*OWED, *[reported(0, "letter", "delivered")] * 2),
        [("doc/0", "letter")],
    ),
    "and never comes": ((*OWED, ("document.unconfirmed", {"channel": "letter"})), []),
    "and says that it came back": ((*OWED, reported(0, "letter", "refused")), []),
    "tried again": ((attempted(0, "peppol", "try_later"), *PROOF), [("doc/0", "peppol")]),
    "proof after no proof was owed": (
        (*TAKEN, reported(0, "email", "delivered"), delivered("email")),
        [("doc/0", "email")],
    ),
    "came back": (
        (*TAKEN, reported(0, "email", "refused")),
        [("doc/0", "email"), ("doc/0/back", "email")],
    ),
    "came back twice": (
        (*TAKEN, *[reported(0, "email", "refused")] * 2),
        [("doc/0", "email"), ("doc/0/back", "email")],
    ),
    "came back, and then it had not": (
        (*TAKEN, reported(0, "email", "refused"), reported(0, "email", "delivered")),
        [("doc/0", "email"), ("doc/0/back", "email")],
    ),
    "came back, and by the next": (
        (
            *(*TAKEN, reported(0, "email", "refused"), attempted(1, "letter", "delivered")),
            delivered("letter"),
        ),
        [("doc/0", "email"), ("doc/0/back", "email"), ("doc/1", "letter")],
    ),
    "refused, and by the next": (
        (attempted(0, "email", "refused"), attempted(1, "letter", "delivered")),
        [("doc/1", "letter")],
    ),
    "sent once more": (
        (*PROOF, ("document.resent", {}), attempted(1, "peppol", "delivered")),
        [("doc/0", "peppol"), ("doc/1", "peppol")],
    ),
    "a report on the round before": (
        (*OWED, ("document.resent", {}), reported(0, "letter", "delivered")),
        [("doc/0", "letter")],
    ),
    "nobody knows": (HELD, []),
    "nobody knows, and a person counts it as sent": (
        (*HELD, ("document.released", {}), sent("email")),
        [("doc/0", "email")],
    ),
    "recalled after it was delivered": (
        (*PROOF, reported(0, "peppol", "recalled")),
        [("doc/0", "peppol")],
    ),
    "recalled before": ((*OWED, reported(0, "letter", "recalled")), []),
    "paid": ((*PROOF, ("document.answered", {"business": "paid"})), [("doc/0", "peppol")]),
    "rejected": ((("document.rejected", {"code": "x"}),), []),
    "it came in": ((("inbox.received", {"channel": "peppol"}),), [("doc/in", "peppol")]),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_charged(case: str) -> None:
    told, expected = CASES[case]
    assert charged(*told) == expected


@pytest.mark.parametrize("case", CASES)
def test_counted_again_with_more_events_nothing_changes(case: str) -> None:
    """What was charged by the first events is charged by all of them, first and the same."""
    told, expected = CASES[case]
    for n in range(len(told)):
        assert expected[: len(charged(*told[:n]))] == charged(*told[:n])


def test_what_was_charged_by_events_that_are_gone_is_taken_back() -> None:
    back = reported(0, "email", "refused")
    assert charged(back, before=("doc/0",)) == [("doc/0/back", "email")]
    assert charged(back) == []
