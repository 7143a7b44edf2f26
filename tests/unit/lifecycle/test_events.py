"""Every type of event has its meaning. That no event says more is watched over in tests/flows."""

from __future__ import annotations

from gateway.events import MEANINGS, Type, table


def test_every_type_has_a_meaning_in_the_order_of_the_list() -> None:
    assert list(MEANINGS) == list(Type)
    for meaning in MEANINGS.values():
        assert meaning.says.endswith(".") and meaning.not_promised.endswith(".")


def test_every_type_has_a_row() -> None:
    assert [row.split("`")[1] for row in table().splitlines()[2:]] == list(Type)
