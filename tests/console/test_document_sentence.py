"""Where a document stands, in a sentence: for every state, and the codes people tell apart."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from gateway.console.documents.sentence import Actor, Case, channel_name, clock, standing
from gateway.console.documents.top import top
from gateway.console.pages import Words
from gateway.lifecycle import Business, InboxState, State
from gateway.routing.plan import INCLUDED, Plan, Step
from gateway.store.inbox import Item
from gateway.store.port import Attempt, Direction, Document, Head, Leg

NOW = datetime(2026, 11, 22, 12, 3, tzinfo=UTC)
EARLIER = NOW - timedelta(minutes=2)
THREE_DAYS_AGO = NOW - timedelta(days=3)
LATER = NOW + timedelta(hours=2)
LANGUAGES = ("en", "sv", "nb")


def document(state: State, code: str = "", channel: str | None = "email") -> Document:
    return Document(
        id="doc_1",
        company_id="com_1",
        direction=Direction.OUT,
        state=state,
        business=Business.NONE,
        version=3,
        media_type="application/json",
        head=Head(number="F-1", kind="invoice"),
        delivery={},
        channel=channel,
        code=code,
        text="",
        next_at=LATER if state is State.WAITING else None,
        created_at=EARLIER,
        updated_at=EARLIER,
    )


def leg(n: int, channel: str, state: str, **more: object) -> Leg:
    return replace(Leg("doc_1", n, channel, uuid4(), state), **more)  # type: ignore[arg-type]


def tried(n: int, channel: str, outcome: str | None, at: datetime = EARLIER) -> Attempt:
    ended = None if outcome is None else at
    return Attempt(f"att_{n}", "doc_1", n, channel, at, ended, outcome, f"{channel}.code")


def plan(*channels: str, recheck: str = "") -> Plan:
    days = {recheck: 3}
    return Plan("NO", tuple(Step(c, c, True, INCLUDED, "", days.get(c)) for c in channels))


def sending(state: State, code: str = "") -> Case:
    """One that is at e-mail, with a letter behind it."""
    legs = [leg(0, "email", "trying"), leg(1, "letter", "planned")]
    return Case(
        document(state, code), NOW, legs, [tried(0, "email", None)], plan("email", "letter")
    )


def after(outcome: str | None, *, state: State = State.WAITING, code: str = "") -> Case:
    return replace(sending(state, code), attempts=[tried(0, "email", outcome)])


def sent(code: str = "", **more: object) -> Case:
    legs = [leg(0, "email", "sent", **more), leg(1, "letter", "planned")]
    return Case(document(State.SENT, code), NOW, legs, [tried(0, "email", "sent")])


def agreement(*after: str) -> Case:
    """The recipient was asked for an agreement three days ago, and once more since."""
    channels = ("efaktura_no", *after)
    legs = [leg(n, c, "planned" if n else "trying") for n, c in enumerate(channels)]
    tries = [tried(0, "efaktura_no", "waiting", THREE_DAYS_AGO), tried(0, "efaktura_no", "waiting")]
    row = document(State.WAITING, "efaktura_no.asked", "efaktura_no")
    return Case(row, NOW, legs, tries, plan(*channels, recheck="efaktura_no"))


def came_in(state: InboxState | None, code: str = "") -> Case:
    row = replace(document(State.DELIVERED, code, "peppol"), direction=Direction.IN)
    row = replace(row, confirmed_at=EARLIER if state is InboxState.CONFIRMED else None)
    item = None if state is None else Item(row, state, code, "", handled_at=EARLIER)
    return Case(row, NOW, item=item)


TAKEN_BACK = replace(
    after("sent", state=State.CANCELLED, code="vipps.recalled"), legs=[leg(0, "email", "recalled")]
)

CASES: dict[str, tuple[Case, str, Actor]] = {
    "received": (sending(State.RECEIVED), "received", Actor.GATEWAY),
    "the scanner is away": (
        sending(State.RECEIVED, "document.scan_waits"),
        "scan_waits",
        Actor.OPERATOR,
    ),
    "rejected": (sending(State.REJECTED, "document.not_valid"), "rejected", Actor.COMPANY),
    "infected": (sending(State.REJECTED, "document.infected"), "infected", Actor.COMPANY),
    "routing": (Case(document(State.ROUTING), NOW), "routing", Actor.GATEWAY),
    "routing to the next": (sending(State.ROUTING), "routing_to", Actor.GATEWAY),
    "sending": (sending(State.SENDING), "sending", Actor.GATEWAY),
    "sent": (sent(), "sent", Actor.NOBODY),
    "sent, a report is owed": (
        sent(expects="report", until=LATER),
        "sent_expecting",
        Actor.CHANNEL,
    ),
    "sent, no report in time": (sent("delivery.unconfirmed"), "unconfirmed", Actor.COMPANY),
    "counted as sent": (sent("released.counts_as_sent"), "counted_as_sent", Actor.NOBODY),
    "being taken back": (sent("recall.asked"), "recalling", Actor.CHANNEL),
    "delivered": (
        replace(sent(), document=document(State.DELIVERED)),
        "delivered",
        Actor.NOBODY,
    ),
    "delivered here": (
        Case(document(State.DELIVERED, channel="internal"), NOW),
        "delivered_here",
        Actor.NOBODY,
    ),
    "posted": (
        Case(document(State.DELIVERED, channel="letter"), NOW),
        "posted",
        Actor.NOBODY,
    ),
    "delivered and being taken back": (
        replace(sent(), document=document(State.DELIVERED, "recall.asked")),
        "recalling",
        Actor.CHANNEL,
    ),
    "waiting for a file": (
        Case(document(State.WAITING, "attachment.timeout"), NOW),
        "file_waits",
        Actor.COMPANY,
    ),
    "waiting for a fault of ours": (
        Case(document(State.WAITING, "internal.error"), NOW),
        "fault_waits",
        Actor.GATEWAY,
    ),
    "waiting, nobody asked yet": (Case(document(State.WAITING), NOW), "waiting", Actor.GATEWAY),
    "waiting to repeat": (after("unknown"), "unknown_waits", Actor.GATEWAY),
    "waiting to try again": (after("try_later"), "try_later", Actor.GATEWAY),
    "put off by the channel": (after("waiting"), "put_off", Actor.CHANNEL),
    "waiting for an agreement": (agreement(), "agreement", Actor.RECIPIENT),
    "waiting for an agreement, then by e-mail": (
        agreement("email", "letter"),
        "agreement_then",
        Actor.RECIPIENT,
    ),
    "held, unknown": (
        after("unknown", state=State.HELD, code="delivery.outcome_unknown"),
        "outcome_unknown",
        Actor.COMPANY,
    ),
    "held, interrupted": (
        after(None, state=State.HELD, code="delivery.outcome_unknown"),
        "outcome_unknown",
        Actor.COMPANY,
    ),
    "held, several": (
        after("several", state=State.HELD, code="route.several"),
        "several",
        Actor.COMPANY,
    ),
    "held for its company": (
        sending(State.HELD, "company.unverified"),
        "company_closed",
        Actor.COMPANY,
    ),
    "held for a file": (sending(State.HELD, "attachment.gone"), "file_missing", Actor.COMPANY),
    "held on request": (
        sending(State.HELD, "document.held_on_request"),
        "held_on_request",
        Actor.COMPANY,
    ),
    "held by a person": (sending(State.HELD, "held.by_person"), "held_by_person", Actor.COMPANY),
    "held, too large to scan": (
        sending(State.HELD, "document.not_scannable"),
        "not_scannable",
        Actor.OPERATOR,
    ),
    "held for a fault of ours": (sending(State.HELD, "internal.error"), "fault", Actor.OPERATOR),
    "held, otherwise": (sending(State.HELD, "some.code"), "held", Actor.COMPANY),
    "failed": (sending(State.FAILED, "delivery.no_channel_left"), "failed", Actor.COMPANY),
    "cancelled": (
        after("try_later", state=State.CANCELLED, code="cancelled.by_person"),
        "cancelled",
        Actor.NOBODY,
    ),
    "cancelled, may have arrived": (
        after("unknown", state=State.CANCELLED, code="cancelled.by_person"),
        "cancelled_unsure",
        Actor.NOBODY,
    ),
    "taken back": (TAKEN_BACK, "taken_back", Actor.NOBODY),
    "in, for no inbox": (came_in(None), "came_in", Actor.NOBODY),
    "in, being read": (came_in(InboxState.READING), "reading", Actor.GATEWAY),
    "in, new": (came_in(InboxState.NEW), "inbox_new", Actor.COMPANY),
    "in, infected": (
        came_in(InboxState.BLOCKED, "document.infected"),
        "inbox_infected",
        Actor.OPERATOR,
    ),
    "in, company not verified": (
        came_in(InboxState.BLOCKED, "company.unverified"),
        "inbox_company",
        Actor.COMPANY,
    ),
    "in, the scanner is away": (
        came_in(InboxState.BLOCKED, "inbox.scan_waits"),
        "inbox_scan_waits",
        Actor.OPERATOR,
    ),
    "in, held": (came_in(InboxState.BLOCKED, "inbox.held"), "inbox_held", Actor.COMPANY),
    "in, kept back": (came_in(InboxState.BLOCKED, "inbox.x"), "inbox_blocked", Actor.OPERATOR),
    "in, a bad file": (
        came_in(InboxState.ATTACHMENT_ERROR),
        "inbox_attachment_error",
        Actor.COMPANY,
    ),
    "in, taken over": (came_in(InboxState.CONFIRMED), "inbox_confirmed", Actor.NOBODY),
    "in, handled": (came_in(InboxState.HANDLED), "inbox_handled", Actor.NOBODY),
}


@pytest.mark.parametrize("name", CASES)
def test_a_case_has_its_sentence_and_who_must_act(name: str) -> None:
    case, word, actor = CASES[name]
    said = standing(case)
    assert (said.word, said.actor) == (word, actor)
    texts = [said.text(Words(language), NOW) for language in LANGUAGES]
    assert len(set(texts)) == len(LANGUAGES)
    assert not any("{" in text or "None" in text for text in texts)


def test_every_state_is_among_them() -> None:
    assert {case.document.state for case, _, _ in CASES.values()} == set(State)
    assert {c.item.state for c, _, _ in CASES.values() if c.item} == set(InboxState)


def test_every_sentence_is_said_of_something() -> None:
    from gateway.console import pages

    known = {name for name in pages._texts()["en"] if name.startswith("document_is_")}
    assert known == {f"document_is_{word}" for _, word, _ in CASES.values()}


def test_it_tells_when_who_and_what_comes_next() -> None:
    said = standing(agreement("email")).text(Words("en"), NOW)
    assert said == (
        "Waiting: the recipient's agreement to eFaktura was asked for 2026-11-19 12:03. It is"
        " looked at again 14:03; without an agreement it then goes by e-mail."
    )
    held = standing(CASES["held, unknown"][0]).text(Words("nb"), NOW)
    assert held.startswith("Stanset: det er ikke kjent om e-post tok imot det 12:01.")


def test_times_of_today_are_short_and_unknown_channels_keep_their_names() -> None:
    assert clock(NOW, NOW) == "12:03"
    assert clock(NOW + timedelta(seconds=61), NOW) == "12:04:01"
    assert clock(THREE_DAYS_AGO, NOW) == "2026-11-19 12:03"
    assert channel_name(Words("sv"), "letter") == "brev"
    assert channel_name(Words("sv"), "pigeon") == "pigeon"


@pytest.mark.parametrize("operator", [True, False])
def test_whose_turn_it_is_depends_on_who_reads(operator: bool) -> None:
    for case, _, actor in CASES.values():
        head = top(case, "Vårt AB", Words("en"), operator=operator)
        mine = actor is (Actor.OPERATOR if operator else Actor.COMPANY)
        assert head.turn.startswith("You") is mine, case
