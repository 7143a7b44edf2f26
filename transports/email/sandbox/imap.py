"""A mailbox on loopback: as much of an IMAP4rev1 server as a mail client needs to read and sort.

Speaks IMAP in the running event loop. Not in charge of what comes into it.
Source: RFC 3501, RFC 6851 (MOVE), RFC 4315 (UIDPLUS).
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

_TOKEN = re.compile(rb'"((?:[^"\\]|\\.)*)"|(\([^)]*\))|([^\s()"]+)')
_PARTIAL = re.compile(rb"BODY\.PEEK\[\]<(\d+)\.(\d+)>", re.IGNORECASE)


@dataclass(slots=True)
class Kept:
    """A message in a folder; `number` is its UID."""

    number: int
    content: bytes
    flags: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Folder:
    """Messages in the order of their coming. `validity` changes when the numbers are new."""

    validity: int = 1
    messages: list[Kept] = field(default_factory=list)
    _next: int = 1

    def add(self, content: bytes) -> Kept:
        """Puts a message behind the others."""
        kept = Kept(self._next, content)
        self._next += 1
        self.messages.append(kept)
        return kept

    def renumber(self) -> None:
        """Gives all numbers out anew, as after a restore."""
        self.validity += 1
        for number, kept in enumerate(self.messages, 1):
            kept.number = number
        self._next = len(self.messages) + 1


class Mailbox:
    """The server; it knows one user. `capabilities` are what it says it can, beyond IMAP4rev1; with
    `silent` it takes commands and never answers. With `tls` it is spoken to in TLS, from the first
    byte on or, where `starttls` says so, after STARTTLS. `before_reading` is called when somebody
    is about to look into a folder."""

    def __init__(
        self,
        username: str,
        password: str,
        *,
        tls: ssl.SSLContext | None = None,
        starttls: bool = False,
    ) -> None:
        self.starttls = tls if starttls else None
        self._tls = None if starttls else tls
        self.username = username
        self.password = password
        self.capabilities = {"MOVE", "UIDPLUS"}
        self.folders = {"INBOX": Folder(), "Taken": Folder()}
        self.silent = False
        self.before_reading: Callable[[], None] = lambda: None
        self.logins = 0
        self.open: set[asyncio.StreamWriter] = set()  # connections
        self.port = 0  # the one it listens on, once started
        self._server: asyncio.Server | None = None

    @property
    def inbox(self) -> Folder:
        """Where messages come to."""
        return self.folders["INBOX"]

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listens; port 0 is a free one."""
        self._server = await asyncio.start_server(self._serve, host, port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stops listening, and breaks off what is under way."""
        if self._server is not None:
            self._server.close()
            for writer in tuple(self.open):
                writer.transport.abort()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.add(writer)
        session = _Session(self)
        try:
            writer.write(b"* OK Budkavle sandbox\r\n")
            while not session.ended:
                line = await reader.readline()
                if not line:
                    break
                if self.silent:
                    continue
                for answer in session.answer(line.rstrip(b"\r\n")):
                    writer.write(answer)
                await writer.drain()
                if session.begins_tls and self.starttls is not None:
                    session.begins_tls = False
                    await writer.start_tls(self.starttls)
        except (ConnectionError, ValueError):  # ValueError: a line beyond all bounds
            pass
        finally:
            self.open.discard(writer)
            writer.close()


class _Session:
    """A client on a connection."""

    def __init__(self, mailbox: Mailbox) -> None:
        self.ended = False
        self.begins_tls = False
        self._mailbox = mailbox
        self._known = False
        self._folder: Folder | None = None

    def answer(self, line: bytes) -> Iterator[bytes]:
        """What is said to a command."""
        words = [quoted or group or atom for quoted, group, atom in _TOKEN.findall(line)]
        if len(words) < 2:
            yield b"* BAD a tag and a command\r\n"
            return
        tag, command, *rest = words
        name = command.decode("ascii", "replace").upper()
        if name == "UID" and rest:
            name, rest = f"UID {rest[0].decode('ascii', 'replace').upper()}", rest[1:]
        try:
            lines = list(self._do(name, [word.decode("ascii", "replace") for word in rest]))
        except _No as no:
            yield tag + b" NO " + str(no).encode() + b"\r\n"
            return
        yield from lines
        yield tag + b" OK done\r\n"

    def _do(self, name: str, rest: list[str]) -> Iterable[bytes]:
        match name, rest:
            case "CAPABILITY", _:
                able = {*self._mailbox.capabilities}
                if self._mailbox.starttls is not None:
                    able.add("STARTTLS")
                said = " ".join(["IMAP4rev1", *sorted(able)])
                return [f"* CAPABILITY {said}\r\n".encode()]
            case "NOOP", _:
                return []
            case "LOGOUT", _:
                self.ended = True
                return [b"* BYE\r\n"]
            case "STARTTLS", [] if self._mailbox.starttls is not None:
                self.begins_tls = True
                return []
            case "LOGIN", [username, password]:
                return self._login(username, password)
        if not self._known:
            raise _No("log in first")
        match name, rest:
            case "SELECT", [folder]:
                return self._select(folder)
            case "UID SEARCH", ["UID", wanted]:
                found = " ".join(str(kept.number) for kept in self._those(wanted))
                return [f"* SEARCH {found}".rstrip().encode() + b"\r\n"]
            case "UID FETCH", [wanted, *items]:
                return self._fetch(wanted, " ".join(items).encode())
            case "UID STORE", [wanted, "+FLAGS.SILENT", flags]:
                for kept in self._those(wanted):
                    kept.flags |= set(flags.strip("()").split())
                return []
            case "UID COPY", [wanted, folder]:
                self._copy(wanted, folder)
                return []
            case "UID MOVE", [wanted, folder]:
                self._copy(wanted, folder)
                return self._expunge(self._those(wanted))
            case "UID EXPUNGE", [wanted]:
                return self._expunge(
                    [kept for kept in self._those(wanted) if r"\Deleted" in kept.flags]
                )
        raise _No("that is not known here")

    def _login(self, username: str, password: str) -> Iterable[bytes]:
        if (username, password) != (self._mailbox.username, self._mailbox.password):
            raise _No("[AUTHENTICATIONFAILED] wrong name or password")
        self._known = True
        self._mailbox.logins += 1
        return []

    def _select(self, name: str) -> Iterable[bytes]:
        folder = self._mailbox.folders.get(name)
        if folder is None:
            raise _No("[NONEXISTENT] no such folder")
        self._mailbox.before_reading()
        self._folder = folder
        return [
            f"* {len(folder.messages)} EXISTS\r\n".encode(),
            f"* OK [UIDVALIDITY {folder.validity}]\r\n".encode(),
        ]

    def _those(self, wanted: str) -> list[Kept]:
        """The messages of a number, or of a range with or without an end."""
        messages = self._selected.messages
        first, colon, last = wanted.partition(":")
        if not colon:
            return [kept for kept in messages if str(kept.number) == first]
        highest = max((kept.number for kept in messages), default=0)
        ends = sorted(highest if end == "*" else int(end) for end in (first, last))
        return [kept for kept in messages if ends[0] <= kept.number <= ends[1]]

    def _fetch(self, wanted: str, items: bytes) -> Iterable[bytes]:
        partial = _PARTIAL.search(items)
        if partial is None:
            raise _No("only BODY.PEEK[]<m.n> here")
        for n, kept in enumerate(self._selected.messages, 1):
            if kept in self._those(wanted):
                start, most = int(partial[1]), int(partial[2])
                piece = kept.content[start : start + most]
                said = f"* {n} FETCH (UID {kept.number} BODY[]<{start}> {{{len(piece)}}}\r\n"
                yield said.encode()
                yield piece
                yield b")\r\n"

    def _copy(self, wanted: str, name: str) -> None:
        folder = self._mailbox.folders.get(name)
        if folder is None:
            raise _No("[TRYCREATE] no such folder")
        for kept in self._those(wanted):
            folder.add(kept.content).flags |= kept.flags - {r"\Deleted"}

    def _expunge(self, going: list[Kept]) -> Iterable[bytes]:
        messages = self._selected.messages
        for kept in going:
            at = messages.index(kept)
            del messages[at]
            yield f"* {at + 1} EXPUNGE\r\n".encode()

    @property
    def _selected(self) -> Folder:
        if self._folder is None:
            raise _No("select a folder first")
        return self._folder


class _No(Exception):
    """The answer NO, with what is said in it."""
