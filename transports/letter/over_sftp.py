"""A print house over SFTP: a job's PDFs and then the file that makes it one; answers in files.

In charge of the steps, and of what each trouble of the server means. The wire format: `files`.

The last step, the rename of the job's own file, is the moment of handing over. A job that is handed
over again after it was taken is the same job to the print house, by its key.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from transports.base import (
    Evidence,
    NotCollected,
    Now,
    Outcome,
    Report,
    Sent,
    TryLater,
    Unknown,
    Verdict,
)
from transports.letter import files, wire
from transports.letter.house import reported
from transports.letter.wire import Submission
from transports.sftp import TEMPORARY, Server, Session, Trouble

# A file of answers holds at most some thousands of lines; the files of one round are held together.
_ANSWER_BYTES: Final = 1024 * 1024
_FILES_AT_ONCE: Final = 50

# What the ERP is told, by what went wrong; the last two are a job's own, all others everybody's.
_TROUBLES: Final = {
    "unreachable": "The print house can not be reached at the moment.",
    "timeout": "The print house did not take the letter in time.",
    "host_key": "The print house's server is not the one we know; nothing was handed over.",
    "login_refused": "The print house does not accept our login at the moment.",
    "permission_denied": "The print house lets us write nothing at the moment.",
    "disk_full": "The print house has no room at the moment.",
    "incomplete": "The print house kept only a part of the letter.",
    "failed": "The print house could not take the letter.",
}
_ONES_OWN: Final = frozenset({"incomplete", "failed"})


@dataclass(frozen=True, slots=True)
class Directories:
    """Where jobs go and where answers are, on the print house's server."""

    jobs: str = "in"
    answers: str = "out"


class OverSftp:
    """The print house at a server. All of a job goes within `answer_timeout_s`, and its last step
    is answered within `last_step_s`."""

    def __init__(
        self,
        server: Server,
        directories: Directories,
        *,
        answer_timeout_s: float,
        last_step_s: float,
        report_days: int,
        now: Now,
    ) -> None:
        self.remote = server.name
        self._server = server
        self._directories = directories
        self._within_s = answer_timeout_s
        self._last_step_s = last_step_s
        self._report_days = report_days
        self._now = now
        self._unread: set[str] = set()

    async def hand_over(
        self, key: UUID, submission: Submission, left_out: tuple[str, ...]
    ) -> Outcome:
        """Sent when the job is there (a report is expected), TryLater when it is not; Unknown when
        no answer came to the last step."""
        body = files.write(key, submission)
        sent = Evidence("request", files.MEDIA_TYPE, body, self._now())
        session = Session()
        try:
            async with session.open(self._server, self._within_s):
                there = await self._steps(session, key, submission, body)
        except Trouble as trouble:
            return self._trouble(trouble, (sent, self._told(session)))
        evidence = (sent, self._told(session))
        if there != len(body):
            public = "The print house has another letter under this job's key."
            return Unknown(self._verdict("conflict", f"{there} bytes are there", public), evidence)
        name = "handed_over_without_attachments" if left_out else "handed_over"
        text = " ".join(("The print house's server has the letter.", *left_out))
        return Sent(
            self._verdict(name, text, text),
            evidence,
            reference=files.job_name(key),
            expects="report",
            until=self._now() + timedelta(days=self._report_days),
        )

    async def reports(self) -> AsyncIterator[Report]:
        """The reports in the files that are there. A file is removed when all of it was taken."""
        try:
            found = await self._read()
        except Trouble as trouble:
            raise NotCollected(self._unavailable(str(trouble))) from trouble
        taken, wrong = [], []
        for path, content in found:
            try:
                lines, _ = wire.read_reports(content)
            except wire.Malformed as error:
                self._unread.add(path)
                wrong.append(f"{path}: {error}")
                continue
            for line in lines:
                yield reported(line, self.remote, self._now())
            taken.append(path)
        try:
            await self._remove(taken)
        except Trouble as trouble:
            raise NotCollected(self._unavailable(str(trouble))) from trouble
        if wrong:  # for a person: it stays where it is
            raise NotCollected(self._unavailable("; ".join(wrong)))

    async def close(self) -> None:
        """Nothing is kept open."""

    async def _steps(
        self, session: Session, key: UUID, submission: Submission, body: bytes
    ) -> int | None:
        """How many bytes the job's own file has now: it may have been there before."""
        base = self._directories.jobs
        path = f"{base}/{files.job_name(key)}"
        known = await session.size(path)
        if known is not None:
            return known
        for name, file in files.names(key, submission):
            await session.write(f"{base}/{name}", file.content)
        await session.write(f"{path}{TEMPORARY}", body)
        async with asyncio.timeout(self._last_step_s):
            await session.rename(f"{path}{TEMPORARY}", path)
        return len(body)

    async def _read(self) -> list[tuple[str, bytes]]:
        base = self._directories.answers
        session = Session()
        async with session.open(self._server, self._within_s):
            names = [name for name in await session.names(base) if name.endswith(".json")]
            paths = [f"{base}/{name}" for name in names]
            # Those that could not be read are looked at again, but keep nobody waiting.
            paths.sort(key=lambda path: path in self._unread)
            found = [
                (path, await session.read(path, _ANSWER_BYTES)) for path in paths[:_FILES_AT_ONCE]
            ]
            gone = [path for path, content in found if content is None]
            large = [path for path in gone if await session.size(path) is not None]
        read = [(path, content) for path, content in found if content is not None]
        return [*read, *((path, b"larger than a file of answers is") for path in large)]

    async def _remove(self, paths: list[str]) -> None:
        if not paths:
            return
        session = Session()
        async with session.open(self._server, self._within_s):
            for path in paths:
                await session.remove(path)

    def _trouble(self, trouble: Trouble, evidence: tuple[Evidence, ...]) -> Outcome:
        if trouble.unknown:
            public = "The letter was handed over, but no answer ever came."
            verdict = self._verdict("outcome_unknown", str(trouble), public)
            return Unknown(verdict, evidence, answered=False)
        verdict = self._verdict(trouble.name, str(trouble), _TROUBLES[trouble.name])
        return TryLater(verdict, evidence, answered=trouble.name in _ONES_OWN)

    def _told(self, session: Session) -> Evidence:
        told = "\n".join(session.told) or "nothing was done"
        return Evidence("answer", "text/plain; charset=utf-8", told.encode(), self._now())

    def _unavailable(self, text: str) -> Verdict:
        public = "The print house's reports can not be read at the moment."
        return self._verdict("reports_unavailable", text, public)

    def _verdict(self, name: str, text: str, public_text: str) -> Verdict:
        return Verdict(f"letter.{name}", text, public_text, self.remote)
