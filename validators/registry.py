"""The register of rules: what each official id is, and which function looks at which elements.

A module of `validators.rules` begins with `define(...)`, the table of its rules, and then has the
functions that check them, each put in the register with the elements it looks at. The register is
kept by module, because profiles share modules. In charge of ids, flags, business terms and the days
a rule is in force. Not in charge of texts (`validators.messages`), of what holds
(`validators.rules`), nor of which modules make up a profile (`validators.profiles`).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from importlib import import_module
from typing import Final

from schemas import structure
from validators.countries import concerned
from validators.document import (
    ChildlessCheck,
    LeafCheck,
    LeavesCheck,
    NodeCheck,
    NodesCheck,
    RecordsCheck,
)
from validators.findings import Severity
from validators.paths import Checks, Each
from validators.profiles import PEPPOL_BILLING, PROFILES

# Of each line: all that rules about the whole document add up.
NET_AMOUNT: Final = "LineExtensionAmount"

# Peppol BIS Billing 3.0.21 with EN 16931 1.3.16 replaces 3.0.20 from this day on.
MAY_2026: Final = date(2026, 8, 17)


@dataclass(frozen=True, slots=True)
class Rule:
    """An official rule: in force from `since` (included) to `until` (not included).

    Where the official rules give one id to two rules, `id` says after a slash which is meant.
    """

    id: str
    severity: Severity
    terms: tuple[str, ...]
    since: date | None = None
    until: date | None = None

    @property
    def official(self) -> str:
        """The official id."""
        return self.id.partition("/")[0]

    def in_force(self, at: date) -> bool:
        """Whether the rule counts on the day `at`."""
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)


@dataclass(slots=True)
class _Module:
    """What a module of rules has registered."""

    rules: list[Rule] = field(default_factory=list)
    patterns: list[tuple[str, Callable[..., None]]] = field(default_factory=list)
    gathered: set[str] = field(default_factory=set)
    childless: list[Callable[..., None]] = field(default_factory=list)
    attributed: list[Callable[..., None]] = field(default_factory=list)
    countries: frozenset[str] = frozenset()


_modules: dict[str, _Module] = {}


def _caller() -> _Module:
    """The module that calls the function of this one that asks."""
    name: str = sys._getframe(2).f_globals["__name__"]
    return _modules.setdefault(name, _Module())


def define(table: str, *, since: date | None = None, until: date | None = None) -> None:
    """Registers rules, one a line: id, flag, then the business terms and groups it is about."""
    module = _caller()
    for line in table.strip().splitlines():
        identifier, flag, *terms = line.split()
        module.rules.append(Rule(identifier, Severity(flag), tuple(terms), since, until))


def nodes(*patterns: str) -> Callable[[NodeCheck], NodeCheck]:
    """Has the function look at each element with children whose path ends as a pattern says."""
    module = _caller()

    def register(function: NodeCheck) -> NodeCheck:
        each = Each(function, pairs=False)
        module.patterns += [(pattern, each) for pattern in patterns]
        return function

    return register


def leaves(*patterns: str) -> Callable[[LeafCheck], LeafCheck]:
    """Has the function look at each element without children whose path ends as a pattern says."""
    module = _caller()

    def register(function: LeafCheck) -> LeafCheck:
        each = Each(function, pairs=True)
        module.patterns += [(pattern, each) for pattern in patterns]
        return function

    return register


def all_nodes(*patterns: str) -> Callable[[NodesCheck], NodesCheck]:
    """Like `nodes`, but the function gets all the elements of a path at once.

    For what stands on every line, where a call for each would cost more than the check.
    """
    module = _caller()

    def register(function: NodesCheck) -> NodesCheck:
        module.patterns += [(pattern, function) for pattern in patterns]
        return function

    return register


def all_leaves(*patterns: str) -> Callable[[LeavesCheck], LeavesCheck]:
    """Like `leaves`, but the function gets all the elements of a path at once."""
    module = _caller()

    def register(function: LeavesCheck) -> LeavesCheck:
        module.patterns += [(pattern, function) for pattern in patterns]
        return function

    return register


def childless(function: ChildlessCheck) -> ChildlessCheck:
    """Has the function look at all elements without children."""
    _caller().childless.append(function)
    return function


def attributed(function: RecordsCheck) -> RecordsCheck:
    """Has the function look at the elements with attributes, wherever they stand."""
    _caller().attributed.append(function)
    return function


def only_for(*countries: str) -> None:
    """Has the functions of the module look only at documents of these countries.

    Which countries a document is of, `validators.countries.concerned` says.
    """
    _caller().countries = frozenset(countries)


def gather(*names: str) -> None:
    """Has every element of these names listed for `Document.every`."""
    _caller().gathered.update(names)


def _of(profile: str) -> list[_Module]:
    """What the modules of a profile have registered; they in turn import this module."""
    names = [f"validators.rules.{name}" for name in PROFILES[profile].modules]
    for name in names:
        import_module(name)
    return [_modules[name] for name in names]


def rules(profile: str = PEPPOL_BILLING) -> tuple[Rule, ...]:
    """Every rule of every release of a profile, in the order of the tables."""
    without = PROFILES[profile].without
    return tuple(rule for module in _of(profile) for rule in module.rules if rule.id not in without)


@lru_cache(maxsize=64)
def in_force(at: date, profile: str = PEPPOL_BILLING) -> Mapping[str, Rule]:
    """The rules of a profile that count on the day `at`, by id."""
    return {rule.id: rule for rule in rules(profile) if rule.in_force(at)}


def checks(profile: str = PEPPOL_BILLING) -> Checks:
    """The register of a profile as `validators.document` needs it."""
    modules = _of(profile)
    patterns: dict[str, tuple[Callable[..., None], ...]] = {}
    for module in modules:
        for pattern, function in module.patterns:
            patterns[pattern] = (*patterns.get(pattern, ()), function)
    gathered = frozenset(name for module in modules for name in module.gathered)
    vocabulary = structure.of_root(min(PROFILES[profile].roots))
    is_ubl = vocabulary is structure.vocabulary("ubl/structure")
    aggregates = None if is_ubl or not vocabulary else vocabulary.aggregates
    national = {
        function: module.countries
        for module in modules
        if module.countries
        for _, function in module.patterns
    }
    return Checks(
        patterns,
        gathered,
        aggregates,
        national,
        concerned,
        childless=tuple(function for module in modules for function in module.childless),
        attributed=tuple(function for module in modules for function in module.attributed),
        lines=PROFILES[profile].lines,
        column=NET_AMOUNT,
    )
