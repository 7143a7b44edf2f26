"""What is wrong with a document that came in a file or a mail, as a text that people read.

In charge of the words, in the company's language: `refusals.toml`. Not in charge of the findings of
rules, which come with their own. Pure.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache
from importlib import resources
from typing import Any

from gateway.intake.contents import shown
from validators.findings import Finding, Severity


def fault(name: str, where: str, language: str, /, **values: object) -> Finding:
    """Something that is wrong with a file itself: one of the faults of `refusals.toml`."""
    languages = _texts()["faults"][name]
    words = languages.get(language) or languages["en"]
    text, hint = (words[key].format_map(values) for key in ("text", "hint"))
    return Finding("GUARD-FILE", Severity.FATAL, shown(where), None, text, hint)


def stored(content: bytes) -> Sequence[Finding]:
    """Findings as they are kept with a document."""
    known = {each.name for each in fields(Finding)}
    rows = json.loads(content)
    return [
        Finding(
            **{
                **{name: value for name, value in row.items() if name in known},
                "severity": Severity(row["severity"]),
            }
        )
        for row in rows
    ]


def text(
    name: str, findings: Sequence[Finding], language: str, document_id: str = "", why: str = ""
) -> str:
    """What is told of the file or mail `name`: why it was not taken, or not sent where it has a
    `document_id`, and every finding, the fatal ones first."""
    words = _Words(language)
    first = words.say("rejected" if document_id else "head", name=shown(name), document=document_id)
    parts = [f"{first} {why}".rstrip()]
    order = list(Severity)
    for n, each in enumerate(sorted(findings, key=lambda one: order.index(one.severity)), 1):
        parts.append("\n".join(_told(n, each, words)))
    if findings:
        parts.append(words.say("mend"))
    return "\n\n".join(parts) + "\n"


def taken(name: str, document_id: str, language: str) -> str:
    """What is told of the file or mail `name` that was taken, in a line."""
    return _Words(language).say("taken", name=shown(name), document=document_id)


def _told(n: int, finding: Finding, words: _Words) -> list[str]:
    lines = [f"{n}. {words.say(finding.severity)}: {finding.text}"]
    if finding.stated and finding.computed:
        told = words.say("stated", stated=finding.stated, computed=finding.computed)
        lines.append(f"   {told}")
    where = finding.where
    if finding.line is not None:
        where = f"{where} ({words.say('line', line=finding.line)})".lstrip()
    if where:
        lines.append(f"   {words.say('where')}: {where}")
    if finding.hint:
        lines.append(f"   {words.say('todo')}: {finding.hint}")
    return [*lines, f"   {words.say('rule')}: {finding.rule}"]


class _Words:
    def __init__(self, language: str) -> None:
        self._language = language

    def say(self, name: str, /, **values: object) -> str:
        """The words of this name, filled in."""
        languages: Mapping[str, str] = _texts()["words"][name]
        return (languages.get(self._language) or languages["en"]).format_map(values)


@cache
def _texts() -> Mapping[str, Any]:
    source = resources.files("gateway").joinpath("refusals.toml")
    return tomllib.loads(source.read_text("utf-8"))
