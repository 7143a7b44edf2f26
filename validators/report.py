"""A report on paper: JSON lines for programs, text for people.

In charge of the form in which `budkavle check` shows a `Report`. Not in charge of what is in it.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from validators.findings import Finding, Report, Severity
from validators.messages import texts
from validators.profiles import UNKNOWN

MOST_ALIKE: Final = 3
"""So many findings of one rule are shown in text; the others are counted."""

_COLOURS: Final = {
    "fatal": "31;1",
    "warning": "33;1",
    "information": "36;1",
    "good": "32;1",
    "bad": "31;1",
    "quiet": "2",
    "name": "1",
}
_NARROWEST: Final = 40


def to_jsonl(file: str, report: Report) -> str:
    """One line of JSON without its line break: file, profile, ok, structure_ok, findings.

    A finding has rule, severity, where, line, text, hint, terms, and stated and computed where the
    rule compares two values.
    """
    return json.dumps(
        {
            "file": file,
            "profile": report.profile,
            "ok": report.ok,
            "structure_ok": report.structure_ok,
            "findings": [as_json(finding) for finding in report.findings],
        },
        ensure_ascii=False,
    )


def as_json(finding: Finding) -> dict[str, Any]:
    """A finding as JSON shows it."""
    told: dict[str, Any] = {
        "rule": str(finding.rule),
        "severity": str(finding.severity),
        "where": finding.where,
        "line": finding.line,
        "text": finding.text,
        "hint": finding.hint,
        "terms": list(finding.terms),
    }
    if finding.stated is not None:
        told["stated"] = finding.stated
    if finding.computed is not None:
        told["computed"] = finding.computed
    return told


def to_text(
    file: str,
    report: Report,
    *,
    source: bytes | None = None,
    width: int = 100,
    colour: bool = False,
    language: str = "en",
) -> str:
    """The report for a terminal `width` columns wide; ends in an empty line unless it is one line.

    With `source`, the bytes that were checked, each place shows its line of the document.
    """
    page = _Page(max(width, _NARROWEST), colour, texts(language).words)
    lines = source.splitlines() if source is not None else []
    places = list(page.places(by_line(report.findings), lines))
    return "\n".join([page.head(file, report), *places, *([""] if places else [])]) + "\n"


def by_line(findings: Iterable[Finding]) -> list[Finding]:
    """The findings in the order of the document's lines; the structure's come otherwise."""
    return sorted(findings, key=lambda finding: finding.line or 0)


def together(findings: Iterable[Finding]) -> list[tuple[str, Finding]]:
    """Ids and finding: what several official rules say of one place in the same words, once."""
    told: dict[tuple[object, ...], tuple[list[str], Finding]] = {}
    for number, finding in enumerate(findings):
        same = (finding.line, finding.where, finding.severity, finding.text, finding.hint)
        rules, _ = told.setdefault(same, ([], finding))
        if finding.rule in rules:  # once more by the same rule: that is another one
            told[(*same, number)] = ([finding.rule], finding)
        else:
            rules.append(finding.rule)
    return [(", ".join(rules), finding) for rules, finding in told.values()]


@dataclass(frozen=True, slots=True)
class _Page:
    """How text is laid out: how wide, with colours or without, in which words."""

    width: int
    colour: bool
    words: Any

    def head(self, file: str, report: Report) -> str:
        """The file, whether it is right, how many findings of each severity, the profile."""
        counts = Counter(finding.severity for finding in report.findings)
        parts = [
            self._paint(f"{counts[severity]} {self._count_word(severity, counts)}", str(severity))
            for severity in Severity
            if counts[severity]
        ]
        mark = self._paint("✓", "good") if report.ok else self._paint("✗", "bad")
        verdict = ", ".join(parts) or self._paint(self.words["right"], "good")
        known = f" ({report.profile})" if report.profile != UNKNOWN else ""
        return f"{mark} {self._paint(file, 'name')}: {verdict}{self._paint(known, 'quiet')}"

    def places(self, findings: Sequence[Finding], lines: Sequence[bytes]) -> Iterator[str]:
        """The findings by place, those of one rule beyond the first few only counted."""
        seen: Counter[str] = Counter()
        shown = []
        for finding in findings:
            seen[finding.rule] += 1
            if seen[finding.rule] <= MOST_ALIKE:
                shown.append(finding)
        for (line, where), group in groupby(shown, key=lambda each: (each.line, each.where)):
            yield ""
            yield from self._place(line, where, group, lines)
        more = [(rule, count) for rule, count in seen.items() if count > MOST_ALIKE]
        if more:
            yield ""
        for rule, count in more:
            told = self.words["more"].format(count=count - MOST_ALIKE, rule=rule)
            yield self._paint(f"  … {told}", "quiet")

    def _place(
        self, line: int | None, where: str, findings: Iterable[Finding], lines: Sequence[bytes]
    ) -> Iterator[str]:
        number = "" if line is None else f"{self.words['line']} {line}"
        if where or number:
            yield "  " + "  ".join(filter(None, (self._paint(number, "quiet"), where)))
        if line is not None and 0 < line <= len(lines):
            excerpt = _excerpt(lines[line - 1].decode("utf-8", "replace"), where)
            if excerpt:
                yield self._paint(f"  │ {_short(excerpt, self.width - 4)}", "quiet")
        for rules, finding in together(findings):
            yield from self._finding(rules, finding)

    def _finding(self, rules: str, finding: Finding) -> Iterator[str]:
        severity = str(finding.severity)
        head = f"{self.words[severity]} {rules}:"
        first, *rest = self._wrapped(f"{head} {finding.text}", "    ")
        yield first.replace(head, self._paint(head, severity), 1)
        yield from rest
        if finding.hint:
            yield from self._wrapped(f"→ {finding.hint}", "      ")

    def _count_word(self, severity: Severity, counts: Counter[Severity]) -> str:
        word: str = self.words[severity if counts[severity] == 1 else f"{severity}_many"]
        return word

    def _wrapped(self, text: str, indent: str) -> list[str]:
        return textwrap.wrap(
            _printable(" ".join(text.split())),
            self.width,
            initial_indent=indent,
            subsequent_indent=f"{indent}  ",
            break_on_hyphens=False,
        )

    def _paint(self, text: str, kind: str) -> str:
        return f"\x1b[{_COLOURS[kind]}m{text}\x1b[0m" if self.colour and text else text


def _excerpt(line: str, where: str) -> str:
    """The line from the element at `where` on, or from the nearest around it that stands there."""
    for step in reversed(where.split("/")):
        found = re.search(rf"<(\w+:)?{re.escape(step.partition('[')[0])}\b.*", line)
        if found:
            return found[0].strip()
    return ""


def _printable(text: str) -> str:
    """The text without what a terminal could take for a command."""
    return "".join(each if each.isprintable() else "·" for each in text)


def _short(text: str, width: int) -> str:
    """The text in `width` columns."""
    text = _printable(text)
    return text if len(text) <= width else text[: width - 1] + "…"
