"""Archive exports: which documents are in which file. The bytes stay where they are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.audit.chain import NewEntry, Told
from gateway.store.keeping import Export, ExportFile, Period, Sized
from gateway.store.port import NewJob
from gateway.store.postgres import audit, jobs, rows
from gateway.store.postgres.connections import Connections
from gateway.store.postgres.transactions import Transaction

# Clocks of several machines, and one that was set back, differ by less than this.
_DISORDER = timedelta(days=1)

_COLUMNS = "id, company_id, directions, start_at, end_at, created_at, gone_at, ready_at"


@dataclass(frozen=True, slots=True)
class Add:
    """A new export, and the job that will find its files."""

    export: Export
    job: NewJob
    entry: NewEntry


async def add(transaction: Transaction, units: Sequence[Add]) -> list[None]:
    """Writes exports without files, and their jobs; one that is there stays as it is."""
    new = {
        row[0]
        for row in await transaction.each(
            """
            INSERT INTO export (id, company_id, directions, start_at, end_at, created_at, gone_at)
            SELECT id, company_id, directions, start_at, end_at, created_at, gone_at
            FROM {asked} ORDER BY id
            ON CONFLICT DO NOTHING RETURNING id
            """,
            "id text, company_id text, directions text, start_at timestamptz, "
            "end_at timestamptz, created_at timestamptz, gone_at timestamptz",
            [
                (
                    *(unit.export.id, unit.export.company_id, json.dumps(unit.export.directions)),
                    *(unit.export.start, unit.export.end),
                    *(unit.export.created_at, unit.export.gone_at),
                )
                for unit in units
            ],
        )
    }
    made = {unit.export.id: unit for unit in units if unit.export.id in new}.values()
    await jobs.put(transaction, [jobs.Put([unit.job], unit.export.created_at) for unit in made])
    await audit.append(transaction, [Told(unit.entry, unit.export.created_at) for unit in made])
    return [None] * len(units)


@dataclass(frozen=True, slots=True)
class AddFile:
    """The next file of an export."""

    export_id: str
    file: ExportFile


async def add_file(transaction: Transaction, units: Sequence[AddFile]) -> list[None]:
    """Writes files; one that is there stays."""
    columns = "export_id, n, direction, after, through, documents, size_bytes"
    await transaction.each(
        f"INSERT INTO export_file ({columns}) SELECT {columns} FROM {{asked}}"
        " ORDER BY export_id, n ON CONFLICT DO NOTHING",
        "export_id text, n integer, direction text, after text, through text, documents integer, "
        "size_bytes bigint",
        [
            (
                *(unit.export_id, unit.file.n, unit.file.direction, unit.file.after),
                *(unit.file.through, unit.file.documents, unit.file.size_bytes),
            )
            for unit in units
        ],
    )
    return [None] * len(units)


@dataclass(frozen=True, slots=True)
class End:
    """An export has all its files."""

    export_id: str
    now: datetime


async def end(transaction: Transaction, units: Sequence[End]) -> list[None]:
    """Marks exports as ready; the first time counts."""
    for unit in units:
        await transaction.run(
            "UPDATE export SET ready_at = coalesce(ready_at, $1) WHERE id = $2",
            rows.moment(unit.now),
            unit.export_id,
        )
    return [None] * len(units)


async def drop(transaction: Transaction, units: Sequence[datetime]) -> list[int]:
    """Takes away exports whose time is over."""
    return [
        await transaction.run("DELETE FROM export WHERE gone_at <= $1", rows.moment(now))
        for now in units
    ]


async def one(connections: Connections, company_id: str, export_id: str) -> Export | None:
    """One export with its files."""
    found = await connections.read(
        f"SELECT {_COLUMNS} FROM export WHERE id = $1 AND company_id = $2", export_id, company_id
    )
    return (await _exports(connections, found))[0] if found else None


async def newest(connections: Connections, limit: int) -> list[Export]:
    """The newest exports with their files. They are few: each is gone after some days."""
    found = await connections.read(
        f"SELECT {_COLUMNS} FROM export ORDER BY created_at DESC, id LIMIT $1", limit
    )
    return await _exports(connections, found)


async def _exports(connections: Connections, found: Sequence[rows.Row]) -> list[Export]:
    files: dict[str, list[ExportFile]] = {row["id"]: [] for row in found}
    for export_id, *file in await connections.read(
        "SELECT export_id, n, direction, after, through, documents, size_bytes FROM export_file"
        " WHERE export_id = ANY($1::text[]) ORDER BY export_id, n",
        list(files),
    ):
        files[export_id].append(ExportFile(*file))
    return [
        Export(
            *(id_, company_id, tuple(json.loads(directions)), start, end, created_at, gone_at),
            *(ready_at, tuple(files[id_])),
        )
        for id_, company_id, directions, start, end, created_at, gone_at, ready_at in found
    ]


async def period(
    connections: Connections,
    wanted: Period,
    after: str | None,
    limit: int,
    through: str | None,
) -> list[Sized]:
    """Documents of a period past a place."""
    place = int(after) if after else await _before(connections, wanted)
    last = int(through) if through else 2**62
    found: list[Sized] = []
    while len(found) < limit:
        page = await connections.read(
            """
            SELECT seq, id, created_at,
                (SELECT coalesce(sum(size_bytes), 0)::bigint FROM part
                 WHERE document_id = document.id) AS size
            FROM document
            WHERE company_id = $1 AND direction = $2 AND seq > $3 AND seq <= $4
            ORDER BY seq LIMIT $5
            """,
            wanted.company_id,
            wanted.direction,
            place,
            last,
            limit,
        )
        for seq, id_, created_at, size in page:
            if created_at >= wanted.end + _DISORDER:
                return found
            if wanted.start <= created_at < wanted.end and len(found) < limit:
                found.append(Sized(str(seq), id_, size))
        if len(page) < limit:
            return found
        place = page[-1][0]
    return found


async def _before(connections: Connections, wanted: Period) -> int:
    """A place that every document of the period comes after: halves the way, as often as needed.

    Documents are in the order of arrival, so times grow with places but for some disorder.
    """
    start = wanted.start - _DISORDER
    whose = (wanted.company_id, wanted.direction)
    ((low, high),) = await connections.read(
        "SELECT coalesce(min(seq), 1) - 1, coalesce(max(seq), 0) FROM document"
        " WHERE company_id = $1 AND direction = $2",
        *whose,
    )
    while low < high:
        middle = (low + high + 1) // 2
        found = await connections.read(
            "SELECT seq, created_at FROM document WHERE company_id = $1 AND direction = $2"
            " AND seq >= $3 ORDER BY seq LIMIT 1",
            *whose,
            middle,
        )
        if found and found[0][1] < start:
            low = max(middle, found[0][0])
        else:
            high = middle - 1
    return int(low)
