"""Our states in the words of ledgers: every state has one, and only words that the ledger knows."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from gateway.events import Type
from gateway.ledger.mapping import Ledger, Status, System, status, status_of_event
from gateway.ledger.systems import MAVENTA, ODOO, SYSTEMS
from gateway.lifecycle import ALLOWED, FINAL, Business, State

every_system = pytest.mark.parametrize("system", SYSTEMS.values(), ids=lambda each: str(each.id))


def test_every_ledger_that_can_be_asked_for_has_a_table() -> None:
    assert set(SYSTEMS) == set(Ledger)


@every_system
def test_every_state_of_ours_has_a_row(system: System) -> None:
    assert set(system.transport) == set(State)
    assert set(system.business) <= set(Business) - {Business.NONE}


@every_system
def test_only_words_that_the_source_gives_are_used(system: System) -> None:
    for there in (*system.transport.values(), *system.business.values()):
        assert there.name is None or there.name in system.values
        assert there.text.endswith(".")


@every_system
def test_a_state_in_which_it_may_still_go_looks_like_none_that_may_be_sent_again(
    system: System,
) -> None:
    # A ledger offers to send again what looks like failed: the recipient would get it twice.
    again = {system.transport[each].name for each in (State.FAILED, State.REJECTED)} - {None}
    under_way = set(State) - FINAL
    assert not again & {system.transport[each].name for each in under_way}


@every_system
@pytest.mark.parametrize(("state", "business"), [*product(State, Business)])
def test_every_combination_has_a_status(system: System, state: State, business: Business) -> None:
    there = status(system, state, business)
    assert there in (*system.transport.values(), *system.business.values())


def test_the_buyers_answer_outweighs_the_way() -> None:
    assert status(MAVENTA, State.DELIVERED, Business.UNDER_QUERY).name == "DISPUTED"
    assert status(MAVENTA, State.DELIVERED, Business.ACKNOWLEDGED).name == "SENT"
    assert status(ODOO, State.DELIVERED, Business.REJECTED).name == "done"


def test_what_failed_after_an_answer_is_told_as_failed() -> None:
    assert status(MAVENTA, State.FAILED, Business.ACCEPTED).name == "ERROR"


@every_system
def test_events_of_a_new_state_say_it(system: System) -> None:
    of_state = {
        Type.REJECTED: State.REJECTED,
        Type.SENT: State.SENT,
        Type.DELIVERED: State.DELIVERED,
        Type.WAITING: State.WAITING,
        Type.HELD: State.HELD,
        Type.CANCELLED: State.CANCELLED,
        Type.FAILED: State.FAILED,
    }
    for kind, state in of_state.items():
        assert status_of_event(system, kind, {}) == system.transport[state]


@every_system
def test_every_final_state_is_told_by_an_event(system: System) -> None:
    told = [status_of_event(system, kind, {}) for kind in Type if kind is not Type.ANSWERED]
    assert {system.transport[state] for state in FINAL} <= set(told)


def test_an_answer_says_what_the_buyer_says() -> None:
    there = status_of_event(MAVENTA, Type.ANSWERED, {"business": "paid"})
    assert there is not None
    assert there.name == "PAID"
    assert status_of_event(MAVENTA, Type.ATTEMPTED, {}) is None
    assert status_of_event(MAVENTA, Type.ARRIVED, {}) is None


def test_a_new_state_without_a_row_would_be_seen() -> None:
    less = replace(ODOO, transport={State.SENT: Status("processing", ".")})
    with pytest.raises(KeyError):
        status(less, State.HELD, Business.NONE)
    assert {state for pair in ALLOWED for state in pair} == set(State)
