"""Sending requests over one HTTP session: time limits, tries, problems, files as they come.

In charge of the network. Which requests there are is in `operations`, which may be sent again in
`request`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp

from gateway.client.request import Problem, Request, Unreachable, given, retry_after

# A file may take hours; what counts is that bytes keep coming.
_FILE = aiohttp.ClientTimeout(total=None, sock_connect=30, sock_read=300)

_PIECE_BYTES = 256 * 1024

T = TypeVar("T")


class Connection:
    """Speaks to one gateway with one API key. Use as `async with`.

    `limit_s` is how long an answer may take, beside what the gateway was asked to wait; `tries` how
    often a request that may be repeated is sent before it is given up; `company` is whom the key
    acts for, where it may act for several. `sleep` is how it waits between them.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        company: str | None = None,
        limit_s: float = 120,
        tries: int = 3,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}"}
        if company is not None:
            self._headers["Budkavle-Company"] = company
        self._limit_s = limit_s
        self._tries = tries
        self._sleep = sleep
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(headers=self._headers)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._session is not None
        await self._session.close()

    async def answer(self, request: Request) -> tuple[Mapping[str, str], bytes]:
        """Sends it; answers the headers and all of the body. Raises Problem, Unreachable."""
        limit = aiohttp.ClientTimeout(total=self._limit_s + request.wait_s)

        async def once() -> tuple[Mapping[str, str], bytes]:
            async with self._sent(request, limit) as response:
                return response.headers, await response.read()

        return await self._tried(request, once)

    async def _json(self, request: Request) -> Any:
        """Sends it; answers the JSON that comes back, None when there is none."""
        _, body = await self.answer(request)
        return json.loads(body) if body else None

    def _file(self, request: Request) -> Streamed:
        """A file, which is asked for when it is read."""
        return Streamed(self, request)

    @asynccontextmanager
    async def opened(self, request: Request) -> AsyncIterator[aiohttp.ClientResponse]:
        """Sends it; answers what comes back before its body is read, to be read as it comes."""
        async with AsyncExitStack() as sent:

            async def once() -> aiohttp.ClientResponse:
                return await sent.enter_async_context(self._sent(request, _FILE))

            yield await self._tried(request, once)

    async def _tried(self, request: Request, once: Callable[[], Awaitable[T]]) -> T:
        attempt = 1
        while True:
            try:
                return await once()
            except Problem as problem:
                asked_s = problem.retry_after_s
                pause = request.again_after(attempt, self._tries, problem.status, asked_s)
                if pause is None:
                    raise
            except Unreachable:
                pause = request.again_after(attempt, self._tries, None, None)
                if pause is None:
                    raise
            await self._sleep(pause)
            attempt += 1

    @asynccontextmanager
    async def _sent(
        self, request: Request, limit: aiohttp.ClientTimeout
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        assert self._session is not None, "use `async with`"
        how: dict[str, Any] = {"headers": dict(request.headers), "params": _text(request.query)}
        if isinstance(request.body, Mapping):
            how["json"] = given(request.body)
        elif callable(request.body):
            how["data"] = request.body()
        elif request.body is not None:
            how["data"] = request.body
        try:
            async with self._session.request(
                request.method, self._url + request.path, timeout=limit, **how
            ) as response:
                if response.status >= 400:
                    raise await _problem(response)
                yield response
        except aiohttp.InvalidURL as error:
            address = f"{self._url} is no address; one looks like http://127.0.0.1:8080"
            raise Unreachable(address) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unreachable(f"{self._url}: {error or type(error).__name__}") from error


class Streamed:
    """A file of the gateway's. It is fetched when it is iterated over, read or saved."""

    def __init__(self, connection: Connection, request: Request) -> None:
        self._connection = connection
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The bytes as they come; raises Unreachable when they break off before the end."""
        async with self._connection.opened(self._request) as response:
            async for piece in response.content.iter_chunked(_PIECE_BYTES):
                yield piece

    async def read(self) -> bytes:
        """All of it. Raises Problem, Unreachable."""
        return b"".join([piece async for piece in self])

    async def save(self, to: Path) -> int:
        """Writes it to disk, whole or not at all; answers its size.

        Raises Problem, Unreachable, OSError.
        """
        draft, size = to.with_name(f"{to.name}.part"), 0
        try:
            with draft.open("wb") as file:
                async for piece in self:
                    size += file.write(piece)
        except (Problem, Unreachable):
            draft.unlink(missing_ok=True)
            raise
        draft.replace(to)
        return size


def _text(query: Mapping[str, Any]) -> dict[str, str]:
    return {name: _word(value) for name, value in query.items() if value is not None}


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


async def _problem(response: aiohttp.ClientResponse) -> Problem:
    asked = retry_after(response.headers.get("Retry-After"))
    body: Mapping[str, Any] = {
        "title": response.reason or "refused",
        "detail": "not an answer of a Budkavle gateway",
    }
    if response.content_type == "application/problem+json":
        body = json.loads(await response.read())
    return Problem(response.status, body, asked)
