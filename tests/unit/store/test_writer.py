"""The writer of SQLite, with operations that are wrong."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest

from gateway.store.port import Contradiction
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


# --- what needs no BEGIN ------------------------------------------------------------------------

Numbers = Callable[[], list[int]]


@pytest.fixture
def numbers(tmp_path: Path) -> Numbers:
    """What is on disk."""
    connection = connect(tmp_path / "database")
    connection.executescript(
        """
        CREATE TABLE number (n INTEGER PRIMARY KEY) STRICT;
        CREATE VIEW given (n) AS SELECT NULL;
        CREATE TRIGGER given_inserted INSTEAD OF INSERT ON given WHEN new.n IS NOT NULL BEGIN
            INSERT INTO number VALUES (new.n);
        END;
        """
    )
    connection.close()

    def read() -> list[int]:
        with sqlite3.connect(tmp_path / "database") as connection:
            return [n for (n,) in connection.execute("SELECT n FROM number ORDER BY n")]

    return read


def _kept(transaction: Transaction, numbers: Sequence[int]) -> Sequence[int]:
    transaction.insert_at_once("given (n)", [(number,) for number in numbers])
    transaction.topics.add("kept")
    return numbers


def _also_kept(transaction: Transaction, numbers: Sequence[int]) -> Sequence[int]:
    return _kept(transaction, numbers)


async def _written(
    folder: Path, asked: Sequence[int], others: Sequence[int] = ()
) -> tuple[list[int | BaseException], list[str]]:
    """The answers, and the statements it took."""
    said: list[str] = []

    def connected() -> sqlite3.Connection:
        connection = connect(folder / "database")
        connection.set_trace_callback(said.append)
        return connection

    writer = Writer(connected, Topics(), alone={_kept})
    async with asyncio.timeout(60):
        units = [
            *(writer.write(_kept, number) for number in asked),
            *(writer.write(_also_kept, number) for number in others),
        ]
        answers = await asyncio.gather(*units, return_exceptions=True)
        await writer.close()
    return answers, [statement.split()[0] for statement in said]


async def test_one_statement_is_a_transaction_by_itself(tmp_path: Path, numbers: Numbers) -> None:
    answers, said = await _written(tmp_path, range(30))
    assert answers == numbers() == list(range(30))
    assert set(said) <= {"INSERT", "--"}, "no BEGIN, no COMMIT; the rest is in the trigger"


async def test_what_somebody_else_writes_too_is_in_one_transaction(
    tmp_path: Path, numbers: Numbers
) -> None:
    answers, said = await _written(tmp_path, [1, 2], [3])
    assert answers == numbers() == [1, 2, 3]
    assert (said[0], said[-1]) == ("BEGIN", "COMMIT")


async def test_one_that_can_not_be_written_takes_nobody_with_it(
    tmp_path: Path, numbers: Numbers
) -> None:
    answers, _ = await _written(tmp_path, [1, 2, 2, 3])
    assert [answers[0], answers[1], answers[3]] == numbers() == [1, 2, 3]
    assert isinstance(answers[2], Contradiction)


@pytest.mark.parametrize("twice", [(), (150,), (10,)])
async def test_more_than_a_statement_takes_is_in_one_transaction(
    tmp_path: Path, numbers: Numbers, twice: Sequence[int]
) -> None:
    asked = [(tuple(range(200)),), *(((number,),) for number in twice)]

    def all_kept(transaction: Transaction, units: Sequence[tuple[tuple[int, ...]]]) -> list[bool]:
        for (several,) in units:
            transaction.insert_at_once("given (n)", [(number,) for number in several])
        return [True] * len(units)

    writer = Writer(partial(connect, tmp_path / "database"), Topics(), alone={all_kept})
    async with asyncio.timeout(60):
        units = [writer.write(all_kept, unit) for unit in asked]
        answers = await asyncio.gather(*units, return_exceptions=True)
        await writer.close()
    assert answers[0] is True and numbers() == list(range(200))
    assert all(isinstance(answer, Contradiction) for answer in answers[1:])
