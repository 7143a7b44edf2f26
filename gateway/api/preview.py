"""/v1/preview: what would become of a document, without storing or sending it."""

from __future__ import annotations

import re
from typing import Final

from aiohttp import web

from gateway.api import answers, examples
from gateway.api.body import apart, incoming
from gateway.api.documents import BODY_PROBLEMS
from gateway.api.files import headers_of
from gateway.api.language import with_language
from gateway.api.problems import Type, broken
from gateway.api.routes import Answer, Call, NoParameters, Routes, answer
from gateway.api.schemas import DOCUMENT_BODY
from gateway.delivery.logos import logo_of
from gateway.delivery.preview import preview, told
from gateway.intake.prepare import Rejected
from gateway.trust.scopes import Scope

routes = Routes("validation", changes=Scope.READ)

JSON: Final = "application/json"
XML, PDF, HTML = FILES = ("application/xml", "application/pdf", "text/html")


@routes.operation(
    "POST",
    "/v1/preview",
    query=NoParameters,
    body=DOCUMENT_BODY,
    answers={
        200: Answer(
            "What would become of it; or with `Accept`, the document in that form alone.",
            answers.Preview,
            examples.PREVIEW,
            files=FILES,
        )
    },
    problems=(*BODY_PROBLEMS, Type.NOT_VALID),
)
async def preview_document(call: Call[NoParameters]) -> web.Response:
    """See what would become of a document, as if it had been handed in.

    The body is that of a submission. The answer has the findings, what was filled in, the channels
    in the order they would be tried, and the UBL that would travel. `Accept: application/xml`,
    `application/pdf` or `text/html` asks for the invoice itself instead, as it would be sent or as
    its recipient would read it; a document that breaks the rules then gives a problem.
    """
    asked = wanted(",".join(call.request.headers.getall("Accept", [])))
    given = await incoming(call)
    # As it is now: who has just settled something wants to see what it does.
    company = await call.service.store.company(call.company.id) or call.company
    seen = await apart(
        given.size,
        preview,
        given.original,
        given.files(),
        with_language(given.delivery, call.request),
        configured=call.service.channels,
        at=call.service.clock.now().date(),
        settings=company.settings,
        above=company.above,
    )
    if asked == JSON:
        return answer(answers.Preview.model_validate(told(seen)))
    if isinstance(seen, Rejected):
        raise broken(seen.findings)
    document = seen.prepared.document
    if asked == XML:
        return _file(document, XML, "xml")
    # To draw takes as long as to check what is many times the size.
    logo = await logo_of(call.service.store, call.company.id)
    if asked == PDF:
        return _file(await apart(_DRAWN * len(document), seen.pdf, logo), PDF, "pdf")
    page = await apart(_DRAWN * len(document), seen.html, logo)
    response = _file(page.encode(), HTML, "html")
    # Its one style sheet and the logo stand in it; all else stays forbidden.
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline';"
        " frame-ancestors 'none'; sandbox"
    )
    return response


_DRAWN: Final = 10


def _file(content: bytes, media_type: str, ending: str) -> web.Response:
    return web.Response(body=content, headers=headers_of(f"preview.{ending}", media_type))


_RANGE: Final = re.compile(r"\s*([a-z*]+/[a-z*]+)\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?))?\s*", re.I)
_LONGEST: Final = 1_000  # characters of the header that are looked at


def wanted(accepted: str) -> str:
    """The form that `Accept` (RFC 9110, 12.5.1) likes best, the first of equals; JSON if none."""
    found = [(0.0, JSON)]
    for part in accepted[:_LONGEST].split(","):
        asked = _RANGE.fullmatch(part)
        if asked and (form := asked[1].lower()) in (JSON, *FILES):
            found.append((float(asked[2] or 1), form))
    return max(found, key=lambda each: each[0])[1]
