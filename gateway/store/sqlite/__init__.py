"""The embedded store: one SQLite file, one process, one writer thread with group commit.

`store.py` is the face, `writer.py` the thread that writes, `readers.py` the threads that read,
`blobs.py` the bytes; the SQL is in one module per noun. See docs/explain/storage.md.
"""

from __future__ import annotations

from gateway.store.migrations import SchemaTooNew
from gateway.store.sqlite.directory import DirectoryInUse
from gateway.store.sqlite.store import SqliteStore

__all__ = ["DirectoryInUse", "SchemaTooNew", "SqliteStore"]
