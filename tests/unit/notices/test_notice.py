"""Who is told what and when, and what a mail says of names that strangers chose."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.events import Type
from gateway.notices.digest import LANGUAGES, MOST_TOLD, Item, mail, plain
from gateway.notices.notice import About, Notice, Rhythm, from_data, of_token, token

AT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)  # a Saturday
PLAIN = Notice(
    *("not_1", "com_1", "a@b.example", "sv", About.FAILED, False),
    *(Rhythm.DAILY, time(7, 0), 1, "Europe/Stockholm", None, AT),
)
SECRET = b"s" * 32


def test_failed_only_is_told_of_what_needs_somebody() -> None:
    told = {kind for kind in Type if PLAIN.wants(kind)}
    assert told == {Type.REJECTED, Type.HELD, Type.FAILED}
    all_of_it = {kind for kind in Type if replace(PLAIN, about=About.ALL, inbox=True).wants(kind)}
    assert all_of_it == told | {
        *(Type.SENT, Type.DELIVERED, Type.ANSWERED, Type.CANCELLED, Type.ARRIVED)
    }
    inbox = replace(PLAIN, about=About.NONE, inbox=True)
    assert {kind for kind in Type if inbox.wants(kind)} == {Type.ARRIVED}


@pytest.mark.parametrize(
    ("notice", "now", "due"),
    [
        (PLAIN, AT, "2026-11-22T06:00:00+00:00"),
        (PLAIN, datetime(2026, 11, 22, 5, 59, tzinfo=UTC), "2026-11-22T06:00:00+00:00"),
        (PLAIN, datetime(2026, 11, 22, 6, 0, tzinfo=UTC), "2026-11-23T06:00:00+00:00"),
        (replace(PLAIN, rhythm=Rhythm.WEEKLY), AT, "2026-11-23T06:00:00+00:00"),
        (replace(PLAIN, rhythm=Rhythm.WEEKLY, weekday=6), AT, "2026-11-28T06:00:00+00:00"),
        (replace(PLAIN, rhythm=Rhythm.IMMEDIATELY), AT, "2026-11-21T09:31:00+00:00"),
        # Summer time begins on 2026-03-29 at 02:00 in Stockholm and ends on 2026-10-25 at 03:00.
        (PLAIN, datetime(2026, 3, 28, 12, tzinfo=UTC), "2026-03-29T05:00:00+00:00"),
        (PLAIN, datetime(2026, 10, 24, 12, tzinfo=UTC), "2026-10-25T06:00:00+00:00"),
    ],
)
def test_when_it_is_due_next(notice: Notice, now: datetime, due: str) -> None:
    assert notice.next_at(now).isoformat() == due


@given(st.integers(0, 2 * 365 * 24 * 60))
def test_it_is_always_due_later_and_within_its_rhythm(minutes: int) -> None:
    now = AT + timedelta(minutes=minutes)
    night = replace(PLAIN, at=time(2, 30))  # an hour that one night of the year does not have
    assert 0 < (night.next_at(now) - now).total_seconds() <= 26 * 3600
    weekly = replace(night, rhythm=Rhythm.WEEKLY)
    assert 0 < (weekly.next_at(now) - now).total_seconds() <= 7 * 24 * 3600 + 2 * 3600


def test_it_is_the_same_after_the_register() -> None:
    kept = replace(PLAIN, until="cur_1", active=False)
    assert from_data("com_1", "not_1", False, kept.data()) == kept


def test_a_token_stops_its_notice_and_no_other() -> None:
    made = token(SECRET, "com_1", "not_1")
    assert of_token(SECRET, made) == ("com_1", "not_1")
    assert of_token(b"t" * 32, made) is None


@given(st.text(max_size=120))
def test_what_we_have_not_made_is_no_token(given_: str) -> None:
    assert of_token(SECRET, given_) is None


@given(st.integers(0, 60), st.sampled_from("ABab01-_"))
def test_a_token_with_another_sign_is_none(place: int, sign: str) -> None:
    made = token(SECRET, "com_1", "not_1")
    place %= len(made)
    other = made[:place] + sign + made[place + 1 :]
    assert (of_token(SECRET, other) is not None) == (other == made)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_event_that_can_be_told_has_words(language: str) -> None:
    everything = replace(PLAIN, about=About.ALL, inbox=True)
    items = [Item(kind, "F-1", "Nordlys AS") for kind in Type if everything.wants(kind)]
    subject, text = mail(language, "Fjärdens AB", items, len(items), "https://x.example/n/t")
    assert "Fjärdens AB" in subject
    assert text.count("F-1 (Nordlys AS)") == len(items)
    assert "https://x.example/n/t" in text
    assert "{" not in subject + text


def test_names_are_one_line_and_no_personal_number() -> None:
    hostile = "Eva\r\nBcc: x@y.example\u202e 900101-9802 " + "å" * 500
    assert plain(hostile).startswith("Eva Bcc: x@y.example 900101*****")
    assert len(plain(hostile)) == 120
    (line,) = [
        line
        for line in mail("en", hostile, [Item(Type.FAILED, hostile, hostile)], 1, None)[
            1
        ].splitlines()
        if line.startswith("- ")
    ]
    assert "9802" not in line
    assert "\n" not in mail("en", hostile, [], 1, None)[0]


def test_what_is_not_told_one_by_one_is_counted() -> None:
    items = [Item(Type.FAILED, str(n), None) for n in range(MOST_TOLD)]
    _, text = mail("nb", "A", items, MOST_TOLD + 23, None)
    assert "... og 23 til." in text
