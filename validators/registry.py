"""The register of rules: what each official id is, and which function looks at which elements.

A module of `validators.rules` begins with `define(...)`, the table of its rules, and then has the
functions that check them, each put in the register with the elements it looks at. In charge of
ids, flags, business terms and the days a rule is in force. Not in charge of texts
(`validators.messages`), nor of what holds (`validators.rules`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib import import_module
from typing import Final

from validators.document import (
    Checks,
    Document,
    Leaf,
    LeafCheck,
    LeavesCheck,
    Node,
    NodeCheck,
    NodesCheck,
)
from validators.findings import Severity

# Peppol BIS Billing 3.0.21 with EN 16931 1.3.16 replaces 3.0.20 from this day on.
MAY_2026: Final = date(2026, 8, 17)


@dataclass(frozen=True, slots=True)
class Rule:
    """An official rule: in force from `since` (included) to `until` (not included)."""

    id: str
    severity: Severity
    terms: tuple[str, ...]
    since: date | None = None
    until: date | None = None

    def in_force(self, at: date) -> bool:
        """Whether the rule counts on the day `at`."""
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


_rules: dict[str, list[Rule]] = {}
_patterns: dict[str, tuple[Callable[..., None], ...]] = {}
_gathered: set[str] = set()


def define(table: str, *, since: date | None = None, until: date | None = None) -> None:
    """Registers rules, one a line: id, flag, then the business terms and groups it is about."""
    for line in table.strip().splitlines():
        identifier, flag, *terms = line.split()
        rule = Rule(identifier, Severity(flag), tuple(terms), since, until)
        _rules.setdefault(identifier, []).append(rule)


def nodes(*patterns: str) -> Callable[[NodeCheck], NodeCheck]:
    """Has the function look at each element with children whose path ends as a pattern says."""

    def register(function: NodeCheck) -> NodeCheck:
        def each(found: Sequence[Node], document: Document) -> None:
            for node in found:
                function(node, document)

        _look_at(patterns, each)
        return function

    return register


def leaves(*patterns: str) -> Callable[[LeafCheck], LeafCheck]:
    """Has the function look at each element without children whose path ends as a pattern says."""

    def register(function: LeafCheck) -> LeafCheck:
        def each(found: Sequence[tuple[Leaf, Node]], document: Document) -> None:
            for leaf, node in found:
                function(leaf, node, document)

        _look_at(patterns, each)
        return function

    return register


def all_nodes(*patterns: str) -> Callable[[NodesCheck], NodesCheck]:
    """Like `nodes`, but the function gets all the elements of a path at once.

    For what stands on every line, where a call for each would cost more than the check.
    """

    def register(function: NodesCheck) -> NodesCheck:
        _look_at(patterns, function)
        return function

    return register


def all_leaves(*patterns: str) -> Callable[[LeavesCheck], LeavesCheck]:
    """Like `leaves`, but the function gets all the elements of a path at once."""

    def register(function: LeavesCheck) -> LeavesCheck:
        _look_at(patterns, function)
        return function

    return register


def gather(*names: str) -> None:
    """Has every element of these names listed for `Document.every`."""
    _gathered.update(names)


def _look_at(patterns: tuple[str, ...], function: Callable[..., None]) -> None:
    for pattern in patterns:
        _patterns[pattern] = (*_patterns.get(pattern, ()), function)


def _fill() -> None:
    """Has every module of rules register itself; they in turn import this module."""
    import_module("validators.rules")


def rules() -> tuple[Rule, ...]:
    """Every rule of every release, in the order of the tables."""
    _fill()
    return tuple(rule for kin in _rules.values() for rule in kin)


@lru_cache(maxsize=64)
def in_force(at: date) -> Mapping[str, Rule]:
    """The rules that count on the day `at`, by id."""
    _fill()
    return {rule.id: rule for kin in _rules.values() for rule in kin if rule.in_force(at)}


def checks() -> Checks:
    """The register as `validators.document.bind` needs it."""
    _fill()
    return Checks(_patterns, frozenset(_gathered))
