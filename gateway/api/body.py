"""Request bodies: read within bounds, told apart by media type, taken apart into files.

In charge of bytes, media types and multipart. Not in charge of what is in the documents
(`gateway.intake`). Raises Problem for everything that is wrong.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import chain
from typing import Any, ParamSpec, TypeVar

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import PayloadAccessError, RequestPayloadError

from gateway.api import multipart
from gateway.api.problems import Fault, Problem, Type, refused
from gateway.api.routes import Call, Limits, Q
from gateway.blobs.blobs import Draft
from gateway.blobs.partial import HEAD_BYTES
from gateway.blobs.port import SMALL_BYTES, Spooled
from gateway.intake import shape
from gateway.intake.attachment import is_safe_name, safe_name
from gateway.intake.kind import JSON, MAIL, PACKAGES, PDF, XML, ZIP
from gateway.intake.submission import Refused, check, read_delivery
from transports.base import File

MULTIPART = "multipart/form-data"
FILE = "application/octet-stream"
DOCUMENT_TYPES = (JSON, *sorted(XML), *PACKAGES, MULTIPART)

_NAMES = {JSON: "document.json", ZIP: "document.zip", MAIL: "document.eml", PDF: "document.pdf"}

# Above this a body is parsed in a thread, so that it holds nobody else up; below, a thread would
# cost more than it saves (64 KB of JSON or XML take about a millisecond).
_INLINE_BYTES = 64 * 1024

T = TypeVar("T")
P = ParamSpec("P")
S = TypeVar("S", bound=shape.Shape)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file beside a document: in memory when it is small, else in the spool."""

    name: str
    media_type: str
    content: bytes | Spooled

    @property
    def size(self) -> int:
        """Its bytes."""
        return len(self.content) if isinstance(self.content, bytes) else self.content.size_bytes

    @property
    def sha256(self) -> str:
        """The hash of its bytes."""
        if isinstance(self.content, bytes):
            return hashlib.sha256(self.content).hexdigest()
        return self.content.sha256


@dataclass(frozen=True, slots=True)
class Incoming:
    """A document as it came in: its file, the files beside it, the wishes for its delivery."""

    original: File
    attachments: tuple[Attachment, ...]
    delivery: Mapping[str, Any]

    @property
    def size(self) -> int:
        """The bytes of it that are in memory."""
        return len(self.original.content) + sum(
            len(file.content) for file in self.attachments if isinstance(file.content, bytes)
        )

    def files(self) -> tuple[File, ...]:
        """The attachments of one that was read without a spool."""
        return tuple(
            File(file.name, file.media_type, file.content)
            for file in self.attachments
            if isinstance(file.content, bytes)
        )

    def fingerprint(self) -> str:
        """SHA-256 of what was asked for: the same for a repeat, whatever its multipart boundary."""
        original = Attachment(self.original.name, self.original.media_type, self.original.content)
        asked = [
            self.delivery,
            *((file.name, file.media_type, file.sha256) for file in (original, *self.attachments)),
        ]
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


async def incoming(
    call: Call[Q], spooled: AsyncExitStack | None = None, *, any_document: bool = False
) -> Incoming:
    """Reads a document and checks its shape; what is refused here is never stored.

    `any_document` takes any XML that there are rules for: for those who only look at it. With
    `spooled` large attachments are written to disk as they come; those that nobody has stored when
    it ends are gone.
    """
    request, limits = call.request, call.service.limits
    media_type, parameters = content_type(request, DOCUMENT_TYPES)
    if media_type == MULTIPART:
        form = _Form(call, spooled)
        original, attachments, options = await form.read(parameters.get("boundary", ""))
    else:
        content = await read_body(request, limits)
        original, attachments, options = _document(media_type, content), (), None
    stated = await _checked(call, original, any_document=any_document)
    delivery = None
    if options is not None:
        delivery = await apart(len(options), read_delivery, options)
    return Incoming(original, attachments, _wishes(original, stated, delivery))


async def as_it_came(call: Call[Q]) -> tuple[File, tuple[File, ...]]:
    """Reads a document and the files beside it, whatever is in them: nothing is looked at."""
    media_type, parameters = content_type(call.request, DOCUMENT_TYPES)
    if media_type != MULTIPART:
        content = await read_body(call.request, call.service.limits)
        if not content:
            raise Problem(Type.MALFORMED_REQUEST, "The body is empty.")
        return _document(media_type, content), ()
    original, attachments, _ = await _Form(call, None).read(parameters.get("boundary", ""))
    if not original.content:
        raise Problem(Type.MALFORMED_REQUEST, "The part `document` is empty.")
    return original, Incoming(original, attachments, {}).files()


async def body(call: Call[Q], model: type[S]) -> S:
    """Reads a small JSON body of the given shape."""
    content_type(call.request, (JSON,))
    content = await read_body(call.request, call.service.limits)
    bound = await apart(len(content), shape.read, content, model)
    if isinstance(bound, tuple):
        raise refused(bound, json=True)
    return bound


async def one_file(call: Call[Q], spooled: AsyncExitStack) -> tuple[Attachment, bytes]:
    """Reads a body that is one file, whatever is in it, and answers how it begins too. A large one
    is written to disk as it comes. It has no name yet."""
    content_type(call.request, (FILE,))
    part, beginning = _Part(multipart.FormPart("attachment", None, FILE, None)), b""
    async for chunk in _chunks(call.request, call.service.limits):
        beginning += chunk[: HEAD_BYTES - len(beginning)]
        await part.take(chunk, call, spooled)
    await part.finish()
    file = Attachment("", FILE, part.spooled or bytes(part.content))
    if not file.size:
        raise Problem(Type.INVALID_BODY, "The file is empty.")
    return file, beginning


async def apart(size: int, work: Callable[P, T], *args: P.args, **how: P.kwargs) -> T:
    """Does pure work on `size` bytes: here when it is little, else in a thread."""
    if size <= _INLINE_BYTES:
        return work(*args, **how)
    return await asyncio.to_thread(work, *args, **how)


def content_type(request: web.Request, taken: tuple[str, ...]) -> tuple[str, Mapping[str, str]]:
    """The media type and its parameters; raises Problem unless it is one of those taken."""
    what = f"Send one of: {', '.join(taken)}."
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Problem(Type.UNSUPPORTED_MEDIA_TYPE, "Send the body uncompressed.")
    values = request.headers.getall("Content-Type", [])
    if len(values) != 1:
        raise Problem(Type.UNSUPPORTED_MEDIA_TYPE, f"Content-Type is needed once. {what}")
    try:
        media_type, parameters = multipart.header_value(values[0])
    except multipart.Malformed as error:
        raise Problem(Type.UNSUPPORTED_MEDIA_TYPE, f"Content-Type: {error}. {what}") from None
    if media_type not in taken:
        raise Problem(Type.UNSUPPORTED_MEDIA_TYPE, f"{media_type} is not taken here. {what}")
    _check_charset(parameters.get("charset"))
    return media_type, parameters


async def read_body(request: web.Request, limits: Limits) -> bytes:
    """Reads the whole body, and stops as soon as it is larger than allowed."""
    await _begin(request, limits)
    chunks = [await _next(request, limits, 0)]
    if request.content.at_eof():  # as a small body mostly is
        return chunks[0]
    size = len(chunks[0])
    while chunk := await _next(request, limits, size):
        chunks.append(chunk)
        size += len(chunk)
    return b"".join(chunks)


async def _chunks(request: web.Request, limits: Limits) -> AsyncIterator[bytes]:
    """The body as it comes, in pieces of no certain size."""
    await _begin(request, limits)
    size = 0
    while chunk := await _next(request, limits, size):
        yield chunk
        size += len(chunk)


async def _begin(request: web.Request, limits: Limits) -> None:
    if (request.content_length or 0) > limits.body_bytes:
        raise _too_large(limits)
    await go_ahead(request)


async def go_ahead(request: web.Request) -> None:
    """Answers a client that waits to be told that its body is wanted."""
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")


async def _next(request: web.Request, limits: Limits, size: int) -> bytes:
    """What comes after the first `size` bytes; nothing at the end."""
    chunk = await next_piece(request, limits)
    if size + len(chunk) > limits.body_bytes:
        raise _too_large(limits)
    return chunk


async def next_piece(request: web.Request, limits: Limits) -> bytes:
    """What comes next; nothing at the end."""
    try:
        # What has come already, as a small body mostly has, needs no timer.
        chunk = b"" if request.content.at_eof() else request.content.read_nowait()
        if not chunk and not request.content.at_eof():
            async with asyncio.timeout(limits.idle_body_s):
                chunk = await request.content.readany()
    except TimeoutError:
        raise Problem(Type.REQUEST_TIMEOUT, close=True) from None
    except (HttpProcessingError, PayloadAccessError, RequestPayloadError):
        raise Problem(Type.MALFORMED_REQUEST, "The body was cut off.", close=True) from None
    return chunk


def _too_large(limits: Limits) -> Problem:
    what = f"The largest body taken is {limits.body_bytes} bytes."
    return Problem(Type.TOO_LARGE, what, close=True)


class _Part:
    """A part of a form while it comes: in memory, or in the spool once it has grown large."""

    def __init__(self, head: multipart.FormPart) -> None:
        self.head = head
        self.content = bytearray()
        self.draft: Draft | None = None
        self.spooled: Spooled | None = None

    async def take(self, piece: bytes, call: Call[Q], spooled: AsyncExitStack | None) -> None:
        """The next bytes of it."""
        if self.draft is not None:
            await self.draft.write(piece)
            return
        self.content += piece
        large = len(self.content) > SMALL_BYTES and self.head.name == "attachment"
        if large and spooled is not None:
            draft = call.service.store.blobs.draft(call.company.id, call.service.clock.now())
            self.draft = await spooled.enter_async_context(draft)
            await self.draft.write(bytes(self.content))
            self.content = bytearray()

    async def finish(self) -> None:
        """All of it has come. Before the next one begins: a form has one file open at a time."""
        if self.draft is not None:
            self.spooled = await self.draft.finish()


class _Form:
    """A multipart body. `spooled` takes the drafts of what goes into the spool; None: nothing."""

    def __init__(self, call: Call[Q], spooled: AsyncExitStack | None) -> None:
        self._call = call
        self._spooled = spooled
        self._parts: list[_Part] = []

    async def read(self, boundary: str) -> tuple[File, tuple[Attachment, ...], bytes | None]:
        """The document, the attachments, and the wishes for its delivery."""
        try:
            splitter = multipart.Splitter(boundary)
            async for chunk in _chunks(self._call.request, self._call.service.limits):
                for piece in splitter.feed(chunk):
                    if isinstance(piece, multipart.FormPart):
                        await self._finish_last()
                        self._parts.append(_Part(piece))
                    else:
                        await self._parts[-1].take(piece, self._call, self._spooled)
            splitter.finish()
            await self._finish_last()
        except multipart.Malformed as error:
            raise Problem(Type.MALFORMED_REQUEST, f"multipart: {error}.") from None
        named = {name: self._named(name) for name in ("document", "delivery", "attachment")}
        known = sum(map(len, named.values()))
        if len(named["document"]) != 1 or len(named["delivery"]) > 1 or known < len(self._parts):
            raise Problem(
                Type.MALFORMED_REQUEST,
                "multipart: expected one part `document`, at most one `delivery`, and any number of"
                " parts `attachment`; no others.",
            )
        document = named["document"][0]
        if document.head.media_type not in DOCUMENT_TYPES[:-1]:
            raise Problem(
                Type.UNSUPPORTED_MEDIA_TYPE,
                f"The part `document` says {document.head.media_type}. Send one of: "
                f"{', '.join(DOCUMENT_TYPES[:-1])}.",
            )
        _check_charset(document.head.charset)
        options = bytes(named["delivery"][0].content) if named["delivery"] else None
        original = _document(document.head.media_type, bytes(document.content))
        return original, _attachments(named["attachment"]), options

    def _named(self, name: str) -> list[_Part]:
        return [part for part in self._parts if part.head.name == name]

    async def _finish_last(self) -> None:
        if self._parts:
            await self._parts[-1].finish()


def _attachments(parts: list[_Part]) -> tuple[Attachment, ...]:
    files, faults = [], []
    for n, part in enumerate(parts):
        name = (part.head.filename or "").replace("\\", "/").rpartition("/")[2]
        if not is_safe_name(name):
            hint = f"{safe_name(name)!r} would do." if safe_name(name) else None
            faults.append(
                Fault(
                    pointer=f"/attachment/{n}",
                    detail="needs a file name: at most 150 characters, none of them invisible, and"
                    " no full stop first",
                    hint=hint,
                )
            )
        file = Attachment(name, part.head.media_type, part.spooled or bytes(part.content))
        if not file.size:
            faults.append(Fault(pointer=f"/attachment/{n}", detail="is empty"))
        files.append(file)
    if faults:
        raise Problem(Type.MALFORMED_REQUEST, "multipart: see `errors`.", faults)
    return tuple(files)


def _document(media_type: str, content: bytes) -> File:
    return File(_NAMES.get(media_type, "document.xml"), media_type, content)


async def _checked(
    call: Call[Q], original: File, *, any_document: bool
) -> Mapping[str, Any] | Refused:
    if original.media_type in PACKAGES:
        return await call.service.unpacking.check(original)
    return await apart(len(original.content), check, original, any_document=any_document)


def _wishes(
    original: File,
    stated: Mapping[str, Any] | Refused,
    delivery: Mapping[str, Any] | Refused | None,
) -> Mapping[str, Any]:
    """The wishes in the document, or in the part `delivery`. Raises one problem with the faults of
    both."""
    if isinstance(stated, Refused) and original.media_type != JSON:
        raise refused(stated.findings, json=False)
    wrong = [part.findings for part in (stated, delivery) if isinstance(part, Refused)]
    if wrong:
        raise refused(chain.from_iterable(wrong), json=True)
    assert not isinstance(stated, Refused) and not isinstance(delivery, Refused)
    if stated and delivery is not None:
        raise Problem(
            Type.INVALID_BODY,
            "`delivery` stands in the document and in a part of its own.",
            [Fault(pointer="/delivery", detail="is given twice", hint="Keep one of them.")],
        )
    return stated if delivery is None else delivery


def _check_charset(charset: str | None) -> None:
    # RFC 7303: the charset of the header outweighs the document's own encoding, so one that is not
    # UTF-8 would change what the bytes mean. Without it, XML says its encoding itself.
    if charset is not None and charset.lower() not in ("utf-8", "utf8", "us-ascii"):
        raise Problem(Type.UNSUPPORTED_MEDIA_TYPE, f"charset={charset[:40]} is not UTF-8.")
