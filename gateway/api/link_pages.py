"""/d/{token}: the page behind a link, for people without a key, on the outer listener.

In charge of who may look how often and of what a browser may do with it. Not in charge of links
themselves (`delivery.links`) nor of how the invoice looks (`pdf.html`).

Whatever is wrong with a token (made up, ended, taken back, document gone), the answer is the same
page: nothing can be learned by trying. No script, nothing from elsewhere, nothing in an index.
"""

from __future__ import annotations

import asyncio
import re
from base64 import b64encode
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final

from aiohttp import web
from markupsafe import escape

from gateway import pdf
from gateway.api.files import headers_of
from gateway.api.remote import client_of
from gateway.api.streams import send
from gateway.clock import Clock
from gateway.delivery.envelope import Particulars, particulars
from gateway.delivery.links import Record, leg_of, newest, tell_opened
from gateway.delivery.logos import logo_of
from gateway.pdf.html import html
from gateway.pdf.logo import Logo
from gateway.store.port import ContentLost, Document, Role, StorageUnavailable, Store
from schemas.figures import day
from schemas.ubl.read import Unreadable
from schemas.ubl.read import read as read_ubl
from validators.pipeline import parse

# A page of 20,000 lines takes a second or two to make: not more than so many at once.
_AT_ONCE: Final = 2

_MOST_COUNTED: Final = 10_000


@dataclass(frozen=True, slots=True)
class Wording:
    """The sentences of one language."""

    files: str
    until: str  # `{day}`
    gone: str
    often: str
    later: str


WORDINGS: Final = {
    "en": Wording(
        "Files to download.",
        "This page is here until {day}.",
        "There is nothing here. The link may have ended, or been taken back. Ask the sender.",
        "That was too often. Please wait a minute, and try again.",
        "This can not be shown just now. Please try again later.",
    ),
    "sv": Wording(
        "Filer att ladda ner.",
        "Sidan finns till och med {day}.",
        "Här finns ingenting. Länken kan ha gått ut eller återkallats. Fråga avsändaren.",
        "Det blev för många försök. Vänta en minut och försök igen.",
        "Sidan kan inte visas just nu. Försök igen senare.",
    ),
    "nb": Wording(
        "Filer å laste ned.",
        "Siden er her til og med {day}.",
        "Her er det ingenting. Lenken kan ha utløpt eller blitt trukket tilbake. Spør avsenderen.",
        "Det ble for mange forsøk. Vent et minutt, og prøv igjen.",
        "Siden kan ikke vises akkurat nå. Prøv igjen senere.",
    ),
}


def _policy() -> str:
    """The content security policy: our own style, by its hash, the logo that stands in the page,
    and nothing else at all."""
    template = (Path(pdf.__file__).parent / "invoice.html").read_text()
    styles = [
        *re.findall(r"<style>(.*?)</style>", template, re.S),
        *sorted(set(re.findall(r' style="([^"]*)"', template))),
    ]
    hashes = [f"'sha256-{b64encode(sha256(s.encode()).digest()).decode()}'" for s in styles]
    return (
        f"default-src 'none'; style-src 'unsafe-hashes' {' '.join(hashes)};"
        " img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": _policy(),
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "private, no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Counting:
    """How often somebody came in this minute. Nobody is kept longer than that."""

    def __init__(self, clock: Clock, most: int) -> None:
        self._clock = clock
        self._most = most
        self._minute = -1
        self._seen: dict[object, int] = {}

    def too_often(self, who: object) -> bool:
        """Counts once more; whether it is over the limit."""
        minute = int(self._clock.now().timestamp()) // 60
        if minute != self._minute or len(self._seen) >= _MOST_COUNTED:
            self._minute, self._seen = minute, {}
        self._seen[who] = self._seen.get(who, 0) + 1
        return self._seen[who] > self._most


@dataclass(frozen=True, slots=True)
class _Open:
    """A link that opens."""

    document: Document
    record: Record
    channel: str


class LinkPages:
    """The pages. `proxies`: how many of ours stand before us."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        secret: bytes,
        *,
        per_minute: int = 60,
        told_a_day: int = 3,
        proxies: int = 0,
    ) -> None:
        self._store = store
        self._clock = clock
        self._secret = secret
        self._told_a_day = told_a_day
        self._proxies = proxies
        self._by_client = Counting(clock, per_minute)
        self._by_link = Counting(clock, per_minute)
        self._making = asyncio.Semaphore(_AT_ONCE)

    def routes(self) -> list[web.RouteDef]:
        """For the outer listener."""
        return [
            web.get("/d/{token}", self._page, allow_head=False),
            web.get("/d/{token}/files/{n}", self._file, allow_head=False),
        ]

    async def _page(self, request: web.Request) -> web.StreamResponse:
        try:
            found = await self._found(request)
            if isinstance(found, web.Response):
                return found
            body = await self._body(request, found)
            await self._tell(found)
        except (StorageUnavailable, ContentLost):
            return _notice(request, 503)
        return web.Response(text=body, content_type="text/html", charset="utf-8", headers=HEADERS)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        try:
            found = await self._found(request)
            if isinstance(found, web.Response):
                return found
            n = request.match_info["n"]
            files = {str(place): file for place, file in enumerate(found.record.files, start=1)}
            if n not in files:
                return _notice(request, 404)
            file, document = files[n], found.document
            pieces = await self._store.stream(document.company_id, document.id, file.sha256)
            if pieces is None:
                return _notice(request, 404)
            await self._tell(found, file.name)
            async with aclosing(pieces):
                headers = {**HEADERS, **headers_of(file.name, file.media_type)}
                return await send(request, headers, pieces)
        except (StorageUnavailable, ContentLost):
            return _notice(request, 503)

    async def _found(self, request: web.Request) -> _Open | web.Response:
        """The link that a request opens, or the answer that says that it does not."""
        if self._by_client.too_often(client_of(request, self._proxies)):
            return _notice(request, 429)
        key = leg_of(self._secret, request.match_info["token"])
        place = None if key is None else await self._store.leg(key)
        if key is None or place is None:
            return _notice(request, 404)
        document, leg = place
        parts = await self._store.files(document.company_id, document.id, [Role.LINK])
        record = newest([content for _, content in parts]).get(key)
        if record is None or not record.opens(self._clock.now()):
            return _notice(request, 404)
        if self._by_link.too_often(key):
            return _notice(request, 429)
        return _Open(document, record, leg.channel)

    async def _tell(self, found: _Open, file: str | None = None) -> None:
        await tell_opened(
            *(self._store, found.record.key, found.channel, self._clock.now()),
            most=self._told_a_day,
            file=file,
        )

    async def _body(self, request: web.Request, found: _Open) -> str:
        document = found.document
        parts = await self._store.files(
            document.company_id, document.id, [Role.ENVELOPE, Role.DOCUMENT]
        )
        by_role = {part.role: content for part, content in parts}
        if by_role.keys() != {Role.ENVELOPE, Role.DOCUMENT}:
            raise ContentLost(f"{document.id} has no document any more")
        known = particulars(by_role[Role.ENVELOPE])
        async with self._making:
            return await asyncio.to_thread(
                drawn,
                by_role[Role.DOCUMENT],
                known,
                found.record,
                request.match_info["token"],
                await logo_of(self._store, document.company_id),
            )


def drawn(
    document: bytes, known: Particulars, record: Record, token: str, logo: Logo | None = None
) -> str:
    """The page. Pure."""
    root = parse(document)
    if isinstance(root, tuple):
        raise ContentLost("the stored document can not be parsed")
    try:
        invoice = read_ubl(root)
    except Unreadable as error:
        raise ContentLost("the stored document can not be read") from error
    language = known.summary.language
    wording = WORDINGS[language]
    last = day(record.until.date() - timedelta(days=1), language)
    return html(
        invoice,
        language,
        logo,
        template="link.html",
        said=(wording.files, wording.until.format(day=last)),
        files=[(file.name, f"{token}/files/{n}") for n, file in enumerate(record.files, start=1)],
    )


def _notice(request: web.Request, status: int) -> web.Response:
    language = _language(request.headers.get("Accept-Language", ""))
    wording = WORDINGS[language]
    text = {404: wording.gone, 429: wording.often, 503: wording.later}[status]
    page = (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n<title>–</title>\n</head>\n'
        f"<body>\n<p>{escape(text)}</p>\n</body>\n</html>\n"
    )
    headers = {**HEADERS, **({"Retry-After": "60"} if status == 429 else {})}
    return web.Response(
        status=status, text=page, content_type="text/html", charset="utf-8", headers=headers
    )


def _language(accepted: str) -> str:
    """The first language that is asked for and that we have."""
    for tag in accepted.lower().split(",")[:20]:
        primary = tag.partition(";")[0].strip().partition("-")[0]
        found = {"no": "nb", "nn": "nb", "da": "nb"}.get(primary, primary)
        if found in WORDINGS:
            return found
    return "en"
