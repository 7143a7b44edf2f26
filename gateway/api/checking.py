"""The shape of small XML documents, checked for many callers at once.

In charge of where and when. Not in charge of the shape (`gateway.intake.submission`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.batching import Batching
from gateway.intake.submission import Refused, check
from transports.base import File

_MOST_AT_ONCE = 32

Checked = Mapping[str, Any] | Refused


@dataclass(frozen=True, slots=True)
class _Unit:
    original: File
    any_document: bool
    future: asyncio.Future[Checked]


class Checking:
    """Checks in a thread what comes together.

    libxml2 works without the interpreter, so the event loop goes on meanwhile; and one document
    right after another takes half the time that each takes in between requests. JSON gains nothing:
    its parser keeps the interpreter to itself.
    """

    def __init__(self) -> None:
        self._units = Batching(_start, _MOST_AT_ONCE)

    async def check(self, original: File, *, any_document: bool) -> Checked:
        """What `gateway.intake.submission.check` answers."""
        future: asyncio.Future[Checked] = asyncio.get_running_loop().create_future()
        self._units.add(_Unit(original, any_document, future))
        return await future


def _start(units: list[_Unit]) -> None:
    if len(units) == 1:  # who comes alone would only wait for the thread
        _answer(units, _check(units))
    else:
        checked = asyncio.get_running_loop().run_in_executor(None, _check, units)
        checked.add_done_callback(lambda checked: _answer(units, checked.result()))


def _check(units: Sequence[_Unit]) -> list[Checked]:
    return [check(unit.original, any_document=unit.any_document) for unit in units]


def _answer(units: Sequence[_Unit], results: Sequence[Checked]) -> None:
    for unit, result in zip(units, results, strict=True):
        if not unit.future.done():  # the caller has gone away
            unit.future.set_result(result)
