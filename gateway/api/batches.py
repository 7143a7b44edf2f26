"""/v1/batches: hand in many invoices in one request, and hear of each as soon as it is on disk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

import structlog
from aiohttp import web

from gateway.api.answers import Shown
from gateway.api.body import Incoming, apart, content_type
from gateway.api.examples_batches import BATCH, RESULTS
from gateway.api.language import with_language
from gateway.api.lines import lines
from gateway.api.problems import (
    WITH_BODY,
    Fault,
    Problem,
    ProblemDetails,
    Type,
    not_verified,
    refused,
)
from gateway.api.routes import Answer, Body, Call, Header, Media, NoParameters, Routes
from gateway.intake import batch_line
from gateway.intake.batch_line import Line
from gateway.intake.kind import JSON
from gateway.intake.submission import Refused, priority
from gateway.store.ids import new_id
from gateway.store.port import (
    Accepted,
    KeyReused,
    NewPart,
    Role,
    StorageUnavailable,
    Submission,
)
from gateway.trust.gate import Way
from gateway.trust.scopes import Scope
from transports.base import File

log = structlog.get_logger()

routes = Routes("documents", changes=Scope.SEND)

NDJSON: Final = "application/x-ndjson"

# So many lines are under way at once: they are committed together. More of them would only wait.
_MOST_AT_ONCE: Final = 128
# And no more bytes than these, unless a single line has more.
_MOST_BYTES: Final = 4 * 1024 * 1024

BATCH_KEY = Header(
    "Idempotency-Key",
    "A key for the whole batch. A line without a key of its own has this one, with `/` and the"
    " line's number: the very same batch again makes no second document.",
    r"^[!-~]{1,240}$",
    "invoices-2026-11",
)


class BatchResult(Shown):
    """What became of one line."""

    line: int
    """Its number, from 1; empty lines count."""
    id: str | None
    """What you call it: its `id`."""
    document_id: str | None
    """The document that is on disk now; null when the line was refused."""
    replayed: bool
    """Whether its key had brought that document before."""
    problem: ProblemDetails | None
    """Why it was refused; pointers are into the line."""


@routes.operation(
    "POST",
    "/v1/batches",
    query=NoParameters,
    headers=(BATCH_KEY,),
    body=Body(
        {
            NDJSON: Media(
                {
                    "contentMediaType": NDJSON,
                    "description": "JSON objects, one a line, each with `invoice` and `delivery`"
                    " as a document has them, and, if you wish, `id` (what you call it) and"
                    " `idempotency_key`",
                },
                {"two invoices": BATCH},
            )
        }
    ),
    answers={200: Answer("A `BatchResult` for each line, in order.", None, RESULTS, (NDJSON,))},
    problems=(*WITH_BODY, Type.COMPANY_NOT_VERIFIED),
    way=Way.SUBMIT,
)
async def submit_batch(call: Call[NoParameters]) -> web.StreamResponse:
    """Hand in many invoices, one a line (NDJSON).

    The answer has a line for each of yours, in order: `line`, `id`, `document_id`, `replayed`,
    `problem`. Each comes as soon as that document is on disk, while you are still sending: read
    while you write, or what you do not read stops what you send. A line that is refused stops
    nothing. At most 100,000 lines, each no longer than a body may be. Broken off? Send the lines
    again that have no answer, with the same keys.
    """
    content_type(call.request, (NDJSON,))
    request, idle_s = call.request, call.service.limits.idle_body_s
    response = web.StreamResponse(headers={"Content-Type": NDJSON})
    whole = False
    try:
        async with aclosing(_Batch(call, _key(call)).became()) as results:
            async for became in results:
                if not response.prepared:
                    await response.prepare(request)
                async with asyncio.timeout(idle_s):  # who never reads shall not hold us for ever
                    await response.write(became.told(response.headers["X-Request-Id"]))
        if not response.prepared:
            await response.prepare(request)
        await response.write_eof()
        whole = True
    except (Problem, TimeoutError, ConnectionError) as error:
        if not response.prepared:
            raise
        log.info("batch_broke_off", reason=type(error).__name__)
    finally:
        # It can not be told any more what is wrong; but what is cut off never looks whole.
        if response.prepared and not whole and request.transport is not None:
            request.transport.abort()
    return response


def _key(call: Call[NoParameters]) -> str | None:
    keys = call.request.headers.getall(BATCH_KEY.name, [])
    if not keys:
        return None
    if len(keys) > 1 or not BATCH_KEY.fits(keys[0]):
        what = "must stand once, and be 1 to 240 visible ASCII characters"
        raise Problem(Type.INVALID_PARAMETER, faults=[Fault(parameter=BATCH_KEY.name, detail=what)])
    return keys[0]


@dataclass(frozen=True, slots=True)
class _Became:
    """What became of a line: taken, or refused."""

    line: int
    id: str | None
    outcome: Accepted | Problem

    def told(self, request_id: str) -> bytes:
        """Its line of the answer."""
        taken = self.outcome if isinstance(self.outcome, Accepted) else None
        result = BatchResult(
            line=self.line,
            id=self.id,
            document_id=taken.document_id if taken else None,
            replayed=taken is not None and taken.replayed,
            problem=self.outcome.details(request_id) if isinstance(self.outcome, Problem) else None,
        )
        return result.model_dump_json().encode() + b"\n"


class _Batch:
    """The lines of one request, each on its own way to the disk."""

    def __init__(self, call: Call[NoParameters], key: str | None) -> None:
        self._call = call
        self._key = key
        self._under_way: asyncio.Queue[tuple[int, asyncio.Task[_Became]] | None] = asyncio.Queue()
        self._lines, self._bytes = 0, 0  # under way
        self._room = asyncio.Event()

    async def became(self) -> AsyncGenerator[_Became, None]:
        """What became of each line, in order. Raises Problem when the body breaks off, after all
        that came before it."""
        reading = asyncio.create_task(self._read())
        try:
            while (next_one := await self._under_way.get()) is not None:
                size, task = next_one
                became = await task
                self._lines, self._bytes = self._lines - 1, self._bytes - size
                self._room.set()
                yield became
            await reading
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            while not self._under_way.empty():  # what has begun is not stopped half-way
                if rest := self._under_way.get_nowait():
                    await asyncio.gather(rest[1], return_exceptions=True)

    async def _read(self) -> None:
        """Puts the lines on their way, as long as there is room."""
        n, limits = 0, self._call.service.limits
        try:
            async for content in lines(self._call.request, limits):
                n += 1
                if n > limits.batch_lines:
                    what = f"A batch has {limits.batch_lines} lines at most; the rest was not read."
                    await self._begin(0, self._refuse(n, Problem(Type.TOO_LARGE, what)))
                    return
                if content is None:
                    what = f"The longest line is {limits.body_bytes} bytes."
                    await self._begin(0, self._refuse(n, Problem(Type.TOO_LARGE, what)))
                elif content.strip():
                    await self._begin(len(content), self._take(n, content))
        finally:
            self._under_way.put_nowait(None)

    async def _begin(self, size: int, work: Coroutine[Any, Any, _Became]) -> None:
        self._lines, self._bytes = self._lines + 1, self._bytes + size
        self._under_way.put_nowait((size, asyncio.create_task(work)))
        while self._lines >= _MOST_AT_ONCE or self._bytes >= _MOST_BYTES:
            self._room.clear()
            await self._room.wait()

    async def _refuse(self, n: int, problem: Problem) -> _Became:
        return _Became(n, None, problem)

    async def _take(self, n: int, content: bytes) -> _Became:
        """Takes one line; it is on disk when this returns, or refused."""
        line = await apart(len(content), batch_line.read, content)
        if isinstance(line, Refused):
            name = await apart(len(content), batch_line.called, content)
            return _Became(n, name, refused(line.findings, json=True))
        try:
            return _Became(n, line.id, await self._accept(n, line))
        except Problem as problem:
            return _Became(n, line.id, problem)
        except StorageUnavailable:
            return _Became(n, line.id, Problem(Type.STORAGE_UNAVAILABLE))

    async def _accept(self, n: int, line: Line) -> Accepted:
        service, company_id = self._call.service, self._call.company.id
        closed = await service.gate.may_submit(company_id)
        if closed is not None:
            raise not_verified(closed)
        original = File("document.json", JSON, line.content)
        key = line.idempotency_key or (f"{self._key}/{n}" if self._key else None)
        request = None
        if key is not None:
            given = Incoming(original, (), line.delivery)
            request = (key, await apart(given.size, given.fingerprint))
        accepted = await service.store.accept(
            Submission(
                new_id("doc"),
                company_id,
                JSON,
                [NewPart(Role.ORIGINAL, original.name, JSON, line.content)],
                with_language(line.delivery, self._call.request),
                request,
                priority(line.delivery),
            ),
            service.clock.now(),
        )
        if isinstance(accepted, KeyReused):
            what = f"The key belongs to {accepted.document_id}."
            raise Problem(Type.IDEMPOTENCY_KEY_REUSED, what)
        return accepted
