"""What alembic runs to write the SQL of some versions; it never sees a database.

The lock, the transaction and the connection are the store's own: `gateway.store.migrations`.
"""

from __future__ import annotations

from alembic import context

context.configure(dialect_name=context.config.attributes["dialect"])
context.run_migrations()
