"""/v1/legal-holds, /v1/documents/{id}/legal-hold: documents that stay, however old they get.

In charge of the operations. Not in charge of what retention leaves alone (`gateway.store.keeping`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from aiohttp import web

from gateway.api.answers import Shown
from gateway.api.body import body
from gateway.api.callers import actor
from gateway.api.problems import WITH_BODY, Problem, Type
from gateway.api.routes import Answer, Body, Call, Media, NoParameters, Routes, answer
from gateway.api.verbs import Reason
from gateway.audit.chain import NewEntry
from gateway.intake.submission import JSON
from gateway.store.keeping import LegalHold
from gateway.trust.scopes import Scope

routes = Routes("legal holds", changes=Scope.MANAGE)

_REASON: Final = {"reason": "A dispute with the supplier, case T 4711-26."}
_EXAMPLE: Final[dict[str, Any]] = {
    "document_id": "doc_01900000-0000-7000-8000-000000000001",
    **_REASON,
    "at": "2026-11-20T10:00:00Z",
}


class LegalHoldRow(Shown):
    """A document that is kept until it is let go."""

    document_id: str
    reason: str
    at: datetime
    """Since when."""


class LegalHolds(Shown):
    """All documents of the company under legal hold, by id."""

    holds: tuple[LegalHoldRow, ...]


@routes.operation(
    "GET",
    "/v1/legal-holds",
    query=NoParameters,
    answers={200: Answer("All of them.", LegalHolds, {"holds": [_EXAMPLE]})},
)
async def list_legal_holds(call: Call[NoParameters]) -> web.Response:
    """List the documents that are kept however old they get."""
    found = await call.service.store.legal_holds(call.company.id)
    return answer(LegalHolds(holds=tuple(map(_row, found))))


@routes.operation(
    "PUT",
    "/v1/documents/{document_id}/legal-hold",
    query=NoParameters,
    body=Body({JSON: Media(Reason, {"a dispute": _REASON})}),
    answers={200: Answer("It is kept from now on.", LegalHoldRow, _EXAMPLE)},
    problems=(Type.NOT_FOUND, *WITH_BODY),
)
async def set_legal_hold(call: Call[NoParameters]) -> web.Response:
    """Keep a document, whatever is settled on how long documents are kept, until you let it go.

    Nothing of it is deleted by age meanwhile. It goes on its way as any other: `hold` is what stops
    a document.
    """
    why = await body(call, Reason)
    now = await _set(call, why.reason)
    return answer(_row(LegalHold(call.path("document_id"), why.reason, now)))


@routes.operation(
    "DELETE",
    "/v1/documents/{document_id}/legal-hold",
    query=NoParameters,
    answers={204: Answer("It is kept no longer than others; doing it again does no harm.")},
    problems=(Type.NOT_FOUND,),
)
async def release_legal_hold(call: Call[NoParameters]) -> web.Response:
    """Let go of a document: it is kept as long as others are."""
    await _set(call, None)
    return web.Response(status=204)


async def _set(call: Call[NoParameters], reason: str | None) -> datetime:
    company_id, document_id = call.company.id, call.path("document_id")
    action = "legal_hold.released" if reason is None else "legal_hold.set"
    told = {} if reason is None else {"reason": reason}
    entry = NewEntry(await actor(call), action, document_id, company_id, told)
    now = call.service.clock.now()
    if not await call.service.store.set_legal_hold(company_id, document_id, reason, entry, now):
        raise Problem(Type.NOT_FOUND)
    return now


def _row(hold: LegalHold) -> LegalHoldRow:
    return LegalHoldRow(document_id=hold.document_id, reason=hold.reason, at=hold.at)
