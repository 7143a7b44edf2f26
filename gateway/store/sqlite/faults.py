"""Which of SQLite's errors are the disk's fault, and which are ours."""

from __future__ import annotations

import sqlite3

from gateway.store.port import Contradiction, StorageUnavailable

# Primary result codes, https://www.sqlite.org/rescode.html. CORRUPT and NOTADB are among them:
# nothing can be promised on such a file, and every caller must hear it.
_STORAGE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)


def is_storage_fault(error: BaseException) -> bool:
    """Whether the disk or the file refused, so that nothing of the transaction can be kept."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, sqlite3.Error) and code is not None and code & 0xFF in _STORAGE


def translated(error: Exception) -> Exception:
    """The port's exception for an error of SQLite; any other error as it is."""
    if isinstance(error, OSError) or is_storage_fault(error):
        return StorageUnavailable(f"the store can not be used: {error}")
    if isinstance(error, sqlite3.IntegrityError):
        return Contradiction(str(error))
    if isinstance(error, StopIteration):  # the one exception that no future takes
        return RuntimeError(f"an operation ended too early: {error}")
    return error
