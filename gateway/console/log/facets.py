"""How what was found is spread, each value a query that asks for it too. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.console.log.query import Query, Term
from gateway.store.search import Facets

# In the order in which they are shown.
_SHOWN = ("state", "channel", "company", "code", "kind", "direction")


@dataclass(frozen=True, slots=True)
class Value:
    """A value and how often it is there. `query` asks for it too, or, where it is `chosen`, not
    any more; `label` is what it is called."""

    value: str
    label: str
    count: int
    chosen: bool
    query: str


@dataclass(frozen=True, slots=True)
class Facet:
    """A word, and what was found by it."""

    word: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A term of the query, and the query without it."""

    word: str
    value: str
    label: str
    query: str


def facets(found: Facets, query: Query, companies: Mapping[str, str]) -> tuple[Facet, ...]:
    """The facets that could narrow the query down. `companies`: names by id."""
    shown = []
    for word in _SHOWN:
        values = tuple(
            _value(query, Term(word, value), count, companies)
            for value, count in found.of.get(word, ())
            if value
        )
        if len(values) > 1 or any(not value.chosen for value in values):
            shown.append(Facet(word, values))
    return tuple(shown)


def _value(query: Query, term: Term, count: int, companies: Mapping[str, str]) -> Value:
    chosen = term in query.terms
    # What was found is within what its word said before: the value takes the place of that.
    then = query.without(term) if chosen else query.without_word(term.word).with_term(term)
    return Value(term.value, _label(term, companies), count, chosen, str(then))


def chosen(query: Query, companies: Mapping[str, str]) -> tuple[Chosen, ...]:
    """What the query asks for, piece by piece."""
    return tuple(
        Chosen(term.word, term.value, _label(term, companies), str(query.without(term)))
        for term in query.terms
    )


def _label(term: Term, companies: Mapping[str, str]) -> str:
    return companies.get(term.value, term.value) if term.word == "company" else term.value
