"""A partner's SFTP server: files up by steps that can be asked about, files down, nothing guessed.

In charge of connections, of the host key, and of what an error of the server means. Not in charge
of what is in a file. asyncssh is an extra (`sftp`), so that it is imported when it is needed.

A file is written under a temporary name and renamed: the other side sees it whole or not at all.
The rename is the moment of handing over: before it nothing was, and when no answer to it came,
nobody knows, until the server is asked for both names.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import asyncssh

TEMPORARY: Final = ".tmp"
_MOST_NAMES: Final = 10_000  # what is more waits until some are taken away
# What every server takes at once; and no two of them under way, so that none is left behind.
_CHUNK_BYTES: Final = 32 * 1024
_ONE_AFTER_ANOTHER: Final = 0
# A server's words and names that are no UTF-8 are no reason to fail.
_ANYHOW: Final = "backslashreplace"


class Trouble(Exception):
    """What the server would or could not do: `name` says what, the message is for operators.

    The names: unreachable, timeout, host_key, login_refused, permission_denied, disk_full,
    incomplete, failed. `unknown`: it was a rename, which may have been done all the same.
    """

    def __init__(self, name: str, text: str, *, unknown: bool = False) -> None:
        self.name = name
        self.unknown = unknown
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server is and how we log in. `host_key` is its public key as in a known-hosts file,
    `ssh-ed25519 AAAA...`: any other server is not talked to. `client_key` is our private key in
    OpenSSH's or PEM form."""

    host: str
    port: int
    username: str
    host_key: str
    password: str | None = field(default=None, repr=False)
    client_key: str | None = field(default=None, repr=False)
    passphrase: str | None = field(default=None, repr=False)
    connect_timeout_s: float = 30

    @property
    def name(self) -> str:
        """What it is called in texts for operators."""
        return f"sftp://{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Found:
    """Something in a directory. `kind` is file, folder or other; `modified_s` by the server's own
    clock."""

    name: str
    kind: str
    size: int
    modified_s: int


def _found(name: str, attrs: asyncssh.SFTPAttrs) -> Found:
    import asyncssh

    kinds = {
        asyncssh.FILEXFER_TYPE_REGULAR: "file",
        asyncssh.FILEXFER_TYPE_DIRECTORY: "folder",
    }
    kind = kinds.get(attrs.type, "other")
    return Found(name, kind, attrs.size or 0, int(attrs.mtime or 0))


def wrong_keys(server: Server) -> tuple[str, ...]:
    """What is wrong with the keys, all of it. Raises ImportError where the extra is missing."""
    import asyncssh

    faults = []
    try:
        asyncssh.import_public_key(server.host_key)
    except asyncssh.KeyImportError:
        faults.append("host_key is no public key; expected such as `ssh-ed25519 AAAA...`")
    if server.client_key:
        try:
            asyncssh.import_private_key(server.client_key, server.passphrase)
        except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError):
            faults.append("client_key is no private key, or is locked with another passphrase")
    return tuple(faults)


class Session:
    """A connection. `told` is what was done over it and what the server said, a line each."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self._client: asyncssh.SFTPClient | None = None
        self._renaming = False

    @asynccontextmanager
    async def open(self, server: Server, within_s: float) -> AsyncIterator[Session]:
        """Connects, and lets go at the end; all of it within the time. Raises Trouble."""
        with self._troubles():
            async with asyncio.timeout(within_s), _connection(server) as connection:
                self._client = await connection.start_sftp_client(path_errors=_ANYHOW)
                yield self

    async def write(self, path: str, content: bytes) -> None:
        """Writes a file anew, and looks whether all of it is there. Raises Trouble."""
        import asyncssh

        with self._troubles():
            # No `async with`: of a write that is given up it would wait for the answer to a close,
            # which may never come. The connection ends then, and the file with it.
            file = await self._server.open(path, "wb", block_size=_ONE_AFTER_ANOTHER)
            for start in range(0, len(content), _CHUNK_BYTES):
                await file.write(content[start : start + _CHUNK_BYTES])
            try:
                await file.fsync()
            except asyncssh.SFTPOpUnsupported:
                pass  # an extension of OpenSSH's
            await file.close()
            size = (await self._server.stat(path)).size
        if size != len(content):
            raise self._trouble("incomplete", f"{size} of {len(content)} bytes are there")
        digest = sha256(content).hexdigest()
        self.told.append(f"wrote {path}: {len(content)} bytes, SHA-256 {digest}")

    async def rename(self, old: str, new: str) -> None:
        """Gives a file its name; there has to be none of it. Raises Trouble, which is `unknown`
        where no answer came."""
        with self._troubles():
            self._renaming = True
            await self._server.rename(old, new)
            self._renaming = False
        self.told.append(f"renamed {old} to {new}")

    async def size(self, path: str) -> int | None:
        """How many bytes a file has, None where there is none. Raises Trouble."""
        import asyncssh

        with self._troubles():
            try:
                size = (await self._server.stat(path)).size
            except asyncssh.SFTPNoSuchFile:
                size = None
        self.told.append(f"{path}: {'is not there' if size is None else f'{size} bytes'}")
        return size

    async def names(self, directory: str) -> list[str]:
        """The files in a directory that are not being written just now, in order. Raises
        Trouble."""
        import asyncssh

        found: list[str] = []
        with self._troubles():
            async for one in self._server.scandir(directory):
                name = str(one.filename)
                regular = one.attrs.type == asyncssh.FILEXFER_TYPE_REGULAR
                if regular and not name.endswith(TEMPORARY):
                    found.append(name)
                if len(found) == _MOST_NAMES:
                    break
        return sorted(found)

    async def scan(self, directory: str, most: int) -> list[Found]:
        """What is in a directory, whatever it is; at most so many. Raises Trouble."""
        found: list[Found] = []
        with self._troubles():
            async for one in self._server.scandir(directory):
                name = str(one.filename)
                if name not in (".", ".."):
                    found.append(_found(name, one.attrs))
                if len(found) == most:
                    break
        return found

    async def look(self, path: str) -> Found | None:
        """What is there under this name, and is no link's target; None: nothing. Raises Trouble."""
        import asyncssh

        with self._troubles():
            try:
                return _found(path.rpartition("/")[2], await self._server.lstat(path))
            except asyncssh.SFTPNoSuchFile:
                return None

    async def read(self, path: str, most: int) -> bytes | None:
        """A file; None where it is larger, or gone. Raises Trouble."""
        import asyncssh

        with self._troubles():
            try:
                file = await self._server.open(path, "rb")
                content: object = await file.read(most + 1)
                await file.close()
            except asyncssh.SFTPNoSuchFile:
                return None
        assert isinstance(content, bytes), "it was opened for bytes"
        return content if len(content) <= most else None

    async def make(self, directory: str) -> None:
        """Makes a directory, where there is none. Raises Trouble."""
        with self._troubles():
            await self._server.makedirs(directory, exist_ok=True)

    async def remove(self, path: str) -> None:
        """Removes a file; nothing is done where it is gone. Raises Trouble."""
        import asyncssh

        with self._troubles():
            try:
                await self._server.remove(path)
            except asyncssh.SFTPNoSuchFile:
                return  # another worker was faster

    @property
    def _server(self) -> asyncssh.SFTPClient:
        assert self._client is not None, "it is open"
        return self._client

    @contextmanager
    def _troubles(self) -> Iterator[None]:
        """Says what went wrong by its name."""
        import asyncssh

        try:
            yield
        except (asyncssh.Error, OSError) as error:  # TimeoutError is an OSError
            text = f"{type(error).__name__}: {error}".rstrip(": ")
            raise self._trouble(_name(error), text, lost=_is_lost(error)) from error

    def _trouble(self, name: str, text: str, *, lost: bool = False) -> Trouble:
        unknown, self._renaming = self._renaming and lost, False
        text = self.in_our_words(text)
        self.told.append(f"{name}: {text}")
        return Trouble(name, text, unknown=unknown)

    def in_our_words(self, text: str) -> str:
        """A text of the server's as it may be written down."""
        return text


def _is_lost(error: Exception) -> bool:
    """Whether no answer came: any of the server's own says that it did not do it."""
    import asyncssh

    lost = (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.SFTPBadMessage)
    return isinstance(error, lost) or not isinstance(error, asyncssh.SFTPError)


def _name(error: Exception) -> str:
    import asyncssh

    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, asyncssh.HostKeyNotVerifiable | asyncssh.KeyExchangeFailed):
        return "host_key"
    if isinstance(error, asyncssh.PermissionDenied):
        return "login_refused"
    if isinstance(error, asyncssh.SFTPPermissionDenied | asyncssh.SFTPWriteProtect):
        return "permission_denied"
    if isinstance(error, asyncssh.SFTPNoSpaceOnFilesystem | asyncssh.SFTPQuotaExceeded):
        return "disk_full"
    return "unreachable" if _is_lost(error) else "failed"


@asynccontextmanager
async def _connection(server: Server) -> AsyncIterator[asyncssh.SSHClientConnection]:
    import asyncssh

    key = server.client_key
    connection = await asyncssh.connect(
        server.host,
        server.port,
        username=server.username,
        password=server.password,
        client_keys=[asyncssh.import_private_key(key, server.passphrase)] if key else None,
        known_hosts=([asyncssh.import_public_key(server.host_key)], [], []),
        connect_timeout=server.connect_timeout_s,
        # Nothing of the machine's own: no agent, no ~/.ssh/config, no tickets.
        agent_path=None,
        config=None,
        gss_host=None,
        utf8_decode_errors=_ANYHOW,
    )
    try:
        yield connection
    except BaseException:
        connection.abort()
        raise
    connection.close()
