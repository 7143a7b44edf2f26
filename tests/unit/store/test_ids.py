from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from gateway.store.ids import new_id, uuid7


def test_an_id_is_prefix_and_uuid_version_7() -> None:
    before_ms = time.time_ns() // 1_000_000
    made = new_id("doc")
    value = UUID(made.removeprefix("doc_"))
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
