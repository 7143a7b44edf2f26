"""The lanes of one worker: room, and who may change lanes without a claim."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.delivery.lanes import Lanes
from gateway.store.port import Again, Job, Keep

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def job(n: int, lane: str = "internal") -> Job:
    return Job(n, "com_1", f"doc_{n}", "deliver", 1, 1, {}, lane, f"doc_{n}")


@pytest.mark.parametrize(("places", "room"), [(1, 1), (2, 1), (4, 3), (32, 24)])
def test_one_lane_leaves_a_quarter_to_the_others(places: int, room: int) -> None:
    lanes = Lanes(places, ())
    assert lanes.room(["internal", "email"]) == {"internal": room, "email": room}


@pytest.mark.parametrize(("places", "room"), [(1, 1), (4, 1), (32, 8)])
def test_work_beside_documents_leaves_three_quarters_to_them(places: int, room: int) -> None:
    lanes = Lanes(places, (), aside=["push"])
    assert lanes.room(["internal", "push"])["push"] == room
    lanes.enter(job(1, "push"))
    assert lanes.room([])["push"] == room - 1


def test_every_lane_with_jobs_is_named_and_has_that_much_less() -> None:
    lanes = Lanes(8, ())
    for n in range(7):
        lanes.enter(job(n, "one of last year"))
    assert lanes.room(["internal"]) == {"internal": 6, "one of last year": 0}
    lanes.leave(job(3))
    lanes.leave(job(3))
    lanes.leave(job(99))
    assert lanes.room([]) == {"one of last year": 0}
    for n in range(7):
        lanes.leave(job(n))
    assert lanes.room([]) == {}


def test_a_job_that_changes_lanes_leaves_the_one_and_takes_room_in_the_other() -> None:
    lanes = Lanes(4, ["email"])
    lanes.enter(job(1, "prepare"))
    lanes.enter(replace(job(1), lane="internal"))
    assert lanes.room([]) == {"internal": 2}


def test_into_a_lane_with_limits_only_a_claim_leads() -> None:
    lanes = Lanes(4, ["email"])
    keep = Keep({}, "deliver")
    assert lanes.onward(keep, "internal", NOW) == Keep({}, "deliver", "internal")
    assert lanes.onward(keep, "email", NOW) == Again(NOW, "deliver", {}, "email")


def test_nobody_goes_straight_into_a_lane_that_is_full() -> None:
    lanes = Lanes(4, ())
    for n in range(3):
        lanes.enter(job(n))
    assert lanes.onward(Keep(), "internal", NOW) == Again(NOW, lane="internal")
    lanes.leave(job(0))
    assert lanes.onward(Keep(), "internal", NOW) == Keep(lane="internal")


def test_nor_into_one_that_is_paused() -> None:
    lanes = Lanes(4, ())
    lanes.pause(["internal"])
    assert lanes.onward(Keep(), "internal", NOW) == Again(NOW, lane="internal")
    lanes.pause([])
    assert lanes.onward(Keep(), "internal", NOW) == Keep(lane="internal")
