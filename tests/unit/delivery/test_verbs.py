"""What each verb does in each state."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.delivery.outcome import OUTCOME_UNKNOWN
from gateway.delivery.verbs import POSSIBLE, Decision, Denied, Facts, Verb, decide, judge
from gateway.lifecycle import Business, State
from gateway.store.port import Again, Direction, Document, Head

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def document(state: State, code: str = "x.y") -> Document:
    return Document(
        id="doc_1",
        company_id="com_1",
        direction=Direction.OUT,
        state=state,
        business=Business.NONE,
        version=3,
        media_type="application/json",
        head=Head(),
        delivery={},
        channel="email",
        code=code,
        text="Why.",
        next_at=NOW if state is State.WAITING else None,
        created_at=NOW,
        updated_at=NOW,
    )


def made(state: State, verb: Verb, *, code: str = "x.y", prepared: bool = True) -> Decision:
    decision = decide(document(state, code), verb, "because", NOW, prepared=prepared, unsure=False)
    assert isinstance(decision, Decision), decision
    return decision


@pytest.mark.parametrize("verb", Verb)
@pytest.mark.parametrize(
    ("state", "prepared"),
    # Only what was just received, or held then, has not been checked.
    [(state, True) for state in State] + [(State.RECEIVED, False), (State.HELD, False)],
)
def test_each_verb_is_done_or_denied_with_what_is_possible(
    state: State, verb: Verb, prepared: bool
) -> None:
    decision = decide(document(state), verb, "because", NOW, prepared=prepared, unsure=False)
    if state in POSSIBLE[verb] and verb is Verb.REROUTE and not prepared:
        assert isinstance(decision, Denied)
        assert "has not been checked yet" in decision.text
    elif state in POSSIBLE[verb]:
        assert isinstance(decision, Decision)
        assert decision.change.before is state
        assert decision.events[0].data["reason"] == "because"
    else:
        assert isinstance(decision, Denied)
        possible = [other for other in Verb if state in POSSIBLE[other]]
        assert all(other in decision.text for other in possible)


@pytest.mark.parametrize(
    ("state", "verb", "prepared", "after", "kind", "data"),
    [
        (State.HELD, Verb.RELEASE, True, State.ROUTING, "deliver", {}),
        (State.HELD, Verb.RELEASE, False, State.RECEIVED, "prepare", {}),
        (State.HELD, Verb.RETRY, False, State.RECEIVED, "prepare", {}),
        (State.WAITING, Verb.RETRY, True, State.ROUTING, "deliver", {}),
        (State.FAILED, Verb.RETRY, True, State.ROUTING, "deliver", {}),
        (State.SENT, Verb.RESEND, True, State.ROUTING, "deliver", {}),
        (State.DELIVERED, Verb.REROUTE, True, State.ROUTING, "deliver", {}),
    ],
)
def test_what_goes_on_goes_on_now(
    state: State,
    verb: Verb,
    prepared: bool,
    after: State,
    kind: str,
    data: Mapping[str, Any],
) -> None:
    decision = made(state, verb, prepared=prepared)
    assert decision.change.after is after
    assert decision.job == Again(NOW, kind, data, kind)


@pytest.mark.parametrize(
    ("verb", "after"), [(Verb.HOLD, State.HELD), (Verb.CANCEL, State.CANCELLED)]
)
def test_what_is_stopped_has_no_job(verb: Verb, after: State) -> None:
    decision = made(State.WAITING, verb)
    assert (decision.change.after, decision.job) == (after, None)


def test_an_unknown_outcome_is_settled_by_a_person() -> None:
    released = made(State.HELD, Verb.RELEASE, code=OUTCOME_UNKNOWN)
    assert (released.change.after, released.job) == (State.SENT, None)
    retried = made(State.HELD, Verb.RETRY, code=OUTCOME_UNKNOWN)
    assert (retried.change.after, retried.job) == (
        State.ROUTING,
        Again(NOW, "deliver", {}, "deliver"),
    )


def test_what_is_being_handed_over_is_left_alone_for_a_moment() -> None:
    denied = decide(
        document(State.SENDING), Verb.CANCEL, "because", NOW, prepared=True, unsure=False
    )
    assert isinstance(denied, Denied)
    assert "Try again in a moment" in denied.text


def test_who_cancels_is_told_that_it_may_have_arrived() -> None:
    for unsure in (False, True):
        decision = decide(
            document(State.WAITING), Verb.CANCEL, "because", NOW, prepared=True, unsure=unsure
        )
        assert isinstance(decision, Decision)
        assert ("may have reached the recipient" in decision.change.text) is unsure


def test_what_failed_and_whose_plan_is_gone_is_not_tried_again() -> None:
    """Retention may have taken it: there is nothing to begin anew with."""
    facts = Facts(frozenset(), (), unsure=False)
    denied = judge(document(State.FAILED), Verb.RETRY, facts, "because", NOW)
    assert isinstance(denied, Denied) and denied.code == "content_gone"
