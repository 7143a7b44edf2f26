"""Audit entries to take along: as CSV for people, as lines of JSON for programs.

At most `MOST` of them, newest first; what is asked for more narrowly is there whole. A line of JSON
has all that an entry's hash is made of (docs/reference/audit.md).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Final

from gateway.audit.chain import Entry, instant
from gateway.console.audit.asking import Asked
from gateway.spreadsheet import cell
from gateway.store.keeping import Keeping

MOST: Final = 10_000
_PAGE: Final = 500

COLUMNS: Final = ("seq", "at", "actor", "action", "subject", "company", "data", "hash")


async def as_csv(store: Keeping, asked: Asked) -> AsyncIterator[bytes]:
    """RFC 4180, with a line of names."""
    yield _csv([COLUMNS])
    async for entries in _pages(store, asked):
        yield _csv(_cells(entry) for entry in entries)


async def as_json_lines(store: Keeping, asked: Asked) -> AsyncIterator[bytes]:
    """An object on each line."""
    async for entries in _pages(store, asked):
        yield b"".join(_line(entry) for entry in entries)


FORMS: Final[dict[str, tuple[str, Callable[[Keeping, Asked], AsyncIterator[bytes]]]]] = {
    "csv": ("text/csv", as_csv),
    "jsonl": ("application/x-ndjson", as_json_lines),
}


async def _pages(store: Keeping, asked: Asked) -> AsyncIterator[Sequence[Entry]]:
    sought, before = asked.sought()
    left = MOST
    while left and (page := await store.audit_found(sought, before, min(_PAGE, left))):
        yield page
        before, left = page[-1].seq, left - len(page)


def _cells(entry: Entry) -> list[str]:
    values = (
        *(str(entry.seq), instant(entry.at), entry.actor, entry.action, entry.subject),
        *(entry.company_id, entry.data, entry.hash),
    )
    return list(map(cell, values))


def _csv(lines: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(lines)
    return text.getvalue().encode()


def _line(entry: Entry) -> bytes:
    return json.dumps(entry.as_data(), ensure_ascii=False).encode() + b"\n"
