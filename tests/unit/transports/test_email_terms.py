from __future__ import annotations

import re
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transports.email.schedule import Hours
from transports.email.terms import Attachments, Contact, Terms, read, wrong

ALL = {
    "attachments": "merged",
    "attach_xml": True,
    "sender": "faktura@akeri.example",
    "name": "Åkeri & Söner",
    "reply_to": "kund@akeri.example",
    "contact": {"name": "Åsa Öberg", "email": "asa@akeri.example", "phone": "08-123 45 67"},
    "note": "Vi har bytt bankgiro.",
    "hours": {
        "from": "08:00",
        "to": "17:00",
        "days": ["mon", "fri"],
        "time_zone": "Europe/Oslo",
    },
}


def test_all_terms() -> None:
    assert wrong(ALL) == ()
    assert read(ALL) == Terms(
        attachments=Attachments.MERGED,
        attach_xml=True,
        sender="faktura@akeri.example",
        name="Åkeri & Söner",
        reply_to="kund@akeri.example",
        contact=Contact("Åsa Öberg", "asa@akeri.example", "08-123 45 67"),
        note="Vi har bytt bankgiro.",
        hours=Hours(time(8), time(17), frozenset({0, 4}), ZoneInfo("Europe/Oslo")),
    )


def test_none_are_the_channels_own() -> None:
    assert read({}) == read(dict.fromkeys(ALL)) == Terms()


def test_hours_have_every_day_and_end_at_midnight_unless_told() -> None:
    everyday = frozenset(range(7))
    assert read({"hours": {"from": "08:00"}}).hours == Hours(time(8), None, everyday)
    assert read({"hours": {"from": "08:00", "to": "24:00"}}).hours == Hours(time(8), None, everyday)


@pytest.mark.parametrize(
    ("terms", "fault"),
    [
        ({"atachments": "link"}, "atachments: there is no such term."),
        ({"attachments": "zip"}, "attachments: one of separate, merged, link."),
        ({"attachments": ["link"]}, "attachments: one of separate, merged, link."),
        ({"attach_xml": 1}, "attach_xml: true or false."),
        ({"sender": "faktura"}, "sender: An e-mail address is written name@domain."),
        ({"reply_to": 3}, "reply_to: An e-mail address is written name@domain."),
        ({"name": "x" * 101}, "name: a line of at most 100 characters."),
        ({"name": " "}, "name: a line of at most 100 characters."),
        ({"note": "x" * 2001}, "note: a text of at most 2000 characters."),
        ({"contact": {}}, "contact: at least one of name, email and phone."),
        ({"contact": "Åsa"}, "contact: an object with name, email, phone."),
        (
            {"contact": {"email": "asa"}},
            "contact: email: An e-mail address is written name@domain.",
        ),
        ({"contact": {"fax": "1"}}, "contact: fax: there is no such term."),
        ({"hours": {}}, "hours: from: the hour to begin at is missing, such as 08:00."),
        ({"hours": {"from": "8"}}, "hours: from: a time of day, written 08:00."),
        ({"hours": {"from": "25:00"}}, "hours: from: a time of day, written 08:00."),
        ({"hours": {"from": 8}}, "hours: from: a time of day, written 08:00."),
        (
            {"hours": {"from": "17:00", "to": "08:00"}},
            "hours: to: later than from, on the same day; 24:00 is midnight.",
        ),
        (
            {"hours": {"from": "08:00", "days": []}},
            "hours: days: a list of mon, tue, wed, thu, fri, sat, sun.",
        ),
        (
            {"hours": {"from": "08:00", "days": ["monday"]}},
            "hours: days: a list of mon, tue, wed, thu, fri, sat, sun.",
        ),
        (
            {"hours": {"from": "08:00", "time_zone": "Europe/Stokholm"}},
            "hours: time_zone: a time zone of the IANA database, such as Europe/Oslo.",
        ),
        (
            {"hours": {"from": "08:00", "time_zone": "../../etc/passwd"}},
            "hours: time_zone: a time zone of the IANA database, such as Europe/Oslo.",
        ),
    ],
)
def test_what_is_wrong_is_said(terms: dict[str, Any], fault: str) -> None:
    assert wrong(terms) == (fault,)
    with pytest.raises(ValueError, match=re.escape(fault)):
        read(terms)


def test_all_of_it_is_said_at_once() -> None:
    assert len(wrong({"x": 1, "name": 3, "hours": {"from": "9", "days": 1}, "note": ""})) == 5


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*ALL, "other"]), JSON))
def test_anything_is_terms_or_told(terms: dict[str, Any]) -> None:
    if not wrong(terms):
        assert isinstance(read(terms), Terms)
