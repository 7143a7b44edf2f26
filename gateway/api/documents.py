"""/v1/documents: hand one in, list them, read all about one."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from gateway.api import answers, examples, files, idempotency
from gateway.api.body import DOCUMENT_TYPES, Incoming, apart, incoming
from gateway.api.language import with_language
from gateway.api.problems import WITH_BODY, Fault, Problem, Type
from gateway.api.routes import Answer, Call, NoParameters, Parameters, Q, Routes, answer
from gateway.api.schemas import DOCUMENT_BODY
from gateway.delivery.history import every_event
from gateway.events import Type as EventType
from gateway.intake.submission import priority
from gateway.ledger.mapping import Ledger
from gateway.lifecycle import State
from gateway.store.ids import new_id
from gateway.store.port import (
    BadCursor,
    Direction,
    Document,
    KeyReused,
    NewPart,
    Part,
    Role,
    Submission,
)
from gateway.trust.gate import Way
from gateway.trust.scopes import Scope

routes = Routes("documents", changes=Scope.SEND)

BODY_PROBLEMS = (
    *WITH_BODY,
    Type.UNREADABLE_DOCUMENT,
)

_OF_FILES = (
    Type.COMPANY_NOT_VERIFIED,
    Type.NOT_FOUND,
    Type.NOT_ALLOWED_NOW,
    Type.CONTENT_LOST,
)


@routes.operation(
    "POST",
    "/v1/documents",
    query=NoParameters,
    headers=(idempotency.KEY,),
    body=DOCUMENT_BODY,
    answers={
        202: Answer(
            "The document is on disk. It is checked, routed and delivered from here on by itself.",
            answers.Accepted,
            examples.ACCEPTED,
            headers={
                "Location": "Where the document is.",
                "Idempotency-Replayed": "`true` when this key brought the same document before.",
            },
        )
    },
    problems=(*BODY_PROBLEMS, Type.IDEMPOTENCY_KEY_REUSED),
    way=Way.SUBMIT,
)
async def submit_document(call: Call[NoParameters]) -> web.Response:
    """Hand in an invoice or credit note.

    JSON by the names of EN 16931's terms, or UBL 2.1 (Peppol BIS Billing 3.0), alone, as the part
    `document` of a multipart body with attachments, or in a ZIP file, an e-mail or a PDF. Only the
    shape is checked before the answer; business rules come after it, and a document that breaks
    them ends as `rejected` with findings, told in the language of `Accept-Language`: English,
    Swedish or Norwegian.
    """
    key = idempotency.key_of(call)
    async with AsyncExitStack() as spooled:
        given = await incoming(call, spooled)
        request = None if key is None else (key, await apart(given.size, given.fingerprint))
        accepted = await call.service.store.accept(
            Submission(
                new_id("doc"),
                call.company.id,
                given.original.media_type,
                _parts(given),
                with_language(given.delivery, call.request),
                request,
                priority(given.delivery),
            ),
            call.service.clock.now(),
        )
    if isinstance(accepted, KeyReused):
        raise Problem(Type.IDEMPOTENCY_KEY_REUSED, f"The key belongs to {accepted.document_id}.")
    headers = {"Location": f"/v1/documents/{accepted.document_id}"}
    if accepted.replayed:
        headers["Idempotency-Replayed"] = "true"
    return answer(answers.accepted(accepted.document_id), 202, headers)


def _parts(given: Incoming) -> list[NewPart]:
    original = given.original
    return [
        NewPart(Role.ORIGINAL, original.name, original.media_type, original.content),
        *(
            NewPart(Role.ATTACHMENT, file.name, file.media_type, file.content)
            for file in given.attachments
        ),
    ]


class ListParameters(Parameters):
    """What to list."""

    state: State | None = None
    """Only documents in this state."""
    direction: Direction | None = None
    """`out`: handed in by you; `in`: come in for you."""
    number: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """Only documents with this invoice number (BT-1)."""
    code: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    """Only documents whose `code` begins so: `attachment.` for all that lack a file. With `state`
    only."""
    after: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """The `next` of the page before."""
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    """How many at most."""
    ledger: Ledger | None = None
    """Show each document's state as this ledger calls it, too."""


@routes.operation(
    "GET",
    "/v1/documents",
    query=ListParameters,
    answers={200: Answer("A page of documents.", answers.DocumentList, examples.LIST)},
)
async def list_documents(call: Call[ListParameters]) -> web.Response:
    """List documents, newest first.

    Cursors hold still under inserts: a document appears on one page only.
    """
    query = call.query
    if query.code is not None and query.state is None:
        fault = Fault(parameter="code", detail="needs a state", hint="Give `state` too: `held`.")
        raise Problem(Type.INVALID_PARAMETER, faults=[fault])
    try:
        page = await call.service.store.documents(
            call.company.id,
            direction=query.direction,
            state=query.state,
            number=query.number,
            code=query.code,
            after=query.after,
            limit=query.limit,
        )
    except BadCursor:
        raise bad_cursor() from None
    rows = tuple(answers.row(document, query.ledger) for document in page.documents)
    return answer(answers.DocumentList(documents=rows, next=page.next))


class DocumentParameters(Parameters):
    """How to show it."""

    ledger: Ledger | None = None
    """Show its state as this ledger calls it, too."""


@routes.operation(
    "GET",
    "/v1/documents/{document_id}",
    query=DocumentParameters,
    answers={200: Answer("The document.", answers.Document, examples.DOCUMENT)},
    problems=(Type.NOT_FOUND, Type.CONTENT_LOST),
)
async def get_document(call: Call[DocumentParameters]) -> web.Response:
    """Read a document: its state and why, what was found, filled in and planned."""
    document, parts = await _document(call)
    found = await files.newest(call, document.id, parts, Role.FINDINGS)
    added = await files.newest(call, document.id, parts, Role.FILLED_IN)
    plan = await files.newest(call, document.id, parts, Role.PLAN)
    named = await files.newest(call, document.id, parts, Role.FETCH)
    return answer(answers.document(document, found, added, plan, named, call.query.ledger))


@routes.operation(
    "GET",
    "/v1/documents/{document_id}/timeline",
    query=NoParameters,
    answers={200: Answer("What happened.", answers.Timeline, examples.TIMELINE)},
    problems=(Type.NOT_FOUND,),
)
async def get_timeline(call: Call[NoParameters]) -> web.Response:
    """Read what happened to a document: channels, every attempt, every event, and where the bytes
    are that went over the wire."""
    document, parts = await _document(call)
    store, company_id = call.service.store, call.company.id
    events = await every_event(store, document)
    legs = await store.legs(company_id, document.id)
    attempts = await store.attempts(company_id, document.id)
    said = [event.data["response"] for event in events if event.type == EventType.REPLIED]
    carriers = {id_: found for id_ in said if (found := await store.document(company_id, id_))}
    return answer(answers.timeline(document.id, legs, attempts, events, parts, carriers))


class ContentParameters(Parameters):
    """Which bytes."""

    part: Literal["original", "document"] = "original"
    """`original`: as it came; `document`: the UBL that travels."""


@routes.operation(
    "GET",
    "/v1/documents/{document_id}/content",
    query=ContentParameters,
    answers={200: Answer("The bytes.", files=(*DOCUMENT_TYPES[:-1],), example="<Invoice/>")},
    problems=_OF_FILES,
)
async def get_content(call: Call[ContentParameters]) -> web.StreamResponse:
    """Read the document's bytes, as you sent them or as they travel."""
    document, parts = await _document(call)
    wanted = [Role(call.query.part)]
    if document.direction is Direction.IN:  # what came in is what travelled
        wanted = [Role.DOCUMENT, Role.ORIGINAL]
    return await files.send_first(call, document, parts, *wanted)


@routes.operation(
    "GET",
    "/v1/documents/{document_id}/pdf",
    query=NoParameters,
    answers={200: Answer("The invoice as a PDF.", files=("application/pdf",), example="%PDF-1.4")},
    problems=_OF_FILES,
)
async def get_pdf(call: Call[NoParameters]) -> web.StreamResponse:
    """Read the invoice as people see it.

    The PDF that a channel carried, else one made from the UBL now. A conflict until the document
    has been checked, and when it was rejected.
    """
    document, parts = await _document(call)
    return await files.send_image(call, document, parts)


@routes.operation(
    "GET",
    "/v1/documents/{document_id}/evidence",
    query=NoParameters,
    answers={200: Answer("The files.", answers.Files, examples.FILES)},
    problems=(Type.NOT_FOUND,),
)
async def list_evidence(call: Call[NoParameters]) -> web.Response:
    """List every file of a document: what came, what travelled, what each channel said."""
    document, parts = await _document(call)
    return answer(answers.Files(files=answers.files(document.id, parts)))


@routes.operation(
    "GET",
    "/v1/documents/{document_id}/evidence/{sha256}",
    query=NoParameters,
    answers={200: Answer("The bytes.", files=("*/*",), example="250 OK")},
    problems=_OF_FILES,
)
async def get_evidence(call: Call[NoParameters]) -> web.StreamResponse:
    """Read one file by its hash."""
    document, parts = await _document(call)
    return await files.send_by_hash(call, document, parts, call.path("sha256"))


async def _document(call: Call[Q]) -> tuple[Document, list[Part]]:
    """The document of the path and its parts; a problem when it is nobody's or another's."""
    store, document_id = call.service.store, call.path("document_id")
    document = await store.document(call.company.id, document_id)
    if document is None:
        raise Problem(Type.NOT_FOUND)
    return document, list(await store.parts(call.company.id, document_id))


def bad_cursor() -> Problem:
    """The problem of an `after` that no answer gave."""
    fault = Fault(
        parameter="after", detail="is no cursor of this list", hint="Pass on what an answer gave."
    )
    return Problem(Type.INVALID_PARAMETER, faults=[fault])
