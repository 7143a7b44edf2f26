"""The state table: what follows what, and that nothing is a dead end by mistake."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.delivery.verbs import POSSIBLE, Verb
from gateway.lifecycle import ALLOWED, FINAL, Business, NotAllowed, State, change, may_answer

NOW = datetime(2026, 11, 21, tzinfo=UTC)
states = st.sampled_from(State)


def followers(state: State) -> set[State]:
    return {after for before, after in ALLOWED if before is state}


@given(states, states)
def test_a_change_is_what_the_table_says(before: State, after: State) -> None:
    next_at = NOW if after is State.WAITING else None
    if before is after or (before, after) in ALLOWED:
        made = change(before, after, code="x.y", text="Why.", next_at=next_at)
        assert (made.before, made.after, made.next_at) == (before, after, next_at)
    else:
        with pytest.raises(NotAllowed, match=f"is {before} can not become {after}"):
            change(before, after, code="x.y", text="Why.", next_at=next_at)


@pytest.mark.parametrize(("after", "next_at"), [(State.WAITING, None), (State.SENDING, NOW)])
def test_what_waits_and_only_that_has_a_time(after: State, next_at: datetime | None) -> None:
    with pytest.raises(ValueError, match="a time to go on"):
        change(State.ROUTING, after, code="x.y", text="Why.", next_at=next_at)


def test_every_state_is_reached_from_received() -> None:
    reached, todo = {State.RECEIVED}, [State.RECEIVED]
    while todo:
        new = followers(todo.pop()) - reached
        reached |= new
        todo += new
    assert reached == set(State)


def test_every_state_leads_to_a_final_one() -> None:
    for state in State:
        reached, todo = {state}, [state]
        while todo:
            new = followers(todo.pop()) - reached
            reached |= new
            todo += new
        assert reached & FINAL


def test_what_is_rejected_or_cancelled_stays_so() -> None:
    assert followers(State.REJECTED) == followers(State.CANCELLED) == set()


def test_what_is_being_handed_over_takes_no_verb() -> None:
    assert all(State.SENDING not in states for states in POSSIBLE.values())


def test_whatever_is_held_has_a_way_out() -> None:
    assert State.HELD in POSSIBLE[Verb.RELEASE] & POSSIBLE[Verb.RETRY] & POSSIBLE[Verb.CANCEL]


def test_every_row_says_why() -> None:
    assert all(ALLOWED.values())
    assert all(before is not after for before, after in ALLOWED)


@pytest.mark.parametrize(
    ("said", "may"),
    [
        (
            "none",
            "acknowledged in_process under_query conditionally_accepted accepted rejected paid",
        ),
        ("acknowledged", "in_process under_query conditionally_accepted accepted rejected paid"),
        ("under_query", "under_query conditionally_accepted accepted rejected paid"),
        ("conditionally_accepted", "accepted rejected paid"),
        ("accepted", "paid"),
        ("rejected", ""),
        ("paid", ""),
    ],
)
def test_a_buyer_never_goes_back(said: str, may: str) -> None:
    answers = [one for one in Business if may_answer(Business(said), one)]
    assert answers == sorted(map(Business, may.split()), key=list(Business).index)
