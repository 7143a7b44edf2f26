"""Where banks fetch the document of an eFaktura: its PDF, to whoever shows a token for it.

In charge of answering: the very bytes that went with the invoice, or nothing. Not in charge of the
token (`keys`), nor of where documents are kept (`Documents`).

Without a right token every address answers alike, whether there is a document or not, and nothing
is looked up. `too_often` bounds how much anybody asks.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Final, Protocol
from uuid import UUID

from aiohttp import web

from transports.base import Now
from transports.vipps.driver import document_url
from transports.vipps.keys import Keys, Unavailable, opens

PATH: Final = "/vipps/{name}"

HEADERS: Final[Mapping[str, str]] = {
    "Cache-Control": "private, no-store",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Cross-Origin-Resource-Policy": "cross-origin",  # the bank's page shows it
}


class Gone(Exception):
    """The document can not be read at the moment."""


class Documents(Protocol):
    """The PDFs that went with invoices."""

    async def open(self, key: UUID) -> AsyncGenerator[bytes, None] | None:
        """The bytes of the PDF that went with an envelope's invoice; None where there is none, or
        no longer. Raises Gone, also while they are read."""
        ...


class Endpoint:
    """The address. `base` is its beginning as banks see it; `issuer` is what tokens must name as
    theirs, where that is known."""

    def __init__(
        self,
        base: str,
        keys: Keys,
        documents: Documents,
        too_often: Callable[[web.Request], bool],
        now: Now,
        issuer: str | None = None,
    ) -> None:
        self._base = base
        self._keys = keys
        self._documents = documents
        self._too_often = too_often
        self._now = now
        self._issuer = issuer

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """For the outer listener."""
        return [web.get(PATH, self._get, allow_head=False)]

    async def _get(self, request: web.Request) -> web.StreamResponse:
        if self._too_often(request):
            return _nothing(429, "Too many requests.", {"Retry-After": "60"})
        key = _key(request.match_info["name"])
        token = request.query.get("token", "")
        try:
            url = document_url(self._base, key) if key else self._base
            good = await opens(token, url, self._keys, self._now(), self._issuer)
            pieces = await self._documents.open(key) if key and good else None
            if pieces is None:
                return _nothing(404, "Not found.")
            async with aclosing(pieces):
                return await _sent(request, pieces)
        except (Unavailable, Gone):
            return _nothing(503, "Try again later.", {"Retry-After": "60"})


def _key(name: str) -> UUID | None:
    """The key of an address, written as we write it and no other way."""
    try:
        key = UUID(name.removesuffix(".pdf"))
    except ValueError:
        return None
    return key if name == f"{key}.pdf" else None


async def _sent(request: web.Request, pieces: AsyncGenerator[bytes, None]) -> web.StreamResponse:
    first = await anext(pieces, b"")  # before the head: what can not be read is told as such
    response = web.StreamResponse(headers=HEADERS)
    response.content_type = "application/pdf"
    response.headers["Content-Disposition"] = 'inline; filename="invoice.pdf"'
    await response.prepare(request)
    await response.write(first)
    async for piece in pieces:
        await response.write(piece)
    await response.write_eof()
    return response


def _nothing(status: int, text: str, more: Mapping[str, str] | None = None) -> web.Response:
    return web.Response(status=status, text=text, headers={**HEADERS, **(more or {})})
