"""multipart/form-data (RFC 7578), strictly and within bounds, as the bytes come.

In charge of splitting a body. Not in charge of what the parts mean, nor of keeping their content. A
body that could be read two ways is refused: no closing boundary, a part without a name, a header
twice. Without I/O.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import unquote_to_bytes

MOST_PARTS = 100
MOST_HEADER_BYTES = 8 * 1024  # of one part; what nginx and Node give a whole request


class Malformed(ValueError):
    """The body is not multipart/form-data; the text says why and may be shown."""


@dataclass(frozen=True, slots=True)
class FormPart:
    """What stands at the head of a part. `media_type` is lower case, `text/plain` where none is
    stated (RFC 7578, 4.4)."""

    name: str
    filename: str | None
    media_type: str
    charset: str | None


class _In(Enum):
    PREAMBLE = auto()
    BOUNDARY = auto()  # right after one
    HEAD = auto()
    CONTENT = auto()
    EPILOGUE = auto()


class Splitter:
    """Splits a body: `feed` it as it comes, then `finish`. Both raise Malformed.

    `feed` gives out a FormPart where a part begins, followed by the pieces of its content.
    """

    def __init__(self, boundary: str) -> None:
        if not re.fullmatch(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]", boundary):
            raise Malformed(
                "the boundary parameter is missing or not 1 to 70 characters (RFC 2046)"
            )
        self._delimiter = b"\r\n--" + boundary.encode("ascii")
        # The first boundary may stand at the very start, so that every one has a line end before.
        self._held = bytearray(b"\r\n")
        self._where = _In.PREAMBLE
        self._parts = 0

    def feed(self, content: bytes) -> Iterator[FormPart | bytes]:
        """What the next bytes bring."""
        self._held += content
        going_on = True
        while going_on:
            match self._where:
                case _In.PREAMBLE | _In.CONTENT:
                    piece, going_on = self._to_boundary()
                    if piece and self._where is not _In.PREAMBLE:
                        yield piece
                    if going_on:
                        self._where = _In.BOUNDARY
                case _In.BOUNDARY:
                    going_on = self._begin()
                case _In.HEAD:
                    part = self._head()
                    if part is not None:
                        yield part
                    going_on = part is not None
                case _In.EPILOGUE:
                    self._held.clear()
                    going_on = False

    def finish(self) -> None:
        """The body has ended."""
        if self._where is _In.PREAMBLE:
            raise Malformed("the boundary named in Content-Type is not in the body")
        if self._where is not _In.EPILOGUE:
            raise Malformed("the closing boundary is missing: the body was cut off")

    def _to_boundary(self) -> tuple[bytes, bool]:
        """The bytes before the next boundary, and whether it is there already."""
        at = self._held.find(self._delimiter)
        if at < 0:  # its beginning may be there
            size = max(len(self._held) - len(self._delimiter) + 1, 0)
            piece = bytes(self._held[:size])
            del self._held[:size]
            return piece, False
        piece = bytes(self._held[:at])
        del self._held[: at + len(self._delimiter)]
        return piece, True

    def _begin(self) -> bool:
        """Whether it is known what follows a boundary: a part or the end."""
        if self._held.startswith(b"--"):
            self._where = _In.EPILOGUE
            return True
        end = self._held.find(b"\r\n")
        padding = self._held if end < 0 else self._held[:end]
        if end < 0 and len(padding) < 2:
            return False
        whole = padding if end >= 0 else padding.removesuffix(b"\r")
        if whole.strip(b" \t") or len(padding) > MOST_HEADER_BYTES:
            raise Malformed(f"part {self._parts} does not begin on a line of its own")
        if end < 0:
            return False
        if self._parts == MOST_PARTS:
            raise Malformed(f"more than {MOST_PARTS} parts")
        del self._held[: end + 2]
        self._where = _In.HEAD
        return True

    def _head(self) -> FormPart | None:
        """The head of a part once all of it is there."""
        if self._held.startswith(b"\r\n"):
            raise Malformed(f"part {self._parts} has no Content-Disposition")
        end = self._held.find(b"\r\n\r\n")
        if (end if end >= 0 else len(self._held)) > MOST_HEADER_BYTES:
            raise Malformed(
                f"the headers of part {self._parts} are larger than {MOST_HEADER_BYTES} bytes"
            )
        boundary = self._held.find(self._delimiter)
        # The line end of a boundary is its own: it is not the empty line too.
        if 0 <= boundary < end + 4 or (end < 0 <= boundary):
            raise Malformed(f"part {self._parts} has no empty line after its headers")
        if end < 0 or len(self._held) < end + 2 + len(self._delimiter):
            return None
        part = _part(bytes(self._held[:end]), self._parts)
        del self._held[: end + 4]
        self._parts += 1
        self._where = _In.CONTENT
        return part


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


def _part(head: bytes, n: int) -> FormPart:
    headers = _headers(head, n)
    disposition, named = header_value(headers.get("content-disposition", ""))
    if disposition != "form-data" or not named.get("name"):
        raise Malformed(f"part {n} has no Content-Disposition: form-data with a name")
    if headers.get("content-transfer-encoding", "binary").lower() not in ("binary", "8bit", "7bit"):
        raise Malformed(f"part {n} has a Content-Transfer-Encoding (deprecated by RFC 7578, 4.7)")
    media_type, parameters = header_value(headers.get("content-type", "text/plain"))
    return FormPart(named["name"], _filename(named, n), media_type, parameters.get("charset"))


def _headers(head: bytes, n: int) -> Mapping[str, str]:
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
