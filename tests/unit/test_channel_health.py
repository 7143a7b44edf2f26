"""How channels are, made of the store's rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.certificates import Certificate
from gateway.channel_health import ChannelHealth, Condition, Round, health_of
from gateway.store.lanes import LaneState, Limits, Meter
from gateway.store.overview import LastOutcome, Scheduled

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LIMITS = Limits(rate_per_s=2.5, burst=3, at_once=4, trip_after=5, rest_s=30)


def last(outcome: str, minutes_ago: int, channel: str = "email") -> LastOutcome:
    at = NOW - minutes_ago * MINUTE
    return LastOutcome(channel, outcome, at, f"email.{outcome}", "Why.", "doc_1", "com_1")


def lane(*, paused: bool = False, fails: int = 0, open_until: datetime | None = None) -> LaneState:
    meter = Meter(1.0, NOW, fails, open_until)
    return LaneState("email", LIMITS, paused, meter, 7, 2, NOW - MINUTE)


def one(*outcomes: LastOutcome, lanes: tuple[LaneState, ...] = ()) -> ChannelHealth:
    (found,) = health_of(lanes, outcomes, (), {"email"}, (), NOW)
    return found


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (Condition.UNUSED, one()),
        (Condition.WELL, one(last("sent", 1), last("try_later", 2))),
        (Condition.WELL, one(last("sent", 2), last("refused", 1))),
        (Condition.WELL, one(last("unreachable", 1))),
        (Condition.FAILING, one(last("sent", 2), last("try_later", 1))),
        (Condition.FAILING, one(last("unknown", 1))),
        (Condition.RESTING, one(last("sent", 1), lanes=(lane(open_until=NOW + MINUTE),))),
        (Condition.TRYING, one(last("sent", 1), lanes=(lane(open_until=NOW - MINUTE),))),
        (Condition.PAUSED, one(lanes=(lane(paused=True, open_until=NOW + MINUTE),))),
    ],
)
def test_the_first_that_holds_is_how_a_channel_is(
    condition: Condition, found: ChannelHealth
) -> None:
    assert found.condition is condition


def test_the_lane_says_what_waits_and_what_the_channel_may_do() -> None:
    found = one(lanes=(lane(fails=3, open_until=NOW + MINUTE),))
    assert (found.waiting, found.under_way, found.oldest_due_at) == (7, 2, NOW - MINUTE)
    assert (found.rate_per_s, found.burst, found.at_once) == (2.5, 3, 4)
    assert (found.fails, found.trip_after, found.rest_s) == (3, 5, 30)
    assert found.rests_until == NOW + MINUTE
    assert one(lanes=(lane(open_until=NOW - MINUTE),)).rests_until is None


def test_the_last_error_is_the_newest_that_was_one() -> None:
    found = one(last("delivered", 9), last("sent", 3), last("try_later", 5), last("refused", 4))
    assert found.last_good_at == NOW - 3 * MINUTE
    error = found.last_error
    assert error is not None
    assert (error.outcome, error.code, error.text) == ("refused", "email.refused", "Why.")
    assert (error.company_id, error.document_id) == ("com_1", "doc_1")


def test_a_document_that_is_gone_is_not_named() -> None:
    gone = LastOutcome("email", "refused", NOW, "email.refused", "Why.", "doc_1", None)
    error = one(gone).last_error
    assert error is not None and (error.company_id, error.document_id) == ("", "")


def test_channels_that_are_no_longer_set_up_are_still_told_of() -> None:
    found = health_of((), (last("sent", 1, "letter"),), (), {"email"}, (), NOW)
    assert [(one.name, one.set_up) for one in found] == [("email", True), ("letter", False)]


def test_certificates_and_rounds_stand_with_their_channel() -> None:
    certificates = (
        Certificate("peppol", "key_store", NOW + timedelta(days=12, hours=3)),
        Certificate("publisher", "key_store", None, "no such file"),
        Certificate("bankid", "key_store", NOW),
    )
    rounds = [
        Scheduled(name, due, None, failed=False)
        for name, due in (("peppol_reports", NOW + MINUTE), ("usage", NOW))
    ]
    email, peppol = health_of((), (), rounds, {"email", "peppol"}, certificates, NOW)
    assert (email.certificates, email.rounds) == ((), ())
    assert [(one.setting, one.days, one.fault) for one in peppol.certificates] == [
        ("peppol.key_store", 12, ""),
        ("publisher.key_store", None, "no such file"),
    ]
    assert peppol.rounds == (Round("peppol_reports", NOW + MINUTE),)
