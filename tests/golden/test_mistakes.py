"""What bookkeepers are told of their mistakes, in their language; as somebody last read it.

After a change that is meant: `pytest tests/golden --update-golden`, and read the difference.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from gateway.intake.prepare import Prepared, prepare
from gateway.intake.submission import JSON
from tests.golden.mistakes import MISTAKES
from transports.base import File
from validators.findings import Finding, Severity
from validators.messages import LANGUAGES

GOLDEN = Path(__file__).parent / "mistakes"
AT = date(2026, 11, 21)


def findings(name: str, language: str) -> tuple[Finding, ...]:
    original = File("document.json", JSON, json.dumps(MISTAKES[name].body()).encode())
    outcome = prepare(original, (), {"findings_language": language}, at=AT)
    fatal = any(finding.severity is Severity.FATAL for finding in outcome.findings)
    assert isinstance(outcome, Prepared) != fatal
    return outcome.findings


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_where_it_was_made(name: str) -> None:
    mistake = MISTAKES[name]
    told = {(finding.rule, finding.where): finding for finding in findings(name, "en")}
    assert (mistake.rule, mistake.where) in told
    assert told[mistake.rule, mistake.where].hint


@pytest.mark.parametrize("name", MISTAKES)
def test_what_is_told_of_it(name: str, pytestconfig: pytest.Config) -> None:
    text = "\n".join(lines(name)) + "\n"
    golden = GOLDEN / f"{name}.txt"
    if pytestconfig.getoption("--update-golden", default=False):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(text, "utf-8")
    assert text == golden.read_text("utf-8")


def lines(name: str) -> Iterator[str]:
    for number, language in enumerate(LANGUAGES):
        if number:
            yield ""
        yield f"[{language}]"
        for finding in findings(name, language):
            yield f"{finding.severity} {finding.rule} {finding.where}"
            yield f"  {finding.text}"
            yield f"  > {finding.hint}"


def test_no_golden_file_is_left_behind() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == MISTAKES.keys()
