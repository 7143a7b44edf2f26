"""Transaction Statistics Report: Peppol eDEC TSR 1.0.5, SCH-TSR-01 to SCH-TSR-43.

SCH-TSR-13, -15 and -38 are not among the official ones. Sums are those of doubles, as officially.
"""

from __future__ import annotations

from collections.abc import Sequence

from validators.document import Document, Leaf, Node, normalized
from validators.registry import all_nodes, define, leaves, nodes
from validators.rules.reporting import (
    PROVIDER,
    Kind,
    check,
    identifiers,
    kind_of,
    of_kind,
    period,
    providers,
    reporter,
    scheme,
)

define("\n".join(f"SCH-TSR-{n:02} fatal" for n in range(1, 44) if n not in (13, 15, 38)))

SPECIFICATION = "urn:fdc:peppol.eu:edec:trns:transaction-statistics-reporting:1.0"

KINDS = {
    "PerTP": Kind(
        keys=("TP",),
        unique="SCH-TSR-06",
        count="SCH-TSR-21",
        each=(("SCH-TSR-22", "TP", 1), ("SCH-TSR-23", "/Peppol", 1)),
    ),
    "PerSP-DT-PR": Kind(
        keys=("SP", "DT", "PR"),
        unique="SCH-TSR-10",
        count="SCH-TSR-24",
        each=(("SCH-TSR-25", "SP", 1), ("SCH-TSR-26", "DT", 1), ("SCH-TSR-27", "PR", 1)),
    ),
    "PerSP-DT-PR-CC": Kind(
        keys=("SP", "DT", "PR", "CC/SenderCountry", "CC/ReceiverCountry"),
        unique="SCH-TSR-14",
        count="SCH-TSR-29",
        each=(
            ("SCH-TSR-30", "SP", 1),
            ("SCH-TSR-31", "DT", 1),
            ("SCH-TSR-32", "PR", 1),
            ("SCH-TSR-33", "CC", 2),
            ("SCH-TSR-35", "CC/SenderCountry", 1),
            ("SCH-TSR-36", "CC/ReceiverCountry", 1),
        ),
    ),
}

# Rule that a kind of subtotals is there, and rules that its counts add up to the total.
SUMS = (
    ("PerTP", "SCH-TSR-03", (("SCH-TSR-04", "Incoming"), ("SCH-TSR-05", "Outgoing"))),
    ("PerSP-DT-PR", "SCH-TSR-07", (("SCH-TSR-08", "Incoming"), ("SCH-TSR-09", "Outgoing"))),
    ("PerSP-DT-PR-CC", "SCH-TSR-11", (("SCH-TSR-12", "Incoming"),)),
)


@nodes("/TransactionStatisticsReport")
def specification(root: Node, document: Document) -> None:
    """SCH-TSR-01, -02."""
    identifiers("SCH-TSR-01", "SCH-TSR-02", SPECIFICATION, root, document)


@nodes("/TransactionStatisticsReport")
def sums(root: Node, document: Document) -> None:
    """SCH-TSR-03 to -05, -07 to -09, -11, -12: each kind of subtotals adds up to the total.

    Nothing is demanded of an empty report, and no countries where nothing came in.
    """
    total = root.nodes["Total"]
    incoming = float(total.text("Incoming"))
    if incoming + float(total.text("Outgoing")) == 0:
        return
    for kind, exists, rules in SUMS:
        if kind == "PerSP-DT-PR-CC" and incoming == 0:
            continue
        own = of_kind(root.every("Subtotal"), kind)
        if not own:
            document.found(exists, root, "Subtotal", name=kind)
        for rule, name in rules:
            stated = float(total.text(name))
            computed = sum((float(each.text(name)) for each in own), start=0.0)
            if stated != computed:
                at = total.leaves[name]
                document.found(rule, at, name=kind, stated=at.text, computed=f"{computed:.0f}")


@nodes("/TransactionStatisticsReport")
def other_subtotals(root: Node, document: Document) -> None:
    """SCH-TSR-39 for the report, -37 for each: a subtotal is of a known kind."""
    others = [group for group in root.every("Subtotal") if kind_of(group) not in KINDS]
    expected = ", ".join(KINDS)
    if others:
        document.found("SCH-TSR-39", root, stated=kind_of(others[0]), computed=expected)
    for group in others:
        document.found("SCH-TSR-37", group, stated=kind_of(group), computed=expected)


@nodes("/TransactionStatisticsReport/Header")
def report_period(head: Node, document: Document) -> None:
    """SCH-TSR-40, -41, -42."""
    period(("SCH-TSR-40", "SCH-TSR-41", "SCH-TSR-42"), head, document)


@leaves("/TransactionStatisticsReport/Header/ReporterID")
def reporter_id(leaf: Leaf, node: Node, document: Document) -> None:
    """SCH-TSR-16, -17, -18."""
    reporter(("SCH-TSR-16", "SCH-TSR-17", "SCH-TSR-18"), leaf, document)


@leaves("/TransactionStatisticsReport/Subtotal/Key")
def key(leaf: Leaf, node: Node, document: Document) -> None:
    """SCH-TSR-19: a seat has its form. SCH-TSR-20: a country is a code."""
    stated = normalized(leaf.text or "")
    if scheme(leaf) == "CertSubjectCN":
        if not PROVIDER.fullmatch(stated):
            document.found("SCH-TSR-19", leaf, stated=stated)
    elif scheme(leaf) in ("SenderCountry", "ReceiverCountry") and stated not in document.codes(
        "TSR-countries"
    ):
        document.found("SCH-TSR-20", leaf, stated=stated, list="TSR-countries")


@all_nodes("/TransactionStatisticsReport/Subtotal")
def subtotals(groups: Sequence[Node], document: Document) -> None:
    """SCH-TSR-06, -10, -14, -21 to -27, -29 to -33, -35, -36: keys of a kind; -28, -34, -43."""
    check(KINDS, groups, document)
    for group in of_kind(groups, "PerSP-DT-PR"):
        providers("SCH-TSR-28", group, document)
    for group in of_kind(groups, "PerSP-DT-PR-CC"):
        providers("SCH-TSR-34", group, document)
        if float(group.text("Outgoing")) != 0:
            document.found("SCH-TSR-43", group.leaves["Outgoing"], stated=group.text("Outgoing"))
