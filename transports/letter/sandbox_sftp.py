"""A print house on loopback that takes jobs as files: a real SFTP server. Needs the extra `sftp`.

Speaks the wire format of `files`. The recipient's post code tells what happens (`MAGIC`); `behave`
tells it for any other. A job is taken up when its own file gets its name; what became of jobs is
told in a file whenever somebody looks into `out`, by the clock given.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncssh

from transports.base import Now, utc_now
from transports.letter import files
from transports.letter.wire import JobState, Malformed, Submission, read_job, read_object
from transports.sftp_server import Channel, OpenFiles, SftpServer


class Behaviour(StrEnum):
    """What the print house does with a job."""

    ACCEPT = "accept"  # takes it, prints it, posts it
    RETURN = "return"  # posts it; and then it is back
    REJECT = "reject"  # takes the files, and then does not print them
    DENY = "deny"  # lets nothing be written, a number of times
    FULL = "full"  # has no room, which the protocol has no word for; a number of times
    LOSE = "lose"  # breaks the connection before the job is one, a number of times
    DROP = "drop"  # breaks the connection after it is, a number of times
    HANG = "hang"  # never answers to the last step


# By the last four digits of post codes that begin with 999: none is in use in Sweden or Norway.
MAGIC: Final = {
    "9998": Behaviour.RETURN,
    "9997": Behaviour.REJECT,
    "9996": Behaviour.DENY,
    "9995": Behaviour.FULL,
    "9994": Behaviour.HANG,
    "9993": Behaviour.DROP,
    "9992": Behaviour.LOSE,
}

_COURSE: Final = {
    Behaviour.RETURN: (
        *(JobState.ACCEPTED, JobState.PRODUCED),
        *(JobState.POSTED, JobState.RETURNED),
    ),
    Behaviour.REJECT: (JobState.REJECTED,),
}
_USUAL: Final = (JobState.ACCEPTED, JobState.PRODUCED, JobState.POSTED)
_REASONS: Final = {
    JobState.RETURNED: "The addressee has moved.",
    JobState.REJECTED: "The address is not in the postal register.",
}


@dataclass(slots=True)
class Kept:
    """A job that was taken. `came` tells when: more than once, when it was repeated."""

    key: UUID
    submission: Submission
    body: bytes
    behaviour: Behaviour
    came: list[datetime]
    reported: list[JobState] = field(default_factory=list)


class Sandbox(SftpServer):
    """The server; `async with Sandbox() as house: ... house.server`.

    `times` is how often DENY, FULL, LOSE and DROP misbehave for a job; a state follows the one
    before it after `step`, by `now`.
    """

    def __init__(
        self, *, now: Now = utc_now, times: int = 1, step: timedelta = timedelta(seconds=1)
    ) -> None:
        super().__init__(lambda channel: _Files(self, channel))
        self.jobs: dict[UUID, Kept] = {}
        self.malformed: list[str] = []
        self._now = now
        self._times = times
        self._step = step
        self._misbehaved: Counter[str] = Counter()
        self._behaviours: dict[str, Behaviour] = {}
        self._told = 0

    def behave(self, post_code: str, behaviour: Behaviour) -> None:
        """From now on, does `behaviour` with letters to that post code."""
        self._behaviours[post_code] = behaviour

    def received(self) -> list[dict[str, Any]]:
        """What was taken, for a page."""
        return [
            {
                "to": kept.submission.job.recipient.name,
                "number": kept.submission.job.reference,
                "reference": str(kept.key),
                "state": kept.reported[-1] if kept.reported else "taken",
            }
            for kept in self.jobs.values()
        ]

    # --- what the print house does --------------------------------------------------------------

    def behaviour(self, body: bytes) -> Behaviour:
        """What is to be done with a job."""
        try:
            job = read_job(json.dumps(read_object(body).get("job")).encode())
        except Malformed:
            return Behaviour.ACCEPT
        digits = job.recipient.post_code.replace(" ", "")
        magic = MAGIC.get(digits[-4:]) if digits.startswith("999") else None
        return self._behaviours.get(job.recipient.post_code) or magic or Behaviour.ACCEPT

    def misbehaves(self, behaviour: Behaviour, name: str) -> bool:
        """Whether it does this time; who hangs always does."""
        self._misbehaved[name] += 1
        return behaviour is Behaviour.HANG or self._misbehaved[name] <= self._times

    def take_up(self, name: str) -> None:
        """Takes a job up, and its files away; one of a key that is known is printed already."""
        here = self.directory / "in"
        body = (here / name).read_bytes()
        mine = {path.name: path for path in here.glob(f"{name.removesuffix('.json')}-*.pdf")}
        try:
            there = {name: path.read_bytes() for name, path in mine.items()}
            key, submission = files.read(body, there)
        except Malformed as error:
            self.malformed.append(str(error))
            return
        for path in (here / name, *mine.values()):
            path.unlink()
        known = self.jobs.get(key)
        if known is not None:
            known.came.append(self._now())
            return
        self.jobs[key] = Kept(key, submission, body, self.behaviour(body), [self._now()])

    def tell(self) -> None:
        """Writes what has become of jobs into a file, if anything has."""
        lines = []
        for kept in self.jobs.values():
            course = _COURSE.get(kept.behaviour, _USUAL)
            for n, state in enumerate(course):
                at = kept.came[0] + n * self._step
                if state not in kept.reported and at <= self._now():
                    kept.reported.append(state)
                    self._told += 1
                    lines.append(
                        {
                            "id": f"R-{self._told:06}",
                            "job": str(kept.key),
                            "state": state,
                            "at": at.isoformat(),
                            "reason": _REASONS.get(state),
                        }
                    )
        if lines:
            path = self.directory / "out" / f"answers-{self._told:06}.json"
            path.write_text(json.dumps({"reports": lines, "next": ""}))


class _Files(OpenFiles):
    """The files of one connection."""

    def __init__(self, sandbox: Sandbox, channel: Channel) -> None:
        self._sandbox = sandbox
        super().__init__(sandbox, channel)

    async def write(self, file_obj: object, offset: int, data: bytes) -> int:
        """A part of a file comes; a job's own file is one part."""
        if data.startswith(b"{"):
            behaviour = self._sandbox.behaviour(data)
            key = str(hash(data))
            if behaviour is Behaviour.DENY and self._sandbox.misbehaves(behaviour, key):
                raise asyncssh.SFTPPermissionDenied("You may not write here.")
            if behaviour is Behaviour.FULL and self._sandbox.misbehaves(behaviour, key):
                raise asyncssh.SFTPNoSpaceOnFilesystem("No space left on device.")
        written = super().write(file_obj, offset, data)
        assert isinstance(written, int)
        return written

    async def rename(self, oldpath: bytes, newpath: bytes) -> None:
        """A job's own file gets its name."""
        name = oldpath.decode().rpartition("/")[2]
        behaviour = self._sandbox.behaviour(self._content(oldpath))
        if behaviour is Behaviour.HANG:
            await self._sandbox.closing.wait()
        breaks = behaviour in {Behaviour.LOSE, Behaviour.DROP}
        breaks = breaks and self._sandbox.misbehaves(behaviour, name)
        if breaks and behaviour is Behaviour.LOSE:
            self.connection.abort()
            raise asyncssh.SFTPConnectionLost("Broken.")
        super().rename(oldpath, newpath)
        self._sandbox.take_up(newpath.decode().rpartition("/")[2])
        if breaks:
            self.connection.abort()

    def _content(self, path: bytes) -> bytes:
        here = Path(self.map_path(path).decode())
        return here.read_bytes() if here.is_file() else b""

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        """Somebody looks for answers."""
        self._sandbox.tell()
        async for name in super().scandir(path):
            yield name
