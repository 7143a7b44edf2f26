"""Letting go: documents, files, events and keys that are past their time; and legal hold.

A batch is looked up by itself, and looked at again under a lock in the transaction that takes it
away: nothing goes that has come to life meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from gateway.audit.chain import NewEntry, Told
from gateway.lifecycle import FINAL
from gateway.store.keeping import Expired, LegalHold, Terms
from gateway.store.port import Role
from gateway.store.postgres import audit, naming, rows
from gateway.store.postgres.connections import Connections
from gateway.store.postgres.partitions import TABLES, bound, make
from gateway.store.postgres.transactions import Transaction

CONTENT = (
    *(Role.ORIGINAL, Role.ATTACHMENT, Role.UNPACKED, Role.DOCUMENT, Role.IMAGE),
    *(Role.MERGED, Role.RENDERED),
)
EVIDENCE = (
    *(Role.FINDINGS, Role.FILLED_IN, Role.PLAN, Role.ENVELOPE),
    *(Role.MERGER, Role.RENDITION, Role.FETCH, Role.FILES, Role.CHOICE, Role.EVIDENCE),
)

# Nothing more happens to it by itself, and nobody has asked to keep it.
_MAY_GO = f"""(
    document.state IN ({", ".join(f"'{state}'" for state in sorted(FINAL))})
    AND NOT EXISTS (
        SELECT FROM job WHERE job.key >= document.id AND job.key <= document.id || '/~')
    AND NOT EXISTS (SELECT FROM legal_hold WHERE legal_hold.document_id = document.id))"""


@dataclass(frozen=True, slots=True)
class Going:
    """Documents that go (`rows`), and of others the files that go."""

    company_id: str
    rows: tuple[str, ...]
    content: tuple[str, ...]
    evidence: tuple[str, ...]

    def files(self) -> list[tuple[tuple[str, ...], tuple[Role, ...]]]:
        """(documents, roles of the parts that go) for each kind of going."""
        each = [(self.rows, tuple(Role)), (self.content, CONTENT), (self.evidence, EVIDENCE)]
        return [(documents, roles) for documents, roles in each if documents]


async def find(
    connections: Connections,
    company_id: str,
    direction: str,
    terms: Mapping[str, Terms],
    after: str | None,
    limit: int,
) -> tuple[Going, Expired]:
    """What may go of the next `limit` documents, and what that is."""
    latest = max(each.latest for each in terms.values())
    looked_at = await connections.read(
        f"""
        SELECT seq, id, kind, created_at, {_MAY_GO} AS may_go FROM document
        WHERE company_id = $1 AND direction = $2 AND seq > $3 ORDER BY seq LIMIT $4
        """,
        company_id,
        direction,
        int(after or 0),
        limit,
    )
    gone, content, evidence = [], [], []
    seq = None
    for seq, id_, kind, created_at, may_go in looked_at:
        if created_at >= latest:  # all that come after it are younger
            seq = None
            break
        term = terms.get(kind or "") or terms[""]
        if not may_go:
            continue
        if created_at < term.rows:
            gone.append(id_)
            continue
        if created_at < term.content:
            content.append(id_)
        if created_at < term.evidence:
            evidence.append(id_)
    going = Going(company_id, tuple(gone), tuple(content), tuple(evidence))
    more = str(seq) if seq is not None and len(looked_at) == limit else None
    expired = Expired(documents=len(going.rows), after=more)
    for documents, roles in going.files():
        ((files, size),) = await connections.read(
            "SELECT count(*), coalesce(sum(size_bytes), 0)::bigint FROM part"
            " WHERE document_id = ANY($1) AND role = ANY($2)",
            list(documents),
            list(roles),
        )
        expired = replace(
            expired, files=expired.files + int(files), bytes=expired.bytes + int(size)
        )
    if going.rows:
        ((events,),) = await connections.read(
            "SELECT count(*) FROM event WHERE document_id = ANY($1)", list(going.rows)
        )
        expired = replace(expired, events=int(events))
    return going, expired


async def expire(transaction: Transaction, units: Sequence[Going]) -> list[Expired]:
    """Takes away what still may go."""
    return [await _expire(transaction, unit) for unit in units]


async def _expire(transaction: Transaction, unit: Going) -> Expired:
    wanted = sorted({*unit.rows, *unit.content, *unit.evidence})
    found = await transaction.fetch(
        f"""
        SELECT id FROM document WHERE id = ANY($1) AND company_id = $2 AND {_MAY_GO}
        ORDER BY id FOR UPDATE
        """,
        wanted,
        unit.company_id,
    )
    locked = {row[0] for row in found}
    still = Going(
        unit.company_id,
        *(
            tuple(id_ for id_ in documents if id_ in locked)
            for documents in (unit.rows, unit.content, unit.evidence)
        ),
    )
    files = size = events = 0
    uses: dict[str, int] = {}
    for documents, roles in still.files():
        for sha256, bytes_ in await transaction.fetch(
            "DELETE FROM part WHERE document_id = ANY($1) AND role = ANY($2)"
            " RETURNING sha256, size_bytes",
            list(documents),
            list(roles),
        ):
            uses[sha256] = uses.get(sha256, 0) + 1
            files, size = files + 1, size + bytes_
    if still.rows:
        events = await _take(transaction, list(still.rows))
    await _let_go(transaction, unit.company_id, uses)
    return Expired(len(still.rows), files, size, events)


async def _take(transaction: Transaction, documents: list[str]) -> int:
    """Takes away all rows of documents whose parts are gone; answers how many events."""
    await transaction.run(
        "DELETE FROM report_seen WHERE key IN"
        " (SELECT key FROM route_leg WHERE document_id = ANY($1))",
        documents,
    )
    await naming.forget(transaction, documents)
    for table in ("attempt", "route_leg", "job_dead", "arrival", "inbox"):
        await transaction.run(f"DELETE FROM {table} WHERE document_id = ANY($1)", documents)
    events = await transaction.run("DELETE FROM event WHERE document_id = ANY($1)", documents)
    await transaction.run("DELETE FROM document WHERE id = ANY($1)", documents)
    return events


async def _let_go(transaction: Transaction, company_id: str, uses: Mapping[str, int]) -> None:
    """Counts uses of blobs down, and takes away those that nobody uses. In the order in which
    writers lock them; who brings the same bytes just now waits, and brings them anew."""
    each = [(company_id, sha256, n) for sha256, n in sorted(uses.items())]
    columns = "company_id text, sha256 text, n integer"
    await transaction.each(
        """
        SELECT FROM blob JOIN {asked} USING (company_id, sha256)
        ORDER BY company_id, sha256 FOR UPDATE OF blob
        """,
        columns,
        each,
    )
    await transaction.each(
        """
        UPDATE blob SET uses = uses - asked.n FROM {asked}
        WHERE blob.company_id = asked.company_id AND blob.sha256 = asked.sha256
        """,
        columns,
        each,
    )
    await transaction.each(
        """
        DELETE FROM blob USING {asked}
        WHERE blob.company_id = asked.company_id AND blob.sha256 = asked.sha256 AND uses <= 0
        """,
        columns,
        each,
    )


# --- events and keys ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GoingEvents:
    """Events by (document, transaction, number)."""

    events: tuple[tuple[str, int, int], ...]


async def find_events(
    connections: Connections, company_id: str, before: datetime, after: str | None, limit: int
) -> tuple[GoingEvents, Expired]:
    """The events among the next `limit` that may go."""
    tx, _, seq = (after or "0.0").partition(".")
    looked_at = await connections.read(
        f"""
        SELECT event.document_id, event.tx, event.seq, event.at, coalesce({_MAY_GO}, true)
        FROM event LEFT JOIN document ON document.id = event.document_id
        WHERE event.company_id = $1 AND (event.tx, event.seq) > ($2, $3)
        ORDER BY event.tx, event.seq LIMIT $4
        """,
        company_id,
        int(tx),
        int(seq),
        limit,
    )
    going: list[tuple[str, int, int]] = []
    place = None
    for document_id, tx_, seq_, at, may_go in looked_at:
        if at >= before:
            place = None
            break
        place = f"{tx_}.{seq_}"
        if may_go:
            going.append((document_id, tx_, seq_))
    more = place if len(looked_at) == limit else None
    return GoingEvents(tuple(going)), Expired(events=len(going), after=more)


async def expire_events(transaction: Transaction, units: Sequence[GoingEvents]) -> list[int]:
    """Takes events away that still may go; answers how many."""
    return [
        len(
            await transaction.each(
                f"""
                DELETE FROM event USING {{asked}}
                WHERE event.document_id = asked.document_id AND event.tx = asked.tx
                    AND event.seq = asked.seq
                    AND NOT EXISTS (
                        SELECT FROM document
                        WHERE document.id = asked.document_id AND NOT {_MAY_GO})
                RETURNING 1
                """,
                "document_id text, tx bigint, seq bigint",
                unit.events,
            )
        )
        for unit in units
    ]


@dataclass(frozen=True, slots=True)
class Keys:
    """Idempotency keys older than this, so many at once."""

    before: datetime
    limit: int


async def expire_keys(transaction: Transaction, units: Sequence[Keys]) -> list[int]:
    """Takes keys away."""
    return [
        await transaction.run(
            """
            DELETE FROM idempotency WHERE (company_id, key) IN
                (SELECT company_id, key FROM idempotency WHERE created_at < $1
                 ORDER BY created_at LIMIT $2)
            """,
            rows.moment(unit.before),
            unit.limit,
        )
        for unit in units
    ]


async def count_keys(connections: Connections, before: datetime) -> int:
    """How many keys are older."""
    ((count,),) = await connections.read(
        "SELECT count(*) FROM idempotency WHERE created_at < $1", rows.moment(before)
    )
    return int(count)


async def drop_months(transaction: Transaction, units: Sequence[datetime]) -> list[int]:
    """Drops the partitions of events of whole months older than each time, unless a document of
    that month must stay whole; and all others of those months that are empty by now. Before that
    it makes those of the months to come."""
    # By the machine's clock: partitions go by ids, and those are made by it.
    await make(transaction.connection, datetime.now(UTC))
    return [await _drop_months(transaction, before) for before in units]


async def _drop_months(transaction: Transaction, before: datetime) -> int:
    last = bound(rows.moment(before))
    found = await transaction.fetch(
        """
        SELECT inhparent::regclass::text AS whole, child.relname AS name,
            pg_get_expr(child.relpartbound, child.oid) AS bounds
        FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
        WHERE inhparent = ANY($1::regclass[]) AND child.relname ~ '_[0-9]{4}_[0-9]{2}$'
        ORDER BY child.relname
        """,
        list(TABLES),
    )
    dropped = 0
    for whole, name, bounds in found:
        low, high = bounds.split("'")[1::2]
        if high <= last and not await _is_needed(transaction, whole, name, low, high):
            await transaction.connection.execute(f"DROP TABLE {name}")
            dropped += 1
    return dropped


async def _is_needed(transaction: Transaction, whole: str, name: str, low: str, high: str) -> bool:
    if whole == "event":
        alive = f"SELECT FROM document WHERE id >= $1 AND id < $2 AND NOT {_MAY_GO} LIMIT 1"
        return bool(await transaction.fetch(alive, low, high))
    return bool(await transaction.fetch(f"SELECT FROM {name} LIMIT 1"))


# --- legal hold ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hold:
    """A document is put under legal hold, or let go (`reason` None)."""

    company_id: str
    document_id: str
    reason: str | None
    entry: NewEntry
    now: datetime


async def hold(transaction: Transaction, units: Sequence[Hold]) -> list[bool]:
    """Puts documents under legal hold, or lets them go; False for one that is not there."""
    answers = [await _hold(transaction, unit) for unit in units]
    await audit.append(
        transaction,
        [Told(unit.entry, unit.now) for unit, there in zip(units, answers, strict=True) if there],
    )
    return answers


async def _hold(transaction: Transaction, unit: Hold) -> bool:
    there = await transaction.fetch(
        "SELECT 1 FROM document WHERE id = $1 AND company_id = $2 FOR UPDATE",
        unit.document_id,
        unit.company_id,
    )
    if not there:
        return False
    if unit.reason is None:
        await transaction.run("DELETE FROM legal_hold WHERE document_id = $1", unit.document_id)
    else:
        await transaction.run(
            """
            INSERT INTO legal_hold (document_id, company_id, reason, at) VALUES ($1, $2, $3, $4)
            ON CONFLICT (document_id) DO UPDATE SET reason = excluded.reason, at = excluded.at
            """,
            unit.document_id,
            unit.company_id,
            unit.reason,
            rows.moment(unit.now),
        )
    return True


async def holds(connections: Connections, company_id: str) -> list[LegalHold]:
    """The company's documents under legal hold."""
    found = await connections.read(
        "SELECT document_id, reason, at FROM legal_hold WHERE company_id = $1 ORDER BY document_id",
        company_id,
    )
    return [LegalHold(*row) for row in found]
