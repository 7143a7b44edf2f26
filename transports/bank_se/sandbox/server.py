"""The SFTP server of the sandbox: what happens to files on their way."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh

from transports.bank_se.sandbox.behaviour import Behaviour
from transports.sftp_server import Channel, OpenFiles

if TYPE_CHECKING:
    from transports.bank_se.sandbox.distributor import Sandbox


class Files(OpenFiles):
    """The files of one connection."""

    def __init__(self, sandbox: Sandbox, channel: Channel) -> None:
        self._sandbox = sandbox
        super().__init__(sandbox, channel)

    async def write(self, file_obj: object, offset: int, data: bytes) -> int:
        """A part of a file comes."""
        if not self._sandbox.writable:
            raise asyncssh.SFTPPermissionDenied("You may not write here.")
        troubles = (Behaviour.DENY, Behaviour.FULL, Behaviour.BREAK, Behaviour.STALL)
        match self._sandbox.misbehaves(data, *troubles):
            case Behaviour.DENY:
                raise asyncssh.SFTPPermissionDenied("You may not write here.")
            case Behaviour.FULL:
                # Version 3 of the protocol knows no word for it, and we speak what they do.
                raise asyncssh.SFTPNoSpaceOnFilesystem("No space left on device.")
            case Behaviour.BREAK:
                super().write(file_obj, offset, data[: len(data) // 2])
                self.connection.abort()
                raise asyncssh.SFTPConnectionLost("Broken.")
            case Behaviour.STALL:
                await self._sandbox.closing.wait()
        written = super().write(file_obj, offset, data)
        assert isinstance(written, int)
        return written

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        """A file is handed over, or moved."""
        troubles = (Behaviour.LOSE, Behaviour.DROP, Behaviour.HANG)
        old, new = self._path(oldpath), self._path(newpath)
        handed = new.parent == self._path(b"in")
        behaviour = self._sandbox.misbehaves(_content(old), *troubles) if handed else None
        if behaviour is Behaviour.HANG:
            await self._sandbox.closing.wait()
        if behaviour is Behaviour.LOSE:
            self.connection.abort()
            raise asyncssh.SFTPConnectionLost("Broken.")
        super().rename(oldpath, newpath)
        if handed and new.suffix == ".xml":
            self._sandbox.take(new.name)
        if behaviour is Behaviour.DROP:
            self.connection.abort()

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        """Somebody looks for files."""
        self._sandbox.tell()
        async for name in super().scandir(path):
            yield name

    def _path(self, path: bytes) -> Path:
        return Path(self.map_path(path).decode())


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""
