"""From bytes to findings: guard, parse, profile, structure, bind, rules.

In charge of the order, and of never failing: whatever the bytes are, there is a `Report`.
Not in charge of what any step looks for. Each step runs only when the one before found nothing,
as with the official tools: rules about content mean little where the structure is wrong.

`validate` does it all; `parse` is the first two steps alone, for callers that want the tree.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Mapping
from datetime import date
from decimal import localcontext
from functools import cache, lru_cache
from typing import Final

from lxml import etree

from schemas.ubl.terms import term_of
from validators import guard, parted, profiles, registry, structure
from validators.arithmetic import EXACT
from validators.document import MOST_HITS, Document, bind
from validators.findings import Finding, Report, Severity
from validators.messages import Caller, Naming, in_ubl, texts
from validators.paths import Checks
from validators.places import Places, resolve

# Above this a text node may be longer than libxml2 allows without `huge_tree`.
_HUGE_BYTES: Final = 10_000_000
# From here on the structure is checked while parsing: see `_read`.
_LARGE_TAGS: Final = 50_000
_STYLE_SHEET: Final = b"<?xml-stylesheet"
_XML_ID: Final = b"xml:id"  # checked when a tree is made; no other prefix stands for that namespace
_LONGEST_START: Final = 4096


def parse(data: bytes, *, language: str = "en") -> etree._Element | tuple[Finding, ...]:
    """The root of the document, without comments and instructions; or why there is none.

    Beside the root a style sheet stays (`<?xml-stylesheet`): Svefaktura has a rule about it.
    Every finding's id begins `GUARD-`. The bytes are never trusted: no DOCTYPE, no entities of
    their own, no network, bounded size (see `validators.guard`).
    """
    data = guard.as_bytewise(data)
    return _refused(data, language) or _parsed(data, language)


def plain_tag(data: bytes) -> str | None:
    """The tag of the root where `parse` has a root for `data`; None: only `parse` can tell.

    For those who need no tree: libxml2 reads on without making one, in half the time, and hardly
    needs the interpreter. It reads 257 levels of depth that way, one more than with a tree.
    """
    start = guard.plain_root(data)
    end = -1 if start is None else data.find(b">", start, start + _LONGEST_START)
    if end < 0 or _XML_ID in data:
        return None
    parser = _threads.without_tree
    try:
        etree.fromstring(data, parser)
    except etree.XMLSyntaxError:
        return None
    if len(parser.error_log):  # a prefix that stands for nothing: an error for a tree alone
        return None
    return _tag(data[start:end])


@lru_cache(maxsize=64)
def _tag(start: bytes) -> str | None:
    """The tag of an element, of its first tag without the last sign; None where it goes on, as when
    the sign stood in an attribute. Kept, as all that one program writes begin alike."""
    root = _parsed(start.removesuffix(b"/") + b"/>", "en")
    return None if isinstance(root, tuple) else str(root.tag)


def _refused(data: bytes, language: str) -> tuple[Finding, ...]:
    """Why a parser is not let near the bytes, if it is not."""
    return tuple(_fatal(rule, values, "", None, language) for rule, values in guard.refusals(data))


def _parsed(
    data: bytes, language: str, *, indented: bool = True, schema: etree.XMLSchema | None = None
) -> etree._Element | tuple[Finding, ...]:
    """The root, or why there is none; with a schema, none also when the structure is wrong.

    `indented` keeps the white space between elements, which no rule looks at.
    """
    styled = data.find(_STYLE_SHEET, 0, guard.LONGEST_PROLOG) >= 0
    try:
        root = etree.fromstring(data, _parser(len(data) > _HUGE_BYTES, indented, styled, schema))
    except etree.XMLSyntaxError as error:
        return (_malformed(error, language),)
    if root.getroottree().docinfo.internalDTD is not None:
        return (_fatal("GUARD-DOCTYPE", {}, "", None, language),)
    if styled:
        etree.strip_elements(root, etree.ProcessingInstruction, with_tail=False)
    return root


def _parser(
    huge: bool, indented: bool, styled: bool, schema: etree.XMLSchema | None
) -> etree.XMLParser:
    """A parser, kept by the thread unless it is for one schema."""
    parser = None if schema is not None else _threads.parsers.get((huge, indented, styled))
    if parser is None:
        parser = etree.XMLParser(
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            remove_comments=True,
            remove_pis=not styled,
            remove_blank_text=not indented,
            huge_tree=huge,
            schema=schema,
        )
        if schema is None:
            _threads.parsers[huge, indented, styled] = parser
    return parser


class _Threads(threading.local):
    """What a thread keeps: making a parser takes a third of the time a small invoice is read in."""

    def __init__(self) -> None:
        self.parsers: dict[tuple[bool, bool, bool], etree.XMLParser] = {}
        self.without_tree = etree.XMLParser(
            target=_Nothing(),  # type: ignore[arg-type]  # it need not take anything
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
        )


class _Nothing:
    """Takes nothing of what is parsed."""

    def close(self) -> None:
        """As lxml asks."""


_threads = _Threads()


def _read(
    data: bytes, language: str, sections: bool
) -> tuple[etree._Element | tuple[Finding, ...], bool | None]:
    """The root, and whether its structure is right: True, False, or None where it was not asked.

    A large document is checked while it is parsed: libxml2's check of a finished tree looks at all
    elements before a faulty one to say where it is, so that many faults under one element take
    hours. White space between elements is left out, unless a comment or a CDATA section might make
    some look so that counts: `sections`.
    """
    large = len(data) > 2 * _LARGE_TAGS and data.count(b"<") >= _LARGE_TAGS
    schema = structure.schema_for(data) if large else None
    if schema is None:
        return _parsed(data, language, indented=sections), None
    root = _parsed(data, language, indented=sections, schema=schema)
    if not isinstance(root, tuple):
        return root, True
    return _parsed(data, language, indented=sections), False


def _parted(data: bytes, profile: str, language: str) -> tuple[Finding, ...]:
    """The texts that a comment parts; see `validators.parted`."""
    places = Places()
    found = parted.leaves(data, profile, huge=len(data) > _HUGE_BYTES)
    return tuple(
        _fatal("GUARD-PARTED", {}, places.path(leaf), places.line(leaf), language)
        for leaf in sorted(found, key=lambda leaf: places.line(leaf) or 0)
    )


def _malformed(error: etree.XMLSyntaxError, language: str) -> Finding:
    """The parser's own words and the line; depth, its one limit that is not the guard's, apart."""
    deep = "depth" in (error.msg or "")
    rule = "GUARD-DEPTH" if deep else "GUARD-MALFORMED"
    return _fatal(rule, {"stated": error.msg or "?"}, "", error.lineno or None, language)


def validate(
    data: bytes,
    *,
    at: date,
    profile: str | None = None,
    language: str = "en",
    called: Caller | None = None,
) -> Report:
    """What is right and wrong with a document on the day `at`.

    `profile` names the rule set (`validators.profiles`), None chooses by what the document says it
    is. `language` of the texts: "en", "sv" or "nb". `called` is for a caller who did not write the
    UBL that is checked. Never raises on any bytes; ValueError for a profile there is none of.
    """
    if profile is not None and profile not in profiles.NAMES:
        raise ValueError(f"no profile {profile!r}; there are {', '.join(profiles.NAMES)}")
    with _collector_off:
        data = guard.as_bytewise(data)
        refused = _refused(data, language)
        sections = guard.has_sections(data)
        root, right = (refused, None) if refused else _read(data, language, sections)
        if isinstance(root, tuple):
            return Report(profile or profiles.UNKNOWN, False, root)
        chosen = profile or profiles.of(root)
        if chosen == profiles.UNKNOWN or root.tag not in profiles.PROFILES[chosen].roots:
            return Report(chosen, False, (_unknown(root, language),))
        if not right:
            wrong = right is False
            problems = structure.findings(root, known_wrong=wrong, language=language, called=called)
            if problems:
                return Report(chosen, False, problems)
        findings = apply(root, chosen, at=at, language=language, called=called)
        if chosen in parted.ASKED_FOR and parted.possible(data):
            findings = (*_parted(data, chosen, language), *findings)
        return Report(chosen, True, findings)


def apply(
    root: etree._Element,
    profile: str,
    *,
    at: date,
    language: str = "en",
    called: Caller | None = None,
) -> tuple[Finding, ...]:
    """What the rules of a profile say, by line. Means little where the structure is wrong."""
    with localcontext(EXACT):
        document = bind(root, _checks(profile), at)
        document.check()
    findings = _findings(document, registry.in_force(at, profile), language, called)
    document.release()
    if document.more_hits:
        most = {"computed": MOST_HITS}
        return (_fatal("GUARD-FINDINGS", most, "", None, language), *findings)
    return findings


def _unknown(root: etree._Element, language: str) -> Finding:
    name = etree.QName(root)
    return _fatal(
        "STRUCTURE-PROFILE", {"stated": root.tag}, name.localname, Places.line(root), language
    )


@cache
def _checks(profile: str) -> Checks:
    return registry.checks(profile)


def _findings(
    document: Document,
    rules: Mapping[str, registry.Rule],
    language: str,
    called: Caller | None,
) -> tuple[Finding, ...]:
    """The hits of rules in force, told in words; by line, then in the order of the document."""
    if not document.hits:
        return ()
    places = Places()
    said = texts(language)
    findings = []
    for hit, element in zip(document.hits, document.elements(), strict=True):
        rule = rules.get(hit.rule)
        if rule is None:
            continue
        where = places.path(element, hit.missing)
        terms = _terms(rule.terms, where)
        naming = (
            in_ubl
            if called is None
            else _naming(called, places.path(element), hit.missing, rule.terms)
        )
        text, hint = said.say(rule.id, terms, hit.missing, hit.values, naming)
        findings.append(
            Finding(
                rule=rule.official,
                severity=rule.severity,
                where=where,
                line=places.line(element),
                text=text,
                hint=hint,
                terms=terms,
                stated=_shown(hit.values.get("stated")),
                computed=_shown(hit.values.get("computed")),
            )
        )
    findings.sort(key=lambda finding: finding.line or 0)
    return tuple(findings)


def _naming(called: Caller, at: str, missing: str, terms: tuple[str, ...]) -> Naming:
    """Names elements as the caller does."""
    return lambda path: called(resolve(at, missing, path), terms) or in_ubl(path)


def _terms(terms: tuple[str, ...], where: str) -> tuple[str, ...]:
    """The terms of a rule, the one that stands at the place first."""
    if len(terms) < 2:
        return terms
    here = [term for term in term_of(where) if term in terms]
    return tuple(dict.fromkeys((*here, *terms)))


def _shown(value: object) -> str | None:
    return None if value is None else str(value)


def _fatal(
    rule: str, values: Mapping[str, object], where: str, line: int | None, language: str
) -> Finding:
    """A finding of the guard or about the profile."""
    text, hint = texts(language).say(rule, (), "", values)
    stated, computed = _shown(values.get("stated")), _shown(values.get("computed"))
    severity = Severity.FATAL
    return Finding(rule, severity, where, line, text, hint, stated=stated, computed=computed)


_collecting = threading.Lock()
_documents_under_way = 0
_was_on = False


class _CollectorOff:
    """Keeps the garbage collector still inside a document: its records live until its end.

    Worth a third of the time of a long invoice. The last document of all threads turns it on.
    """

    def __enter__(self) -> None:
        global _documents_under_way, _was_on
        with _collecting:
            if _documents_under_way == 0:
                _was_on = gc.isenabled()
                gc.disable()
            _documents_under_way += 1

    def __exit__(self, *error: object) -> None:
        global _documents_under_way
        with _collecting:
            _documents_under_way -= 1
            if _documents_under_way == 0 and _was_on:
                gc.enable()


_collector_off: Final = _CollectorOff()
