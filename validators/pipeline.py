"""From bytes to findings: guard, parse, profile, structure, bind, rules.

In charge of the order, and of never failing: whatever the bytes are, there is a `Report`.
Not in charge of what any step looks for. Each step runs only when the one before found nothing,
as with the official tools: rules about content mean little where the structure is wrong.

`validate` does it all; `parse` is the first two steps alone, for callers that want the tree.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import localcontext
from functools import cache
from typing import Final

from lxml import etree

import validators.rules  # noqa: F401  # fills the register
from validators import guard, profiles, registry, structure
from validators.arithmetic import EXACT
from validators.document import Checks, Hit, bind
from validators.findings import Finding, Report, Severity
from validators.messages import texts
from validators.places import Places

# Above this a text node may be longer than libxml2 allows without `huge_tree`.
_HUGE_BYTES: Final = 10_000_000


def parse(data: bytes, *, language: str = "en") -> etree._Element | tuple[Finding, ...]:
    """The root of the document, without comments and instructions; or why there is none.

    Every finding's id begins `GUARD-`. The bytes are never trusted: no DOCTYPE, no entities of
    their own, no network, bounded size (see `validators.guard`).
    """
    data = guard.as_bytewise(data)
    refused = tuple(guard.refusals(data))
    if refused:
        return tuple(_guard_finding(rule, values, None, language) for rule, values in refused)
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=len(data) > _HUGE_BYTES,
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        line = (error.lineno or None) if error.lineno else None
        values = {"stated": error.msg or "?"}
        return (_guard_finding("GUARD-MALFORMED", values, line, language),)
    if root.getroottree().docinfo.internalDTD is not None:
        return (_guard_finding("GUARD-DOCTYPE", {}, None, language),)
    return root


def validate(data: bytes, *, at: date, profile: str | None = None, language: str = "en") -> Report:
    """What is right and wrong with a document on the day `at`.

    `profile` names the rule set (`validators.profiles`), None chooses by what the document says it
    is. `language` of the texts: "en", "sv" or "nb". Never raises on any bytes.
    """
    with _collector_off():
        root = parse(data, language=language)
        if isinstance(root, tuple):
            return Report(profile or profiles.UNKNOWN, False, root)
        chosen = profile or profiles.of(root)
        problems = structure.findings(root, language)
        if problems:
            return Report(chosen, False, problems)
        with localcontext(EXACT):
            document = bind(root, _checks(), at)
            document.check()
        return Report(chosen, True, _findings(document.hits, at, language))


@cache
def _checks() -> Checks:
    return registry.checks()


def _findings(hits: Iterable[Hit], at: date, language: str) -> tuple[Finding, ...]:
    """The hits of rules in force, told in words; by line, then in the order they were found."""
    rules = registry.in_force(at)
    places = Places()
    said = texts(language)
    findings = []
    for hit in hits:
        rule = rules.get(hit.rule)
        if rule is None:
            continue
        text, hint = said.say(rule.id, rule.terms, hit.missing, hit.values)
        findings.append(
            Finding(
                rule=rule.id,
                severity=rule.severity,
                where=places.path(hit.at, hit.missing),
                line=hit.at.sourceline,
                text=text,
                hint=hint,
                terms=rule.terms,
                stated=_shown(hit.values.get("stated")),
                computed=_shown(hit.values.get("computed")),
            )
        )
    findings.sort(key=lambda finding: finding.line or 0)
    return tuple(findings)


def _shown(value: object) -> str | None:
    return None if value is None else str(value)


def _guard_finding(
    rule: str, values: dict[str, object], line: int | None, language: str
) -> Finding:
    text, hint = texts(language).say(rule, (), "", values)
    return Finding(
        rule=rule,
        severity=Severity.FATAL,
        where="",
        line=line,
        text=text,
        hint=hint,
        stated=_shown(values.get("stated")),
        computed=_shown(values.get("computed")),
    )


_collecting = threading.Lock()
_documents_under_way = 0
_was_on = False


@contextmanager
def _collector_off() -> Iterator[None]:
    """Keeps the garbage collector still inside a document: its records live until its end.

    Worth a third of the time of a long invoice. The last document of all threads turns it on.
    """
    global _documents_under_way, _was_on
    with _collecting:
        if _documents_under_way == 0:
            _was_on = gc.isenabled()
            gc.disable()
        _documents_under_way += 1
    try:
        yield
    finally:
        with _collecting:
            _documents_under_way -= 1
            if _documents_under_way == 0 and _was_on:
                gc.enable()
