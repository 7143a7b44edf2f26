"""Who calls: the company whose key a request carries.

In charge of the key and of asking the store no more often than needed. Only hashes of keys are
kept, so nothing is compared in secret.
"""

from __future__ import annotations

import hashlib
import time

from aiohttp import web

from gateway.api.problems import Problem, Type
from gateway.api.routes import Call, Q
from gateway.store.port import Company, Store

# A key that is taken back, and a changed company, count after so long at the latest.
_REMEMBERED_S = 2.0
_MOST = 10_000


class Callers:
    """The companies that called lately, by the SHA-256 of their key."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, tuple[Company, float]] = {}

    async def of(self, request: web.Request) -> Company:
        """Whose key the request carries; raises Problem when it is nobody's."""
        sha256 = _sha256(request)
        if sha256 is not None:
            company = await self._company(sha256)
            if company is not None:
                return company
        raise Problem(Type.UNAUTHENTICATED, headers={"WWW-Authenticate": 'Bearer realm="budkavle"'})

    async def _company(self, sha256: str) -> Company | None:
        now = time.monotonic()
        known, until = self._known.get(sha256, (None, 0.0))
        if now < until:
            return known
        company = await self._store.company_of_key(sha256)
        if company is None:  # not remembered: a key may have been made just now
            self._known.pop(sha256, None)
            return None
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[sha256] = (company, now + _REMEMBERED_S)
        return company


async def actor(call: Call[Q]) -> str:
    """Who calls, for the audit: the label of the key, or the beginning of its hash."""
    sha256 = _sha256(call.request) or ""
    return f"key:{await call.service.store.label_of_key(sha256) or sha256[:12]}"


def _sha256(request: web.Request) -> str | None:
    """The hash of the key that a request carries; None when it carries none."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key:
        return None
    return hashlib.sha256(key.strip().encode("utf-8", "surrogateescape")).hexdigest()
