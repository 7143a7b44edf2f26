"""The document as the rules see it, and what they have found in it.

In charge of asking the checks about each part of a document, of what they may ask in turn, and of
remembering what they found. Not in charge of any rule (`validators.rules`), nor of the model of the
invoice (`schemas.invoice`).

The official rules are written against the XML tree, and their verdict hangs on details of that tree
that a business model has no room for: a tax category under a price, a second address line, a code
with a space before it. So the rules here read the tree too, as records (`validators.form`).

**Why it is quick.** A check that has looked at nothing but the form of a part and its codes finds
the same wherever form and codes are the same. So all checks are asked the first time; those that
looked no further are not asked again, but what they found is said again. Whether a check looked
further is not declared but seen: `Leaf.text` of any other leaf, and whatever here crosses from one
part to another, sets `asked`. A picture is in docs/explain/validation.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice, takewhile
from typing import Any, Final, TypeVar

from lxml import etree

from schemas.codelists import codes
from validators import parts
from validators.form import Known, Question
from validators.paths import Checks
from validators.records import WHITESPACE, Leaf, Node
from validators.sheet import Sheet

__all__ = ("WHITESPACE", "Document", "Hit", "Leaf", "Node", "bind", "normalized")

LeafCheck = Callable[[Leaf, Node, "Document"], None]
NodeCheck = Callable[[Node, "Document"], None]
# The same for all elements of a path at once. Leaves come with the node they stand in.
LeavesCheck = Callable[[Sequence[tuple[Leaf, Node]], "Document"], None]
NodesCheck = Callable[[Sequence[Node], "Document"], None]
RecordsCheck = Callable[[Sequence[Leaf | Node], "Document"], None]
ChildlessCheck = Callable[[Sequence[Leaf], "Document"], None]
Every = Callable[[str], Sequence[Any]]
T = TypeVar("T")

_SPACES = re.compile(r"[ \t\r\n]+")

# A document with more faults than this is refused without telling them all.
MOST_HITS: Final = 10_000


def normalized(text: str) -> str:
    """fn:normalize-space: no white space around the text, one space where there was some in it."""
    text = text.strip(WHITESPACE)
    return _SPACES.sub(" ", text) if _SPACES.search(text) else text


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that did not hold: its id, the element it is about, and what the message can say.

    The element is the one at `index` in its part, in the order of the document. `missing` is the
    path below it of what ought to be there. `number` is that of the check. `once`: such a rule
    speaks once for a document, at the first such element.
    """

    rule: str
    index: int
    missing: str
    values: Mapping[str, object]
    number: int
    once: bool


@dataclass(slots=True)
class _Kind:
    """Parts of one form that have the same codes: a sheet for them, and what is known of them.

    The sheet is filled in with one of them at a time. `texts` are those of `Checks.column` in each.
    """

    sheet: Sheet
    first: int
    known: Known
    hits: tuple[Hit, ...] | None
    texts: list[str] = field(default_factory=list)


class Document:
    """A document: its parts, the day it is checked at, and what has been found so far.

    `asked` is whether the check at work has looked at more than the form of its part and the codes.
    """

    __slots__ = (
        "_children",
        "_consulted",
        "_countries",
        "_dialect",
        "_element",
        "_first_line",
        "_found",
        "_head",
        "_here",
        "_hits",
        "_kinds",
        "_lines",
        "_lines_read",
        "_lists",
        "_number",
        "_once",
        "_told",
        "asked",
        "at",
        "checks",
        "more_hits",
    )

    def __init__(self, root: etree._Element, at: date, checks: Checks) -> None:
        text, name, self._lines = parts.cut(root, checks.lines)
        self._lines_read = False
        self.checks = checks
        self.at = at
        self.asked = False
        self._hits: list[tuple[int, Hit]] = []
        self.more_hits = False
        self._element = root
        self._first_line = len(root) - len(self._lines)
        self._children: list[etree._Element] = []
        self._consulted: set[Question] = set()
        self._found: list[Hit] = []
        self._kinds: dict[tuple[object, ...], _Kind] = {}
        self._lists: dict[str, frozenset[str]] = {}
        self._number = 0
        self._once: dict[Question, tuple[Any, bool, set[Question]]] = {}
        self._told: set[str] = set()
        head = parts.head(text)
        self._dialect = f"{name} in {head.tags.partition('<')[0]}"
        form = checks.forms.form("", head.tags)
        sheet = form.take() or Sheet(form, head.tags, self._before_lines(), checks)
        self._here = self._head = sheet
        sheet.fill(head.values, 0, self)
        self._countries = checks.countries(self)

    # --- what a check may ask --------------------------------------------------------------------

    @property
    def root(self) -> Node:
        """The record of the root."""
        if self._here is not self._head:
            self.asked = True
        return self._head.root

    @property
    def element(self) -> etree._Element:
        """The root itself, for what records do not have."""
        self.asked = True
        return self._element

    @property
    def repeated(self) -> set[str]:
        """The names that stand more than once in some element, lines apart.

        What is not there cannot stand too often.
        """
        if self._here is not self._head:
            self.asked = True
        return self._head.repeated

    def every(self, name: str) -> Sequence[Any]:
        """The elements called `name` that are in no line. `name` must be gathered."""
        if self._here is not self._head:
            self.asked = True
        return self._head.every(name)

    def everywhere(self, name: str) -> list[Any]:
        """All elements called `name`; of lines with the same form and codes those of one.

        Nothing of those in lines is to be looked at but form and codes.
        """
        assert self._lines_read, "not all lines are known yet"
        self.asked = True
        sheets = (self._head, *(kind.sheet for kind in self._kinds.values()))
        return [each for sheet in sheets for each in sheet.every(name)]

    def of_lines(self, question: Callable[[Every], frozenset[T]]) -> frozenset[T]:
        """What `question` says of any line; it is given what lists the elements of a name in one.

        It may look at form and codes, and what it says of these is kept.
        """
        assert self._lines_read, "not all lines are known yet"
        told: frozenset[T] = frozenset()
        for kind in self._kinds.values():
            sheet = kind.sheet
            key = (question, sheet.codes, sheet.odd)
            answer = sheet.form.answers.get(key)
            if answer is None:
                self.asked = False
                answer = question(sheet.every)
                if not self.asked:
                    sheet.form.keep(sheet.form.answers, key, answer, len(answer))
            told = told | answer if told else answer
        self.asked = True
        return told

    def has_lines(self) -> bool:
        """Whether there is any line."""
        return bool(self._lines) or any(map(self._head.root.every, self.checks.lines))

    def lines(self) -> list[tuple[Node, list[str]]]:
        """The lines, one of each kind, with the net amounts of all of its kind ("": none)."""
        assert self._lines_read, "not all lines are known yet"
        self.asked = True
        own = [line for name in self.checks.lines for line in self._head.root.every(name)]
        return [
            *((line, [line.text(self.checks.column)]) for line in own),
            *((kind.sheet.root, kind.texts) for kind in self._kinds.values()),
        ]

    def codes(self, name: str) -> frozenset[str]:
        """The code list `name` as of the day the document is checked at."""
        found = self._lists.get(name)
        if found is None:
            found = self._lists[name] = codes(name, self.at)
        return found

    def once(self, question: Callable[[Document], T]) -> T:
        """What `question` says of this document, worked out the first time it is asked for."""
        try:
            answer, asked, consulted = self._once[question]
        except KeyError:
            answer, asked, consulted = self._once[question] = self._answer(question)
        if not asked and self._here is self._head:
            self._consulted |= consulted
        elif type(answer) in _PLAIN:
            self._consulted.add(question)
        else:
            self.asked = True
        result: T = answer
        return result

    def first_time(self, rule: str) -> bool:
        """Whether `rule` has not been asked about yet: for rules that speak once."""
        self.asked = True
        if rule in self._told:
            return False
        self._told.add(rule)
        return True

    def _answer(self, question: Question) -> tuple[Any, bool, set[Question]]:
        """The answer, whether it hangs on more than form and codes, and what else was consulted."""
        form = self._head.form
        key = (question, self.at, self._head.codes, self._head.odd)
        if key in form.answers:
            return form.answers[key], False, set()
        before = self.asked, self._consulted, self._here
        self.asked, self._consulted, self._here = False, set(), self._head
        answer = question(self)
        result = answer, self.asked, self._consulted
        self.asked, self._consulted, self._here = before
        if type(answer) in _PLAIN and not result[1] and not result[2]:
            form.keep(form.answers, key, answer, 0)
        return result

    def found(
        self,
        rule: str,
        at: Node | Leaf,
        missing: str = "",
        /,
        *,
        once: bool = False,
        **values: object,
    ) -> None:
        """Notes that `rule` does not hold at `at`; `values` are for the message.

        `once`: the rule speaks once for a document, at the first such element.
        """
        hit = Hit(rule, at.index, missing, values, self._number, once)
        if at.sheet is not self._here:
            self.asked = True
            self._hits.append((at.sheet.part, hit))
        elif len(self._found) < MOST_HITS:
            self._found.append(hit)
        else:
            self.more_hits = True

    # --- asking ----------------------------------------------------------------------------------

    def check(self) -> None:
        """Asks every check about the parts it looks at; sorts what was found by place."""
        told: set[str] = set()
        lines: list[tuple[int, Hit]] = []
        for number, text in enumerate(self._lines, 1):
            self._check_line(number, text)
            if self._found:
                self._note(number, lines, told)
        for kind in self._kinds.values():
            kind.sheet.part = kind.first
        told.clear()
        self._here, self._lines_read = self._head, True
        self._ask(self._kind(self._head))
        self._note(0, self._hits, told)
        self._hits += [each for each in lines if not (each[1].once and each[1].rule in told)]
        self._hits.sort(key=_place)
        if len(self._hits) > MOST_HITS:
            self.more_hits = True
            del self._hits[MOST_HITS:]

    def _check_line(self, number: int, text: str) -> None:
        tags, values = parts.line(text)
        form = self.checks.forms.form(self._dialect, tags)
        kind = (
            self._kinds.get((form, form.codes(values), form.odd(values))) if self._kinds else None
        )
        if kind is None:
            sheet = form.take() or Sheet(
                form, tags, self._line(number).iter(), self.checks, self._head.root.path
            )
            sheet.fill(values, number, self)
            kind = self._kind(sheet)
            self._kinds[form, sheet.codes, sheet.odd] = kind
        else:
            sheet = kind.sheet
            sheet.refill(values, number)
        kind.texts.append(sheet.in_column())
        self._here = sheet
        self._ask(kind)

    def _kind(self, sheet: Sheet) -> _Kind:
        """The kind of the part that a sheet is filled in with, and what is known of it."""
        known = sheet.form.known(self._countries, self.at)
        self._here = sheet
        return _Kind(sheet, sheet.part, known, known.hits.get(self._key(sheet, known)))

    def _key(self, sheet: Sheet, known: Known) -> tuple[object, ...]:
        """The codes of a part, and what was asked about the document beside them."""
        return (
            sheet.codes,
            sheet.odd,
            not self._lines,
            *[self.once(question) for question in known.consulted],
        )

    def _ask(self, kind: _Kind) -> None:
        """Asks about the part that the sheet of its kind is filled in with."""
        sheet = kind.sheet
        if kind.hits is None:
            self._watch(kind)
            return
        self._found += kind.hits
        for number, check, given in sheet.asked(kind.known, self._countries):
            self._number = number
            check(*given, self)

    def _watch(self, kind: _Kind) -> None:
        """Asks every check, and keeps what those found that looked at form and codes alone."""
        sheet, known = kind.sheet, kind.known
        asking = set(known.asking)
        found: dict[int, list[Hit]] = {}
        consulted = set(known.consulted)
        self._consulted = set()
        for number, check, seen in sheet.in_force(self._countries):
            before = len(self._found)
            self._number, self.asked = number, False
            check(seen, self)
            if self.asked:
                asking.add(number)
            elif self._consulted and number not in asking:
                consulted |= self._consulted
            if self._consulted:
                self._consulted = set()
            if len(self._found) > before:
                found[number] = self._found[before:]
        if len(asking) > len(known.asking) or len(consulted) > len(known.consulted):
            known = Known(sheet.form, frozenset(asking), tuple(consulted))
            sheet.form.learn(self._countries, self.at, known)
        kind.known = known
        kind.hits = tuple(
            hit for number, hits in found.items() if number not in asking for hit in hits
        )
        if not self.more_hits:
            known.keep(self._key(sheet, known), kind.hits)

    def _note(self, part: int, hits: list[tuple[int, Hit]], told: set[str]) -> None:
        """Adds what was found in a part; of rules that speak once, what they said first."""
        self._found.sort(key=_order)
        for hit in self._found:
            if hit.once and hit.rule in told:
                continue
            if len(hits) > MOST_HITS:  # one more shows that there are too many
                break
            if hit.once:
                told.add(hit.rule)
            hits.append((part, hit))
        self._found = []

    # --- the elements ----------------------------------------------------------------------------

    @property
    def hits(self) -> list[Hit]:
        """What was found, in the order of the document."""
        return [hit for _, hit in self._hits]

    def elements(self) -> list[etree._Element]:
        """The elements of the hits, in their order."""
        wanted: dict[int, set[int]] = {}
        for part, hit in self._hits:
            wanted.setdefault(part, set()).add(hit.index)
        found: dict[tuple[int, int], etree._Element] = {}
        for part, indexes in wanted.items():
            each = self._line(part).iter() if part else self._before_lines()
            for index, element in enumerate(islice(each, max(indexes) + 1)):
                if index in indexes:
                    found[part, index] = element
        return [found[part, hit.index] for part, hit in self._hits]

    def _before_lines(self) -> Iterator[etree._Element]:
        """All elements that are in no line."""
        if not self._lines:
            return self._element.iter()
        first = self._element[self._first_line]
        return takewhile(lambda element: element is not first, self._element.iter())

    def _line(self, number: int) -> etree._Element:
        if not self._children:
            self._children = list(self._element)
        return self._children[self._first_line + number - 1]

    def release(self) -> None:
        """Gives the sheets back, for the next document."""
        for sheet in (self._head, *(kind.sheet for kind in self._kinds.values())):
            sheet.form.give_back(sheet)


# Answers that can be told from each other, and are all that a question said.
_PLAIN: Final = (str, bool, int, type(None), frozenset)


def _order(hit: Hit) -> tuple[int, int]:
    return hit.index, hit.number


def _place(each: tuple[int, Hit]) -> tuple[int, int]:
    return each[0], each[1].index


def bind(root: etree._Element, checks: Checks, at: date) -> Document:
    """The document below `root`, whose structure must be right already."""
    return Document(root, at, checks)
