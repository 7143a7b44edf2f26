"""A part of a document as records, on which the values of one part after another are filled in.

In charge of reading a part into records (`validators.records`), and of which checks look at which
of them. Not in charge of asking anything (`validators.document`).

Making a sheet is what takes time, so it is kept with its form (`validators.form`) for the next part
that has the same. Nobody else has it meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from lxml import etree

from validators.form import NOTHING_ODD, Codes, Form, Known
from validators.parts import FILE_NAME
from validators.records import NONE, Code, Empty, EmptyFile, File, Leaf, Node, TaxNumber

if TYPE_CHECKING:
    from validators.document import Document
    from validators.paths import Check, Checks, Path


Call = tuple[int, "Check", tuple[Any, ...]]


class Sheet:
    """A part of a document as records, on which values are filled in.

    `todo` has the checks in the order they are asked, each with what it looks at, and the countries
    it is for.
    """

    __slots__ = (
        "_asked",
        "_column",
        "_known",
        "codes",
        "document",
        "form",
        "gathered",
        "odd",
        "part",
        "repeated",
        "root",
        "todo",
        "values",
    )

    def __init__(
        self,
        form: Form,
        tags: str,
        elements: Iterator[etree._Element],
        checks: Checks,
        above: Path | None = None,
    ) -> None:
        self.form = form
        self.values: Sequence[str] = ()
        self.document: Any = None
        self.part = 0
        self.gathered: dict[str, list[Any]] = {}
        self.repeated: set[str] = set()
        self.codes: Codes = ()
        self.odd = NOTHING_ODD
        self._asked: list[Call] = []
        self._known: Known | None = None
        each = tags.split("<")
        reading = _Reading(self, checks, len(each))
        self.root = reading.read(each, elements, above)
        self.todo = reading.todo()
        self._column = self.root.leaves.get(checks.column)
        if not form.read:
            texts = [leaf.spot for leaf in reading.told if not isinstance(leaf, Empty)]
            form.describe(reading.codes, texts, reading.amounts, reading.numbers)

    def fill(self, values: Sequence[str], part: int, document: Document) -> None:
        """Fills the sheet in with the values of a part."""
        self.values = values
        self.part = part
        self.document = document
        self.codes = self.form.codes(values)
        self.odd = self.form.odd(values)

    def refill(self, values: Sequence[str], part: int) -> None:
        """Fills it in with another part whose codes, and what is odd about it, are the same."""
        self.values = values
        self.part = part

    def every(self, name: str) -> Sequence[Any]:
        """All elements called `name`, which must be gathered."""
        return self.gathered.get(name, ())

    def clear(self) -> None:
        """Forgets the values."""
        self.values = ()
        self.codes = ()
        self.document = None

    def in_column(self) -> str:
        """The text that is kept of each line."""
        column = self._column
        return "" if column is None else column.text or ""

    def asked(self, known: Known, countries: frozenset[str]) -> list[Call]:
        """The checks that are asked of each document: number, function, what it is given."""
        if self._known is not known:
            self._asked = [
                call
                for number, check, found in self.in_force(countries)
                if number in known.asking
                for call in _calls(number, check, found)
            ]
            self._known = known
        return self._asked

    def in_force(self, countries: frozenset[str]) -> list[tuple[int, Check, Any]]:
        """All checks for documents of some countries."""
        return [
            (number, check, found)
            for number, (check, found, national) in enumerate(self.todo)
            if national is None or national & countries
        ]


def _calls(number: int, check: Check, found: Sequence[Any]) -> list[Call]:
    """A check as calls, without the loop over what it looks at."""
    each = getattr(check, "singly", None)
    if each is None:
        return [(number, check, (found,))]
    return [(number, check.function, given) for given in each(found)]  # type: ignore[attr-defined]


class _Reading:
    """Makes the records of a sheet from the tags of a part and the elements they stand for."""

    def __init__(self, sheet: Sheet, checks: Checks, files: int) -> None:
        self.sheet = sheet
        self.checks = checks
        self.files = files  # where among the values the next file name is
        self.found: dict[Path, list[Any]] = {}
        self.attributed: list[Leaf | Node] = []
        self.told: list[Leaf] = []  # all that has no children
        self.codes: list[int] = []
        self.amounts: list[int] = []
        self.numbers: list[int] = []

    def read(
        self, tags: Sequence[str], elements: Iterator[etree._Element], below: Path | None
    ) -> Node:
        """The record of the first element, which all others stand in."""
        first = next(elements)
        path = self.checks.step(below, first.tag) if below else self.checks.root(first.tag)
        top = here = Node(path, 0, None, self.sheet)
        self._look(path, top)
        self._attributes(tags[0], top, first)
        above: list[Node] = []
        deep = index = 0  # how many leaves we are in: below one, in an extension, nobody looks
        pairs = zip_longest(tags[1:], tags[2:], fillvalue="")
        for spot, (tag, following) in enumerate(pairs, 1):
            if tag[0] == "/":
                if deep:
                    deep -= 1
                elif above:
                    here = above.pop()
                continue
            index += 1
            element = next(elements)
            is_open = tag[-1] != "/"
            record: Node | Leaf | None = None
            if not deep:
                record = self._record(element.tag, tag, index, spot, here)
                if not is_open or following[:1] == "/":
                    self.told.append(self._as_leaf(record, tag, spot))
            if "=" in tag:
                self._attributes(
                    tag, record or _nobodys(element, index, self.sheet, self.checks), element
                )
            if is_open and type(record) is Node:
                above.append(here)
                here = record
            elif is_open:
                deep += 1
        return top

    def _record(self, name: str, tag: str, index: int, spot: int, here: Node) -> Node | Leaf:
        """A record for an element in `here`."""
        path = here.path.steps.get(name) or self.checks.step(here.path, name)
        record: Node | Leaf
        kin: dict[str, Any]
        if path.is_leaf:
            record = self._leaf(path, tag, index, spot)
            kin = here.leaves
            self._look(path, (record, here))
        else:
            record = Node(path, index, here, self.sheet)
            if here.nodes is NONE:
                here.nodes = {}
            kin = here.nodes
            seen = (self._leaf(path, tag, index, spot), here) if path.foreign else record
            self._look(path, seen)
        if path.gathered:
            self.sheet.gathered.setdefault(path.name, []).append(record)
        first = kin.setdefault(path.name, record)  # type: ignore[arg-type]  # each in its own
        if first is not record:
            if here.repeated is None:
                here.repeated = {}
            here.repeated.setdefault(path.name, [first]).append(record)
            self.sheet.repeated.add(path.name)
        return record

    def _look(self, path: Path, seen: object) -> None:
        if path.checks:
            try:
                self.found[path].append(seen)
            except KeyError:
                self.found[path] = [seen]

    def _leaf(self, path: Path, tag: str, index: int, spot: int) -> Leaf:
        if FILE_NAME in tag:
            of_file = File if tag[-1] != "/" else EmptyFile
            return of_file(path, index, spot, self.sheet, self.files)
        if tag[-1] == "/":
            return Empty(path, index, spot, self.sheet)
        if path.is_code:
            self.codes.append(spot)
            return Code(path, index, spot, self.sheet)
        if path.is_tax_number:
            self.numbers.append(spot)
            return TaxNumber(path, index, spot, self.sheet)
        if path.is_amount:
            self.amounts.append(spot)
        return Leaf(path, index, spot, self.sheet)

    def _attributes(self, tag: str, record: Node | Leaf, element: etree._Element) -> None:
        attributes: dict[str, str] = dict(element.attrib)  # type: ignore[arg-type]
        if FILE_NAME in tag:
            attributes["filename"] = ""
            self.files += 1
        if attributes:  # and not only declarations of namespaces
            record.attributes = attributes
            self.attributed.append(record)

    def todo(self) -> list[tuple[Check, Any, frozenset[str] | None]]:
        """Every check with what it looks at and the countries it is for, path by path."""
        national = self.checks.national.get
        return [
            *((check, self.told, None) for check in self.checks.childless),
            *((check, self.attributed, None) for check in self.checks.attributed),
            *(
                (check, found, national(check))
                for path, found in self.found.items()
                for check in path.checks
            ),
        ]

    def _as_leaf(self, record: Node | Leaf, tag: str, spot: int) -> Leaf:
        if isinstance(record, Leaf):
            return record
        return (Leaf if tag[-1] != "/" else Empty)(record.path, record.index, spot, self.sheet)


def _nobodys(element: etree._Element, index: int, sheet: Sheet, checks: Checks) -> Leaf:
    """A record of an element below a leaf, which has no place in any other."""
    return Leaf(checks.apart(element.tag), index, 0, sheet)
