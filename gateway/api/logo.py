"""/v1/logo: the company's logo, which stands on the invoices that we draw.

In charge of the operations. Not in charge of what is taken for a logo (`gateway.pdf.logo`).
"""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web

from gateway.api.body import content_type, read_body
from gateway.api.callers import actor
from gateway.api.files import headers_of
from gateway.api.problems import WITH_BODY, Problem, Type
from gateway.api.routes import Answer, Body, Call, Media, NoParameters, Routes
from gateway.delivery.logos import told
from gateway.pdf.logo import JPEG, MOST_BYTES, PNG
from transports.base import File

routes = Routes("logo")

_TYPES = (PNG, JPEG)


@routes.operation(
    "GET",
    "/v1/logo",
    query=NoParameters,
    answers={200: Answer("The logo as it is drawn.", files=_TYPES, example="(the file)")},
    problems=(Type.NOT_FOUND,),
)
async def get_logo(call: Call[NoParameters]) -> web.Response:
    """Read your logo."""
    logo = await call.service.store.logo(call.company.id)
    if logo is None:
        raise Problem(Type.NOT_FOUND, "There is no logo.")
    return web.Response(body=logo.content, headers=headers_of(logo.name, logo.media_type))


@routes.operation(
    "PUT",
    "/v1/logo",
    query=NoParameters,
    body=Body(
        {
            name: Media({"contentMediaType": name}, {"logo": "(the bytes of a file)"})
            for name in _TYPES
        }
    ),
    answers={204: Answer("It stands on what is drawn from now on.")},
    problems=WITH_BODY,
)
async def put_logo(call: Call[NoParameters]) -> web.Response:
    """Set your logo, in place of the one there was.

    A PNG or JPEG of at most 256 KB and 16 million pixels. It is written anew, without what else is
    in the file, at most 1200 x 400 pixels large, and stands at the head of the PDF and HTML of
    invoices that are drawn from now on. `POST /v1/preview` shows one.
    """
    content_type(call.request, _TYPES)
    limits = call.service.limits
    limits = replace(limits, body_bytes=min(MOST_BYTES, limits.body_bytes))
    logo = await call.service.logos.take(await read_body(call.request, limits))
    if isinstance(logo, str):
        raise Problem(Type.INVALID_BODY, logo)
    await _set(call, logo)
    return web.Response(status=204)


@routes.operation(
    "DELETE",
    "/v1/logo",
    query=NoParameters,
    answers={204: Answer("There is none now; removing it again does no harm.")},
)
async def remove_logo(call: Call[NoParameters]) -> web.Response:
    """Remove your logo."""
    await _set(call, None)
    return web.Response(status=204)


async def _set(call: Call[NoParameters], logo: File | None) -> None:
    company, now = call.company.id, call.service.clock.now()
    entry = told(await actor(call), company, logo, now)
    await call.service.store.set_logo(company, logo, now, told=entry)
