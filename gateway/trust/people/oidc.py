"""Signing in elsewhere: OpenID Connect, authorization code with PKCE.

In charge of asking the provider and of believing nothing that it has not signed. Not in charge of
whom it speaks of (`signing_in.by_subject`).

Signatures and claims are checked by PyJWT: it is well kept, we have it for the tokens of banks
anyway, and a client library around it would bring sessions, frameworks and grants of its own that
nothing here needs. Source: OpenID Connect Core 1.0 (3.1), Discovery 1.0 (4), RFC 7636 (PKCE),
RFC 9207 (`iss`).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import ssl
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import aiohttp
import jwt
import structlog

from gateway.blobs.seal import Secret, Tampered, seal, unseal

log = structlog.get_logger()

PENDING_S: Final = 600  # so long somebody may take at the provider's

# Signed with a key that only the provider has; never with our own secret, never unsigned.
_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384")
_LEEWAY_S: Final = 60
_LIMIT_S: Final = 10
_MOST_BYTES: Final = 1024 * 1024
_REMEMBERED_S: Final = 3600.0


class NotVouched(Exception):
    """The provider did not vouch for anybody; the text is for the log and holds no secret."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A sign-in that has been begun: what must come back, and where to go on to then."""

    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    next: str
    at: int  # seconds since 1970


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the provider vouches for. `email` only where it says that it has verified it."""

    subject: str
    email: str | None


class Provider:
    """An identity provider. `secret` None: we are a public client. It is asked over TLS, but for
    one on loopback or a trusted network with `allow_http`."""

    def __init__(
        self,
        issuer: str,
        client_id: str,
        secret: str | None,
        *,
        trusted: ssl.SSLContext | None = None,
        allow_http: bool = False,
    ) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._secret = secret
        self._ssl: ssl.SSLContext | bool = trusted or True
        self._schemes = ("https", "http") if allow_http else ("https",)
        self._session: aiohttp.ClientSession | None = None
        self._known: dict[str, tuple[float, Mapping[str, Any]]] = {}

    async def begin(self, back: str, onward: str) -> tuple[str, Pending]:
        """Where to send the browser, and what to keep until it comes back to the address `back`.
        Raises NotVouched."""
        about = await self._about()
        pending = Pending(
            *(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48)),
            *(onward, int(time.time())),
        )
        challenge = base64.urlsafe_b64encode(hashlib.sha256(pending.verifier.encode()).digest())
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": back,
            "scope": "openid email",
            "state": pending.state,
            "nonce": pending.nonce,
            "code_challenge": challenge.rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        start = self._endpoint(about, "authorization_endpoint")
        return f"{start}{'&' if '?' in start else '?'}{urlencode(asked)}", pending

    async def finish(
        self, answered: Mapping[str, str], pending: Pending | None, back: str
    ) -> Identity:
        """Whom the provider vouches for, by what came back with the browser. Raises NotVouched."""
        if pending is None or not 0 <= time.time() - pending.at <= PENDING_S:
            raise NotVouched("nothing was begun by this browser, or too long ago")
        if not _same(pending.state, answered.get("state", "")):
            raise NotVouched("the state is another one")
        if not _same(self._issuer, answered.get("iss", self._issuer)):
            raise NotVouched("another provider has answered")
        if "code" not in answered:
            raise NotVouched(f"the provider says {answered.get('error', 'nothing')[:60]!r}")
        token = await self._token(answered["code"], pending, back)
        return _identity(await self._claims(token), self._issuer, self._client_id, pending.nonce)

    async def close(self) -> None:
        """Lets go of connections."""
        if self._session is not None:
            await self._session.close()

    async def _token(self, code: str, pending: Pending, back: str) -> str:
        about = await self._about()
        given = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": pending.verifier,
        }
        headers = {"Accept": "application/json"}
        methods = about.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        if self._secret is None:
            given["client_id"] = self._client_id
        elif "client_secret_basic" in methods:
            # RFC 6749, 2.3.1: both are form-encoded first.
            pair = f"{quote(self._client_id, safe='')}:{quote(self._secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            given |= {"client_id": self._client_id, "client_secret": self._secret}
        url = self._endpoint(about, "token_endpoint")
        answer = await self._ask("POST", url, data=given, headers=headers)
        token = answer.get("id_token")
        if not isinstance(token, str):
            raise NotVouched(f"no id_token: {str(answer.get('error', ''))[:60]!r}")
        return token

    async def _claims(self, token: str) -> Mapping[str, Any]:
        for fresh in (False, True):  # a provider changes its keys now and then
            key = await self._key(token, fresh=fresh)
            if key is not None:
                break
        else:
            raise NotVouched("the id_token is signed with a key that the provider does not show")
        try:
            claims: Mapping[str, Any] = jwt.decode(
                token,
                key,
                algorithms=list(_ALGORITHMS),
                audience=self._client_id,
                issuer=self._issuer,
                leeway=_LEEWAY_S,
                options={"require": ["iss", "sub", "aud", "exp", "iat"]},
            )
        except jwt.PyJWTError as error:
            raise NotVouched(f"the id_token is not good: {type(error).__name__}") from error
        return claims

    async def _key(self, token: str, *, fresh: bool) -> jwt.PyJWK | None:
        try:
            head = jwt.get_unverified_header(token)
            about = await self._about()
            shown = await self._remembered(self._endpoint(about, "jwks_uri"), fresh=fresh)
            keys = jwt.PyJWKSet.from_dict(dict(shown)).keys
        except jwt.PyJWTError as error:
            raise NotVouched(f"no key can be read: {type(error).__name__}") from error
        signing = [key for key in keys if key.public_key_use in (None, "sig")]
        if "kid" not in head:
            return signing[0] if len(signing) == 1 else None
        return next((key for key in signing if key.key_id == head["kid"]), None)

    async def _about(self) -> Mapping[str, Any]:
        url = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
        about = await self._remembered(url)
        if about.get("issuer") != self._issuer:
            raise NotVouched("the provider's configuration names another issuer")
        return about

    def _endpoint(self, about: Mapping[str, Any], name: str) -> str:
        url = about.get(name)
        if not isinstance(url, str) or urlsplit(url).scheme not in self._schemes:
            raise NotVouched(f"the provider's configuration has no safe {name}")
        return url

    async def _remembered(self, url: str, *, fresh: bool = False) -> Mapping[str, Any]:
        until, found = self._known.get(url, (0.0, {}))
        if fresh or time.monotonic() >= until:
            found = await self._ask("GET", url)
            self._known[url] = (time.monotonic() + _REMEMBERED_S, found)
        return found

    async def _ask(self, method: str, url: str, **how: Any) -> Mapping[str, Any]:
        if urlsplit(url).scheme not in self._schemes:
            raise NotVouched("the provider is not at https")
        if self._session is None:
            self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        try:
            async with (
                asyncio.timeout(_LIMIT_S),
                self._session.request(
                    method, url, ssl=self._ssl, allow_redirects=False, **how
                ) as answer,
            ):
                content = await answer.content.read(_MOST_BYTES)
                while len(content) < _MOST_BYTES and (more := await answer.content.read(65536)):
                    content += more
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NotVouched(f"the provider does not answer: {type(error).__name__}") from error
        try:
            found = json.loads(content)
        except ValueError:
            raise NotVouched(f"the provider answers {answer.status}, not in JSON") from None
        if not isinstance(found, dict):
            raise NotVouched("the provider does not answer with an object")
        return found


def _identity(claims: Mapping[str, Any], issuer: str, client_id: str, nonce: str) -> Identity:
    """Whom claims speak of, whose signature, issuer, audience and times are right. Pure."""
    if not _same(nonce, str(claims.get("nonce", ""))):
        raise NotVouched("the nonce is another one")
    audience = claims["aud"]
    several = isinstance(audience, list) and len(audience) > 1
    if claims.get("azp", None if several else client_id) != client_id:
        raise NotVouched("the id_token was made for somebody else")
    subject, email = claims["sub"], claims.get("email")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise NotVouched("the subject is none")
    verified = claims.get("email_verified") is True and isinstance(email, str)
    return Identity(f"{issuer} {subject}", str(email) if verified else None)


def _same(wanted: str, given: str) -> bool:
    return hmac.compare_digest(wanted.encode(), given.encode("utf-8", "surrogateescape"))


# --- what the browser keeps meanwhile -----------------------------------------------------------


def closed(pending: Pending, secret: bytes) -> str:
    """A pending sign-in as the browser keeps it: it can neither read nor change it."""
    content = json.dumps(asdict(pending)).encode()
    return base64.urlsafe_b64encode(seal(_sealing(secret), content)).decode()


def opened(kept: str, secret: bytes) -> Pending | None:
    """The pending sign-in again; None when it is not what was closed."""
    try:
        content = unseal(_sealing(secret), base64.urlsafe_b64decode(kept))
        return Pending(**json.loads(content))
    except (Tampered, ValueError, TypeError):
        return None


def _sealing(secret: bytes) -> Secret:
    return Secret(hashlib.sha256(b"sign-in elsewhere\n" + secret).digest())
