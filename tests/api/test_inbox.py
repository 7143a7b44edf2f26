"""The inbox over HTTP: lending, confirming, verbs, formats, files and uploads."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.api import examples_inbox as examples
from gateway.delivery.worker import Worker
from gateway.intake.json_invoice import InvoiceShape, to_model
from gateway.intake.shape import bind
from gateway.intake.submission import SubmissionShape
from schemas.ubl.read import read
from tests.api.conftest import COMPANY, OTHER_KEY, Api, Reply
from tests.api.test_feeds import arrive
from validators.pipeline import parse

EXAMPLES = Path("examples")
MINUTE = timedelta(minutes=1)


async def read_all(api: Api) -> None:
    """Does what is due, as a worker does."""
    await Worker(api.store, {}, api.clock).run_due()


async def upload(api: Api, name: str, media_type: str = "application/xml", **how: Any) -> str:
    """Uploads an example; answers its id once it was read."""
    content = (EXAMPLES / name).read_bytes()
    said = await api.post("/v1/inbox", data=content, headers={"Content-Type": media_type}, **how)
    assert said.status == 202, said.content
    await read_all(api)
    return str(said.json["id"])


async def polled(api: Api, **how: Any) -> Any:
    return (await api.get("/v1/inbox", params={"lease_s": 60, **how})).json


async def confirm(api: Api, id_: str, lease: str | None = None) -> Reply:
    params = {} if lease is None else {"lease": lease}
    return await api.post(f"/v1/inbox/{id_}/confirm", params=params)


def ids(inbox: Any) -> list[str]:
    return [document["id"] for document in inbox["documents"]]


async def test_two_pollers_never_get_the_same_and_what_is_left_comes_back(api: Api) -> None:
    came = [await arrive(api, f"k{n}") for n in range(3)]
    first, second = await polled(api, limit=2), await polled(api)
    assert (ids(first), ids(second)) == (came[:2], came[2:])
    assert first["lease"] != second["lease"]
    assert first["leased_until"] == "2026-11-21T09:31:00Z"
    assert await polled(api) == {"documents": [], "lease": None, "leased_until": None}
    assert (await confirm(api, came[0], first["lease"])).status == 204
    api.clock.move(MINUTE)
    third = await polled(api)
    assert ids(third) == came[1:]
    late = await confirm(api, came[1], first["lease"])
    assert (late.status, late.json["type"]) == (409, "/problems/not-allowed-now")
    assert "Another has it, until" in late.json["detail"]
    assert (await confirm(api, came[1], third["lease"])).status == 204
    assert (await confirm(api, came[1], third["lease"])).status == 204, "it does no harm"
    assert "it is theirs" in (await confirm(api, came[1], first["lease"])).json["detail"]


async def test_without_a_lease_it_is_as_with_one_program(api: Api) -> None:
    came = [await arrive(api, f"k{n}") for n in range(2)]
    assert ids((await api.get("/v1/inbox")).json) == came
    assert ids((await api.get("/v1/inbox", params={"after": came[0]})).json) == came[1:]
    lease = (await polled(api, limit=1))["lease"]
    taken = await confirm(api, came[0])
    assert taken.status == 409, "another has it"
    assert (await confirm(api, came[1])).status == 204
    assert (await confirm(api, came[0], lease)).status == 204


async def test_a_poller_waits_for_what_is_lent_next(api: Api) -> None:
    waiting = asyncio.create_task(polled(api, wait=20))
    id_ = await arrive(api, "late")
    assert ids(await waiting) == [id_]


async def test_several_are_confirmed_at_once_with_a_result_each(api: Api) -> None:
    came = [await arrive(api, f"k{n}") for n in range(3)]
    lease = (await polled(api, limit=2))["lease"]
    other = (await polled(api))["lease"]
    await confirm(api, came[0], lease)
    await api.post(f"/v1/inbox/{came[1]}/hold", json={"reason": "Who is that?"})
    wish = {"documents": [*came, "doc_none"], "lease": lease}
    results = (await api.post("/v1/inbox/confirm", json=wish)).json["results"]
    assert [(r["id"], r["confirmed"], r["code"]) for r in results] == [
        (came[0], True, "inbox.confirmed_before"),
        (came[1], False, "inbox.not_given"),
        (came[2], False, "inbox.lease_lost"),
        ("doc_none", False, "inbox.not_found"),
    ]
    assert (await confirm(api, came[2], other)).status == 204


@pytest.mark.parametrize(
    "params",
    [
        {"lease_s": "0"},
        {"lease_s": "nan"},
        {"lease_s": "60", "after": "doc_x"},
        {"lease_s": "60", "state": "blocked"},
        {"state": "no-such"},
    ],
)
async def test_what_can_not_be_asked_for_is_told(api: Api, params: dict[str, str]) -> None:
    said = await api.get("/v1/inbox", params=params)
    assert (said.status, said.json["type"]) == (400, "/problems/invalid-parameter")


async def test_verbs_move_it_through_its_states(api: Api) -> None:
    id_ = await arrive(api, "a")
    here = f"/v1/inbox/{id_}"
    held = await api.post(f"{here}/hold", json=examples.HOLD_WISH)
    assert (held.status, held.json["state"], held.json["code"]) == (200, "blocked", "inbox.held")
    assert (await api.get("/v1/inbox")).json["documents"] == []
    assert ids((await api.get("/v1/inbox", params={"state": "blocked"})).json) == [id_]
    assert (await confirm(api, id_)).status == 409
    released = await api.post(f"{here}/release", json=examples.RELEASE_WISH)
    assert released.json["state"] == "reading"
    await read_all(api)
    done = await api.post(f"{here}/handled", json=examples.HANDLED_WISH)
    assert (done.json["state"], done.json["reference"]) == ("handled", "V-2026-4711")
    assert done.json["handled_by"].startswith("key:") and done.json["confirmed_at"]
    assert (await api.post(f"{here}/hold", json=examples.HOLD_WISH)).status == 409
    types = [e["type"] for e in (await api.get("/v1/events")).json["events"]]
    assert types == [
        *("inbox.received", "inbox.blocked", "inbox.released", "inbox.new", "inbox.handled"),
    ]


async def test_nothing_of_it_is_anothers(api: Api) -> None:
    id_ = await arrive(api, "a")
    here = f"/v1/inbox/{id_}"
    for method, path, how in (
        ("GET", here, {}),
        ("GET", f"{here}/attachments", {}),
        ("GET", f"{here}/attachments/0", {}),
        ("GET", f"{here}/content", {"params": {"format": "json"}}),
        ("PUT", f"{here}/attachments/0", {"params": {"name": "a.pdf"}, "data": b"x"}),
        ("POST", f"{here}/hold", {"json": examples.HOLD_WISH}),
        ("POST", f"{here}/release", {"json": examples.RELEASE_WISH}),
        ("POST", f"{here}/handled", {"json": examples.HANDLED_WISH}),
        ("POST", f"{here}/repair", {"json": examples.STRIP_WISH}),
    ):
        headers = {"Content-Type": "application/octet-stream"} if "data" in how else {}
        said = await api.call(method, path, key=OTHER_KEY, headers=headers, **how)
        assert (said.status, said.json["type"]) == (404, "/problems/not-found"), path
    wish = {"documents": [id_]}
    said = await api.call("POST", "/v1/inbox/confirm", key=OTHER_KEY, json=wish)
    assert said.json["results"][0]["code"] == "inbox.not_found"
    assert (await api.get(here)).json["state"] == "new"


# --- uploads and formats ------------------------------------------------------------------------


async def test_what_is_uploaded_is_there_once(api: Api) -> None:
    id_ = await upload(api, "se-b2b-print.xml")
    assert await upload(api, "se-b2b-print.xml") == id_, "the same bytes"
    key = {"Idempotency-Key": "mine", "Content-Type": "application/xml"}
    said = [await api.post("/v1/inbox", data=b"<a/>", headers=key) for _ in range(2)]
    assert [one.json["repeated"] for one in said] == [False, True]
    assert said[0].json["id"] == said[1].json["id"]
    shown = (await api.get(f"/v1/inbox/{id_}")).json
    assert (shown["state"], shown["channel"], shown["checked"]["readable"]) == (
        *("new", "upload", True),
    )
    assert (await api.post("/v1/inbox", data=b"", headers=key)).status == 400
    wrong = await api.post("/v1/inbox", data=b"x", headers={"Content-Type": "image/png"})
    assert wrong.status == 415


async def content(api: Api, id_: str, wanted: str) -> Reply:
    return await api.get(f"/v1/inbox/{id_}/content", params={"format": wanted})


@pytest.mark.parametrize(
    "name", ["no-b2b-invoice.xml", "se-b2b-svefaktura.xml", "no-b2b-credit-note.xml"]
)
async def test_it_is_given_in_each_format(api: Api, name: str) -> None:
    id_ = await upload(api, name)
    given = {f: await content(api, id_, f) for f in ("received", "bis3", "json", "pdf")}
    assert {reply.status for reply in given.values()} == {200}, given
    whole = (EXAMPLES / name).read_bytes()
    assert given["received"].content == whole
    root = parse(given["bis3"].content)
    assert not isinstance(root, tuple)
    invoice = read(root)
    if "svefaktura" not in name:
        assert given["bis3"].content == whole, "UBL is given as it came"
    body = bind(given["json"].json["invoice"], InvoiceShape)
    assert isinstance(body, InvoiceShape), body
    assert to_model(body) == invoice
    assert given["pdf"].content.startswith(b"%PDF-")
    assert given["json"].headers["Content-Type"] == "application/json"


async def test_json_can_be_handed_in_as_it_is(api: Api) -> None:
    id_ = await upload(api, "se-b2b-invoice.json", "application/json")
    given = (await content(api, id_, "json")).json
    assert not isinstance(bind(given, SubmissionShape), tuple)
    assert (await content(api, id_, "bis3")).status == 200


async def test_a_format_that_can_not_be_made_is_told_with_findings(api: Api) -> None:
    headers = {"Content-Type": "application/xml"}
    said = await api.post("/v1/inbox", data=b"<Nothing/>", headers=headers)
    await read_all(api)
    id_ = said.json["id"]
    for wanted in ("bis3", "json", "pdf"):
        reply = await content(api, id_, wanted)
        assert (reply.status, reply.json["type"]) == (422, "/problems/not-valid"), wanted
        assert reply.json["errors"]
    assert (await content(api, id_, "received")).content == b"<Nothing/>"


async def test_a_credit_note_is_due_as_the_company_wants(api: Api) -> None:
    shown = (await api.get(f"/v1/inbox/{await upload(api, 'no-b2b-credit-note.xml')}")).json
    settled = replace(COMPANY, settings={"credit_note_due_date": "invoice_date"})
    await api.store.add_company(settled, api.clock.now())
    again = (EXAMPLES / "no-b2b-credit-note.xml").read_bytes() + b"\n"
    headers = {"Content-Type": "application/xml"}
    id_ = (await api.post("/v1/inbox", data=again, headers=headers)).json["id"]
    await read_all(api)
    ours = (await api.get(f"/v1/inbox/{id_}")).json
    assert ours["head"]["due_date"] == ours["head"]["issue_date"] == shown["head"]["issue_date"]


async def test_its_files_are_listed_and_given(api: Api) -> None:
    body = json.loads((EXAMPLES / "no-b2b-email-embedded-pdf.json").read_bytes())
    (attached,) = body["invoice"]["supporting_documents"]
    id_ = await upload(api, "no-b2b-email-embedded-pdf.json", "application/json")
    (file,) = (await api.get(f"/v1/inbox/{id_}/attachments")).json["files"]
    assert (file["place"], file["code"], file["done"]) == ("embedded", None, None)
    given = await api.get(file["href"])
    assert given.content == b64decode(attached["attachment"]["content"])
    for n in ("1", "x", "9999", "-1"):
        assert (await api.get(f"/v1/inbox/{id_}/attachments/{n}")).status == 404


async def test_a_bad_file_is_repaired(api: Api) -> None:
    form = _form(ubl=(EXAMPLES / "se-b2b-print.xml").read_bytes(), page=b"<!doctype html><p>x")
    id_ = (await api.post("/v1/inbox", data=form)).json["id"]
    await read_all(api)
    assert ids((await api.get("/v1/inbox", params={"state": "attachment_error"})).json) == [id_]
    (file,) = (await api.get(f"/v1/inbox/{id_}/attachments")).json["files"]
    assert file["code"] == "attachment.forbidden"
    assert (await api.get(file["href"])).status == 409
    for bad in (b"MZ\x90\x00 a program", b"<!doctype html><script>1</script>"):
        wrong = await api.call(
            *("PUT", f"/v1/inbox/{id_}/attachments/0"),
            params={"name": "tid.pdf"},
            data=bad,
            headers={"Content-Type": "application/octet-stream"},
        )
        assert wrong.status == 422 and "tid.pdf" in wrong.json["detail"], wrong.json
    new = await api.call(
        *("PUT", f"/v1/inbox/{id_}/attachments/0"),
        params={"name": "tid.csv"},
        data=b"a;b\n1;2\n",
        headers={"Content-Type": "application/octet-stream"},
    )
    assert (new.status, new.json["state"]) == (200, "new")
    given = await api.get(file["href"])
    assert (given.status, given.content) == (200, b"a;b\n1;2\n")


async def test_all_bad_files_are_repaired_at_once(api: Api) -> None:
    ubl = (EXAMPLES / "se-b2b-print.xml").read_bytes()
    for n in range(2):
        await api.post("/v1/inbox", data=_form(ubl=ubl + b"\n" * n, page=b"<!doctype html><p>"))
    await read_all(api)
    said = (await api.post("/v1/inbox/repair", json=examples.LEAVE_OUT_ALL)).json
    assert (len(said["repaired"]), said["left"], said["next"]) == (2, [], None)
    assert len(ids((await api.get("/v1/inbox")).json)) == 2


def _form(*, ubl: bytes, page: bytes) -> Any:
    form = aiohttp.FormData()
    form.add_field("document", ubl, content_type="application/xml", filename="d.xml")
    form.add_field("attachment", page, content_type="text/html", filename="tid.html")
    return form
