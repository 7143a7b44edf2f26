"""An identity provider on loopback: OpenID Connect, as small as it can be, that can misbehave."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Callable
from functools import cache
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

CLIENT, SECRET = "budkavle", "s&cret:of tests"


@cache
def _key(name: str) -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


class IdentityProvider:
    """Vouches for `claims`; use as `async with`. `change` alters the claims of the next tokens,
    `signs` makes them another way."""

    def __init__(self) -> None:
        self.url = ""
        self.claims: dict[str, Any] = {
            "sub": "42",
            "email": "anna@byran.example",
            "email_verified": True,
        }
        self.change: Callable[[dict[str, Any]], None] = lambda claims: None
        self.signs: Callable[[dict[str, Any]], str] = self._signed
        self.asked: list[dict[str, str]] = []
        self._keys = {"one": _key("one")}
        self._codes: dict[str, dict[str, str]] = {}
        app = web.Application()
        app.add_routes(
            [
                web.get("/.well-known/openid-configuration", self._about),
                web.get("/authorize", self._authorize),
                web.post("/token", self._token),
                web.get("/keys", self._shown),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None)

    def renew_key(self) -> None:
        """Signs with another key from now on."""
        self._keys = {"two": _key("two")}

    async def _about(self, _: web.Request) -> web.Response:
        return web.json_response(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
            }
        )

    async def _authorize(self, request: web.Request) -> web.Response:
        asked = dict(request.query)
        self.asked.append(asked)
        assert asked["response_type"] == "code" and asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256" and "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        back = f"{asked['redirect_uri']}?code={code}&state={asked['state']}"
        return web.Response(status=302, headers={"Location": back})

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        pair = base64.b64encode(f"{CLIENT}:s%26cret%3Aof%20tests".encode()).decode()
        asked = self._codes.pop(str(form.get("code")), None)
        verifier = hashlib.sha256(str(form.get("code_verifier")).encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).rstrip(b"=").decode()
        good = (
            asked is not None
            and request.headers.get("Authorization") == f"Basic {pair}"
            and form.get("redirect_uri") == asked["redirect_uri"]
            and challenge == asked["code_challenge"]
        )
        if asked is None or not good:
            return web.json_response({"error": "invalid_grant"}, status=400)
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.claims,
        }
        self.change(claims)
        return web.json_response({"access_token": "x", "id_token": self.signs(claims)})

    def _signed(self, claims: dict[str, Any]) -> str:
        ((kid, key),) = self._keys.items()
        return jwt.encode(claims, key, algorithm="RS256", headers={"kid": kid})

    async def _shown(self, _: web.Request) -> web.Response:
        keys = [
            {
                **json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())),
                "kid": kid,
                "use": "sig",
                "alg": "RS256",
            }
            for kid, key in self._keys.items()
        ]
        return web.json_response({"keys": keys})

    async def __aenter__(self) -> IdentityProvider:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
