"""The XML Schema of a vocabulary, written from its table of facts, for libxml2 to check with.

In charge of the text of the schema and of compiling it. Not in charge of the facts
(`schemas.structure`). Shape: one schema document for each namespace; every element is global and
referred to, except where the same name has another type elsewhere. Types of UBL 2.1 are named as
in the standard, so that a right xsi:type finds its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape  # as good for XML, and quicker to import than xml.sax
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from lxml import etree

if TYPE_CHECKING:
    from schemas.structure import Attribute, Child, Datatype, Vocabulary

XSD: Final = "http://www.w3.org/2001/XMLSchema"

ANY: Final = "Any"
"""The type of ext:ExtensionContent: one element of any namespace but its own."""


def compiled(vocabulary: Vocabulary, root: str) -> etree.XMLSchema:
    """The schema of a root element; KeyError for others."""
    # From files, because a resolver of ours is not always asked: lxml puts its loader of imported
    # documents into a global of libxml2 and takes it away again whenever any thread parses.
    with TemporaryDirectory(prefix="budkavle-xsd-") as directory:
        for name, text in texts(vocabulary, root).items():
            (Path(directory) / name).write_text(text, "utf-8")
        return etree.XMLSchema(file=str(Path(directory) / _home(vocabulary, root)))


def texts(vocabulary: Vocabulary, root: str) -> Mapping[str, str]:
    """The text of the schema of a root element: one document for each prefix."""
    elements, homes = _reachable(vocabulary, root)
    parts: dict[str, list[str]] = {homes[root]: [_element(homes[root], root, root)], "udt": []}
    for element in elements:
        here = parts.setdefault(element.prefix, [])
        if element.type in homes:
            here.append(f'<xs:element name="{element.name}" type="{_type(element, homes)}"/>')
        else:
            here.append(_element(element.prefix, element.name, element.name))
            here.append(_leaf(element))
    for name, prefix in homes.items():
        parts[prefix].append(_aggregate(vocabulary, name, homes))
    parts["udt"] += (_code_list(name, codes) for name, codes in vocabulary.codes.items())
    parts["udt"] += (_datatype(vocabulary, kind) for kind in vocabulary.datatypes.values())
    namespaces = {
        homes[root]: vocabulary.roots[root],
        "udt": vocabulary.datatypes_in,
        **vocabulary.namespaces,
    }
    return {name: _document(namespaces, name, "".join(here)) for name, here in parts.items()}


def _home(vocabulary: Vocabulary, root: str) -> str:
    """The prefix of a root element: its name where nothing else is in its namespace."""
    uri = vocabulary.roots[root]
    prefixes = (prefix for prefix, own in vocabulary.namespaces.items() if own == uri)
    return next(prefixes, root)


def _reachable(vocabulary: Vocabulary, root: str) -> tuple[list[Child], Mapping[str, str]]:
    """All global elements below a root, each once, and the prefix of each aggregate."""
    elements: dict[str, Child] = {}
    homes = {root: _home(vocabulary, root)}
    todo = [root]
    while todo:
        for child in vocabulary.children(todo.pop()):
            if not child.local:
                elements.setdefault(child.tag, child)
            if child.type in vocabulary.types and child.type not in homes:
                homes[child.type] = child.prefix
                todo.append(child.type)
    return list(elements.values()), homes


def _document(namespaces: Mapping[str, str], name: str, content: str) -> str:
    imported = [prefix for prefix in namespaces if prefix != name and f'"{prefix}:' in content]
    return "".join(
        [
            f'<xs:schema xmlns:xs="{XSD}" targetNamespace="{namespaces[name]}"',
            ' elementFormDefault="qualified"',
            *(f' xmlns:{prefix}="{uri}"' for prefix, uri in namespaces.items()),
            ">",
            *(
                f'<xs:import namespace="{namespaces[prefix]}" schemaLocation="{prefix}"/>'
                for prefix in imported
            ),
            content,
            "</xs:schema>",
        ]
    )


def _type(child: Child, homes: Mapping[str, str]) -> str:
    return f"{homes.get(child.type, 'udt')}:{child.type}Type"


def _element(prefix: str, name: str, type_name: str) -> str:
    return f'<xs:element name="{name}" type="{prefix}:{type_name}Type"/>'


def _aggregate(vocabulary: Vocabulary, name: str, homes: Mapping[str, str]) -> str:
    rows = "".join(_row(child, homes) for child in vocabulary.children(name))
    attributes = _attributes(vocabulary, vocabulary.attributes(name))
    return (
        f'<xs:complexType name="{name}Type">'
        f"<xs:sequence>{rows}</xs:sequence>{attributes}</xs:complexType>"
    )


def _row(child: Child, homes: Mapping[str, str]) -> str:
    what = f'ref="{child.prefix}:{child.name}"'
    if child.local:
        what = f'name="{child.name}" type="{_type(child, homes)}"'
    most = "unbounded" if child.most is None else child.most
    return f'<xs:element {what} minOccurs="{child.least}" maxOccurs="{most}"/>'


def _leaf(leaf: Child) -> str:
    """The type of a leaf: its datatype under the leaf's own name."""
    if leaf.type == ANY:
        content = '<xs:sequence><xs:any namespace="##other" processContents="lax"/></xs:sequence>'
    else:
        base = f'<xs:extension base="udt:{leaf.type}Type"/>'
        content = f"<xs:simpleContent>{base}</xs:simpleContent>"
    return f'<xs:complexType name="{leaf.name}Type">{content}</xs:complexType>'


def _datatype(vocabulary: Vocabulary, datatype: Datatype) -> str:
    base, attributes = datatype.base, _attributes(vocabulary, datatype.attributes)
    return (
        f'<xs:complexType name="{datatype.name}Type"><xs:simpleContent>'
        f'<xs:extension base="{_base(vocabulary, base)}">{attributes}</xs:extension>'
        "</xs:simpleContent></xs:complexType>"
    )


def _attributes(vocabulary: Vocabulary, attributes: Mapping[str, Attribute]) -> str:
    return "".join(
        f'<xs:attribute name="{name}" type="{_base(vocabulary, fact.base)}"'
        + (' use="required"' if fact.required else "")
        + (f' fixed="{escape(fact.fixed)}"' if fact.fixed is not None else "")
        + "/>"
        for name, fact in attributes.items()
    )


def _base(vocabulary: Vocabulary, base: str) -> str:
    return f"udt:{base}List" if base in vocabulary.codes else f"xs:{base}"


def _code_list(name: str, codes: Iterable[str]) -> str:
    values = "".join(f'<xs:enumeration value="{escape(code)}"/>' for code in codes)
    return (
        f'<xs:simpleType name="{name}List"><xs:restriction base="xs:normalizedString">{values}'
        "</xs:restriction></xs:simpleType>"
    )
