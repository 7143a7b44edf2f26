"""Corner 2: a message posted to another access point, and what its answer means.

In charge of one exchange. Not in charge of where it goes (`discovery`), nor of trying again: the
worker does that, with the bytes of the first time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

import aiohttp
from cryptography import x509

from transports.base import REQUEST, Evidence, Now
from transports.peppol.as4 import signals, unpacking
from transports.peppol.as4.message import Errors, Receipt, Reference, UserMessage
from transports.peppol.as4.packing import pack
from transports.peppol.as4.soap import Refused
from transports.peppol.pki.chains import Anchors, Purpose, Untrusted, issuer
from transports.peppol.pki.keys import Signer, common_name
from transports.peppol.pki.revocation import Revocation

# A receiving access point may store and scan before it answers.
ANSWER_TIMEOUT_S: Final = 180.0
_CONNECT_TIMEOUT_S: Final = 20.0
_MOST_ANSWER_BYTES: Final = 1024 * 1024
_PIECE: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Request(Evidence):
    """A message as it is posted, whose very bytes may be posted again; `recipient` is whom it is
    encrypted for, and `references` are what its receipt has to repeat."""

    message: UserMessage
    references: tuple[Reference, ...]
    recipient: x509.Certificate

    @classmethod
    def of(cls, kept: Evidence) -> Request:
        """One that was kept, read back. Raises Refused when it is none."""
        if isinstance(kept, Request):  # made just now
            return kept
        sealed = unpacking.read(kept.media_type, kept.content)
        return cls(
            *(kept.kind, kept.media_type, kept.content, kept.at),
            *(sealed.message, sealed.references, sealed.recipient),
        )


@dataclass(frozen=True, slots=True)
class Exchange:
    """What came back, as it came; empty where nothing did."""

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

    async def pack(
        self, message: UserMessage, payload: bytes, recipient: x509.Certificate
    ) -> Request:
        """Packs a message: signed, and encrypted by a key that is new each time."""
        packed = await asyncio.to_thread(pack, message, payload, self._key, recipient)
        return Request(
            *(REQUEST, packed.content_type, packed.body, self._now()),
            *(message, packed.references, recipient),
        )

    async def post(self, request: Request, url: str) -> tuple[Exchange, Answered]:
        """Posts a message once."""
        try:
            async with self._session.post(
                url,
                data=_streamed(request.content),
                headers={
                    "Content-Type": request.media_type,
                    "Content-Length": str(len(request.content)),
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
            text = f"no connection: {error.os_error.strerror or error.os_error}"
            return Exchange(), NotSent(text)
        except (aiohttp.ClientError, TimeoutError) as error:
            return Exchange(), NoAnswer(f"{type(error).__name__}: {error}")
        return Exchange(content, kind), await self._meaning(request, status, kind, content)

    async def _meaning(self, request: Request, status: int, kind: str, content: bytes) -> Answered:
        message = request.message
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
        if not signals.proves(answer.signal, message.id, request.references):
            return NoAnswer("the receipt is not for what was sent", status)
        return Received(answer.signal)

    async def trusts(self, certificate: x509.Certificate) -> bool:
        """Whether it is an access point's of this network, valid now and not revoked."""
        try:
            authority = issuer(certificate, self._anchors, Purpose.ACCESS_POINT, self._now())
            await self._revocation.check(certificate, authority)
        except Untrusted:
            return False
        return True

    async def _is_of(self, certificate: x509.Certificate, seat: str) -> bool:
        """Bound by the seat, never by the certificate: one may be renewed at any time."""
        return common_name(certificate) == seat and await self.trusts(certificate)


async def _streamed(content: bytes) -> AsyncIterator[memoryview]:
    view = memoryview(content)
    for at in range(0, len(view), _PIECE):
        yield view[at : at + _PIECE]
