"""What is asked of a database: pieces of SQL with their values, and how the two differ in it."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

Row = Sequence[Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sql:
    """A statement, or a piece of one, and its values."""

    text: str
    values: tuple[Any, ...] = ()


Asking = Generator[Sql, Sequence[Row], T]


class Dialect(Protocol):
    """In what the two databases differ here."""

    position: str  # the function that says where in a text another one begins, 0: nowhere
    by_seq: str  # what stands behind a table that is read by `seq`, whatever else is asked for

    def at(self, moment: datetime) -> Any:
        """A time as columns have it."""
        ...

    def newest(self, size: int) -> str:
        """How each of many lists is asked when only so many of all are wanted, newest first."""
        ...

    def among(self, column: str, seqs: Sequence[int]) -> Sql:
        """That the column is one of these."""
        ...


def one_of(column: str, wanted: Iterable[str]) -> Sql:
    """That the column is one of these."""
    values = tuple(wanted)
    if not values:
        return Sql("1 = 0")
    return Sql(f"{column} IN ({', '.join('?' * len(values))})", values)


def any_of(pieces: Iterable[Sql]) -> Sql:
    """That one of these holds."""
    each = list(pieces)
    text = " OR ".join(piece.text for piece in each)
    return Sql(f"({text})", tuple(value for piece in each for value in piece.values))
