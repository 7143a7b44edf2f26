"""The language of the search box: `state:failed channel:peppol since:yesterday norrsken`. Pure.

In charge of reading it, of writing it, and of what was meant as a question to the store. Not in
charge of whose documents may be asked for: that is given. Several values of one word, by comma or
by saying the word again, mean any of them; different words must all hold, and so must all that is
said without one.

What can not be read is left out and told, all of it at once (`Fault`); nothing raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import Final

from gateway.console.log import days
from gateway.lifecycle import InboxState, State
from gateway.store.port import Direction
from gateway.store.search import Question

LONGEST: Final = 1000  # characters of a query
MOST: Final = 60  # values in it
_LONGEST_VALUE: Final = 200  # characters, as in `GET /v1/documents`

FREE: Final = ""  # the word of what is said without one


class What(StrEnum):
    """What is wrong with a part of a query."""

    WORD = "word"  # there is no such word
    EMPTY = "empty"  # nothing follows the word
    ONE_OF = "one_of"  # it is none of the values there are
    TIME = "time"
    FORM = "form"  # it is not written as such a thing is
    TWICE = "twice"
    QUOTE = "quote"  # it is not closed
    LONG = "long"
    MANY = "many"
    COMPANY = "company"  # none is called so


@dataclass(frozen=True, slots=True)
class Fault:
    """A part of a query that was left out. `at`: its place, characters from 0; `expected`: what
    could stand there, the likeliest first."""

    what: What
    at: int
    text: str
    expected: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Term:
    """One value of one word."""

    word: str
    value: str

    def __str__(self) -> str:
        return _written(self.word, [self.value])


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the language. `read` gives a value as it is kept, None for what is none."""

    name: str
    read: Callable[[str], str | None]
    example: str
    fault: What = What.FORM
    values: tuple[str, ...] = ()  # all there are; empty: whatever stands there
    once: bool = False


def _one_of(values: type[StrEnum]) -> tuple[str, ...]:
    return tuple(one.value for one in values)


def _choice(name: str, values: tuple[str, ...], example: str) -> Word:
    def read(value: str) -> str | None:
        value = value.lower().replace("-", "_")
        return value if value in values else None

    return Word(name, read, example, What.ONE_OF, values)


def _time(name: str, example: str) -> Word:
    def read(value: str) -> str | None:
        return value.lower() if days.span(value, _ANY_TIME) else None

    return Word(name, read, example, What.TIME, once=True)


def _matching(pattern: str) -> Callable[[str], str | None]:
    form = re.compile(pattern)

    def read(value: str) -> str | None:
        value = value.lower()
        return value if form.fullmatch(value) else None

    return read


def _rule(value: str) -> str | None:
    """Rule ids are told by people, in whatever case."""
    return value.upper() if re.fullmatch(r"[A-Za-z0-9_.-]+", value) else None


_ANY_TIME: Final = datetime(2026, 1, 31, tzinfo=UTC)  # only whether it is a time is asked

# In the order in which a query is written.
WORDS: Final[Mapping[str, Word]] = {
    word.name: word
    for word in (
        _choice("state", _one_of(State), "failed,held"),
        _choice("inbox", _one_of(InboxState), "blocked"),
        _choice("direction", _one_of(Direction), "in"),
        Word("company", str, "norrsken"),
        Word("channel", _matching(r"[a-z][a-z0-9_]*"), "peppol"),
        Word("code", _matching(r"[a-z0-9_.]+"), "email.bounced"),
        Word("rule", _rule, "BR-CO-10"),
        Word("kind", _matching(r"[a-z][a-z_]*"), "credit_note"),
        Word("number", str, "10042"),
        Word("party", str, "5560360793"),
        Word("message", str, "8f2c@gateway.example"),
        Word("ref", str, "0012345678"),
        _time("since", "7d"),
        _time("until", "yesterday"),
    )
}

# What the store calls what a word says.
_FIELDS: Final[Mapping[str, str]] = {
    "channel": "channels",
    "code": "codes",
    "rule": "rules",
    "kind": "kinds",
    "number": "numbers",
    "party": "parties",
    "message": "messages",
    "ref": "references",
    FREE: "words",
}
OF_FIELD: Final = {field: word for word, field in _FIELDS.items()}


@dataclass(frozen=True, slots=True)
class Query:
    """What was asked for. Written (`str`) it is always the same for the same."""

    terms: tuple[Term, ...] = ()

    def __str__(self) -> str:
        return " ".join(
            piece
            for word in (*WORDS, FREE)
            if (values := self.values(word))
            for piece in ([_written(word, values)] if word else map(_quoted_free, values))
        )

    def values(self, word: str) -> list[str]:
        """What is said for a word."""
        return [term.value for term in self.terms if term.word == word]

    def with_term(self, term: Term) -> Query:
        """Asked for that too."""
        said = self if not _is_once(term.word) else self.without_word(term.word)
        return _query([*said.terms, term])

    def without(self, term: Term) -> Query:
        """Not asked for that any more."""
        return Query(tuple(one for one in self.terms if one != term))

    def without_word(self, word: str) -> Query:
        """Whatever a word says is left out."""
        return Query(tuple(one for one in self.terms if one.word != word))

    def question(
        self,
        now: datetime,
        within: Collection[str] | None,
        named: Mapping[str, Collection[str]],
    ) -> Question:
        """As the store is asked. `within`: the companies that somebody may see, None: all; `named`:
        of these, the ids that each value of `company:` stands for."""
        companies = within
        if asked := self.values("company"):
            companies = list(dict.fromkeys(one for value in asked for one in named[value]))
        directions = self.values("direction")
        return Question(
            companies,
            direction=Direction(directions[0]) if len(directions) == 1 else None,
            states=[State(value) for value in self.values("state")],
            inbox=[InboxState(value) for value in self.values("inbox")],
            since=next((_span(value, now)[0] for value in self.values("since")), None),
            until=next((_span(value, now)[1] for value in self.values("until")), None),
            **{field: self.values(word) for word, field in _FIELDS.items()},
        )


def _is_once(word: str) -> bool:
    return word in WORDS and WORDS[word].once


def _span(value: str, now: datetime) -> days.Span:
    span = days.span(value, now)
    assert span is not None, "what is no time was left out when it was read"
    return span


def _query(terms: Collection[Term]) -> Query:
    """In the order of the words, each term once."""
    order = {word: n for n, word in enumerate((*WORDS, FREE))}
    return Query(tuple(sorted(dict.fromkeys(terms), key=lambda term: order[term.word])))


# --- writing ------------------------------------------------------------------------------------

_NEEDS_QUOTES: Final = re.compile(r'[\s",]')
_LED: Final = re.compile(r"([A-Za-z][A-Za-z_]*):")  # what a word looks like


def _written(word: str, values: Collection[str]) -> str:
    if not word:
        return " ".join(map(_quoted_free, values))
    return f"{word}:{','.join(_quoted(value) for value in values)}"


def _quoted(value: str) -> str:
    doubled = value.replace('"', '""')
    return f'"{doubled}"' if _NEEDS_QUOTES.search(value) else value


def _quoted_free(value: str) -> str:
    doubled = value.replace('"', '""')
    return f'"{doubled}"' if _NEEDS_QUOTES.search(value) or _LED.match(value) else value


# --- reading ------------------------------------------------------------------------------------

_UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
# A piece of text in quotes, in which two stand for one; or one without.
_PIECE: Final = re.compile(r'"(?P<quoted>(?:[^"]|"")*)(?P<closed>"?)|(?P<plain>[^\s",]+)')


def parse(text: str) -> tuple[Query, tuple[Fault, ...]]:
    """The query, and what of it could not be read."""
    faults: list[Fault] = []
    terms: list[Term] = []
    # No store keeps these, and nobody can see them in the box.
    text = _UNSEEN.sub(" ", text)
    if len(text) > LONGEST:
        faults.append(Fault(What.LONG, LONGEST, "", (str(LONGEST),)))
        text = text[:LONGEST]
    for at, word, place, value in _said(text, faults):
        if word and word not in WORDS:
            close = get_close_matches(word, WORDS, 3, 0.5)
            faults.append(Fault(What.WORD, at, word, tuple(close or WORDS)))
        elif isinstance(read := _read(word, place, value), Fault):
            faults.append(read)
        elif _is_once(word) and any(term.word == word for term in terms):
            faults.append(Fault(What.TWICE, at, word))
        elif len(terms) == MOST:
            faults.append(Fault(What.MANY, place, value, (str(MOST),)))
            break
        else:
            terms.append(read)
    return _query(terms), tuple(sorted(faults, key=lambda fault: fault.at))


def _read(word: str, at: int, value: str) -> Term | Fault:
    if not value:
        return Fault(What.EMPTY, at, word, _expected(word, value))
    if len(value) > _LONGEST_VALUE:
        return Fault(What.LONG, at, value[:40], (str(_LONGEST_VALUE),))
    if not word:
        return Term(FREE, value)
    read = WORDS[word].read(value)
    if read is None:
        return Fault(WORDS[word].fault, at, f"{word}:{value}", _expected(word, value))
    return Term(word, read)


def _expected(word: str, value: str) -> tuple[str, ...]:
    if not word:
        return ()
    if WORDS[word].fault is What.TIME:
        return days.EXPECTED
    values = WORDS[word].values
    close = get_close_matches(value.lower(), values, 3, 0.5)
    return tuple(dict.fromkeys((*close, *values))) or (WORDS[word].example,)


def _said(text: str, faults: list[Fault]) -> Iterator[tuple[int, str, int, str]]:
    """Each value: the place of its word, the word, its own place, and itself."""
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        begin, word = at, FREE
        if (led := _LED.match(text, at)) is not None:
            word, at = led[1].lower(), led.end()
        while True:
            place = at
            value, at = _value(text, at, faults, commas=word not in WORDS)
            yield begin, word, place, value
            if at == len(text) or text[at] != ",":
                break
            at += 1


def _value(text: str, at: int, faults: list[Fault], *, commas: bool) -> tuple[str, int]:
    """The value that begins at a place, and where it ends: at a space, or at a comma where none
    belongs to it."""
    value = ""
    while at < len(text) and not text[at].isspace():
        if text[at] == ",":
            if not commas:
                break
            value, at = value + ",", at + 1
            continue
        piece = _PIECE.match(text, at)
        assert piece is not None, "whatever is no space and no comma begins a piece"
        if piece["plain"] is None and not piece["closed"]:
            faults.append(Fault(What.QUOTE, at, text[at : at + 40]))
        value += piece["plain"] or piece["quoted"].replace('""', '"')
        at = piece.end()
    return value.strip(), at
