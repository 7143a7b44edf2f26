"""What both reports of a service provider to Peppol have in common: TSR and EUSR.

The head of a report, and groups of counts ("subtotals", "subsets"), each of a type that says which
keys it has and, with them, what it counts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from validators.document import Document, Leaf, Node, normalized

PROCESS = "urn:fdc:peppol.eu:edec:bis:reporting:1.0"
PROVIDER_SCHEME = "CertSubjectCN"
PROVIDER = re.compile(r"P[A-Z]{2}[0-9]{6}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

# Combinations of the keys of one group that are looked at; a right group has one.
_MOST_COMBINATIONS = 1000


def scheme(key: Leaf) -> str:
    """The scheme of a key or identifier."""
    return normalized(key.get("schemeID", ""))


def identifiers(first: str, second: str, wanted: str, root: Node, document: Document) -> None:
    """The rules `first` and `second`: specification and process."""
    for rule, name, expected in (
        (first, "CustomizationID", wanted),
        (second, "ProfileID", PROCESS),
    ):
        stated = normalized(root.text(name))
        if stated != expected:
            document.found(rule, root.leaves[name], stated=stated, computed=expected)


def period(rules: Sequence[str], head: Node, document: Document) -> None:
    """Three rules: both days without a time zone; the first not after the last, as text."""
    days = head.nodes["ReportPeriod"]
    for rule, name in zip(rules, ("StartDate", "EndDate"), strict=False):
        if not _DATE.fullmatch(normalized(days.text(name))):
            document.found(rule, days.leaves[name], stated=days.text(name))
    if days.text("EndDate") < days.text("StartDate"):
        stated, computed = days.text("EndDate"), days.text("StartDate")
        document.found(rules[2], days.leaves["EndDate"], stated=stated, computed=computed)


def reporter(rules: Sequence[str], leaf: Leaf, document: Document) -> None:
    """Three rules: an identifier, of the scheme of seats, in the form of a seat."""
    stated = normalized(leaf.text or "")
    if not stated:
        document.found(rules[0], leaf)
    if scheme(leaf) != PROVIDER_SCHEME:
        document.found(rules[1], leaf, stated=leaf.get("schemeID"), computed=PROVIDER_SCHEME)
    if leaf.get("schemeID") == PROVIDER_SCHEME and not PROVIDER.fullmatch(stated):
        document.found(rules[2], leaf, stated=stated)


@dataclass(frozen=True, slots=True)
class Kind:
    """What the groups of a type are like: `keys` are those it has, each once.

    A key is told by its meta scheme, with its scheme after a slash where that matters: "DT",
    "CC/SenderCountry", "/Peppol". `unique` is the rule that a combination of keys stands in one
    group; `count` that there are no other keys; `each` are rules that demand keys, by number.
    """

    keys: tuple[str, ...]
    unique: str
    count: str
    each: tuple[tuple[str, str, int], ...]


def kind_of(group: Node) -> str:
    """The type of a group."""
    return normalized(group.attributes.get("type", ""))


def of_kind(groups: Iterable[Node], kind: str) -> list[Node]:
    """The groups of a type."""
    return [group for group in groups if kind_of(group) == kind]


def keys(group: Node, wanted: str) -> list[Leaf]:
    """The keys of a group that are `wanted`, in the words of `Kind`."""
    meta, _, name = wanted.partition("/")
    return [
        key
        for key in group.every_leaf("Key")
        if (not meta or normalized(key.get("metaSchemeID", "")) == meta)
        and (not name or scheme(key) == name)
    ]


def check(kinds: Mapping[str, Kind], groups: Sequence[Node], document: Document) -> None:
    """The rules of each kind about its groups."""
    for name, kind in kinds.items():
        own = of_kind(groups, name)
        combinations = Counter(_combination(kind, group) for group in own)
        for group in own:
            if _repeated(kind, group, combinations):
                document.found(kind.unique, group, stated=", ".join(kind.keys))
            stated = len(group.every_leaf("Key"))
            if stated != len(kind.keys):
                document.found(kind.count, group, stated=stated, computed=len(kind.keys))
            for rule, wanted, times in kind.each:
                stated = len(keys(group, wanted))
                if stated != times:
                    document.found(rule, group, name=wanted, stated=stated, computed=times)


def _combination(kind: Kind, group: Node) -> str:
    """The first of each key of a group: what the official rules know the group by."""
    found = (keys(group, wanted) for wanted in kind.keys)
    return "::".join(_told(same[0]) if same else "" for same in found)


def _repeated(kind: Kind, group: Node, combinations: Counter[str]) -> bool:
    """Whether a combination of the keys of a group is not that of exactly one group.

    Of several keys where one belongs each counts. More combinations than anybody looks at are
    taken for repeated: such a group has too many keys, which other rules refuse.
    """
    found = [list(dict.fromkeys(map(_told, keys(group, wanted)))) for wanted in kind.keys]
    if prod(map(len, found)) > _MOST_COMBINATIONS:
        return True
    return any(combinations["::".join(told)] != 1 for told in product(*found))


def _told(key: Leaf) -> str:
    return f"{scheme(key)}::{normalized(key.text or '')}"


def providers(rule: str, group: Node, document: Document) -> None:
    """A rule that keys of service providers are of the scheme of seats."""
    for key in keys(group, "SP"):
        if scheme(key) != PROVIDER_SCHEME:
            document.found(rule, group, stated=key.get("schemeID"), computed=PROVIDER_SCHEME)
            return
