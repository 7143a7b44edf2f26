"""The page Now: ages, shades, bars, and what is a person's; of values alone."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.certificates import Certificate
from gateway.clock import MovableClock
from gateway.console.now import ages, links
from gateway.console.now.ages import Ago, ago
from gateway.console.now.deadlines import COUNTED, HORIZONS, limits
from gateway.console.now.fresh import AGE, Fresh
from gateway.console.now.heat import darkness, heat
from gateway.console.now.outcomes import HEIGHT, Course, Period, Way, courses
from gateway.console.now.waiting import waits
from gateway.delivery.outcome import Result
from gateway.lifecycle import State
from gateway.store.overview import Aged, OpenDocuments, Outcomes, Pile, Where

NOW = datetime(2026, 11, 22, 12, 34, 56, 789, tzinfo=UTC)
HOUR = NOW.replace(minute=0, second=0, microsecond=0)
NOTHING = OpenDocuments((), 0, True)
FAR = len(ages.STEPS)  # the column of what is older than all


# --- ages ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, Ago(0, "s")),
        (59.9, Ago(59, "s")),
        (60, Ago(1, "min")),
        (3599, Ago(59, "min")),
        (3600, Ago(1, "h")),
        (47 * 3600, Ago(47, "h")),
        (48 * 3600, Ago(2, "d")),
        (400 * 86400, Ago(400, "d")),
    ],
)
def test_a_length_of_time_is_told_in_one_unit(seconds: float, said: Ago) -> None:
    assert ago(NOW - timedelta(seconds=seconds), NOW) == said


def test_the_edges_are_in_order() -> None:
    found = ages.edges(NOW)
    assert list(found) == sorted(found) and len(found) == len(ages.STEPS)


# --- the heat table -----------------------------------------------------------------------------


@given(st.integers(0, 10**9), st.integers(0, FAR))
def test_a_cell_is_never_lighter_for_being_more_or_older(n: int, column: int) -> None:
    here = darkness(n, column)
    assert 0 <= here <= 5 and (here == 0) == (n == 0)
    assert darkness(n + 1, column) >= here
    assert column == FAR or darkness(n, column + 1) >= here


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["peppol", "email", None]),
            st.integers(0, FAR),
            st.integers(1, 10**6),
        ),
        max_size=20,
    )
)
def test_every_document_is_counted_once_in_its_row_and_once_in_all(found: Any) -> None:
    of = tuple(Aged(State.WAITING, channel, "", age, n, NOW) for channel, age, n in found)
    table = heat(OpenDocuments(of, 0, True), (), NOW)
    assert sum(row.n for row in table.rows) == table.total.n == sum(one.n for one in of)
    for column in range(FAR + 1):
        together = sum(row.cells[column].n for row in table.rows)
        assert table.total.cells[column].n == together
        assert together == sum(one.n for one in of if one.age == FAR - column)


def test_a_cell_asks_the_log_for_its_time() -> None:
    old = Aged(State.HELD, "email", "x", 0, 1, NOW - timedelta(days=9))
    young = Aged(State.WAITING, "email", "", FAR, 1, NOW)
    middle = Aged(State.WAITING, "email", "", FAR - 2, 1, NOW)
    (row,) = heat(OpenDocuments((old, middle, young), 3, True), (), NOW).rows
    states = "state:received,routing,sending,waiting,held"
    asked = [cell.path.removeprefix("/console/log?q=").replace("%20", " ") for cell in row.cells]
    assert asked[0] == f"{states} channel:email since:2026-11-22T12:33"
    assert asked[2] == f"{states} channel:email since:2026-11-22T12:19 until:2026-11-22T12:29"
    assert asked[FAR] == f"{states} channel:email until:2026-11-19T12:34"


def test_what_is_in_an_address_is_escaped() -> None:
    assert links.log(("code", 'a"b&c=d')) == "/console/log?q=code:%22a%22%22b%26c%3Dd%22"
    assert links.channel("a/../b?c") == "/console/channels/a%2F..%2Fb%3Fc"
    assert links.company("", "webhooks") == "/console/companies"
    assert links.document("com/1", "doc#1") == "/console/documents/com%2F1/doc%231"


# --- bars ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("period", "bars"), [(Period.DAY, 24), (Period.MONTH, 30)])
def test_a_period_ends_with_the_step_that_is_not_over(period: Period, bars: int) -> None:
    (course,) = courses((), ["email"], period, NOW)
    assert len(course.bars) == bars
    assert course.bars[-1].at <= NOW < course.bars[-1].at + period.step
    assert course.bars[0].at == period.begins(NOW)
    assert (course.most, course.went, course.refused) == (0, 0, 0)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 23), st.sampled_from([*Result, "of_later"]), st.integers(1, 10**7)
        ),
        max_size=40,
    )
)
def test_bars_stand_one_on_the_other_and_within_the_drawing(found: Any) -> None:
    ended = [
        Outcomes("email", HOUR - timedelta(hours=hours), outcome, n) for hours, outcome, n in found
    ]
    (course,) = courses(ended, ["email"], Period.DAY, NOW)
    assert course.went + course.later + course.refused + course.absent == sum(
        one.n for one in ended
    )
    _check_geometry(course)


def _check_geometry(course: Course) -> None:
    for n, bar in enumerate(course.bars):
        floor = float(HEIGHT)
        assert bar.x >= 0 and bar.x + bar.width <= course.width
        assert n == 0 or bar.x > course.bars[n - 1].x
        assert [piece.way for piece in bar.pieces] == [
            way
            for way, n in zip(Way, (bar.went, bar.later, bar.refused, bar.absent), strict=True)
            if n
        ]
        for piece in bar.pieces:
            assert piece.height > 0 and piece.y + piece.height == pytest.approx(floor, abs=0.02)
            floor = piece.y
        assert floor >= -0.02


# --- what is a person's -------------------------------------------------------------------------


def of_certificates(*days: float | None) -> list[tuple[str, int]]:
    given = [
        Certificate("peppol", "key_store", None if n is None else NOW + timedelta(days=n))
        for n in days
    ]
    return [(wait.what, wait.n) for wait in waits(NOTHING, (), (), (), given, NOW)]


def test_certificates_are_told_in_time() -> None:
    assert of_certificates(61, 400) == []
    assert of_certificates(59.5, 0.5) == [("certificate_ends", 59), ("certificate_ends", 0)]
    assert of_certificates(-0.5, -3) == [("certificate_over", 1), ("certificate_over", 3)]
    assert of_certificates(None) == [("certificate_unread", 0)]


def test_piles_of_one_kind_are_one_sentence_that_leads_to_the_oldest() -> None:
    older = NOW - timedelta(days=2)
    piles = [
        Pile(Where.WEBHOOK, "webhook.gone", 2, NOW, "com_1"),
        Pile(Where.WEBHOOK, "webhook.gave_up", 3, older, "com_2", whole=False),
        Pile(Where.WEBHOOK, "webhook.switched_off", 9, older, "com_3"),
        Pile(Where.DEAD, "deliver", 1, NOW, ""),
    ]
    dead, webhook = waits(NOTHING, piles, (), (), (), NOW)
    assert (dead.what, dead.n, dead.more) == ("dead", 1, False)
    assert (webhook.n, webhook.more, webhook.since) == (5, True, older)
    assert webhook.path == "/console/companies/com_2/webhooks"


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("unverified.signed", "verify_signed"),
        ("lapsed.signed", "verify_signed"),
        ("unverified.asked", "verify_asked"),
        ("recheck_due.wanted", "verify_asked"),
        ("lapsed.declined", "verify_again"),
        ("unverified.none", "verify_again"),
        ("revoked.signed", None),
    ],
)
def test_who_has_to_act_on_a_company_that_is_not_verified(code: str, what: str | None) -> None:
    pile = Pile(Where.VERIFICATION, code, 1, NOW, "com_1")
    assert [wait.what for wait in waits(NOTHING, [pile], (), (), (), NOW)] == (
        [what] if what else []
    )


# --- what runs out ------------------------------------------------------------------------------


def test_what_is_over_is_not_counted_among_what_runs_out() -> None:
    found = limits((), [3, 5, 8, COUNTED], NOW)
    assert [one.n for one in found.horizons] == [3, 2, 5, COUNTED - 3]
    assert [one.more for one in found.horizons] == [False, False, False, True]
    assert len(HORIZONS) == 4 and found.horizons[0].within is None


# --- made once ----------------------------------------------------------------------------------


async def test_who_asks_at_once_gets_what_was_made_once() -> None:
    clock, made = MovableClock(NOW), []

    async def make(key: str, at: datetime) -> tuple[str, datetime]:
        await asyncio.sleep(0)
        made.append(key)
        return key, at

    fresh = Fresh(clock, make)
    found = await asyncio.gather(*(fresh.get(key) for key in "aabab"))
    assert sorted(made) == ["a", "b"] and found[0] is found[1] is found[3]
    clock.move(AGE)
    assert await fresh.get("a") == ("a", NOW + AGE)
    clock.move(-timedelta(days=1))
    assert await fresh.get("a") == ("a", NOW + AGE - timedelta(days=1))
    assert made.count("a") == 3


async def test_what_could_not_be_made_is_tried_again() -> None:
    tries = iter([OSError("away"), "there"])

    async def make(_: str, __: datetime) -> str:
        one = next(tries)
        if isinstance(one, OSError):
            raise one
        return one

    fresh = Fresh(MovableClock(NOW), make)
    with pytest.raises(OSError, match="away"):
        await fresh.get("a")
    assert await fresh.get("a") == "there"
