"""A rule in plain words, with a document that breaks it and one that just does not.

In charge of what `budkavle explain` shows. The examples are made from our own invoice
(`validators.examples`) and then checked like any document, so they can not be wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import SequenceMatcher, get_close_matches
from itertools import chain
from typing import Final

from lxml import etree

from validators import profiles, registry
from validators.examples import OTHERS, broken
from validators.findings import Finding, Severity
from validators.messages import texts
from validators.pipeline import apply, validate

_AROUND: Final = 1  # lines shown before and after one that differs
_MOST_LINES: Final = 12  # of a long passage the beginning is shown


@dataclass(frozen=True, slots=True)
class Line:
    """A line of an example: its number, and whether the other example has it otherwise."""

    number: int
    text: str
    differs: bool


@dataclass(frozen=True, slots=True)
class Example:
    """A document that breaks the rule beside one that does not, where they differ.

    `finding` is what the rule says of the bad one. `first` is the finding of the structure that a
    check of the whole document stops at, before the rule is asked; None for most rules.
    """

    good: tuple[Line, ...]
    bad: tuple[Line, ...]
    finding: Finding
    first: Finding | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """All there is to say about a rule. `text` and `hint` have "…" for what a document states.

    `since` is included, `until` is not. `example` is None for a rule that never fires, and for one
    that belongs to no rule set (`GUARD-`, `STRUCTURE-`).
    """

    rule: str
    severity: Severity
    profiles: tuple[str, ...]
    source: str
    terms: tuple[tuple[str, str], ...]
    since: date | None
    until: date | None
    text: str
    hint: str
    example: Example | None


def ids() -> tuple[str, ...]:
    """Every id that a finding can have."""
    return tuple(texts("en").messages)


def similar(rule: str) -> list[str]:
    """The ids most like one that there is not."""
    return get_close_matches(rule.upper(), ids(), 3, 0.6)


def explain(rule: str, *, at: date, language: str = "en") -> Explanation:
    """Explains a rule as it counts on the day `at`, or counted last or will count first.

    KeyError when there is no such id (`ids`).
    """
    said = texts(language)
    if rule not in said.messages:
        raise KeyError(rule)
    found = [
        (name, known)
        for name in profiles.NAMES
        for known in registry.rules(name)
        if known.id == rule
    ]
    if not found:
        text, hint = said.say(rule, (), "…", {}, nothing="…")
        severity, source = Severity.FATAL, said.source(rule)
        return Explanation(rule, severity, (), source, (), None, None, text, hint, None)
    counting = [each for each in found if each[1].in_force(at)] or found[-1:]
    known = counting[0][1]
    text, hint = said.say(rule, known.terms, "…", {}, nothing="…")
    return Explanation(
        rule=rule,
        severity=known.severity,
        profiles=tuple(name for name, _ in counting),
        source=said.source(rule),
        terms=tuple((term, said.terms.get(term, "")) for term in known.terms),
        since=known.since,
        until=known.until,
        text=text,
        hint=hint,
        example=_example(known, at, language),
    )


def _example(rule: registry.Rule, at: date, language: str) -> Example | None:
    """The first example of a rule, on a day when it counts."""
    own = (profiles.PEPPOL_BILLING, *OTHERS)
    made = next((broken(name)[rule.id][0] for name in own if rule.id in broken(name)), None)
    if made is None:
        return None
    if not rule.in_force(at):
        at = rule.until - timedelta(days=1) if rule.until and at >= rule.until else rule.since or at
    good, bad = _source(made.good()), _source(made.bad())
    root = etree.fromstring(bad)
    said = apply(root, made.profile, at=at, language=language)
    report = validate(bad, at=at, profile=made.profile, language=language)
    good_lines, bad_lines = _apart(good.decode().splitlines(), bad.decode().splitlines())
    return Example(
        good=good_lines,
        bad=bad_lines,
        finding=next(finding for finding in said if finding.rule == rule.id),
        first=None if report.structure_ok else report.findings[0],
    )


def _source(root: etree._Element) -> bytes:
    etree.indent(root)
    return etree.tostring(root, encoding="utf-8")


def _apart(good: Sequence[str], bad: Sequence[str]) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """The lines of both where they differ, with those around them and the elements around those."""
    groups = SequenceMatcher(None, good, bad, autojunk=False).get_grouped_opcodes(_AROUND)
    left: dict[int, Line] = {}
    right: dict[int, Line] = {}
    for kind, first, last, other_first, other_last in chain.from_iterable(groups):
        _show(left, good, range(first, last), kind != "equal")
        _show(right, bad, range(other_first, other_last), kind != "equal")
    return tuple(left[n] for n in sorted(left)), tuple(right[n] for n in sorted(right))


def _show(shown: dict[int, Line], lines: Sequence[str], which: range, differs: bool) -> None:
    for index in which[:_MOST_LINES]:
        shown[index] = Line(index + 1, lines[index], differs)
    for index in _around(lines, which.start):
        shown.setdefault(index, Line(index + 1, lines[index], False))


def _around(lines: Sequence[str], index: int) -> Iterator[int]:
    """The lines on which the elements around a line begin, but not the root."""
    if index >= len(lines):
        return
    depth = len(lines[index]) - len(lines[index].lstrip())
    for above in range(index - 1, 0, -1):
        inset = len(lines[above]) - len(lines[above].lstrip())
        if 0 < inset < depth:
            depth = inset
            yield above
