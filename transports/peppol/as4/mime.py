"""multipart/related of two parts, on bytes: the SOAP envelope, and the encrypted payload.

In charge of writing it; it is taken apart by `transports.mime`.
Source: RFC 2046 section 5.1, RFC 2387, SOAP with Attachments.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from transports import mime
from transports.mime import MOST_SOAP_BYTES, Malformed, Part, header_value
from transports.peppol.as4.names import SOAP_TYPE

__all__ = [
    "MOST_SOAP_BYTES",
    "Malformed",
    "Part",
    "content_type",
    "header_value",
    "parts",
    "split",
]

# Peppol sends one payload; a message with more parts is none of Peppol's.
MOST_PARTS: Final = 2


def content_type(boundary: str) -> str:
    """The Content-Type of the whole."""
    return f'multipart/related; boundary="{boundary}"; type="{SOAP_TYPE}"'


def parts(boundary: str, soap: bytes, content_id: str, payload: bytes) -> Iterator[bytes]:
    """The body, in pieces."""
    yield (
        f"--{boundary}\r\nContent-Type: {SOAP_TYPE}; charset=UTF-8\r\n"
        "Content-Transfer-Encoding: binary\r\n\r\n"
    ).encode()
    yield soap
    yield (
        f"\r\n--{boundary}\r\nContent-Type: application/octet-stream\r\n"
        f"Content-Transfer-Encoding: binary\r\nContent-ID: <{content_id}>\r\n\r\n"
    ).encode()
    yield payload
    yield f"\r\n--{boundary}--\r\n".encode()


def split(header: str, body: bytes) -> list[Part]:
    """The parts of a body whose Content-Type is `header`. Raises Malformed."""
    return mime.split(header, body, soap_type=SOAP_TYPE, most_parts=MOST_PARTS)
