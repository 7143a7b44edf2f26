"""How a query that is being typed could go on: whole queries, so that choosing one is enough. Pure.

In charge of what is offered for its last piece. Not in charge of looking up numbers, parties and
companies, which are given.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.console.log import days
from gateway.console.log.query import FREE, OF_FIELD, WORDS, Term, What

MOST: Final = 12

# What a word begins to be looked up by, of what the store suggests.
LOOKED_UP: Final = frozenset({FREE, "number", "party"})


@dataclass(frozen=True, slots=True)
class Typed:
    """A query that is being typed: all but its last piece, and that: its word, where it has one,
    what stands before its last value, and the value."""

    before: str
    word: str
    values: str
    begin: str

    def going_on(self, value: str, word: str | None = None) -> str:
        """The query with this in place of what was typed last."""
        written = str(Term(self.word if word is None else word, value))
        if self.word and word is None:
            written = f"{self.word}:{self.values}{written.partition(':')[2]}"
        return f"{self.before}{written}"


def typed(text: str) -> Typed:
    """What is being typed."""
    begin = comma = 0  # of the last piece, and of its last value
    quoted = False
    for at, letter in enumerate(text, 1):
        if letter == '"':
            quoted = not quoted
        elif letter.isspace() and not quoted:
            begin = comma = at
        elif letter == "," and not quoted:
            comma = at
    before, last = text[:begin], text[begin:]
    word, colon, _ = last.partition(":")
    if not colon or word.lower() not in WORDS:
        return Typed(before, FREE, "", _plain(last))
    value = begin + len(word) + 1
    comma = max(comma, value)
    return Typed(before, word.lower(), text[value:comma], _plain(text[comma:]))


def _plain(value: str) -> str:
    return value.strip('"').replace('""', '"')


def suggestions(
    piece: Typed,
    looked_up: Iterable[tuple[str, str]],
    companies: Sequence[str],
    channels: Collection[str],
) -> tuple[str, ...]:
    """Queries to go on with. `looked_up`: what the store suggests, as (field, value); `companies`:
    names that begin so."""
    found: list[str] = []
    if piece.word == FREE:
        begin = piece.begin.lower()
        found += [f"{piece.before}{name}:" for name in WORDS if begin and name.startswith(begin)]
        found += [
            piece.going_on(value, OF_FIELD[field])
            for field, value in looked_up
            if field in OF_FIELD
        ]
    elif piece.word == "company":
        found += [piece.going_on(name) for name in companies]
    elif piece.word in LOOKED_UP:
        found += [
            piece.going_on(value) for field, value in looked_up if OF_FIELD.get(field) == piece.word
        ]
    else:
        found += [
            piece.going_on(value)
            for value in _values(piece.word, channels)
            if value.startswith(piece.begin.lower())
        ]
    return tuple(dict.fromkeys(found))[:MOST]


def _values(word: str, channels: Collection[str]) -> Sequence[str]:
    if word == "channel":
        return sorted(channels)
    return days.EXPECTED if WORDS[word].fault is What.TIME else WORDS[word].values
