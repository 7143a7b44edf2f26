"""The elements that carry business terms, as a tree: what the table of `terms` is turned into.

In charge of paths, predicates, alternatives and their order, so that reading and writing can each
be one walk. Not in charge of which term stands where (`terms`). Order, namespaces, datatypes and
what may repeat come from `structure`, types from `schemas.invoice`.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from types import NoneType
from typing import Final, get_args, get_origin, get_type_hints

from lxml import etree

from schemas.invoice import Attachment, Identifier, Invoice, Note
from schemas.ubl import structure


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: its term (or group, or several), its UBL path, its model path.

    A UBL path is written as people say it, without prefixes; a predicate in brackets is both the
    test when reading and what gets written: `AllowanceCharge[ChargeIndicator=false]`. Alternatives
    with a predicate are tried before the one without. A model path is dotted inside its group, and
    starts at the invoice when it begins with `/`.

    `rows` makes it a repeating group. `fixed` is written wherever its parent is. `absent` is
    written where UBL demands the element and the term is not stated, and read as not stated.
    """

    term: str
    path: str
    model: str
    rows: tuple[Row, ...] = ()
    fixed: str | None = None
    absent: str | None = None


def fixed(path: str, value: str) -> Row:
    """A row that carries no term: `value` stands at `path` wherever the element around it does."""
    return Row("", path, "", fixed=value)


@dataclass(frozen=True, slots=True)
class Test:
    """A predicate: what stands at `path` (and its `attribute`) below an element."""

    path: str
    attribute: str | None
    value: str

    def holds(self, element: etree._Element) -> bool:
        """Whether `element` is meant by the row with this predicate."""
        found = element.find(self.path)
        if found is None:
            return False
        stated = found.get(self.attribute) if self.attribute else found.text
        wanted: str | None = self.value
        if self.value.startswith("../"):
            parent = element.getparent()
            wanted = None if parent is None else parent.findtext(_CBC + self.value[3:])
        if stated is None or wanted is None:
            return False
        stated, wanted = stated.strip().upper(), wanted.strip().upper()
        return stated == wanted or (stated, wanted) in _BOOLEANS


_CBC: Final = f"{{{structure.NAMESPACES['cbc']}}}"
_BOOLEANS: Final = {("1", "TRUE"), ("0", "FALSE")}  # xs:boolean spells each value in two ways


@dataclass(slots=True, eq=False)
class Node:
    """One element, or `@attribute`, of the syntax tree that carries terms.

    `kind` is its UBL type; UBL may repeat it (`repeats`) or insist on it (`demanded`). `model` is
    the Python type of its value: of the leaf, or of the scope that starts here. `field` is the
    dotted model path in the scope around it; where that is a tuple (`many`), `each` names it on
    the element of the path that UBL repeats. What is `constant` carries no term at all.
    """

    name: str
    tag: str
    qname: str
    kind: str
    repeats: bool
    demanded: bool
    test: Test | None = None
    terms: tuple[str, ...] = ()
    field: str | None = None
    model: type | None = None
    leaf: bool = False
    many: bool = False
    each: str | None = None
    fixed: str | None = None
    absent: str | None = None
    constant: bool = False
    kids: list[Node] = dataclasses.field(default_factory=list)
    attributes: list[Node] = dataclasses.field(default_factory=list)
    by_tag: dict[str, tuple[Node, ...]] = dataclasses.field(default_factory=dict)

    def choose(self, element: etree._Element) -> Node | None:
        """The alternative that `element`, a child of this node's element, stands for."""
        for kid in self.by_tag.get(element.tag, ()):
            if kid.test is None or kid.test.holds(element):
                return kid
        return None


def grow(document: str, rows: Iterable[Row]) -> Node:
    """The tree of a document, "Invoice" or "CreditNote". KeyError for a path UBL does not have."""
    tag = f"{{{structure.ROOTS[document]}}}{document}"
    root = Node(document, tag, document, document, repeats=False, demanded=True, model=Invoice)
    for row in rows:
        _insert(root, Invoice, row)
    _settle(root)
    return root


_STEP: Final = re.compile(r"(@?\w+)(?:\[([^\]=]+)=([^\]]+)\])?")
_VALUES: Final = (Identifier, Note, Attachment)  # models that one element holds whole


def _insert(scope: Node, model: type, row: Row) -> None:
    """Puts a row into the tree below `scope`, whose fields are those of `model`."""
    value, many = _type_of(Invoice if row.model[:1] == "/" else model, row.model)
    if row.fixed:
        value = str
    node = repeating = scope
    for match in _STEP.finditer(row.path):
        node = _step(node, *match.groups())
        if node.repeats or repeating is scope:
            repeating = node
    if many:
        repeating.each = row.model
    node.terms += tuple(row.term.split())
    node.fixed, node.absent = row.fixed, row.absent
    node.field, node.many = row.model or None, many
    node.leaf = not row.rows and (value in _VALUES or not dataclasses.is_dataclass(value))
    if row.rows or node.leaf:
        node.model = value
    for inner in row.rows:
        _insert(node, value, inner)


def _step(parent: Node, name: str, condition: str | None, wanted: str | None) -> Node:
    """The child of `parent` that a step of a path names; made where it is new."""
    test = _test(parent, name, condition, wanted) if condition and wanted else None
    known = parent.attributes if name[0] == "@" else parent.kids
    for kid in known:
        if (kid.name, kid.test) == (name, test):
            return kid
    if name[0] == "@":
        made = Node(name, name[1:], name[1:], "", repeats=False, demanded=False)
    else:
        child = _child(parent.kind, name)
        made = Node(
            name,
            child.tag,
            f"{child.prefix}:{name}",
            child.type,
            repeats=child.most is None,
            demanded=child.least > 0,
            test=test,
        )
    known.append(made)
    if condition and wanted and not wanted.startswith("../"):
        _insert(made, Invoice, fixed(condition, wanted))
    return made


def _test(parent: Node, name: str, path: str, value: str) -> Test:
    steps, _, attribute = path.partition("/@")
    kind, tags = _child(parent.kind, name).type, []
    for step in steps.split("/"):
        child = _child(kind, step)
        kind = child.type
        tags.append(child.tag)
    return Test("/".join(tags), attribute or None, value)


def _child(type_name: str, name: str) -> structure.Child:
    return {child.name: child for child in structure.children(type_name)}[name]


def _type_of(model: type, path: str) -> tuple[type, bool]:
    """The type of the field at a model path, and whether it repeats."""
    found, many = model, False
    for name in re.findall(r"\w+", path):
        hint = _hints(found)[name]
        args = [arg for arg in get_args(hint) if arg not in (NoneType, Ellipsis)]
        found = args[0] if args else hint
        many = get_origin(hint) is tuple
    return found, many and path[0] != "/"


_hints = cache(get_type_hints)


def _settle(node: Node) -> None:
    """Puts a node's children into the order of the schema, and alternatives by their predicate."""
    order = [child.name for child in structure.children(node.kind)]
    node.kids.sort(key=lambda kid: order.index(kid.name))
    for kid in sorted(node.kids, key=lambda kid: kid.test is None):
        node.by_tag[kid.tag] = (*node.by_tag.get(kid.tag, ()), kid)
        _settle(kid)
    node.constant = node.fixed is not None or (
        bool(node.kids) and all(kid.constant for kid in node.kids)
    )
