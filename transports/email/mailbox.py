"""A mailbox, read over IMAP: the one that notices of delivery come to, or documents.

In charge of the connection and of how much is read of a message. Not in charge of what it says
(`notices`). The standard library's client works in a thread; every method here may be cancelled,
and then the connection is gone.
Source: RFC 3501 (IMAP4rev1), RFC 6851 (MOVE), RFC 4315 (UIDPLUS).
"""

from __future__ import annotations

import asyncio
import imaplib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from transports.email.connections import Tls

T = TypeVar("T")

# Of a message; a notice says all that we want of it in its first 10 KB, and may bring the whole
# invoice behind that.
HEAD_BYTES: Final = 256 * 1024
# Of one answer: a message's head, or the numbers of 100,000 messages.
_ANSWER_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class MailboxSettings:
    """Where the mailbox is. Times in seconds.

    `done_folder` is where messages go that were taken; None leaves them, flagged as seen.
    """

    host: str
    username: str
    password: str = field(repr=False)
    port: int | None = None  # None: 993, or 143 by `tls`
    tls: Tls = Tls.IMPLICIT
    ca_file: Path | None = None
    folder: str = "INBOX"
    done_folder: str | None = None
    timeout_s: float = 60  # for each answer

    @property
    def address(self) -> str:
        """host:port, as operators write it."""
        return f"{self.host}:{self.port or (993 if self.tls is Tls.IMPLICIT else 143)}"


class NoMailbox(Exception):
    """It could not be read; the message says why."""


class Mailbox:
    """The folder on one connection: `open` it first, and `close` or `drop` it in the end."""

    def __init__(self, settings: MailboxSettings) -> None:
        self._settings = settings
        self._imap: imaplib.IMAP4 | None = None
        self._dropped = False
        self._in_use = threading.Lock()

    async def open(self) -> int:
        """Connects, logs in and selects the folder; answers its UIDVALIDITY: numbers of messages
        are good for as long as that is the same. Raises NoMailbox."""
        return await self._do(self._open)

    async def after(self, number: int) -> Sequence[int]:
        """The numbers (UID) of the messages behind `number`, in order. Raises NoMailbox."""
        return await self._do(lambda: self._after(number))

    async def head(self, number: int) -> bytes | None:
        """The first HEAD_BYTES of a message, which stays unseen; None where it is gone."""
        return await self._do(lambda: self._head(number))

    async def whole(self, number: int, most: int) -> bytes | None:
        """A message, of which no more than `most` bytes and one are read; None where it is gone."""
        return await self._do(lambda: self._whole(number, most))

    async def move(self, number: int, folder: str) -> None:
        """Moves a message to another folder. Raises NoMailbox."""
        await self._do(lambda: self._move(number, folder))

    async def done(self, number: int) -> None:
        """Moves a message away, or flags it as seen. Raises NoMailbox."""
        await self._do(lambda: self._done(number))

    async def close(self) -> None:
        """Says goodbye."""
        try:
            await self._do(self._goodbye)
        except NoMailbox:
            pass
        finally:
            self.drop()

    def drop(self) -> None:
        """Lets go of the connection at once, whatever is under way on it."""
        self._dropped = True
        if self._in_use.acquire(blocking=False):
            try:
                self._shut()
            finally:
                self._in_use.release()
        elif self._imap is not None:
            try:
                self._imap.sock.shutdown(socket.SHUT_RDWR)  # whoever waits for it wakes up
            except OSError:
                pass

    async def _do(self, call: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(self._guarded, call)
        except BaseException:
            self.drop()
            raise

    def _guarded(self, call: Callable[[], T]) -> T:
        try:
            with self._in_use:
                return call()
        except (imaplib.IMAP4.error, OSError, ValueError) as error:
            raise NoMailbox(str(error) or type(error).__name__) from error
        finally:
            if self._dropped and self._in_use.acquire(blocking=False):
                try:
                    self._shut()  # it was dropped while this thread had it
                finally:
                    self._in_use.release()

    # --- in the thread ----------------------------------------------------------------------------

    def _open(self) -> int:
        settings = self._settings
        host, _, port = settings.address.rpartition(":")
        where = {"host": host, "port": int(port), "timeout": settings.timeout_s}
        if settings.tls is Tls.NONE:
            imap: imaplib.IMAP4 = _Plain(self._connected, **where)
        else:
            context = ssl.create_default_context(cafile=settings.ca_file)
            if settings.tls is Tls.IMPLICIT:
                imap = _Safe(self._connected, ssl_context=context, **where)
            else:
                imap = _Plain(self._connected, **where)
                imap.starttls(context)
        imap.login(_quoted(settings.username), settings.password)
        _ok(imap.select(_quoted(settings.folder)), f"no folder {settings.folder}")
        _, said = imap.response("UIDVALIDITY")
        number = said[0] if said else None
        if not isinstance(number, bytes) or not number.isdigit():
            raise NoMailbox("the server tells no UIDVALIDITY")
        return int(number)

    def _connected(self, imap: imaplib.IMAP4) -> None:
        self._imap = imap  # from here on it can be dropped
        if self._dropped:
            raise NoMailbox("it was dropped")

    def _after(self, number: int) -> Sequence[int]:
        said = _ok(self._there.uid("SEARCH", f"UID {number + 1}:*"), "it can not be searched")
        found = b" ".join(one for one in said if isinstance(one, bytes))
        # The range has the last message in it, whatever its number (RFC 3501 6.4.8).
        numbers = {int(one) for one in re.findall(rb"\b\d{1,10}\b", found)}
        return sorted(each for each in numbers if each > number)

    def _head(self, number: int) -> bytes | None:
        return self._piece(number, 0)

    def _whole(self, number: int, most: int) -> bytes | None:
        content = bytearray()
        while True:
            piece = self._piece(number, len(content))
            if piece is None:  # behind the end many servers answer none; or it went meanwhile
                there = bool(content) and self._piece(number, 0) is not None
                return bytes(content) if there else None
            content += piece
            if len(piece) < HEAD_BYTES or len(content) > most:
                return bytes(content[: most + 1])

    def _piece(self, number: int, start: int) -> bytes | None:
        wanted = f"(UID BODY.PEEK[]<{start}.{HEAD_BYTES}>)"
        said = _ok(self._there.uid("FETCH", str(number), wanted), "it can not be read")
        for one in said:
            if isinstance(one, tuple):
                content: bytes = one[1]
                return content
        return None

    def _done(self, number: int) -> None:
        imap, folder = self._there, self._settings.done_folder
        if folder is not None:
            self._move(number, folder)
            return
        flagged = imap.uid("STORE", str(number), "+FLAGS.SILENT", r"(\Seen)")
        _ok(flagged, "it can not be flagged")

    def _move(self, number: int, folder: str) -> None:
        imap = self._there
        if "MOVE" in imap.capabilities:
            _ok(imap.uid("MOVE", str(number), _quoted(folder)), f"can not move to {folder}")
            return
        _ok(imap.uid("COPY", str(number), _quoted(folder)), f"can not copy to {folder}")
        _ok(imap.uid("STORE", str(number), "+FLAGS.SILENT", r"(\Deleted)"), "it can not be flagged")
        if "UIDPLUS" in imap.capabilities:  # else others' deleted messages would go with it
            _ok(imap.uid("EXPUNGE", str(number)), "it can not be deleted")

    def _goodbye(self) -> None:
        self._there.logout()

    @property
    def _there(self) -> imaplib.IMAP4:
        if self._imap is None:
            raise NoMailbox("it is not open")
        return self._imap

    def _shut(self) -> None:
        imap, self._imap = self._imap, None
        if imap is not None:
            try:
                imap.shutdown()
            except OSError:
                pass


class _Bounded:
    """Says when it is connected, before anything was said on it, and reads no more than an answer
    can have."""

    def __init__(self, connected: Callable[[Any], None], **where: Any) -> None:
        self._connected = connected
        super().__init__(**where)

    def open(self, *args: Any, **options: Any) -> None:
        """Connects."""
        super().open(*args, **options)  # type: ignore[misc]
        self._connected(self)

    def read(self, size: int) -> bytes:
        """The next bytes of an answer."""
        if size > _ANSWER_BYTES:
            raise imaplib.IMAP4.abort(f"an answer of {size} bytes")
        content: bytes = super().read(size)  # type: ignore[misc]
        return content


class _Plain(_Bounded, imaplib.IMAP4):
    """Without TLS, or with STARTTLS."""


class _Safe(_Bounded, imaplib.IMAP4_SSL):
    """With TLS from the first byte."""


def _ok(answer: tuple[str, Sequence[object]], wrong: str) -> Sequence[object]:
    status, said = answer
    if status != "OK":
        text = said[0].decode("utf-8", "replace") if said and isinstance(said[0], bytes) else ""
        raise NoMailbox(f"{wrong}: {text}"[:300])
    return said


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
