"""A message that came in, taken apart one level deep: headers, and what is between the boundaries.

In charge of bounds: every byte is looked at a few times, nothing nests, and what is longer than any
mail server writes is malformed. Not in charge of what the parts mean (`notices`). Pure.
Source: RFC 5322 2.2 (headers, folding), RFC 2046 5.1 (boundaries).
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from email.utils import collapse_rfc2231_value
from typing import Final

_MOST_HEADER_BYTES: Final = 64 * 1024  # of all headers of a part; few have 10 KB
_MOST_FIELD_BYTES: Final = 8 * 1024
_MOST_PARTS: Final = 20

_FIELD: Final = re.compile(rb"([!-9;-~]{1,100})[ \t]*:(.*)", re.DOTALL)
_LINE_END: Final = re.compile(rb"\r?\n")


class Malformed(ValueError):
    """It is not a message, or not one that anybody writes."""


@dataclass(frozen=True, slots=True)
class Headers:
    """Header fields by lower-case name, unfolded, in the order of their coming."""

    fields: Mapping[str, Sequence[str]]

    def get(self, name: str) -> str:
        """The first of that name, "" where there is none."""
        return self.all(name)[0] if self.all(name) else ""

    def all(self, name: str) -> Sequence[str]:
        """All of that name."""
        return self.fields.get(name.lower(), ())

    @property
    def content_type(self) -> str:
        """Type and subtype, in lower case."""
        return self._typed().get_content_type()

    def parameter(self, name: str) -> str:
        """A parameter of the content type, "" where it has none."""
        found = self._typed().get_param(name)
        return "" if found is None else collapse_rfc2231_value(found)

    def _typed(self) -> Message:
        message = Message()
        message["Content-Type"] = self.get("content-type") or "text/plain"
        return message


@dataclass(frozen=True, slots=True)
class Part:
    """A message, or a part of one. `body` is as it was sent."""

    headers: Headers
    body: bytes

    def decoded(self) -> bytes:
        """The body without its transfer encoding."""
        match self.headers.get("content-transfer-encoding").strip().lower():
            case "base64":
                try:
                    return base64.b64decode(self.body)
                except (binascii.Error, ValueError) as error:
                    raise Malformed("a part is not in the base64 that it says") from error
            case "quoted-printable":
                return quopri.decodestring(self.body)
        return self.body

    def parts(self) -> tuple[Part, ...]:
        """What is between the boundaries; none where it has no boundary. The last may be cut off.

        Raises Malformed.
        """
        boundary = self.headers.parameter("boundary")
        if not boundary or not self.headers.content_type.startswith("multipart/"):
            return ()
        mark = re.escape(boundary[:200].encode("utf-8", "replace"))
        pieces: list[bytes] = []
        start = None
        between = rb"(?:\A|\r?\n)--" + mark + rb"(--)?[ \t]*\r?(?=\n|\Z)"
        for found in re.finditer(between, self.body):
            if start is not None:
                pieces.append(self.body[start : found.start()])
            start = found.end()
            if len(pieces) > _MOST_PARTS:
                raise Malformed(f"it has more than {_MOST_PARTS} parts")
            if found[1]:
                start = None
                break
        if start is not None:
            pieces.append(self.body[start:])
        return tuple(read(piece.removeprefix(b"\n")) for piece in pieces)


def read(content: bytes) -> Part:
    """A message, or a part of one. Raises Malformed."""
    found = re.search(rb"(?:\A|\n)\r?\n", content[: _MOST_HEADER_BYTES + 4])
    if found is None:
        if len(content) > _MOST_HEADER_BYTES:
            raise Malformed(f"its headers are longer than {_MOST_HEADER_BYTES} bytes")
        return Part(headers(content), b"")
    return Part(headers(content[: found.start()]), content[found.end() :])


def headers(block: bytes) -> Headers:
    """Header fields, one after the other; a line that is none is passed over. Raises Malformed."""
    fields: dict[str, list[str]] = {}
    folded: list[bytes] = []
    for line in _LINE_END.split(block[:_MOST_HEADER_BYTES]):
        if line[:1] in (b" ", b"\t") and folded:
            folded.append(line)
            continue
        _keep(folded, fields)
        folded = [line]
    _keep(folded, fields)
    return Headers(fields)


def _keep(folded: Sequence[bytes], fields: dict[str, list[str]]) -> None:
    whole = b"".join(folded)
    if len(whole) > _MOST_FIELD_BYTES:
        raise Malformed(f"a header of it is longer than {_MOST_FIELD_BYTES} bytes")
    found = _FIELD.fullmatch(whole)
    if found is not None:
        value = found[2].decode("utf-8", "backslashreplace").replace("\x00", "").strip()
        fields.setdefault(found[1].decode("ascii").lower(), []).append(value)
