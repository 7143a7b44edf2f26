"""The client over a real server: what it sends again and what it never does, batches, files, and
the twin without asyncio."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from click.testing import CliRunner

from gateway.api import examples
from gateway.api.batches import BatchResult as Told
from gateway.cli import cli
from gateway.client import BatchResult, Client, Problem, SyncClient, Unreachable
from tests.api.conftest import KEY, Api
from tests.api.test_feeds import arrive

INVOICE = examples.SWEDISH_COMPANY
LINE = {"invoice": INVOICE["invoice"]}

Answer = Callable[[web.Request], web.StreamResponse | None]


class Scripted:
    """A server that answers as it is told, in turn; None: it breaks the connection."""

    def __init__(self, *answers: web.Response | None) -> None:
        self.answers = list(answers)
        self.keys: list[str | None] = []
        self.waited: list[float] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.keys.append(request.headers.get("Idempotency-Key"))
        await request.read()
        answer = self.answers.pop(0)
        if answer is None:
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        return answer

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)

    def client(self) -> Client:
        return Client(self.url, KEY, sleep=self.sleep)


@asynccontextmanager
async def scripted(*answers: web.Response | None) -> AsyncIterator[Scripted]:
    server = Scripted(*answers)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()


def busy(after: str | None = None) -> web.Response:
    headers = {} if after is None else {"Retry-After": after}
    body = {"type": "/problems/storage-unavailable", "title": "Not now", "status": 503}
    return web.Response(
        status=503,
        body=json.dumps(body).encode(),
        content_type="application/problem+json",
        headers=headers,
    )


def accepted() -> web.Response:
    return web.json_response(
        examples.ACCEPTED, status=202, headers={"Location": "/v1/documents/doc_1"}
    )


async def test_a_document_is_sent_again_with_the_key_of_the_first_time() -> None:
    async with scripted(None, busy("7"), accepted()) as server, server.client() as client:
        await client.submit(b"<Invoice/>")
    assert len(server.keys) == 3
    assert len(set(server.keys)) == 1
    assert server.keys[0]
    assert server.waited == [0.2, 7.0]


async def test_each_document_has_a_key_of_its_own() -> None:
    async with scripted(accepted(), accepted()) as server, server.client() as client:
        await client.submit(b"<Invoice/>")
        await client.submit(b"<Invoice/>", attachments=())
    assert len(set(server.keys)) == 2


async def test_what_has_no_key_and_changes_something_is_sent_once() -> None:
    async with scripted(busy("1"), None) as server, server.client() as client:
        with pytest.raises(Problem) as refused:
            await client.cancel_document("doc_1", "A mistake.")
        assert (refused.value.status, refused.value.retry_after_s) == (503, 1.0)
        with pytest.raises(Unreachable):
            await client.confirm("doc_1")
    assert server.waited == []


async def test_it_gives_up_and_says_so() -> None:
    async with scripted(busy(), busy(), busy()) as server, server.client() as client:
        with pytest.raises(Problem):
            await client.list_documents()
    assert server.waited == [0.2, 0.8]


async def test_a_pause_of_an_hour_is_the_callers_to_make() -> None:
    async with scripted(busy("3600")) as server, server.client() as client:
        with pytest.raises(Problem) as refused:
            await client.list_documents()
    assert refused.value.retry_after_s == 3600
    assert server.waited == []


async def test_a_mistake_is_not_repeated(api: Api) -> None:
    async with Client(api.url, KEY) as client:
        with pytest.raises(Problem) as refused:
            await client.submit(b'{"invoice": {"due_dat": 1}}')
    assert refused.value.type == "/problems/invalid-body"
    assert refused.value.request_id
    assert len(refused.value.errors) > 1
    assert "/invoice/due_dat" in {each["pointer"] for each in refused.value.errors}


# --- batches -------------------------------------------------------------------------------------


async def test_lines_are_answered_in_order(api: Api) -> None:
    lines = [{"id": str(n), **LINE} for n in range(300)]
    async with Client(api.url, KEY) as client:
        results = [result async for result in client.submit_many(lines)]
    assert [each["line"] for each in results] == [*range(1, 301)]
    assert [each["id"] for each in results] == [str(n) for n in range(300)]
    assert await api.count() == 300


async def test_a_batch_that_breaks_off_goes_on_where_it_has_no_answer(api: Api) -> None:
    # Somebody between the two cuts the connection after so many bytes of the answer.
    cut = iter([900, 1500, 4000])
    host, port = api.url.removeprefix("http://").split(":")

    async def between(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(host, int(port))
        left = next(cut, 1_000_000)

        async def ask() -> None:
            while piece := await reader.read(4096):
                there_writer.write(piece)
                await there_writer.drain()

        asking = asyncio.create_task(ask())
        while left > 0 and (piece := await there_reader.read(min(left, 4096))):
            writer.write(piece)
            await writer.drain()
            left -= len(piece)
        writer.transport.abort()
        there_writer.transport.abort()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

    async def no_wait(_: float) -> None:
        pass

    async def lines() -> AsyncIterator[dict[str, Any]]:
        for n in range(60):
            yield {"id": str(n), **LINE}

    proxy = await asyncio.start_server(between, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
    async with Client(url, KEY, sleep=no_wait) as client:
        results = [result async for result in client.submit_many(lines())]
    proxy.close()
    await proxy.wait_closed()
    assert next(cut, None) is None, "nothing was cut"
    assert [each["id"] for each in results] == [str(n) for n in range(60)]
    assert len({each["document_id"] for each in results}) == 60
    assert await api.count() == 60


async def test_what_the_lines_raise_is_the_callers(api: Api) -> None:
    def lines() -> Iterator[dict[str, Any]]:
        yield LINE
        raise ZeroDivisionError

    async with Client(api.url, KEY) as client:
        with pytest.raises(ZeroDivisionError):
            [result async for result in client.submit_many(lines())]


def test_the_result_is_the_apis() -> None:
    assert set(BatchResult.__annotations__) == set(Told.model_fields)


async def test_the_command_hands_in_lines_and_tells_of_each(api: Api, tmp_path: Path) -> None:
    file = tmp_path / "november.ndjson"
    rows = [json.dumps({"id": "a", **LINE}), "", "{", json.dumps({"id": "c", "invoice": {}})]
    file.write_text("\n".join(rows))
    ask = ["send", "--url", api.url, "--key", KEY, "--batch", str(file)]
    first, again = [await asyncio.to_thread(CliRunner().invoke, cli, ask) for _ in range(2)]
    assert first.exit_code == again.exit_code == 1
    (taken,), (replayed,) = [
        [json.loads(line) for line in each.stdout.splitlines() if line.startswith("{")]
        for each in (first, again)  # the log of the server in this process stands there too
    ]
    assert (taken["line"], taken["id"], taken["replayed"]) == (1, "a", False)
    assert replayed["document_id"] == taken["document_id"]
    assert replayed["replayed"]
    assert "line 3: is no JSON object" in first.stderr
    assert "line 4 (c)" in first.stderr
    assert await api.count() == 1


# --- files, and without asyncio ------------------------------------------------------------------


async def test_files_are_read_saved_and_iterated_over(api: Api, tmp_path: Path) -> None:
    content = b"<Invoice>" + b" " * 700_000 + b"</Invoice>"
    document_id = await arrive(api, "large", content=content)
    async with Client(api.url, KEY) as client:
        assert await client.get_inbox_content(document_id).read() == content
        pieces = [piece async for piece in client.get_inbox_content(document_id)]
        assert len(pieces) > 1
        assert b"".join(pieces) == content
        to = tmp_path / "invoice.xml"
        assert await client.get_inbox_content(document_id).save(to) == len(content)
        assert to.read_bytes() == content
        with pytest.raises(Problem):
            await client.get_inbox_content("doc_none").save(tmp_path / "none")
    assert [each.name for each in tmp_path.glob("*.xml*")] == ["invoice.xml"]


async def test_the_twin_without_asyncio_does_the_same(api: Api) -> None:
    document_id = await arrive(api, "1")

    def erp() -> list[Any]:
        with SyncClient(api.url, KEY) as client:
            one = client.submit(json.dumps(INVOICE).encode(), idempotency_key="k")
            same = client.submit(json.dumps(INVOICE).encode(), idempotency_key="k")
            caller = threading.get_ident()

            def lines() -> Iterator[dict[str, Any]]:
                for _ in range(2):
                    assert threading.get_ident() == caller
                    yield LINE

            many = [*client.submit_many(lines())]
            content = client.get_inbox_content(document_id)
            assert content.read() == b"".join(content)
            types = [event["type"] for event in client.events()]
            for event in client.events(follow=True):
                assert event["cursor"]
                break  # leaving early ends it
            with pytest.raises(Problem):
                client.get_document("doc_none")
            return [one, same, many, types, client.documents(direction="out")]

    one, same, many, types, documents = await asyncio.to_thread(erp)
    assert (one.replayed, same.replayed, same.id) == (False, True, one.id)
    assert {each["id"] for each in documents} == {one.id, *(each["document_id"] for each in many)}
    assert types.count("document.received") == 3
