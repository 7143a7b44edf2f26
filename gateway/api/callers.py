"""Who calls: the key or token that a request carries, and the company it acts for.

In charge of reading both from the request and of asking the store no more often than needed. Not in
charge of what a key may do (`gateway.trust.keys`), nor of what an operation asks for
(`gateway.api.app`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web
from multidict import istr

from gateway.api.guard import Guard
from gateway.api.problems import Fault, Problem, Type
from gateway.api.routes import COMPANY, Call, Q
from gateway.clock import Clock
from gateway.store.access import Holder
from gateway.store.port import Store
from gateway.trust.callers import Caller
from gateway.trust.keys import caller, counts, digest
from gateway.trust.uses import Uses

_COMPANY = istr(COMPANY.name)
_NO_COMPANY = "-"  # no company has this id

# A key that is taken back, and a changed company, count after so long at the latest.
_REMEMBERED = timedelta(seconds=2)
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class _Known:
    """Somebody, as the store had them at a time."""

    holder: Holder
    caller: Caller
    at: datetime


class Callers:
    """Those who called lately, by the SHA-256 of their key and the company they named."""

    def __init__(self, store: Store, clock: Clock, guard: Guard | None, uses: Uses) -> None:
        self._store = store
        self._clock = clock
        self._guard = guard
        self._uses = uses
        self._known: dict[tuple[str, str], _Known] = {}

    async def of(self, request: web.Request, *, across: bool) -> Caller:
        """Who calls; raises Problem when it is nobody, when they were asked to wait, or, unless the
        operation is `across` all their companies, when it is not said for which one."""
        secret, company_id = _secret(request), request.headers.get(_COMPANY)
        found = None if secret is None else await self._caller(request, secret, company_id)
        if found is None:
            raise Problem(
                Type.UNAUTHENTICATED, headers={"WWW-Authenticate": 'Bearer realm="budkavle"'}
            )
        if self._guard is not None:
            self._guard.count(request, found)
        if found.company is None and (company_id is not None or not across):
            raise _no_company(company_id)
        return found

    async def _caller(
        self, request: web.Request, secret: str, company_id: str | None
    ) -> Caller | None:
        if company_id is None:
            company_id = ""
        elif not COMPANY.fits(company_id):
            company_id = _NO_COMPANY
        name, now = (digest(secret), company_id), self._clock.now()
        known = self._known.get(name)
        if known is None and self._guard is not None:
            # Only then: who was let in before is not held up by what others try from there.
            self._guard.admit(request, secret)
        if known is None or not known.at <= now < known.at + _REMEMBERED:
            known = await self._ask(name, now)
        if known is None or not counts(known.holder, now):
            self._known.pop(name, None)
            if self._guard is not None:
                self._guard.failed(request, secret)
            return None
        self._uses.note(known.caller.id, now)
        return known.caller

    async def _ask(self, name: tuple[str, str], now: datetime) -> _Known | None:
        holder = await self._store.holder(*name)
        if holder is None:  # not remembered: a key may have been made just now
            return None
        if len(self._known) >= _MOST:
            self._known.clear()
        known = self._known[name] = _Known(holder, caller(holder), now)
        return known


def _no_company(named: str | None) -> Problem:
    # The same for a company that does not exist and for one that is another's.
    fault = Fault(
        parameter=COMPANY.name,
        detail="is missing, and your key is for several" if named is None else "is none of yours",
        hint="GET /v1/companies lists the companies you may act for.",
    )
    return Problem(Type.INVALID_PARAMETER, "For which company is not said.", faults=[fault])


async def actor(call: Call[Q]) -> str:
    """Who calls, for the audit."""
    return call.who.name


def _secret(request: web.Request) -> str | None:
    """The key that a request carries; None when it carries none."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key:
        return None
    return key.strip()
