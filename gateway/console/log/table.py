"""What was found as a table for spreadsheets (CSV, RFC 4180).

It opens by a double click where the reader's language is that of their spreadsheet: UTF-8 with a
mark at the beginning, and in Swedish and Norwegian a semicolon between cells and a comma in
numbers, because a comma is not what parts cells there. Times are UTC.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from gateway.console.log.rows import Row
from gateway.console.pages import Words
from gateway.spreadsheet import cell

MOST_ROWS: Final = 100_000  # a spreadsheet takes some more, a person does not
COLUMNS: Final = (
    "document_id",
    "company",
    "direction",
    "kind",
    "number",
    "sender",
    "recipient",
    "amount",
    "currency",
    "state",
    "channel",
    "code",
    "why",
    "created_at",
    "updated_at",
)
BEGIN: Final = "\ufeff"


async def lines(
    pages: AsyncIterator[Sequence[Row]], words: Words, most: int = MOST_ROWS
) -> AsyncIterator[bytes]:
    """The table piece by piece; of more rows than `most` the first, and a line that says so."""
    titles = [words(f"log_column_{column}") for column in COLUMNS]
    yield f"{BEGIN}{_line(titles, words)}".encode()
    left = most
    async for page in pages:
        if not page:
            continue
        cells = ([_cell(getattr(row, name), words) for name in COLUMNS] for row in page[:left])
        yield "".join(_line(one, words) for one in cells).encode()
        if len(page) > left:
            yield _line([words("log_table_cut", count=most)], words).encode()
            return
        left -= len(page)


def _line(cells: Sequence[str], words: Words) -> str:
    written = io.StringIO()
    csv.writer(written, delimiter="," if words.language == "en" else ";").writerow(cells)
    return written.getvalue()


def _cell(value: str | Decimal | datetime | None, words: Words) -> str:
    match value:
        case None:
            return ""
        case Decimal():  # a number of ours: its minus sign is one
            plain = f"{value:f}"
            return plain if words.language == "en" else plain.replace(".", ",")
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case str():
            return cell(value)
