"""The form of a part of a document: everything about it but its values.

A part is one invoice line, or all that is not a line (`validators.parts`). Two parts have the same
form when their tags, attributes included, are the same. A program that writes invoices writes few
forms, over and over, and most of what the rules ask is answered by the form alone (is it there, how
often, in which currency), or by the form and its codes. So that is asked once: see `Known`.

In charge of keeping what is known of forms, within bounds. Not in charge of asking anything
(`validators.document`).

What is kept from one document to the next: element names, attributes other than names of files,
codes (`Path.is_code`), the first two characters of tax numbers, and which rules these break. No
other text of a document outlives it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from operator import itemgetter
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from validators.records import WHITESPACE, country_of

if TYPE_CHECKING:
    from validators.document import Document, Hit
    from validators.sheet import Sheet

# Of one form: sheets that wait, answers by codes, pairs of countries and day.
_MOST_SHEETS: Final = 4
_MOST_ANSWERS: Final = 256
_MOST_KNOWN: Final = 4
# Codes longer than this, or with more findings, are not kept.
_LONGEST_CODES: Final = 2_000
_MOST_HITS_KEPT: Final = 100
# What a profile keeps in all, counted in tags; what an answer counts for is in `Known.keep`. A tag
# takes up to half a kilobyte with what stands on the sheets.
_MOST_TAGS: Final = 100_000
_MOST_TAGS_OF_FORM: Final = 6_000
_LONGEST_TAGS: Final = 200_000

Pick = Callable[[Any], tuple[Any, ...]]
Question = Callable[["Document"], object]
Codes = tuple[object, ...]


class Odd(NamedTuple):
    """Where among the values are those that are not as they should be, whatever they are for.

    `blank` have no content, `fine` are amounts with more than two characters after their point.
    """

    blank: frozenset[int] = frozenset()
    fine: frozenset[int] = frozenset()


NOTHING_ODD: Final = Odd()
_FINE = re.compile(r"\.[^\0]{3}")


class Known:
    """What the checks of a form find on a day in documents of some countries.

    `asking` are the numbers of the checks that have asked for more than the form and its codes:
    they are asked of each document. What all others found is in `hits`, by those codes, and by what
    `consulted` (questions about the whole document that some of them put) say. Nothing but `hits`
    is ever changed; who learns more makes another.
    """

    __slots__ = ("asking", "consulted", "form", "hits")

    def __init__(
        self,
        form: Form,
        asking: frozenset[int] = frozenset(),
        consulted: tuple[Question, ...] = (),
    ) -> None:
        self.form = form
        self.asking = asking
        self.consulted = consulted
        self.hits: dict[Codes, tuple[Hit, ...]] = {}

    def keep(self, codes: Codes, hits: tuple[Hit, ...]) -> None:
        """Remembers what was found, unless it is too much."""
        if len(hits) <= _MOST_HITS_KEPT:
            self.form.keep(self.hits, codes, hits, 4 * len(hits))


class Form:
    """What is kept of a form: what is known of it, and sheets that wait to be filled in.

    `read` is whether it has been told where its codes, texts and amounts are. `answers` are those
    to questions that look at form and codes alone, by question, codes, and the day where it counts.
    """

    __slots__ = (
        "_amounts",
        "_codes",
        "_forms",
        "_known",
        "_numbers",
        "_sheets",
        "_texts",
        "answers",
        "read",
    )

    def __init__(self, forms: Forms | None) -> None:
        self.read = False
        self._forms = forms  # None: the form is too large to be kept
        self._codes = self._texts = self._amounts = self._numbers = _picker(())
        self._sheets: list[Sheet] = []
        self._known: dict[tuple[frozenset[str], date], Known] = {}
        self.answers: dict[Codes, Any] = {}

    def describe(
        self,
        codes: Sequence[int],
        texts: Sequence[int],
        amounts: Sequence[int],
        numbers: Sequence[int],
    ) -> None:
        """Takes note of where among the values codes, texts, amounts and tax numbers are."""
        self._codes, self._texts = _picker(codes), _picker(texts)
        self._amounts, self._numbers = _picker(amounts), _picker(numbers)
        self.read = True

    def codes(self, values: Sequence[str]) -> Codes:
        """The texts of the codes, and the countries of the tax numbers."""
        numbers = self._numbers(values)
        codes = self._codes(values)
        return (*codes, *map(country_of, numbers)) if numbers else codes

    def odd(self, values: Sequence[str]) -> Odd:
        """Which values are not as they should be, whatever they are for."""
        texts = self._texts(values)
        fine = _FINE.search("\0".join(self._amounts(values)))
        if not fine and all(map(str.strip, texts)):
            return NOTHING_ODD
        spots = range(len(values))
        told = zip(self._texts(spots), texts, strict=True)
        return Odd(
            frozenset(spot for spot, text in told if not text.strip(WHITESPACE)),
            frozenset(spot for spot in self._amounts(spots) if _FINE.search(values[spot])),
        )

    def known(self, countries: frozenset[str], at: date) -> Known:
        """What is known of documents of these countries on a day."""
        found = self._known.get((countries, at))
        if found is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known = {}
            found = self._known[countries, at] = Known(self)
        return found

    def learn(self, countries: frozenset[str], at: date, known: Known) -> None:
        """Replaces what is known."""
        self._known[countries, at] = known

    def take(self) -> Sheet | None:
        """A sheet that waits, if any; it is the caller's until it is given back."""
        try:
            return self._sheets.pop()
        except IndexError:
            return None

    def give_back(self, sheet: Sheet) -> None:
        """Takes a sheet back, without its values."""
        sheet.clear()
        if self._forms and len(self._sheets) < _MOST_SHEETS:
            self._sheets.append(sheet)

    def keep(self, answers: dict[Codes, Any], codes: Codes, answer: Any, weight: int) -> None:
        """Adds to `answers` one that takes the room of `weight` tags, unless the codes are long."""
        length = sum(len(str(each)) for each in codes)
        if length > _LONGEST_CODES or self._forms is None:
            return
        if len(answers) >= _MOST_ANSWERS:
            answers.clear()
        answers[codes] = answer
        self._forms.grow(weight + 4 + length // 100)


class Forms:
    """The forms of a profile, by where they stand and their tags; so many that memory is bounded.

    When there is no room left all are forgotten, and learned again.
    """

    def __init__(self) -> None:
        self._forms: dict[tuple[str, str], Form] = {}
        self._weight = 0
        self._lock = Lock()

    def form(self, where: str, tags: str) -> Form:
        """The form of a part with these tags, which stands `where`."""
        found = self._forms.get((where, tags))
        if found is None:
            count = tags.count("<")
            if count > _MOST_TAGS_OF_FORM or len(tags) > _LONGEST_TAGS:
                return Form(None)
            self.grow(count)
            found = self._forms.setdefault((where, tags), Form(self))
        return found

    def grow(self, weight: int) -> None:
        """Counts what is kept."""
        with self._lock:
            self._weight += weight
            if self._weight > _MOST_TAGS:
                self._forms, self._weight = {}, weight


def _picker(spots: Sequence[int]) -> Pick:
    """What takes the values at these places, always as a tuple."""
    if len(spots) > 1:
        return itemgetter(*spots)
    return lambda values: tuple([values[spot] for spot in spots])
