"""Corner 2: a message posted to another access point, and what its answer means.

In charge of one exchange. Not in charge of where it goes (`discovery`), nor of trying again: the
worker does that, and the same envelope gives the same ids and the same signed bytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

import aiohttp
from cryptography import x509

from transports.base import Now
from transports.peppol.as4 import signals
from transports.peppol.as4.message import Errors, Receipt, UserMessage
from transports.peppol.as4.packing import Packed, pack
from transports.peppol.as4.soap import Refused
from transports.peppol.pki.chains import Anchors, Purpose, Untrusted, issuer
from transports.peppol.pki.keys import Signer, common_name
from transports.peppol.pki.revocation import Revocation

# A receiving access point may store and scan before it answers.
ANSWER_TIMEOUT_S: Final = 180.0
_CONNECT_TIMEOUT_S: Final = 20.0
_MOST_ANSWER_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Exchange:
    """What went out and what came back. `answer` is empty where none came."""

    request: bytes
    content_type: str
    answer: bytes = b""
    answer_type: str = ""


@dataclass(frozen=True, slots=True)
class Received:
    """The other access point has the message, and has signed that it has."""

    receipt: Receipt


@dataclass(frozen=True, slots=True)
class NotTaken:
    """It says that it does not take the message; `proved` when it has signed that."""

    errors: Errors
    proved: bool


@dataclass(frozen=True, slots=True)
class NotSent:
    """Nothing of the message reached the other side."""

    text: str


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """It may have the message; there is no answer that says so, or none that can be trusted."""

    text: str
    status: int | None = None


Answered = Received | NotTaken | NotSent | NoAnswer


class Sender:
    """Posts messages as one seat. `session` stays its maker's to close."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        key: Signer,
        anchors: Anchors,
        revocation: Revocation,
        now: Now,
        *,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        self._timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=_CONNECT_TIMEOUT_S, sock_read=answer_timeout_s
        )
        self._session = session
        self._key = key
        self._anchors = anchors
        self._revocation = revocation
        self._now = now

    @property
    def seat(self) -> str:
        """Our own seat."""
        return common_name(self._key.certificate) or ""

    async def post(
        self, message: UserMessage, payload: bytes, url: str, recipient: x509.Certificate
    ) -> tuple[Exchange, Answered]:
        """Posts a message once."""
        packed = await asyncio.to_thread(pack, message, payload, self._key, recipient)
        exchange = Exchange(packed.body, packed.content_type)
        try:
            async with self._session.post(
                url,
                data=_streamed(packed),
                headers={
                    "Content-Type": packed.content_type,
                    "Content-Length": str(len(exchange.request)),
                },
                timeout=self._timeout,
                allow_redirects=False,
            ) as response:
                content = await response.content.read(_MOST_ANSWER_BYTES + 1)
                while len(content) <= _MOST_ANSWER_BYTES:
                    piece = await response.content.read(_MOST_ANSWER_BYTES)
                    if not piece:
                        break
                    content += piece
                kind = response.headers.get("Content-Type", "")
                status = response.status
        except aiohttp.ClientConnectorError as error:
            return exchange, NotSent(f"no connection: {error.os_error.strerror or error.os_error}")
        except (aiohttp.ClientError, TimeoutError) as error:
            return exchange, NoAnswer(f"{type(error).__name__}: {error}")
        exchange = Exchange(exchange.request, packed.content_type, content, kind)
        return exchange, await self._meaning(message, packed, status, kind, content)

    async def _meaning(
        self, message: UserMessage, packed: Packed, status: int, kind: str, content: bytes
    ) -> Answered:
        try:
            answer = await asyncio.to_thread(signals.read, kind, content)
        except Refused as refused:
            text = f"status {status}, and no signal that can be read: {refused.fault.detail}"
            return NoAnswer(text, status)
        proved = answer.certificate is not None and await self._is_of(
            answer.certificate, message.to_seat
        )
        if isinstance(answer.signal, Errors):
            return NotTaken(answer.signal, proved)
        if not proved:
            return NoAnswer("the receipt is not signed by the seat that it was sent to", status)
        if not signals.proves(answer.signal, message.id, packed.references):
            return NoAnswer("the receipt is not for what was sent", status)
        return Received(answer.signal)

    async def _is_of(self, certificate: x509.Certificate, seat: str) -> bool:
        """Bound by the seat, never by the certificate: one may be renewed at any time."""
        try:
            authority = issuer(certificate, self._anchors, Purpose.ACCESS_POINT, self._now())
            await self._revocation.check(certificate, authority)
        except Untrusted:
            return False
        return common_name(certificate) == seat


async def _streamed(packed: Packed) -> AsyncIterator[bytes]:
    for chunk in packed.chunks:
        yield chunk
