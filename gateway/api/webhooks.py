"""/v1/webhooks: have events brought to a server of one's own, and see how that goes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from aiohttp import web
from pydantic import ConfigDict, Field, Strict
from pydantic.json_schema import WithJsonSchema

from gateway.api import answers, examples
from gateway.api.answers import Shown
from gateway.api.body import body
from gateway.api.callers import actor
from gateway.api.problems import WITH_BODY, Fault, Problem, Type
from gateway.api.routes import Answer, Body, Call, Media, NoParameters, Parameters, Routes, answer
from gateway.events import Type as EventType
from gateway.intake.shape import TEXT, Shape
from gateway.intake.submission import JSON
from gateway.outside.address import LONGEST_URL
from gateway.store.endpoints import Endpoint, Push
from gateway.store.port import BadCursor
from gateway.webhooks.endpoints import BadUrl, Made, TooMany

routes = Routes("webhooks")

# --- what is asked ------------------------------------------------------------------------------

Url = Annotated[str, Field(min_length=1, max_length=LONGEST_URL)]
Types = Annotated[
    list[
        Annotated[
            EventType,
            Strict(False),
            WithJsonSchema({"type": "string", "enum": list(EventType)}),
        ]
    ],
    Field(max_length=100),
]
Description = Annotated[str, Field(max_length=200, pattern=TEXT)]
Cursor = Annotated[str, Field(pattern=answers.CURSOR)]


class NewWebhook(Shape):
    """A webhook to be added."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    url: Url
    """Where events are sent: `https`, a public address, port 443 or one above 1023."""
    types: Types | None = None
    """Only events of these types; all of them when it is absent or empty."""
    description: Description | None = None
    """What it is for, in your words."""
    active: bool | None = None
    """`false`: nothing is sent yet. By default `true`."""


class WebhookChange(Shape):
    """What is to be changed of a webhook; what is absent stays."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    url: Url | None = None
    """Where events are sent from now on."""
    types: Types | None = None
    """Only events of these types; empty: all of them."""
    description: Description | None = None
    """What it is for."""
    active: bool | None = None
    """`false`: nothing is sent. `true`: it goes on where it stopped."""


class Redelivery(Shape):
    """What is to be sent again: either everything after a cursor, or only one event."""

    model_config = ConfigDict(
        use_attribute_docstrings=True,
        json_schema_extra={"minProperties": 1, "maxProperties": 1},
    )

    after: Cursor = answers.BEGINNING
    """All events after this place of the feed, in order: the `cursor` of an event, or
    `cur_00000000000000000000000000000000` for all that are kept."""
    only: Cursor = answers.BEGINNING
    """This event and no other: its `cursor`."""

    def chosen(self) -> Self:
        """Itself, when exactly one is given; raises Problem otherwise."""
        if len(self.model_fields_set) != 1:
            fault = Fault(detail="needs either `after` or `only`", pointer="")
            raise Problem(Type.INVALID_BODY, faults=[fault])
        return self


# --- what is answered ---------------------------------------------------------------------------


class Webhook(Shown):
    """Where your events are sent, and how that goes."""

    id: str
    url: str
    types: tuple[
        Annotated[EventType, WithJsonSchema({"type": "string", "enum": list(EventType)})], ...
    ]
    """Only events of these types; empty: all."""
    description: str
    active: bool
    """Whether events are sent. It is switched off by an answer 410, and when an event was not
    taken for three days."""
    code: str
    """What is wrong with the event that is next, or why it is switched off; empty: all is well."""
    text: str
    """The same in a sentence."""
    tries: int
    """How often the next event has been tried."""
    next_at: datetime | None
    """When it is tried again."""
    cursor: str
    """The place in the feed up to which all is delivered."""
    old_secret_until: datetime | None
    """Until when messages carry a signature with the old secret too."""
    created_at: datetime
    updated_at: datetime
    links: dict[str, str]


class WebhookMade(Webhook):
    """A webhook with its new secret."""

    secret: str
    """What messages are signed with, `whsec_...`. It is not shown again."""


class WebhookList(Shown):
    """Your webhooks, oldest first."""

    webhooks: tuple[Webhook, ...]


class WebhookAttempt(Shown):
    """One try to bring one event."""

    event_id: str
    """Also the `webhook-id` of the message."""
    type: str
    """The type of the event, or `webhook.test`."""
    document_id: str | None
    cursor: str | None
    """The event's place in the feed; `redeliver` takes it as `only`. A test has none."""
    at: datetime
    ms: int
    """Milliseconds until the answer."""
    status: int | None
    """Your server's answer; null when there was none."""
    code: str
    """What came of it: stable, dotted."""
    text: str
    """The beginning of what your server answered, or why it did not."""


class WebhookAttempts(Shown):
    """A page of tries, newest first."""

    attempts: tuple[WebhookAttempt, ...]
    next: str | None
    """Pass it as `after` for the page that follows; null at the end."""


def _webhook(row: Endpoint) -> Webhook:
    return Webhook(**_fields(row))


def _made(made: Made) -> WebhookMade:
    return WebhookMade(**_fields(made.endpoint), secret=made.secret)


def _fields(row: Endpoint) -> dict[str, Any]:
    here = f"/v1/webhooks/{row.id}"
    return {
        "id": row.id,
        "url": row.url,
        "types": tuple(map(EventType, row.types)),
        "description": row.description,
        "active": row.active,
        "code": row.code,
        "text": row.text,
        "tries": row.tries,
        "next_at": row.next_at,
        "cursor": row.cursor or answers.BEGINNING,
        "old_secret_until": row.secrets[1].until if len(row.secrets) > 1 else None,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "links": {"self": here, "attempts": f"{here}/attempts"},
    }


def _attempt(row: Push) -> WebhookAttempt:
    return WebhookAttempt.model_validate(row, from_attributes=True)


# --- operations ---------------------------------------------------------------------------------

_BODY = (*WITH_BODY,)
_WEBHOOK = Answer("The webhook as it is now.", Webhook, examples.WEBHOOK)


@routes.operation(
    "GET",
    "/v1/webhooks",
    query=NoParameters,
    answers={200: Answer("Your webhooks.", WebhookList, {"webhooks": [examples.WEBHOOK]})},
)
async def list_webhooks(call: Call[NoParameters]) -> web.Response:
    """List your webhooks."""
    rows = await call.service.store.endpoints(call.company.id)
    return answer(WebhookList(webhooks=tuple(map(_webhook, rows))))


@routes.operation(
    "POST",
    "/v1/webhooks",
    query=NoParameters,
    body=Body({JSON: Media(NewWebhook, {"all events": examples.NEW_WEBHOOK})}),
    answers={
        201: Answer(
            "The webhook, and its secret.",
            WebhookMade,
            examples.WEBHOOK_MADE,
            headers={"Location": "Where the webhook is."},
        )
    },
    problems=(*_BODY, Type.TOO_MANY),
)
async def add_webhook(call: Call[NoParameters]) -> web.Response:
    """Add a webhook: your events are sent there from now on.

    Each message is signed as Standard Webhooks says; keep the secret, it is shown this once.
    Events come in order, each until it is taken with a 2xx: at once, after 5 seconds, 5 and 30
    minutes, 2, 5, 10, 14, 20 and 24 hours. For older events, `redeliver`.
    """
    asked = await body(call, NewWebhook)
    made = await call.service.webhooks.add(
        call.company.id,
        asked.url,
        _types(asked.types or []),
        asked.description or "",
        asked.active is not False,
        actor=await actor(call),
    )
    match made:
        case BadUrl():
            raise _bad_url(made)
        case TooMany():
            raise Problem(Type.TOO_MANY, f"A company may have {made.most} webhooks.")
    headers = {"Location": f"/v1/webhooks/{made.endpoint.id}"}
    return answer(_made(made), 201, headers)


@routes.operation(
    "GET",
    "/v1/webhooks/{webhook_id}",
    query=NoParameters,
    answers={200: _WEBHOOK},
    problems=(Type.NOT_FOUND,),
)
async def get_webhook(call: Call[NoParameters]) -> web.Response:
    """Read a webhook, and how it goes."""
    return _shown(await call.service.store.endpoint(call.company.id, call.path("webhook_id")))


@routes.operation(
    "PATCH",
    "/v1/webhooks/{webhook_id}",
    query=NoParameters,
    body=Body({JSON: Media(WebhookChange, {"switch on again": {"active": True}})}),
    answers={200: _WEBHOOK},
    problems=(Type.NOT_FOUND, *_BODY),
)
async def change_webhook(call: Call[NoParameters]) -> web.Response:
    """Change a webhook, or switch it off and on. What waits to be tried again is tried at once."""
    asked = await body(call, WebhookChange)
    fields = {name: value for name, value in asked if value is not None}
    if "types" in fields:
        fields["types"] = _types(fields["types"])
    changed = await call.service.webhooks.change(
        call.company.id, call.path("webhook_id"), fields, actor=await actor(call)
    )
    if isinstance(changed, BadUrl):
        raise _bad_url(changed)
    return _shown(changed)


@routes.operation(
    "DELETE",
    "/v1/webhooks/{webhook_id}",
    query=NoParameters,
    answers={204: Answer("It is gone; nothing more is sent there.")},
    problems=(Type.NOT_FOUND,),
)
async def remove_webhook(call: Call[NoParameters]) -> web.Response:
    """Remove a webhook."""
    webhook_id, who = call.path("webhook_id"), await actor(call)
    if not await call.service.webhooks.remove(call.company.id, webhook_id, actor=who):
        raise Problem(Type.NOT_FOUND)
    return web.Response(status=204)


@routes.operation(
    "POST",
    "/v1/webhooks/{webhook_id}/rotate",
    query=NoParameters,
    answers={200: Answer("The webhook, and its new secret.", WebhookMade, examples.WEBHOOK_MADE)},
    problems=(Type.NOT_FOUND,),
)
async def rotate_webhook_secret(call: Call[NoParameters]) -> web.Response:
    """Give a webhook a new secret.

    For 24 hours each message carries two signatures, with the new secret and with the one before:
    put the new one into your server in that time.
    """
    webhook_id, who = call.path("webhook_id"), await actor(call)
    made = await call.service.webhooks.rotate(call.company.id, webhook_id, actor=who)
    if made is None:
        raise Problem(Type.NOT_FOUND)
    return answer(_made(made))


@routes.operation(
    "POST",
    "/v1/webhooks/{webhook_id}/test",
    query=NoParameters,
    answers={200: Answer("What came of it.", WebhookAttempt, examples.WEBHOOK_ATTEMPT)},
    problems=(Type.NOT_FOUND,),
)
async def test_webhook(call: Call[NoParameters]) -> web.Response:
    """Send a message of the type `webhook.test` now, once, and tell what came of it."""
    push = await call.service.webhooks.test(call.company.id, call.path("webhook_id"))
    if push is None:
        raise Problem(Type.NOT_FOUND)
    return answer(_attempt(push))


@routes.operation(
    "POST",
    "/v1/webhooks/{webhook_id}/redeliver",
    query=NoParameters,
    body=Body({JSON: Media(Redelivery, {"one event": {"only": examples.CURSOR}})}),
    answers={202: Answer("It will be sent. The webhook:", Webhook, examples.WEBHOOK)},
    problems=(Type.NOT_FOUND, *_BODY),
)
async def redeliver_events(call: Call[NoParameters]) -> web.Response:
    """Have events sent again, with the ids they had.

    With `after`, everything from there on, in order, before what has not been sent yet. With
    `only`, that one event, whatever else is under way.
    """
    asked = (await body(call, Redelivery)).chosen()
    company_id, webhook_id = call.company.id, call.path("webhook_id")
    try:
        if "only" in asked.model_fields_set:
            found = await call.service.webhooks.once_more(company_id, webhook_id, asked.only)
        else:
            after = None if asked.after == answers.BEGINNING else asked.after
            found = await call.service.webhooks.go_back(
                company_id, webhook_id, after, actor=await actor(call)
            )
    except BadCursor:
        (name,) = asked.model_fields_set
        fault = Fault(detail="is no cursor of your feed", pointer=f"/{name}")
        raise Problem(Type.INVALID_BODY, faults=[fault]) from None
    return _shown(found, 202)


class AttemptParameters(Parameters):
    """Which tries."""

    after: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,17}$")] | None = None
    """The `next` of the page before."""
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    """How many at most."""


@routes.operation(
    "GET",
    "/v1/webhooks/{webhook_id}/attempts",
    query=AttemptParameters,
    answers={
        200: Answer(
            "A page of tries.",
            WebhookAttempts,
            {"attempts": [examples.WEBHOOK_ATTEMPT], "next": None},
        )
    },
    problems=(Type.NOT_FOUND,),
)
async def list_webhook_attempts(call: Call[AttemptParameters]) -> web.Response:
    """List what was sent to a webhook, newest first; the last 200 tries are kept."""
    store, company_id, query = call.service.store, call.company.id, call.query
    webhook_id = call.path("webhook_id")
    if await store.endpoint(company_id, webhook_id) is None:
        raise Problem(Type.NOT_FOUND)
    before = None if query.after is None else int(query.after)
    rows = await store.pushes(company_id, webhook_id, before, query.limit + 1)
    shown = rows[: query.limit]
    after = str(shown[-1].n) if len(rows) > len(shown) else None
    return answer(WebhookAttempts(attempts=tuple(map(_attempt, shown)), next=after))


def _types(asked: list[EventType]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(kind) for kind in asked))


def _shown(row: Endpoint | None, status: int = 200) -> web.Response:
    if row is None:
        raise Problem(Type.NOT_FOUND)
    return answer(_webhook(row), status)


def _bad_url(bad: BadUrl) -> Problem:
    faults = [Fault(detail=f"`url` {fault}.", pointer="/url") for fault in bad.faults]
    return Problem(Type.INVALID_BODY, faults=faults)
