"""Ids: a prefix that says of what, and a UUIDv7 that sorts by the time it was made.

The prefixes in use: `doc` document, `att` attempt, `evt` event, `com` company, `wrk` worker,
`wh` webhook endpoint.
Source: RFC 9562, section 5.7.
"""

from __future__ import annotations

import os
import struct
import threading
import time
from collections.abc import Iterator

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
