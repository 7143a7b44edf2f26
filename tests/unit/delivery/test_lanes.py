"""The lanes of one worker: room, and who may change lanes without a claim."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.delivery.lanes import Lanes
from gateway.store.port import Again, Job, Keep, StorageUnavailable

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def job(n: int, lane: str = "internal") -> Job:
    return Job(n, "com_1", f"doc_{n}", "deliver", 1, 1, {}, lane, f"doc_{n}")


def promised(lanes: Lanes, *names: str) -> Mapping[str, int]:
    with lanes.promised(names) as room:
        return room


@pytest.mark.parametrize(("places", "room"), [(1, 1), (2, 1), (4, 3), (32, 24)])
def test_one_lane_leaves_a_quarter_to_the_others(places: int, room: int) -> None:
    lanes = Lanes(places, ())
    assert promised(lanes, "internal", "email") == {"internal": room, "email": room}


@pytest.mark.parametrize(("places", "room"), [(1, 1), (4, 1), (32, 8)])
def test_work_beside_documents_leaves_three_quarters_to_them(places: int, room: int) -> None:
    lanes = Lanes(places, (), aside=["push"])
    assert promised(lanes, "internal", "push")["push"] == room
    lanes.enter(job(1, "push"))
    assert promised(lanes)["push"] == room - 1


def test_every_lane_with_jobs_is_named_and_has_that_much_less() -> None:
    lanes = Lanes(8, ())
    for n in range(7):
        lanes.enter(job(n, "one of last year"))
    assert promised(lanes) == {"one of last year": 0}
    lanes.leave(job(3))
    lanes.leave(job(3))
    lanes.leave(job(99))
    assert promised(lanes) == {"one of last year": 0}
    lanes.leave(job(4))
    assert promised(lanes) == {"one of last year": 1}
    for n in range(7):
        lanes.leave(job(n))
    assert promised(lanes) == {}


def test_a_job_that_was_claimed_anew_stays_when_its_old_holder_ends() -> None:
    lanes = Lanes(4, ())
    lanes.enter(job(1))
    lanes.enter(replace(job(1), fence=2))
    lanes.leave(job(1))
    assert promised(lanes) == {"internal": 2}


def test_a_claim_leaves_places_to_jobs_that_may_change_over_but_gets_half() -> None:
    lanes = Lanes(32, ())
    for n in range(5):
        lanes.enter(job(n, "prepare"))
    assert promised(lanes, "internal") == {"internal": 24 - 5, "prepare": 24 - 5}
    for n in range(5, 16):
        lanes.enter(job(n, "prepare"))
    assert promised(lanes, "internal") == {"internal": 12, "prepare": 8}
    for n in range(16, 24):
        lanes.enter(job(n, "prepare"))
    assert promised(lanes, "internal") == {"internal": 8, "prepare": 0}


def test_what_a_claim_under_way_was_promised_is_kept_for_it() -> None:
    """However the two come together, a lane never has more than its three quarters."""
    lanes = Lanes(8, ())
    for n in range(4):
        lanes.enter(job(n, "prepare"))
    with lanes.promised(["internal"]) as room:
        assert room["internal"] == 3
        over = [lanes.onward(job(n, "prepare"), Keep(), "internal", NOW) for n in range(4)]
        assert over == 3 * [Keep(lane="internal")] + [Again(NOW, lane="internal")]
        for n in range(room["internal"]):
            lanes.enter(job(10 + n))
    assert promised(lanes)["internal"] == 0


def test_a_claim_that_failed_keeps_nothing() -> None:
    lanes = Lanes(4, ())
    with pytest.raises(StorageUnavailable), lanes.promised(["internal"]):
        raise StorageUnavailable
    for n in range(3):
        assert lanes.onward(job(n), Keep(), "internal", NOW) == Keep(lane="internal")


def test_a_job_that_changes_lanes_leaves_the_one_and_takes_room_in_the_other() -> None:
    lanes = Lanes(4, ["email"])
    lanes.enter(job(1, "prepare"))
    assert lanes.onward(job(1, "prepare"), Keep(), "internal", NOW) == Keep(lane="internal")
    assert promised(lanes) == {"internal": 2}
    lanes.leave(job(1, "prepare"))
    assert promised(lanes) == {}


def test_into_a_lane_with_limits_only_a_claim_leads() -> None:
    lanes = Lanes(4, ["email"])
    keep = Keep({}, "deliver")
    assert lanes.onward(job(1), keep, "internal", NOW) == Keep({}, "deliver", "internal")
    assert lanes.onward(job(2), keep, "email", NOW) == Again(NOW, "deliver", {}, "email")


def test_nobody_goes_straight_into_a_lane_that_is_full() -> None:
    lanes = Lanes(4, ())
    for n in range(3):
        lanes.enter(job(n))
    assert lanes.onward(job(9), Keep(), "internal", NOW) == Again(NOW, lane="internal")
    lanes.leave(job(0))
    assert lanes.onward(job(9), Keep(), "internal", NOW) == Keep(lane="internal")


def test_nor_into_one_that_is_paused() -> None:
    lanes = Lanes(4, ())
    lanes.pause(["internal"])
    assert lanes.onward(job(9), Keep(), "internal", NOW) == Again(NOW, lane="internal")
    lanes.pause([])
    assert lanes.onward(job(9), Keep(), "internal", NOW) == Keep(lane="internal")
