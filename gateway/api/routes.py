"""Operations: a handler, and everything the OpenAPI description says of it, in one place.

In charge of registering them and of what each handler is given (`Call`). Not in charge of any
operation, nor of writing the description (`openapi`).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from gateway.agreements import Agreements
from gateway.api.guard import Guard
from gateway.api.metrics import Metrics
from gateway.api.problems import Fault, Problem, Type
from gateway.clock import Clock
from gateway.delivery.logos import Logos
from gateway.delivery.unpacking import Unpacking
from gateway.identifying.jobs import Jobs
from gateway.lookup import Lookups
from gateway.registration.verbs import Verbs
from gateway.routing.terms import Wrong
from gateway.store.port import Company, Store
from gateway.trust.callers import Caller
from gateway.trust.gate import OPEN, Gate, Way
from gateway.trust.people.directory import Directory
from gateway.trust.scopes import Scope
from gateway.trust.uses import Uses
from gateway.trust.verification.verbs import Verbs as Verifications
from gateway.ways import Ways
from gateway.webhooks.endpoints import Webhooks


@dataclass(frozen=True, slots=True)
class Limits:
    """What a request may cost. Bytes count after any transfer coding is taken off."""

    body_bytes: int
    idle_body_s: float  # without a byte of the body
    long_poll_s: float
    batch_lines: int = 100_000  # more is a second request, which goes on where this one ended


@dataclass(frozen=True, slots=True)
class Service:
    """What every operation works with; made by `gateway.api.app.make_app`."""

    store: Store
    webhooks: Webhooks
    clock: Clock
    limits: Limits
    metrics: Metrics
    channels: frozenset[str]  # those set up on this gateway
    terms: Mapping[str, Wrong]  # by channel: what is wrong with a company's terms with it
    participants: Verbs | None  # where a publisher is set up
    lookups: Lookups
    ways: Ways
    jobs: Jobs
    agreements: Agreements
    unpacking: Unpacking
    logos: Logos
    closing: asyncio.Event  # set when the process stops: long polls end
    description: bytes  # the OpenAPI document
    directory: Directory
    verification: Verifications
    uses: Uses
    gate: Gate = OPEN
    recalling: frozenset[str] = frozenset()  # the channels that take documents back
    guard: Guard | None = None  # against who guesses, and who asks too often
    public_url: str | None = None  # where ledgers reach us; None: as they say


Pages = Callable[[Service], Sequence[web.RouteDef]]
"""Routes beside the operations, made with what these work with."""


def no_pages(_: Service) -> Sequence[web.RouteDef]:
    """None at all."""
    return ()


class Parameters(BaseModel):
    """Query parameters of an operation; an unknown one is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class NoParameters(Parameters):
    """An operation without query parameters."""


_NONE = NoParameters()


Q = TypeVar("Q", bound=Parameters)


@dataclass(frozen=True, slots=True)
class Call(Generic[Q]):
    """One request to an operation: who calls, with which checked parameters."""

    request: web.Request
    service: Service
    caller: Caller | None
    query: Q

    @property
    def who(self) -> Caller:
        """Who calls; operations without a key have nobody."""
        assert self.caller is not None, "a public operation asked who calls"
        return self.caller

    @property
    def company(self) -> Company:
        """The company that is acted for; operations across companies have none."""
        company = self.who.company
        assert company is not None, "an operation across companies asked for one"
        return company

    def path(self, name: str) -> str:
        """A variable part of the path."""
        return self.request.match_info[name]


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer: a JSON model, or files of the named media types, or nothing; with both,
    `Accept` chooses."""

    description: str
    model: type[BaseModel] | None = None
    example: Any = None
    files: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)  # name -> meaning


@dataclass(frozen=True, slots=True)
class Header:
    """A request header that an operation reads."""

    name: str
    description: str
    pattern: str
    example: str

    def fits(self, value: str) -> bool:
        """Whether a value is what the pattern asks for."""
        return re.fullmatch(self.pattern, value) is not None


@dataclass(frozen=True, slots=True)
class Media:
    """What a body of one media type looks like; an example that costs time to make is a function.

    `encoding` names the media types of the parts of a form.
    """

    schema: type[BaseModel] | Mapping[str, Any]
    examples: Mapping[str, Any]
    encoding: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Body:
    """A request body, by media type."""

    content: Mapping[str, Media]


COMPANY = Header(
    "Budkavle-Company",
    "The company you act for: needed where your key is for several. A sub-unit of a company of"
    " yours is named here too.",
    r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$",
    "com_01900000-0000-7000-8000-4c1d2e3f4a5b",
)


def ref(model: type[BaseModel]) -> dict[str, str]:
    """A reference to a model in the description."""
    return {"$ref": f"#/components/schemas/{model.__name__}"}


@dataclass(frozen=True, slots=True)
class Operation:
    """A route and its description."""

    method: str
    path: str
    name: str
    tag: str
    summary: str
    description: str
    handler: Callable[[Any], Awaitable[web.StreamResponse]]
    answers: Mapping[int, Answer]
    query: type[Parameters]
    headers: tuple[Header, ...]
    body: Body | None
    problems: tuple[Type, ...]
    scope: Scope | None  # what a caller must be allowed; None: anybody may call
    way: Way | None  # what the gate is asked for before; None: nothing
    across: bool  # it is about all companies of the caller: none need be named


class Routes:
    """A list of operations; each module of the API has one. `changes` is the scope of those that
    are not GET, unless they name another."""

    def __init__(self, tag: str, changes: Scope = Scope.MANAGE) -> None:
        self.tag = tag
        self.changes = changes
        self.operations: list[Operation] = []

    def operation(
        self,
        method: str,
        path: str,
        *,
        query: type[Q],
        answers: Mapping[int, Answer],
        problems: tuple[Type, ...] = (),
        headers: tuple[Header, ...] = (),
        body: Body | None = None,
        scope: Scope | None = None,
        public: bool = False,
        way: Way | None = None,
        across: bool = False,
    ) -> Callable[
        [Callable[[Call[Q]], Awaitable[web.StreamResponse]]],
        Callable[[Call[Q]], Awaitable[web.StreamResponse]],
    ]:
        """Registers the decorated handler; its docstring is what the description says of it."""
        needed = scope or (Scope.READ if method == "GET" else self.changes)

        def register(
            handler: Callable[[Call[Q]], Awaitable[web.StreamResponse]],
        ) -> Callable[[Call[Q]], Awaitable[web.StreamResponse]]:
            summary, _, description = (handler.__doc__ or "").strip().partition("\n")
            self.operations.append(
                Operation(
                    method,
                    path,
                    handler.__name__,
                    self.tag,
                    summary.rstrip("."),
                    " ".join(description.split()),
                    handler,
                    answers,
                    query,
                    headers,
                    body,
                    problems,
                    None if public else needed,
                    way,
                    across,
                )
            )
            return handler

        return register


def read_query(request: web.Request, shape: type[Q]) -> Q:
    """Checks the query parameters; raises Problem with everything wrong about them."""
    if shape is NoParameters and not request.query_string:
        return _NONE  # type: ignore[return-value]
    given: dict[str, str] = {}
    faults = []
    for name, value in request.query.items():
        if name in given:
            faults.append(Fault(parameter=name, detail="is given more than once"))
        given[name] = value
    try:
        query = shape.model_validate(given)
    except ValidationError as error:
        known = ", ".join(shape.model_fields) or "none"
        for fault in error.errors(include_url=False, include_context=False, include_input=False):
            unknown = fault["type"] == "extra_forbidden"
            text = fault["msg"].replace("Input should be", "must be")
            faults.append(
                Fault(
                    parameter=str(fault["loc"][0]) if fault["loc"] else None,
                    detail="is unknown here" if unknown else text[:1].lower() + text[1:],
                    hint=f"The parameters are: {known}." if unknown else None,
                )
            )
    if faults:
        raise Problem(Type.INVALID_PARAMETER, faults=faults)
    return query


def answer(
    model: BaseModel | bytes, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A JSON answer; a Decimal is written as a string, a time in UTC with `Z`."""
    return web.Response(
        status=status,
        body=model if isinstance(model, bytes) else model.model_dump_json().encode(),
        content_type="application/json",
        headers=headers,
    )
