"""The writer of SQLite, with operations that are wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from gateway.store.sqlite.schema import connect
from gateway.store.sqlite.writer import Transaction, Writer
from gateway.store.topics import Topics


def _doubled(_: Transaction, numbers: Sequence[int]) -> Sequence[int]:
    if 3 in numbers:
        raise ValueError
    if 4 in numbers:  # no future takes this one as its exception
        raise StopIteration
    return [2 * number for number in numbers]


def _one_short(_: Transaction, numbers: Sequence[int]) -> Sequence[int]:
    return numbers[1:]


async def test_everybody_hears_of_an_operation_that_raises(tmp_path: Path) -> None:
    writer = Writer(partial(connect, tmp_path / "database"), Topics())
    async with asyncio.timeout(60):
        doubled = [writer.write(_doubled, number) for number in range(6)]
        answers = await asyncio.gather(*doubled, return_exceptions=True)
        await writer.close()
    assert [answers[n] for n in (0, 1, 2, 5)] == [0, 2, 4, 10]
    assert [type(answers[n]) for n in (3, 4)] == [ValueError, RuntimeError]


async def test_everybody_hears_of_an_operation_that_answers_too_few(tmp_path: Path) -> None:
    writer = Writer(partial(connect, tmp_path / "database"), Topics())
    async with asyncio.timeout(60):
        units = [writer.write(_one_short, number) for number in range(3)]
        answers = await asyncio.gather(*units, return_exceptions=True)
        await writer.close()
    assert [type(answer) for answer in answers] == [ValueError] * 3
