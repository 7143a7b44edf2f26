"""The shape of small XML documents, checked for many callers at once.

In charge of where and when. Not in charge of the shape (`gateway.intake.submission`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from gateway.batching import Batching
from gateway.intake.submission import Refused, check
from transports.base import File

_MOST_AT_ONCE = 32

Checked = Mapping[str, Any] | Refused


class Check(Protocol):
    """What `gateway.intake.submission.check` is."""

    def __call__(self, original: File, /, *, any_document: bool) -> Checked:
        """The wishes for a document's delivery, or all that is wrong with its shape."""
        ...


@dataclass(frozen=True, slots=True)
class _Unit:
    original: File
    any_document: bool
    future: asyncio.Future[Checked | Exception]


class Checking:
    """Checks in a thread what comes together.

    libxml2 works without the interpreter, so the event loop goes on meanwhile; and one document
    right after another takes half the time that each takes in between requests. JSON gains nothing:
    its parser keeps the interpreter to itself.
    """

    def __init__(self, check: Check = check) -> None:
        self._check = check
        self._units = Batching(self._start, _MOST_AT_ONCE)

    async def check(self, original: File, *, any_document: bool) -> Checked:
        """What the check of this one document answers, or raises."""
        future: asyncio.Future[Checked | Exception] = asyncio.get_running_loop().create_future()
        self._units.add(_Unit(original, any_document, future))
        answer = await future
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _start(self, units: Sequence[_Unit]) -> None:
        if len(units) == 1:  # who comes alone would only wait for the thread
            _answer(units, self._answers(units))
            return
        try:
            answers = asyncio.get_running_loop().run_in_executor(None, self._answers, units)
        except RuntimeError as error:  # no thread can be started
            _answer(units, [error] * len(units))
        else:
            answers.add_done_callback(lambda answers: _answer(units, answers.result()))

    def _answers(self, units: Sequence[_Unit]) -> list[Checked | Exception]:
        return [self._checked(unit) for unit in units]

    def _checked(self, unit: _Unit) -> Checked | Exception:
        try:
            return self._check(unit.original, any_document=unit.any_document)
        except Exception as error:  # noqa: BLE001 - its caller hears it, and nobody else
            return error


def _answer(units: Sequence[_Unit], answers: Sequence[Checked | Exception]) -> None:
    for unit, answer in zip(units, answers, strict=True):
        if not unit.future.done():  # the caller has gone away
            unit.future.set_result(answer)
