"""End User Statistics Report: Peppol eDEC EUSR 1.1.5, SCH-EUSR-01 to SCH-EUSR-47.

SCH-EUSR-05, -12, -28, -31 and -32 are not among the official ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from math import isinf

from validators.document import Document, Leaf, Node, normalized
from validators.registry import all_nodes, define, leaves, nodes
from validators.rules.reporting import (
    Kind,
    check,
    identifiers,
    kind_of,
    of_kind,
    period,
    reporter,
    scheme,
)

define("\n".join(f"SCH-EUSR-{n:02} fatal" for n in range(1, 48) if n not in (5, 12, 28, 31, 32)))

SPECIFICATION = "urn:fdc:peppol.eu:edec:trns:end-user-statistics-report:1.1"

_COUNTRY = "CC/EndUserCountry"
KINDS = {
    "PerDT-PR": Kind(
        keys=("DT", "PR"),
        unique="SCH-EUSR-13",
        count="SCH-EUSR-09",
        each=(("SCH-EUSR-10", "DT", 1), ("SCH-EUSR-11", "PR", 1)),
    ),
    "PerDT-PR-EUC": Kind(
        keys=("DT", "PR", _COUNTRY),
        unique="SCH-EUSR-29",
        count="SCH-EUSR-23",
        each=(
            ("SCH-EUSR-24", "DT", 1),
            ("SCH-EUSR-25", "PR", 1),
            ("SCH-EUSR-26", "CC", 1),
            ("SCH-EUSR-27", _COUNTRY, 1),
        ),
    ),
    "PerDT-EUC": Kind(
        keys=("DT", _COUNTRY),
        unique="SCH-EUSR-38",
        count="SCH-EUSR-41",
        each=(("SCH-EUSR-42", "DT", 1), ("SCH-EUSR-43", "CC", 1), ("SCH-EUSR-44", _COUNTRY, 1)),
    ),
    "PerEUC": Kind(
        keys=(_COUNTRY,),
        unique="SCH-EUSR-40",
        count="SCH-EUSR-45",
        each=(("SCH-EUSR-46", "CC", 1), ("SCH-EUSR-47", _COUNTRY, 1)),
    ),
}

# Kinds that a report has, unless it is empty; PerDT-PR-EUC may be missing when all was sent.
DEMANDED = {"PerDT-PR": "SCH-EUSR-15", "PerDT-EUC": "SCH-EUSR-37", "PerEUC": "SCH-EUSR-39"}

# A count of users and the rule that it is the greatest.
GREATEST = {
    "SendingEndUsers": "SCH-EUSR-03",
    "ReceivingEndUsers": "SCH-EUSR-04",
    "SendingOrReceivingEndUsers": "SCH-EUSR-22",
}


@nodes("/EndUserStatisticsReport")
def specification(root: Node, document: Document) -> None:
    """SCH-EUSR-01, -02."""
    identifiers("SCH-EUSR-01", "SCH-EUSR-02", SPECIFICATION, root, document)


@nodes("/EndUserStatisticsReport")
def full_set(root: Node, document: Document) -> None:
    """SCH-EUSR-19, -20, -21: who sends or receives sends, or receives, or both."""
    node = root.nodes["FullSet"]
    sending, receiving, either = map(Decimal, map(node.value, GREATEST))
    at = node.leaves["SendingOrReceivingEndUsers"]
    if either > sending + receiving:
        document.found("SCH-EUSR-19", at, stated=at.text, computed=sending + receiving)
    if either < sending:
        document.found("SCH-EUSR-20", at, stated=at.text, computed=sending)
    if either < receiving:
        document.found("SCH-EUSR-21", at, stated=at.text, computed=receiving)


@nodes("/EndUserStatisticsReport")
def all_users(root: Node, document: Document) -> None:
    """SCH-EUSR-03, -04, -22: no subset is greater than the full set; -15, -37, -39: subsets there.

    Nothing of this is demanded of an empty report. Subsets are compared as doubles, as officially.
    """
    full, subsets = root.nodes["FullSet"], root.every("Subset")
    if Decimal(full.value("SendingEndUsers")) + Decimal(full.value("ReceivingEndUsers")) == 0:
        return
    for name, rule in GREATEST.items():
        greatest = max((float(each.text(name)) for each in subsets), default=None)
        if greatest is None or greatest > float(full.text(name)):
            at = full.leaves[name]
            computed = None if greatest is None else f"{greatest:.0f}"
            document.found(rule, at, stated=at.text, computed=computed)
    for kind, rule in DEMANDED.items():
        if not of_kind(subsets, kind):
            document.found(rule, root, "Subset", name=kind)


@nodes("/EndUserStatisticsReport")
def other_subsets(root: Node, document: Document) -> None:
    """SCH-EUSR-14: a subset is of a known kind."""
    for group in root.every("Subset"):
        if kind_of(group) not in KINDS:
            expected = ", ".join(KINDS)
            document.found("SCH-EUSR-14", group, stated=kind_of(group), computed=expected)
            return


def _more_than_both(sending: Decimal, receiving: Decimal, either: Decimal) -> bool:
    both = float(sending) + float(receiving)
    return isinf(both) or either > int(both)


# Rules about the three counts of a subset; each speaks once, at the first subset it is broken in.
COUNTS: tuple[tuple[str, Callable[[Decimal, Decimal, Decimal], bool]], ...] = (
    ("SCH-EUSR-33", _more_than_both),
    ("SCH-EUSR-34", lambda sending, receiving, either: either < sending),
    ("SCH-EUSR-35", lambda sending, receiving, either: either < receiving),
    ("SCH-EUSR-36", lambda sending, receiving, either: either == 0),
)


@nodes("/EndUserStatisticsReport")
def counts_of_subsets(root: Node, document: Document) -> None:
    """SCH-EUSR-33 to -36."""
    for group in root.every("Subset"):
        sending, receiving, either = map(Decimal, map(group.value, GREATEST))
        for rule, broken in COUNTS:
            if broken(sending, receiving, either) and document.first_time(rule):
                at = group.leaves["SendingOrReceivingEndUsers"]
                document.found(rule, at, stated=at.text, sending=sending, receiving=receiving)


@nodes("/EndUserStatisticsReport/Header")
def report_period(head: Node, document: Document) -> None:
    """SCH-EUSR-16, -17, -18."""
    period(("SCH-EUSR-16", "SCH-EUSR-17", "SCH-EUSR-18"), head, document)


@leaves("/EndUserStatisticsReport/Header/ReporterID")
def reporter_id(leaf: Leaf, node: Node, document: Document) -> None:
    """SCH-EUSR-06, -07, -08."""
    reporter(("SCH-EUSR-06", "SCH-EUSR-07", "SCH-EUSR-08"), leaf, document)


@leaves("/EndUserStatisticsReport/Subset/Key")
def country(leaf: Leaf, node: Node, document: Document) -> None:
    """SCH-EUSR-30."""
    if scheme(leaf) == "EndUserCountry":
        stated = normalized(leaf.text or "")
        if stated not in document.codes("EUSR-countries"):
            document.found("SCH-EUSR-30", leaf, stated=stated, list="EUSR-countries")


@all_nodes("/EndUserStatisticsReport/Subset")
def subsets(groups: Sequence[Node], document: Document) -> None:
    """SCH-EUSR-09 to -11, -13, -23 to -27, -29, -38, -40 to -47: the keys of a kind."""
    check(KINDS, groups, document)
