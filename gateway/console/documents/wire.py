"""Bytes that went over the wire, as people read them: XML indented, MIME and HTTP part by part.

Whatever the bytes are, it answers, within bounds; what is no text is named by its size and hash.
Pure; worth a thread.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from hashlib import sha256
from typing import Final

from lxml import etree

MOST_CHARACTERS: Final = 200_000  # of one page: what a browser shows at once
MOST_PARSED: Final = 4 * 1024 * 1024  # bytes; more is shown as it is
_MOST_PARTS: Final = 50
_DEEPEST: Final = 8

HIDDEN: Final = "********"
# Values that let somebody in: in a head, a form or JSON.
_SECRET: Final = re.compile(
    r"(?im)^((?:proxy-)?authorization|cookie|set-cookie|x-api-key)(\s*:\s*)(.+)$"
)
_TEXTS: Final = re.compile(
    r"text/|message/|application/(?:http|json|.*\+json|x-www-form-urlencoded)"
)
_XML: Final = re.compile(r"(?:text|application)/(?:.*\+)?xml")
_JSON: Final = re.compile(r"application/(?:.*\+)?json")


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of what went over the wire. `kind`: head, xml, json, text or binary, which has no
    text here. `left_out`: characters that were not shown any more."""

    kind: str
    title: str  # its media type
    text: str
    size_bytes: int
    sha256: str
    left_out: int = 0


def pieces(
    content: bytes, media_type: str, *, hidden: Collection[str] = (), most: int = MOST_CHARACTERS
) -> tuple[Piece, ...]:
    """What the bytes say. `hidden`: values that are not shown, such as personal numbers."""
    found = _opened(content, media_type.lower(), 0)[:_MOST_PARTS]
    shown = []
    left = most
    for piece in found:
        text = masked(piece.text, hidden)
        shown.append(replace(piece, text=text[:left], left_out=max(0, len(text) - left)))
        left = max(0, left - len(text))
    return tuple(shown)


def masked(text: str, hidden: Collection[str]) -> str:
    """The text without what nobody is to see."""
    for value in sorted(filter(None, hidden), key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    return _SECRET.sub(rf"\1\2{HIDDEN}", text)


def numbers(*given: str | None) -> frozenset[str]:
    """The ways in which personal numbers are written, to be hidden."""
    ways: set[str] = set()
    for value in filter(None, given):
        plain = re.sub(r"[^0-9A-Za-z]", "", value)
        if len(plain) < 6:
            continue
        ways |= {value, plain}
        if re.fullmatch(r"[0-9]{12}", plain):  # Swedish, with the century
            ways |= {plain[2:], f"{plain[:8]}-{plain[8:]}", f"{plain[2:8]}-{plain[8:]}"}
        elif re.fullmatch(r"[0-9]{10}", plain):
            ways.add(f"{plain[:6]}-{plain[6:]}")
        elif re.fullmatch(r"[0-9]{11}", plain):  # Norwegian
            ways.add(f"{plain[:6]} {plain[6:]}")
    return frozenset(ways)


def _opened(content: bytes, media_type: str, depth: int) -> list[Piece]:
    essence = media_type.partition(";")[0].strip()
    if len(content) > MOST_PARSED:
        return [_plain(content, media_type)]
    if essence.startswith("multipart/") or essence == "message/rfc822":
        parts = _mime(content, media_type, depth)
        if parts:
            return parts
    if essence == "application/http" or content.startswith((b"HTTP/1.", b"HTTP/2")):
        return _http(content, depth)
    looks = content.lstrip()[:5]
    if _XML.fullmatch(essence) or looks.startswith((b"<?xml", b"\xef\xbb\xbf<")):
        text = indented(content)
        if text is not None:
            return [_of("xml", essence, text, content)]
    if _JSON.fullmatch(essence):
        try:
            text = json.dumps(json.loads(content), indent=2, ensure_ascii=False)
            return [_of("json", essence, text, content)]
        except (ValueError, RecursionError):
            pass
    return [_plain(content, media_type)]


def indented(content: bytes) -> str | None:
    """XML with a line for each element; None where it is none, or none that is opened."""
    # No DTD, no entities, no network, as the guard of documents has it; never a huge tree.
    if len(content) > MOST_PARSED or b"<!DOCTYPE" in content:
        return None
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_blank_text=True,
    )
    try:
        root = etree.fromstring(content, parser)
        etree.indent(root, "  ")
        return etree.tostring(root, encoding="unicode")
    except (etree.XMLSyntaxError, ValueError):
        return None


def _http(content: bytes, depth: int) -> list[Piece]:
    head, parted, body = content.partition(b"\r\n\r\n")
    if not parted:
        head, parted, body = content.partition(b"\n\n")
    text = head.decode("utf-8", "replace")
    pieces = [_of("head", "HTTP", text, head)]
    stated = re.search(r"(?im)^content-type\s*:\s*(.+)$", text)
    if body:
        media_type = stated[1].strip().lower() if stated else "text/plain"
        pieces += _opened(body, media_type, depth + 1)
    return pieces


def _mime(content: bytes, media_type: str, depth: int) -> list[Piece]:
    """The parts of a message; none where it can not be taken apart."""
    if depth >= _DEEPEST:
        return []
    if media_type.startswith("multipart/"):
        stated = re.sub(r"[\r\n]", " ", media_type).encode("utf-8", "replace")
        start = content.lstrip(b"\r\n")
        boundary = re.match(rb"--([^\r\n]{1,70})\r?\n", start)
        if boundary is not None:  # as it stands in the bytes: `media_type` may be in other letters
            essence = stated.partition(b";")[0]
            stated = essence + b'; boundary="' + boundary[1].strip() + b'"'
        content = b"Content-Type: " + stated + b"\r\n\r\n" + content
    message = BytesParser(policy=compat32).parsebytes(content)
    if not message.is_multipart() and media_type.startswith("multipart/"):
        return []
    return _parts(message, depth, outermost=media_type.startswith("multipart/"))


def _parts(message: Message, depth: int, *, outermost: bool = False) -> list[Piece]:
    pieces: list[Piece] = []
    head = "\n".join(f"{name}: {value}" for name, value in message.items())
    if head and not outermost:
        raw = head.encode("utf-8", "replace")
        pieces.append(_of("head", message.get_content_type(), head, raw))
    if message.is_multipart():
        if depth < _DEEPEST:
            inner = message.get_payload()
            for part in inner[:_MOST_PARTS] if isinstance(inner, list) else ():
                if isinstance(part, Message):
                    pieces += _parts(part, depth + 1)
        return pieces
    payload = message.get_payload(decode=True)
    body = payload if isinstance(payload, bytes) else b""
    charset = message.get_content_charset() or "utf-8"
    pieces += _opened(body, f"{message.get_content_type()}; charset={charset}", depth + 1)
    return pieces


def _plain(content: bytes, media_type: str) -> Piece:
    essence = media_type.partition(";")[0].strip()
    stated = re.search(r"charset=\"?([a-z0-9_-]{1,40})", media_type)
    if b"\0" not in content[:4096] and (_TEXTS.match(essence) or _is_text(content)):
        try:
            text = content.decode(stated[1] if stated else "utf-8", "replace")
        except LookupError:  # a character set that nobody knows
            text = content.decode("utf-8", "replace")
        return _of("text", essence, text, content)
    return _of("binary", essence, "", content)


def _is_text(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in content


def _of(kind: str, title: str, text: str, content: bytes) -> Piece:
    return Piece(kind, title, text, len(content), sha256(content).hexdigest())
