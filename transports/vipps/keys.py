"""The keys that Vipps signs with, and what a token has to say for a document to be shown.

In charge of the keys' cache and of the token's checks. Not in charge of the address that documents
are fetched from (`endpoint`). Sources: Vipps eFaktura, retrieving the document of an invoice;
RFC 7517, 7519 and 8725.

The algorithm is ours to say (RS256), never the token's. Keys are asked for again when a token names
one that is not known, at most once in `AGAIN`, and after a day: keys are changed, and a stranger's
tokens must not make us ask for each.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from transports.base import Now
from transports.http import Client, NoAnswer

ALGORITHM: Final = "RS256"
AGAIN: Final = timedelta(minutes=1)
GOOD_FOR: Final = timedelta(days=1)
# Their clock may be ahead of ours; a token that has ended has ended.
AHEAD: Final = timedelta(seconds=60)
TOKEN_LENGTH: Final = 8000
_MOST_KEYS: Final = 20
_LEAST_BITS: Final = 2048  # RFC 7518 3.3


class Unavailable(Exception):
    """There are no keys to check with."""


class Keys:
    """The provider's public keys, by their id. `client` makes one for each call: they are so rare
    that nothing is kept open between them."""

    def __init__(self, client: Callable[[], Client], url: str, now: Now) -> None:
        self._client = client
        self._url = url
        self._now = now
        self._keys: Mapping[str, RSAPublicKey] = {}
        self._asked_at: datetime | None = None
        self._got_at: datetime | None = None
        self._lock = asyncio.Lock()

    async def get(self, key_id: str) -> RSAPublicKey | None:
        """The key of that id, None where there is none. Raises Unavailable when no key was ever
        given."""
        if key_id not in self._keys or self._is_old():
            async with self._lock:
                if key_id not in self._keys or self._is_old():
                    await self._ask()
        if not self._keys:
            raise Unavailable
        return self._keys.get(key_id)

    def _is_old(self) -> bool:
        return self._got_at is None or self._now() - self._got_at >= GOOD_FOR

    async def _ask(self) -> None:
        if self._asked_at is not None and self._now() - self._asked_at < AGAIN:
            return
        self._asked_at = self._now()
        client = self._client()
        try:
            answer = await client.call("GET", self._url)
        except NoAnswer:
            return
        finally:
            await client.close()
        keys = read(answer.body) if answer.status == 200 else {}
        if keys:
            self._keys, self._got_at = keys, self._now()


def read(body: bytes) -> Mapping[str, RSAPublicKey]:
    """The RSA keys of a key set that are meant for signatures; what is none of these is passed
    over, whatever else it is."""
    try:
        given = json.loads(body)["keys"]
        return dict(found for each in given[:_MOST_KEYS] if (found := _key(each)) is not None)
    except (ValueError, TypeError, KeyError, RecursionError):
        return {}


def _key(given: Any) -> tuple[str, RSAPublicKey] | None:
    if not isinstance(given, dict) or given.get("use", "sig") != "sig":
        return None
    if given.get("kty") != "RSA" or given.get("alg", ALGORITHM) != ALGORITHM:
        return None
    key_id = given.get("kid")
    try:
        key = jwt.PyJWK(given, ALGORITHM).key
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    if not isinstance(key_id, str) or not isinstance(key, RSAPublicKey):
        return None
    return (key_id, key) if key.key_size >= _LEAST_BITS else None


async def opens(token: str, url: str, keys: Keys, now: datetime, issuer: str | None) -> bool:
    """Whether a token is signed by the provider, good now, and meant for exactly this address.
    Raises Unavailable."""
    if not 0 < len(token) <= TOKEN_LENGTH:
        return False
    try:
        head = jwt.get_unverified_header(token)
        if head.get("alg") != ALGORITHM or not isinstance(head.get("kid"), str):
            return False
        key = await keys.get(head["kid"])
        if key is None:
            return False
        # The times are checked below, by our clock.
        said = jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            options={
                "require": ["exp", "sub"],
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
                "verify_aud": False,
                "verify_iss": False,
            },
        )
    except (jwt.PyJWTError, ValueError, RecursionError):
        return False
    return _is_good(said, now) and _is_for(said, url, issuer)


def _is_good(said: Mapping[str, Any], now: datetime) -> bool:
    times = {name: said[name] for name in ("exp", "nbf", "iat") if name in said}
    if any(type(each) not in (int, float) for each in times.values()):
        return False
    at = now.timestamp()
    begun = all(times.get(name, at) <= at + AHEAD.total_seconds() for name in ("nbf", "iat"))
    return bool(begun and at < times["exp"])


def _is_for(said: Mapping[str, Any], url: str, issuer: str | None) -> bool:
    subject, by = said.get("sub"), said.get("iss")
    if issuer is not None and not (isinstance(by, str) and _same(by, issuer)):
        return False
    return isinstance(subject, str) and _same(subject, url)


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode())
