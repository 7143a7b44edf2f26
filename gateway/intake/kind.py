"""What a file is, told by its content: the name and the label that it came with may lie.

In charge of the media types that are taken and of knowing a document by how it begins. Not in
charge of reading it (`submission`), nor of what may be attached (`attachment`).
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Final

from schemas import forms
from schemas.forms import Form
from validators import guard

JSON: Final = "application/json"
XML: Final = frozenset({"application/xml", "text/xml"})
ZIP: Final = "application/zip"
MAIL: Final = "message/rfc822"
PDF: Final = "application/pdf"

# What holds a document and other files.
PACKAGES: Final = (ZIP, MAIL, PDF)

# A submission has two members, so that its first is one of them.
_SUBMISSION: Final = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"(?:invoice|delivery)"\s*:')

_BEFORE_ROOT: Final = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*(?:\[.*?\]\s*)?>)*", re.DOTALL
)
_ROOT: Final = re.compile(rb"<(?:([A-Za-z_][\w.-]*):)?([A-Za-z_][\w.-]*)((?:\s[^<>]*)?)/?>")
_LONGEST_HEAD: Final = guard.LONGEST_PROLOG + 8 * 1024

# "%PDF-" may have so many bytes before it (ISO 32000-1, Annex H, note 13).
_JUNK_BYTES: Final = 1024

# By their endings; not `mimetypes`, which asks the machine it runs on. Where the content says more,
# it counts (`gateway.intake.content`).
_OFFICE: Final = "application/vnd.openxmlformats-officedocument."
_MEDIA_TYPES: Final = {
    ".pdf": PDF,
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".xml": "application/xml",
    ".json": JSON,
    ".csv": "text/csv",
    ".txt": "text/plain",
    ".htm": "text/html",
    ".html": "text/html",
    ".zip": ZIP,
    ".eml": MAIL,
    ".doc": "application/msword",
    ".xls": "application/vnd.ms-excel",
    ".docx": f"{_OFFICE}wordprocessingml.document",
    ".xlsx": f"{_OFFICE}spreadsheetml.sheet",
    ".pptx": f"{_OFFICE}presentationml.presentation",
    ".odt": "application/vnd.oasis.opendocument.text",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
}


def is_document(content: bytes) -> bool:
    """Whether it begins as something that can be handed in: XML by its root, or a submission."""
    return is_submission(content) or forms.by_root(root_of(content) or "") not in _NONE


def is_submission(content: bytes) -> bool:
    """Whether it is JSON that begins as a submission does."""
    return _SUBMISSION.match(content[:_LONGEST_HEAD]) is not None


_NONE: Final = (None, Form.OBJECT_ENVELOPE)  # the envelope goes with an invoice


def root_of(content: bytes) -> str | None:
    """The root element of XML as `{namespace}name`, as far as its first tag says it; None where it
    is no XML. What stands before it is passed over, even a DOCTYPE: that is the guard's."""
    head = guard.as_bytewise(content)[:_LONGEST_HEAD]
    before = _BEFORE_ROOT.match(head)
    found = _ROOT.match(head, before.end() if before else 0)
    if found is None:
        return None
    prefix, name, attributes = found.groups()
    declared = b"xmlns" + (b":" + re.escape(prefix) if prefix else b"")
    space = re.search(rb"\s" + declared + rb"""\s*=\s*(?:"([^"]*)"|'([^']*)')""", attributes)
    namespace = (space[1] or space[2] or b"") if space else b""
    local = name.decode("utf-8", "replace")
    return f"{{{namespace.decode('utf-8', 'replace')}}}{local}" if namespace else local


def is_pdf(content: bytes) -> bool:
    """Whether it says that it is a PDF."""
    return b"%PDF-" in content[: _JUNK_BYTES + 5]


def media_type(name: str) -> str:
    """The media type that the ending of a name stands for."""
    return _MEDIA_TYPES.get(PurePath(name).suffix.lower(), "application/octet-stream")
