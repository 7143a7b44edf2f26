"""Reading now, or as soon as there is something to read."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from gateway.api.routes import Service

T = TypeVar("T")


async def poll(
    service: Service, topic: str, wait_s: float, read: Callable[[], Awaitable[Sequence[T]]]
) -> Sequence[T]:
    """Reads until something is there, or until the time is over or the gateway stops.

    Listens before each read, so that what is written in between is not missed. The time is the
    caller's own waiting time: it runs by the machine's clock, however the gateway's is moved.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + min(wait_s, service.limits.long_poll_s)
    closing = asyncio.ensure_future(service.closing.wait())
    try:
        while True:
            left = until - loop.time()
            written = asyncio.ensure_future(service.store.wait(topic, max(left, 0)))
            try:
                found = await read()
                if found or left <= 0 or service.closing.is_set():
                    return found
                await asyncio.wait((written, closing), return_when=asyncio.FIRST_COMPLETED)
            finally:
                written.cancel()
    finally:
        closing.cancel()
