"""The tab "UBL": a document by lines, each finding at its line. Pure; worth a thread.

JSON, and XML that is one long line, are shown indented; findings are then put to the value or the
element that their path names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree

from gateway.archive.account import masked as without_secrets
from gateway.console.documents.json_lines import JsonLines
from gateway.console.documents.wire import MOST_PARSED, indented, masked
from validators.findings import Finding

LINES: Final = 400  # of one page
_LONGEST: Final = 2_000  # characters of a line: more is a file inside it
_LONG: Final = 600  # bytes in a line, on average, that nobody reads as lines
_STEP: Final = re.compile(r"(?:[\w.-]+:)?([\w.-]+)(?:\[([0-9]{1,6})\])?")


@dataclass(frozen=True, slots=True)
class Line:
    """A line, and what was found at it. `left_out`: characters that are not shown."""

    n: int
    text: str
    left_out: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A finding, and the line and page that it is at; None where it is at no line here."""

    finding: Finding
    line: int | None
    page: int  # the first line of the page


@dataclass(frozen=True, slots=True)
class Source:
    """A page of lines. `places` are all findings, `indented`: these are not the lines of the file.
    `before` and `after` are the first lines of the pages around, None where there is none."""

    lines: tuple[Line, ...]
    total: int
    first: int
    before: int | None
    after: int | None
    indented: bool
    places: tuple[Place, ...]


def source(
    content: bytes,
    findings: Sequence[Finding],
    media_type: str = "application/xml",
    *,
    first: int = 1,
    own: bool = True,
    hidden: Collection[str] = (),
) -> Source:
    """The page that line `first` is on. `own`: the findings are about these bytes; else they are
    told beside them."""
    rows, at, is_indented = _lined(content, media_type, findings)
    known = {n: line for n, line in at.items() if line <= len(rows)} if own else {}
    first = (max(1, min(first, len(rows))) - 1) // LINES * LINES + 1
    last = min(first + LINES - 1, len(rows))
    here: dict[int, list[Finding]] = {}
    for n, line in known.items():
        here.setdefault(line, []).append(findings[n])
    return Source(
        lines=tuple(_line(n, rows[n - 1], here.get(n, ()), hidden) for n in range(first, last + 1)),
        total=len(rows),
        first=first,
        before=first - LINES if first > 1 else None,
        after=last + 1 if last < len(rows) else None,
        indented=is_indented,
        places=tuple(
            Place(one, known.get(n), (known.get(n, 1) - 1) // LINES * LINES + 1)
            for n, one in enumerate(findings)
        ),
    )


def _lined(
    content: bytes, media_type: str, findings: Sequence[Finding]
) -> tuple[Sequence[str], Mapping[int, int], bool]:
    """The lines, the lines of the findings by their place, and whether they are not the file's."""
    if "json" in media_type.lower() and len(content) <= MOST_PARSED:
        try:
            lines = JsonLines.of(without_secrets(json.loads(content)))
        except (ValueError, RecursionError):
            pass  # it is shown as it is: it could not be read either
        else:
            told = ((n, lines.line_of(one.where)) for n, one in enumerate(findings))
            return lines.rows, {n: line for n, line in told if line is not None}, True
    elif content.count(b"\n") <= len(content) / _LONG:
        text = indented(content)
        if text is not None:
            return _rows(text), _by_path(text, findings), True
    at = {n: one.line for n, one in enumerate(findings) if one.line}
    return _rows(content.decode("utf-8", "replace")), at, False


def _rows(text: str) -> list[str]:
    """Lines as XML parsers count them: other characters that break lines do not count."""
    return [row.rstrip("\r") for row in text.split("\n")]


def _line(n: int, text: str, findings: Sequence[Finding], hidden: Collection[str]) -> Line:
    text = masked(text, hidden)
    return Line(n, text[:_LONGEST], max(0, len(text) - _LONGEST), tuple(findings))


def _by_path(text: str, findings: Sequence[Finding]) -> Mapping[int, int]:
    """The lines of findings whose path leads to an element."""
    try:
        root = etree.fromstring(text.encode())
    except (etree.XMLSyntaxError, ValueError):
        return {}
    children: dict[tuple[etree._Element, str], list[etree._Element]] = {}
    found: dict[int, int] = {}
    for n, one in enumerate(findings):
        line = _found(root, one.where, children)
        if line is not None:
            found[n] = line
    return found


def _found(
    root: etree._Element,
    where: str,
    children: dict[tuple[etree._Element, str], list[etree._Element]],
) -> int | None:
    """The line of the deepest element of a path that is there: of a missing one its parent's.
    `children` are those that were looked for before, by their parent and name."""
    steps = where.strip("/").split("/")
    if _step(steps[0])[0] != etree.QName(root).localname:
        return None
    here = root
    for step in steps[1:]:
        name, n = _step(step)
        if not name:
            break
        if (here, name) not in children:
            children[here, name] = list(here.iterchildren("{*}" + name))
        if len(children[here, name]) < n:
            break
        here = children[here, name][n - 1]
    line: object = here.sourceline
    return line if isinstance(line, int) else None


def _step(step: str) -> tuple[str, int]:
    match = _STEP.fullmatch(step)
    return (match[1], int(match[2] or 1)) if match else ("", 1)
