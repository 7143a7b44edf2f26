"""Who is at the other end of a channel in the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Partner:
    """A server on loopback at the other end of a channel.

    `channel` is the section of the settings that leads there; `section` its
    settings, once it is up. `received` is what it has taken, a
    row for each, the oldest first, without personal numbers. It has `name` in `/received`.
    """

    channel: str
    name: str
    title: str
    server: AbstractAsyncContextManager[Any]
    section: Callable[[], Mapping[str, Any]]
    received: Callable[[], Sequence[Row]]
