"""The rules there are and when they count, as pages show them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import islice
from typing import Final

from validators import profiles, registry
from validators.explain import ids
from validators.messages import texts

MOST_FOUND: Final = 100


@dataclass(frozen=True, slots=True)
class Change:
    """A day on which the rules of a profile change."""

    day: date
    begin: int  # rules that count from then on
    end: int  # rules that count no longer
    upcoming: bool


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A profile: how many of its rules count on the day, and what changes when. `since` and `until`
    are the days between which just these count; `until` itself is not one of them."""

    name: str
    meaning: str
    rules: int
    fatal: int
    since: date | None
    until: date | None
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """A rule in a list."""

    id: str
    severity: str
    text: str


def rule_sets(day: date) -> tuple[RuleSet, ...]:
    """Every profile as it is on a day."""
    return tuple(map(_rule_set, profiles.NAMES, [day] * len(profiles.NAMES)))


@lru_cache(maxsize=64)
def _rule_set(name: str, day: date) -> RuleSet:
    every = registry.rules(name)
    begin = Counter(rule.since for rule in every if rule.since is not None)
    end = Counter(rule.until for rule in every if rule.until is not None)
    days = sorted({*begin, *end})
    counting = registry.in_force(day, name).values()
    return RuleSet(
        name,
        profiles.PROFILES[name].meaning,
        len(counting),
        sum(rule.severity == "fatal" for rule in counting),
        max((one for one in days if one <= day), default=None),
        min((one for one in days if one > day), default=None),
        tuple(Change(one, begin[one], end[one], one > day) for one in days),
    )


def severity_of(rule: str) -> str:
    """How bad breaking it is; what is of no rule set stops a document."""
    known = _every().get(rule)
    return "fatal" if known is None else str(known.severity)


@lru_cache(maxsize=1)
def _every() -> dict[str, registry.Rule]:
    """Each rule by its id; of several with one id, that of the first profile."""
    return {rule.id: rule for name in reversed(profiles.NAMES) for rule in registry.rules(name)}


def text_of(rule: str, language: str) -> str:
    """What a rule finds, in a sentence; empty for one that there is not."""
    said = texts(language)
    if rule not in said.messages:
        return ""
    known = _every().get(rule)
    return said.say(rule, known.terms if known else (), "…", {}, nothing="…")[0]


def found(sought: str, language: str) -> tuple[Known, ...]:
    """The rules whose id or sentence has what is sought, at most MOST_FOUND."""
    wanted = sought.casefold()
    return tuple(islice(_fitting(wanted, language), MOST_FOUND))


def _fitting(wanted: str, language: str) -> Iterator[Known]:
    for rule in ids():
        text = text_of(rule, language)
        if wanted in rule.casefold() or wanted in text.casefold():
            yield Known(rule, severity_of(rule), text)
