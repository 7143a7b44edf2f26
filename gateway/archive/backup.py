"""Backup and restore of a data directory: the database and its files, of one moment.

In charge of the copy, of checking it, and of putting it back. Not in charge of what is done with
documents that were under way (`restored`), nor of PostgreSQL and S3, which have means of their own
(docs/howto/backup.md).

The database is copied by SQLite's own online backup, in one step and so of one moment, while the
gateway runs. Its files are copied after it: they never change, and a file is on disk before the row
that names it. Nothing is swept away while a backup holds the file `backup.lock`. A backup is whole
when it has the file SHA256SUMS, which is written last.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gateway.archive.proof import Said
from gateway.blobs.disk import make, sync
from gateway.blobs.port import Address
from gateway.store.sqlite.schema import connect_for_reading

FORMAT = "budkavle-backup/1"
DATABASE, BLOBS, ABOUT, SUMS = "budkavle.sqlite", "blobs", "backup.json", "SHA256SUMS"
LOCK = "backup.lock"

_PIECE = 1024 * 1024


class NotPossible(Exception):
    """It can not be done; the text says why and what to do. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup has."""

    path: Path
    made_at: datetime
    database_bytes: int
    files: int
    files_bytes: int


@contextmanager
def backing_up(data: Path, *, wait: bool = True) -> Iterator[bool]:
    """Holds `backup.lock`: a backup does while it copies, the sweep while it takes files away.
    Yields whether it is held; without `wait` it may not be."""
    lock = os.open(data / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(lock)


def between_backups(
    data: Path, sweep: Callable[[datetime], Awaitable[bool]]
) -> Callable[[datetime], Awaitable[bool]]:
    """A sweep that lets its turn go by while a backup is made: what a backup is about to copy must
    not be taken away."""

    async def swept(now: datetime) -> bool:
        with backing_up(data, wait=False) as held:
            return await sweep(now) if held else False

    return swept


# --- making one ---------------------------------------------------------------------------------


def back_up(data: Path, to: Path, now: datetime, *, bucket: str | None = None) -> Backup:
    """Copies the data directory `data` into the new directory `to`; the gateway may run. Blocking.

    `bucket` is where large files lie, when they do not lie in the data directory: they are left
    there, and only its name is noted. Raises NotPossible, OSError and sqlite3.Error; a backup
    without SHA256SUMS is none.
    """
    if not (data / DATABASE).is_file():
        raise NotPossible(f"{data} has no {DATABASE}: give the gateway's data directory")
    _must_be_new(to)
    make(to)
    with backing_up(data):
        _copy_database(data / DATABASE, to / DATABASE)
        sums = {DATABASE: _hash(to / DATABASE)}
        size = 0
        for name in named_files(to / DATABASE) if bucket is None else ():
            source, target = data / BLOBS / name, to / BLOBS / name
            make(target.parent)
            sums[f"{BLOBS}/{name}"] = _copy(source, target)
            size += target.stat().st_size
    made = Backup(to, now, (to / DATABASE).stat().st_size, len(sums) - 1, size)
    about = {
        "format": FORMAT,
        "made_at": now.astimezone(UTC).isoformat(),
        "database_bytes": made.database_bytes,
        "files": made.files,
        "files_bytes": made.files_bytes,
        "bucket": bucket,
    }
    _write(to / ABOUT, json.dumps(about, indent=1).encode() + b"\n")
    sums[ABOUT] = _hash(to / ABOUT)
    _sync_folders(to)
    lines = "".join(f"{digest}  {name}\n" for name, digest in sums.items())
    _write(to / SUMS, lines.encode())
    sync(to)
    return made


def _must_be_new(path: Path) -> None:
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise NotPossible(f"{path} is not empty: give a directory that is new")


def _copy_database(source: Path, target: Path) -> None:
    with closing(connect_for_reading(source)) as running, closing(sqlite3.connect(target)) as copy:
        running.backup(copy)  # all pages in one step: one moment, however much is written meanwhile
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it
    target.chmod(0o600)
    _sync_file(target)


def named_files(database: Path) -> Iterator[str]:
    """The files that rows of a database name, relative to the folder of blobs."""
    with closing(_opened(database)) as connection:
        rows = connection.execute(
            "SELECT company_id, folder, sha256, key_id FROM blob WHERE content IS NULL"
            " ORDER BY company_id, folder, sha256"
        )
        for company_id, folder, sha256, key_id in rows:
            yield str(Address(company_id, folder, sha256, key_id))


def _opened(database: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)


def _copy(source: Path, target: Path) -> str:
    """Copies a file durably; answers its SHA-256."""
    digest = hashlib.sha256()
    with source.open("rb") as old, target.open("xb") as new:
        while piece := old.read(_PIECE):
            digest.update(piece)
            new.write(piece)
        new.flush()
        os.fsync(new.fileno())
    target.chmod(0o600)
    return digest.hexdigest()


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _sync_folders(top: Path) -> None:
    for folder, _, _ in os.walk(top):
        sync(Path(folder))


# --- checking one -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class About:
    """What a backup says of itself."""

    made_at: datetime
    bucket: str | None  # where its large files are, when not in it


def read_about(backup: Path) -> About:
    """What a backup says of itself. Raises NotPossible when it is none, or not a whole one."""
    if not (backup / SUMS).is_file():
        raise NotPossible(f"{backup} has no {SUMS}: it is no backup, or one that was cut off")
    try:
        about = json.loads((backup / ABOUT).read_bytes())
        found = About(datetime.fromisoformat(about["made_at"]), about["bucket"])
        right = about["format"] == FORMAT
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise NotPossible(f"{backup / ABOUT} can not be read: {error}") from error
    if not right:
        raise NotPossible(f"{backup} is not of the form {FORMAT}: use the version that made it")
    return found


def examine(backup: Path) -> Iterator[Said]:
    """What can be said of a backup. Blocking. Raises NotPossible when it is none."""
    about = read_about(backup)
    yield Said(None, f"It was made at {about.made_at.isoformat()}.")
    if about.bucket is not None:
        yield Said(None, f"Large files are not in it: they lie in the bucket {about.bucket}.")
    good, wrong = 0, 0
    for digest, name in _sums(backup):
        try:
            same = _hash(backup / name) == digest
        except OSError:
            same = False
        good, wrong = good + same, wrong + (not same)
        if not same:
            yield Said(False, f"{name}: it is missing, or not the file that was copied.")
    yield Said(wrong == 0, f"{good} of {good + wrong} files are, to the byte, those copied.")
    try:
        yield from _examine_database(backup, about)
    except sqlite3.Error as error:
        yield Said(False, f"The database can not be read: {error}")


def _sums(backup: Path) -> Iterator[tuple[str, str]]:
    with (backup / SUMS).open(encoding="utf-8") as lines:
        for line in lines:
            digest, _, name = line.rstrip("\n").partition("  ")
            if name in (DATABASE, ABOUT) or (
                name.startswith(f"{BLOBS}/") and Address.parse(name.removeprefix(f"{BLOBS}/"))
            ):
                yield digest, name
            else:
                raise NotPossible(f"{backup / SUMS} names {name!r}, which no backup has")


def _examine_database(backup: Path, about: About) -> Iterator[Said]:
    with closing(_opened(backup / DATABASE)) as connection:
        faults = [row[0] for row in connection.execute("PRAGMA integrity_check(5)")]
        whole = faults == ["ok"]
        yield Said(whole, "The database is whole." if whole else f"The database: {faults[0]}")
        strays = connection.execute("PRAGMA foreign_key_check").fetchone()
        if strays is not None:
            yield Said(False, f"A row of {strays[0]} names a row of {strays[2]} that is not there.")
    if about.bucket is not None:
        return
    missing = [name for name in named_files(backup / DATABASE) if not _there(backup, name)]
    for name in missing[:20]:
        yield Said(False, f"{BLOBS}/{name}: a row names it, and it is missing.")
    if not missing:
        yield Said(True, "Every file that a row names is there.")


def _there(backup: Path, name: str) -> bool:
    return (backup / BLOBS / name).is_file()


# --- putting one back ---------------------------------------------------------------------------


def put_back(backup: Path, data: Path) -> datetime:
    """Copies a backup into the new data directory `data`; answers when it was made. Blocking.

    Each file is checked while it is copied, and then the database. The database gets its name last:
    what was cut off on the way is no data directory. Raises NotPossible and OSError.
    """
    about = read_about(backup)
    _must_be_new(data)
    make(data)
    draft = data / f"{DATABASE}.restoring"
    for digest, name in _sums(backup):
        if name == ABOUT:
            continue
        target = draft if name == DATABASE else data / name
        make(target.parent)
        if _copy(backup / name, target) != digest:
            raise NotPossible(f"{backup / name} is not the file that was copied: use another one")
    for said in _examine_database(backup, about):
        if said.holds is False:
            raise NotPossible(said.text)
    _sync_folders(data)
    draft.rename(data / DATABASE)
    sync(data)
    return about.made_at
