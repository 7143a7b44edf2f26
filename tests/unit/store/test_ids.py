from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.store.ids import is_id, new_id, parse_id, uuid7


def test_an_id_is_prefix_and_uuid_version_7() -> None:
    before_ms = time.time_ns() // 1_000_000
    made = new_id("doc")
    value = parse_id(made, "doc")
    assert made == f"doc_{value}"
    assert value.version == 7
    assert value.variant == "specified in RFC 4122"
    assert abs((value.int >> 80) - before_ms) < 60_000


def test_ids_sort_by_when_they_were_made_also_within_a_millisecond() -> None:
    made = [new_id("doc") for _ in range(20_000)]
    assert made == sorted(set(made))


def test_no_two_threads_get_the_same_place() -> None:
    with ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: [uuid7() for _ in range(5_000)], range(4)))
    assert all(run == sorted(run) for run in runs)
    places = [UUID(value).int >> 64 for run in runs for value in run]
    assert len(set(places)) == 20_000


GOOD = "doc_0193a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b"


def test_a_good_id_is_read() -> None:
    assert parse_id(GOOD, "doc") == UUID("0193a2b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b")
    assert is_id(GOOD, "doc")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "doc_",
        GOOD[4:],
        GOOD.upper(),
        GOOD + "\n",
        " " + GOOD,
        GOOD.replace("-", ""),
        GOOD.replace("-7e8f", "-4e8f"),  # another version
        GOOD.replace("-9a0b", "-ca0b"),  # another variant
        GOOD.replace("doc", "att"),
        GOOD.replace("0193", "０193"),  # a digit that is no ASCII digit
    ],
)
def test_anything_else_is_no_id(text: str) -> None:
    assert not is_id(text, "doc")
    with pytest.raises(ValueError, match="doc_<uuid version 7"):
        parse_id(text, "doc")


@given(st.text())
def test_no_text_breaks_the_check(text: str) -> None:
    assert not is_id(text, "doc") or parse_id(text, "doc").version == 7
