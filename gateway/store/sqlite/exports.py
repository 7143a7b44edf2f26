"""Archive exports: which documents are in which file. The bytes stay where they are."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.audit.chain import NewEntry
from gateway.store.keeping import Export, ExportFile, Period, Sized
from gateway.store.port import NewJob
from gateway.store.sqlite import audit, jobs
from gateway.store.sqlite.rows import Row, maybe_moment, micros, moment
from gateway.store.sqlite.writer import Transaction

# Clocks of several machines, and one that was set back, differ by less than this.
_DISORDER = timedelta(days=1)

_COLUMNS = "id, company_id, directions, start_at, end_at, created_at, gone_at, ready_at"


@dataclass(frozen=True, slots=True)
class Add:
    """A new export, and the job that will find its files."""

    export: Export
    job: NewJob
    entry: NewEntry


def add(transaction: Transaction, units: Sequence[Add]) -> list[None]:
    """Writes exports without files, and their jobs; one that is there stays as it is."""
    for unit in units:
        export = unit.export
        if one(transaction.connection, export.company_id, export.id) is not None:
            continue
        transaction.insert(
            "export (id, company_id, directions, start_at, end_at, created_at, gone_at)",
            [
                (
                    *(export.id, export.company_id, json.dumps(export.directions)),
                    *(micros(export.start), micros(export.end)),
                    *(micros(export.created_at), micros(export.gone_at)),
                )
            ],
        )
        audit.add(transaction, unit.entry, export.created_at)
        jobs.put(transaction, [jobs.Put([unit.job], export.created_at)])
    return [None] * len(units)


@dataclass(frozen=True, slots=True)
class AddFile:
    """The next file of an export."""

    export_id: str
    file: ExportFile


def add_file(transaction: Transaction, units: Sequence[AddFile]) -> list[None]:
    """Writes files; one that is there stays."""
    transaction.insert(
        "export_file (export_id, n, direction, after, through, documents, size_bytes)",
        [
            (
                *(unit.export_id, unit.file.n, unit.file.direction, unit.file.after),
                *(unit.file.through, unit.file.documents, unit.file.size_bytes),
            )
            for unit in units
        ],
        "ON CONFLICT DO NOTHING",
    )
    return [None] * len(units)


@dataclass(frozen=True, slots=True)
class End:
    """An export has all its files."""

    export_id: str
    now: datetime


def end(transaction: Transaction, units: Sequence[End]) -> list[None]:
    """Marks exports as ready; the first time counts."""
    for unit in units:
        transaction.run(
            "UPDATE export SET ready_at = coalesce(ready_at, ?) WHERE id = ?",
            (micros(unit.now), unit.export_id),
        )
    return [None] * len(units)


def drop(transaction: Transaction, units: Sequence[datetime]) -> list[int]:
    """Takes away exports whose time is over."""
    return [
        transaction.run("DELETE FROM export WHERE gone_at <= ?", (micros(now),)).rowcount
        for now in units
    ]


def one(connection: sqlite3.Connection, company_id: str, export_id: str) -> Export | None:
    """One export with its files."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM export WHERE id = ? AND company_id = ?", (export_id, company_id)
    ).fetchone()
    return None if row is None else _export(connection, row)


def newest(connection: sqlite3.Connection, limit: int) -> list[Export]:
    """The newest exports with their files. They are few: each is gone after some days."""
    found = connection.execute(
        f"SELECT {_COLUMNS} FROM export ORDER BY created_at DESC, id LIMIT ?", (limit,)
    )
    return [_export(connection, row) for row in found.fetchall()]


def _export(connection: sqlite3.Connection, row: Row) -> Export:
    id_, company_id, directions, start, end, created_at, gone_at, ready_at = row
    files = connection.execute(
        "SELECT n, direction, after, through, documents, size_bytes FROM export_file"
        " WHERE export_id = ? ORDER BY n",
        (id_,),
    )
    return Export(
        *(id_, company_id, tuple(json.loads(directions)), moment(start), moment(end)),
        *(moment(created_at), moment(gone_at), maybe_moment(ready_at)),
        files=tuple(ExportFile(*file) for file in files),
    )


def period(
    connection: sqlite3.Connection,
    wanted: Period,
    after: str | None,
    limit: int,
    through: str | None,
) -> list[Sized]:
    """Documents of a period past a place."""
    start, end = micros(wanted.start), micros(wanted.end)
    place = int(after) if after else _before(connection, wanted)
    last = int(through) if through else 2**62
    found: list[Sized] = []
    while len(found) < limit:
        rows = connection.execute(
            """
            SELECT seq, id, created_at,
                (SELECT coalesce(sum(size_bytes), 0) FROM part WHERE document_id = document.id)
            FROM document WHERE company_id = ? AND direction = ? AND seq > ? AND seq <= ?
            ORDER BY seq LIMIT ?
            """,
            (wanted.company_id, wanted.direction, place, last, limit),
        ).fetchall()
        for seq, id_, created_at, size in rows:
            if created_at >= micros(wanted.end + _DISORDER):
                return found
            if start <= created_at < end and len(found) < limit:
                found.append(Sized(str(seq), id_, size))
        if len(rows) < limit:
            return found
        place = rows[-1][0]
    return found


def _before(connection: sqlite3.Connection, wanted: Period) -> int:
    """A place that every document of the period comes after: halves the way, as often as needed.

    Documents are in the order of arrival, so times grow with places but for some disorder.
    """
    start = micros(wanted.start - _DISORDER)
    whose = (wanted.company_id, wanted.direction)
    low, high = connection.execute(
        "SELECT coalesce(min(seq), 1) - 1, coalesce(max(seq), 0) FROM document"
        " WHERE company_id = ? AND direction = ?",
        whose,
    ).fetchone()
    while low < high:
        middle = (low + high + 1) // 2
        found = connection.execute(
            "SELECT seq, created_at FROM document WHERE company_id = ? AND direction = ?"
            " AND seq >= ? ORDER BY seq LIMIT 1",
            (*whose, middle),
        ).fetchone()
        if found is not None and found[1] < start:
            low = max(middle, int(found[0]))
        else:
            high = middle - 1
    return int(low)
