"""What each answer of a channel makes of a document: the decisions, without store or channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.delivery.backoff import Backoff
from gateway.delivery.late import BUSY, overdue, reported
from gateway.delivery.legs import LegState, failed, key, legs_of, next_leg, reasons
from gateway.delivery.outcome import (
    INTERRUPTIONS,
    OUTCOME_UNKNOWN,
    Try,
    intent,
    interrupted,
    not_called,
    not_tried,
    settle,
)
from gateway.delivery.trouble import CLAIMS, TRIES, went_wrong
from gateway.lifecycle import State
from gateway.routing.plan import Plan, Step
from gateway.store.port import Again, Attempt, Checkpoint, Dead, Done, Job, Keep, Leg, NewPart, Role
from tests.unit.delivery.test_verbs import document
from transports.base import (
    Delivered,
    Evidence,
    NotReachable,
    Outcome,
    Packed,
    ReachabilityUnknown,
    Reachable,
    Refused,
    Repeat,
    Sent,
    TryLater,
    Unknown,
    Verdict,
    Waiting,
)

NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
DAY = timedelta(days=1)
SAID = Verdict("email.said_so", "mx.example said 550", "The mail server said so.", "mx.example")
WIRE = (Evidence("request", "text/plain", b"MAIL FROM", NOW),)
BACKOFF = Backoff()
LEG = Leg("doc_1", 1, "email", key("doc_1", 1), LegState.TRYING, "kund@customer.example")
PLAN = Plan(
    "SE",
    (
        Step("internal", "internal", True, "route.included", "In line."),
        Step("kivra", "kivra", False, "route.not_configured", "Not configured on this gateway."),
        Step("email", "email", True, "route.included", "In line."),
        Step("letter", "letter", True, "route.included", "In line."),
    ),
)


def attempt(n: int, started_at: datetime, outcome: str | None = None) -> Attempt:
    ended_at = started_at if outcome else None
    return Attempt(f"att_{n}", "doc_1", 1, "email", started_at, ended_at, outcome)


def trial(state: State = State.SENDING, earlier: Sequence[Attempt] = ()) -> Try:
    return Try(document(state), LEG, attempt(99, NOW), earlier)


def types(work: Checkpoint) -> list[str]:
    return [event.type.removeprefix("document.") for event in work.events]


def after(work: Checkpoint) -> State:
    assert work.change is not None
    return work.change.after


def leg_state(work: Checkpoint) -> str:
    (leg,) = work.legs
    return leg.state


@pytest.mark.parametrize(
    ("outcome", "result", "state", "leg", "then", "events"),
    [
        (
            Delivered(SAID, WIRE, "ref"),
            "delivered",
            State.DELIVERED,
            LegState.DELIVERED,
            Done(),
            ["attempted", "delivered"],
        ),
        (Sent(SAID, WIRE), "sent", State.SENT, LegState.SENT, Done(), ["attempted", "sent"]),
        (
            Sent(SAID, WIRE, expects="report", until=NOW + DAY),
            "sent",
            State.SENT,
            LegState.SENT,
            Again(NOW + DAY, "expect", {}, "expect"),
            ["attempted", "sent"],
        ),
        (
            Refused(SAID, WIRE),
            "refused",
            State.ROUTING,
            LegState.REFUSED,
            Keep({}),
            ["attempted"],
        ),
        (
            TryLater(SAID, WIRE, after=timedelta(hours=1)),
            "try_later",
            State.WAITING,
            LegState.TRYING,
            Again,
            ["attempted", "waiting"],
        ),
        (
            Waiting(SAID, NOW + 3 * DAY, WIRE),
            "waiting",
            State.WAITING,
            LegState.TRYING,
            Again(NOW + 3 * DAY, data={}),
            ["attempted", "waiting"],
        ),
    ],
)
def test_an_outcome_settles_state_leg_attempt_job_and_events(
    outcome: Outcome,
    result: str,
    state: State,
    leg: LegState,
    then: object,
    events: list[str],
) -> None:
    work = settle(trial(), outcome, Repeat.HOLD, BACKOFF, NOW)
    assert work.attempt is not None and work.change is not None
    assert (work.attempt.outcome, work.attempt.ended_at) == (result, NOW)
    assert (work.attempt.text, work.attempt.remote) == (SAID.text, "mx.example")
    assert (after(work), leg_state(work), types(work)) == (state, leg, events)
    assert work.next == then or isinstance(work.next, Again)
    assert (work.change.code, work.change.text) == (SAID.code, SAID.public_text)
    (kept,) = work.parts
    assert (kept.role, kept.attempt_id, kept.content) == (Role.EVIDENCE, "att_99", b"MAIL FROM")


@pytest.mark.parametrize(
    ("outcome", "answered"),
    [
        (Delivered(SAID), True),
        (Sent(SAID), True),
        (Refused(SAID), True),
        (Waiting(SAID, NOW + DAY), True),
        (TryLater(SAID), True),
        (TryLater(SAID, answered=False), False),
        (Unknown(SAID), True),
        (Unknown(SAID, answered=False), False),
    ],
)
def test_whether_the_channel_answered_is_told_to_its_breaker(
    outcome: Outcome, answered: bool
) -> None:
    assert settle(trial(), outcome, Repeat.HOLD, BACKOFF, NOW).answered is answered
    assert settle(trial(), outcome, Repeat.SAFE, BACKOFF, NOW).answered is answered


def test_what_was_no_call_says_nothing_of_the_channel_unless_it_was_not_there() -> None:
    asked = trial(State.ROUTING)
    assert not_tried(asked, NotReachable(SAID), BACKOFF, NOW).answered is None
    assert not_tried(asked, ReachabilityUnknown(SAID), BACKOFF, NOW).answered is None
    away = ReachabilityUnknown(SAID, answered=False)
    assert not_tried(asked, away, BACKOFF, NOW).answered is False
    assert not_called(trial(), NOW).answered is None
    assert interrupted(trial(), Repeat.HOLD, NOW).answered is None
    assert interrupted(trial(), Repeat.SAFE, NOW).answered is None


def test_the_text_for_operators_is_never_in_an_event_or_a_state() -> None:
    for outcome in (
        Delivered(SAID),
        Sent(SAID),
        Refused(SAID),
        TryLater(SAID),
        Waiting(SAID, NOW + DAY),
        Unknown(SAID),
    ):
        work = settle(trial(), outcome, Repeat.HOLD, BACKOFF, NOW)
        assert work.change is not None
        assert "mx.example" not in repr((work.change, work.events))


def test_what_a_channel_asks_for_is_waited_for() -> None:
    work = settle(trial(), TryLater(SAID, after=timedelta(hours=1)), Repeat.HOLD, BACKOFF, NOW)
    assert isinstance(work.next, Again) and work.change is not None
    assert work.next.due_at >= NOW + timedelta(hours=1)
    assert work.change.next_at == work.next.due_at


def test_a_channel_is_given_up_at_its_deadline_and_says_how_often_it_was_tried() -> None:
    earlier = [attempt(n, NOW - (3 - n) * DAY, "try_later") for n in range(3)]
    work = settle(trial(earlier=earlier), TryLater(SAID), Repeat.HOLD, BACKOFF, NOW)
    assert (after(work), leg_state(work)) == (State.ROUTING, LegState.REFUSED)
    assert work.attempt is not None and work.attempt.public_text is not None
    assert work.attempt.code == "delivery.gave_up"
    assert "Given up after 4 tries since 2026-11-18 08:00 UTC." in work.attempt.public_text


@given(st.sampled_from([State.ROUTING, State.WAITING]))
def test_unknown_reachability_is_never_a_no(state: State) -> None:
    work = not_tried(trial(state), ReachabilityUnknown(SAID), BACKOFF, NOW)
    assert (after(work), leg_state(work)) == (State.WAITING, LegState.TRYING)


@given(st.sampled_from([State.ROUTING, State.WAITING]))
def test_not_reachable_is_the_next_channel_s_turn(state: State) -> None:
    work = not_tried(trial(state), NotReachable(SAID, WIRE), BACKOFF, NOW)
    assert (after(work), leg_state(work)) == (State.ROUTING, LegState.UNREACHABLE)
    assert (work.next, types(work)) == (Keep({}), ["attempted"])


@pytest.mark.parametrize("state", [State.ROUTING, State.WAITING, State.SENDING])
def test_the_intent_is_an_attempt_without_an_end(state: State) -> None:
    image = NewPart(Role.IMAGE, "invoice.pdf", "application/pdf", b"%PDF")
    before = trial(state)
    work = intent(before, Reachable("there", SAID, WIRE), image)
    assert work.attempt is not None and work.attempt.ended_at is None
    assert (after(work), work.legs[0].address, work.channel) == (State.SENDING, "there", "email")
    assert [part.role for part in work.parts] == [Role.IMAGE, Role.EVIDENCE]
    assert work.next == Keep()
    assert before.after(work).document.state is State.SENDING


# --- nobody knows -----------------------------------------------------------------------------


def test_bytes_that_were_made_ahead_are_kept_with_the_intent_and_whom_they_go_to() -> None:
    found = Reachable("https://here.example", SAID, (Evidence("smp", "text/xml", b"<a/>", NOW),))
    packed = Packed(WIRE[0], "https://there.example", "POP000002")
    begun = trial(State.ROUTING)
    work = intent(begun, found, None, packed)
    assert [(part.name, part.attempt_id) for part in work.parts] == [
        ("smp", "att_99"),
        ("request", "att_99"),
    ]
    assert work.legs[0].address == "https://there.example"
    assert work.attempt is not None
    assert (work.attempt.ended_at, work.attempt.remote) == (None, "POP000002")
    after = interrupted(begun.after(work), Repeat.SAFE, NOW)
    assert after.attempt is not None
    assert after.attempt.remote == "POP000002", "it may have it, and may say what became of it"


def test_an_unknown_outcome_is_held_where_the_channel_does_not_know_the_key() -> None:
    work = settle(trial(), Unknown(SAID, WIRE), Repeat.HOLD, BACKOFF, NOW)
    assert work.change is not None
    assert (after(work), work.change.code, work.next) == (State.HELD, OUTCOME_UNKNOWN, Done())
    assert leg_state(work) == LegState.TRYING
    assert types(work) == ["attempted", "held"]


def test_an_unknown_outcome_is_tried_again_where_it_does_until_the_deadline() -> None:
    work = settle(trial(), Unknown(SAID), Repeat.SAFE, BACKOFF, NOW)
    assert (after(work), leg_state(work)) == (State.WAITING, LegState.TRYING)
    old = [attempt(1, NOW - 4 * DAY, "unknown")]
    work = settle(trial(earlier=old), Unknown(SAID), Repeat.SAFE, BACKOFF, NOW)
    assert after(work) is State.HELD, "never the next channel: that might be a second copy"


@pytest.mark.parametrize(("unknowns", "then"), [(0, Again), (2, Again), (3, Done), (4, Done)])
def test_a_channel_that_may_be_repeated_so_often_is_left_to_a_person_after_that(
    unknowns: int, then: type
) -> None:
    earlier = [attempt(n, NOW, "unknown") for n in range(1, unknowns + 1)]
    outcome = Unknown(SAID, repeats=3)
    work = settle(trial(earlier=earlier), outcome, Repeat.SAFE, BACKOFF, NOW)
    assert isinstance(work.next, then)
    assert work.change is not None
    assert work.change.after is (State.HELD if then is Done else State.WAITING)


@pytest.mark.parametrize("state", [State.SENDING, State.ROUTING])
def test_an_interrupted_attempt_is_closed_and_repeated_at_once_where_that_is_safe(
    state: State,
) -> None:
    work = interrupted(trial(state), Repeat.SAFE, NOW)
    assert (work.next, work.change, work.legs) == (Keep(), None, ())
    assert work.attempt is not None and work.attempt.outcome == "unknown"
    held = interrupted(trial(state), Repeat.HOLD, NOW)
    assert after(held) is State.HELD


def test_an_interruption_is_repeated_however_long_the_gateway_was_down() -> None:
    old = Try(document(State.SENDING), LEG, attempt(1, NOW - 40 * DAY))
    assert interrupted(old, Repeat.SAFE, NOW).next == Keep()


def test_an_attempt_that_interrupts_us_again_and_again_is_held() -> None:
    old = [attempt(n, NOW, "unknown") for n in range(INTERRUPTIONS)]
    assert after(interrupted(trial(earlier=old), Repeat.SAFE, NOW)) is State.HELD


def test_what_a_channel_may_have_goes_to_no_other_when_it_is_not_there_any_more() -> None:
    unsure = trial(State.ROUTING, [attempt(1, NOW, "unknown")])
    work = not_tried(unsure, NotReachable(SAID), BACKOFF, NOW)
    assert (after(work), leg_state(work)) == (State.HELD, LegState.TRYING)


def test_what_a_channel_may_have_goes_to_no_other_when_it_is_given_up() -> None:
    old = [attempt(1, NOW - 4 * DAY, "unknown"), attempt(2, NOW - 3 * DAY, "try_later")]
    work = settle(trial(earlier=old), TryLater(SAID), Repeat.SAFE, BACKOFF, NOW)
    assert work.change is not None
    assert (after(work), work.change.code) == (State.HELD, OUTCOME_UNKNOWN)


def test_a_call_that_was_not_made_is_no_unknown_outcome() -> None:
    work = not_called(trial(), NOW)
    assert work.attempt is not None
    assert (work.attempt.outcome, after(work)) == ("try_later", State.ROUTING)
    assert work.next == Again(NOW, data={})


# --- legs -------------------------------------------------------------------------------------


def test_a_leg_keeps_its_key_and_a_second_round_has_others() -> None:
    first, second = legs_of("doc_1", PLAN), legs_of("doc_1", PLAN, first=3)
    assert [leg.channel for leg in first] == ["internal", "email", "letter"]
    assert first == legs_of("doc_1", PLAN)
    assert len({leg.key for leg in (*first, *second)}) == 6
    assert {leg.key for leg in first}.isdisjoint(leg.key for leg in legs_of("doc_2", PLAN))


def test_the_next_leg_is_the_one_being_tried_or_the_first_that_was_not() -> None:
    legs = list(legs_of("doc_1", PLAN))
    assert next_leg(legs) == legs[0]
    legs[0] = replace(legs[0], state=LegState.UNREACHABLE)
    legs[1] = replace(legs[1], state=LegState.TRYING)
    assert next_leg(legs) == legs[1]
    assert next_leg([replace(leg, state=LegState.REFUSED) for leg in legs]) is None


def test_the_reasons_are_the_last_word_on_each_step_of_the_latest_round() -> None:
    legs = legs_of("doc_1", PLAN) + legs_of("doc_1", PLAN, first=3)
    told = [
        {"leg": 1, "code": "email.old", "text": "Old."},
        {"leg": 3, "code": "internal.not_here", "text": "Not here."},
        {"leg": 4, "code": "email.busy", "text": "Busy."},
        {"leg": 4, "code": "email.refused", "text": "Refused."},
    ]
    why = reasons(PLAN, legs, told)
    assert [(reason["channel"], reason["code"]) for reason in why] == [
        ("internal", "internal.not_here"),
        ("kivra", "route.not_configured"),
        ("email", "email.refused"),
        ("letter", "route.included"),
    ]
    work = failed(document(State.ROUTING), PLAN, legs, told)
    assert work.change is not None and "email: Refused." in work.change.text


# --- late -------------------------------------------------------------------------------------

LEGS = [
    Leg("doc_1", 0, "internal", key("doc_1", 0), LegState.UNREACHABLE),
    replace(LEG, state=LegState.SENT, expects="report", until=NOW + DAY),
    Leg("doc_1", 2, "letter", key("doc_1", 2), LegState.PLANNED),
]
LATE = [Delivered(SAID), Sent(SAID, expects="report"), Refused(SAID)]


def late(
    state: State, outcome: Delivered | Sent | Refused, legs: Sequence[Leg] = LEGS
) -> Checkpoint:
    return reported(
        document(state), legs[1], outcome, plan=PLAN, legs=legs, earlier=(), parts=(), now=NOW
    )


@pytest.mark.parametrize(
    ("state", "outcome", "becomes", "leg", "then"),
    [
        (State.SENT, LATE[0], State.DELIVERED, LegState.DELIVERED, Done()),
        (State.SENT, LATE[1], State.SENT, LegState.SENT, Again(NOW + DAY, "expect", {}, "expect")),
        (
            State.SENT,
            LATE[2],
            State.ROUTING,
            LegState.REFUSED,
            Again(NOW, "deliver", {}, "deliver"),
        ),
        (
            State.DELIVERED,
            LATE[2],
            State.ROUTING,
            LegState.REFUSED,
            Again(NOW, "deliver", {}, "deliver"),
        ),
        (State.WAITING, LATE[0], State.DELIVERED, LegState.DELIVERED, Done()),
        (
            State.WAITING,
            LATE[2],
            State.ROUTING,
            LegState.REFUSED,
            Again(NOW, "deliver", {}, "deliver"),
        ),
        (State.HELD, LATE[0], State.DELIVERED, LegState.DELIVERED, Done()),
        (State.HELD, LATE[1], State.SENT, LegState.SENT, Again(NOW + DAY, "expect", {}, "expect")),
        (State.HELD, LATE[2], State.HELD, LegState.REFUSED, Done()),
    ],
)
def test_a_late_report_moves_the_document_that_its_leg_has(
    state: State,
    outcome: Delivered | Sent | Refused,
    becomes: State,
    leg: LegState,
    then: object,
) -> None:
    work = late(state, outcome)
    assert (after(work), leg_state(work), work.next) == (becomes, leg, then)
    assert types(work)[0] == "reported"


@pytest.mark.parametrize("state", [State.SENT, State.DELIVERED])
def test_back_with_no_channel_left_it_has_failed(state: State) -> None:
    refused = replace(LEGS[2], state=LegState.REFUSED)
    work = late(state, Refused(SAID), [*LEGS[:2], refused])
    assert (after(work), types(work)) == (State.FAILED, ["reported", "failed"])
    assert {"channel": "email", "code": SAID.code, "text": SAID.public_text} in work.events[1].data[
        "reasons"
    ]


@pytest.mark.parametrize("state", set(State) - BUSY)
@pytest.mark.parametrize("outcome", LATE)
@pytest.mark.parametrize("leg", LegState)
def test_every_report_in_every_state_is_told_and_allowed(
    state: State, outcome: Delivered | Sent | Refused, leg: LegState
) -> None:
    legs = [LEGS[0], replace(LEGS[1], state=leg), LEGS[2]]
    work = late(state, outcome, legs)
    assert types(work)[0] == "reported"
    if leg in (LegState.PLANNED, LegState.REFUSED, LegState.UNREACHABLE):
        assert (work.change, work.legs) == (None, ())


def test_no_report_in_time_leaves_it_sent() -> None:
    work = overdue(document(State.SENT), LEGS[1])
    assert (after(work), types(work), work.next) == (State.SENT, ["unconfirmed"], Done())
    assert work.events[0].data["expects"] == "report"


# --- trouble ----------------------------------------------------------------------------------


def job(errors: int = 0, tries: int = 1, kind: str = "deliver") -> Job:
    data = {"errors": errors, "anew": True}
    return Job(1, "com_1", "doc_1", kind, 1, tries, data, "email", "doc_1")


FAULT = ZeroDivisionError("of ours")
DEAD = Dead("internal.error", "ZeroDivisionError: of ours")


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("errors", [0, TRIES - 1])
def test_a_fault_of_ours_ends_nothing(state: State, errors: int) -> None:
    work = went_wrong(document(state), job(errors), FAULT, BACKOFF, NOW)
    if errors == 0:
        assert isinstance(work.next, Again)
        assert work.next.due_at > NOW
        assert work.next.data == {"errors": 1, "anew": True}
    else:
        assert work.next == DEAD
        if state in (State.RECEIVED, State.ROUTING, State.SENDING, State.WAITING):
            assert after(work) is State.HELD
    if work.change is not None:
        assert work.change.before is state


def test_a_document_that_kills_every_worker_is_held() -> None:
    poison = job(tries=CLAIMS + 1, kind="prepare")
    work = went_wrong(document(State.RECEIVED), poison, FAULT, BACKOFF, NOW)
    assert (after(work), work.next) == (State.HELD, DEAD)


def test_what_is_about_no_document_comes_again_and_is_dead_in_the_end() -> None:
    first = went_wrong(None, job(), FAULT, BACKOFF, NOW)
    assert isinstance(first.next, Again)
    assert first.next.data == {"errors": 1, "anew": True}
    last = went_wrong(None, job(TRIES - 1), FAULT, BACKOFF, NOW)
    assert last == Checkpoint(next=DEAD)


def test_the_dead_list_shows_the_last_line_of_a_fault() -> None:
    traced = ValueError("Traceback:\n  somewhere\nMemoryError")
    work = went_wrong(None, job(TRIES - 1), traced, BACKOFF, NOW)
    assert work.next == Dead("internal.error", "ValueError: MemoryError")
    silent = went_wrong(None, job(TRIES - 1), KeyError(), BACKOFF, NOW)
    assert silent.next == Dead("internal.error", "KeyError: KeyError()")
