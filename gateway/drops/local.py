"""Drop folders on a disk of this machine.

In charge of file systems: nothing is followed out of the folder, nothing is opened that may hang,
and what is written is on disk. Whoever may write into the folder is taken for hostile: each of its
folders is opened once, by its own name and not through a link, and everything is done from there.
"""

from __future__ import annotations

import asyncio
import errno
import os
import stat
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from gateway.drops.place import ALWAYS, TEMPORARY, Folder, Kind, Seen, Trouble, alternatives

_MOST_NAMES: Final = 100_000
_DIRECTORY: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
# Others in its group may take the file away and read it; nobody else.
_MODE: Final = 0o660
_FOLDER_MODE: Final = 0o770


class LocalPlace:
    """The folders under a directory, which has to be there: where it is not, such as a disk that is
    not mounted, that is trouble and not made."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def name(self) -> str:
        """Its path."""
        return str(self._root)

    @asynccontextmanager
    async def visit(self) -> AsyncIterator[LocalVisit]:
        """Opens the folders. Raises Trouble."""
        with ExitStack() as opened:
            visit = LocalVisit(self._root, opened)
            await visit.prepare()
            yield visit


class LocalVisit:
    """A look at the folders; the work is done in threads."""

    def __init__(self, root: Path, opened: ExitStack) -> None:
        self._root = root
        self._opened = opened
        self._folders: dict[Folder, int] = {}

    async def prepare(self) -> None:
        """Opens the folders, and makes those that are always there."""
        await asyncio.to_thread(self._prepare)

    async def has(self, folder: Folder) -> bool:
        """Whether it was there."""
        return folder in self._folders

    async def look(self, folder: Folder) -> Sequence[Seen]:
        """What lies in the folder."""
        return await asyncio.to_thread(self._look, folder)

    async def one(self, folder: Folder, name: str) -> Seen | None:
        """What has this name there."""
        return await asyncio.to_thread(self._one, folder, name)

    async def read(self, folder: Folder, seen: Seen) -> bytes | None:
        """A file as it was seen."""
        return await asyncio.to_thread(self._read, folder, seen)

    async def move(self, folder: Folder, seen: Seen, to: Folder, name: str) -> bool:
        """Moves what was seen."""
        return await asyncio.to_thread(self._move, folder, seen, to, name)

    async def write(self, folder: Folder, name: str, content: bytes) -> None:
        """Writes a file."""
        await asyncio.to_thread(self._write, folder, name, content)

    # --- in the thread ----------------------------------------------------------------------------

    def _prepare(self) -> None:
        with _troubles(self._root):
            root = self._open(str(self._root), None)
        for folder in Folder:
            with _troubles(self._root / folder):
                if folder in ALWAYS:
                    with suppress(FileExistsError):
                        os.mkdir(folder, _FOLDER_MODE, dir_fd=root)
                try:
                    self._folders[folder] = self._open(folder, root)
                except FileNotFoundError:
                    if folder in ALWAYS:
                        raise

    def _open(self, path: str, root: int | None) -> int:
        opened = os.open(
            path, _DIRECTORY if root is not None else _DIRECTORY & ~os.O_NOFOLLOW, dir_fd=root
        )
        self._opened.callback(os.close, opened)
        return opened

    def _look(self, folder: Folder) -> Sequence[Seen]:
        found: list[Seen] = []
        with _troubles(self._root / folder), os.scandir(self._folders[folder]) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                with suppress(FileNotFoundError):  # it was taken away meanwhile
                    found.append(_seen(entry.name, entry.stat(follow_symlinks=False)))
                if len(found) == _MOST_NAMES:
                    break
        return found

    def _one(self, folder: Folder, name: str) -> Seen | None:
        with _troubles(self._root / folder / name):
            return self._at(self._folders[folder], name)

    def _read(self, folder: Folder, seen: Seen) -> bytes | None:
        with _troubles(self._root / folder / seen.name):
            try:
                file = os.open(seen.name, _READ, dir_fd=self._folders[folder])
            except FileNotFoundError:
                return None
            except OSError as error:
                if error.errno == errno.ELOOP:  # it is a link by now
                    return None
                raise
            with os.fdopen(file, "rb") as opened:
                if _seen(seen.name, os.fstat(file)) != seen:
                    return None
                content = opened.read(seen.size + 1)
                still = _seen(seen.name, os.fstat(file)) == seen and len(content) == seen.size
                return content if still else None

    def _move(self, folder: Folder, seen: Seen, to: Folder, name: str) -> bool:
        source, target = self._folders[folder], self._folders[to]
        with _troubles(self._root / folder / seen.name):
            if self._at(source, seen.name) != seen:
                return False
            try:
                os.rename(seen.name, name, src_dir_fd=source, dst_dir_fd=target)
            except FileNotFoundError:
                return False
            if self._at(target, name) != replace(
                seen, name=name
            ):  # overwritten in this very moment
                self._back(folder, to, name, seen.name)
                return False
            os.fsync(target)
            os.fsync(source)
            return True

    def _back(self, folder: Folder, to: Folder, name: str, first: str) -> None:
        """Puts back what was moved and is not what was meant. A still newer one stays too."""
        source, target = self._folders[folder], self._folders[to]
        with os.scandir(source) as entries:
            taken = {entry.name for entry in entries}
        free = next(each for each in alternatives(first) if each not in taken)
        os.rename(name, free, src_dir_fd=target, dst_dir_fd=source)

    def _at(self, directory: int, name: str) -> Seen | None:
        try:
            return _seen(name, os.stat(name, dir_fd=directory, follow_symlinks=False))
        except FileNotFoundError:
            return None

    def _write(self, folder: Folder, name: str, content: bytes) -> None:
        directory, temporary = self._folders[folder], name + TEMPORARY
        with _troubles(self._root / folder / name):
            with suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=directory)  # of a write that was cut off
            file = os.open(temporary, _WRITE, _MODE, dir_fd=directory)
            try:
                with os.fdopen(file, "wb") as opened:
                    opened.write(content)
                    opened.flush()
                    os.fsync(file)
                os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
            except OSError:
                with suppress(OSError):
                    os.unlink(temporary, dir_fd=directory)
                raise
            os.fsync(directory)


def _seen(name: str, found: os.stat_result) -> Seen:
    if stat.S_ISREG(found.st_mode):
        kind = Kind.FILE
    else:
        kind = Kind.FOLDER if stat.S_ISDIR(found.st_mode) else Kind.OTHER
    return Seen(name, kind, found.st_size, found.st_mtime_ns, str(found.st_ino))


_NAMES: Final = {
    errno.ENOENT: "gone",
    errno.ENOTDIR: "gone",
    errno.ESTALE: "gone",
    errno.ELOOP: "failed",
    errno.EACCES: "permission_denied",
    errno.EPERM: "permission_denied",
    errno.EROFS: "permission_denied",
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
}


@contextmanager
def _troubles(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        told = str(path).encode("utf-8", "backslashreplace").decode()
        name = _NAMES.get(error.errno or 0, "failed")
        raise Trouble(name, f"{told}: {error.strerror or error}") from error
