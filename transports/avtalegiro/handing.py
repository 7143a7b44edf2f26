"""Hands a file to the banks' central, once.

In charge of the steps of handing over and of settling one that broke off. Not in charge of what is
in the file, nor of the server (`transports.sftp`).

A claim that is there twice is debited twice. So the file's name holds its key, the whole file is
written under a temporary name, and that it is about to be renamed is on disk before it is. Of one
that broke off there the server is asked: if it has the file, it was handed over; if it has the
temporary one, it was not; if it has neither, the central may have taken it in already, and nobody
writes it again: its receipt settles that, or a person.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from transports.base import Entry, Register
from transports.sftp import TEMPORARY, Server, Session, Trouble


class Phase(StrEnum):
    """How far it came: the `state` of an entry."""

    NUMBERED = "numbered"  # nothing but numbers
    RENAMING = "renaming"  # whole, under its temporary name; its rename may have been asked for
    HANDED = "handed"  # the server has said so
    ANSWERED = "answered"  # the central has


@dataclass(frozen=True, slots=True)
class Handed:
    """What became of it. `told` is what was done and answered; `trouble` what went wrong, None
    where the central has the file; `unsure` says that it may have it all the same."""

    told: str
    trouble: Trouble | None = None
    unsure: bool = False


class Handing:
    """Hands files over into one directory of a server."""

    def __init__(self, server: Server, directory: str, within_s: float, register: Register) -> None:
        self._server = server
        self._directory = directory
        self._within_s = within_s
        self._register = register

    async def hand_over(self, entry: Entry, name: str, content: bytes) -> Handed:
        """Hands a file over, or finds that it was. `entry` is its own in the register."""
        if entry.state in (Phase.HANDED, Phase.ANSWERED):
            return Handed(f"{name} was handed over before")
        session = Session()
        try:
            async with session.open(self._server, self._within_s):
                done = await self._steps(session, entry, f"{self._directory}/{name}", content)
        except Trouble as trouble:
            return Handed("\n".join(session.told), trouble, trouble.unknown)
        told = "\n".join(session.told)
        if not done:
            lost = "the server has neither the file nor its temporary one: it may have been taken"
            return Handed(told, Trouble("gone", lost, unknown=True), unsure=True)
        await self._become(entry, Phase.HANDED)
        return Handed(told)

    async def _steps(self, session: Session, entry: Entry, path: str, content: bytes) -> bool:
        """Whether the central has it now; not so where that can not be told."""
        temporary = f"{path}{TEMPORARY}"
        if entry.state == Phase.RENAMING:
            if await session.size(path) is not None:
                return True
            if await session.size(temporary) is None:
                return False
        else:
            await session.write(temporary, content)
            await self._become(entry, Phase.RENAMING)
        await session.rename(temporary, path)
        return True

    async def _become(self, entry: Entry, phase: Phase) -> None:
        """Writes the phase, whatever else was written into the entry since; never a step back."""
        order = list(Phase)
        while True:
            known = await self._register.get(entry.company_id, entry.kind, entry.name)
            assert known is not None, "it has its numbers"
            if order.index(Phase(known.state)) >= order.index(phase):
                return
            if await self._register.put([replace(known, state=phase)]):
                return
