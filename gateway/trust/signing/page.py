"""/sign/{token}: the page where whoever was invited signs with BankID, on the outer listener.

In charge of who may look how often and of what the page says. Not in charge of the request
(`gateway.trust.verification`), nor of BankID (`bankid`).

Whatever is wrong with a link, the answer is the same. No script: the page loads itself anew each
second while the QR code changes, as BankID asks for. Opening it does nothing (mail servers open
links); signing begins with a button.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Final

import structlog
from aiohttp import web
from markupsafe import Markup, escape

from gateway.api.link_pages import Counting
from gateway.api.remote import client_of
from gateway.clock import Clock
from gateway.pdf.qr import squares
from gateway.store.port import ContentLost, StorageUnavailable, Store
from gateway.store.verifications import Verification, Verified
from gateway.trust.signing.hints import words as hint_words
from gateway.trust.signing.port import Attended, NotNow, Refused, Signer, Started
from gateway.trust.verification.request import Request, Sealed
from gateway.trust.verification.states import Asking
from gateway.trust.verification.steps import Wishes
from gateway.trust.verification.verbs import Verbs, job

log = structlog.get_logger()

PATH: Final = "/sign"

_HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'none'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "private, no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# A page that loads itself each second while somebody signs, for three minutes at most.
_PER_MINUTE: Final = 120


@dataclass(frozen=True, slots=True)
class _Open:
    """A link that opens."""

    row: Verification
    request: Request
    company_id: str


class SigningPage:
    """The page. `signers` are those whose people sign here; `proxies` stand before the listener."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        sealed: Sealed,
        verbs: Verbs,
        wishes: Wishes,
        signers: Mapping[str, Signer],
        *,
        proxies: int = 0,
    ) -> None:
        self._store = store
        self._clock = clock
        self._sealed = sealed
        self._verbs = verbs
        self._wishes = wishes
        self._signers = {
            name: signer for name, signer in signers.items() if isinstance(signer, Attended)
        }
        self._proxies = proxies
        self._counting = Counting(clock, _PER_MINUTE)

    def routes(self) -> list[web.RouteDef]:
        """What the outer listener serves."""
        return [
            web.get(f"{PATH}/{{token}}", self._shown),
            web.post(f"{PATH}/{{token}}", self._begun),
            web.post(f"{PATH}/{{token}}/decline", self._declined),
        ]

    async def _shown(self, request: web.Request) -> web.Response:
        found = await self._found(request)
        return found if isinstance(found, web.Response) else self._page(found)

    async def _begun(self, request: web.Request) -> web.Response:
        """The button: the order begins, and the job that follows it is due at once."""
        found = await self._found(request)
        if isinstance(found, web.Response):
            return found
        signer = self._signers[found.request.signer]
        now = self._clock.now()
        if found.row.asking is Asking.ASKED and not signer.under_way(found.request.order):
            wish = await self._wishes.wish(found.request)
            ip = client_of(request, self._proxies).partition("/")[0]
            begun = await signer.begin(wish, found.request.order, ip, now)
            if isinstance(begun, NotNow | Refused):
                log.warning("signing_not_begun", company_id=found.company_id, code=begun.code)
                return self._page(found, trouble=True)
            assert isinstance(begun, Started)
            kept = replace(found.request, order=begun.order, hint="")
            sealed = await self._sealed.request(found.company_id, kept)
            row = replace(found.row, request=sealed, updated_at=now)
            change = Verified(row, jobs=[job(found.company_id, now)])
            if not await self._store.put_verification(change, now):
                # Somebody was quicker: what the page shows then is what counts. The order that
                # nobody follows runs out.
                log.info("signing_begun_twice", company_id=found.company_id)
        raise web.HTTPSeeOther(request.path, headers=_HEADERS)

    async def _declined(self, request: web.Request) -> web.Response:
        found = await self._found(request)
        if isinstance(found, web.Response):
            return found
        await self._verbs.decline(found.company_id, found.request.id)
        raise web.HTTPSeeOther(request.path.removesuffix("/decline"), headers=_HEADERS)

    async def _found(self, request: web.Request) -> _Open | web.Response:
        language = _accepted(request)
        company_id, _, secret = request.match_info["token"].partition(".")
        if self._counting.too_often(client_of(request, self._proxies)):
            return _notice(language, "often", 429)
        try:
            row = await self._store.verification(company_id)
            kept = None if row is None else await self._sealed.opened(company_id, row.request)
        except (StorageUnavailable, ContentLost) as error:
            log.error("signing_page_unavailable", reason=str(error))
            return _notice(language, "later", 503)
        if row is None or kept is None or not kept.opens(secret):
            return _notice(language, "gone", 404)
        if kept.signer not in self._signers or not _opens(row, self._clock):
            return _notice(language, "gone", 404)
        return _Open(row, kept, company_id)

    def _page(self, found: _Open, *, trouble: bool = False) -> web.Response:
        request, language = found.request, found.request.signatory.language
        words = _words(language)
        if found.row.asking is Asking.SIGNED:
            return _notice(language, "signed", 200)
        if found.row.asking is Asking.DECLINED:
            return _notice(language, "declined", 200)
        text = self._wishes.agreement(request)
        signer = self._signers[request.signer]
        under_way = signer.under_way(request.order)
        code = signer.qr(request.order, self._clock.now()) if under_way else None
        body = [Markup("<h1>{}</h1>").format(text.title), Markup("<pre>{}</pre>").format(text.text)]
        if under_way:
            hint = hint_words(request.hint, language)
            body.append(Markup("<p role='status'>{} {}</p>").format(hint, words["scan"]))
            if code is not None:
                body.append(_svg(code))
            link = signer.app_link(request.order)
            if link is not None:
                body.append(Markup("<p><a href='{}'>{}</a></p>").format(link, words["app"]))
        else:
            said = hint_words(request.hint, language) if request.hint else words["read"]
            said = words["trouble"] if trouble else said
            body.append(Markup("<p role='status'>{}</p>").format(said))
            here = f"{PATH}/{request.link(found.company_id)}"
            body.append(_button(here, words["sign"]))
            body.append(_button(f"{here}/decline", words["decline"]))
        return _html(language, text.title, Markup("\n").join(body), 200, refresh=under_way)


def _opens(row: Verification, clock: Clock) -> bool:
    """Whether the link still leads somewhere: to the signature, or to what came of it."""
    if row.asking in (Asking.SIGNED, Asking.DECLINED):
        return True
    in_time = row.expires_at is not None and clock.now() < row.expires_at
    return row.asking is Asking.ASKED and in_time


def _button(path: str, label: str) -> Markup:
    return Markup("<form method='post' action='{}'><button>{}</button></form>").format(path, label)


def _svg(text: str) -> Markup:
    """The QR code."""
    rows = squares(text)
    side, quiet = len(rows), 4  # the quiet zone of ISO/IEC 18004
    path = "".join(
        f"M{x + quiet} {y + quiet}h1v1h-1z"
        for y, row in enumerate(rows)
        for x, dark in enumerate(row)
        if dark
    )
    whole = side + 2 * quiet
    return Markup(
        "<svg role='img' aria-label='QR' width='260' height='260' viewBox='0 0 {} {}'>"
        "<path fill='#fff' d='M0 0h{}v{}H0z'/><path d='{}'/></svg>"
    ).format(whole, whole, whole, whole, path)


def _notice(language: str, name: str, status: int) -> web.Response:
    text = _words(language)[name]
    headers = {"Retry-After": "60"} if status == 429 else {}
    return _html(language, "–", Markup("<p>{}</p>").format(text), status, headers=headers)


def _html(
    language: str,
    title: str,
    body: Markup,
    status: int,
    *,
    refresh: bool = False,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    again = '<meta http-equiv="refresh" content="1">\n' if refresh else ""
    page = (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n{again}'
        f"<title>{escape(title)}</title>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )
    return web.Response(
        status=status,
        text=page,
        content_type="text/html",
        charset="utf-8",
        headers={**_HEADERS, **(headers or {})},
    )


def _accepted(request: web.Request) -> str:
    """The first language that is asked for and that we have."""
    for tag in request.headers.get("Accept-Language", "").lower().split(",")[:20]:
        primary = tag.partition(";")[0].strip().partition("-")[0]
        found = {"no": "nb", "nn": "nb", "da": "nb"}.get(primary, primary)
        if found in ("en", "sv", "nb"):
            return found
    return "en"


def _words(language: str) -> Mapping[str, str]:
    return _texts().get(language) or _texts()["en"]


@cache
def _texts() -> Mapping[str, Mapping[str, str]]:
    text = files("gateway.trust.signing").joinpath("page.toml").read_text("utf-8")
    return tomllib.loads(text)
