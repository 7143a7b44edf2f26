"""A line of a batch: one document in JSON, with the name and the key its sender gives it.

In charge of the shape of the line and of cutting the document out of it, byte for byte: what is
stored is what would have been handed in by itself. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import Field, create_model

from gateway.intake import shape
from gateway.intake.json_invoice import InvoiceShape
from gateway.intake.shape import TEXT, Shape
from gateway.intake.submission import DeliveryOptions, Refused

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=TEXT)]
Key = Annotated[str, Field(pattern=r"^[!-~]{1,255}$")]

LineShape: type[Shape] = create_model(
    "BatchLine",
    __base__=Shape,
    __doc__="One line of a batch.",
    invoice=(InvoiceShape, ...),
    delivery=(DeliveryOptions | None, None),
    id=(Name | None, None),
    idempotency_key=(Key | None, None),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the right shape. `content` is the document as a request body of its own."""

    content: bytes
    delivery: Mapping[str, Any]
    id: str | None
    idempotency_key: str | None


def read(content: bytes) -> Line | Refused:
    """Reads a line. Whatever the bytes, never raises; pointers are into the line."""
    body = shape.read(content, LineShape)
    if isinstance(body, tuple):
        return Refused(body)
    delivery, name, key = (getattr(body, field) for field in ("delivery", "id", "idempotency_key"))
    return Line(
        content if name is None and key is None else _document(content),
        delivery.model_dump(exclude_none=True) if delivery else {},
        name,
        key,
    )


def called(content: bytes) -> str | None:
    """What the sender calls a line of the wrong shape, if that much can be read."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return None
    name = body.get("id") if isinstance(body, dict) else None
    return name if isinstance(name, str) and 0 < len(name) <= _LONGEST else None


_LONGEST: Final = 200
_OF_DOCUMENT: Final = ("invoice", "delivery")


def _document(content: bytes) -> bytes:
    """The members that a request body of its own would have, as they were written."""
    text = content.decode("utf-8-sig")
    kept = (f'"{name}":{value}' for name, value in _members(text) if name in _OF_DOCUMENT)
    return f"{{{','.join(kept)}}}".encode()


def _members(text: str) -> Iterator[tuple[str, str]]:
    """The members of an object that is known to be one, and the text of each value."""
    at = text.index("{") + 1
    while True:
        at = _past_space(text, at)
        name, at = _DECODER.raw_decode(text, at)
        start = _past_space(text, _past_space(text, at) + 1)  # past the colon
        _, at = _DECODER.raw_decode(text, start)
        yield name, text[start:at]
        at = _past_space(text, at)
        if text[at] == "}":
            return
        at += 1  # past the comma


# Only where a value ends is asked; what it is has been read already.
_DECODER: Final = json.JSONDecoder(parse_int=len, parse_float=len)


def _past_space(text: str, at: int) -> int:
    while text[at] in " \t\n\r":
        at += 1
    return at
