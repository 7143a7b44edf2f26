"""Which files may go along with a document, and on which channels.

In charge of all attachments of a document at once, wherever they come from: inside it, beside it,
out of a package, fetched. Not in charge of what a file is (`content`) nor of names (`attachment`).
Pure. A file that must not reach anybody makes a fatal finding; one that a channel leaves out makes
an event, and the invoice goes without it. The numbers and the words are data: `policy.toml`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any, Final

from gateway.intake.attachment import safe_name
from gateway.intake.content import Family, Kind, ending, kind_of, kinds, runs, says
from transports.base import File
from validators.findings import Finding, Severity

# The setting of a company by which archives are refused: `false`.
ARCHIVES: Final = "archives"

# What turns the letters of a name round: embeddings, overrides and isolates (UAX 9).
_TURNING: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

# Names in findings are cut: what is wrong with a name may be its length.
_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class Attached:
    """A file with the name and media type that it came with; `where` is its place in what the
    caller sent."""

    file: File
    where: str
    line: int | None = None


def findings(
    attached: Sequence[Attached], settings: Mapping[str, Any], language: str
) -> Iterator[Finding]:
    """Yields what is to be said of files, by the settings of the company that sends them."""
    most = _data()["limits"]["files"]
    if len(attached) > most:
        values = {"stated": len(attached), "computed": most}
        where = attached[most].where
        yield _finding("COUNT", Severity.FATAL, where, None, values, language)
    for each in attached:
        yield from _of_name(each, language)
        if not each.file.content:
            yield _told("EMPTY", Severity.FATAL, each, {}, language)
            continue
        kind = kind_of(each.file.content)
        bad = _bad(each.file, kind, archives=bool(settings.get(ARCHIVES, True)))
        match bad:
            case None:
                yield from _of_label(each, kind, language)
            case Family.ARCHIVE:
                yield _told("ARCHIVE", Severity.FATAL, each, {}, language)
            case _:
                what = {"what": _data()["words"][bad][language]}
                yield _told("FORBIDDEN", Severity.FATAL, each, what, language)


def _bad(file: File, kind: Kind | None, *, archives: bool) -> Family | None:
    """What must not be sent: by content, or by what its name makes of it. An archive is what it is
    where it is nothing worse."""
    told = (kind.family if kind else None, runs(file.name))
    families = {family for family in told if family is not None and family in _BAD}
    worse = sorted(families - {Family.ARCHIVE})
    if worse:
        return worse[0]
    return Family.ARCHIVE if families and not archives else None


_BAD: Final = frozenset({Family.PROGRAM, Family.SCRIPT, Family.PAGE, Family.MACROS, Family.ARCHIVE})


def _of_name(each: Attached, language: str) -> Iterator[Finding]:
    name = each.file.name
    if _TURNING & set(name):
        yield _told("DISGUISE", Severity.FATAL, each, {}, language)
    elif safe_name(name) != name:
        values = {"stated": _shown(name) or "", "computed": safe_name(name) or "attachment"}
        yield _told("NAME", Severity.WARNING, each, values, language)


def _of_label(each: Attached, kind: Kind | None, language: str) -> Iterator[Finding]:
    file = each.file
    stated = file.media_type.partition(";")[0].strip().lower()
    if kind is None:
        if any(stated in known.media_types for known in kinds() if known.family not in _BAD):
            values = {"stated": stated}
            yield _told("UNREADABLE", Severity.WARNING, each, values, language)
        return
    end = ending(file.name)
    misnamed = end not in kind.endings and any(end in known.endings for known in kinds())
    if misnamed and kind.family is not Family.TEXT:
        stated = f".{end}"
    elif says(file, kind):
        return
    values = {"stated": stated, "computed": kind.media_types[0]}
    yield _told("LABEL", Severity.WARNING, each, values, language)


# --- channels -----------------------------------------------------------------------------------


class Why(StrEnum):
    """Why a channel leaves a file out."""

    KIND = "kind"
    FILES = "files"
    FILE_BYTES = "file_bytes"
    TOTAL_BYTES = "total_bytes"


@dataclass(frozen=True, slots=True)
class Choice:
    """What goes along by a channel, and what stays behind, both in their order."""

    kept: tuple[File, ...]
    left: tuple[tuple[File, Why], ...]


def choose(channel: str, files: Iterable[File]) -> Choice:
    """Which files a channel takes along. One that nothing is known of takes all."""
    row = _data()["channels"].get(channel)
    if row is None:
        return Choice(tuple(files), ())
    kept: list[File] = []
    left: list[tuple[File, Why]] = []
    for file in files:
        why = _why_not(row, file, kept)
        if why is None:
            kept.append(file)
        else:
            left.append((file, why))
    return Choice(tuple(kept), tuple(left))


def _why_not(row: Mapping[str, Any], file: File, kept: Sequence[File]) -> Why | None:
    size = len(file.content)
    if not row["takes"]:
        return Why.KIND
    kind = kind_of(file.content)
    if (kind.name if kind else "other") not in row["takes"]:
        return Why.KIND
    if len(kept) >= row.get("files", size + len(kept) + 1):
        return Why.FILES
    if size > row.get("file_bytes", size):
        return Why.FILE_BYTES
    total = size + sum(len(other.content) for other in kept)
    return Why.TOTAL_BYTES if total > row.get("total_bytes", total) else None


# --- words --------------------------------------------------------------------------------------


def infected(name: str, found: str, where: str, language: str) -> Finding:
    """The finding of a file that a virus scanner knows."""
    each = Attached(File(name, "", b""), where)
    return _told("VIRUS", Severity.FATAL, each, {"stated": found}, language)


def _told(
    rule: str, severity: Severity, each: Attached, values: Mapping[str, object], language: str
) -> Finding:
    named = {"name": _shown(each.file.name) or _data()["words"]["nameless"][language], **values}
    return _finding(rule, severity, each.where, each.line, named, language)


def _finding(
    rule: str,
    severity: Severity,
    where: str,
    line: int | None,
    values: Mapping[str, object],
    language: str,
) -> Finding:
    name = f"GUARD-ATTACHMENT-{rule}"
    said = _data()["findings"][name]
    text, hint = (said[part][language].format_map(values) for part in ("text", "hint"))
    stated, computed = (
        None if values.get(key) is None else str(values[key]) for key in ("stated", "computed")
    )
    return Finding(name, severity, where, line, text, hint, ("BG-24",), stated, computed)


def _shown(name: str) -> str:
    """A name as it may stand in a text: nothing in it acts on the text around it."""
    plain = "".join(c if c.isprintable() else f"<U+{ord(c):04X}>" for c in name[:_SHOWN])
    return plain if len(name) <= _SHOWN else f"{plain}..."


@cache
def _data() -> Mapping[str, Any]:
    source = resources.files(__package__).joinpath("policy.toml")
    return tomllib.loads(source.read_text("utf-8"))
