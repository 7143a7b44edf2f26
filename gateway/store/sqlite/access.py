"""Keys and what they are recognised by, in SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.audit.chain import Told
from gateway.store.access import AccessKey, Holder, everything_for, scopes_of, words
from gateway.store.port import Contradiction
from gateway.store.sqlite import audit, companies
from gateway.store.sqlite.accounts import WITHIN, reached
from gateway.store.sqlite.readers import Readers
from gateway.store.sqlite.rows import Row, maybe_micros, maybe_moment, micros, moment
from gateway.store.sqlite.writer import Transaction
from gateway.trust.reach import Reach
from gateway.trust.scopes import Scope

_COLUMNS = "id, account_id, label, scopes, created_at, expires_at, last_used_at, revoked_at"
_OWN = ", ".join(f"access_key.{name}" for name in _COLUMNS.split(", "))
# A key whole, in one statement: it and its companies are of one moment.
_WHOLE = f"""
    SELECT {_OWN}, (SELECT json_group_array(company_id) FROM (SELECT company_id
        FROM access_key_company WHERE key_id = access_key.id ORDER BY company_id))"""
_WIDTH = len(_COLUMNS.split(", ")) + 1
# A company and a key whose `id` is asked for by the values of `reached`.
_WITHIN = f"""
    id IN (SELECT id FROM access_key WHERE account_id = :account
        UNION ALL SELECT key_id FROM access_key_company WHERE company_id IN ({WITHIN}))
    AND NOT EXISTS (SELECT 1 FROM access_key_company
        WHERE key_id = access_key.id AND company_id NOT IN ({WITHIN}))"""

_SWEPT_AT_ONCE = 100


class AccessRows(audit.Telling):
    """Implements `gateway.store.access.Access`; a part of `SqliteStore`."""

    _readers: Readers

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
        return self._readers.read(lambda c: holder(c, key_sha256, company_id))

    async def key(self, reach: Reach | None, key_id: str) -> AccessKey | None:
        """One key, if it is within reach."""
        found = await self._readers.read_many(
            lambda c: within(c, reach, "id = :id", {"id": key_id})
        )
        return found[0] if found else None

    async def keys(self, reach: Reach | None, after: str, limit: int) -> Sequence[AccessKey]:
        """The keys within reach past the id `after`, by id."""
        past = "id > :after ORDER BY id LIMIT :limit"
        values = {"after": after, "limit": limit}
        return await self._readers.read_many(lambda c: within(c, reach, past, values))

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
        row = (token_sha256, key_id, words(scopes), micros(until), micros(now))
        await self._writer.write(issue, row)

    async def use_keys(self, used: Mapping[str, datetime]) -> None:
        """Writes when keys were used last, by their ids."""
        await self._writer.write(use, used)


def holder(connection: sqlite3.Connection, sha256: str, company_id: str) -> Holder | None:
    """Who has a secret, and whom they act for: one statement."""
    row = connection.execute(
        f"""
        {_WHOLE}, secret.scopes, secret.until, {companies.COLUMNS}
        FROM access_secret AS secret JOIN access_key ON access_key.id = secret.key_id
        LEFT JOIN company ON company.id = coalesce(nullif(:company, ''), (
            SELECT min(company_id) FROM access_key_company WHERE key_id = secret.key_id
            HAVING count(*) = 1))
        WHERE secret.sha256 = :sha256
        """,
        {"sha256": sha256, "company": company_id},
    ).fetchone()
    if row is None:
        return None
    key, (scopes, until) = _key(row[:_WIDTH]), row[_WIDTH : _WIDTH + 2]
    company = None if row[_WIDTH + 2] is None else companies.whole(row[_WIDTH + 2 :])
    return Holder.of(key, scopes, maybe_moment(until), company)


def within(
    connection: sqlite3.Connection, reach: Reach | None, which: str, values: Mapping[str, Any]
) -> list[AccessKey]:
    """Keys within reach; None: everybody's."""
    if reach is not None:
        which, values = f"{_WITHIN} AND {which}", {**reached(reach), **values}
    found = connection.execute(f"{_WHOLE} FROM access_key WHERE {which}", values)
    return [_key(row) for row in found]


def _key(row: Row) -> AccessKey:
    id_, account_id, label, scopes, created_at, expires_at, used_at, revoked_at, for_ = row
    return AccessKey(
        id_,
        account_id,
        tuple(json.loads(for_)),
        label,
        scopes_of(scopes),
        moment(created_at),
        maybe_moment(expires_at),
        maybe_moment(used_at),
        maybe_moment(revoked_at),
    )


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key to be stored."""

    key: AccessKey
    sha256: str
    now: datetime


def put(transaction: Transaction, units: Sequence[NewKey]) -> list[Exception | None]:
    """Stores keys; one that is there already, for the same companies, stays as it is."""
    return [_put(transaction, unit) for unit in units]


def _put(transaction: Transaction, unit: NewKey) -> Exception | None:
    known = holder(transaction.connection, unit.sha256, "")
    if known is not None:
        if known.key.id == unit.key.id and known.key.reach == unit.key.reach:
            return None
        return Contradiction("another has this key")
    key = unit.key
    if key.account_id and not _exists(transaction, "account", key.account_id):
        return Contradiction(f"there is no account {key.account_id}")
    unknown = [id_ for id_ in key.companies if not _exists(transaction, "company", id_)]
    if unknown:
        return Contradiction(f"there is no company {', '.join(unknown)}")
    transaction.insert(
        f"access_key ({_COLUMNS})",
        [
            (
                *(key.id, key.account_id, key.label, words(key.scopes), micros(key.created_at)),
                *map(maybe_micros, (key.expires_at, key.last_used_at, key.revoked_at)),
            )
        ],
    )
    transaction.insert(
        "access_key_company (key_id, company_id)", [(key.id, id_) for id_ in key.companies]
    )
    _add_secret(transaction, unit.sha256, key.id, unit.now)
    return None


def _exists(transaction: Transaction, table: str, id_: str) -> bool:
    found = transaction.run(f"SELECT 1 FROM {table} WHERE id = ?", (id_,)).fetchone()
    return found is not None


def _add_secret(transaction: Transaction, sha256: str, key_id: str, now: datetime) -> None:
    transaction.insert(
        "access_secret (sha256, key_id, created_at)", [(sha256, key_id, micros(now))]
    )


@dataclass(frozen=True, slots=True)
class Revoke:
    """A key to be ended."""

    reach: Reach
    key_id: str
    now: datetime


def revoke(transaction: Transaction, units: Sequence[Revoke]) -> list[bool]:
    """Ends keys."""
    done = []
    for unit in units:
        counts = _counting(transaction, unit.reach, unit.key_id)
        if counts:
            transaction.run(
                "UPDATE access_key SET revoked_at = ? WHERE id = ?",
                (micros(unit.now), unit.key_id),
            )
            transaction.run(
                "DELETE FROM access_secret WHERE key_id = ? AND scopes IS NOT NULL", (unit.key_id,)
            )
        done.append(counts)
    return done


def _counting(transaction: Transaction, reach: Reach, key_id: str) -> bool:
    which = "id = :id AND revoked_at IS NULL"
    return bool(within(transaction.connection, reach, which, {"id": key_id}))


@dataclass(frozen=True, slots=True)
class Rotate:
    """Another secret for a key."""

    reach: Reach
    key_id: str
    sha256: str
    until: datetime
    now: datetime


def rotate(transaction: Transaction, units: Sequence[Rotate]) -> list[bool]:
    """Gives keys other secrets."""
    return [_rotate(transaction, unit) for unit in units]


def _rotate(transaction: Transaction, unit: Rotate) -> bool:
    if not _counting(transaction, unit.reach, unit.key_id):
        return False
    own = "key_id = ? AND scopes IS NULL"
    transaction.run(f"DELETE FROM access_secret WHERE {own} AND until IS NOT NULL", (unit.key_id,))
    transaction.run(
        f"UPDATE access_secret SET until = ? WHERE {own}", (micros(unit.until), unit.key_id)
    )
    _add_secret(transaction, unit.sha256, unit.key_id, unit.now)
    return True


def issue(transaction: Transaction, units: Sequence[Row]) -> list[None]:
    """Stores tokens."""
    transaction.insert("access_secret (sha256, key_id, scopes, until, created_at)", units)
    transaction.run(
        """
        DELETE FROM access_secret WHERE sha256 IN (
            SELECT sha256 FROM access_secret WHERE until < ? ORDER BY until LIMIT ?)
        """,
        (max(created_at for *_, created_at in units), _SWEPT_AT_ONCE),
    )
    return [None] * len(units)


def use(transaction: Transaction, units: Sequence[Mapping[str, datetime]]) -> list[None]:
    """Writes when keys were used; never back in time."""
    for used in units:
        for key_id, at in used.items():
            transaction.run(
                "UPDATE access_key SET last_used_at = max(coalesce(last_used_at, 0), ?)"
                " WHERE id = ?",
                (micros(at), key_id),
            )
    return [None] * len(units)
