"""/v1/keys: who may call for you, and what they may do."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from aiohttp import web
from pydantic import ConfigDict, Field, Strict
from pydantic.json_schema import WithJsonSchema

from gateway.api import examples_access as examples
from gateway.api.answers import Shown
from gateway.api.body import body
from gateway.api.instant import Instant
from gateway.api.problems import WITH_BODY, Fault, Problem, Type
from gateway.api.routes import (
    Answer,
    Body,
    Call,
    Media,
    NoParameters,
    Parameters,
    Q,
    Routes,
    answer,
)
from gateway.intake.kind import JSON
from gateway.intake.shape import TEXT, Shape
from gateway.store.access import AccessKey
from gateway.trust.key_making import KeyMaking, Made, MoreThanTheirs, Refused, Wish
from gateway.trust.scopes import Scope

routes = Routes("keys")

LONGEST_GRACE_S = 30 * 24 * 3600

# --- what is asked ------------------------------------------------------------------------------

Scopes = Annotated[
    list[Annotated[Scope, Strict(False), WithJsonSchema({"type": "string", "enum": list(Scope)})]],
    Field(min_length=1, max_length=10),
]


class NewKey(Shape):
    """A key to be made. It can do nothing that yours can not."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    label: Annotated[str, Field(min_length=1, max_length=100, pattern=TEXT)]
    """What it is for, in your words. The audit names it by this."""
    scopes: Scopes
    """What it may do: `read`, `send`, `receive`, `manage`."""
    companies: (
        Annotated[
            list[Annotated[str, Field(min_length=1, max_length=64)]],
            Field(min_length=1, max_length=100),
        ]
        | None
    ) = None
    """Only for these companies, and their sub-units. By default for all that yours is for: with a
    key of an account, also for those that come later."""
    expires_at: Instant | None = None
    """When it ends. By default when yours does."""


class Rotation(Shape):
    """How a key gets another secret."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    grace_s: Annotated[int, Field(ge=0, le=LONGEST_GRACE_S)] = 24 * 3600
    """For how many seconds the secret so far is still good: put the new one into your server in
    that time. 0: it ends at once."""


class KeyParameters(Parameters):
    """Which of them."""

    after: Annotated[str, Field(pattern=r"^key_[A-Za-z0-9_-]{1,60}$")] | None = None
    """The `next` of the page before."""
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    """How many at most."""


# --- what is answered ---------------------------------------------------------------------------


class Key(Shown):
    """A key. Its secret was shown when it was made, and is not stored."""

    id: str
    """Also its `client_id`, where it is exchanged for tokens (`POST /oauth/token`)."""
    label: str
    scopes: tuple[Annotated[Scope, WithJsonSchema({"type": "string", "enum": list(Scope)})], ...]
    account_id: str | None
    """It is for every company of this account."""
    companies: tuple[str, ...]
    """The companies that it is for, with their sub-units; empty: those of the account."""
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    """To a minute or so; null: never yet."""
    revoked_at: datetime | None
    links: dict[str, str]


class KeyMade(Key):
    """A key with its new secret."""

    key: str
    """The secret, `bk_...`. It is not shown again."""


class Keys(Shown):
    """A page of keys, by id; those that were revoked are among them."""

    keys: tuple[Key, ...]
    next: str | None
    """Pass it as `after` for the page that follows; null at the end."""


def _key(row: AccessKey) -> Key:
    return Key(
        id=row.id,
        label=row.label,
        scopes=tuple(sorted(row.scopes)),
        account_id=row.account_id or None,
        companies=row.companies,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
        links={"self": f"/v1/keys/{row.id}"},
    )


def _made(row: AccessKey, secret: str) -> KeyMade:
    return KeyMade(**dict(_key(row)), key=secret)


# --- operations ---------------------------------------------------------------------------------


@routes.operation(
    "GET",
    "/v1/keys",
    query=KeyParameters,
    answers={200: Answer("A page.", Keys, {"keys": [examples.KEY], "next": None})},
    scope=Scope.MANAGE,
    across=True,
)
async def list_keys(call: Call[KeyParameters]) -> web.Response:
    """List the keys that act for your companies and for no others."""
    limit = call.query.limit
    found = await call.service.store.keys(call.who.reach, call.query.after or "", limit + 1)
    rows = found[:limit]
    after = rows[-1].id if len(found) > limit else None
    return answer(Keys(keys=tuple(map(_key, rows)), next=after))


@routes.operation(
    "POST",
    "/v1/keys",
    query=NoParameters,
    body=Body({JSON: Media(NewKey, {"a ledger that hands in": examples.NEW_KEY})}),
    answers={
        201: Answer(
            "The key, and its secret.",
            KeyMade,
            examples.KEY_MADE,
            headers={"Location": "Where the key is."},
        )
    },
    problems=WITH_BODY,
    across=True,
)
async def add_key(call: Call[NoParameters]) -> web.Response:
    """Make a key. Keep its secret: it is shown this once."""
    asked = await body(call, NewKey)
    wish = Wish(asked.label, asked.scopes, asked.companies, asked.expires_at)
    match await _making(call).make(call.who, wish):
        case Refused(faults):
            raise Problem(
                Type.INVALID_BODY, faults=[Fault(detail=why, pointer=at) for at, why in faults]
            )
        case Made(row, secret):
            return answer(_made(row, secret), 201, {"Location": f"/v1/keys/{row.id}"})


@routes.operation(
    "GET",
    "/v1/keys/{key_id}",
    query=NoParameters,
    answers={200: Answer("The key.", Key, examples.KEY)},
    problems=(Type.NOT_FOUND,),
    scope=Scope.MANAGE,
    across=True,
)
async def get_key(call: Call[NoParameters]) -> web.Response:
    """Read a key. One that was revoked is in the list only."""
    row = await _found(call)
    if row.revoked_at is not None:
        raise Problem(Type.NOT_FOUND)
    return answer(_key(row))


@routes.operation(
    "DELETE",
    "/v1/keys/{key_id}",
    query=NoParameters,
    answers={204: Answer("It is revoked, and its tokens with it.")},
    problems=(Type.NOT_FOUND,),
    across=True,
)
async def revoke_key(call: Call[NoParameters]) -> web.Response:
    """Revoke a key, for good: two seconds later at the latest nobody is let in with it."""
    if not await _making(call).revoke(call.who, call.path("key_id")):
        raise Problem(Type.NOT_FOUND)
    return web.Response(status=204)


@routes.operation(
    "POST",
    "/v1/keys/{key_id}/rotate",
    query=NoParameters,
    body=Body({JSON: Media(Rotation, {"a week's time": {"grace_s": 604800}})}),
    answers={200: Answer("The key, and its new secret.", KeyMade, examples.KEY_MADE)},
    problems=(Type.NOT_FOUND, *WITH_BODY, Type.NOT_ALLOWED_NOW),
    across=True,
)
async def rotate_key(call: Call[NoParameters]) -> web.Response:
    """Give a key a new secret; its id and what it may do stay.

    The secret so far is good for `grace_s` more seconds, one from before that ends now. Your own
    key must be able to do all that the key can.
    """
    asked, row = await body(call, Rotation), await _found(call)
    try:
        made = await _making(call).rotate(call.who, row, timedelta(seconds=asked.grace_s))
    except MoreThanTheirs:
        raise Problem(
            Type.FORBIDDEN, "The key may do more, or for longer, than yours: rotate it with itself."
        ) from None
    if made is None:
        raise Problem(Type.NOT_ALLOWED_NOW, "The key was revoked: it stays so. Make another one.")
    return answer(_made(made.key, made.secret))


def _making(call: Call[Q]) -> KeyMaking:
    return KeyMaking(call.service.store, call.service.clock)


async def _found(call: Call[NoParameters]) -> AccessKey:
    row = await call.service.store.key(call.who.reach, call.path("key_id"))
    if row is None:
        raise Problem(Type.NOT_FOUND)
    return row
