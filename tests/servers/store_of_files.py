"""A document store on loopback: serves files over HTTP/1.1, in parts too, and misbehaves when told.

Written on bare sockets, so that it can break every rule. `files` is what it has, by path; `plan`
says what the next requests to a path meet instead, in turn.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType


@dataclass(frozen=True)
class Served:
    """A file. `ranges`: whether parts of it are given."""

    content: bytes
    media_type: str = "application/pdf"
    etag: str | None = '"v1"'
    ranges: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Status:
    """An answer without the file."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Dropped:
    """The file as always, but the connection breaks after so many bytes of it, once `until` holds:
    what a client has not read by then, it may never."""

    after: int
    until: Callable[[], bool] = lambda: True


@dataclass(frozen=True)
class Stalled:
    """The file as always, but nothing more comes after so many bytes of it."""

    after: int


@dataclass(frozen=True)
class Raw:
    """These bytes and nothing else."""

    content: bytes


@dataclass(frozen=True)
class Part:
    """A part of three bytes, whatever was asked for: `range` with the place that was, `start`, and
    with that of its end."""

    range: str
    etag: str = '"v1"'


@dataclass(frozen=True)
class Endless:
    """An answer without a length, and without an end."""


@dataclass(frozen=True)
class Held:
    """The file as always, once `until` is set; `asked` is set when the request is there."""

    asked: asyncio.Event
    until: asyncio.Event


Behaviour = Status | Part | Dropped | Stalled | Raw | Endless | Held


@dataclass(frozen=True)
class Asked:
    """A request as it came. Names of headers are in small letters."""

    path: str
    headers: Mapping[str, str]


class StoreOfFiles:
    """Use as `async with StoreOfFiles() as files`."""

    def __init__(self) -> None:
        self.files: dict[str, Served] = {}
        self.asked: list[Asked] = []
        self.url = ""
        self._plans: dict[str, deque[Behaviour]] = defaultdict(deque)
        self._server: asyncio.Server | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    def plan(self, path: str, *behaviours: Behaviour) -> None:
        """What the next requests to the path meet."""
        self._plans[path].extend(behaviours)

    def at(self, path: str) -> list[Asked]:
        """What was asked of a path, in order."""
        return [asked for asked in self.asked if asked.path == path]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._under_way.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._answer(reader, writer)
        finally:
            self._under_way.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        path = head[0].split(" ")[1].partition("?")[0]
        lines = (line.partition(":") for line in head[1:] if line)
        headers = {name.lower(): value.strip() for name, _, value in lines}
        self.asked.append(Asked(path, headers))
        plan = self._plans[path]
        behaviour = plan.popleft() if plan else None
        match behaviour:
            case Raw(content):
                writer.write(content)
                return await writer.drain()
            case Endless():
                writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                while True:
                    writer.write(b"10000\r\n" + b"more " * 13107 + b"m\r\n")
                    await writer.drain()
            case Part(range_, etag):
                start = int(re.sub("[^0-9]", "", headers.get("range", "0")))
                told = range_.format(start=start, end=start + 2)
                part = {"Content-Range": told, "ETag": etag, "Content-Length": "3"}
                writer.write(_head(206, part) + b"abc")
                return await writer.drain()
            case Held(asked, until):
                asked.set()
                await until.wait()
            case Status() as said:
                writer.write(_head(said.status, {"Content-Length": str(len(said.body))}, said))
                writer.write(said.body)
                return await writer.drain()
        file = self.files.get(path)
        if file is None:
            writer.write(_head(404, {"Content-Length": "0"}))
            return await writer.drain()
        start = _start(file, headers)
        most = behaviour.after if isinstance(behaviour, Dropped | Stalled) else len(file.content)
        writer.write(_of_file(file, start))
        writer.write(file.content[start : start + most])
        await writer.drain()
        if isinstance(behaviour, Stalled):
            await asyncio.Event().wait()
        if isinstance(behaviour, Dropped):
            async with asyncio.timeout(60):
                while not behaviour.until():
                    await asyncio.sleep(0.005)
        return None

    async def __aenter__(self) -> StoreOfFiles:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._under_way):
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._server.wait_closed()


def _start(file: Served, headers: Mapping[str, str]) -> int:
    """Where to begin: what the client asks for, when it may have it."""
    wanted = re.fullmatch(r"bytes=([0-9]+)-", headers.get("range", ""))
    if wanted is None or not file.ranges:
        return 0
    if headers.get("if-range", file.etag) != file.etag:
        return 0
    return int(wanted[1])


def _of_file(file: Served, start: int) -> bytes:
    size = len(file.content)
    headers = {"Content-Type": file.media_type, "Content-Length": str(size - start)}
    if file.etag is not None:
        headers["ETag"] = file.etag
    if start:
        headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
    return _head(206 if start else 200, {**headers, **file.headers})


def _head(status: int, headers: Mapping[str, str], said: Status | None = None) -> bytes:
    told = {**headers, **(said.headers if said else {}), "Connection": "close"}
    lines = [f"HTTP/1.1 {status} Said", *(f"{name}: {value}" for name, value in told.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
