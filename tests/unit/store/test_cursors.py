"""Cursors: what is sealed is opened again, by its company, and by nobody else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.store.cursors import BEGINNING, Cursors, new_key
from gateway.store.port import BadCursor

CURSORS = Cursors(b"0123456789abcdef")
NUMBERS = st.integers(0, 2**48 - 1)


@given(company=st.text(max_size=64), places=st.lists(st.tuples(NUMBERS, NUMBERS), max_size=20))
def test_a_place_comes_back_as_it_was(company: str, places: list[tuple[int, int]]) -> None:
    sealed = CURSORS.sealed(company, places)
    assert [CURSORS.opened(company, cursor) for cursor in sealed] == places
    assert all(len(cursor) == len("cur_") + 32 for cursor in sealed)
    for cursor in sealed:
        with pytest.raises(BadCursor):
            CURSORS.opened(company + "x", cursor)


@given(garbage=st.one_of(st.text(), st.text("0123456789abcdef", min_size=32, max_size=32)))
def test_garbage_is_refused(garbage: str) -> None:
    for cursor in (garbage, f"cur_{garbage}"):
        with pytest.raises(BadCursor):
            CURSORS.opened("acme", cursor)


def test_another_store_s_cursor_is_refused() -> None:
    (cursor,) = Cursors(new_key()).sealed("acme", [(0, 1)])
    with pytest.raises(BadCursor):
        CURSORS.opened("acme", cursor)


def test_no_cursor_is_the_beginning() -> None:
    assert CURSORS.opened("acme", None) == BEGINNING


def test_a_number_that_is_too_large_is_a_bug() -> None:
    with pytest.raises(OverflowError):
        CURSORS.sealed("acme", [(2**48, 0)])
