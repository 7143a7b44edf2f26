"""The structure of documents: which element may stand where, how often, and what it may hold.

In charge of tables of facts, one for each vocabulary. Not in charge of the XML Schema made from
them (`schemas.xsd`), of explaining what is wrong (`schemas.faults`), nor of what content means.

The tables, and what they were taken from:

* `ubl/structure.json`: UBL 2.1 (OASIS Standard, 4 November 2013), what the roots here reach;
* `svefaktura/structure.json`: Svefaktura 1.0 (SFTI Basic Invoice and Object Envelope, on UBL 1.0);
* `reporting/tsr.json`: Peppol Transaction Statistics Report 1.0.1;
* `reporting/eusr.json`: Peppol End User Statistics Report 1.1.

A table: `elements` gives each element's type, a datatype or an aggregate; `types` gives each
aggregate's children in their order with least..most occurrences, and the type where this parent
has one of its own; a datatype has an XML Schema base type (or a list of `codes`) and attributes,
which aggregates have in `attributes`. An attribute's "!" marks a required one, "=" the one value
it may have. Prefixes are those people write: cac, cbc, ext; no others in a namespace of its own.

Known differences from the official schemas: an XML signature inside an extension is not checked;
an xsi:type in a Svefaktura or a report must be right by the names of types in our table.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from lxml import etree

from schemas import xsd

_UBL: Final = "urn:oasis:names:specification:ubl:schema:xsd:"

# Every root there is a table for, so that a table is loaded only when a document asks for it.
_TABLES: Final = {
    f"{{{_UBL}ApplicationResponse-2}}ApplicationResponse": "ubl/structure",
    f"{{{_UBL}CreditNote-2}}CreditNote": "ubl/structure",
    f"{{{_UBL}Invoice-2}}Invoice": "ubl/structure",
    "{urn:sfti:documents:BasicInvoice:1:0}Invoice": "svefaktura/structure",
    "{urn:sfti:documents:ObjectEnvelope:1:0}ObjectEnvelope": "svefaktura/structure",
    "{urn:fdc:peppol:transaction-statistics-report:1.0}TransactionStatisticsReport": (
        "reporting/tsr"
    ),
    "{urn:fdc:peppol:end-user-statistics-report:1.1}EndUserStatisticsReport": "reporting/eusr",
}

ROOT_TAGS: Final = tuple(_TABLES)
"""The root elements of all vocabularies, as lxml writes them, `{namespace}name`."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """What an attribute holds: an XML Schema base type or a list of codes; or one `fixed` value."""

    base: str
    required: bool
    fixed: str | None


@dataclass(frozen=True, slots=True)
class Datatype:
    """What a leaf element holds: an XML Schema base type or a list of codes, and attributes."""

    name: str
    base: str
    attributes: Mapping[str, Attribute]

    @property
    def required(self) -> frozenset[str]:
        """The names of the attributes that must be there."""
        return frozenset(name for name, fact in self.attributes.items() if fact.required)


@dataclass(frozen=True, slots=True)
class Child:
    """One place in an aggregate: `most` None means without limit; `type` names either kind.

    `local` means that elements of this name have another type elsewhere.
    """

    name: str
    prefix: str
    tag: str
    least: int
    most: int | None
    type: str
    local: bool


class Vocabulary:
    """The structure of one vocabulary.

    `namespaces`: prefix -> namespace. `roots`: name of a root element -> its namespace; its type
    has the same name. `datatypes` and `codes` (the lists of codes) by name, `datatypes_in` their
    namespace. `types` are the names of all aggregates.
    """

    def __init__(self, facts: Mapping[str, Any]) -> None:
        self.namespaces: Mapping[str, str] = facts["namespaces"]
        self.roots: Mapping[str, str] = facts["roots"]
        self.datatypes: Mapping[str, Datatype] = {
            name: Datatype(name, fact["base"], _attributes(fact["attributes"]))
            for name, fact in facts["datatypes"].items()
        }
        self.codes: Mapping[str, tuple[str, ...]] = {
            name: tuple(codes.split()) for name, codes in facts.get("codes", {}).items()
        }
        self.types: frozenset[str] = frozenset(facts["types"])
        self._elements: Mapping[str, str] = facts["elements"]
        self._children = {
            name: tuple(self._child(*row) for row in rows.items())
            for name, rows in facts["types"].items()
        }
        self._attributes = {
            name: _attributes(fact) for name, fact in facts.get("attributes", {}).items()
        }
        self.datatypes_in: str = facts["datatypes_in"]
        self._compiled = _Compiled()

    def _child(self, qname: str, fact: str) -> Child:
        prefix, _, name = qname.partition(":")
        occurs, _, own = fact.partition(" ")
        least, _, most = occurs.partition("..")
        return Child(
            name=name,
            prefix=prefix,
            tag=f"{{{self.namespaces[prefix]}}}{name}",
            least=int(least),
            most=None if most == "n" else int(most),
            type=own or self._elements[qname],
            local=bool(own),
        )

    @property
    def aggregates(self) -> frozenset[str]:
        """The names of all elements that hold others."""
        rows = (row for rows in self._children.values() for row in rows)
        return frozenset({*self.roots, *(row.name for row in rows if row.type in self.types)})

    def children(self, type_name: str) -> tuple[Child, ...]:
        """The children an aggregate may have, in the order they must stand; none for a datatype."""
        return self._children.get(type_name, ())

    def attributes(self, type_name: str) -> Mapping[str, Attribute]:
        """The attributes an element of a type may have, by name."""
        if type_name in self.datatypes:
            return self.datatypes[type_name].attributes
        return self._attributes.get(type_name, {})

    def type_at(self, path: str) -> str | None:
        """The type of the element at `Invoice/InvoiceLine/Item`; None where nothing may stand."""
        root, *names = path.split("/")
        found = root if root in self.roots else None
        for name in names:
            found = next((c.type for c in self.children(found or "") if c.name == name), None)
        return found

    def schema(self, root: str) -> etree.XMLSchema:
        """The compiled schema of a root element; KeyError for others.

        Kept per thread, so its error log is the caller's own. The first call takes about 20 ms for
        a document of UBL 2.1, less for others.
        """
        if root not in self._compiled.schemas:
            self._compiled.schemas[root] = xsd.compiled(self, root)
        return self._compiled.schemas[root]


class _Compiled(threading.local):
    """Compiled schemas of one thread: lxml keeps the errors of a validation on the schema."""

    def __init__(self) -> None:
        self.schemas: dict[str, etree.XMLSchema] = {}


@cache
def vocabulary(table: str) -> Vocabulary:
    """The vocabulary of a table, "ubl/structure" or "reporting/tsr"; loaded once."""
    text = resources.files(__package__).joinpath(f"{table}.json").read_text("utf-8")
    return Vocabulary(json.loads(text))


def of(root: etree._Element) -> Vocabulary | None:
    """The vocabulary whose root `root` is; None where it is no root of any."""
    return of_root(root.tag)


def of_root(tag: str) -> Vocabulary | None:
    """The vocabulary with a root of this name, `{namespace}name`."""
    table = _TABLES.get(tag)
    return None if table is None else vocabulary(table)


def _attributes(facts: Mapping[str, str]) -> Mapping[str, Attribute]:
    found = {}
    for name, fact in facts.items():
        base, is_fixed, value = fact.partition("=")
        found[name] = Attribute(base.rstrip("!"), base.endswith("!"), value if is_fixed else None)
    return found
