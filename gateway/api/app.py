"""The HTTP application: who calls, what happens around every request, and all operations together.

In charge of keys, request ids, security headers, the log line, metrics, and of turning everything
raised into a problem. Not in charge of any one operation.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import version

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Middleware
from multidict import istr
from prometheus_client import CollectorRegistry

from gateway.agreements import Agreements
from gateway.api import agreements as agreement_routes
from gateway.api import (
    archive,
    batches,
    companies,
    customer_classes,
    documents,
    feed,
    image_rules,
    inbox,
    inbox_content,
    inbox_verbs,
    keys,
    legal_holds,
    logo,
    lookup,
    lookup_jobs,
    notices,
    oauth,
    preview,
    repair,
    responses,
    routing_rules,
    service,
    validation,
    verbs,
)
from gateway.api import channels as channel_routes
from gateway.api import participants as participant_routes
from gateway.api import people as people_routes
from gateway.api import settings as setting_routes
from gateway.api import usage as usage_routes
from gateway.api import verification as verification_routes
from gateway.api import webhooks as webhook_routes
from gateway.api.callers import Callers
from gateway.api.guard import Guard, add_headers
from gateway.api.metrics import Metrics
from gateway.api.openapi import describe
from gateway.api.problems import Problem, Type, not_verified
from gateway.api.routes import Call, Limits, Operation, Pages, Service, no_pages, read_query
from gateway.clock import Clock
from gateway.delivery.logos import Logos
from gateway.delivery.unpacking import Unpacking
from gateway.delivery.workshop import HERE
from gateway.identifying.jobs import Jobs
from gateway.lookup import Lookups
from gateway.registration.verbs import Verbs
from gateway.routing.terms import Wrong
from gateway.store.port import ContentLost, StorageUnavailable, Store
from gateway.trust.callers import Caller
from gateway.trust.gate import OPEN, Gate, asked
from gateway.trust.people.directory import Directory
from gateway.trust.scopes import Scope
from gateway.trust.uses import Uses
from gateway.trust.verification.request import Sealed
from gateway.trust.verification.standing import Terms
from gateway.trust.verification.verbs import Verbs as Verifications
from gateway.ways import Ways
from gateway.webhooks.endpoints import Webhooks

log = structlog.get_logger()

Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]

OPERATIONS: tuple[Operation, ...] = tuple(
    operation
    for module in (
        documents,
        batches,
        verbs,
        repair,
        archive,
        legal_holds,
        inbox,
        inbox_content,
        inbox_verbs,
        responses,
        feed,
        webhook_routes,
        notices,
        participant_routes,
        people_routes,
        image_rules,
        routing_rules,
        channel_routes,
        setting_routes,
        customer_classes,
        usage_routes,
        agreement_routes,
        verification_routes,
        logo,
        lookup,
        lookup_jobs,
        validation,
        preview,
        companies,
        keys,
        oauth,
        service,
    )
    for operation in module.routes.operations
)

# What a gateway that only works answers: whether it lives, and its metrics.
SERVICE: tuple[Operation, ...] = tuple(service.routes.operations)

NO_TERMS: Mapping[str, Wrong] = {}

REQUEST_ID = istr("X-Request-Id")
RETRY_AFTER_S = 5  # a full disk or a lock is not mended sooner
_REQUEST_ID = web.RequestKey("request_id", str)

_SECURITY = {  # `istr`: lower case is looked at once, not with every answer
    istr("X-Content-Type-Options"): "nosniff",
    istr("Content-Security-Policy"): "default-src 'none'; frame-ancestors 'none'; sandbox",
    istr("Referrer-Policy"): "no-referrer",
    istr("Cross-Origin-Resource-Policy"): "same-origin",
    istr("Cache-Control"): "no-store",
}


def make_app(
    store: Store,
    webhooks: Webhooks,
    clock: Clock,
    *,
    limits: Limits,
    channels: Collection[str] = (),
    terms: Mapping[str, Wrong] = NO_TERMS,
    participants: Verbs | None = None,
    lookups: Lookups | None = None,
    ways: Ways | None = None,
    jobs: Jobs | None = None,
    agreements: Agreements | None = None,
    unpacking: Unpacking | None = None,
    logos: Logos | None = None,
    registry: CollectorRegistry | None = None,
    operations: Sequence[Operation] = OPERATIONS,
    gate: Gate = OPEN,
    directory: Directory | None = None,
    pages: Pages = no_pages,
    verification: Verifications | None = None,
    recalling: Collection[str] = (),
    guard: Guard | None = None,
    public_url: str | None = None,
) -> web.Application:
    """Makes the application.

    `channels` are those set up, `terms` how companies' terms with them are checked; `participants`
    is there where a publisher is; `unpacking` is where packages are opened, `logos` where logos
    are; `registry` is where the worker registers its metrics too. Long polls end when the
    application shuts down; the store stays the caller's to close.
    """
    ways = ways or Ways({}, clock)
    made = Service(
        store,
        webhooks,
        clock,
        limits,
        Metrics(registry),
        frozenset(channels),
        terms,
        participants,
        lookups or Lookups(None, clock),
        ways,
        jobs or Jobs(store, ways, clock),
        agreements or Agreements(store, {}, clock),
        unpacking or Unpacking(HERE),
        logos or Logos(HERE),
        asyncio.Event(),
        _description(),
        directory or Directory(store, clock),
        verification=verification or _by_hand_only(store, clock),
        uses=Uses(store),
        gate=gate,
        recalling=frozenset(recalling),
        guard=guard,
        public_url=public_url,
    )
    callers = Callers(store, clock, guard, made.uses)
    app = web.Application(middlewares=[_around(made)])
    for operation in operations:
        app.router.add_route(
            operation.method,
            _ROUTED.get(operation.path, operation.path),
            _handler(made, callers, operation),
            expect_handler=_expect_nothing,
        )

    async def close(_: web.Application) -> None:
        made.closing.set()

    async def noting(_: web.Application) -> AsyncIterator[None]:
        writing = asyncio.create_task(made.uses.run(), name="key uses")
        yield
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing
        await made.uses.write()

    app.cleanup_ctx.append(noting)
    app.add_routes(pages(made))
    app.on_shutdown.append(close)
    app.on_response_prepare.append(_headers)
    return app


def _by_hand_only(store: Store, clock: Clock) -> Verifications:
    """Where no signing service is set up."""
    return Verifications(store, clock, Sealed(store.blobs.keys, clock), (), Terms())


@cache
def _description() -> bytes:
    return json.dumps(describe(OPERATIONS, version("budkavle")), ensure_ascii=False).encode()


def make_runner(
    app: web.Application, *, drain_s: float = 60, lingering_s: float = 10
) -> web.AppRunner:
    """Makes the server around the application.

    Requests under way get `drain_s` to end when it stops; a client whose body was refused gets
    `lingering_s` to stop sending and read why. Compressed bodies are never inflated: a bomb would
    be before anybody could refuse it.
    """
    return web.AppRunner(
        app,
        access_log=None,
        logger=_SERVER_LOG,
        auto_decompress=False,
        shutdown_timeout=drain_s,
        lingering_time=lingering_s,
    )


def _is_ours(record: logging.LogRecord) -> bool:
    # What a client sends that is not HTTP is answered with 400 and no fault of ours; and the
    # library would log the line that was wrong, which may hold a key.
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))


_SERVER_LOG = logging.getLogger("gateway.api.server")
_SERVER_LOG.addFilter(_is_ours)


def _handler(made: Service, callers: Callers, operation: Operation) -> Handle:
    async def handle(request: web.Request) -> web.StreamResponse:
        caller = None
        if operation.scope is not None:
            caller = await callers.of(request, across=operation.across)
            if caller.company is not None:
                structlog.contextvars.bind_contextvars(company=caller.company.id)
            if not caller.may(operation.scope):
                raise _forbidden(operation.scope, caller)
            if operation.way is not None and caller.company is not None:
                closed = await asked(made.gate, operation.way, caller.company.id)
                if closed is not None:
                    raise not_verified(closed)
        query = read_query(request, operation.query)
        return await operation.handler(Call(request, made, caller, query))

    return handle


def _forbidden(needed: Scope, caller: Caller) -> Problem:
    has = ", ".join(f"`{scope}`" for scope in sorted(caller.scopes)) or "none"
    return Problem(
        Type.FORBIDDEN,
        f"This needs the scope `{needed}`; yours: {has}.",
        # RFC 6750, section 3.1.
        headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{needed}"'},
    )


# Words that are no ids: a path of their own takes what it takes, and nothing else.
_ROUTED: Mapping[str, str] = {
    "/v1/inbox/{document_id}": "/v1/inbox/{document_id:(?!(?:confirm|repair)$)[^{}/]+}",
}


async def _expect_nothing(request: web.Request) -> None:
    """Leaves `100 Continue` to the reading of the body: a request refused before gets none."""


def _around(made: Service) -> Middleware:
    info = log.bind().info  # made once: a logger that is not bound is made anew for each line

    @web.middleware
    async def around(request: web.Request, handler: Handle) -> web.StreamResponse:
        started = time.perf_counter()
        request[_REQUEST_ID] = _request_id(request)
        resource = request.match_info.route.resource
        route = resource.canonical if resource else "(none)"
        # Requests of one connection share their context: this takes the place of what the last one
        # bound. The company is bound once it is known.
        structlog.contextvars.bind_contextvars(request_id=request[_REQUEST_ID], company=None)
        response = await _answered(request, handler)
        seconds = time.perf_counter() - started
        info(
            "request_answered",
            method=request.method,
            route=route,
            status=response.status,
            ms=round(seconds * 1000, 1),
            bytes_in=request.content_length,
        )
        # Any word may be sent as a method: only known ones become a label.
        method = request.method if request.method in _METHODS else "(other)"
        made.metrics.answered(method, route, response.status, seconds)
        return response

    return around


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


async def _answered(request: web.Request, handle: Handle) -> web.StreamResponse:
    """The answer, whatever is raised: no trace ever leaves the process."""
    try:
        if "%00" in request.rel_url.raw_path:  # nothing is called so, and PostgreSQL takes none
            raise Problem(Type.NOT_FOUND)
        return await handle(request)
    except Problem as raised:
        problem = raised
    except web.HTTPMethodNotAllowed as raised:
        allowed = ", ".join(sorted(raised.allowed_methods))
        problem = Problem(
            Type.METHOD_NOT_ALLOWED, f"The path takes {allowed}.", headers={"Allow": allowed}
        )
    except web.HTTPNotFound:
        problem = Problem(Type.NOT_FOUND)
    except ContentLost as raised:
        log.error("content_lost", reason=str(raised))
        problem = Problem(Type.CONTENT_LOST)
    except StorageUnavailable as raised:
        log.error("storage_unavailable", reason=str(raised))
        problem = Problem(Type.STORAGE_UNAVAILABLE, headers={"Retry-After": str(RETRY_AFTER_S)})
    except Exception:  # the edge: a bug is logged with its trace and answered without
        log.exception("request_failed")
        problem = Problem(Type.INTERNAL)
    return problem.answer(request[_REQUEST_ID])


_numbers = random.Random()  # noqa: S311  (tells requests apart, keeps no secret)


def _request_id(request: web.Request) -> str:
    """The caller's own id where it is a plain one, so that both logs can be laid side by side."""
    given = request.headers.get(REQUEST_ID)
    if given is not None and re.fullmatch(r"[A-Za-z0-9._-]{8,64}", given):
        return given
    return f"{_numbers.getrandbits(64):016x}"


async def _headers(request: web.Request, response: web.StreamResponse) -> None:
    headers = response.headers
    for name, value in _SECURITY.items():
        headers.setdefault(name, value)
    headers[REQUEST_ID] = request.get(_REQUEST_ID, "")
    headers.popall("Server", None)
    add_headers(request, response)
