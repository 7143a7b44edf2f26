"""The HTTP client for addresses that a tenant named.

In charge of what may be reached, and of what an answer may cost. Not in charge of what is sent, of
following redirects (`gateway.outside.download`), or of trying again. A name is looked up once for
each connection, and the rule is kept on the very address that is connected to: a name that leads
elsewhere at the next look-up gains nothing. Redirects are answers like any other, no proxy of the
environment is asked, no cookie is kept, and nothing is inflated.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from gateway.outside.address import faults, forbidden

MOST_ANSWER_BYTES: Final = 16 * 1024
CONNECT_LIMIT_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Rules:
    """Whom we may send to. `limit_s` is for one request, from the look-up to the last byte.

    `idle_s` is how long no byte of an answer may come, None: as long as `limit_s`.
    `allow_http` and `allow_private` are for tests and for closed networks. `trusted` is what
    certificates are judged by; None: the system's authorities.
    """

    allow_http: bool = False
    allow_private: bool = False
    limit_s: float = 20.0
    trusted: ssl.SSLContext | None = None
    idle_s: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer. `content` may be its beginning only: no more than was asked for is read."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    whole: bool


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Why there was none. `text` is for whoever named the address: it tells no more of our network
    than that the address is not allowed."""

    code: str
    text: str


class Reading:
    """An answer whose content is still coming. Names of `headers` are compared without case."""

    def __init__(self, response: aiohttp.ClientResponse, limit_s: float) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self._response = response
        self._limit_s = limit_s

    async def chunks(self) -> AsyncIterator[bytes | NoAnswer]:
        """The content as it comes. Where it breaks off, NoAnswer is the last."""
        try:
            async for chunk in self._response.content.iter_any():
                yield chunk
        except _FAILURES as error:
            yield _told(error, self._limit_s)


class Forbidden(OSError):
    """The address is one that nobody may send us to."""


class Names(AbstractResolver):
    """Looks names up as the system does, in threads of its own.

    A look-up that hangs keeps its thread for as long as the system's patience lasts; the event
    loop's own threads, which the store needs, are out of its reach.
    """

    def __init__(self, at_once: int = 64) -> None:
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a name; OSError when it has none."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(
                self._threads,
                lambda: socket.getaddrinfo(host, port, family, socket.SOCK_STREAM),
            )
        except UnicodeError as error:  # a label too long for the DNS
            raise OSError(f"{host} is not a name") from error
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST,
            )
            for kind, _, protocol, _, address in found
        ]

    async def close(self) -> None:
        """Lets go of the threads; one that hangs ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class Outside:
    """Sends requests to where tenants say. Made on the event loop it is used on; then `close`."""

    def __init__(self, rules: Rules, names: AbstractResolver | None = None) -> None:
        self.rules = rules
        self._names = names or Names()
        self._glances = names or Names(8)  # whoever looks up what hangs shall delay no request
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=self._names,
                use_dns_cache=False,  # a name is only as good as its last look-up
                socket_factory=self._socket,
                ssl=rules.trusted or True,
                limit=0,  # whoever asks counts; here one tenant would wait for another
                keepalive_timeout=2,  # some servers close a silent connection as soon as that
            ),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            timeout=aiohttp.ClientTimeout(
                total=rules.limit_s, sock_connect=CONNECT_LIMIT_S, sock_read=rules.idle_s
            ),
            headers={
                "User-Agent": f"Budkavle/{version('budkavle')}",
                "Accept-Encoding": "identity",
            },
        )

    async def close(self) -> None:
        """Breaks off what is under way."""
        await self._session.close()
        await self._names.close()
        await self._glances.close()

    def faults(self, url: str) -> list[str]:
        """All that is wrong with a URL as it stands."""
        return faults(url, allow_http=self.rules.allow_http, allow_private=self.rules.allow_private)

    async def leads_astray(self, host: str, *, limit_s: float = 3.0) -> str | None:
        """Where a name leads to that we may not follow; None when it does not, or when it can not
        be looked up just now: that is for the request to find out.
        """
        if self.rules.allow_private:
            return None
        try:
            async with asyncio.timeout(limit_s):
                found = await self._glances.resolve(host, 0, socket.AF_UNSPEC)
        except (OSError, TimeoutError):
            return None
        reasons = [forbidden(result["host"]) for result in found]
        return reasons[0] if reasons and all(reasons) else None

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        most_bytes: int = MOST_ANSWER_BYTES,
    ) -> Answer | NoAnswer:
        """One request, and at most `most_bytes` of its answer."""
        wrong = self.faults(url)
        if wrong:
            return NoAnswer("outside.forbidden", f"The address {wrong[0]}.")
        try:
            async with self._session.request(
                method, url, headers=headers, data=body, allow_redirects=False
            ) as response:
                content, whole = await _beginning(response, most_bytes)
                return Answer(response.status, dict(response.headers), content, whole)
        except _FAILURES as error:
            return _told(error, self.rules.limit_s)

    @asynccontextmanager
    async def reading(
        self, url: str, *, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[Reading | NoAnswer]:
        """A GET request whose answer is read as it comes: inside of the `async with`, and no longer
        than `limit_s` in all."""
        wrong = self.faults(url)
        if wrong:
            yield NoAnswer("outside.forbidden", f"The address {wrong[0]}.")
            return
        try:
            response = await self._session.get(url, headers=headers, allow_redirects=False)
        except _FAILURES as error:
            yield _told(error, self.rules.limit_s)
            return
        try:
            yield Reading(response, self.rules.limit_s)
        finally:
            response.close()  # what is left of it is not waited for

    def _socket(self, about: aiohttp.AddrInfoType) -> socket.socket:
        """The socket for an address that a connection is about to be made to: the last word."""
        family, kind, protocol, _, address = about
        what = None if self.rules.allow_private else forbidden(str(address[0]))
        if what is not None:
            raise Forbidden(f"leads to {what}; it must be a public address")
        return socket.socket(family, kind, protocol)


_FAILURES = (aiohttp.ClientError, OSError, TimeoutError, ValueError)


async def _beginning(response: aiohttp.ClientResponse, most: int) -> tuple[bytes, bool]:
    """The first bytes of an answer, and whether they are all; the rest is not waited for."""
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > most:
            response.close()
            return bytes(content[:most]), False
    return bytes(content), True


def _told(error: BaseException, limit_s: float) -> NoAnswer:
    """What to say of a failure. Texts of libraries stay out: they name addresses and paths."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, Forbidden):
        cause = cause.__cause__ or (
            cause.os_error if isinstance(cause, aiohttp.ClientConnectorError) else None
        )
    match cause or error:
        case Forbidden() as refused:
            return NoAnswer("outside.forbidden", f"The address {refused}.")
        case TimeoutError():
            return NoAnswer("outside.timeout", f"No whole answer came within {limit_s:g} s.")
        case aiohttp.ClientConnectorDNSError():
            return NoAnswer("outside.unknown_name", "The name of the server could not be found.")
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return NoAnswer(
                "outside.tls", "The server's certificate could not be trusted, or TLS failed."
            )
        case aiohttp.ClientConnectorError():
            return NoAnswer("outside.no_connection", "The server could not be reached.")
        case aiohttp.InvalidURL() | ValueError():
            return NoAnswer("outside.forbidden", "The address is not one that can be reached.")
        case aiohttp.ClientResponseError() | aiohttp.ClientPayloadError():
            return NoAnswer("outside.bad_answer", "What the server answered was not HTTP.")
        case _:
            return NoAnswer("outside.cut_off", "The connection was cut off before an answer came.")
