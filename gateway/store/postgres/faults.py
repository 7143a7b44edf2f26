"""Which of PostgreSQL's errors are the database's fault, which pass by, and which are ours."""

from __future__ import annotations

import asyncpg

from gateway.store.port import Contradiction, StorageUnavailable

# Classes and codes of https://www.postgresql.org/docs/current/errcodes-appendix.html: connection,
# insufficient resources (disk, memory, connections), operator intervention (shutdown, time limit,
# standby), system error, a corrupt configuration or table; read-only, locked for too long.
_STORAGE_CLASSES = ("08", "53", "57", "58", "F0", "XX")
_STORAGE_CODES = frozenset({"25006", "25P03", "55P03", "42501", "28000", "28P01", "3D000"})
# Two writers in each other's way, or a plan that a migration has made stale.
_PASSING_CODES = frozenset({"40001", "40P01", "0A000"})
_SHUTDOWN_CODES = frozenset({"57P01", "57P02", "57P03"})
_INTEGRITY_CLASS = "23"


class TooEarly(Exception):
    """A row was last written by a transaction that began later than this one: what is written now
    would stand before that in the feed. A new transaction has a higher number."""


def _code(error: BaseException) -> str:
    return getattr(error, "sqlstate", None) or ""


def is_storage_fault(error: BaseException) -> bool:
    """Whether the database could not be reached, or refused to work."""
    if isinstance(error, StorageUnavailable | OSError | TimeoutError | asyncpg.InternalClientError):
        return True
    if isinstance(error, asyncpg.InterfaceError):  # "connection is closed", "pool is closing"
        return not isinstance(error, ValueError)
    code = _code(error)
    return code[:2] in _STORAGE_CLASSES or code in _STORAGE_CODES


def is_loss(error: BaseException) -> bool:
    """Whether the connection is gone: another one may do better."""
    if isinstance(error, TimeoutError | ValueError):
        return False
    return isinstance(error, OSError | asyncpg.InterfaceError) or (
        _code(error)[:2] == "08" or _code(error) in _SHUTDOWN_CODES
    )


def passes(error: BaseException) -> bool:
    """Whether the same transaction may well succeed at once."""
    return isinstance(error, TooEarly) or _code(error) in _PASSING_CODES


def translated(error: Exception) -> Exception:
    """The port's exception for an error of PostgreSQL; any other error as it is."""
    if isinstance(error, StorageUnavailable):
        return error
    if is_storage_fault(error) or passes(error):
        text = str(error) or type(error).__name__
        return StorageUnavailable(f"the database can not be used: {text}")
    if _code(error)[:2] == _INTEGRITY_CLASS:
        return Contradiction(str(error))
    return error
