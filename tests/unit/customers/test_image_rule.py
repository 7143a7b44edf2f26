"""What is settled for customers, and which of it counts."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from gateway.customers import MOST, Settled, name, names, settled, told
from gateway.image_rule import FIRST, OMIT, ImageRule, NotSettled, image_rule, settle
from schemas.identifiers import Participant
from transports.base import Recipient

TODAY = date(2026, 11, 21)
RECIPIENT = Recipient(
    "Nordlys Drift AS",
    "NO",
    participant=Participant("0192", "918130047"),
    organisation_number="918130047",
    email="Faktura@Nordlys.Example",
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0192:918130047", "0192:918130047"),
        ("0192:918 130 047", None),
        (" 0007:559203-4846 ", "0007:5592034846"),
        ("se:559203-4846", "SE:5592034846"),
        ("NO:918 130 047", "NO:918130047"),
        ("Faktura@Nordlys.Example", "faktura@nordlys.example"),
        ("faktura@åkeri.example", "faktura@xn--keri-poa.example"),
        ("0192:918130048", None),
        ("9999:1", None),
        ("SE:1", None),
        ("DE:123456", None),
        ("918130047", None),
        ("a@", None),
        ("", None),
    ],
)
def test_a_customer_has_one_name_however_it_is_written(text: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(ValueError, match=r"\w"):
            name(text, TODAY)
    else:
        assert name(text, TODAY) == expected == name(expected, TODAY)


def test_a_recipient_is_found_by_each_name_the_surest_first() -> None:
    found = names(RECIPIENT)
    assert found == ("0192:918130047", "NO:918130047", "faktura@nordlys.example")
    assert [name(each, TODAY) for each in found] == list(found)
    assert names(Recipient("Kim", "SE")) == ()
    assert names(Recipient("Kim", "SE", email="no address")) == ()


def test_the_nearest_layer_that_says_something_counts() -> None:
    settings = {
        OMIT: True,
        "customers": {
            "faktura@nordlys.example": {OMIT: False, FIRST: True},
            "0192:918130047": {FIRST: False},
            "SE:5592034846": {OMIT: False},
        },
    }
    found = settled(settings, RECIPIENT)
    assert (found.get(OMIT), found.get(FIRST), found.get("else", 7)) == (False, False, 7)
    assert settled(settings, Recipient("Kim", "SE")).get(OMIT) is True


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({}, ImageRule.DRAWN),
        ({FIRST: True}, ImageRule.DRAWN),
        ({OMIT: True}, ImageRule.OMITTED),
        ({OMIT: True, FIRST: False}, ImageRule.OMITTED),
        ({OMIT: True, FIRST: True}, ImageRule.FIRST_ATTACHMENT),
    ],
)
def test_the_rule(settings: dict[str, Any], rule: ImageRule) -> None:
    assert image_rule(Settled((settings,))) is rule


def test_what_is_settled_is_kept_beside_what_was() -> None:
    before = {"reply_to": "a@b.example"}
    after = settle(before, "NO:918130047", {OMIT: True})
    assert after == {**before, "customers": {"NO:918130047": {OMIT: True}}}
    assert settle(after, None, {OMIT: True})["customers"] == after["customers"]
    assert settle(after, "NO:918130047", {OMIT: None}) == {**before, "customers": {}}
    assert before == {"reply_to": "a@b.example"}


@pytest.mark.parametrize(
    ("settings", "customer", "given", "why"),
    [
        ({}, None, {FIRST: True}, "goes only with"),
        ({}, "a@b.example", {FIRST: True}, "goes only with"),
        ({OMIT: True, FIRST: True}, "a@b.example", {OMIT: False}, "goes only with"),
        ({OMIT: True, "customers": {"a@b.example": {FIRST: True}}}, None, {OMIT: None}, "a@b.exam"),
        (
            {"customers": {f"{n}@b.example": {OMIT: True} for n in range(MOST)}},
            "one@more.example",
            {OMIT: True},
            str(MOST),
        ),
    ],
)
def test_what_does_not_go_together_is_not_settled(
    settings: dict[str, Any], customer: str | None, given: dict[str, bool | None], why: str
) -> None:
    with pytest.raises(NotSettled, match=why):
        settle(settings, customer, given)


def test_a_customer_s_rule_may_lean_on_the_company_s() -> None:
    assert settle({OMIT: True}, "a@b.example", {FIRST: True})["customers"]
    assert settle({OMIT: True, FIRST: True}, "a@b.example", {OMIT: False, FIRST: False})


def test_no_address_of_a_person_is_kept_for_good() -> None:
    assert told("NO:918130047") == "NO:918130047"
    assert "kim" not in told("kim@b.example") and told("kim@b.example") != told("tim@b.example")
