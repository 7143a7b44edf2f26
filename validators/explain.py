"""A rule in plain words, with a document that breaks it and one that just does not.

In charge of what `budkavle explain` shows. The examples are made from our own documents
(`validators.examples`) and then checked like any document, so they can not be wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import SequenceMatcher, get_close_matches
from itertools import chain
from typing import Final

from validators import profiles, registry, structure
from validators.examples import Pair, pairs
from validators.findings import Finding, Severity
from validators.messages import texts
from validators.pipeline import apply, parse, validate

_AROUND: Final = 1  # lines shown before and after one that differs
_MOST_LINES: Final = 12  # of a long passage the beginning is shown
_MOST_CHARACTERS: Final = 400  # and of a long line


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

    `profiles` has the rule sets the rule is of, none for `GUARD-` and `STRUCTURE-`. `since` is
    included, `until` is not. `example` is None for a rule that no document can break.
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


def explain(
    rule: str, *, at: date, language: str = "en", profile: str | None = None
) -> Explanation:
    """Explains a rule as it counts on the day `at`, or counted last or will count first.

    `profile` chooses the rule set where several have the rule; None takes the first. KeyError when
    there is no such id (`ids`), or none in that profile.
    """
    said = texts(language)
    if rule not in said.messages:
        raise KeyError(rule)
    found = [
        (name, known)
        for name in profiles.NAMES
        for known in registry.rules(name)
        if known.id == rule and profile in (None, name)
    ]
    if profile is not None and not found:
        raise KeyError(rule)
    if not found:
        text, hint = said.say(rule, (), "…", {}, nothing="…")
        example = _example(rule, None, at, language, None)
        severity, source = Severity.FATAL, said.source(rule)
        return Explanation(rule, severity, (), source, (), None, None, text, hint, example)
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
        example=_example(rule, known, at, language, profile),
    )


def _example(
    rule: str, known: registry.Rule | None, at: date, language: str, profile: str | None
) -> Example | None:
    """The first example of a rule, on a day when it counts."""
    if known is not None and not known.in_force(at):
        gone = known.until and at >= known.until
        at = known.until - timedelta(days=1) if known.until and gone else known.since or at
    for pair in pairs(rule, profile):
        findings = _findings(pair, pair.bad, known, at, language)
        finding = next((each for each in findings if _is_of(each, rule, known)), None)
        if finding is not None:
            report = validate(pair.bad, at=at, profile=pair.profile, language=language)
            first = None if known is None or report.structure_ok else report.findings[0]
            good, bad = (text.decode().splitlines() for text in (pair.good, pair.bad))
            return Example(*_apart(good, bad), finding, first)
    return None


def _findings(
    pair: Pair, document: bytes, known: registry.Rule | None, at: date, language: str
) -> tuple[Finding, ...]:
    """What is said of an example, by the rules whatever the structure."""
    root = parse(document)
    if isinstance(root, tuple) or known is None or pair.profile is None:
        said = validate(document, at=at, language=language).findings
        # What is no known document is not looked at as one; what is wrong with it is known here.
        return said if isinstance(root, tuple) else (*said, *structure.findings(root))
    return apply(root, pair.profile, at=at, language=language)


def _is_of(finding: Finding, rule: str, known: registry.Rule | None) -> bool:
    if known is None:
        return finding.rule == rule
    return (finding.rule, finding.severity) == (known.official, known.severity)


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
        shown[index] = Line(index + 1, _cut(lines[index]), differs)
    for index in _around(lines, which.start):
        shown.setdefault(index, Line(index + 1, _cut(lines[index]), False))


def _cut(line: str) -> str:
    return line if len(line) <= _MOST_CHARACTERS else f"{line[:_MOST_CHARACTERS]}…"


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
