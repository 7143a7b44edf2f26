"""How results are shown: tables on a terminal, JSON lines in a pipe."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click


def on_terminal() -> bool:
    """Whether a person reads standard output."""
    return sys.stdout.isatty()


def line(record: Mapping[str, Any]) -> None:
    """Writes one JSON line, at once."""
    click.echo(json.dumps(record, ensure_ascii=False, default=str))


def say(sentence: str) -> None:
    """Tells a person something beside the result: on standard error."""
    click.echo(sentence, err=True)


def records(columns: Sequence[str], rows: Iterable[Mapping[str, Any]], *, empty: str) -> None:
    """Shows records: a table with `columns` on a terminal, else each one whole as a JSON line."""
    if not on_terminal():
        for row in rows:
            line(row)
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*(Text(str(row.get(column) or "")) for column in columns))
    if table.row_count:
        Console().print(table)
    else:
        say(empty)
