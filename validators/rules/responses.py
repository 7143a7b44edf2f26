"""What all responses of Peppol BIS 3 have in common: T71 (MLR) and T111 (Invoice Response), 3.0.17.

PEPPOL-COMMON-R001, -R003, -R030; the others of that family are in `identifiers`. And the form of
their model rules ("B" and a number): which elements a response has room for, and which it must
have.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lxml import etree

from validators.document import Document, Leaf, Node
from validators.registry import childless, define, leaves, nodes

define("""
PEPPOL-COMMON-R001  fatal
PEPPOL-COMMON-R003  warning
PEPPOL-COMMON-R030  fatal
""")


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An element with children: the rule about those it has no room for, "" when there is none.

    `children` are those there is room for, each with the rule that demands it, or "".
    """

    foreign: str
    children: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Model:
    """The elements of a response, by their path."""

    aggregates: Mapping[tuple[str, ...], Aggregate]

    @property
    def patterns(self) -> tuple[str, ...]:
        """The paths as `validators.registry.nodes` takes them."""
        return tuple(f"/{'/'.join(path)}" for path in self.aggregates)

    @property
    def table(self) -> str:
        """The rules as `validators.registry.define` takes them."""
        rules = (
            rule
            for aggregate in self.aggregates.values()
            for rule in (aggregate.foreign, *aggregate.children.values())
        )
        return "\n".join(f"{rule} fatal" for rule in rules if rule)

    def check(self, node: Node, document: Document) -> None:
        """Tells what `node` lacks, and each child that it has no room for."""
        aggregate = self.aggregates[node.path.names]
        for name, rule in aggregate.children.items():
            if rule and not node.has(name):
                document.found(rule, node, name)
        if not aggregate.foreign:
            return
        for name in [name for name in node.leaves if name not in aggregate.children]:
            for leaf in node.every_leaf(name):
                document.found(aggregate.foreign, leaf, name=name)
        for name in [name for name in node.nodes if name not in aggregate.children]:
            for below in node.every(name):
                document.found(aggregate.foreign, below, name=name)


def model(family: str, table: str) -> Model:
    """A model from its table, an element a line.

    The path below the root, the rule about foreign children or "-", then the children there is
    room for, with "=rule" when they are demanded. Rules are told by their last part.
    """
    aggregates: dict[tuple[str, ...], Aggregate] = {}
    for line in table.strip().splitlines():
        path, foreign, *cells = line.split()
        children = {}
        for cell in cells:
            name, _, rule = cell.partition("=")
            children[name] = f"{family}-{rule}" if rule else ""
        names = ("ApplicationResponse", *(path.split("/") if path != "." else ()))
        aggregates[names] = Aggregate("" if foreign == "-" else f"{family}-{foreign}", children)
    return Model(aggregates)


def located(node: Node) -> bool:
    """Whether an attribute of the root, of whatever namespace, says where its schema is."""
    return any(etree.QName(name).localname == "schemaLocation" for name in node.attributes)


def known_scheme(untold: str, unknown: str, leaf: Leaf, document: Document) -> None:
    """Of an electronic address: the rule that its scheme is told, and that Peppol knows it."""
    scheme = leaf.get("schemeID")
    if scheme is None:
        document.found(untold, leaf, name="schemeID")
    elif scheme not in document.codes("peppol:EAS"):
        document.found(unknown, leaf, stated=scheme, list="peppol:EAS")


@childless
def nothing_empty(found: Sequence[Leaf], document: Document) -> None:
    """PEPPOL-COMMON-R001: no element is empty."""
    for leaf in found:
        if not leaf.said:
            document.found("PEPPOL-COMMON-R001", leaf)


@nodes("/ApplicationResponse")
def schema_untold(root: Node, document: Document) -> None:
    """PEPPOL-COMMON-R003: the place of the schema is not told."""
    if located(root):
        document.found("PEPPOL-COMMON-R003", root)


@leaves("IssueDate", "DueDate", "TaxPointDate", "StartDate", "EndDate", "ActualDeliveryDate")
def date_format(leaf: Leaf, node: Node, document: Document) -> None:
    """PEPPOL-COMMON-R030: a date is YYYY-MM-DD. The structure made sure of the rest."""
    if len(leaf.text or "") != 10:
        document.found("PEPPOL-COMMON-R030", leaf, stated=leaf.text)
