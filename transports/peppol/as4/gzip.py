"""gzip of payloads: the same bytes give the same bytes, and a bomb does not go off.

isal does both some five times as fast as zlib and is used where it is installed.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

# The same functions as zlib's; optional: requirement `budkavle[fast]`.
_ISAL = find_spec("isal") is not None
_zlib: Any = import_module("isal.isal_zlib") if _ISAL else zlib

_GZIP = 31  # wbits: deflate in gzip's frame; its time field is 0
_LEVEL = 2 if _ISAL else 6  # each library's own middle

# XML that is mostly base64 shrinks little; 200 is more than invoices of 20,000 equal lines reach.
MOST_RATIO = 200
_FREE_BYTES = 1 << 20  # below this no ratio is looked at
_PIECE = 1 << 16


class TooLarge(ValueError):
    """It unpacks to more than is allowed."""


class Damaged(ValueError):
    """It is no gzip, or is cut off."""


def pack(content: bytes) -> bytes:
    """The bytes in gzip's frame, without time or name."""
    packer = _zlib.compressobj(_LEVEL, _zlib.DEFLATED, _GZIP)
    return b"".join((packer.compress(content), packer.flush()))


def unpack(content: bytes, limit: int) -> bytearray:
    """The bytes out of it, at most `limit`. Raises TooLarge and Damaged."""
    unpacker = _zlib.decompressobj(_GZIP)
    unpacked = bytearray()  # it grows in its place: pieces would all be there twice when joined
    for piece in _pieces(content):
        try:
            unpacked += unpacker.decompress(piece, limit - len(unpacked) + 1)
        except _zlib.error as error:
            raise Damaged(f"not gzip: {error}") from None
        size = len(unpacked)
        if size > limit or unpacker.unconsumed_tail:
            raise TooLarge(f"it unpacks to more than {limit} bytes")
        if size > _FREE_BYTES and size > MOST_RATIO * len(content):
            raise TooLarge(f"it unpacks to more than {MOST_RATIO} times its size")
        if unpacker.eof:
            break
    if not unpacker.eof:
        raise Damaged("the gzip data are cut off")
    if unpacker.unused_data or not unpacked:
        raise Damaged("something stands after the gzip data" if unpacked else "it is empty")
    return unpacked


def _pieces(content: bytes) -> Iterable[memoryview]:
    view = memoryview(content)
    return (view[at : at + _PIECE] for at in range(0, len(content), _PIECE))
