"""The distributor's SFTP server: files up under a name of their own, files down, nothing guessed.

In charge of what is a file of ours there, and of a file that is there already. Not in charge of
connections and errors (`transports.sftp`) nor of what is in a file.
"""

from __future__ import annotations

import re
from secrets import token_hex
from typing import Final

from transports import sftp
from transports.bank_se.identifiers import without_persons
from transports.sftp import TEMPORARY, Server, Trouble

__all__ = ["TROUBLES", "Server", "Session", "Trouble"]

_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,150}\.xml")

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


class Session(sftp.Session):
    """A connection. What the server says is told without the personal numbers that it may quote."""

    async def put(self, directory: str, name: str, content: bytes) -> None:
        """Hands a file over. One of that name and size that is there already is the same file.
        Raises Trouble."""
        path = f"{directory}/{name}"
        # Of this connection alone: another process may be writing the same file just now.
        temporary = f"{path}.{token_hex(4)}{TEMPORARY}"
        await self.write(temporary, content)
        try:
            await self.rename(temporary, path)
        except Trouble as trouble:
            if trouble.unknown or await self.size(path) != len(content):
                raise
            await self.remove(temporary)

    async def names(self, directory: str) -> list[str]:
        """The files in a directory by name, those that may be ours (`*.xml`, no more than letters,
        digits, `.`, `_` and `-`). Raises Trouble."""
        return [name for name in await super().names(directory) if _NAME.fullmatch(name)]

    async def move(self, path: str, directory: str) -> None:
        """Moves a file into a directory, which is made where there is none; nothing is done where
        the file is gone, and one that is there already is this one, come a second time. Raises
        Trouble."""
        name = path.rpartition("/")[2]
        await self.make(directory)
        if await self.size(path) is None:
            return  # another worker was faster
        try:
            await self.rename(path, f"{directory}/{name}")
        except Trouble as trouble:
            if trouble.unknown or await self.size(f"{directory}/{name}") is None:
                if await self.size(path) is None:
                    return
                raise
            await self.remove(path)

    def in_our_words(self, text: str) -> str:
        """A text of the server's without personal numbers."""
        return without_persons(text)
