"""Forms: what a browser has filled in, read within bounds, strictly."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import parse_qsl

from aiohttp import web

from gateway.api import multipart
from gateway.api.body import content_type, read_body
from gateway.api.problems import Problem, Type
from gateway.api.routes import Limits
from gateway.api.verbs import Reason
from gateway.intake import shape
from gateway.intake.attachment import safe_name

FORM: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"

_MOST_BYTES: Final = 64 * 1024  # of a form without a file
_MOST_FIELDS: Final = 600  # a page of ticked rows, and what is said beside them

HOME: Final = "/console"
# Where a page may lead on to: a path of ours, plain letters, no way to another host (`//`, `\`).
_ONWARD: Final = re.compile(r"/console(?:/[A-Za-z0-9_.~-]+)*(?:\?[A-Za-z0-9_.~=&%-]*)?")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was chosen. `name` is as the browser says it, safe to show and to store."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Form:
    """The fields by name, the last of each; what is not there is empty."""

    fields: Mapping[str, str] = field(default_factory=dict, repr=False)
    file: Upload | None = None
    said: Sequence[tuple[str, str]] = field(default=(), repr=False)  # all of them, in their order

    def __getitem__(self, name: str) -> str:
        return self.fields.get(name, "")

    def every(self, name: str) -> list[str]:
        """All that was said under one name, as of ticked rows; each once."""
        return list(dict.fromkeys(value for key, value in self.said if key == name))


async def read_form(request: web.Request, limits: Limits, *, with_file: bool) -> Form:
    """Reads a form. Raises Problem for what is none, or is too large."""
    if not with_file:
        content_type(request, (FORM,))
        content = await read_body(request, replace(limits, body_bytes=_MOST_BYTES))
        said = _said(content)
        return Form(dict(said), said=said)
    _, parameters = content_type(request, (_MULTIPART,))
    content = await read_body(request, limits)
    try:
        return _parts(content, parameters.get("boundary", ""))
    except multipart.Malformed as error:
        raise Problem(Type.MALFORMED_REQUEST, f"multipart: {error}.") from None


def reason_of(form: Form) -> str:
    """Why it is asked for; empty where nothing is said, or nothing that the API takes."""
    found = shape.bind({"reason": form["reason"].strip()}, Reason)
    return found.reason if isinstance(found, Reason) else ""


def onward(asked: str) -> str:
    """Where to go on to: what was asked for, where that is a page of ours, else the first one."""
    return asked if _ONWARD.fullmatch(asked) and ".." not in asked else HOME


def _said(content: bytes) -> Sequence[tuple[str, str]]:
    try:
        said = parse_qsl(
            content.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS
        )
    except ValueError:
        raise Problem(Type.MALFORMED_REQUEST, "The form is not well-formed.") from None
    _check(text for pair in said for text in pair)
    return said


def _parts(content: bytes, boundary: str) -> Form:
    splitter = multipart.Splitter(boundary)
    heads: list[multipart.FormPart] = []
    bodies: list[bytearray] = []
    for piece in splitter.feed(content):
        if isinstance(piece, multipart.FormPart):
            heads.append(piece)
            bodies.append(bytearray())
        else:
            bodies[-1] += piece
    splitter.finish()
    fields: dict[str, str] = {}
    file = None
    for head, body in zip(heads, bodies, strict=True):
        if head.filename is None:
            fields[head.name] = bytes(body).decode("utf-8", "replace")
        elif head.filename or body:  # a browser sends an empty one where nothing was chosen
            name = head.filename.replace("\\", "/").rpartition("/")[2]
            file = Upload(safe_name(name) or "document", bytes(body))
    _check((*fields, *fields.values()))
    return Form(fields, file)


def _check(texts: Iterable[str]) -> None:
    if any("\0" in text for text in texts):  # no text in PostgreSQL has it
        raise Problem(Type.MALFORMED_REQUEST, "The form has a character that no text has.")
