"""An e-mail (RFC 5322 with MIME, RFC 2045 to 2049) as files.

In charge of which of its parts are files and what they are called. What people wrote is not: the
text of the mail in whatever form, pictures shown in it (they have a Content-ID), and signatures of
the mail itself. A mail in the mail is one file, and not searched. Names are made safe; the bytes of
a file are those that were sent, whatever charset the mail says they have.

The standard library reads it, with its oldest policy: that looks at no header but those asked for.
What it does more than once for each byte is bounded before. Pure.
"""

from __future__ import annotations

import email
import email.errors
import email.header
import re
from collections.abc import Iterator
from email.message import Message
from email.policy import compat32
from typing import Final

from gateway.intake.attachment import distinct, safe_name
from gateway.intake.contents import MOST_FILES, Contents, fault
from gateway.intake.kind import MAIL, is_document, media_type
from transports.base import File
from validators.findings import Finding

_RULE: Final = "GUARD-MAIL"

# An e-mail of 25 MB in base64 has 350,000 lines; the library asks each for every boundary around.
_MOST_LINES: Final = 600_000

# Of a header that says what a part is; no program writes more than a few hundred.
_MOST_HEADER_BYTES: Final = 8 * 1024

_LINE_END: Final = re.compile(rb"\r\n?|\n")
_TYPED: Final = re.compile(
    rb"(?:^|[\r\n])content-[a-z-]+[ \t]*:[^\r\n]*(?:(?:\r\n?|\n)[ \t][^\r\n]*)*", re.IGNORECASE
)
# Each may begin a part; in what is not encoded other lines may begin so too.
_BEGINS: Final = re.compile(rb"(?:^|[\r\n])--")
_MOST_BEGINNINGS: Final = 2_000

# Each makes the parser go a level deeper.
_DEEPER: Final = re.compile(rb"boundary|message/", re.IGNORECASE)

_ENCODINGS: Final = frozenset({"", "7bit", "8bit", "binary", "base64", "quoted-printable"})
_BROKEN: Final = (
    email.errors.InvalidBase64CharactersDefect,
    email.errors.InvalidBase64LengthDefect,
    email.errors.InvalidBase64PaddingDefect,
)
_PARTLY: Final = (
    email.errors.CloseBoundaryNotFoundDefect,
    email.errors.NoBoundaryInMultipartDefect,
    email.errors.StartBoundaryNotFoundDefect,
)
_CUT_OFF: Final = "The parts of the e-mail can not be told apart, or it was cut off."
_SIGNATURES: Final = frozenset(
    {
        "application/pgp-signature",
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
    }
)
_SHOWN: Final = frozenset({"text/plain", "text/html"})


def contents(content: bytes) -> Contents:
    """The files of an e-mail, or all that is wrong with it."""
    too_much = _too_much(content)
    if too_much is not None:
        return Contents(faults=(too_much,))
    message = email.message_from_bytes(content, policy=compat32)
    files: dict[str, File] = {}
    faults: list[Finding] = []
    for part in _parts(message):
        if part.get_content_maintype() == "multipart":
            faults.append(fault(_RULE, "", _CUT_OFF, _AGAIN))
            continue
        name = _name(part)
        body = _body(part)
        if body is None:
            text = "Its content is not what its Content-Transfer-Encoding says."
            faults.append(fault(_RULE, name or part.get_content_type(), text, _AGAIN))
        elif not body or (not _is_file(part, name) and not is_document(body)):
            continue
        else:
            name = distinct(name or f"attachment{_ending(part)}", files)
            files[name] = File(name, _stated(part, name), body)
    if faults:
        return Contents(faults=tuple(faults))
    if len(files) > MOST_FILES:
        return Contents(faults=(_many(len(files)),))
    if not files and not message.keys():
        text = "It is not an e-mail: there is no header."
        return Contents(faults=(fault(_RULE, "", text, _AGAIN),))
    return Contents(tuple(files.values()))


_AGAIN: Final = "Send the e-mail as the mail program saves it (.eml), with the files attached."


def _too_much(content: bytes) -> Finding | None:
    """What would cost the parser time out of proportion."""
    lines = sum(1 for _ in _LINE_END.finditer(content))
    if lines > _MOST_LINES:
        text = f"The e-mail has {lines} lines. At most {_MOST_LINES} are read."
        return fault(_RULE, "", text, "Send the files without the e-mail around them.")
    if any(len(found[0]) > _MOST_HEADER_BYTES for found in _TYPED.finditer(content)):
        text = f"A header of the e-mail is longer than {_MOST_HEADER_BYTES} bytes."
        return fault(_RULE, "", text, _AGAIN)
    begun = sum(1 for _ in _BEGINS.finditer(content))
    if begun > _MOST_BEGINNINGS:
        return _many(begun)
    depth = sum(1 for _ in _DEEPER.finditer(content))
    return _many(depth) if depth > MOST_FILES else None


def _many(count: int) -> Finding:
    text = f"The e-mail has {count} parts, or so many levels. At most {MOST_FILES} are looked at."
    return fault(_RULE, "", text, "Attach the invoice to a new e-mail of its own.")


def _parts(message: Message) -> Iterator[Message]:
    """The parts that hold something themselves, in order; a mail in the mail is one of them. One
    that should have parts of its own is among them where it is not whole."""
    if message.get_content_maintype() != "multipart":
        yield message
        return
    if not message.is_multipart() or any(isinstance(each, _PARTLY) for each in message.defects):
        yield message
    for part in _inner(message):
        yield from _parts(part)


def _inner(part: Message) -> list[Message]:
    held = part.get_payload()
    return [each for each in held if isinstance(each, Message)] if isinstance(held, list) else []


def _is_file(part: Message, name: str) -> bool:
    """Whether it is attached, and not shown as a part of the mail."""
    kind = part.get_content_type()
    attached = part.get_content_disposition() == "attachment"
    if kind in _SIGNATURES:
        return False
    if part.get_content_maintype() == "image" and part["content-id"]:
        return attached
    return attached or bool(name) or kind not in _SHOWN


def _body(part: Message) -> bytes | None:
    """The bytes of a part; None where they are not encoded as it says."""
    if part.get_content_maintype() == "message" and part.is_multipart():
        return b"".join(map(_written, _inner(part)))
    stated = str(part.get("content-transfer-encoding", "")).strip().lower()
    if stated not in _ENCODINGS:
        return None
    body = part.get_payload(decode=True)
    if any(isinstance(defect, _BROKEN) for defect in part.defects):
        return None
    return body if isinstance(body, bytes) else None


def _written(message: Message) -> bytes:
    try:
        return message.as_bytes()
    except (UnicodeError, LookupError, ValueError, TypeError, AttributeError):
        return b""  # the library cannot write everything that it reads


def _name(part: Message) -> str:
    """The file name of a part, made safe; empty where it has none."""
    try:
        stated = part.get_filename("")
        # Many programs write RFC 2047 where RFC 2231 is meant.
        pieces = email.header.decode_header(stated)
        told = "".join(
            piece.decode(charset or "utf-8", "replace") if isinstance(piece, bytes) else piece
            for piece, charset in pieces
        )
    except (email.errors.HeaderParseError, LookupError, UnicodeError, ValueError, TypeError):
        return ""
    return safe_name(told.encode("utf-8", "replace").decode())


def _ending(part: Message) -> str:
    return _ENDINGS.get(part.get_content_type(), "")


_ENDINGS: Final = {
    "application/xml": ".xml",
    "text/xml": ".xml",
    "application/json": ".json",
    "application/pdf": ".pdf",
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "text/csv": ".csv",
    "text/plain": ".txt",
    "text/html": ".html",
    MAIL: ".eml",
}


def _stated(part: Message, name: str) -> str:
    """The media type of a file; that of its name where the mail says nothing of use."""
    kind = part.get_content_type()
    by_name = media_type(name)
    vague = ("application/octet-stream", "text/plain")
    known = re.fullmatch(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,60}/[a-z0-9][a-z0-9!#$&^_.+-]{0,80}", kind)
    return kind if known and (kind not in vague or by_name == vague[0]) else by_name
