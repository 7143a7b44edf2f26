"""Keys and what they are recognised by, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.audit.chain import Told
from gateway.store.access import AccessKey, Holder, everything_for, scopes_of, words
from gateway.store.port import Contradiction
from gateway.store.postgres import audit, companies
from gateway.store.postgres.accounts import WITHIN, reached
from gateway.store.postgres.connections import Connections
from gateway.store.postgres.rows import Row, moment
from gateway.store.postgres.transactions import Transaction
from gateway.trust.reach import Reach
from gateway.trust.scopes import Scope

_COLUMNS = "id, account_id, label, scopes, created_at, expires_at, last_used_at, revoked_at"
_OWN = ", ".join(f"access_key.{name}" for name in _COLUMNS.split(", "))
# A key whole, in one statement: it and its companies are of one moment.
_WHOLE = f"""
    SELECT {_OWN}, ARRAY(SELECT company_id FROM access_key_company
        WHERE key_id = access_key.id ORDER BY company_id)"""
_WIDTH = len(_COLUMNS.split(", ")) + 1
# A key that is asked for by the values of `reached`.
_WITHIN = f"""
    id IN (SELECT id FROM access_key WHERE account_id = $1
        UNION ALL SELECT key_id FROM access_key_company WHERE company_id IN ({WITHIN}))
    AND NOT EXISTS (SELECT FROM access_key_company
        WHERE key_id = access_key.id AND company_id NOT IN ({WITHIN}))"""

_SWEPT_AT_ONCE = 100


class AccessRows(audit.Telling):
    """Implements `gateway.store.access.Access`; a part of `PostgresStore`."""

    _connections: Connections

    async def add_key(
        self,
        company_id: str,
        key_sha256: str,
        label: str,
        now: datetime,
        *,
        told: Told | None = None,
    ) -> None:
        """Stores the hash of an API key that may do everything for one company."""
        await self.put_key(
            everything_for(company_id, key_sha256, label, now), key_sha256, now, told=told
        )

    async def put_key(
        self, key: AccessKey, key_sha256: str, now: datetime, *, told: Told | None = None
    ) -> None:
        """Stores a key and the hash of its secret."""
        await self._told(put, NewKey(key, key_sha256, now), told)

    async def holder(self, key_sha256: str, company_id: str = "") -> Holder | None:
        """Who has the secret with this hash, and the company that they act for."""
        found = await self._connections.read(
            f"""
            {_WHOLE}, secret.scopes, secret.until, {companies.COLUMNS}
            FROM access_secret AS secret JOIN access_key ON access_key.id = secret.key_id
            LEFT JOIN company ON company.id = coalesce(nullif($2::text, ''), (
                SELECT min(company_id) FROM access_key_company WHERE key_id = secret.key_id
                HAVING count(*) = 1))
            WHERE secret.sha256 = $1
            """,
            *(key_sha256, company_id),
        )
        if not found:
            return None
        row = tuple(found[0])
        scopes, until = row[_WIDTH : _WIDTH + 2]
        company = None if row[_WIDTH + 2] is None else companies.whole(row[_WIDTH + 2 :])
        return Holder.of(_key(row[:_WIDTH]), scopes, until, company)

    async def key(self, reach: Reach | None, key_id: str) -> AccessKey | None:
        """One key, if it is within reach."""
        found = await self._connections.read(
            f"{_WHOLE} FROM access_key WHERE {_within(reach)} AND id = $3",
            *(*reached(reach or Reach()), key_id),
        )
        return _key(found[0]) if found else None

    async def keys(self, reach: Reach | None, after: str, limit: int) -> Sequence[AccessKey]:
        """The keys within reach past the id `after`, by id."""
        found = await self._connections.read(
            f"""
            {_WHOLE} FROM access_key WHERE {_within(reach)} AND id > $3 ORDER BY id LIMIT $4
            """,
            *(*reached(reach or Reach()), after, limit),
        )
        return [_key(row) for row in found]

    async def revoke_key(
        self, reach: Reach, key_id: str, now: datetime, *, told: Told | None = None
    ) -> bool:
        """Ends a key and its tokens for good; False when none is within reach that counts."""
        return await self._told(revoke, Revoke(reach, key_id, now), told)

    async def rotate_key(
        self,
        reach: Reach,
        key_id: str,
        key_sha256: str,
        until: datetime,
        now: datetime,
        *,
        told: Told | None = None,
    ) -> bool:
        """Gives a key another secret; the newest one so far is good `until` then."""
        unit = Rotate(reach, key_id, key_sha256, until, now)
        return await self._told(rotate, unit, told)

    async def issue_token(
        self,
        key_id: str,
        token_sha256: str,
        scopes: frozenset[Scope],
        until: datetime,
        now: datetime,
    ) -> None:
        """Stores the hash of a token, and forgets those whose time is over."""
        row = (token_sha256, key_id, words(scopes), moment(until), moment(now))
        await self._transactions.write(issue, row)

    async def use_keys(self, used: Mapping[str, datetime]) -> None:
        """Writes when keys were used last, by their ids."""
        await self._transactions.write(use, used)


def _within(reach: Reach | None) -> str:
    # The values of `reached` are there in either case, and PostgreSQL wants them used.
    return _WITHIN if reach is not None else "$1::text IS NULL AND $2::text[] = '{}'"


def _key(row: Row) -> AccessKey:
    id_, account_id, label, scopes, created_at, expires_at, used_at, revoked_at, for_ = row
    return AccessKey(
        id_,
        account_id,
        tuple(for_),
        label,
        scopes_of(scopes),
        created_at,
        expires_at,
        used_at,
        revoked_at,
    )


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key to be stored."""

    key: AccessKey
    sha256: str
    now: datetime


async def put(transaction: Transaction, units: Sequence[NewKey]) -> list[Exception | None]:
    """Stores keys; one that is there already, for the same companies, stays as it is."""
    return [await _put(transaction, unit) for unit in units]


async def _put(transaction: Transaction, unit: NewKey) -> Exception | None:
    key = unit.key
    known = await transaction.fetch(
        f"""
        {_WHOLE} FROM access_secret JOIN access_key ON access_key.id = access_secret.key_id
        WHERE access_secret.sha256 = $1
        """,
        unit.sha256,
    )
    if known:
        there = _key(known[0])
        if there.id == key.id and there.reach == key.reach:
            return None
        return Contradiction("another has this key")
    if key.account_id and not await _existing(transaction, "account", [key.account_id]):
        return Contradiction(f"there is no account {key.account_id}")
    existing = await _existing(transaction, "company", key.companies)
    unknown = [id_ for id_ in key.companies if id_ not in existing]
    if unknown:
        return Contradiction(f"there is no company {', '.join(unknown)}")
    await transaction.run(
        f"INSERT INTO access_key ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        *(key.id, key.account_id, key.label, words(key.scopes), moment(key.created_at)),
        *(key.expires_at, key.last_used_at, key.revoked_at),
    )
    await transaction.each(
        """
        INSERT INTO access_key_company (key_id, company_id) SELECT key_id, company_id FROM {asked}
        """,
        "key_id text, company_id text",
        [(key.id, id_) for id_ in key.companies],
    )
    await _add_secret(transaction, unit.sha256, key.id, unit.now)
    return None


async def _existing(transaction: Transaction, table: str, ids: Sequence[str]) -> set[str]:
    found = await transaction.fetch(f"SELECT id FROM {table} WHERE id = ANY($1::text[])", list(ids))
    return {row["id"] for row in found}


async def _add_secret(transaction: Transaction, sha256: str, key_id: str, now: datetime) -> None:
    await transaction.run(
        "INSERT INTO access_secret (sha256, key_id, created_at) VALUES ($1, $2, $3)",
        *(sha256, key_id, moment(now)),
    )


@dataclass(frozen=True, slots=True)
class Revoke:
    """A key to be ended."""

    reach: Reach
    key_id: str
    now: datetime


async def revoke(transaction: Transaction, units: Sequence[Revoke]) -> list[bool]:
    """Ends keys."""
    done = []
    for unit in units:
        counts = await _counting(transaction, unit.reach, unit.key_id)
        if counts:
            await transaction.run(
                "UPDATE access_key SET revoked_at = $2 WHERE id = $1",
                *(unit.key_id, moment(unit.now)),
            )
            await transaction.run(
                "DELETE FROM access_secret WHERE key_id = $1 AND scopes IS NOT NULL", unit.key_id
            )
        done.append(counts)
    return done


async def _counting(transaction: Transaction, reach: Reach, key_id: str) -> bool:
    """Whether there is such a key that counts; it stays as it is until the transaction ends."""
    found = await transaction.fetch(
        f"SELECT FROM access_key WHERE {_WITHIN} AND id = $3 AND revoked_at IS NULL FOR UPDATE",
        *(*reached(reach), key_id),
    )
    return bool(found)


@dataclass(frozen=True, slots=True)
class Rotate:
    """Another secret for a key."""

    reach: Reach
    key_id: str
    sha256: str
    until: datetime
    now: datetime


async def rotate(transaction: Transaction, units: Sequence[Rotate]) -> list[bool]:
    """Gives keys other secrets."""
    return [await _rotate(transaction, unit) for unit in units]


async def _rotate(transaction: Transaction, unit: Rotate) -> bool:
    if not await _counting(transaction, unit.reach, unit.key_id):
        return False
    own = "key_id = $1 AND scopes IS NULL"
    await transaction.run(
        f"DELETE FROM access_secret WHERE {own} AND until IS NOT NULL", unit.key_id
    )
    await transaction.run(
        f"UPDATE access_secret SET until = $2 WHERE {own}", unit.key_id, moment(unit.until)
    )
    await _add_secret(transaction, unit.sha256, unit.key_id, unit.now)
    return True


async def issue(transaction: Transaction, units: Sequence[Row]) -> list[None]:
    """Stores tokens."""
    await transaction.each(
        """
        INSERT INTO access_secret (sha256, key_id, scopes, until, created_at)
        SELECT sha256, key_id, scopes, until, created_at FROM {asked}
        """,
        "sha256 text, key_id text, scopes text, until timestamptz, created_at timestamptz",
        units,
    )
    await transaction.run(
        """
        DELETE FROM access_secret WHERE sha256 IN (
            SELECT sha256 FROM access_secret WHERE until < $1
            ORDER BY until LIMIT $2 FOR UPDATE SKIP LOCKED)
        """,
        *(max(created_at for *_, created_at in units), _SWEPT_AT_ONCE),
    )
    return [None] * len(units)


async def use(transaction: Transaction, units: Sequence[Mapping[str, datetime]]) -> list[None]:
    """Writes when keys were used; never back in time, and in the order of their ids, so that two
    writers do not lock each other out."""
    for used in units:
        for key_id, at in sorted(used.items()):
            await transaction.run(
                "UPDATE access_key SET last_used_at = greatest(last_used_at, $2) WHERE id = $1",
                *(key_id, moment(at)),
            )
    return [None] * len(units)
