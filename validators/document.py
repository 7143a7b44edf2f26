"""The document as the rules see it: one flat pass over the parsed tree into small records.

In charge of the form in which a rule meets an element, and of remembering what the rules found.
Not in charge of any rule (`validators.rules`), nor of the model of the invoice (`schemas.invoice`).

Why this form. The official rules are written against the XML tree, and their verdict hangs on
details of that tree that a business model has no room for: a tax category under a price, a second
address line, a code with a space before it. So the rules here read the tree too, but the tree of
lxml is slow to walk from Python: each step makes an object. Three things make it quick:

* one flat `root.iter()`; the parent is found by comparing with the record at hand;
* a record (`Node`) only for elements with children. A leaf stays the lxml element it is, so its
  text, attributes and line number are there when a rule asks, and cost nothing when none does;
* each distinct path of elements is one `Path` object, shared by all documents of the process. Which
  rules look at a path is worked out when the path is first met, not for each element.

The parser has taken comments and processing instructions away, so `text` of a leaf is all of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, islice
from typing import Any, Final, TypeVar

from lxml import etree

from schemas.codelists import codes
from schemas.ubl.structure import ROOTS, TYPES, children

Leaf = etree._Element
LeafCheck = Callable[[Leaf, "Node", "Document"], None]
NodeCheck = Callable[["Node", "Document"], None]
# The same for all elements of a path at once. Leaves come with the node they stand in.
LeavesCheck = Callable[[Sequence[tuple[Leaf, "Node"]], "Document"], None]
NodesCheck = Callable[[Sequence["Node"], "Document"], None]
T = TypeVar("T")

WHITESPACE: Final = " \t\r\n"  # XML's own four; str.strip() alone would take no-break spaces too

# Paths kept for all documents. UBL has some 3,000; only extension content can make more of them.
_MOST_PATHS: Final = 20_000

_SPACES = re.compile(r"[ \t\r\n]+")

# With so many elements directly below its root a document is long, and read in two walks, one so
# many elements ahead of the other.
_LONG: Final = 500
_AHEAD: Final = 10_000

# A document with more faults than this is refused without telling them all.
MOST_HITS: Final = 10_000

_LEAF_NAMESPACE: Final = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
_DECLARED: Final = frozenset(
    (
        *(child.tag for name in TYPES for child in children(name)),
        *(f"{{{namespace}}}{name}" for name, namespace in ROOTS.items()),
    )
)


class Path:
    """A path of element names, such as Invoice/InvoiceLine/Item, and the checks that look at it."""

    __slots__ = (
        "_by_country",
        "checks",
        "foreign",
        "gathered",
        "is_leaf",
        "name",
        "names",
        "national",
        "parent",
        "steps",
        "tag",
    )

    def __init__(self, tag: str, parent: Path | None, checks: Checks) -> None:
        namespace, _, name = tag.rpartition("}")
        self.tag = tag
        # Inside an extension anything may stand, even what UBL has no element for in UBL's own
        # namespaces. It keeps its namespace, so no pattern fits it but a suffix, as officially.
        self.foreign = checks.aggregates is None and tag not in _DECLARED
        self.name = tag if self.foreign else name
        self.parent = parent
        self.names: tuple[str, ...] = (*parent.names, self.name) if parent else (self.name,)
        if checks.aggregates is None:
            self.is_leaf = namespace[1:] == _LEAF_NAMESPACE and not self.foreign
        else:
            self.is_leaf = name not in checks.aggregates
        self.steps: dict[str, Path] = {}
        self.checks: tuple[Any, ...] = checks.matching(self)
        self.gathered = self.name in checks.gathered
        self.national = checks.national
        self._by_country: dict[frozenset[str], tuple[Any, ...]] = {}

    def checks_in(self, countries: frozenset[str]) -> tuple[Any, ...]:
        """The checks that look at this path, of the national ones only those of `countries`."""
        found = self._by_country.get(countries)
        if found is None:
            found = self._by_country[countries] = tuple(
                check
                for check in self.checks
                if check not in self.national or self.national[check] & countries
            )
        return found


class Checks:
    """Which checks look at which paths, and the paths met so far. One per profile.

    A pattern is the end of a path (`Price/AllowanceCharge`), or all of it when it begins with a
    slash (`/Invoice/AllowanceCharge`); `*Amount` is any name that ends so. `gathered` are element
    names to be listed for rules that ask whether such an element stands anywhere in the document.
    `aggregates` are the names of elements that hold others; None: in UBL 2 the namespace tells.
    `national` has the countries of the checks that look only at documents of some country, and
    `countries_of` says which countries a document is of.
    """

    def __init__(
        self,
        patterns: Mapping[str, tuple[Callable[..., None], ...]],
        gathered: frozenset[str],
        aggregates: frozenset[str] | None = None,
        national: Mapping[Callable[..., None], frozenset[str]] | None = None,
        countries_of: Callable[[Document], frozenset[str]] | None = None,
    ) -> None:
        self.gathered = gathered
        self.national = national or {}
        self._countries_of = countries_of
        self._countries: frozenset[str] = frozenset().union(*self.national.values())
        self.aggregates = aggregates
        self._suffixes: list[tuple[str, tuple[Callable[..., None], ...]]] = []
        self._ends: dict[str, list[tuple[tuple[str, ...], bool, Callable[..., None]]]] = {}
        for pattern, functions in patterns.items():
            if pattern.startswith("*"):
                self._suffixes.append((pattern[1:], functions))
                continue
            names = tuple(pattern.lstrip("/").split("/"))
            for function in functions:
                self._ends.setdefault(names[-1], []).append(
                    (names, pattern.startswith("/"), function)
                )
        self._roots: dict[str, Path] = {}
        self._count = 0

    def matching(self, path: Path) -> tuple[Callable[..., None], ...]:
        """The checks whose pattern fits `path`, in the order they were registered."""
        self._count += 1
        names = path.names
        return (
            *(
                function
                for wanted, whole, function in self._ends.get(path.name, ())
                if names[-len(wanted) :] == wanted and (not whole or len(names) == len(wanted))
            ),
            *(
                function
                for suffix, functions in self._suffixes
                if path.name.endswith(suffix)
                for function in functions
            ),
        )

    def countries(self, document: Document) -> frozenset[str]:
        """The countries a document is of, among those that have rules of their own."""
        if not self._countries or self._countries_of is None:
            return frozenset()
        return self._countries & self._countries_of(document)

    def root(self, tag: str) -> Path:
        """The path of a root element; forgets all paths when there are too many of them."""
        if self._count > _MOST_PATHS:
            self._roots, self._count = {}, 0
        found = self._roots.get(tag)
        if found is None:
            found = self._roots[tag] = Path(tag, None, self)
        return found


# Most elements with children have leaves alone; an empty dictionary for each would take room.
_NONE: Final[dict[str, Any]] = {}


class Node:
    """An element with children: `leaves` by name, `nodes` by name, the first of each.

    `repeated` holds, by name, all the elements of a name that stands more than once.
    """

    __slots__ = ("element", "leaves", "nodes", "parent", "path", "repeated")

    def __init__(self, path: Path, element: etree._Element, parent: Node | None) -> None:
        self.path = path
        self.element = element
        self.parent = parent
        self.leaves: dict[str, Leaf] = {}
        self.nodes: dict[str, Node] = _NONE
        self.repeated: dict[str, list[Any]] | None = None

    def text(self, name: str) -> str:
        """The text of the leaf `name` as it stands, "" when there is none."""
        leaf = self.leaves.get(name)
        return "" if leaf is None else leaf.text or ""

    def value(self, name: str) -> str:
        """The text of the leaf `name` without white space around it, "" when there is none."""
        leaf = self.leaves.get(name)
        return "" if leaf is None else (leaf.text or "").strip(WHITESPACE)

    def every_leaf(self, name: str) -> Sequence[Leaf]:
        """All leaves called `name`."""
        if self.repeated and name in self.repeated:
            return self.repeated[name]
        leaf = self.leaves.get(name)
        return () if leaf is None else (leaf,)

    def every(self, name: str) -> Sequence[Node]:
        """All nodes called `name`."""
        if self.repeated and name in self.repeated:
            return self.repeated[name]
        node = self.nodes.get(name)
        return () if node is None else (node,)

    def step(self, *names: str) -> Sequence[Node]:
        """All nodes at the path `names` below this one."""
        found: Sequence[Node] = (self,)
        for name in names:
            if len(found) == 1:
                found = found[0].every(name)
            else:
                found = [kin for node in found for kin in node.every(name)]
        return found

    def leaves_at(self, *names: str) -> Sequence[Leaf]:
        """All leaves at the path `names` below this one."""
        found = self.step(*names[:-1])
        if len(found) == 1:
            return found[0].every_leaf(names[-1])
        return [leaf for node in found for leaf in node.every_leaf(names[-1])]

    def has(self, name: str) -> bool:
        """Whether a leaf or node called `name` stands here."""
        return name in self.leaves or name in self.nodes


def normalized(text: str) -> str:
    """fn:normalize-space: no white space around the text, one space where there was some in it."""
    text = text.strip(WHITESPACE)
    return _SPACES.sub(" ", text) if _SPACES.search(text) else text


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that did not hold: its id, the element it is about, and what the message can say.

    `missing` is the path below `at` of what ought to be there.
    """

    rule: str
    at: etree._Element
    missing: str
    values: Mapping[str, object]


class Document:
    """A bound document: its records, the day it is checked at, and what has been found so far.

    `todo` has by path the nodes to be checked; or the leaves, and in a second list what they stand
    in, as 300,000 pairs would take a tenth of all memory. `repeated` are the names that stand more
    than once in some element: what is not there cannot stand too often.
    """

    __slots__ = (
        "_checks",
        "_lists",
        "_told",
        "at",
        "elements",
        "empty",
        "hits",
        "more_hits",
        "nodes",
        "once_only",
        "repeated",
        "root",
        "todo",
    )

    def __init__(self, root: Node, at: date, checks: Checks) -> None:
        self._checks = checks
        self.root = root
        self.at = at
        self.elements: dict[str, list[Any]] = {}
        self.empty: list[etree._Element] = []
        self.nodes: list[Node] = [root]
        self.todo: dict[Path, tuple[list[Any], list[Node]]] = {}
        self.hits: list[Hit] = []
        self.more_hits = False
        self.repeated: set[str] = set()
        self.once_only: dict[Callable[[Document], object], Any] = {}
        self._told: set[str] = set()
        self._lists: dict[str, frozenset[str]] = {}

    def found(self, rule: str, at: Node | Leaf, missing: str = "", /, **values: object) -> None:
        """Notes that `rule` does not hold at `at`; `values` are for the message."""
        if len(self.hits) >= MOST_HITS:
            self.more_hits = True
            return
        element = at.element if isinstance(at, Node) else at
        self.hits.append(Hit(rule, element, missing, values))

    def first_time(self, rule: str) -> bool:
        """Whether `rule` has not been asked about yet: for rules that speak once."""
        if rule in self._told:
            return False
        self._told.add(rule)
        return True

    def every(self, name: str) -> list[Any]:
        """All elements called `name` in the document: nodes, or leaves. `name` must be gathered."""
        return self.elements.get(name, [])

    def codes(self, name: str) -> frozenset[str]:
        """The code list `name` as of the day the document is checked at."""
        found = self._lists.get(name)
        if found is None:
            found = self._lists[name] = codes(name, self.at)
        return found

    def once(self, function: Callable[[Document], T]) -> T:
        """What `function` says of this document, worked out the first time it is asked for."""
        if function not in self.once_only:
            self.once_only[function] = function(self)
        result: T = self.once_only[function]
        return result

    def check(self) -> None:
        """Gives every check the elements it looks at."""
        countries = self._checks.countries(self)
        for path, (found, holders) in self.todo.items():
            pairs = path.is_leaf or path.foreign
            here = list(zip(found, holders, strict=True)) if pairs else found
            for check in path.checks_in(countries):
                check(here, self)

    def release(self) -> None:
        """Takes the records apart, so that they are gone without the help of the collector."""
        for node in self.nodes:
            node.parent = None


def bind(root: etree._Element, checks: Checks, at: date) -> Document:
    """Reads the tree once and returns its records; the structure must be right already."""
    node = Node(checks.root(root.tag), root, None)
    document = Document(node, at, checks)
    nodes, todo, gathered = document.nodes, document.todo, document.elements
    if node.path.checks:
        todo[node.path] = ([node], [])
    for tag, element in _elements(root):
        parent = element.getparent()
        nearest = node
        try:
            while node.element is not parent:
                node = node.parent  # type: ignore[assignment]  # the root is everybody's ancestor
        except AttributeError:  # below a leaf: only extension content, which nobody describes
            node = nearest
            continue
        path = node.path.steps.get(tag)
        if path is None:
            path = node.path.steps[tag] = Path(tag, node.path, checks)
        name = path.name
        if path.is_leaf:
            kin: dict[str, Any] = node.leaves
            found: Any = element
            text = element.text
            if (
                (not text or (text[0] <= " " and not text.strip(WHITESPACE)))
                and not len(element)  # below a leaf stands something only in extensions
            ):
                document.empty.append(element)
            if path.checks:
                try:
                    found_there, holders = todo[path]
                except KeyError:
                    found_there, holders = todo[path] = ([], [])
                found_there.append(element)
                holders.append(node)
        else:
            kin = node.nodes
            if kin is _NONE:
                kin = node.nodes = {}
            found = Node(path, element, node)
            if not len(element) and not (element.text or "").strip(WHITESPACE):
                document.empty.append(element)
            nodes.append(found)
            if path.checks:
                try:
                    found_there, holders = todo[path]
                except KeyError:
                    found_there, holders = todo[path] = ([], [])
                if path.foreign:
                    found_there.append(element)
                    holders.append(node)
                else:
                    found_there.append(found)
        if path.gathered:
            try:
                gathered[name].append(found)
            except KeyError:
                gathered[name] = [found]
        if kin.setdefault(name, found) is not found:
            _repeat(node, name, kin[name], found)
            document.repeated.add(name)
        if found is not element:
            node = found
    return document


def _elements(root: etree._Element) -> Iterator[tuple[str, etree._Element]]:
    """All elements below the root, each with its tag before it.

    lxml makes the text of a tag anew for every element and keeps it as long as the element is
    held: a fifth of all memory. So in a long document the tags are read ahead, by a walk of its own
    that holds no element.
    """
    if len(root) < _LONG:
        held = list(root.iter())
        found = zip([element.tag for element in held], held, strict=True)
        next(found)
        return found
    behind = root.iter()
    long = chain.from_iterable(zip(tags, behind) for tags in _tags_ahead(root))  # noqa: B905
    next(long)
    return long


def _tags_ahead(root: etree._Element) -> Iterator[list[str]]:
    known: dict[str, str] = {}
    elements = root.iter()
    while tags := [known.setdefault(tag := each.tag, tag) for each in islice(elements, _AHEAD)]:
        yield tags


def _repeat(parent: Node, name: str, first: Any, found: Any) -> None:
    """Adds one more of a name that stands more than once."""
    if parent.repeated is None:
        parent.repeated = {}
    if name in parent.repeated:
        parent.repeated[name].append(found)
    else:
        parent.repeated[name] = [first, found]
