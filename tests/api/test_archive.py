"""The evidence bundle and archive exports over HTTP."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.api import examples
from gateway.archive.exports import Dividing
from gateway.archive.proof import examine
from gateway.archive.retention import signing_key
from gateway.store.port import NewPart, Role, Submission
from tests.api.conftest import AT, COMPANY, OTHER_KEY, Api, Reply
from tests.api.test_feeds import arrive

WISH = {"start": "2026-11-21T09:00:00Z", "end": "2026-11-21T10:00:00Z"}


async def made(api: Api, wish: dict[str, Any] = WISH, most_bytes: int = 10**6) -> Any:
    """An export of the documents there are, ready."""
    if api.clock.now() == AT:
        api.clock.move(timedelta(hours=1))
    answer = await api.post("/v1/exports", json=wish)
    assert answer.status == 202, answer.content
    others = {"prepare": 0, "email": 0}
    for job in await api.store.claim("test", api.clock.now(), 60, 100, others):
        await Dividing(api.store, api.clock, most_bytes)(job)
    ready = await api.get(answer.headers["Location"])
    assert ready.json["ready"]
    return ready.json


async def export(api: Api) -> str:
    """The id of an export that has a file."""
    return str((await made(api))["id"])


def opened(reply: Reply) -> zipfile.ZipFile:
    assert reply.status == 200, reply.content[:300]
    assert reply.headers["Content-Type"] == "application/zip"
    return zipfile.ZipFile(io.BytesIO(reply.content))


async def holds(api: Api, reply: Reply, path: Path) -> bool:
    path.write_bytes(reply.content)
    key = (await signing_key(api.store)).public
    said = list(examine(path, key))
    return all(one.holds for one in said)


# --- bundle -------------------------------------------------------------------------------------


async def test_a_bundle_has_everything_and_is_signed(api: Api, tmp_path: Path) -> None:
    id_ = (await api.submit(examples.SWEDISH_COMPANY)).json["id"]
    await api.prepare()
    reply = await api.get(f"/v1/documents/{id_}/bundle")
    assert reply.headers["Content-Disposition"] == f'attachment; filename="{id_}.zip"'
    archive = opened(reply)
    assert await holds(api, reply, tmp_path / "a.zip")
    names = archive.namelist()
    assert names[:3] == ["README.txt", "document.json", "timeline.json"]
    assert names[-3:] == ["manifest.json", "manifest.sig", "public-key.pem"]
    files = {file["role"]: file for file in json.loads(archive.read("manifest.json"))["files"]}
    listed = (await api.get(f"/v1/documents/{id_}/evidence")).json["files"]
    for file in listed:
        content = archive.read(files[file["role"]]["path"])
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
    assert {"original", "document", "plan", "findings", "envelope"} <= files.keys()
    readme = archive.read("README.txt").decode()
    assert id_ in readme and "{" not in readme
    timeline = json.loads(archive.read("timeline.json"))
    assert timeline["events"][0]["type"] == "document.received"
    assert (await api.get(f"/v1/documents/{id_}/bundle")).content == reply.content


async def test_personal_numbers_are_masked_in_what_the_gateway_writes(api: Api) -> None:
    number = "197001019877"
    body = {**examples.SWEDISH_COMPANY, "delivery": {"personal_number": number}}
    answer = await api.submit(body)
    assert answer.status == 202, answer.content
    await api.prepare()
    archive = opened(await api.get(f"/v1/documents/{answer.json['id']}/bundle"))
    having = [name for name in archive.namelist() if number.encode() in archive.read(name)]
    assert all(name.startswith("1-received/") for name in having), having
    assert b"********" in archive.read("document.json")


async def test_names_of_files_can_do_no_harm(api: Api, tmp_path: Path) -> None:
    names = ["../../etc/passwd", "..", "a/b", "A.TXT", "a.txt", "å\n.pdf", "x" * 300, "=cmd()"]
    parts = [NewPart(Role.ATTACHMENT, n, "text/plain", n.encode()) for n in names]
    original = NewPart(Role.ORIGINAL, "/o", "application/json", b"{}")
    given = Submission("doc_x", COMPANY.id, "application/json", [original, *parts], {})
    await api.store.accept(given, AT)
    reply = await api.get("/v1/documents/doc_x/bundle")
    found = opened(reply).namelist()
    assert len({name.lower() for name in found}) == len(found)
    assert not [name for name in found if name.startswith(("/", ".")) or ".." in name.split("/")]
    assert await holds(api, reply, tmp_path / "a.zip")


async def test_another_company_s_bundle_is_not_there(api: Api) -> None:
    id_ = (await api.submit(examples.SWEDISH_COMPANY)).json["id"]
    assert (await api.get(f"/v1/documents/{id_}/bundle", key=OTHER_KEY)).status == 404
    assert (await api.get("/v1/documents/doc_none/bundle")).status == 404


async def test_a_damaged_file_never_makes_a_whole_bundle(api: Api, tmp_path: Path) -> None:
    large = NewPart(Role.ORIGINAL, "document.json", "application/json", b"x" * 70_000)
    given = Submission("doc_x", COMPANY.id, "application/json", [large], {})
    await api.store.accept(given, AT)
    (file,) = [path for path in tmp_path.glob("blobs/**/*") if path.is_file()]
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(aiohttp.ClientError):
        await api.get("/v1/documents/doc_x/bundle")


# --- exports ------------------------------------------------------------------------------------


async def test_an_export_is_a_signed_zip_with_an_index(api: Api, tmp_path: Path) -> None:
    first = (await api.submit(examples.SWEDISH_COMPANY)).json["id"]
    await api.prepare()
    inbound = await arrive(api, "known")
    export = await made(api)
    assert [file["direction"] for file in export["files"]] == ["out", "in"]
    for file, document in zip(export["files"], (first, inbound), strict=True):
        reply = await api.get(file["href"])
        archive = opened(reply)
        assert await holds(api, reply, tmp_path / "a.zip")
        (row,) = csv.DictReader(io.StringIO(archive.read("index.csv").decode()))
        assert row["document_id"] == document
        assert f"{document}/document.json" in archive.namelist()
    (number,) = [row["number"] for row in [row] if row["direction"] == "in"]
    assert number


async def test_a_large_export_has_several_files(api: Api) -> None:
    ids = [(await api.submit(examples.SWEDISH_COMPANY)).json["id"] for _ in range(5)]
    export = await made(api, most_bytes=15_000)
    assert len(export["files"]) > 1
    found: list[str] = []
    for file in export["files"]:
        manifest = json.loads(opened(await api.get(file["href"])).read("manifest.json"))
        roles = [f["path"].partition("/")[0] for f in manifest["files"] if f["role"] == "original"]
        assert len(roles) == file["documents"]
        found += roles
    assert found == ids


async def test_the_same_wish_leads_to_the_same_export(api: Api) -> None:
    first = await made(api)
    again = await api.post("/v1/exports", json=WISH)
    assert again.json == first


async def test_an_export_is_gone_after_seven_days_and_nobody_else_s(api: Api) -> None:
    await api.submit(examples.SWEDISH_COMPANY)
    export = await made(api)
    here = f"/v1/exports/{export['id']}"
    for path in (here, export["files"][0]["href"]):
        assert (await api.get(path, key=OTHER_KEY)).status == 404
    for path in (f"{here}/files/2", f"{here}/files/x", f"{here}/files/01"):
        assert (await api.get(path)).status == 404
    api.clock.move(timedelta(days=7))
    assert (await api.get(here)).status == 404
    assert (await api.get(export["files"][0]["href"])).status == 404


@pytest.mark.parametrize(
    ("wish", "pointers"),
    [
        ({}, {"/start", "/end"}),
        ({**WISH, "end": "2026-11-20T00:00:00Z"}, {"/end"}),
        ({**WISH, "end": "2026-12-24T00:00:00Z"}, {"/end"}),
        ({**WISH, "start": "2026-11-21"}, {"/start"}),
        ({**WISH, "start": "2026-11-21T09:00:00"}, {"/start"}),
        ({**WISH, "start": "2026-13-21T09:00:00Z"}, {"/start"}),
        ({**WISH, "start": "0001-01-01T00:00:00+23:59"}, {"/start"}),
        ({**WISH, "start": 5}, {"/start"}),
        ({**WISH, "direction": "up"}, {"/direction"}),
        ({**WISH, "more": 1}, {"/more"}),
    ],
)
async def test_a_wrong_wish_is_told(api: Api, wish: dict[str, Any], pointers: set[str]) -> None:
    api.clock.move(timedelta(hours=1))
    reply = await api.post("/v1/exports", json=wish)
    assert reply.status == 422
    assert {error["pointer"] for error in reply.json["errors"]} == pointers


async def test_formulas_in_names_are_not_run_by_spreadsheets(api: Api) -> None:
    body = json.loads(json.dumps(examples.SWEDISH_COMPANY))
    body["invoice"]["buyer"]["name"] = '=HYPERLINK("http://evil")'
    await api.submit(body)
    await api.prepare()
    archive = opened(await api.get((await made(api))["files"][0]["href"]))
    (row,) = csv.DictReader(io.StringIO(archive.read("index.csv").decode()))
    assert row["recipient_name"] == '\'=HYPERLINK("http://evil")'


async def test_what_a_person_does_is_in_the_audit_with_the_key_s_label(api: Api) -> None:
    id_ = (await api.submit(examples.SWEDISH_COMPANY)).json["id"]
    why = {"reason": "Anna asked"}
    assert (await api.post(f"/v1/documents/{id_}/hold", json=why)).status == 200
    assert (await api.post(f"/v1/documents/{id_}/hold", json=why)).status == 409
    await made(api)
    first, second = await api.store.audit_entries(0, 10)
    assert (first.actor, first.action, first.subject) == ("key:test", "document.held", id_)
    assert (second.action, second.company_id) == ("export.asked_for", COMPANY.id)
    assert "Anna" not in first.data
