"""A document that was tried: its lines, with what was found beside them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from validators.findings import Finding, Report
from validators.guard import as_bytewise
from validators.page import MOST_CHARACTERS, first_of_each, near
from validators.profiles import UNKNOWN
from validators.report import by_line

_MOST_FINDINGS: Final = 200
_MOST_LINES: Final = 2_000  # of those near findings


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the document. `skipped`: how many before it are not shown; `worst`: the severity
    of the worst that was found in it, empty where nothing was."""

    number: int
    text: str
    skipped: int
    worst: str
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """What was found in a document. `counts` is by severity; `elsewhere` are findings that are of
    no line; `more` are not told; `after` lines at the end are not shown."""

    name: str
    ok: bool
    profile: str
    day: date
    counts: dict[str, int]
    elsewhere: tuple[Finding, ...]
    lines: tuple[Line, ...]
    after: int
    more: int


def tried(name: str, content: bytes, report: Report, day: date) -> Tried:
    """The page of a document that was checked."""
    lines = as_bytewise(content).decode("utf-8", "replace").splitlines()
    told = first_of_each(by_line(report.findings))[:_MOST_FINDINGS]
    at: dict[int, list[Finding]] = {}
    for finding in told:
        if finding.line is not None and finding.line <= len(lines):
            at.setdefault(finding.line, []).append(finding)
    shown = _lines(lines, at)
    return Tried(
        name=name,
        ok=report.ok,
        profile="" if report.profile == UNKNOWN else report.profile,
        day=day,
        counts=dict(Counter(str(finding.severity) for finding in report.findings)),
        elsewhere=tuple(f for f in told if f.line is None or f.line > len(lines)),
        lines=shown,
        after=len(lines) - (shown[-1].number if shown else 0),
        more=len(report.findings) - len(told),
    )


def _lines(lines: Sequence[str], at: dict[int, list[Finding]]) -> tuple[Line, ...]:
    shown: list[Line] = []
    before = 0
    for number in near(len(lines), at)[:_MOST_LINES]:
        text = lines[number - 1]
        cut = text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"
        findings = tuple(at.get(number, ()))
        shown.append(Line(number, cut, number - before - 1, _worst(findings), findings))
        before = number
    return tuple(shown)


def _worst(findings: Sequence[Finding]) -> str:
    severities = {str(finding.severity) for finding in findings}
    return next((one for one in ("fatal", "warning", "information") if one in severities), "")
