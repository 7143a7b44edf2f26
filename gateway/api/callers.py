"""Who calls: the key or token that a request carries, and the company it acts for.

In charge of reading both from the request and of asking the store no more often than needed. Not in
charge of what a key may do (`gateway.trust.keys`), nor of what an operation asks for
(`gateway.api.app`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from aiohttp import web
from multidict import istr

from gateway.api.problems import Fault, Problem, Type
from gateway.api.routes import Call, Header, Q
from gateway.clock import Clock
from gateway.store.access import Holder
from gateway.store.port import Store
from gateway.trust.callers import Caller
from gateway.trust.keys import caller, counts, digest

COMPANY = Header(
    "Budkavle-Company",
    "The company you act for: needed where your key is for several. A sub-unit of a company of"
    " yours is named here too.",
    r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}",
    "com_01900000-0000-7000-8000-4c1d2e3f4a5b",
)
_COMPANY = istr(COMPANY.name)

# A key that is taken back, and a changed company, count after so long at the latest.
_REMEMBERED = timedelta(seconds=2)
_MOST = 10_000


class Callers:
    """Those who called lately, by the SHA-256 of their key and the company they named."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[tuple[str, str], tuple[Holder, Caller, datetime]] = {}

    async def of(self, request: web.Request, *, across: bool) -> Caller:
        """Who calls; raises Problem when it is nobody, or, unless the operation is `across` all
        their companies, when it is not said for which one."""
        sha256, company_id = _sha256(request), request.headers.get(_COMPANY, "")
        found = None if sha256 is None else await self._caller(sha256, company_id)
        if found is None:
            raise Problem(
                Type.UNAUTHENTICATED, headers={"WWW-Authenticate": 'Bearer realm="budkavle"'}
            )
        if found.company is None and (company_id or not across):
            raise _no_company(company_id)
        return found

    async def _caller(self, sha256: str, company_id: str) -> Caller | None:
        if not COMPANY.fits(company_id):
            company_id = "" if not company_id else "-"  # there is no company of this name
        name, now = (sha256, company_id), self._clock.now()
        known = self._known.get(name)
        if known is not None and known[2] <= now < known[2] + _REMEMBERED:
            holder, who, _ = known
        else:
            found = await self._store.holder(sha256, company_id)
            if found is None:  # not remembered: a key may have been made just now
                self._known.pop(name, None)
                return None
            if len(self._known) >= _MOST:
                self._known.clear()
            holder, who = found, caller(found)
            self._known[name] = (holder, who, now)
        return who if counts(holder, now) else None


def _no_company(named: str) -> Problem:
    # The same for a company that does not exist and for one that is another's.
    fault = Fault(
        parameter=COMPANY.name,
        detail="names no company of yours" if named else "is missing, and your key is for several",
        hint="GET /v1/companies lists the companies you may act for.",
    )
    return Problem(Type.INVALID_PARAMETER, "For which company is not said.", faults=[fault])


async def actor(call: Call[Q]) -> str:
    """Who calls, for the audit."""
    return call.who.name


def _sha256(request: web.Request) -> str | None:
    """The hash of the key that a request carries; None when it carries none."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key:
        return None
    return digest(key.strip())
