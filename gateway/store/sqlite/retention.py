"""Letting go: documents, files, events and keys that are past their time; and legal hold.

What may go is looked up by a reader, so that the one writer is held up only by what really goes.
The writer looks again at each document: nothing goes that has come to life meanwhile.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.audit.chain import NewEntry
from gateway.lifecycle import FINAL
from gateway.store.keeping import Expired, LegalHold, Terms
from gateway.store.port import Role
from gateway.store.sqlite import audit, naming
from gateway.store.sqlite.rows import micros, moment
from gateway.store.sqlite.writer import Transaction

CONTENT = (
    *(Role.ORIGINAL, Role.ATTACHMENT, Role.UNPACKED, Role.DOCUMENT, Role.IMAGE),
    *(Role.MERGED, Role.RENDERED),
)
EVIDENCE = (
    *(Role.FINDINGS, Role.FILLED_IN, Role.PLAN, Role.ENVELOPE),
    *(Role.MERGER, Role.RENDITION, Role.FETCH, Role.FILES, Role.CHOICE, Role.EVIDENCE),
)

_PAGES = 2000  # 8 MB a time: some tens of milliseconds of the writer

# Nothing more happens to it by itself, and nobody has asked to keep it.
_MAY_GO = f"""
    document.state IN ({", ".join(f"'{state}'" for state in sorted(FINAL))})
    AND NOT EXISTS (SELECT 1 FROM job WHERE job.key BETWEEN document.id AND document.id || '/~')
    AND NOT EXISTS (SELECT 1 FROM legal_hold WHERE legal_hold.document_id = document.id)"""


@dataclass(frozen=True, slots=True)
class Going:
    """Documents that go (`rows`), and of others the files that go."""

    company_id: str
    rows: tuple[str, ...]
    content: tuple[str, ...]
    evidence: tuple[str, ...]


def find(
    connection: sqlite3.Connection,
    company_id: str,
    direction: str,
    terms: Mapping[str, Terms],
    after: str | None,
    limit: int,
) -> tuple[Going, Expired]:
    """What may go of the next `limit` documents, and what that is."""
    latest = max(micros(each.latest) for each in terms.values())
    looked_at = connection.execute(
        f"""
        SELECT seq, id, kind, created_at, {_MAY_GO} FROM document
        WHERE company_id = ? AND direction = ? AND seq > ? ORDER BY seq LIMIT ?
        """,
        (company_id, direction, int(after or 0), limit),
    ).fetchall()
    rows, content, evidence = [], [], []
    seq = None
    for seq, id_, kind, created_at, may_go in looked_at:
        if created_at >= latest:  # all that come after it are younger
            seq = None
            break
        term = terms.get(kind or "") or terms[""]
        if not may_go:
            continue
        if created_at < micros(term.rows):
            rows.append(id_)
            continue
        if created_at < micros(term.content):
            content.append(id_)
        if created_at < micros(term.evidence):
            evidence.append(id_)
    going = Going(company_id, tuple(rows), tuple(content), tuple(evidence))
    more = str(seq) if seq is not None and len(looked_at) == limit else None
    return going, _count(connection, going, more)


def _count(connection: sqlite3.Connection, going: Going, after: str | None) -> Expired:
    files = size = events = 0
    for documents, roles in _files(going):
        found = connection.execute(
            "SELECT count(*), total(size_bytes) FROM part"
            f" WHERE document_id IN ({_marks(documents)}) AND role IN ({_marks(roles)})",
            (*documents, *roles),
        ).fetchone()
        files, size = files + found[0], size + int(found[1])
    if going.rows:
        (events,) = connection.execute(
            f"SELECT count(*) FROM event WHERE document_id IN ({_marks(going.rows)})", going.rows
        ).fetchone()
    return Expired(len(going.rows), files, size, events, after)


def _files(going: Going) -> list[tuple[tuple[str, ...], tuple[Role, ...]]]:
    """(documents, roles of the parts that go) for each kind of going."""
    each = [
        (going.rows, tuple(Role)),
        (going.content, CONTENT),
        (going.evidence, EVIDENCE),
    ]
    return [(documents, roles) for documents, roles in each if documents]


def _marks(values: Sequence[object]) -> str:
    return ", ".join("?" * len(values))


def expire(transaction: Transaction, units: Sequence[Going]) -> list[Expired]:
    """Takes away what still may go."""
    return [_expire(transaction, unit) for unit in units]


def _expire(transaction: Transaction, unit: Going) -> Expired:
    still = Going(
        unit.company_id,
        *(
            _still(transaction, unit.company_id, documents)
            for documents in (unit.rows, unit.content, unit.evidence)
        ),
    )
    gone = _count(transaction.connection, still, None)
    uses: Counter[str] = Counter()
    for documents, roles in _files(still):
        uses.update(
            sha256
            for (sha256,) in transaction.run(
                f"DELETE FROM part WHERE document_id IN ({_marks(documents)})"
                f" AND role IN ({_marks(roles)}) RETURNING sha256",
                (*documents, *roles),
            )
        )
    if still.rows:
        _take(transaction, still.rows)
    transaction.asked(
        "company_id, sha256, n",
        [(unit.company_id, sha256, n) for sha256, n in uses.items()],
        """
        UPDATE blob SET uses = uses - asked.n FROM asked
        WHERE blob.company_id = asked.company_id AND blob.sha256 = asked.sha256
        """,
    )
    transaction.asked(
        "company_id, sha256",
        [(unit.company_id, sha256) for sha256 in uses],
        """
        DELETE FROM blob WHERE uses <= 0
        AND (company_id, sha256) IN (SELECT company_id, sha256 FROM asked)
        """,
    )
    return gone


def _still(
    transaction: Transaction, company_id: str, documents: tuple[str, ...]
) -> tuple[str, ...]:
    if not documents:
        return ()
    found = transaction.run(
        f"SELECT id FROM document WHERE company_id = ? AND id IN ({_marks(documents)})"
        f" AND {_MAY_GO}",
        (company_id, *documents),
    )
    return tuple(id_ for (id_,) in found)


def _take(transaction: Transaction, documents: tuple[str, ...]) -> None:
    """Takes away all rows of documents whose parts are gone."""
    marks = _marks(documents)
    transaction.run(
        "DELETE FROM report_seen WHERE key IN"
        f" (SELECT key FROM route_leg WHERE document_id IN ({marks}))",
        documents,
    )
    naming.forget(transaction, documents)
    for table in ("event", "attempt", "route_leg", "job_dead", "inbox"):
        transaction.run(f"DELETE FROM {table} WHERE document_id IN ({marks})", documents)
    transaction.run(f"DELETE FROM document WHERE id IN ({marks})", documents)


# --- events and keys ----------------------------------------------------------------------------


def find_events(
    connection: sqlite3.Connection, company_id: str, before: datetime, after: str | None, limit: int
) -> tuple[tuple[int, ...], Expired]:
    """The events among the next `limit` that may go."""
    looked_at = connection.execute(
        f"""
        SELECT event.seq, event.at, coalesce({_MAY_GO}, 1)
        FROM event LEFT JOIN document ON document.id = event.document_id
        WHERE event.company_id = ? AND event.seq > ? ORDER BY event.seq LIMIT ?
        """,
        (company_id, int(after or 0), limit),
    ).fetchall()
    going: list[int] = []
    seq = None
    for seq, at, may_go in looked_at:
        if at >= micros(before):
            seq = None
            break
        if may_go:
            going.append(seq)
    more = str(seq) if seq is not None and len(looked_at) == limit else None
    return tuple(going), Expired(events=len(going), after=more)


def expire_events(transaction: Transaction, units: Sequence[tuple[int, ...]]) -> list[int]:
    """Takes events away that still may go; answers how many."""
    return [
        sum(
            transaction.run(
                "DELETE FROM event WHERE seq = ? AND NOT EXISTS"
                f" (SELECT 1 FROM document WHERE id = event.document_id AND NOT ({_MAY_GO}))",
                (seq,),
            ).rowcount
            for seq in unit
        )
        for unit in units
    ]


@dataclass(frozen=True, slots=True)
class Keys:
    """Idempotency keys older than this, so many at once."""

    before: datetime
    limit: int


def expire_keys(transaction: Transaction, units: Sequence[Keys]) -> list[int]:
    """Takes keys away."""
    return [
        transaction.run(
            """
            DELETE FROM idempotency WHERE (company_id, key) IN
                (SELECT company_id, key FROM idempotency INDEXED BY idempotency_by_age
                 WHERE created_at < ? LIMIT ?)
            """,
            (micros(unit.before), unit.limit),
        ).rowcount
        for unit in units
    ]


def count_keys(connection: sqlite3.Connection, before: datetime) -> int:
    """How many keys are older."""
    (count,) = connection.execute(
        "SELECT count(*) FROM idempotency WHERE created_at < ?", (micros(before),)
    ).fetchone()
    return int(count)


def compact(transaction: Transaction, units: Sequence[None]) -> list[bool]:
    """Gives free pages at the end of the file back to the disk."""
    transaction.run(f"PRAGMA incremental_vacuum({_PAGES})").fetchall()
    (left,) = transaction.run("PRAGMA freelist_count").fetchone()
    return [left > 0 for _ in units]


# --- legal hold ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hold:
    """A document is put under legal hold, or let go (`reason` None)."""

    company_id: str
    document_id: str
    reason: str | None
    entry: NewEntry
    now: datetime


def hold(transaction: Transaction, units: Sequence[Hold]) -> list[bool]:
    """Puts documents under legal hold, or lets them go; False for one that is not there."""
    return [_hold(transaction, unit) for unit in units]


def _hold(transaction: Transaction, unit: Hold) -> bool:
    there = transaction.run(
        "SELECT 1 FROM document WHERE id = ? AND company_id = ?",
        (unit.document_id, unit.company_id),
    ).fetchone()
    if there is None:
        return False
    if unit.reason is None:
        transaction.run("DELETE FROM legal_hold WHERE document_id = ?", (unit.document_id,))
    else:
        transaction.insert(
            "legal_hold (document_id, company_id, reason, at)",
            [(unit.document_id, unit.company_id, unit.reason, micros(unit.now))],
            "ON CONFLICT (document_id) DO UPDATE SET reason = excluded.reason, at = excluded.at",
        )
    audit.add(transaction, unit.entry, unit.now)
    return True


def holds(connection: sqlite3.Connection, company_id: str) -> list[LegalHold]:
    """The company's documents under legal hold."""
    found = connection.execute(
        "SELECT document_id, reason, at FROM legal_hold WHERE company_id = ? ORDER BY document_id",
        (company_id,),
    )
    return [LegalHold(id_, reason, moment(at)) for id_, reason, at in found]
