"""An SFTP server on loopback, for the sandboxes of partners who are spoken to that way.

In charge of who gets in, of its directory with `in` and `out`, and of letting go of everything at
the end. Not in charge of what its partner does with files: each sandbox's own `OpenFiles`. Needs
the extra `sftp`.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import asyncssh

from transports.sftp import Server

Channel = asyncssh.SSHServerChannel[bytes]


class SftpServer:
    """The server; `files` makes what serves the files of a connection.

    `client_key` is a public key that may log in too.
    """

    def __init__(
        self,
        files: Callable[[Channel], asyncssh.SFTPServer],
        *,
        username: str = "budkavle",
        password: str = "sandbox",  # noqa: S107 - a sandbox's
        client_key: str | None = None,
    ) -> None:
        self.username = username
        self.password = password
        self.client_key = client_key
        self.available = True  # False: whoever connects is turned away
        self.connections: set[asyncssh.SSHServerConnection] = set()
        self.opened: list[BinaryIO] = []
        self.closing = asyncio.Event()  # lets go of those that hang
        self.directory = Path()
        self.host, self.port = "127.0.0.1", 0
        self._files = files
        self._key = asyncssh.generate_private_key("ssh-ed25519")
        self._up = AsyncExitStack()

    @property
    def host_key(self) -> str:
        """The server's public key, as settings want it."""
        return self._key.export_public_key().decode().strip()

    @property
    def server(self) -> Server:
        """Where it is, and how to log in."""
        return Server(self.host, self.port, self.username, self.host_key, self.password)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listens; port 0 is a free one."""
        self.directory = Path(self._up.enter_context(tempfile.TemporaryDirectory()))
        (self.directory / "in").mkdir()
        (self.directory / "out").mkdir()
        listener = await asyncssh.listen(
            host,
            port,
            server_factory=lambda: _Door(self),
            server_host_keys=[self._key],
            sftp_factory=self._files,
            config=None,
        )
        self._up.push_async_callback(listener.wait_closed)
        self._up.callback(listener.close)
        self.host, self.port = host, listener.get_port()

    @property
    def open(self) -> int:
        """How many connections are open."""
        return len(self.connections)

    async def close(self) -> None:
        """Stops, and lets go of those that hang."""
        self.closing.set()
        for connection in tuple(self.connections):
            connection.abort()
        await self._up.aclose()
        for file in self.opened:  # of connections that broke off
            file.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()


class OpenFiles(asyncssh.SFTPServer):
    """The files of one connection, in the server's directory."""

    def __init__(self, server: SftpServer, channel: Channel) -> None:
        self._server = server
        super().__init__(channel, chroot=str(server.directory).encode())

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        """A file is opened; who breaks off closes none."""
        file: Any = super().open(path, pflags, attrs)
        still = [each for each in self._server.opened if not each.closed]
        self._server.opened = [*still, file]
        return file


class _Door(asyncssh.SSHServer):
    """Who gets in."""

    def __init__(self, server: SftpServer) -> None:
        self._server = server

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._server.connections.add(conn)
        if not self._server.available:
            conn.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (self._server.username, self._server.password)

    def public_key_auth_supported(self) -> bool:
        return self._server.client_key is not None

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        wanted = self._server.client_key
        known = wanted and asyncssh.import_public_key(wanted).public_data
        return username == self._server.username and key.public_data == known
