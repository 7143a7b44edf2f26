"""Files of customers over HTTP: handed in, followed, read, removed."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest

from gateway.api import examples
from gateway.identifying.jobs import MOST_JOBS, Jobs
from gateway.ways import Ways
from tests.api.conftest import OTHER_KEY, Api, Reply
from tests.flows.channel import Scripted, channels, here

PLACE = "/v1/lookup/jobs"


async def hand_in(api: Api, content: str = examples.CUSTOMERS_CSV, **how: Any) -> Reply:
    headers = {"Content-Type": "text/csv"}
    return await api.post(PLACE, data=content.encode(), headers=headers, **how)


async def work_off(api: Api) -> None:
    """What a worker does; the API's own process has no channels in these tests."""
    email = Scripted("email", {None: [here("email")]})
    jobs = Jobs(api.store, Ways(channels(email), api.clock), api.clock)
    while due := await api.store.claim("w", api.clock.now(), 60, 10):
        for job in due:
            await jobs(job)
        api.clock.move(timedelta(minutes=1))


async def test_a_file_is_handed_in_followed_read_and_removed(api: Api) -> None:
    begun = await hand_in(api)
    place = begun.headers["Location"]
    assert (begun.status, begun.json["rows"], begun.json["done"]) == (202, 2, 0)
    assert (await hand_in(api)).json["id"] == begun.json["id"]
    assert (await api.get(f"{place}/result")).json == {"customers": []}
    await work_off(api)
    ended = (await api.get(place)).json
    assert (ended["running"], ended["done"], ended["counts"]) == (False, 2, {"none": 1, "email": 1})
    assert (await api.get(PLACE)).json["jobs"] == [ended]
    found = (await api.get(ended["links"]["result"])).json["customers"]
    assert [(one["row"], one["customer"], one["channel"]) for one in found] == [
        (1, "1001", None),
        (2, "1002", "email"),
    ]
    table = await api.get(f"{place}/result", headers={"Accept": "text/csv"})
    assert table.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(table.content.decode())))
    assert [(row["customer"], row["channel"], row["certain"]) for row in rows] == [
        ("1001", "", "yes"),
        ("1002", "email", "yes"),
    ]
    for method in ("GET", "DELETE"):
        assert (await api.call(method, place, key=OTHER_KEY)).status == 404
    assert (await api.get(f"{place}/result", key=OTHER_KEY)).status == 404
    assert (await api.call("DELETE", place)).status == 204
    assert (await api.call("DELETE", place)).status == 404
    assert (await api.get(PLACE)).json["jobs"] == []
    entries = await api.store.audit_entries(0, 100)
    assert [entry.action for entry in entries].count("lookup.removed") == 1


async def test_json_does_too(api: Api) -> None:
    begun = await api.post(PLACE, json=examples.CUSTOMERS)
    assert (begun.status, begun.json["rows"]) == (202, 2)


async def test_a_result_is_no_formula(api: Api) -> None:
    begun = await hand_in(api, 'customer,name,country,email\n"=1+1","@x",SE,a@b.example\n')
    await work_off(api)
    table = await api.get(f"{begun.headers['Location']}/result", headers={"Accept": "text/csv"})
    (row,) = csv.DictReader(io.StringIO(table.content.decode()))
    assert (row["customer"], row["name"]) == ("'=1+1", "'@x")


async def test_all_that_is_wrong_with_a_csv_file_is_told_by_line_and_column(api: Api) -> None:
    refused = await hand_in(api, "name,country,email\nA,Sweden,nobody\nB,SE\n")
    assert refused.status == 422
    assert [(e.get("line"), e.get("column")) for e in refused.json["errors"]] == [
        *((2, "country"), (2, "email")),
        (3, None),
    ]
    many = await hand_in(api, "name,country\n" + "A,Sweden\n" * 700)
    assert len(many.json["errors"]) == 200 and many.json["errors_left_out"] == 500
    assert (await api.get(PLACE)).json["jobs"] == []


async def test_all_that_is_wrong_with_a_json_file_is_told_by_its_place(api: Api) -> None:
    bad = {"customers": [{"name": "A", "country": "SE"}, {"name": 1, "pager": "x"}, 7]}
    refused = await api.post(PLACE, json=bad)
    assert [error["pointer"] for error in refused.json["errors"]] == [
        *("/customers/1/name", "/customers/1/country", "/customers/1/pager"),
        "/customers/2",
    ]
    whole = await api.post(PLACE, json=[])
    assert (whole.status, whole.json["errors"][0]["pointer"]) == (422, "")


@pytest.mark.parametrize("media_type", ["text/plain", "application/vnd.ms-excel"])
async def test_other_media_types_are_refused(api: Api, media_type: str) -> None:
    refused = await api.post(PLACE, data=b"x", headers={"Content-Type": media_type})
    assert refused.status == 415 and "text/csv" in json.dumps(refused.json)


async def test_so_many_files_may_there_be(api: Api) -> None:
    for n in range(MOST_JOBS):
        assert (await hand_in(api, f"name,country\nA{n},SE\n")).status == 202
    assert (await hand_in(api, "name,country\nB,SE\n")).status == 409
    assert (await hand_in(api, "name,country\nB,SE\n", key=OTHER_KEY)).status == 202
