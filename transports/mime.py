"""multipart/related on bytes: a SOAP envelope, and the files that go with it.

In charge of taking it apart strictly: what could be read two ways is refused. How many parts there
may be, and of which kind the first one is, is each channel's own.
Source: RFC 2046 section 5.1, RFC 2387, SOAP with Attachments.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

MOST_HEADER_BYTES: Final = 8 * 1024
MOST_SOAP_BYTES: Final = 1024 * 1024

_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_NAME = re.compile(_WORD)
_VALUE = re.compile(rf"{_WORD}/{_WORD}")
_PARAMETER = re.compile(rf'[ \t]*;[ \t]*({_WORD})=(?:({_WORD})|"((?:[^"\\]|\\.)*)")[ \t]*')
_QUOTED = re.compile(r"\\(.)")
_FOLD = re.compile(r"\r\n(?=[ \t])")


class Malformed(ValueError):
    """It is not the multipart body that it should be; the text says why."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its headers by name in lower case, and its bytes where they lie."""

    headers: Mapping[str, str]
    content: memoryview

    @property
    def content_id(self) -> str:
        """The name that `cid:` goes by; "" when it has none."""
        return self.headers.get("content-id", "").removeprefix("<").removesuffix(">")


@lru_cache(maxsize=64)  # all but boundaries are the same again and again
def header_value(text: str) -> tuple[str, Mapping[str, str]]:
    """The media type in lower case, and its parameters. Raises Malformed."""
    text = text.strip()
    match = _VALUE.match(text)
    if match is None:
        raise Malformed("Content-Type is missing or can not be read")
    parameters: dict[str, str] = {}
    at = match.end()
    while at < len(text):
        parameter = _PARAMETER.match(text, at)
        if parameter is None or parameter[1].lower() in parameters:
            raise Malformed("Content-Type has a parameter that can not be read, or has one twice")
        name, value, quoted = parameter.groups()
        if value is None:
            value = _QUOTED.sub(r"\1", quoted) if "\\" in quoted else quoted
        parameters[name.lower()] = value
        at = parameter.end()
    return match[0].lower(), parameters


def split(header: str, body: bytes, *, soap_type: str, most_parts: int) -> list[Part]:
    """The parts of a body whose Content-Type is `header`; the first is of `soap_type`, and all the
    others have names. Raises Malformed."""
    media_type, parameters = header_value(header)
    boundary = parameters.get("boundary", "")
    if media_type != "multipart/related" or parameters.get("type", soap_type) != soap_type:
        raise Malformed(f"Content-Type is not multipart/related with a type of {soap_type}")
    if not _BOUNDARY.fullmatch(boundary):
        raise Malformed("the boundary is missing, or is none (RFC 2046)")
    delimiter = f"--{boundary}".encode()
    at = 2 if body.startswith(b"\r\n") else 0
    if not body.startswith(delimiter, at):
        raise Malformed("the body does not begin with the boundary")
    at += len(delimiter)
    found: list[Part] = []
    view = memoryview(body)
    while True:
        if body.startswith(b"--", at):
            if body[at + 2 : at + 2 + MOST_HEADER_BYTES].strip() or len(body) > at + 4096:
                raise Malformed("something stands after the closing boundary")
            return _checked(found, parameters, soap_type)
        line_end = body.find(b"\r\n", at)
        if line_end < 0 or body[at:line_end].strip(b" \t"):
            raise Malformed("a boundary is not on a line of its own")
        if len(found) == most_parts:
            raise Malformed(f"it has more than {most_parts} parts")
        next_at = body.find(b"\r\n" + delimiter, line_end)
        if next_at < 0:
            raise Malformed("the closing boundary is missing: the body was cut off")
        found.append(_part(view, body, line_end + 2, next_at))
        at = next_at + 2 + len(delimiter)


def _part(view: memoryview, body: bytes, start: int, end: int) -> Part:
    head_end = body.find(b"\r\n\r\n", start - 2, min(end, start + MOST_HEADER_BYTES))
    if head_end < 0:
        raise Malformed("the headers of a part do not end, or are too long")
    headers: dict[str, str] = {}
    text = _FOLD.sub("", body[start:head_end].decode("utf-8", "replace"))
    for line in text.split("\r\n") if text else ():
        name, colon, value = line.partition(":")
        if not (colon and _NAME.fullmatch(name)):
            raise Malformed("a part has a header that can not be read")
        name = name.lower()
        if name in headers:
            raise Malformed(f"a part has {name} twice")
        headers[name] = value.strip(" \t")
    encoding = headers.get("content-transfer-encoding", "binary").lower()
    if encoding not in ("binary", "8bit", "7bit"):
        raise Malformed(f"a part is transferred as {encoding[:20]}, not as binary")
    return Part(headers, view[head_end + 4 : end])


def _checked(found: list[Part], parameters: Mapping[str, str], soap_type: str) -> list[Part]:
    if not found:
        raise Malformed("it has no parts")
    soap = found[0]
    start = parameters.get("start", "").removeprefix("<").removesuffix(">")
    if start and start != soap.content_id:
        raise Malformed("the first part is not the one that `start` names")
    if header_value(soap.headers.get("content-type", ""))[0] != soap_type:
        raise Malformed(f"the first part is not {soap_type}")
    if len(soap.content) > MOST_SOAP_BYTES:
        raise Malformed(f"the SOAP part has more than {MOST_SOAP_BYTES} bytes")
    names = [part.content_id for part in found[1:]]
    if not all(names) or len(names) != len(set(names)):
        raise Malformed("a part has no Content-ID, or two have the same")
    return found
