"""/oauth/token: a key exchanged for a short-lived token (RFC 6749, section 4.4), for ledgers whose
HTTP library wants it so.

A key is the client: its id is `client_id`, its secret `client_secret`. In charge of the protocol's
form. Not in charge of keys (`gateway.api.keys`) nor of what a token may do (`gateway.trust.keys`).

On timing: the client's secret is looked up by its hash, as everywhere (`gateway.store.access`), and
only then is the id compared, which is no secret. An unknown secret, a secret of another key, one
that ended and a wrong id get the same answer.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any, Final, Literal
from urllib.parse import parse_qsl, unquote_plus

from aiohttp import web
from pydantic import ConfigDict, Field

from gateway.api import examples_access as examples
from gateway.api.answers import Shown
from gateway.api.body import content_type, read_body
from gateway.api.openapi import SCOPES, TOKEN_PATH
from gateway.api.problems import Type
from gateway.api.routes import Answer, Body, Call, Media, NoParameters, Routes, answer
from gateway.intake.shape import Shape
from gateway.store.access import Holder, words
from gateway.trust.keys import TOKEN, counts, digest, new_secret
from gateway.trust.scopes import Scope

routes = Routes("keys")

FORM: Final = "application/x-www-form-urlencoded"
LIFE: Final = timedelta(hours=1)
_MOST_BYTES = 8 * 1024  # of a request: an id, a secret and four words take a few hundred

Error = Literal[
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
]


class TokenRequest(Shape):
    """What is asked for. Unknown parameters are left alone, as RFC 6749 wants it."""

    model_config = ConfigDict(use_attribute_docstrings=True, extra="ignore")

    grant_type: Literal["client_credentials"]
    """Always `client_credentials`."""
    scope: Annotated[str, Field(max_length=200)] | None = None
    """Fewer rights than the key has, a space between: `read send`. By default all of them."""
    client_id: Annotated[str, Field(max_length=100)] | None = None
    """The id of the key, `key_...`, unless it stands in the Authorization header."""
    client_secret: Annotated[str, Field(max_length=200)] | None = None
    """The secret of the key, `bk_...`, unless it stands in the Authorization header."""


class Token(Shown):
    """A token: send it as `Authorization: Bearer`, like a key (RFC 6749, section 5.1)."""

    access_token: str
    """`bkt_...`, opaque."""
    token_type: Literal["Bearer"]
    expires_in: int
    """Seconds that it is good for: an hour, or as long as the key."""
    scope: str
    """What it may do."""


class TokenRefused(Shown):
    """Why there is no token (RFC 6749, section 5.2)."""

    error: Error
    error_description: str


class AuthorizationServer(Shown):
    """Where and how tokens are asked for (RFC 8414)."""

    issuer: str
    token_endpoint: str
    token_endpoint_auth_methods_supported: tuple[str, ...]
    grant_types_supported: tuple[str, ...]
    response_types_supported: tuple[str, ...]
    scopes_supported: tuple[str, ...]


class _Refused(Exception):
    def __init__(self, error: Error, text: str) -> None:
        super().__init__(text)
        self.error: Error = error
        self.text = text


_REFUSED = Answer("No token, and why.", TokenRefused, examples.TOKEN_REFUSED)


@routes.operation(
    "POST",
    TOKEN_PATH,
    query=NoParameters,
    body=Body({FORM: Media(TokenRequest, {"all rights of the key": examples.TOKEN_REQUEST})}),
    answers={
        200: Answer("The token.", Token, examples.TOKEN),
        400: _REFUSED,
        401: Answer("The client is unknown.", TokenRefused, examples.CLIENT_REFUSED),
    },
    problems=(
        *(Type.MALFORMED_REQUEST, Type.REQUEST_TIMEOUT, Type.TOO_LARGE),
        *(Type.UNSUPPORTED_MEDIA_TYPE, Type.TOO_OFTEN, Type.STORAGE_UNAVAILABLE),
    ),
    public=True,
)
async def issue_token(call: Call[NoParameters]) -> web.Response:
    """Exchange a key for a token (OAuth2 client credentials).

    The key's id and secret stand in an HTTP Basic header, each URL-encoded, or in the body. A token
    ends with its key, and goes on when the key gets another secret.
    """
    try:
        return await _token(call)
    except _Refused as refused:
        status, headers = 400, {"Pragma": "no-cache"}
        if refused.error == "invalid_client":
            status, headers["WWW-Authenticate"] = 401, 'Basic realm="budkavle", charset="UTF-8"'
        text = TokenRefused(error=refused.error, error_description=refused.text)
        return answer(text, status, headers)


async def _token(call: Call[NoParameters]) -> web.Response:
    given = await _form(call)
    client_id, secret = _client(call.request.headers.get("Authorization"), given)
    if "grant_type" not in given:
        raise _Refused("invalid_request", "`grant_type` is missing: `client_credentials`")
    if given["grant_type"] != "client_credentials":
        raise _Refused("unsupported_grant_type", "The only `grant_type` is `client_credentials`")
    service, now = call.service, call.service.clock.now()
    holder = await _holder(call, client_id, secret)
    scopes = _scopes(given.get("scope", ""), holder.scopes)
    until = min(now + LIFE, holder.key.expires_at or now + LIFE)
    token = new_secret(TOKEN)
    await service.store.issue_token(holder.key.id, digest(token), scopes, until, now)
    service.uses.note(holder.key.id, now)
    seconds = int((until - now).total_seconds())
    issued = Token(
        access_token=token,
        token_type="Bearer",  # noqa: S106
        expires_in=seconds,
        scope=words(scopes),
    )
    return answer(issued, 200, {"Pragma": "no-cache"})


async def _form(call: Call[NoParameters]) -> Mapping[str, str]:
    content_type(call.request, (FORM,))
    limits = replace(call.service.limits, body_bytes=_MOST_BYTES)
    body = await read_body(call.request, limits)
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=100
        )
    except ValueError:  # UnicodeDecodeError is one
        raise _Refused("invalid_request", "The body is no form in UTF-8") from None
    given: dict[str, str] = {}
    for name, value in pairs:
        if name in given:
            raise _Refused("invalid_request", "A parameter stands there twice")
        if value:  # RFC 6749, section 3.2: without a value is as good as not there
            given[name] = value
    return given


def _client(header: str | None, given: Mapping[str, str]) -> tuple[str, str]:
    """Who asks, and with which secret: by the header, or by the body, not by both."""
    if header is None:
        if "client_id" not in given or "client_secret" not in given:
            raise _Refused("invalid_client", "Say who asks: HTTP Basic, or in the body")
        return given["client_id"], given["client_secret"]
    if "client_secret" in given:
        raise _Refused("invalid_request", "The secret stands in the header and in the body")
    scheme, _, text = header.partition(" ")
    try:
        if scheme.lower() != "basic":
            raise ValueError
        name, colon, secret = base64.b64decode(text.strip(), validate=True).decode().partition(":")
    except (ValueError, binascii.Error):
        raise _Refused("invalid_client", "The Authorization header is no HTTP Basic") from None
    client_id, secret = unquote_plus(name), unquote_plus(secret)
    if not colon or given.get("client_id", client_id) != client_id:
        raise _Refused("invalid_client", "The header and `client_id` do not fit together")
    return client_id, secret


async def _holder(call: Call[NoParameters], client_id: str, secret: str) -> Holder:
    service = call.service
    if service.guard is not None:
        service.guard.admit(call.request, secret)
    holder = await service.store.holder(digest(secret))
    known = holder is not None and holder.key.id == client_id and not holder.token
    if holder is None or not known or not counts(holder, service.clock.now()):
        if service.guard is not None:
            service.guard.failed(call.request, secret)
        raise _Refused("invalid_client", "The key is unknown, revoked, or past its time")
    return holder


def _scopes(asked: str, has: frozenset[Scope]) -> frozenset[Scope]:
    names = asked.split(" ") if asked else sorted(has)
    if not set(names) <= set(has):
        raise _Refused("invalid_scope", f"The key has the scopes: {words(has)}")
    return frozenset(map(Scope, names))


@routes.operation(
    "GET",
    "/.well-known/oauth-authorization-server",
    query=NoParameters,
    answers={200: Answer("What the token endpoint can do.", AuthorizationServer, examples.SERVER)},
    public=True,
)
async def get_authorization_server(call: Call[NoParameters]) -> web.Response:
    """Read where tokens are asked for, and how (RFC 8414)."""
    url = call.service.public_url or f"{call.request.scheme}://{call.request.host}"
    told: dict[str, Any] = {
        "issuer": url,
        "token_endpoint": f"{url}{TOKEN_PATH}",
        "token_endpoint_auth_methods_supported": ("client_secret_basic", "client_secret_post"),
        "grant_types_supported": ("client_credentials",),
        "response_types_supported": (),
        "scopes_supported": tuple(SCOPES),
    }
    return answer(AuthorizationServer(**told))
