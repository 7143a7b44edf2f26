"""The store on PostgreSQL: any number of processes, one database.

`store.py` is the face, `transactions.py` writes what comes at once together, `connections.py` is
the pool; the SQL is in one module per noun, under the same names as in `gateway.store.sqlite`. See
docs/explain/storage.md.
"""

from __future__ import annotations

from gateway.store.postgres.store import PostgresStore

__all__ = ["PostgresStore"]
