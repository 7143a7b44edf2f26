"""The agreement of an issuer with MPS: what may follow what, when it is looked at, what is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from transports.efaktura_no import agreement, terms
from transports.efaktura_no.agreement import FOLLOWS, Agreement, State
from transports.efaktura_no.wire.issuers import IssuerState, IssuerStatus

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TERMS = terms.read(
    {
        "account": "1503 83 66383",
        "kid_algorithm": "mod10",
        "kid_length": 12,
        "reference_position": "1-5",
        "signer_name": "Kari Havn",
        "signer_email": "kari@havbris.example",
    }
)
ISSUER = agreement.issuer("918130047", "Havbris Regnskap AS", TERMS)
FRESH = agreement.requested("cmp_here", ISSUER, NOW)


def in_state(state: State) -> Agreement:
    return replace(FRESH, state=state)


# What MPS may say, and what it makes of each state. What is not here changes nothing.
CHANGES = {
    (State.REQUESTED, IssuerState.EMAIL_SENT): State.EMAIL_SENT,
    (State.REQUESTED, IssuerState.ACTIVE): State.ACTIVE,
    (State.REQUESTED, IssuerState.DECLINED): State.DECLINED,
    (State.REQUESTED, IssuerState.EXPIRED): State.EXPIRED,
    (State.REQUESTED, IssuerState.ELSEWHERE): State.ELSEWHERE,
    (State.EMAIL_SENT, IssuerState.ACTIVE): State.ACTIVE,
    (State.EMAIL_SENT, IssuerState.DECLINED): State.DECLINED,
    (State.EMAIL_SENT, IssuerState.EXPIRED): State.EXPIRED,
    (State.EMAIL_SENT, IssuerState.ELSEWHERE): State.ELSEWHERE,
    (State.ELSEWHERE, IssuerState.EMAIL_SENT): State.EMAIL_SENT,
    (State.ELSEWHERE, IssuerState.ACTIVE): State.ACTIVE,
    (State.ELSEWHERE, IssuerState.DECLINED): State.DECLINED,
    (State.ELSEWHERE, IssuerState.EXPIRED): State.EXPIRED,
    (State.ACTIVE, IssuerState.DISABLED): State.DISABLED,
    (State.ACTIVE, IssuerState.ELSEWHERE): State.DISABLED,
    (State.ACTIVE, IssuerState.DECLINED): State.DISABLED,
}


@pytest.mark.parametrize("before", State)
@pytest.mark.parametrize("said", IssuerState)
def test_each_word_of_mps_has_its_meaning(before: State, said: IssuerState) -> None:
    after = agreement.news(in_state(before), IssuerStatus("918130047", said)).state
    assert after is CHANGES.get((before, said), before)


def test_every_state_has_a_row_and_every_one_but_the_first_can_be_come_to() -> None:
    assert set(FOLLOWS) == set(State)
    assert set().union(*FOLLOWS.values()) == set(State)
    assert agreement.PENDING | agreement.OVER | {State.ACTIVE} == set(State)


@pytest.mark.parametrize("state", State)
def test_all_but_an_active_one_can_be_asked_for_anew(state: State) -> None:
    before = replace(in_state(state), version=7, reason="as it was")
    if state is State.ACTIVE:
        with pytest.raises(ValueError, match="active"):
            agreement.requested("cmp_here", ISSUER, NOW, before)
        return
    anew = agreement.requested("cmp_here", ISSUER, NOW, before)
    assert (anew.state, anew.version, anew.reason) == (State.REQUESTED, 7, None)


@pytest.mark.parametrize("state", State)
def test_it_is_the_same_after_a_restart(state: State) -> None:
    before = replace(in_state(state), rule_due=True, reason="Ja.", version=3)
    assert agreement.of(before.entry(NOW)) == before


@pytest.mark.parametrize(
    ("state", "rule_due", "wait"),
    [
        (State.REQUESTED, False, timedelta(minutes=30)),
        (State.EMAIL_SENT, False, timedelta(minutes=30)),
        (State.ELSEWHERE, False, timedelta(minutes=30)),
        (State.ACTIVE, True, timedelta(minutes=30)),
        (State.ACTIVE, False, timedelta(days=1)),
        (State.DECLINED, False, None),
        (State.EXPIRED, False, None),
        (State.DISABLED, False, None),
    ],
)
def test_it_is_looked_at_in_time(state: State, rule_due: bool, wait: timedelta | None) -> None:
    due = replace(in_state(state), rule_due=rule_due).entry(NOW).due_at
    assert due == (None if wait is None else NOW + wait)


@pytest.mark.parametrize("state", State)
def test_each_state_is_told_in_a_sentence(state: State) -> None:
    text = in_state(state).text(NOW)
    assert text.endswith(".")
    assert ("kari@havbris.example" in text) == (state is State.EMAIL_SENT)


def test_what_mps_said_is_told_along() -> None:
    told = agreement.moved(FRESH, State.DECLINED, "No rights.")
    assert told.text(NOW) == "The agreement was declined. No rights."


@pytest.mark.parametrize("state", State)
def test_one_that_is_late_says_what_to_do(state: State) -> None:
    text = in_state(state).text(NOW + timedelta(hours=24, seconds=1))
    assert ("within 24 hours" in text) == (state in (State.REQUESTED, State.EMAIL_SENT))
    assert "within 24 hours" not in in_state(state).text(NOW + timedelta(hours=24))


@pytest.mark.parametrize("state", State)
def test_one_that_nobody_signs_lapses(state: State) -> None:
    asked_for_long = NOW + timedelta(days=30, seconds=1)
    after = agreement.looked_at(in_state(state), asked_for_long).state
    assert after is (State.EXPIRED if state in agreement.PENDING else state)
    assert agreement.looked_at(in_state(state), NOW + timedelta(days=30)).state is state


def test_mps_is_told_where_the_kid_names_the_customer_once_it_is_active() -> None:
    assert agreement.moved(FRESH, State.ACTIVE).rule_due
    without = replace(FRESH, issuer=replace(ISSUER, reference=None))
    assert not agreement.moved(without, State.ACTIVE).rule_due
    assert not agreement.moved(FRESH, State.EMAIL_SENT).rule_due


def test_the_issuer_is_as_the_terms_say() -> None:
    assert ISSUER.account == "15038366383"
    assert ISSUER.reference == "KID[1-5]"
    assert ISSUER.kid_length == 12
