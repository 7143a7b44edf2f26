"""What a fetched file is, and what it is called: by its bytes, by what was stated, by the server.

In charge of a file not being taken for what it is not: a page that asks for a password instead of
the PDF is what a broken store of documents answers most. Not in charge of kinds of files
(`gateway.intake.content`), nor of which may go where (`gateway.intake.policy`). Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from gateway.delivery.fetches import Fetch
from gateway.intake.attachment import safe_name
from gateway.intake.content import Family, Kind, ending, kind_of, kinds

_ANYTHING: Final = "application/octet-stream"
_CSV: Final = "text/csv"


@dataclass(frozen=True, slots=True)
class Recognised:
    """The file as the document has it."""

    name: str
    media_type: str


@dataclass(frozen=True, slots=True)
class Mistaken:
    """It is not what it should be; the text says what it is."""

    text: str


def recognised(fetch: Fetch, headers: Mapping[str, str], head: bytes) -> Recognised | Mistaken:
    """What came: `headers` are the server's, `head` is how the file begins."""
    name = safe_name(fetch.name or _disposed(headers)) or fetch.called
    seen = kind_of(head)
    due = fetch.media_type or _of_name(name) or _of_header(headers)
    if seen is not None and seen.family is Family.PAGE and due not in seen.media_types:
        return Mistaken("A web page came instead of the file; it may ask for a login.")
    if seen in _telling():
        assert seen is not None
        if fetch.media_type not in (None, *seen.media_types):
            return Mistaken(f"It is {seen.media_types[0]}, and not {fetch.media_type} as stated.")
        due = due if due in seen.media_types else seen.media_types[0]
    elif any(due in kind.media_types for kind in _telling()):
        return Mistaken(f"It is no {due}, though it should be one.")
    if due is None:
        due = "text/plain" if seen is not None and seen.family is Family.TEXT else _ANYTHING
    return Recognised(name if ending(name) else name + _ending(due), due)


# Packed documents begin as any archive does: only all of their bytes tell.
_PACKED: Final = frozenset({"xlsx", "docx", "pptx", "ods", "odt", "office"})


def _telling() -> list[Kind]:
    """The kinds that the beginning of a file tells for certain."""
    sure = (Family.DOCUMENT, Family.PICTURE)
    return [kind for kind in kinds() if kind.family in sure and kind.name not in _PACKED]


def _of_name(name: str) -> str | None:
    end = ending(name)
    if end == "csv":
        return _CSV
    found = next((kind for kind in kinds() if end and end in kind.endings), None)
    return None if found is None else _named(found, end)


def _named(kind: Kind, end: str) -> str:
    types = dict(zip(kind.endings, kind.media_types, strict=False))
    return types.get(end, kind.media_types[0])


def _ending(media_type: str) -> str:
    """The ending for a name that has none."""
    if media_type == _CSV:
        return ".csv"
    found = next((kind for kind in kinds() if media_type in kind.media_types), None)
    return f".{found.endings[0]}" if found is not None and found.endings else ""


def _of_header(headers: Mapping[str, str]) -> str | None:
    media_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    plain = re.fullmatch(r"[a-z0-9!#$&^_.+-]{1,80}/[a-z0-9!#$&^_.+-]{1,80}", media_type)
    return media_type if plain and media_type != _ANYTHING else None


def _disposed(headers: Mapping[str, str]) -> str:
    """The name that the server gives the file (RFC 6266)."""
    value = headers.get("Content-Disposition", "")
    coded = re.search(r"filename\*\s*=\s*UTF-8'[^']*'([^;\s]+)", value, re.IGNORECASE)
    if coded:
        return unquote(coded[1])
    plain = re.search(r'filename\s*=\s*(?:"([^"]*)"|([^;\s"]+))', value, re.IGNORECASE)
    return (plain[1] or plain[2] or "") if plain else ""
