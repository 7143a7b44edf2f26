"""Taking turns."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.store.turns import beginning_after, in_turn

LINES = st.lists(st.integers(0, 8), max_size=8).map(
    lambda sizes: [[(line, n) for n in range(size)] for line, size in enumerate(sizes)]
)


@given(lines=LINES, limit=st.integers(0, 40))
def test_nobody_gets_a_second_before_all_had_a_first(
    lines: list[list[tuple[int, int]]], limit: int
) -> None:
    taken = in_turn(lines, limit)
    assert len(taken) == min(limit, sum(map(len, lines)))
    assert len(set(taken)) == len(taken)
    assert [n for _, n in taken] == sorted(n for _, n in taken)  # round by round
    for line, queue in enumerate(lines):
        mine = [one for one in taken if one[0] == line]
        assert mine == queue[: len(mine)]  # in the line's own order
    assert taken == sorted(taken, key=lambda one: (one[1], one[0]))


@given(names=st.sets(st.text("abc", max_size=3)), last=st.text("abcd", max_size=3))
def test_it_begins_behind_the_last_one_and_leaves_nobody_out(names: set[str], last: str) -> None:
    turns = beginning_after(sorted(names), last)
    assert sorted(turns) == sorted(names)
    later = sum(name > last for name in names)
    assert all(name > last for name in turns[:later])
    assert turns[:later] == sorted(turns[:later])
    assert turns[later:] == sorted(turns[later:])
