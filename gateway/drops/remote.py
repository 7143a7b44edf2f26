"""Drop folders on a partner's SFTP server, where we are the client.

In charge of paths and of what a server's answers mean for a folder. Not in charge of connections
and host keys (`transports.sftp`). A server tells times in seconds and nothing that stays the same
when a file is written anew: what was overwritten within the second, to the same size, is not told
from what was there before.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from gateway.drops.place import ALWAYS, TEMPORARY, Folder, Kind, Seen, Trouble
from transports import sftp
from transports.sftp import Found, Server, Session

_MOST_NAMES: Final = 100_000
_NANOSECONDS: Final = 1_000_000_000


class RemotePlace:
    """The folders under a directory of the server, which has to be there. One visit takes at most
    `within_s`: what it did not come to is done with the next."""

    def __init__(self, server: Server, directory: str, *, within_s: float = 300) -> None:
        self._server = server
        self._directory = directory.rstrip("/")
        self._within_s = within_s

    @property
    def name(self) -> str:
        """Its address."""
        return f"{self._server.name}/{self._directory.lstrip('/')}"

    @asynccontextmanager
    async def visit(self) -> AsyncIterator[RemoteVisit]:
        """Connects. Raises Trouble."""
        with _troubles():
            async with Session().open(self._server, self._within_s) as session:
                visit = RemoteVisit(session, self._directory)
                await visit.prepare()
                yield visit


class RemoteVisit:
    """A look at the folders over one connection."""

    def __init__(self, session: Session, directory: str) -> None:
        self._session = session
        self._directory = directory
        self._folders: set[Folder] = set()

    async def prepare(self) -> None:
        """Makes the folders that are always there, and looks for the others."""
        if await self._session.look(self._directory or "/") is None:
            raise Trouble("gone", f"{self._directory}: No such directory")
        for folder in Folder:
            path = f"{self._directory}/{folder}"
            found = await self._session.look(path)
            if found is None and folder in ALWAYS:
                await self._session.make(path)
                found = await self._session.look(path)
            if found is not None and found.kind == Kind.FOLDER:
                self._folders.add(folder)
            elif folder in ALWAYS:
                raise Trouble("failed", f"{path}: Not a directory")

    async def has(self, folder: Folder) -> bool:
        """Whether it was there."""
        return folder in self._folders

    async def look(self, folder: Folder) -> Sequence[Seen]:
        """What lies in the folder."""
        with _troubles():
            found = await self._session.scan(f"{self._directory}/{folder}", _MOST_NAMES)
        return [_seen(one) for one in found if not one.name.startswith(".")]

    async def one(self, folder: Folder, name: str) -> Seen | None:
        """What has this name there."""
        with _troubles():
            found = await self._session.look(self._path(folder, name))
        return None if found is None else _seen(found)

    async def read(self, folder: Folder, seen: Seen) -> bytes | None:
        """A file as it was seen."""
        if await self.one(folder, seen.name) != seen:
            return None
        with _troubles():
            content = await self._session.read(self._path(folder, seen.name), seen.size)
        whole = content is not None and len(content) == seen.size
        return content if whole and await self.one(folder, seen.name) == seen else None

    async def move(self, folder: Folder, seen: Seen, to: Folder, name: str) -> bool:
        """Moves what was seen."""
        if await self.one(folder, seen.name) != seen:
            return False
        await self._rename(self._path(folder, seen.name), self._path(to, name))
        return True

    async def write(self, folder: Folder, name: str, content: bytes) -> None:
        """Writes a file."""
        path = self._path(folder, name)
        with _troubles():
            await self._session.write(path + TEMPORARY, content)
        await self._rename(path + TEMPORARY, path)

    async def _rename(self, old: str, new: str) -> None:
        """As on a disk, where what has the name gives way; the protocol's own rename refuses."""
        with _troubles():
            await self._session.remove(new)
            await self._session.rename(old, new)

    def _path(self, folder: Folder, name: str) -> str:
        if "/" in name:
            raise Trouble("failed", f"{name!r} is no name of a file")
        return f"{self._directory}/{folder}/{name}"


def _seen(found: Found) -> Seen:
    return Seen(found.name, Kind(found.kind), found.size, found.modified_s * _NANOSECONDS)


@contextmanager
def _troubles() -> Iterator[None]:
    try:
        yield
    except sftp.Trouble as trouble:
        raise Trouble(trouble.name, str(trouble)) from trouble
