"""The console's jobs: dead ones, what comes round, files of customers, and exports."""

from __future__ import annotations

import json
import zipfile
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.archive import exports
from gateway.archive.exports import Dividing
from gateway.store.port import Again, Checkpoint, Dead, Direction, Job, NewJob
from gateway.trust.gate import Closed, OpenGate
from gateway.trust.people.roles import Role
from tests.console.office import OURS, THEIRS, Browser, Office, Shown, open_office
from tests.contracts.stores import arrival, submission

HOSTILE = "<script>alert(1)</script>\"'{{7*7}}"
CUSTOMERS = b"name,country,participant\nKund AB,SE,0007:5592034846\n"


async def died(office: Office, key: str = "t", text: str = "It raised.", **more: Any) -> Job:
    """A job that nobody works on any more."""
    now = office.clock.now()
    await office.store.put([NewJob(key, "timer", now, **more)], now)
    (job,) = await office.store.claim("worker", now, 30, 1)
    await office.store.checkpoint(job, Checkpoint(Dead("internal.error", text)), now)
    return job


async def acted(office: Office, word: str) -> list[tuple[str, str, str]]:
    entries = await office.store.audit_entries(0, 1000)
    return [
        (entry.action, entry.subject, json.loads(entry.data).get("reason", ""))
        for entry in entries
        if entry.action.startswith(word)
    ]


async def twin(browser: Browser, query: str = "") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((await browser.get(f"/console/jobs.json{query}")).text)
    return found


# --- dead jobs ----------------------------------------------------------------------------------


async def test_a_dead_job_is_revived_once_with_a_reason(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    job = await died(office)
    page = await browser.get("/console/jobs")
    assert page.status == 200 and "It raised." in page.text
    path = f"/console/jobs/dead/{job.id}/revive"
    token = (await browser.get(path)).form_token
    page = await browser.post(path, token, reason="  The disk has room. ")
    assert page.url.path == "/console/jobs" and "It is tried again." in page.text
    assert len(await office.store.claim("worker", office.clock.now(), 30, 9)) == 1
    page = await browser.post(path, token, reason="Again.")
    assert "It is no longer there" in page.text
    assert await acted(office, "job.") == [("job.revived", str(job.id), "The disk has room.")]


async def test_a_dead_job_is_dropped_for_good(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    kept, job = await died(office, "kept"), await died(office)
    path = f"/console/jobs/dead/{job.id}/drop"
    page = await browser.get(path)
    assert "it can not be brought back" in page.text
    page = await browser.post(path, reason="Nobody needs it.")
    assert "It was dropped." in page.text
    assert [one["id"] for one in (await twin(browser))["dead"]] == [kept.id]
    assert await acted(office, "job.") == [("job.dropped", str(job.id), "Nobody needs it.")]


async def test_a_dead_job_whose_place_is_taken_stays_dead(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    job = await died(office)
    now = office.clock.now()
    await office.store.put([NewJob("t", "timer", now)], now)
    await browser.get(f"/console/jobs/dead/{job.id}/revive")
    page = await browser.post(f"/console/jobs/dead/{job.id}/revive", reason="Mended.")
    assert page.status == 422 and "Another job has taken its place" in page.text
    assert await acted(office, "job.") == []


@pytest.mark.parametrize("verb", ["revive", "drop"])
@pytest.mark.parametrize("reason", ["", "  ", "x" * 501])
async def test_nothing_is_done_to_it_without_a_reason(
    office: Office, browser: Browser, verb: str, reason: str
) -> None:
    await office.operator(browser)
    job = await died(office)
    path = f"/console/jobs/dead/{job.id}/{verb}"
    await browser.get(path)
    page = await browser.post(path, reason=reason)
    assert page.status == 422 and "Say why" in page.text
    assert len(await office.store.dead(0, 10)) == 1


async def test_many_dead_jobs_come_in_pages(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    jobs = [(await died(office, f"t{n}")).id for n in range(52)]
    first = await twin(browser)
    assert [one["id"] for one in first["dead"]] == jobs[:50]
    second = await twin(browser, first["next"])
    assert [one["id"] for one in second["dead"]] == jobs[50:] and second["next"] == ""
    assert (await browser.get("/console/jobs?after=%D9%A1")).status == 200
    assert (await browser.get(f"/console/jobs?after={'9' * 40}")).status == 200


async def test_what_is_no_dead_job_is_not_there(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    token = (await browser.get("/console/jobs/exports/new")).form_token
    for path in ("0/revive", "4711/drop", "x/drop", "1/burn", f"{'9' * 18}/drop"):
        assert (await browser.get(f"/console/jobs/dead/{path}")).status == 404, path
    page = await browser.post("/console/jobs/dead/4711/drop", token, reason="x")
    assert page.status == 200 and "It is no longer there" in page.text
    assert await acted(office, "job.") == []


async def test_nothing_in_a_dead_job_runs_and_no_personal_number_shows(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    job = await died(office, f"t:{HOSTILE}", f"{HOSTILE} 19811228-9874", company_id=OURS.id)
    for path in ("jobs", f"jobs/dead/{job.id}/drop", "jobs.json"):
        page = await browser.get(f"/console/{path}")
        assert page.status == 200 and "9874" not in page.text
        assert path.endswith("json") or "<script>" not in page.text


# --- schedules ----------------------------------------------------------------------------------


async def test_schedules_say_when_they_came_round_and_when_they_will(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    now = office.clock.now()
    jobs = [NewJob(f"schedule:{name}", "schedule", now) for name in ("retention", "usage")]
    await office.store.put(jobs, now)
    for job, failed in zip(await office.store.claim("w", now, 30, 2), (False, True), strict=True):
        data = {"last_at": now.isoformat(), "failed": failed}
        due = now + timedelta(minutes=10 if failed else 60)
        await office.store.checkpoint(job, Checkpoint(Again(due, data=data)), now)
    first, second = (await twin(browser))["schedules"]
    assert (first["failed"], second["failed"], first["late"]) == (True, False, False)
    office.clock.move(timedelta(minutes=28))
    assert "late: nobody does it" in (await browser.get("/console/jobs")).text
    first, second = (await twin(browser))["schedules"]
    assert (first["late"], second["late"]) == (True, False)


# --- files of customers -------------------------------------------------------------------------


async def hand_in(browser: Browser, content: bytes, company: str = OURS.id) -> Shown:
    await browser.get("/console/jobs/lookups/new")
    assert browser.last is not None
    form = aiohttp.FormData(default_to_multipart=True)
    form.add_field("form_token", browser.last.form_token)
    form.add_field("company", company)
    form.add_field("file", BytesIO(content), filename="k.csv", content_type="text/csv")
    return await browser._ask("POST", "/console/jobs/lookups/new", data=form)


async def test_a_file_of_customers_is_begun_once_fetched_and_deleted(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    for _ in range(2):
        page = await hand_in(browser, CUSTOMERS)
        assert page.url.path == "/console/jobs" and "goes on by itself" in page.text
    (job,) = (await twin(browser))["lookups"]
    progress = job["progress"]
    assert (job["company"], progress["rows"], progress["done"]) == (OURS.name, 1, 0)
    here = f"/console/jobs/lookups/{OURS.id}/{progress['id']}"
    result = await browser.get(f"{here}/result.csv")
    assert result.text.startswith("row,customer,name")
    assert result.headers["Content-Disposition"].startswith("attachment")
    assert json.loads((await browser.get(f"{here}/result.json")).text) == {"customers": []}
    assert (await browser.get(f"/console/jobs/lookups/{THEIRS.id}/x/result.csv")).status == 404
    other = here.replace(OURS.id, THEIRS.id)
    assert (await browser.get(f"{other}/result.csv")).status == 404
    token = (await browser.get(f"{here}/remove")).form_token
    assert (await browser.post(f"{here}/remove", token, reason="")).status == 422
    for done in ("It was deleted.", "It is no longer there"):
        page = await browser.post(f"{here}/remove", token, reason="The wrong file.")
        assert done in page.text
    assert (await twin(browser))["lookups"] == []
    assert await acted(office, "lookup.") == [
        ("lookup.begun", progress["id"], ""),
        ("lookup.removed", progress["id"], "The wrong file."),
    ]


@pytest.mark.parametrize(
    ("content", "company", "said"),
    [
        (b"", OURS.id, "Choose a file."),
        (CUSTOMERS, "com_nobody", "Choose a company."),
        (b"name,country\n<script>,XX\n", OURS.id, "Nothing of the file was taken"),
        (b"\xff\xfe\0\0", OURS.id, "Nothing of the file was taken"),
        (b'{"customers": 7}', OURS.id, "Nothing of the file was taken"),
        (b"[" * 4000, OURS.id, "Nothing of the file was taken"),
    ],
)
async def test_what_is_wrong_with_a_file_of_customers_is_said(
    office: Office, browser: Browser, content: bytes, company: str, said: str
) -> None:
    await office.operator(browser)
    page = await hand_in(browser, content, company)
    assert page.status == 422 and said in page.text and "<script>" not in page.text
    assert (await twin(browser))["lookups"] == []


# --- exports ------------------------------------------------------------------------------------


async def test_an_export_is_asked_for_and_its_files_are_fetched(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    await office.store.accept(submission(OURS.id), office.clock.now())
    office.clock.move(timedelta(days=2))
    await office.operator(browser, "op2@gateway.example")
    now = office.clock.now()
    days = {
        "start": f"{now - timedelta(days=3):%Y-%m-%d}",
        "end": f"{now - timedelta(days=1):%Y-%m-%d}",
    }
    token = (await browser.get("/console/jobs/exports/new")).form_token
    for _ in range(2):  # the same form sent twice is one export
        page = await browser.post(
            "/console/jobs/exports/new", token, company=OURS.id, reason="The auditor asks.", **days
        )
        assert page.url.path == "/console/jobs" and "The export is being made." in page.text
    (export,) = (await twin(browser))["exports"]
    assert not export["ready"] and export["company"] == OURS.name
    assert await acted(office, "export.") == [
        ("export.asked_for", export["id"], "The auditor asks.")
    ]
    job = next(one for one in await office.store.claim("w", now, 30, 9) if one.kind == exports.KIND)
    await Dividing(office.store, office.clock, 10**6)(job)
    (export,) = (await twin(browser))["exports"]
    assert export["ready"] and export["documents"] == 1
    path = f"/console/jobs/exports/{OURS.id}/{export['id']}"
    assert f'href="{path}/1"' in (await browser.get("/console/jobs")).text
    async with browser.session.get(f"{browser.url}{path}/1") as answer:
        content = await answer.read()
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "index.csv" in zipfile.ZipFile(BytesIO(content)).namelist()
    for other in (f"{path}/2", path.replace(OURS.id, THEIRS.id) + "/1", f"{path}x/1"):
        assert (await browser.get(other)).status == 404, other


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"company": "com_nobody"}, "Choose a company."),
        ({"start": "x"}, "The first day is none"),
        ({"end": "9999-12-31"}, "The last day is none"),
        ({"end": "2026-01-01", "start": "2026-02-01"}, "must be past, and not before"),
        ({"end": "2999-01-01"}, "must be past, and not before"),
        ({"direction": "sideways"}, "Choose which documents."),
        ({"reason": " "}, "Say why"),
    ],
)
async def test_what_is_wrong_with_a_wish_is_said(
    office: Office, browser: Browser, wish: dict[str, str], said: str
) -> None:
    await office.operator(browser)
    await browser.get("/console/jobs/exports/new")
    right = {"company": OURS.id, "start": "2026-01-01", "end": "2026-01-31", "reason": "x"}
    page = await browser.post("/console/jobs/exports/new", **{**right, **wish})
    assert page.status == 422 and said in page.text
    assert await acted(office, "export.") == [] and await office.store.exports(9) == []


async def test_the_form_proposes_the_month_that_has_ended(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    form = json.loads((await browser.get("/console/jobs/exports/new.json")).text)
    assert form["start"].endswith("-01") and form["start"][:7] == form["end"][:7]
    assert form["end"] < str(office.clock.now().date())


# --- who may ------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.OPERATOR}))
async def test_jobs_are_for_operators_alone(office: Office, browser: Browser, role: Role) -> None:
    job = await died(office)
    await office.person(role=role)
    token = (await browser.sign_in("anna@byran.example")).form_token
    for path in (
        *("", ".json", f"/dead/{job.id}/drop", "/exports/new", "/lookups/new"),
        *(f"/exports/{OURS.id}/exp_x/1", f"/lookups/{OURS.id}/lkp_x/result.csv"),
    ):
        assert (await browser.get(f"/console/jobs{path}")).status == 403, path
    page = await browser.post(f"/console/jobs/dead/{job.id}/drop", token, reason="x")
    assert page.status == 403 and len(await office.store.dead(0, 9)) == 1


async def test_a_form_that_is_not_ours_does_nothing(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    job = await died(office)
    for path in (f"dead/{job.id}/drop", "exports/new"):
        page = await browser.post(f"/console/jobs/{path}", "0" * 64, reason="x")
        assert page.status == 403
    assert len(await office.store.dead(0, 9)) == 1


class Shut(OpenGate):
    """Nobody here is verified."""

    async def may_receive(self, company_id: str) -> Closed | None:
        return Closed("company.not_verified", "Prove who you are.", "Not now.")


@pytest.mark.parametrize(("gate", "status"), [(OpenGate(), 200), (Shut(), 403)])
async def test_what_came_in_for_a_company_that_may_not_receive_is_not_handed_out(
    tmp_path: Path, gate: OpenGate, status: int
) -> None:
    opened = open_office(tmp_path / "data", gate=gate)
    async with opened as office, office.browser() as browser:
        now = office.clock.now()
        await office.store.arrive(arrival(company_id=OURS.id), now)
        later = now + timedelta(days=1)
        wish = exports.asked(OURS.id, now - timedelta(days=1), later, Direction.IN, later)
        await office.store.add_export(wish, exports.job_of(wish), exports.told(wish, "key:erp"))
        office.clock.move(timedelta(days=1, minutes=5))
        claimed = await office.store.claim("w", office.clock.now(), 30, 9)
        (job,) = [one for one in claimed if one.kind == exports.KIND]
        await Dividing(office.store, office.clock, 10**6)(job)
        await office.operator(browser)
        path = f"{browser.url}/console/jobs/exports/{OURS.id}/{wish.id}/1"
        async with browser.session.get(path) as answer:
            assert answer.status == status
            assert (answer.content_type == "application/zip") == (status == 200)
