"""/n/{token}: the page that ends mails to a person, without a login, on the outer listener.

Looking at it changes nothing, for mail servers open links to look for harm; the button does, and so
does the mailbox's own (RFC 8058). Whatever is wrong with a token, the page is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from aiohttp import web

from gateway.api.link_pages import HEADERS
from gateway.notices.book import NoticeBook
from gateway.notices.notice import of_token

_POLICY: Final = "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<h1>{title}</h1>
{rest}
</html>
"""
_ASK: Final = _PAGE.format(
    title="No more of these mails?",
    rest='<p lang="sv">Inga fler sådana brev?</p><p lang="nb">Ingen flere slike brev?</p>'
    '<form method="post"><button>Stop / Sluta / Stopp</button></form>',
)
_DONE: Final = _PAGE.format(
    title="No more of these mails are sent.",
    rest='<p lang="sv">Inga fler sådana brev skickas.</p>'
    '<p lang="nb">Ingen flere slike brev blir sendt.</p>',
)


class NoticePages:
    """The page of each notice."""

    def __init__(self, book: NoticeBook, secret: bytes) -> None:
        self._book = book
        self._secret = secret

    def routes(self) -> Sequence[web.RouteDef]:
        """For the outer listener."""
        return [
            web.get("/n/{token}", self.ask, allow_head=False),
            web.post("/n/{token}", self.stop),
        ]

    async def ask(self, request: web.Request) -> web.Response:
        """Asks, and changes nothing."""
        return _html(_ASK)

    async def stop(self, request: web.Request) -> web.Response:
        """Ends them; asked again, it is so already. What is in the body does not matter."""
        named = of_token(self._secret, request.match_info["token"])
        if named is not None:
            await self._book.change(*named, lambda notice: replace(notice, active=False))
        return _html(_DONE)


def _html(text: str) -> web.Response:
    headers = {**HEADERS, "Content-Security-Policy": _POLICY}
    return web.Response(text=text, content_type="text/html", headers=headers)
