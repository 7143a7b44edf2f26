"""How results are shown: tables on a terminal, JSON lines in a pipe."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
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

    table = Table(box=None, header_style="bold", pad_edge=False)
    for n, column in enumerate(columns):
        # The first one is copied by people: an id is whole or of no use.
        table.add_column(column, no_wrap=n == 0, overflow="fold")
    for row in rows:
        table.add_row(*(Text(str(row.get(column) or "")) for column in columns))
    if table.row_count:
        Console().print(table)
    else:
        say(empty)


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[], None]]:
    """A bar on a terminal, gone at the end; call what it yields as each one is done."""
    if total < 2 or not (on_terminal() and sys.stderr.isatty()):
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)
