"""Request bodies: read within bounds, told apart by media type, taken apart into files.

In charge of bytes, media types and multipart. Not in charge of what is in the documents
(`gateway.intake`). Raises Problem for everything that is wrong.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import PayloadAccessError, RequestPayloadError

from gateway.api import multipart
from gateway.api.problems import Fault, Problem, Type, refused
from gateway.api.routes import Call, Limits, Q
from gateway.intake import shape
from gateway.intake.attachment import is_safe_name, safe_name
from gateway.intake.submission import JSON, XML, Refused, Submission, read, read_delivery
from transports.base import File

MULTIPART = "multipart/form-data"
DOCUMENT_TYPES = (JSON, *sorted(XML), MULTIPART)

# Above this a body is parsed in a thread, so that it holds nobody else up; below, a thread would
# cost more than it saves (64 KB of JSON or XML take about a millisecond).
_INLINE_BYTES = 64 * 1024

T = TypeVar("T")
P = ParamSpec("P")
S = TypeVar("S", bound=shape.Shape)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A document as it came in: its file, the files beside it, the wishes for its delivery."""

    original: File
    attachments: tuple[File, ...]
    delivery: Mapping[str, Any]

    @property
    def size(self) -> int:
        """All its bytes."""
        return len(self.original.content) + sum(len(file.content) for file in self.attachments)

    def fingerprint(self) -> str:
        """SHA-256 of what was asked for: the same for a repeat, whatever its multipart boundary."""
        asked = [
            self.delivery,
            *(
                (file.name, file.media_type, hashlib.sha256(file.content).hexdigest())
                for file in (self.original, *self.attachments)
            ),
        ]
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


async def incoming(call: Call[Q], *, any_document: bool = False) -> Incoming:
    """Reads a document and checks its shape; what is refused here is never stored.

    `any_document` takes any XML that there are rules for: for those who only look at it.
    """
    request, limits = call.request, call.service.limits
    media_type, parameters = content_type(request, DOCUMENT_TYPES)
    content = await read_body(request, limits)
    if media_type == MULTIPART:
        boundary = parameters.get("boundary", "")
        original, attachments, options = await apart(len(content), _form, content, boundary)
    else:
        original, attachments, options = _document(media_type, content), (), None
    submission = await apart(len(original.content), read, original, any_document=any_document)
    delivery = await apart(len(options), read_delivery, options) if options is not None else None
    _refuse(original, submission, delivery)
    assert isinstance(submission, Submission)
    return Incoming(original, attachments, _wishes(submission, delivery))


async def body(call: Call[Q], model: type[S]) -> S:
    """Reads a small JSON body of the given shape."""
    content_type(call.request, (JSON,))
    content = await read_body(call.request, call.service.limits)
    bound = await apart(len(content), shape.read, content, model)
    if isinstance(bound, tuple):
        raise refused(bound, json=True)
    return bound


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
    if (request.content_length or 0) > limits.body_bytes:
        raise _too_large(limits)
    if request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    chunks: list[bytes] = []
    size = 0
    try:
        while not request.content.at_eof():
            # What has come already, as a small body mostly has, needs no timer.
            chunk = request.content.read_nowait()
            if not chunk:
                async with asyncio.timeout(limits.idle_body_s):
                    chunk = await request.content.readany()
            size += len(chunk)
            if size > limits.body_bytes:
                raise _too_large(limits)
            chunks.append(chunk)
        return b"".join(chunks)
    except TimeoutError:
        raise Problem(Type.REQUEST_TIMEOUT, close=True) from None
    except (HttpProcessingError, PayloadAccessError, RequestPayloadError):
        raise Problem(Type.MALFORMED_REQUEST, "The body was cut off.", close=True) from None


def _too_large(limits: Limits) -> Problem:
    what = f"The largest body taken is {limits.body_bytes} bytes."
    return Problem(Type.TOO_LARGE, what, close=True)


def _form(content: bytes, boundary: str) -> tuple[File, tuple[File, ...], bytes | None]:
    try:
        parts = multipart.parse(content, boundary)
    except multipart.Malformed as error:
        raise Problem(Type.MALFORMED_REQUEST, f"multipart: {error}.") from None
    documents = [part for part in parts if part.name == "document"]
    deliveries = [part for part in parts if part.name == "delivery"]
    attachments = [part for part in parts if part.name == "attachment"]
    known = len(documents) + len(deliveries) + len(attachments)
    if len(documents) != 1 or len(deliveries) > 1 or known < len(parts):
        raise Problem(
            Type.MALFORMED_REQUEST,
            "multipart: expected one part `document`, at most one `delivery`, and any number of"
            " parts `attachment`; no others.",
        )
    document = documents[0]
    if document.media_type not in (JSON, *XML):
        raise Problem(
            Type.UNSUPPORTED_MEDIA_TYPE,
            f"The part `document` says {document.media_type}. Send one of: "
            f"{', '.join(DOCUMENT_TYPES[:-1])}.",
        )
    _check_charset(document.charset)
    options = deliveries[0].content if deliveries else None
    return _document(document.media_type, document.content), _attachments(attachments), options


def _attachments(parts: list[multipart.FormPart]) -> tuple[File, ...]:
    files, faults = [], []
    for n, part in enumerate(parts):
        name = (part.filename or "").replace("\\", "/").rpartition("/")[2]
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
        if not part.content:
            faults.append(Fault(pointer=f"/attachment/{n}", detail="is empty"))
        files.append(File(name, part.media_type, part.content))
    if faults:
        raise Problem(Type.MALFORMED_REQUEST, "multipart: see `errors`.", faults)
    return tuple(files)


def _document(media_type: str, content: bytes) -> File:
    return File("document.json" if media_type == JSON else "document.xml", media_type, content)


def _refuse(
    original: File, submission: Submission | Refused, delivery: Mapping[str, Any] | Refused | None
) -> None:
    """Raises one problem with the faults of all parts."""
    json = original.media_type == JSON
    wrong = submission.findings if isinstance(submission, Refused) else ()
    options = delivery.findings if isinstance(delivery, Refused) else ()
    if wrong and not json:
        raise refused(wrong, json=False)
    if wrong or options:
        raise refused((*wrong, *options), json=True)


def _wishes(
    submission: Submission, delivery: Mapping[str, Any] | Refused | None
) -> Mapping[str, Any]:
    assert not isinstance(delivery, Refused)
    if delivery is not None and submission.delivery:
        raise Problem(
            Type.INVALID_BODY,
            "`delivery` stands in the document and in a part of its own.",
            [Fault(pointer="/delivery", detail="is given twice", hint="Keep one of them.")],
        )
    return submission.delivery if delivery is None else delivery


def _check_charset(charset: str | None) -> None:
    # RFC 7303: the charset of the header outweighs the document's own encoding, so one that is not
    # UTF-8 would change what the bytes mean. Without it, XML says its encoding itself.
    if charset is not None and charset.lower() not in ("utf-8", "utf8", "us-ascii"):
        raise Problem(Type.UNSUPPORTED_MEDIA_TYPE, f"charset={charset[:40]} is not UTF-8.")
