"""The console's audit: found, taken along, checked; and what is no entry's says so."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.archive.retention import signing_key
from gateway.audit.chain import CUT, EMPTY, Broken, Head, NewEntry, sealed
from gateway.audit.pieces import Checked, check
from gateway.trust.people.roles import Role
from tests.api.conftest import AT
from tests.console.office import OURS, Browser, Office

HOSTILE = "<script>alert(1)</script>\"'{{7*7}}=cmd|A0\r\nX: y\u202e"
ENTRY = NewEntry("operator:ann", "lane.paused", "email", data={"reason": "Down."})
DOCUMENT = "doc_01900000-0000-7000-8000-4c1d2e3f4a5b"


async def told(office: Office, *entries: NewEntry) -> None:
    for entry in entries:
        await office.store.audit(entry, office.clock.now())


async def test_entries_are_listed_newest_first_with_what_they_tell(
    office: Office, browser: Browser
) -> None:
    changed = {"before": {"name": "Gammal", "kind": 1}, "after": {"name": "Ny"}, "reason": "Typo."}
    person = await office.operator(browser)
    await told(
        office,
        ENTRY,
        replace(ENTRY, subject=DOCUMENT, company_id=OURS.id, data=changed),
        replace(ENTRY, actor=f"person:{person.id}", data={}),
    )
    page = await browser.get("/console/audit")
    assert page.status == 200
    twin = json.loads((await browser.get("/console/audit.json")).text)
    newest, second, third = twin["entries"][:3]
    assert newest["who"] == person.email
    assert second["is_document"] and second["company"] == OURS.name
    assert [(one["name"], one["before"], one["value"]) for one in second["values"]] == [
        ("kind", "1", ""),
        ("name", "Gammal", "Ny"),
        ("reason", None, "Typo."),
    ]
    assert third["subject"] == "email" and third["seq"] == newest["seq"] - 2
    assert f"/console/documents/{OURS.id}/{DOCUMENT}" in page.text
    assert "<del>Gammal</del>" in page.text and "<ins>Ny</ins>" in page.text


ASKED = {
    "who=operator:bo": {3},
    "action=lane.resumed": {2, 3},
    "about=letter": {3},
    f"company={OURS.id}": {2},
    "since=2026-11-20&until=2026-11-20": {2},
    "since=2026-11-21": {3},
    "action=lane.resumed&who=operator:ann": {2},
    "about=nobody": set[int](),
}


@pytest.mark.parametrize("query", ASKED)
async def test_entries_are_found_by_what_the_address_says(
    office: Office, browser: Browser, query: str
) -> None:
    await office.operator(browser)
    first = (await office.store.audit_head()).seq
    resumed = replace(ENTRY, action="lane.resumed")
    days = [AT.replace(month=11, day=day, year=2026) for day in (19, 20, 21)]
    await office.store.audit(ENTRY, days[0])
    await office.store.audit(replace(resumed, company_id=OURS.id), days[1])
    await office.store.audit(replace(resumed, actor="operator:bo", subject="letter"), days[2])
    page = await browser.get(f"/console/audit.json?{query}")
    found = {entry["seq"] - first for entry in json.loads(page.text)["entries"]}
    assert {n for n in found if n > 0} == ASKED[query]


async def test_pages_go_on_without_a_gap(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    await told(office, *[ENTRY] * 120)
    seen: list[int] = []
    query = "?action=lane.paused"
    while query:
        view = json.loads((await browser.get(f"/console/audit.json{query}")).text)
        seen += [entry["seq"] for entry in view["entries"]]
        query = view["next"]
        await told(office, ENTRY)
    assert len(seen) == 120 and seen == list(range(seen[0], seen[0] - 120, -1))


@pytest.mark.parametrize(
    "query",
    [
        *("since=yesterday", "until=2026-13-01", "until=9999-12-31", "before=-1", "before=1e9"),
        *("before=9999999999999999", "since=20261122T00&before=%D9%A1"),
    ],
)
async def test_what_can_not_be_read_is_said_and_nothing_is_listed(
    office: Office, browser: Browser, query: str
) -> None:
    await office.operator(browser)
    page = await browser.get(f"/console/audit?{query}")
    assert page.status == 422 and 'role="alert"' in page.text and "data-row" not in page.text
    assert (await browser.get(f"/console/audit/entries.csv?{query}")).status == 422


@pytest.mark.parametrize("query", ["about=%01", "who=%ff%fe", "x=1&about=" + "a" * 5000])
async def test_odd_queries_find_nothing_and_break_nothing(
    office: Office, browser: Browser, query: str
) -> None:
    await office.operator(browser)
    assert (await browser.get(f"/console/audit?{query}")).status == 200


async def test_an_entry_has_a_page_of_its_own(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    long = "å" * 5000
    await told(office, replace(ENTRY, data={"reason": long}))
    head = await office.store.audit_head()
    listed = await browser.get("/console/audit")
    assert long not in listed.text and "å" * 300 in listed.text
    page = await browser.get(f"/console/audit/{head.seq}")
    assert page.status == 200 and long in page.text and head.hash in page.text
    for path in (f"{head.seq + 1}", "0", "x", "1" * 15):
        assert (await browser.get(f"/console/audit/{path}")).status == 404, path


async def test_nothing_in_an_entry_runs(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    await told(office, NewEntry(HOSTILE, HOSTILE, HOSTILE, "", {"reason": HOSTILE}))
    seq = (await office.store.audit_head()).seq
    for path in ("audit", f"audit/{seq}", "audit?about=%3Cscript%3E&who=%22%3E%3Cscript%3E"):
        page = await browser.get(f"/console/{path}")
        assert page.status == 200
        assert "<script>" not in page.text and HOSTILE[8:] not in page.text


async def test_entries_are_taken_along_as_csv_and_json(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    await told(office, ENTRY, replace(ENTRY, subject="=1+1", data={"reason": 'Å,\n"x"'}))
    answer = await browser.get("/console/audit/entries.csv?action=lane.paused")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="audit.csv"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    names, newest, older = csv.reader(io.StringIO(answer.text))
    assert dict(zip(names, older, strict=True))["subject"] == "email"
    assert dict(zip(names, newest, strict=True))["subject"] == "'=1+1"  # runs in no spreadsheet
    lines = (await browser.get("/console/audit/entries.jsonl?action=lane.paused")).text
    newest_line, _ = map(json.loads, lines.splitlines())
    assert newest_line["data"] == {"reason": 'Å,\n"x"'}
    assert newest_line["hash"] == (await office.store.audit_head()).hash


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.OPERATOR}))
async def test_the_audit_is_for_operators_alone(
    office: Office, browser: Browser, role: Role
) -> None:
    await office.person(role=role)
    await browser.sign_in("anna@byran.example")
    for path in ("", ".json", "/1", "/1.json", "/check", "/check.json", "/entries.csv"):
        page = await browser.get(f"/console/audit{path}")
        assert page.status == 403 and "sign-in" not in page.url.path, path


# --- the chain ----------------------------------------------------------------------------------


async def walked(office: Office, most: int) -> list[Checked | Broken]:
    """The pieces, up to the end or to what is wrong."""
    key = (await signing_key(office.store)).public
    found: list[Checked | Broken] = []
    after = EMPTY
    while True:
        piece = await check(office.store, key.signed, after, most)
        found.append(piece)
        if isinstance(piece, Broken) or piece.left <= 0:
            return found
        assert piece.head.seq > after.seq
        after = piece.head


@pytest.mark.parametrize("most", [1, 2, 7, 500])
async def test_pieces_of_any_size_find_the_same(office: Office, most: int) -> None:
    assert await walked(office, most) == [Checked(0, 1, EMPTY, 0)]
    await told(office, *[ENTRY] * 20)
    pieces = await walked(office, most)
    assert all(isinstance(piece, Checked) for piece in pieces)
    assert sum(piece.entries for piece in pieces if isinstance(piece, Checked)) == 20
    last = pieces[-1]
    assert isinstance(last, Checked)
    assert (last.first, last.head, last.left) == (1, await office.store.audit_head(), 0)


async def cut(office: Office, through: Head, *, good: bool = True) -> None:
    key = await signing_key(office.store)
    signature = key.sign(sealed(through.seq, through.hash)).hex()
    data = {"through": through.seq, "hash": through.hash, "signature": signature}
    if not good:
        data["signature"] = "00" * 64
    await office.store.cut_audit(
        through.seq, NewEntry("gateway", CUT, "audit", data=data), office.clock.now()
    )


@pytest.mark.parametrize("most", [1, 3, 500])
async def test_pieces_know_a_beginning_that_was_cut_off_and_sealed(
    office: Office, most: int
) -> None:
    await told(office, *[ENTRY] * 10)
    noted = Head(4, (await office.store.audit_entries(3, 1))[0].hash)
    await cut(office, noted)
    pieces = await walked(office, most)
    assert all(isinstance(piece, Checked) and piece.first == 5 for piece in pieces)
    # Where somebody had got to before lies in what is gone: they begin anew.
    key = (await signing_key(office.store)).public
    again = await check(office.store, key.signed, Head(2, "0" * 64))
    assert isinstance(again, Checked) and again.entries == 7


@pytest.mark.parametrize("most", [1, 500])
async def test_a_cut_that_is_not_sealed_is_found(office: Office, most: int) -> None:
    await told(office, *[ENTRY] * 10)
    await cut(office, Head(4, (await office.store.audit_entries(3, 1))[0].hash), good=False)
    assert isinstance((await walked(office, most))[-1], Broken)


def tampered(database: Path, statement: str) -> None:
    """Does to the file what the gateway itself can not."""
    connection = sqlite3.connect(database)
    with connection:
        for name in ("audit_unchanged", "audit_kept"):
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("statement", "seq"),
    [
        ("UPDATE audit_entry SET actor = 'operator:eve' WHERE seq = 7", 7),
        ("DELETE FROM audit_entry WHERE seq = 5", 6),
        ("DELETE FROM audit_entry WHERE seq <= 3", 1),
        ("UPDATE audit_entry SET data = '{\"a\":1.5}' WHERE seq = 2", 2),
    ],
)
async def test_the_page_says_where_the_chain_breaks(
    office: Office, browser: Browser, tmp_path: Path, statement: str, seq: int
) -> None:
    await told(office, *[ENTRY] * 10)
    await office.operator(browser)
    page = await browser.get("/console/audit/check?after=")
    assert page.status == 200 and "The chain is whole" in page.text
    tampered(tmp_path / "data/budkavle.sqlite", statement)
    page = await browser.get("/console/audit/check?after=")
    assert page.status == 200 and f"does not hold at entry {seq}." in page.text
    for piece in (await walked(office, 1))[-1:]:
        assert isinstance(piece, Broken) and piece.seq == seq


async def test_the_check_begins_when_it_is_asked_to_and_goes_on_from_a_head(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    page = await browser.get("/console/audit/check")
    assert "Begin" in page.text and "whole" not in page.text
    head = await office.store.audit_head()
    await told(office, ENTRY)
    view = json.loads((await browser.get(f"/console/audit/check.json?after={head}&entries=5")).text)
    assert (view["entries"], view["left"], view["broken"]) == (6, 0, None)
    view = json.loads(
        (await browser.get(f"/console/audit/check.json?after={head.seq}:{'0' * 64}")).text
    )
    assert view["broken"] == head.seq
    for odd in ("9" * 15 + ":" + "a" * 64, "x", "1:2", "%01"):
        answer = await browser.get(f"/console/audit/check?after={odd}&entries=x")
        assert answer.status == 200, odd


async def test_a_new_piece_does_not_wait_for_the_clock(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    office.clock.move(timedelta(days=-400))
    await told(office, ENTRY)
    page = await browser.get("/console/audit/check?after=")
    assert "The chain is whole" in page.text
