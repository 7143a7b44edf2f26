"""The distributor's SFTP server: files up under a name of their own, files down, nothing guessed.

In charge of connections, of the host key, and of what an error of the server means. Not in charge
of what is in a file. asyncssh is an extra (`sftp`), so that it is imported when it is needed.

A file is written under another name and renamed: the server's other side sees it whole or not at
all. The rename is the moment of handing over: before it nothing was, and when no answer to it came,
nobody knows.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from secrets import token_hex
from typing import TYPE_CHECKING, Final

from transports.bank_se.identifiers import without_persons

if TYPE_CHECKING:
    import asyncssh

_TEMPORARY: Final = ".tmp"
_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,150}\.xml")
# A server's words and names that are no UTF-8 are no reason to fail.
_ANYHOW: Final = "backslashreplace"
# What every server takes at once; and no two of them under way, so that none is left behind.
_CHUNK_BYTES: Final = 32 * 1024
_ONE_AFTER_ANOTHER: Final = 0
_MOST_NAMES: Final = 10_000  # what is more waits until some are moved away

# What is told the ERP, by what went wrong.
TROUBLES: Final = {
    "unreachable": "The bank's distributor can not be reached at the moment.",
    "timeout": "The bank's distributor did not take the invoice in time.",
    "host_key": "The bank's distributor is not the one we know; nothing was handed over.",
    "login_refused": "The bank's distributor does not accept our login at the moment.",
    "permission_denied": "The bank's distributor lets us write nothing at the moment.",
    "disk_full": "The bank's distributor has no room at the moment.",
    "incomplete": "The bank's distributor kept only a part of the file.",
    "failed": "The bank's distributor could not take the file.",
}


class Trouble(Exception):
    """What the server would or could not do: `name` is one of TROUBLES, the message for operators.

    `unknown`: it may have been done all the same.
    """

    def __init__(self, name: str, text: str, *, unknown: bool = False) -> None:
        self.name = name
        self.unknown = unknown
        super().__init__(without_persons(text))


@dataclass(frozen=True, slots=True)
class Server:
    """Where the distributor's server is and how we log in. `host_key` is its public key as in a
    known-hosts file, `ssh-ed25519 AAAA...`: any other server is not talked to. `client_key` is our
    private key in OpenSSH's or PEM form."""

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
        self._client: asyncssh.SFTPClient
        self._handing_over = False

    @asynccontextmanager
    async def open(self, server: Server, within_s: float) -> AsyncIterator[Session]:
        """Connects, and lets go at the end; all of it within the time. Raises Trouble."""
        with self._troubles():
            async with asyncio.timeout(within_s), _connection(server) as connection:
                self._client = await connection.start_sftp_client(path_errors=_ANYHOW)
                yield self

    async def put(self, directory: str, name: str, content: bytes) -> None:
        """Hands a file over. One of that name and size that is there already is the same file.
        Raises Trouble."""
        import asyncssh

        path = f"{directory}/{name}"
        # Of this connection alone: another process may be writing the same file just now.
        temporary = f"{path}.{token_hex(4)}{_TEMPORARY}"
        with self._troubles():
            # Not `async with`: that would ask a server that hangs to close the file, and wait.
            file = await self._client.open(temporary, "wb", block_size=_ONE_AFTER_ANOTHER)
            for start in range(0, len(content), _CHUNK_BYTES):
                await file.write(content[start : start + _CHUNK_BYTES])
            try:
                await file.fsync()
            except asyncssh.SFTPOpUnsupported:
                pass  # an extension of OpenSSH's
            await file.close()
            size = (await self._client.stat(temporary)).size
            if size != len(content):
                raise self._trouble("incomplete", f"{size} of {len(content)} bytes are there")
            self.told.append(
                f"wrote {temporary}: {len(content)} bytes, SHA-256 {sha256(content).hexdigest()}"
            )
            self._handing_over = True
            try:
                await self._client.rename(temporary, path)
            except asyncssh.SFTPError as error:
                if _is_lost(error) or not await self._has(path, len(content)):
                    self._handing_over = _is_lost(error)
                    raise
                await self._client.remove(temporary)
            self.told.append(f"renamed to {path}")
            self._handing_over = False

    async def names(self, directory: str) -> list[str]:
        """The files in a directory by name, those that may be ours (`*.xml`, no more than letters,
        digits, `.`, `_` and `-`). Raises Trouble."""
        import asyncssh

        with self._troubles():
            found: list[str] = []
            seen = 0
            async for one in self._client.scandir(directory):
                seen += 1
                inner = one.attrs.type == asyncssh.FILEXFER_TYPE_DIRECTORY
                if _NAME.fullmatch(str(one.filename)) and not inner:
                    found.append(str(one.filename))
                if seen == _MOST_NAMES:
                    break
            return sorted(found)

    async def read(self, path: str, most: int) -> bytes | None:
        """A file, and no more of it than a byte over `most`; None where it is gone. Raises
        Trouble."""
        import asyncssh

        with self._troubles():
            try:
                file = await self._client.open(path, "rb", block_size=_ONE_AFTER_ANOTHER)
            except asyncssh.SFTPNoSuchFile:
                return None
            content = bytearray()
            while len(content) <= most:
                chunk: object = await file.read(_CHUNK_BYTES)
                assert isinstance(chunk, bytes), "it was opened for bytes"
                if not chunk:
                    break
                content += chunk
            await file.close()
        return bytes(content[: most + 1])

    async def move(self, path: str, directory: str) -> None:
        """Moves a file into a directory, which is made where there is none; nothing is done where
        the file is gone. Raises Trouble."""
        import asyncssh

        name = path.rpartition("/")[2]
        with self._troubles():
            try:
                await self._client.makedirs(directory, exist_ok=True)
                await self._rename(path, f"{directory}/{name}")
            except asyncssh.SFTPNoSuchFile:
                return  # another worker was faster

    async def _rename(self, path: str, to: str) -> None:
        """Renames a file; one that is there already is this one, come a second time."""
        import asyncssh

        try:
            await self._client.rename(path, to)
        except asyncssh.SFTPError as error:
            if _is_lost(error) or not await self._client.exists(to):
                raise
            await self._client.remove(path)

    async def _has(self, path: str, size: int) -> bool:
        import asyncssh

        try:
            return (await self._client.stat(path)).size == size
        except asyncssh.SFTPNoSuchFile:
            return False

    @contextmanager
    def _troubles(self) -> Iterator[None]:
        """Says what went wrong in the words of TROUBLES."""
        import asyncssh

        try:
            yield
        except (asyncssh.Error, OSError) as error:  # TimeoutError is an OSError
            text = f"{type(error).__name__}: {error}".rstrip(": ")
            raise self._trouble(_name(error), text) from error

    def _trouble(self, name: str, text: str) -> Trouble:
        trouble = Trouble(name, text, unknown=self._handing_over)
        self.told.append(f"{name}: {trouble}")
        return trouble


def _is_lost(error: Exception) -> bool:
    import asyncssh

    return isinstance(
        error, asyncssh.SFTPConnectionLost | asyncssh.SFTPNoConnection | asyncssh.SFTPBadMessage
    )


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
    if isinstance(error, asyncssh.SFTPError) and not _is_lost(error):
        return "failed"
    return "unreachable"


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
