"""What a document is handed in as: its media type, the files beside it, the form that has both."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp


@dataclass(frozen=True, slots=True)
class Attached:
    """A file to be sent with a document."""

    name: str
    media_type: str
    content: bytes


def attached(path: Path) -> Attached:
    """A file on disk as an attachment; the media type is told by the name's ending."""
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Attached(path.name, kind, path.read_bytes())


def media_type_of(content: bytes) -> str:
    """The media type to hand a document in as, by how it begins."""
    start = content[:_BEGINNING].lstrip(b"\xef\xbb\xbf \t\r\n")
    for beginning, media_type in _BEGINNINGS:
        if re.match(beginning, start):
            return media_type
    return "application/xml"


_BEGINNING = 2 * 1024
_BEGINNINGS = (
    (rb"\{", "application/json"),
    (rb"PK\x03\x04", "application/zip"),
    (rb"%PDF-", "application/pdf"),
    (rb"(From .*\r?\n)?[A-Za-z][A-Za-z0-9-]*:[ \t\r\n]", "message/rfc822"),
)


def form(
    content: bytes,
    media_type: str,
    delivery: Mapping[str, Any] | None,
    attachments: Sequence[Attached],
) -> aiohttp.MultipartWriter:
    """The document and what goes beside it as a multipart body."""
    form = aiohttp.MultipartWriter("form-data")
    part = form.append(content, {"Content-Type": media_type})
    part.set_content_disposition("form-data", name="document")
    if delivery is not None:
        part = form.append_json(dict(delivery))
        part.set_content_disposition("form-data", name="delivery")
    for file in attachments:
        part = form.append(file.content, {"Content-Type": file.media_type})
        part.set_content_disposition("form-data", name="attachment", filename=file.name)
    return form
