"""Which verbs a document takes in each state, and what each will do, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from gateway.console.acting.allowed import VERBS, WAYS, Act, Allowed, Known, allowed, judged
from gateway.console.acting.foreseen import (
    Sentence,
    address,
    foreseen,
    in_short,
    one_line,
    shown_address,
)
from gateway.console.pages import Words
from gateway.delivery.choice import SEVERAL, Choice
from gateway.delivery.outcome import OUTCOME_UNKNOWN
from gateway.delivery.verbs import POSSIBLE, Decision, Facts, judge
from gateway.lifecycle import ALLOWED, Business, State
from gateway.routing.plan import Plan, Step
from gateway.store.port import Direction, Document, Head, Leg, Role
from gateway.trust.gate import Closed, Way
from schemas.identifiers import Participant
from transports.base import Candidate, PostalAddress, Recipient

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
ROLES = frozenset({Role.ORIGINAL, Role.PLAN, Role.ENVELOPE})
HOUSE = PostalAddress("Kund AB", ("Nygatan 7", "c/o Ek"), "621 55", "Visby", "SE")
WHO = Recipient("Kund AB", "SE", email="anna@example.se", postal_address=HOUSE)


def document(state: State, code: str = "x.y", **more: Any) -> Document:
    plain = Document(
        id="doc_1",
        company_id="com_1",
        direction=Direction.OUT,
        state=state,
        business=Business.NONE,
        version=3,
        media_type="application/json",
        head=Head(amount_due=Decimal(1)),
        delivery={},
        channel="email",
        code=code,
        text="Why.",
        next_at=NOW + timedelta(hours=2) if state is State.WAITING else None,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(plain, **more)


def leg(n: int, channel: str, state: str, to: str | None = None) -> Leg:
    return Leg("doc_1", n, channel, uuid4(), state, address=to)


def plan(*channels: str) -> Plan:
    steps = [Step(one, one, True, "route.included", "In line.") for one in channels]
    return Plan("SE", (*steps, Step("kivra", "kivra", False, "route.off", "Off.")))


def knows(*legs: Leg, roles: Iterable[Role] = ROLES, unsure: bool = False, **more: Any) -> Known:
    return Known(Facts(frozenset(roles), legs, unsure), **more)


SENT_BY_EMAIL = leg(0, "email", "sent", "anna@example.se")


def possible(found: Iterable[Allowed]) -> set[str]:
    return {one.verb for one in found if not one.why_not}


@pytest.mark.parametrize("state", State)
def test_each_state_takes_what_the_verbs_say_and_the_table_allows(state: State) -> None:
    known = knows(SENT_BY_EMAIL, recalling=frozenset({"email"}))
    found = possible(allowed(document(state), known, NOW))
    assert found == {verb for verb in POSSIBLE if state in POSSIBLE[verb]}
    for name in found:
        decision = judge(
            document(state), VERBS[Act(name)], known.facts, "", NOW, recalling={"email"}
        )
        assert isinstance(decision, Decision)
        after = decision.change.after
        assert after is state or (state, after) in ALLOWED


@pytest.mark.parametrize("state", State)
def test_what_came_in_takes_none(state: State) -> None:
    came_in = document(state, direction=Direction.IN)
    assert allowed(came_in, knows(), NOW) == ()
    for act in Act:
        assert judged(act, came_in, knows(), NOW).why_not == "came_in"


def why(act: Act, at: Document, known: Known) -> str:
    return judged(act, at, known, NOW).why_not


def test_each_reason_has_a_word_in_every_language() -> None:
    sending, held, sent = (document(s) for s in (State.SENDING, State.HELD, State.SENT))
    answer = document(State.FAILED, delivery={"answers": "doc_0"})
    closed = Closed("company.not_verified", "Nobody has signed.", "No.")
    cases = {
        why(Act.HOLD, sending, knows()): "busy",
        why(Act.RESEND, held, knows()): "state",
        why(Act.REROUTE, held, knows(roles=[Role.ORIGINAL])): "not_checked",
        why(Act.RESEND, sent, knows(roles=[Role.PLAN])): "content_gone",
        why(Act.CANCEL, sent, knows(SENT_BY_EMAIL)): "not_taken_back",
        why(Act.REROUTE, answer, knows()): "is_an_answer",
        why(Act.CHOOSE, held, knows()): "nothing_to_choose",
        why(Act.REVOKE_LINK, sent, knows()): "no_link",
        why(Act.RESEND, sent, knows(closed=closed)): "closed",
        why(Act.HOLD, held, knows(may=False)): "role",
    }
    assert all(found == wanted for found, wanted in cases.items()), cases
    assert len(cases) == 10
    for code in (*cases, "moved_on", "no_way", "reused", "not_there", "unavailable", "came_in"):
        for language in ("en", "sv", "nb"):
            assert Words(language)(f"acting_why_{code}", state="x", text="y")


def test_a_choice_and_a_link_can_be_acted_on() -> None:
    choice = Choice(UUID(int=1), (Candidate("1", "one"), Candidate("2", "two")))
    held = document(State.HELD, SEVERAL)
    assert why(Act.CHOOSE, held, knows(choice=choice)) == ""
    assert why(Act.REVOKE_LINK, held, knows(links=2)) == ""


def test_the_gate_is_asked_for_what_lets_something_out() -> None:
    out = {act for act, way in WAYS.items() if way is Way.SEND}
    assert out == {Act.RELEASE, Act.RETRY, Act.CHOOSE, Act.REROUTE, Act.RESEND}
    closed = Closed("company.not_verified", "Nobody has signed.", "No.")
    assert why(Act.CANCEL, document(State.HELD), knows(closed=closed)) == ""


# --- what will happen ---------------------------------------------------------------------------


def said(
    act: Act, at: Document, known: Known, way: Plan | None = None, who: Recipient | None = WHO
) -> list[str]:
    return [one.text(Words("en"), NOW) for one in foreseen(act, at, known, way, who)]


TWICE = "The recipient may get it twice."
FAILS = "If no channel is left then, it fails, and somebody must decide again."
LETTER = "letter to Kund AB, Nygatan 7, c/o Ek, 621 55 Visby, SE."
BACK = "If that does not reach the recipient, or it comes back: by "


def test_another_route_says_where_it_goes_and_then() -> None:
    bounced = document(State.FAILED)
    assert said(Act.REROUTE, bounced, knows(), plan("email", "letter")) == [
        "It goes by e-mail first, to anna@example.se.",
        f"{BACK}{LETTER}",
        FAILS,
    ]
    had = document(State.DELIVERED)
    assert said(Act.REROUTE, had, knows(), plan("letter")) == [f"It goes by {LETTER}", FAILS, TWICE]
    assert said(Act.REROUTE, bounced, knows(unsure=True), plan("email"))[-1] == TWICE
    assert said(Act.REROUTE, bounced, knows(), plan()) == []


def test_release_and_retry_go_on_with_what_is_left_of_the_way() -> None:
    legs = (
        leg(0, "peppol", "unreachable"),
        leg(1, "email", "trying", "old@example.se"),
        leg(2, "letter", "planned"),
    )
    wanted = ["It goes by e-mail first, to old@example.se.", f"{BACK}{LETTER}", FAILS]
    assert said(Act.RELEASE, document(State.HELD), knows(*legs)) == wanted
    assert said(Act.RETRY, document(State.WAITING), knows(*legs)) == wanted
    assert said(Act.RETRY, document(State.HELD), knows(*legs, unsure=True)) == [*wanted, TWICE]


def test_a_failed_one_and_one_that_was_sent_begin_anew() -> None:
    legs = (leg(0, "email", "refused"),)
    again = said(Act.RETRY, document(State.FAILED), knows(*legs), plan("email"))
    assert again == ["It goes by e-mail to anna@example.se.", FAILS]
    once_more = said(Act.RESEND, document(State.SENT), knows(*legs), plan("email"))
    assert once_more == [*again, TWICE]


def test_one_of_unknown_outcome_counts_as_sent_and_goes_nowhere() -> None:
    first, second = said(Act.RELEASE, document(State.HELD, OUTCOME_UNKNOWN), knows(unsure=True))
    assert first.startswith("It counts as sent from then on.")
    assert second == "It does not go out again."


def test_one_that_has_not_been_checked_is_checked_first() -> None:
    known = knows(roles=[Role.ORIGINAL])
    assert said(Act.RELEASE, document(State.HELD), known) == [
        "It is checked first; then its route is made, and it goes on by itself."
    ]


def test_whom_it_is_for_is_asked_again() -> None:
    held = document(State.HELD, SEVERAL)
    (first, *_) = said(Act.RETRY, held, knows(leg(0, "operator", "trying")))
    assert first.startswith("The channel is asked again who is meant.")


def test_hold_says_what_does_not_happen_then() -> None:
    first, second = said(Act.HOLD, document(State.WAITING), knows())
    assert first == "It does not go on at 11:30, as it else would have."
    assert second.startswith("Nothing more happens to it until")
    assert said(Act.HOLD, document(State.RECEIVED), knows()) == [second]


def test_cancel_says_what_can_not_be_known_or_undone() -> None:
    sure, last = said(Act.CANCEL, document(State.HELD), knows())
    assert (sure, last[:24]) == ("It will not be sent, by any channel.", "That can not be undone. ")
    assert len(said(Act.CANCEL, document(State.HELD), knows(unsure=True))) == 3
    asked, again, seen = said(Act.CANCEL, document(State.SENT), knows(SENT_BY_EMAIL))
    assert asked.startswith("e-mail is asked to take it back.")
    assert "for 3 days at most" in again
    assert seen == "The recipient may have seen it already."


def test_a_link_says_how_many_and_what_stays() -> None:
    first, second = said(Act.REVOKE_LINK, document(State.SENT), knows(links=2))
    assert first == "Links that stop opening: 2."
    assert second.startswith("What was fetched before stays")


def test_no_address_that_is_a_personal_number_is_shown() -> None:
    sole = Recipient(
        "Ek", "SE", personal_number="198701019815", participant=Participant("0007", "8701019815")
    )
    assert address("peppol", sole) == ""
    assert address("bank_se", sole) == address("kivra", sole) == address("vipps", sole) == ""
    company = replace(sole, participant=Participant("0007", "5560360793"))
    assert address("peppol", company) == "0007:5560360793"
    assert shown_address(leg(0, "peppol", "sent", "0007:8701019815")) == ""
    assert shown_address(leg(0, "bank_se", "sent", "198701019815.NB.SE")) == ""
    assert shown_address(SENT_BY_EMAIL) == "anna@example.se"
    assert address("email", None) == address("letter", Recipient("Ek", "SE")) == ""


def test_a_postal_address_in_one_line() -> None:
    assert one_line(PostalAddress("", ("Box 1",), "", "Oslo", "NO")) == "Box 1, Oslo, NO"


def test_a_sentence_names_an_unknown_channel_by_its_name() -> None:
    assert Sentence("go", {"channel": "pigeon"}).text(Words("en"), NOW) == "It goes by pigeon."


def test_a_row_tells_the_way_in_one_sentence() -> None:
    known = knows(unsure=True)
    found = foreseen(Act.REROUTE, document(State.FAILED), known, plan("email", "kivra"), WHO)
    assert in_short(found, Words("en"), NOW) == (
        "In this order: e-mail anna@example.se → Kivra.",
        TWICE,
    )
    held = foreseen(Act.HOLD, document(State.RECEIVED), known)
    assert len(in_short(held, Words("en"), NOW)) == 1
