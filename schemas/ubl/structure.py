"""The structure of UBL 2.1: which element may stand where, how often, and what it may hold.

In charge of the fact table `structure.json` and of the XML Schema generated from it. Not in charge
of explaining what is wrong (`schemas.ubl.faults`), nor of what the content means.
Source: UBL 2.1 (OASIS Standard, 4 November 2013), the part that the roots in the table reach.

The table: `elements` gives each element's type, a datatype or an aggregate; `types` gives each
aggregate's children in their order with least..most occurrences; a datatype has an XML Schema base
type and attributes, where "!" marks a required one. Prefixes are the usual ones: cac, cbc, ext.

One known difference from the official schema: an XML signature inside an extension is not checked.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from lxml import etree

ANY = "Any"
"""The type of ext:ExtensionContent: one element of any namespace but its own."""


@dataclass(frozen=True, slots=True)
class Datatype:
    """What a leaf element holds: an XML Schema base type, and attributes (name -> base type)."""

    name: str
    base: str
    attributes: Mapping[str, str]
    required: frozenset[str]


@dataclass(frozen=True, slots=True)
class Child:
    """One place in an aggregate: `most` None means without limit; `type` names either kind."""

    name: str
    prefix: str
    least: int
    most: int | None
    type: str

    @property
    def tag(self) -> str:
        """The name as lxml writes it, `{namespace}name`."""
        return f"{{{NAMESPACES[self.prefix]}}}{self.name}"


def _child(qname: str, occurs: str, element_type: str) -> Child:
    prefix, _, name = qname.partition(":")
    least, _, most = occurs.partition("..")
    return Child(name, prefix, int(least), None if most == "n" else int(most), element_type)


def _datatype(name: str, fact: Mapping[str, Any]) -> Datatype:
    attributes: dict[str, str] = fact["attributes"]
    return Datatype(
        name,
        fact["base"],
        {attribute: base.rstrip("!") for attribute, base in attributes.items()},
        frozenset(attribute for attribute, base in attributes.items() if base.endswith("!")),
    )


_FACTS = json.loads(resources.files(__package__).joinpath("structure.json").read_text("utf-8"))

NAMESPACES: Mapping[str, str] = _FACTS["namespaces"]
"""Prefix -> namespace, for all elements but the roots."""

ROOTS: Mapping[str, str] = _FACTS["roots"]
"""Name of a root element -> its namespace. Its type has the same name."""

DATATYPES: Mapping[str, Datatype] = {
    name: _datatype(name, fact) for name, fact in _FACTS["datatypes"].items()
}

_CHILDREN: Mapping[str, tuple[Child, ...]] = {
    name: tuple(_child(q, occurs, _FACTS["elements"][q]) for q, occurs in rows.items())
    for name, rows in _FACTS["types"].items()
}


TYPES: frozenset[str] = frozenset(_CHILDREN)
"""The names of all aggregates."""


def children(type_name: str) -> tuple[Child, ...]:
    """The children an aggregate may have, in the order they must stand; none for a datatype."""
    return _CHILDREN.get(type_name, ())


def type_at(path: str) -> str | None:
    """The type of the element at `Invoice/InvoiceLine/Item`; None where nothing may stand."""
    root, *names = path.split("/")
    found = root if root in ROOTS else None
    for name in names:
        found = next((c.type for c in children(found or "") if c.name == name), None)
    return found


# --- the XML Schema ------------------------------------------------------------------------------

XSD = "http://www.w3.org/2001/XMLSchema"

_UDT = "urn:oasis:names:specification:ubl:schema:xsd:UnqualifiedDataTypes-2"


class _Compiled(threading.local):
    """Compiled schemas of one thread: lxml keeps the errors of a validation on the schema."""

    def __init__(self) -> None:
        self.schemas: dict[str, etree.XMLSchema] = {}


_compiled = _Compiled()


def schema(root: str) -> etree.XMLSchema:
    """The compiled schema of a root element, "Invoice" or "CreditNote"; KeyError for others.

    Kept per thread, so its error log is the caller's own. The first call takes about 20 ms.
    """
    if root not in _compiled.schemas:
        _compiled.schemas[root] = _compile(root)
    return _compiled.schemas[root]


def _compile(root: str) -> etree.XMLSchema:
    # From files, because a resolver of ours is not always asked: lxml puts its loader of imported
    # documents into a global of libxml2 and takes it away again whenever any thread parses.
    with TemporaryDirectory(prefix="budkavle-xsd-") as directory:
        for name, text in xsd(root).items():
            (Path(directory) / name).write_text(text, "utf-8")
        return etree.XMLSchema(file=str(Path(directory) / root))


@cache
def xsd(root: str) -> Mapping[str, str]:
    """The text of the schema of a root: one document for the root and one for each prefix.

    Types are named as in the standard, so that a right xsi:type finds its own.
    """
    elements, aggregates = _reachable(root)
    homes = {child.type: child.prefix for child in elements}
    documents = {
        root: [_element("root", root, root), _aggregate(root)],
        "udt": [_datatype_type(datatype) for datatype in DATATYPES.values()],
    }
    for prefix in NAMESPACES:
        here = [child for child in elements if child.prefix == prefix]
        leaves = [child for child in here if not children(child.type)]
        names = {leaf: leaf.name for leaf in leaves}
        documents[prefix] = [
            *(_element(prefix, child.name, names.get(child, child.type)) for child in here),
            *(_leaf(leaf) for leaf in leaves),
            *(_aggregate(name) for name in aggregates if homes[name] == prefix),
        ]
    namespaces = {root: ROOTS[root], "udt": _UDT, **NAMESPACES}
    return {name: _document(namespaces, name, parts) for name, parts in documents.items()}


def _reachable(root: str) -> tuple[list[Child], list[str]]:
    """All elements below a root, each once, and all aggregates but the root's own."""
    elements: dict[tuple[str, str], Child] = {}
    aggregates: list[str] = []
    todo = [root]
    while todo:
        for child in children(todo.pop()):
            if (child.prefix, child.name) not in elements:
                elements[child.prefix, child.name] = child
                if child.type not in aggregates and children(child.type):
                    aggregates.append(child.type)
                    todo.append(child.type)
    return list(elements.values()), aggregates


def _document(namespaces: Mapping[str, str], name: str, parts: list[str]) -> str:
    own, imported = namespaces[name], {"udt": _UDT, **NAMESPACES}
    return "".join(
        [
            f'<xs:schema xmlns:xs="{XSD}" xmlns:root="{own}" targetNamespace="{own}"',
            ' elementFormDefault="qualified"',
            *(f' xmlns:{prefix}="{uri}"' for prefix, uri in imported.items()),
            ">",
            *(
                f'<xs:import namespace="{uri}" schemaLocation="{prefix}"/>'
                for prefix, uri in imported.items()
                if prefix != name
            ),
            *parts,
            "</xs:schema>",
        ]
    )


def _element(prefix: str, name: str, type_name: str) -> str:
    return f'<xs:element name="{name}" type="{prefix}:{type_name}Type"/>'


def _aggregate(name: str) -> str:
    rows = "".join(
        f'<xs:element ref="{child.prefix}:{child.name}" minOccurs="{child.least}"'
        f' maxOccurs="{"unbounded" if child.most is None else child.most}"/>'
        for child in children(name)
    )
    return f'<xs:complexType name="{name}Type"><xs:sequence>{rows}</xs:sequence></xs:complexType>'


def _leaf(leaf: Child) -> str:
    """The type of a leaf: its datatype under the leaf's own name."""
    if leaf.type == ANY:
        content = '<xs:sequence><xs:any namespace="##other" processContents="lax"/></xs:sequence>'
    else:
        base = f'<xs:extension base="udt:{leaf.type}Type"/>'
        content = f"<xs:simpleContent>{base}</xs:simpleContent>"
    return f'<xs:complexType name="{leaf.name}Type">{content}</xs:complexType>'


def _datatype_type(datatype: Datatype) -> str:
    attributes = "".join(
        f'<xs:attribute name="{name}" type="xs:{base}"'
        + (' use="required"/>' if name in datatype.required else "/>")
        for name, base in datatype.attributes.items()
    )
    return (
        f'<xs:complexType name="{datatype.name}Type"><xs:simpleContent>'
        f'<xs:extension base="xs:{datatype.base}">{attributes}</xs:extension>'
        "</xs:simpleContent></xs:complexType>"
    )
