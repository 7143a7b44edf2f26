"""/v1/documents/{id}/bundle and /v1/exports: evidence and documents, signed, to take along."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from aiohttp import web
from pydantic import ConfigDict

from gateway.api import examples, files, streams
from gateway.api.answers import Shown
from gateway.api.body import body
from gateway.api.callers import actor
from gateway.api.instant import Instant
from gateway.api.problems import WITH_BODY, Fault, Problem, Type, not_verified
from gateway.api.routes import Answer, Body, Call, Media, NoParameters, Q, Routes, answer
from gateway.archive import exports
from gateway.archive.bundle import Dossier, bundle
from gateway.archive.retention import signing_key
from gateway.archive.zipped import MEDIA_TYPE as ZIP
from gateway.intake.shape import Shape
from gateway.intake.submission import JSON
from gateway.store.keeping import Export
from gateway.store.port import Direction
from gateway.trust.scopes import Scope

routes = Routes("archive", changes=Scope.READ)


@routes.operation(
    "GET",
    "/v1/documents/{document_id}/bundle",
    query=NoParameters,
    answers={200: Answer("The ZIP.", files=(ZIP,), example="PK")},
    problems=(Type.NOT_FOUND, Type.COMPANY_NOT_VERIFIED),
)
async def get_bundle(call: Call[NoParameters]) -> web.StreamResponse:
    """Read all evidence of a document as one signed ZIP.

    The document as it came and as it went, what was found, the plan, what went over the wire in
    each attempt, every event, and a manifest with the SHA-256 of each file, signed by the gateway.
    As long as nothing happens to the document, it is the same to the byte each time. Personal
    numbers are masked in what the gateway writes, and stay in your own bytes.
    """
    store = call.service.store
    document = await store.document(call.company.id, call.path("document_id"))
    if document is None:
        raise Problem(Type.NOT_FOUND)
    await files.may_be_read(call, document)
    dossier = await Dossier.of(store, document)
    pieces = bundle(store, dossier, await signing_key(store))
    return await streams.send(call.request, files.headers_of(f"{document.id}.zip", ZIP), pieces)


# --- exports ------------------------------------------------------------------------------------


class ExportWish(Shape):
    """Which documents to export."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    start: Instant
    """Documents accepted at this time or later."""
    end: Instant
    """And before this one, which must be past."""
    direction: Literal["out", "in"] | None = None
    """`out`: handed in by you; `in`: come in for you; neither: both."""


class ExportedFile(Shown):
    """One ZIP of an export."""

    n: int
    direction: str
    documents: int
    size_bytes: int
    """Of what is in it, before compression."""
    href: str


class ExportRow(Shown):
    """An archive export."""

    id: str
    ready: bool
    """Whether `files` is complete."""
    start: datetime
    end: datetime
    directions: tuple[str, ...]
    created_at: datetime
    gone_at: datetime
    """From then on it is not there any more; ask for it again."""
    files: tuple[ExportedFile, ...]


@routes.operation(
    "POST",
    "/v1/exports",
    query=NoParameters,
    body=Body({JSON: Media(ExportWish, {"november": examples.EXPORT_WISH})}),
    answers={
        202: Answer(
            "The export is being made.",
            ExportRow,
            examples.EXPORT_BEGUN,
            headers={"Location": "Where the export is."},
        )
    },
    problems=(*WITH_BODY,),
)
async def make_export(call: Call[NoParameters]) -> web.Response:
    """Export all documents of a period, to keep them elsewhere.

    Large periods become several ZIPs. The same wish again leads to the same export.
    """
    wish = await body(call, ExportWish)
    service, now = call.service, call.service.clock.now()
    wrong = exports.wrong(wish.start, wish.end, now)
    faults = [Fault(pointer="/end", detail=text) for text in wrong]
    if faults:
        raise Problem(Type.INVALID_BODY, faults=faults)
    direction = None if wish.direction is None else Direction(wish.direction)
    export = exports.asked(call.company.id, wish.start, wish.end, direction, now)
    entry = exports.told(export, await actor(call))
    await service.store.add_export(export, exports.job_of(export), entry)
    there = await service.store.export(call.company.id, export.id) or export
    return answer(_row(there), 202, {"Location": f"/v1/exports/{export.id}"})


@routes.operation(
    "GET",
    "/v1/exports/{export_id}",
    query=NoParameters,
    answers={200: Answer("The export.", ExportRow, examples.EXPORT)},
    problems=(Type.NOT_FOUND,),
)
async def get_export(call: Call[NoParameters]) -> web.Response:
    """Read how far an export is, and where its files are."""
    return answer(_row(await _export(call)))


@routes.operation(
    "GET",
    "/v1/exports/{export_id}/files/{n}",
    query=NoParameters,
    answers={200: Answer("The ZIP.", files=(ZIP,), example="PK")},
    problems=(Type.NOT_FOUND, Type.COMPANY_NOT_VERIFIED),
)
async def get_export_file(call: Call[NoParameters]) -> web.StreamResponse:
    """Read one ZIP of an export.

    A folder for each document, `index.csv` with a line for each, and a signed manifest. A document
    that was deleted meanwhile is left out.
    """
    export = await _export(call)
    n = call.path("n")
    file = next((file for file in export.files if str(file.n) == n), None)
    if file is None:
        raise Problem(Type.NOT_FOUND)
    closed = await exports.closed(call.service.gate, export, file)
    if closed is not None:
        raise not_verified(closed)
    store = call.service.store
    pieces = exports.archive(store, export, file, await signing_key(store))
    name = f"{export.id}-{file.n}.zip"
    return await streams.send(call.request, files.headers_of(name, ZIP), pieces)


async def _export(call: Call[Q]) -> Export:
    service = call.service
    export = await service.store.export(call.company.id, call.path("export_id"))
    if export is None or export.gone_at <= service.clock.now():
        raise Problem(Type.NOT_FOUND)
    return export


def _row(export: Export) -> ExportRow:
    here = f"/v1/exports/{export.id}"
    return ExportRow(
        id=export.id,
        ready=export.ready_at is not None,
        start=export.start,
        end=export.end,
        directions=export.directions,
        created_at=export.created_at,
        gone_at=export.gone_at,
        files=tuple(
            ExportedFile(
                n=file.n,
                direction=file.direction,
                documents=file.documents,
                size_bytes=file.size_bytes,
                href=f"{here}/files/{file.n}",
            )
            for file in export.files
        ),
    )
