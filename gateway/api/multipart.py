"""multipart/form-data (RFC 7578), strictly and within bounds.

In charge of splitting a body that is in memory. Not in charge of what the parts mean. A body that
could be read two ways is refused: no closing boundary, a part without a name, a header twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

MOST_PARTS = 100
MOST_HEADER_BYTES = 8 * 1024  # of one part; what nginx and Node give a whole request


class Malformed(ValueError):
    """The body is not multipart/form-data; the text says why and may be shown."""


@dataclass(frozen=True, slots=True)
class FormPart:
    """One part. `media_type` is lower case, `text/plain` where none is stated (RFC 7578, 4.4)."""

    name: str
    filename: str | None
    media_type: str
    charset: str | None
    content: bytes


def parse(body: bytes, boundary: str) -> list[FormPart]:
    """Splits the body. Raises Malformed."""
    if not re.fullmatch(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]", boundary):
        raise Malformed("the boundary parameter is missing or not 1 to 70 characters (RFC 2046)")
    delimiter = b"\r\n--" + boundary.encode("ascii")
    # The first boundary may stand at the very start, so that every one has a line end before it.
    pieces = (b"\r\n" + body).split(delimiter, MOST_PARTS + 2)
    if len(pieces) < 2:
        raise Malformed("the boundary named in Content-Type is not in the body")
    parts: list[FormPart] = []
    for piece in pieces[1:]:
        if piece.startswith(b"--"):
            return parts
        if len(parts) == MOST_PARTS:
            raise Malformed(f"more than {MOST_PARTS} parts")
        padding, line_end, rest = piece.partition(b"\r\n")
        if not line_end or padding.strip(b" \t"):
            raise Malformed(f"part {len(parts)} does not begin on a line of its own")
        parts.append(_part(rest, len(parts)))
    raise Malformed("the closing boundary is missing: the body was cut off")


def header_value(text: str) -> tuple[str, dict[str, str]]:
    """Reads `form-data; name="a"`: the value and its parameters, names in lower case.

    Raises Malformed when it is not written as RFC 9110 (5.6.6) has it.
    """
    match = _VALUE.match(text)
    if match is None:
        raise Malformed("a header value is not well-formed")
    parameters: dict[str, str] = {}
    at = match.end()
    while at < len(text):
        found = _PARAMETER.match(text, at)
        if found is None or found[1].lower() in parameters:
            raise Malformed("a header has parameters that are not well-formed, or twice the same")
        quoted = found[2].startswith('"')
        value = re.sub(r"\\(.)", r"\1", found[2][1:-1]) if quoted else found[2]
        parameters[found[1].lower()] = value
        at = found.end()
    return match[1].lower(), parameters


_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105  (RFC 9110, 5.6.2: no secret)
_VALUE = re.compile(rf"[ \t]*({_TOKEN}(?:/{_TOKEN})?)[ \t]*")
_PARAMETER = re.compile(rf';[ \t]*({_TOKEN})=({_TOKEN}|"(?:[^"\\\r\n]|\\.)*")[ \t]*')


def _part(piece: bytes, n: int) -> FormPart:
    if piece.startswith(b"\r\n"):
        raise Malformed(f"part {n} has no Content-Disposition")
    head, gap, content = piece.partition(b"\r\n\r\n")
    if not gap:
        raise Malformed(f"part {n} has no empty line after its headers")
    headers = _headers(head, n)
    disposition, named = header_value(headers.get("content-disposition", ""))
    if disposition != "form-data" or not named.get("name"):
        raise Malformed(f"part {n} has no Content-Disposition: form-data with a name")
    if headers.get("content-transfer-encoding", "binary").lower() not in ("binary", "8bit", "7bit"):
        raise Malformed(f"part {n} has a Content-Transfer-Encoding (deprecated by RFC 7578, 4.7)")
    media_type, parameters = header_value(headers.get("content-type", "text/plain"))
    return FormPart(
        named["name"], _filename(named, n), media_type, parameters.get("charset"), content
    )


def _headers(head: bytes, n: int) -> Mapping[str, str]:
    if len(head) > MOST_HEADER_BYTES:
        raise Malformed(f"the headers of part {n} are larger than {MOST_HEADER_BYTES} bytes")
    try:
        lines = head.decode("utf-8").split("\r\n")
    except UnicodeDecodeError:
        raise Malformed(f"the headers of part {n} are not UTF-8") from None
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not re.fullmatch(_TOKEN, name) or re.search(r"[\x00-\x08\x0a-\x1f]", value):
            raise Malformed(f"part {n} has a header that is not well-formed")
        if name.lower() in headers:
            raise Malformed(f"part {n} has the header {name.lower()} twice")
        headers[name.lower()] = value.strip(" \t")
    return headers


def _filename(named: Mapping[str, str], n: int) -> str | None:
    # filename* is not for form-data (RFC 7578, 4.2), but clients send it. Browsers escape quotes
    # and line ends with %, other clients everything: an escape that is none stays as it is.
    charset, _, extended = named.get("filename*", "").partition("'")
    if charset and charset.lower() != "utf-8":
        raise Malformed(f"the file name of part {n} is not UTF-8")
    text = extended.partition("'")[2] if charset else named.get("filename")
    if text is None:
        return None
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed(f"the file name of part {n} is not UTF-8") from None
