"""One exchange with a partner over HTTP, and what is known of it afterwards.

In charge of what decides an outcome: whether all of the request went out, what came back (never
more than was asked for), and its head as evidence. Nothing is repeated or followed by itself. Not
in charge of what an answer means: each channel's own.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import aiohttp

from transports.base import Evidence

# An answer is mostly a line of JSON, a page of reports at most a hundred. What is more is not read.
ANSWER_BYTES: Final = 1024 * 1024

_CHUNK_BYTES: Final = 64 * 1024


class NoAnswer(Exception):
    """The exchange broke off, with a text for operators.

    `handed_over`: all of the request had been asked for, so that the other side may have acted on
    it. `timed_out`: our patience ended it.
    """

    def __init__(self, text: str, *, handed_over: bool, timed_out: bool) -> None:
        self.handed_over = handed_over
        self.timed_out = timed_out
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `head` is the status line and the headers, up to the empty line; `whole` says
    that `body` is all there was, and not what was read before it was too much."""

    status: int
    reason: str
    headers: Mapping[str, str]  # by any case
    head: bytes
    body: bytes
    whole: bool

    @property
    def retry_after(self) -> timedelta | None:
        """How long it asks us to wait: seconds only (RFC 9110 10.2.3 has dates too); at most a day,
        whatever is asked."""
        value = self.headers.get("Retry-After")
        if value is None or not value.isascii() or not value.isdigit() or len(value) > 9:
            return None
        return timedelta(seconds=min(int(value), 86_400))

    def evidence(self, at: datetime) -> Evidence:
        """The answer as it is kept."""
        return Evidence("answer", "application/http", self.head + self.body, at)


class Client:
    """A partner's HTTP interface, to be used in a running event loop.

    `headers` go with every call. `answer_timeout_s` is for a whole exchange, the connection
    included. `tls` is for https where the machine's own trust is not the right one.
    """

    def __init__(
        self,
        *,
        headers: Mapping[str, str] | None = None,
        connect_timeout_s: float,
        answer_timeout_s: float,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        # An answer is kept as it came, so none is asked for that would have to be unpacked.
        self._headers = {"Accept-Encoding": "identity", **(headers or {})}
        self._timeout = aiohttp.ClientTimeout(
            total=answer_timeout_s, sock_connect=connect_timeout_s
        )
        self._tls = tls
        self._opened: aiohttp.ClientSession | None = None

    async def call(
        self,
        method: str,
        url: str,
        content: bytes | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        most_bytes: int = ANSWER_BYTES,
    ) -> Answer:
        """Makes a call once. Raises NoAnswer."""
        body = None if content is None else _Body(content)
        given = dict(headers or {})
        if content is not None:
            given["Content-Length"] = str(len(content))
        try:
            async with self._session().request(
                method,
                url,
                data=body and body.chunks(),
                headers=given,
                params=params,
                allow_redirects=False,
            ) as response:
                return await _answer(response, most_bytes)
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
            raise NoAnswer(
                str(error) or type(error).__name__,
                handed_over=body.complete if body else not isinstance(error, _NOT_CONNECTED),
                timed_out=isinstance(error, TimeoutError),
            ) from error

    async def close(self) -> None:
        """Lets go of its connections."""
        if self._opened is not None:
            await self._opened.close()
            self._opened = None

    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:
            self._opened = aiohttp.ClientSession(
                headers=self._headers,
                # A connection for each call: on a kept one aiohttp repeats a PUT by itself.
                connector=aiohttp.TCPConnector(force_close=True, ssl=self._tls or True),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._timeout,
                auto_decompress=False,
            )
        return self._opened


_NOT_CONNECTED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)


class _Body:
    """A request body that knows whether its last bytes have been asked for."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.complete = False

    async def chunks(self) -> AsyncIterator[bytes]:
        for start in range(0, max(len(self._content), 1), _CHUNK_BYTES):
            self.complete = start + _CHUNK_BYTES >= len(self._content)
            yield self._content[start : start + _CHUNK_BYTES]


async def _answer(response: aiohttp.ClientResponse, most_bytes: int) -> Answer:
    content = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
        content += chunk
        if len(content) > most_bytes:
            response.close()
            break
    return Answer(
        status=response.status,
        reason=response.reason or "",
        headers=response.headers,
        head=_head(response),
        body=bytes(content[:most_bytes]),
        whole=len(content) <= most_bytes,
    )


def _head(response: aiohttp.ClientResponse) -> bytes:
    lines = [
        f"HTTP/1.1 {response.status} {response.reason or ''}".encode("utf-8", "surrogateescape")
    ]
    lines += [name + b": " + value for name, value in response.raw_headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"
