"""The company's logo over HTTP: set, read, replaced, removed, and on what is drawn."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from pypdf import PdfReader

from gateway.api import examples
from tests.api.conftest import KEY, OTHER_KEY, Api, Reply
from tests.api.test_feeds import arrive

PLACE = "/v1/logo"


def picture(kind: str = "PNG", size: tuple[int, int] = (300, 100), colour: str = "navy") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind)
    return out.getvalue()


async def put(api: Api, content: bytes, media_type: str = "image/png", key: str = KEY) -> Reply:
    headers = {"Content-Type": media_type}
    return await api.call("PUT", PLACE, data=content, headers=headers, key=key)


def size_of(content: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(content)) as image:
        return image.size


async def actions(api: Api) -> list[str]:
    return [entry.action for entry in await api.store.audit_entries(0, 100)]


async def test_a_logo_is_set_read_replaced_and_removed(api: Api) -> None:
    assert (await api.get(PLACE)).status == 404
    assert (await put(api, picture())).status == 204
    read = await api.get(PLACE)
    assert (read.status, read.headers["Content-Type"]) == (200, "image/png")
    assert read.headers["Content-Disposition"] == 'attachment; filename="logo.png"'
    assert size_of(read.content) == (300, 100)
    assert (await put(api, picture("JPEG", (2400, 800)), "image/jpeg")).status == 204
    read = await api.get(PLACE)
    assert read.headers["Content-Type"] == "image/jpeg" and size_of(read.content) == (1200, 400)
    for _ in range(2):
        assert (await api.call("DELETE", PLACE)).status == 204
        assert (await api.get(PLACE)).status == 404
    assert await actions(api) == ["logo.set", "logo.set", "logo.removed", "logo.removed"]


async def test_a_logo_is_its_companys_alone(api: Api) -> None:
    await put(api, picture())
    assert (await api.get(PLACE, key=OTHER_KEY)).status == 404
    await put(api, picture(size=(90, 90)), key=OTHER_KEY)
    await api.call("DELETE", PLACE, key=OTHER_KEY)
    assert size_of((await api.get(PLACE)).content) == (300, 100)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<svg/>", id="another kind"),
        pytest.param(picture()[:120], id="cut off"),
        pytest.param(picture(size=(8, 8)), id="too small"),
        pytest.param(picture(size=(4100, 4100)), id="too many pixels"),
    ],
)
async def test_what_is_no_logo_is_refused_and_the_old_one_stays(api: Api, content: bytes) -> None:
    await put(api, picture())
    refused = await put(api, content)
    assert (refused.status, refused.json["type"]) == (422, "/problems/invalid-body")
    assert len(refused.json["detail"].split()) > 4
    assert size_of((await api.get(PLACE)).content) == (300, 100)
    assert await actions(api) == ["logo.set"]


async def test_other_media_types_and_large_files_are_refused(api: Api) -> None:
    assert (await put(api, picture(), "image/svg+xml")).status == 415
    large = await put(api, picture() + bytes(256 * 1024))
    assert large.status == 413 and "262144" in large.json["detail"]
    assert (await api.get(PLACE)).status == 404


async def shown(api: Api, form: str, key: str = KEY) -> bytes:
    headers = {"Accept": form}
    reply = await api.post("/v1/preview", json=examples.SWEDISH_COMPANY, headers=headers, key=key)
    assert reply.status == 200, reply.content
    if form == "text/html":
        policy = reply.headers["Content-Security-Policy"]
        assert "img-src data:" in policy and "default-src 'none'" in policy
    return reply.content


def pictures(pdf: bytes) -> int:
    return sum(len(page.images) for page in PdfReader(io.BytesIO(pdf)).pages)


async def test_a_preview_has_the_logo(api: Api) -> None:
    assert pictures(await shown(api, "application/pdf")) == 0
    assert b"data:image" not in await shown(api, "text/html")
    await put(api, picture())
    assert pictures(await shown(api, "application/pdf")) == 1
    assert b'src="data:image/png;base64,' in await shown(api, "text/html")
    assert pictures(await shown(api, "application/pdf", OTHER_KEY)) == 0


async def test_what_is_drawn_on_demand_has_it_but_what_came_in_has_not(api: Api) -> None:
    await put(api, picture())
    document_id = (await api.submit(examples.SWEDISH_COMPANY)).json["id"]
    await api.prepare()
    drawn = await api.get(f"/v1/documents/{document_id}/pdf")
    assert drawn.status == 200 and pictures(drawn.content) == 1
    came = await arrive(api, "received", content=examples.ubl().encode())
    received = await api.get(f"/v1/documents/{came}/pdf")
    assert received.status == 200 and pictures(received.content) == 0
