"""/v1/inbox/{id}/content and its files: what came in, in the format that is asked for; and uploads.

A document is handed out as it came, whatever was wrong with it; in another format where it can be
read.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from aiohttp import web

from gateway.api import examples_inbox as examples
from gateway.api import files, idempotency
from gateway.api import inbox_answers as answers
from gateway.api.body import as_it_came
from gateway.api.inbox import one
from gateway.api.problems import Problem, Type, broken
from gateway.api.routes import Answer, Call, NoParameters, Parameters, Q, Routes, answer
from gateway.api.schemas import UPLOAD_BODY
from gateway.delivery.scanning import withheld
from gateway.inbound import files as records
from gateway.inbound import formats
from gateway.inbound.files import EMBEDDED, Held
from gateway.inbound.inboxes import Inboxes
from gateway.inbound.incoming import Incoming, Taken
from gateway.inbound.looking import inside
from gateway.intake.kind import JSON, MAIL, PDF, XML, ZIP
from gateway.store.inbox import Item
from gateway.store.port import Part, Role
from gateway.trust.gate import Way
from gateway.trust.scopes import Scope
from transports.base import File

routes = Routes("inbox", changes=Scope.RECEIVE)

Format = Literal["received", "bis3", "json", "pdf"]
_TYPES: Final[Mapping[str, str]] = {"bis3": "application/xml", "json": JSON, "pdf": PDF}
_ENDINGS: Final[Mapping[str, str]] = {"bis3": "xml", "json": "json", "pdf": "pdf"}
_MADE: Final = {"bis3": formats.bis3, "json": formats.as_json, "pdf": formats.pdf}
UPLOAD: Final = "upload"


class FormatParameters(Parameters):
    """Which format."""

    format: Format = "received"
    """`received`: the bytes as they came; `bis3`: Peppol BIS Billing 3.0, converted where it came
    in another form; `json`: our own, as it could be handed in; `pdf`: the sender's image of it, or
    one made now."""


@routes.operation(
    "GET",
    "/v1/inbox/{document_id}/content",
    query=FormatParameters,
    way=Way.RECEIVE,
    answers={
        200: Answer("The bytes.", files=(*sorted(XML), JSON, PDF, ZIP, MAIL), example="<Invoice/>")
    },
    problems=(
        *(Type.NOT_FOUND, Type.NOT_ALLOWED_NOW, Type.CONTENT_LOST, Type.NOT_VALID),
        Type.UNREADABLE_DOCUMENT,
    ),
)
async def get_inbox_content(call: Call[FormatParameters]) -> web.StreamResponse:
    """Read a document that came in, confirmed or not, in the format that you ask for.

    Files that were stripped from it or replaced are so in every format but `received`. A problem
    with findings where it can not be given in the format.
    """
    item, wanted = await one(call), call.query.format
    parts = await call.service.store.parts(call.company.id, item.document.id)
    if wanted == "received":
        return await files.send_first(call, item.document, parts, Role.ORIGINAL, Role.DOCUMENT)
    came = await _came(call, item, parts)
    made = await asyncio.to_thread(_MADE[wanted], came)
    if isinstance(made, tuple):
        raise broken(made)
    name = f"{item.document.id}.{_ENDINGS[wanted]}"
    return web.Response(body=made, headers=files.headers_of(name, _TYPES[wanted]))


@routes.operation(
    "GET",
    "/v1/inbox/{document_id}/attachments",
    query=NoParameters,
    way=Way.RECEIVE,
    answers={200: Answer("Its files.", answers.InboxFiles, examples.INBOX_FILES)},
    problems=(Type.NOT_FOUND, Type.CONTENT_LOST),
)
async def list_inbox_attachments(call: Call[NoParameters]) -> web.Response:
    """List the files of a document that came in: those inside it, and those beside it; what is
    wrong with one, and what was done about that."""
    item = await one(call)
    return answer(answers.inbox_files(item.document.id, await _held(call, item)))


@routes.operation(
    "GET",
    "/v1/inbox/{document_id}/attachments/{attachment}",
    query=NoParameters,
    way=Way.RECEIVE,
    answers={200: Answer("The bytes.", files=("*/*",), example="%PDF-1.4")},
    problems=(Type.NOT_FOUND, Type.NOT_ALLOWED_NOW, Type.CONTENT_LOST),
)
async def get_inbox_attachment(call: Call[NoParameters]) -> web.Response:
    """Read a file of a document that came in, by its number; the one that took its place where it
    was replaced. A conflict for one that is bad, or was left out."""
    item, n = await one(call), call.path("attachment")
    held = await _held(call, item)
    if not n.isdecimal() or len(n) > 3 or int(n) >= len(held):
        raise Problem(Type.NOT_FOUND)
    file = held[int(n)]
    if file.code is not None and file.done != "replaced":
        said = f"It was {file.done.replace('_', ' ')}." if file.done else "Repair it."
        raise Problem(Type.NOT_ALLOWED_NOW, f"{file.text} {said}")
    content = await _content(call, item, file)
    if content is None:
        raise Problem(Type.NOT_FOUND)
    headers = files.headers_of(records.named(held)[int(n)], content.media_type)
    return web.Response(body=content.content, headers=headers)


async def _held(call: Call[Q], item: Item) -> tuple[Held, ...]:
    parts = await call.service.store.parts(call.company.id, item.document.id)
    return records.recorded(await files.newest(call, item.document.id, parts, Role.FILES))


async def _content(call: Call[Q], item: Item, held: Held) -> File | None:
    """The bytes of one of its files."""
    sha256 = held.by or held.sha256
    store, document = call.service.store, item.document
    parts = await store.parts(call.company.id, document.id)
    beside = (Role.ATTACHMENT, Role.UNPACKED, Role.RENDERED, Role.ORIGINAL)
    for part in parts:
        if part.sha256 == sha256 and part.role in beside:
            if withheld(document, part):
                raise _withheld()
            content = await store.content(call.company.id, document.id, sha256)
            return None if content is None else File(part.name, held.media_type, content)
    if held.place != EMBEDDED:
        return None
    came = await _came(call, item, parts)
    for file in await asyncio.to_thread(inside, came.document, came.beside, came.at, came.settings):
        if hashlib.sha256(file.content).hexdigest() == sha256:
            return file
    return None


_WANTED: Final = (
    *(Role.ORIGINAL, Role.DOCUMENT, Role.ATTACHMENT, Role.UNPACKED, Role.RENDERED),
    Role.FILES,
)


async def _came(call: Call[Q], item: Item, parts: Sequence[Part]) -> formats.Came:
    document = item.document
    if any(withheld(document, part) for part in parts):
        raise _withheld()
    stored = await call.service.store.files(call.company.id, document.id, _WANTED)
    by_role: dict[Role, list[File]] = {}
    for part, content in stored:
        by_role.setdefault(part.role, []).append(File(part.name, part.media_type, content))
    first = by_role.get(Role.ORIGINAL) or by_role.get(Role.DOCUMENT)
    if not first:
        raise Problem(Type.NOT_ALLOWED_NOW, "Its bytes are kept no more.")
    inner = by_role.get(Role.DOCUMENT, first)
    record = by_role.get(Role.FILES)
    return formats.Came(
        first[0],
        inner[0],
        (*by_role.get(Role.UNPACKED, ()), *by_role.get(Role.ATTACHMENT, ())),
        records.recorded(record[-1].content if record else None),
        {hashlib.sha256(f.content).hexdigest(): f for f in by_role.get(Role.RENDERED, ())},
        document.created_at.date(),
        call.company.in_effect,
    )


def _withheld() -> Problem:
    what = "There is a virus in what came with it, or it was not looked at yet."
    return Problem(Type.NOT_ALLOWED_NOW, f"{what} Its files are not handed out.")


@routes.operation(
    "POST",
    "/v1/inbox",
    query=NoParameters,
    way=Way.RECEIVE,
    headers=(idempotency.KEY,),
    body=UPLOAD_BODY,
    answers={
        202: Answer(
            "It is in your inbox, durably. It is read and checked from here on by itself.",
            answers.Uploaded,
            examples.UPLOADED,
            headers={"Location": "Where the document is."},
        )
    },
    problems=(
        *(Type.MALFORMED_REQUEST, Type.REQUEST_TIMEOUT, Type.TOO_LARGE),
        *(Type.UNSUPPORTED_MEDIA_TYPE, Type.INVALID_PARAMETER),
    ),
)
async def upload_to_inbox(call: Call[NoParameters]) -> web.Response:
    """Put a document into your own inbox that you got by other means, such as a PDF by e-mail.

    It is kept whatever is in it; what is wrong with it, its findings tell. The same key, or without
    one the same bytes, are the same document.
    """
    key = idempotency.key_of(call)
    document, attachments = await as_it_came(call)
    known = key or _digest(document, attachments)
    taken = await Inboxes(call.service.store, call.service.clock, call.service.gate).take(
        Incoming(UPLOAD, known, call.company.id, document, attachments)
    )
    assert isinstance(taken, Taken), "the company is there: it has just been asked for"
    links = answers.links(taken.document_id)
    made = answers.Uploaded(id=taken.document_id, repeated=taken.repeated, links=links)
    return answer(made, 202, {"Location": links["self"]})


def _digest(document: File, attachments: Sequence[File]) -> str:
    hashed = hashlib.sha256()
    for file in (document, *attachments):
        hashed.update(hashlib.sha256(file.content).digest())
    return hashed.hexdigest()
