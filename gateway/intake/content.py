"""What a file is: by what is in it, not by what is written on it.

In charge of telling kinds of files apart by their first bytes, and of names that say what a double
click would do. Not in charge of what is allowed (`policy`). Nothing is opened or unpacked: a few
searches in the bytes, whatever they are. The kinds are data: `content.toml`.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any, Final

from transports.base import File


class Family(StrEnum):
    """What can be done with a kind of file."""

    DOCUMENT = "document"
    PICTURE = "picture"
    TEXT = "text"
    ARCHIVE = "archive"
    MACROS = "macros"
    PAGE = "page"  # a browser runs what is in it
    SCRIPT = "script"
    PROGRAM = "program"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file. The first of `media_types` is what it is called where it says another one."""

    name: str
    family: Family
    media_types: tuple[str, ...]
    endings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Signature:
    """The bytes that a kind is known by."""

    kind: Kind
    begins: tuple[bytes, ...]
    at: int
    holds: tuple[bytes, ...]
    binary: bool

    def fits(self, content: bytes) -> bool:
        return (
            content.startswith(self.begins, self.at)
            and not (self.binary and _is_text(content))
            and all(part in content for part in self.holds)
        )


@dataclass(frozen=True, slots=True)
class _Table:
    signatures: tuple[_Signature, ...]
    page_begins: tuple[bytes, ...]
    page_within: tuple[bytes, ...]
    endings: Mapping[str, Family]


TEXT: Final = Kind("text", Family.TEXT, ("text/plain",), ("txt", "csv", "xml", "json"))
PAGE: Final = Kind("page", Family.PAGE, ("text/html",), ("html", "htm", "svg"))

# Readers of PDF look for its header so far into a file (ISO 32000-1, annex H.3.4.1).
_JUNK_BYTES: Final = 1024

# So much of a text is looked at.
_LOOKED_AT: Final = 8 * 1024

# Types of text that are no better known by their content.
_OF_TEXT: Final = re.compile(r"text/(?!html|javascript)[a-z0-9.+-]+|application/(xml|json|edifact)")


def kind_of(content: bytes) -> Kind | None:
    """The kind of a file; None where its bytes do not tell. Never raises."""
    table = _table()
    for signature in table.signatures:
        if signature.fits(content):
            return signature.kind
    if _is_page(content, table):
        return PAGE
    if b"%PDF-" in content[: _JUNK_BYTES + 5]:
        return next(each.kind for each in table.signatures if each.kind.name == "pdf")
    return TEXT if content and _is_text(content) else None


def kinds() -> tuple[Kind, ...]:
    """The kinds that are known by their bytes."""
    return tuple(signature.kind for signature in _table().signatures)


def labelled(file: File) -> File:
    """The file with the media type that its content has. It stays as stated where the content does
    not tell, or tells no better."""
    kind = kind_of(file.content)
    if kind is None or says(file, kind) or (kind is TEXT and not _is_known(file)):
        return file
    media_type = kind.media_types[0]
    if len(kind.media_types) > 1:  # kinds that only the ending tells apart
        named = dict(zip(kind.endings, kind.media_types, strict=False))
        media_type = named.get(ending(file.name), media_type)
    return dataclasses.replace(file, media_type=media_type)


def says(file: File, kind: Kind) -> bool:
    """Whether the file says itself that it is of this kind."""
    stated = file.media_type.partition(";")[0].strip().lower()
    if kind is TEXT and _OF_TEXT.fullmatch(stated):
        return True
    return stated in kind.media_types


def _is_known(file: File) -> bool:
    """Whether it says that it is a document or picture, which would be known by its bytes."""
    known = (each for each in kinds() if each.family in (Family.DOCUMENT, Family.PICTURE))
    return any(says(file, each) for each in known)


def ending(name: str) -> str:
    """How a name ends for the program that opens it, in small letters: what does not show and what
    Windows does not see (blanks and full stops last, the name of a stream) left out."""
    shown = "".join(c for c in name if unicodedata.category(c) not in ("Cf", "Cc"))
    shown = unicodedata.normalize("NFKC", shown).rstrip(". ")
    _, dot, last = shown.rpartition(".")
    return last.partition(":")[0].rstrip().lower() if dot else ""


def runs(name: str) -> Family | None:
    """What kind of thing a file with this name is for whoever opens it, where that runs it or
    unpacks it; None for names of documents."""
    return _table().endings.get(ending(name))


def _is_page(content: bytes, table: _Table) -> bool:
    start = content[:_JUNK_BYTES].removeprefix(b"\xef\xbb\xbf")
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):  # UTF-16: its letters without the zeros
        start = start[2:].replace(b"\x00", b"")
    start = start.lstrip(b" \t\r\n\x0c\x00").lower()
    if start.startswith(table.page_begins):
        return True
    return start.startswith((b"<?xml", b"<!")) and any(tag in start for tag in table.page_within)


def _is_text(content: bytes) -> bool:
    """Whether the beginning holds nothing that no text has: UTF-8, Latin-1 or UTF-16."""
    start = content[:_LOOKED_AT]
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return not start.translate(None, _IN_TEXT)


# All but control characters; among those tab, the line ends, form feed and ^Z, an end of old files.
_IN_TEXT: Final = bytes(n for n in range(256) if n >= 32 and n != 127) + b"\t\n\r\x0c\x1a"


@cache
def _table() -> _Table:
    source = resources.files(__package__).joinpath("content.toml")
    data = tomllib.loads(source.read_text("utf-8"))
    return _Table(
        tuple(map(_signature, data["kind"])),
        tuple(text.encode() for text in data["pages"]["begins"]),
        tuple(text.encode() for text in data["pages"]["within"]),
        {end: Family(family) for family, ends in data["endings"].items() for end in ends},
    )


def _signature(row: Mapping[str, Any]) -> _Signature:
    kind = Kind(
        row["name"], Family(row["family"]), tuple(row["media_types"]), tuple(row["endings"])
    )
    return _Signature(
        kind,
        tuple(map(bytes.fromhex, row["begins"])),
        row.get("at", 0),
        tuple(text.encode() for text in row.get("holds", ())),
        row.get("binary", False),
    )
