"""Where work that is heavy on the processor is done: reading, checking, drawing.

In charge of the promise and of doing it in this process. `processes` does it in processes of their
own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, Protocol, TypeVar

T = TypeVar("T")

# Up to so many bytes, work is done where it is asked for: some ten milliseconds. A thread would
# not be faster: it fights the event loop for the interpreter, and both lose.
LITTLE_BYTES: Final = 64 * 1024


class WorkFailed(Exception):
    """The work raised, took too long or too much memory. The text is for operators."""


class NotLoaded(Exception):
    """A sealed process lacked a module, which it should have loaded before: a mistake of ours. It
    says nothing of what was in hand, so that it is no WorkFailed."""


class Workshop(Protocol):
    """A place to do pure work in."""

    async def run(self, size_bytes: int, work: Callable[..., T], *arguments: Any) -> T:
        """What `work(*arguments)` answers, of some `size_bytes` to be worked on.

        `work` is a function of a module, pure, with arguments and an answer that can be pickled; it
        may be done twice. Raises WorkFailed, NotLoaded, or what it raises.
        """
        ...


class InProcess:
    """Does little work at once and much in a thread. Nothing can be cut off here."""

    async def run(self, size_bytes: int, work: Callable[..., T], *arguments: Any) -> T:
        """What `work(*arguments)` answers, or raises."""
        if size_bytes <= LITTLE_BYTES:
            return work(*arguments)
        return await asyncio.to_thread(work, *arguments)


HERE: Final = InProcess()
