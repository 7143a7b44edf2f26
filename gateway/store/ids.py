"""Ids: a prefix that says of what, and a UUIDv7 that sorts by the time it was made.

In charge of making and checking ids. The prefixes in use: `doc` document, `att` attempt, `evt`
event, `com` company. Source: RFC 9562, section 5.7.
"""

from __future__ import annotations

import os
import re
import struct
import threading
import time
from collections.abc import Iterator
from uuid import UUID

_ID = re.compile(
    r"([a-z]{2,8})_([0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})"
)

_lock = threading.Lock()
_last = 0


def _draw() -> Iterator[int]:
    # 512 at a time: each call of the system gives up the interpreter, and a busy process takes
    # milliseconds to give it back.
    while True:
        yield from struct.unpack("512Q", os.urandom(4096))


_random = _draw()


def uuid7() -> str:
    """A UUIDv7 as text; each one sorts after those made before in this process.

    The twelve bits after the milliseconds are the fraction of the millisecond (RFC 9562, 6.2,
    method 3). When two fall together, or the machine's clock goes back, the last value counts on.
    """
    global _last
    with _lock:
        _last = max(time.time_ns() * 4096 // 1_000_000, _last + 1)
        ticks, random = _last, next(_random)
    milliseconds, fraction = ticks >> 12, ticks & 0xFFF
    digits = f"{milliseconds:012x}7{fraction:03x}{0b10 << 62 | random >> 2:016x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def new_id(prefix: str) -> str:
    """A new id: `new_id("doc")` is `doc_0193...`."""
    return f"{prefix}_{uuid7()}"


def parse_id(text: str, prefix: str) -> UUID:
    """The UUID in an id of this prefix, spelt as `new_id` does. Raises ValueError for all else."""
    match = _ID.fullmatch(text)
    if match is None or match[1] != prefix:
        raise ValueError(f"an id of this kind looks like {prefix}_<uuid version 7, lower case>")
    return UUID(match[2])


def is_id(text: str, prefix: str) -> bool:
    """Whether the text is an id of this prefix."""
    match = _ID.fullmatch(text)
    return match is not None and match[1] == prefix
