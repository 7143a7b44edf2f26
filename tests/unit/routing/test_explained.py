"""docs/explain/routing.md draws the orders that are in force."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from gateway.delivery.backoff import DEADLINE, DEADLINES
from gateway.routing.orders import shipped

PAGE = Path(__file__).parents[3] / "docs" / "explain" / "routing.md"
TODAY = date(2026, 11, 21)


def drawn() -> list[list[str]]:
    lines = re.findall(r"^\S+ -> .+$", PAGE.read_text("utf-8"), re.MULTILINE)
    return [line.split(" -> ") for line in lines]


@pytest.mark.parametrize(
    ("country", "consumer", "place"),
    [("SE", False, 0), ("SE", True, 0), ("NO", True, 2), ("NO", False, 3), ("DK", True, 3)],
)
def test_the_picture_is_the_order(country: str, consumer: bool, place: int) -> None:
    order = shipped().find(country, consumer, TODAY)
    assert drawn()[place] == [question.step for question in order.questions]


def test_the_public_sector_has_an_order_of_its_own_in_the_picture() -> None:
    order = shipped().find("SE", False, TODAY, public=True)
    assert drawn()[1] == [question.step for question in order.questions]
    assert order.only_asked_for == {"email", "letter"}


def test_the_deadlines_are_the_ones_in_the_text() -> None:
    three = dict.fromkeys(["email", "bank_se", "avtalegiro"], timedelta(days=3))
    assert {**three, "letter": timedelta(days=7), "internal": timedelta(hours=1)} == DEADLINES
    assert timedelta(days=1) == DEADLINE
