"""Where a company's drop folders are: what is asked of a disk or of an SFTP server.

In charge of the words. Not in charge of what is done with the files (`pick_up`, `giving`,
`statuses`). One contract suite runs over every place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from typing import Final, Protocol

# What is being written has this behind its name, until it is whole.
TEMPORARY: Final = ".tmp"


class Folder(StrEnum):
    """The folders of a company."""

    IN = "in"  # the ERP puts documents here
    DONE = "done"  # they lie here once they are accepted
    ERROR = "error"  # or here, with a text beside them that says why not
    INBOX = "inbox"  # documents that came in, for the ERP to take away
    STATUS = "status"  # a file for each thing that happened to a document


# These are made where they are not there. Of the others each is used where it is there.
ALWAYS: Final = (Folder.IN, Folder.DONE, Folder.ERROR)


class Kind(StrEnum):
    """What lies there."""

    FILE = "file"
    FOLDER = "folder"
    OTHER = "other"  # a link, a device, a pipe


@dataclass(frozen=True, slots=True)
class Seen:
    """Something in a folder. `modified` is the place's own time, in nanoseconds, and says nothing
    by our clock; `identity` is what else tells that it is the same one, "" where nothing does."""

    name: str
    kind: Kind
    size: int
    modified: int
    identity: str = ""

    @property
    def fingerprint(self) -> str:
        """Another one as soon as anything about it has changed."""
        told = "\0".join((self.name, self.kind, str(self.size), str(self.modified), self.identity))
        return hashlib.sha256(told.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def alternatives(name: str) -> Iterator[str]:
    """The name, and others like it for where it is taken."""
    yield name
    stem, dot, ending = name.rpartition(".") if name.rpartition(".")[0] else (name, "", "")
    for n in count(2):
        yield f"{stem}-{n}{dot}{ending}"


class Trouble(Exception):
    """The place would or could not do it. `name` says what, the message is for operators.

    The names: gone, unreachable, timeout, host_key, login_refused, permission_denied, disk_full,
    failed.
    """

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        super().__init__(text)


class Visit(Protocol):
    """A look at the folders. Every method raises Trouble."""

    async def has(self, folder: Folder) -> bool:
        """Whether the folder is there."""
        ...

    async def look(self, folder: Folder) -> Sequence[Seen]:
        """What lies in the folder, what begins with a full stop left out; no more than 100,000."""
        ...

    async def one(self, folder: Folder, name: str) -> Seen | None:
        """What has this name there."""
        ...

    async def read(self, folder: Folder, seen: Seen) -> bytes | None:
        """A file as it was seen; None where it is gone, or is another one by now."""
        ...

    async def move(self, folder: Folder, seen: Seen, to: Folder, name: str) -> bool:
        """Moves what was seen, in one step; what has the name there gives way. False: it is gone,
        or is another one by now, which stays where it is."""
        ...

    async def write(self, folder: Folder, name: str, content: bytes) -> None:
        """Writes a file: it is there whole, and on disk, or not at all. What has the name gives
        way."""
        ...


class Place(Protocol):
    """The folders of one company."""

    @property
    def name(self) -> str:
        """What it is called in texts for operators."""
        ...

    def visit(self) -> AbstractAsyncContextManager[Visit]:
        """Goes there, and makes the folders that are always there. Raises Trouble."""
        ...
