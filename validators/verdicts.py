"""Our findings beside the verdicts of an official release, id by id.

In charge of reading verdicts and of counting differences. Not in charge of making either. A verdict
is a line of JSON: `file`, `xsd_ok`, `fired` ({rule: [flag, count]}), and `engine_error` where the
official rules broke down on the document. Verdicts are of three classes:

* A: the structure is right and the rules were asked: ids, flags and counts must be the same;
* B: the official rules broke down: the document must not be accepted, by whatever rule;
* C: the structure is wrong: we must say so, too.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from validators.findings import Report


class Difference(StrEnum):
    """How we differ from a verdict."""

    MISSING = "missing"  # the official rule fires, ours does not
    EXTRA = "extra"  # ours fires, the official one does not
    FLAG = "flag"  # both fire, one as a warning and one as fatal
    COUNT = "count"  # both fire, not as often
    STRUCTURE = "structure"  # one of us says that the structure is wrong
    ACCEPTED = "accepted"  # the official rules break down, and we find nothing fatal


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the official engine says of a document; `fired` is rule -> (flag, count)."""

    file: str
    kind: str
    structure_ok: bool
    broke_down: bool
    fired: Mapping[str, tuple[str, int]]

    @property
    def of_class(self) -> str:
        """ "A", "B" or "C" of the module's account."""
        return "B" if self.broke_down else "A" if self.structure_ok else "C"


def read(lines: Iterable[str]) -> Iterator[Verdict]:
    """The verdicts of a file; ValueError for a line that is none."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            told = json.loads(line)
            fired = {rule: (flag, count) for rule, (flag, count) in told["fired"].items()}
            file, kind, right = told["file"], told.get("kind", ""), told["xsd_ok"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"line {number} is no verdict: {error!r}") from error
        yield Verdict(file, kind, bool(right), bool(told.get("engine_error")), fired)


@dataclass(slots=True)
class Comparison:
    """What has been compared so far: verdicts by class, and per id the files that differ how."""

    classes: Counter[str] = field(default_factory=Counter)
    differences: dict[tuple[str, Difference], list[str]] = field(default_factory=dict)

    def add(self, verdict: Verdict, report: Report) -> None:
        """Compares one document."""
        self.classes[verdict.of_class] += 1
        for rule, difference in _differences(verdict, report):
            self.differences.setdefault((rule, difference), []).append(verdict.file)


def _differences(verdict: Verdict, report: Report) -> Iterator[tuple[str, Difference]]:
    """Rule (none when it is about the whole document) and how it differs."""
    if verdict.broke_down:
        if report.ok:
            yield "", Difference.ACCEPTED
        return
    if verdict.structure_ok is not report.structure_ok:
        yield "", Difference.STRUCTURE
    if not (verdict.structure_ok and report.structure_ok):
        return
    flags = {finding.rule: str(finding.severity) for finding in report.findings}
    counts = Counter(finding.rule for finding in report.findings)
    for rule in sorted(verdict.fired.keys() | flags.keys()):
        if rule not in flags:
            yield rule, Difference.MISSING
        elif rule not in verdict.fired:
            yield rule, Difference.EXTRA
        elif verdict.fired[rule][0] != flags[rule]:
            yield rule, Difference.FLAG
        elif verdict.fired[rule][1] != counts[rule]:
            yield rule, Difference.COUNT
