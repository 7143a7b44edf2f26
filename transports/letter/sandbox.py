"""A print house on loopback: takes jobs, reports on them, and misbehaves when told to.

Speaks the wire format over HTTP in the running event loop. The recipient's post code tells what
happens (`MAGIC`); `behave` tells it for any other. Jobs are produced and posted by the clock, or
by `report`.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from aiohttp import web
from aiohttp.typedefs import Handler

from transports.base import Now, utc_now
from transports.http_server import HttpServer
from transports.letter import wire
from transports.letter.enclosures import pages
from transports.letter.wire import JobState, Submission


class Behaviour(StrEnum):
    """What the print house does with a job."""

    ACCEPT = "accept"  # takes it, prints it, posts it
    BAD_ADDRESS = "bad_address"  # refuses it at once
    RETURN = "return"  # posts it; it comes back
    REJECT = "reject"  # takes it, and then will not print it
    ERROR = "error"  # fails a number of times (500), then takes it
    BUSY = "busy"  # is busy a number of times (503), then takes it
    HANG = "hang"  # reads it and never answers
    DROP = "drop"  # takes it and breaks the connection, a number of times


# By the last four digits, so that Swedish ("999 99") and Norwegian ("9999") post codes can be
# written; no such post code is in use in either country.
MAGIC = {
    "9999": Behaviour.BAD_ADDRESS,
    "9998": Behaviour.RETURN,
    "9997": Behaviour.REJECT,
    "9996": Behaviour.ERROR,
    "9995": Behaviour.BUSY,
    "9994": Behaviour.HANG,
    "9993": Behaviour.DROP,
}


@dataclass(slots=True)
class Kept:
    """A job that was taken. `came` tells when: more than once, when it was repeated."""

    key: UUID
    number: str
    submission: Submission
    body: bytes
    behaviour: Behaviour
    at: datetime
    came: list[datetime]
    reported: list[JobState] = field(default_factory=list)

    @property
    def requests(self) -> int:
        """How often it came."""
        return len(self.came)


class Sandbox(HttpServer):
    """The server; `async with Sandbox() as house: ... house.url`.

    `times` is how often ERROR, BUSY and DROP misbehave for a job. An answer comes `answers_after_s`
    after the job was taken. `conflicts` are keys that came again with another letter. A job is
    produced and posted so long after it was taken, by `now`.
    """

    def __init__(
        self,
        *,
        token: str = "sandbox",  # noqa: S107 - a sandbox's
        now: Now = utc_now,
        times: int = 1,
        answers_after_s: float = 0,
        produced_after: timedelta = timedelta(seconds=1),
        posted_after: timedelta = timedelta(seconds=2),
        returned_after: timedelta = timedelta(seconds=3),
    ) -> None:
        super().__init__(
            [web.put("/jobs/{key}", self._put), web.get("/reports", self._get_reports)],
            gate=self._gate,
        )
        self.token = token
        self.jobs: dict[UUID, Kept] = {}
        self.conflicts: list[UUID] = []
        self._now = now
        self._times = times
        self._answers_after_s = answers_after_s
        self._due = {
            JobState.PRODUCED: produced_after,
            JobState.POSTED: posted_after,
            JobState.REJECTED: produced_after,
            JobState.RETURNED: returned_after,
        }
        self._behaviours: dict[str, Behaviour] = {}
        self._misbehaved: Counter[UUID] = Counter()
        self._reports: list[dict[str, str | None]] = []

    def behave(self, post_code: str, behaviour: Behaviour) -> None:
        """From now on, does `behaviour` with letters to that post code."""
        self._behaviours[post_code] = behaviour

    def report(self, key: UUID, state: JobState, reason: str | None = None) -> None:
        """Reports on a job now, whatever the clock says."""
        kept = self.jobs[key]
        if state not in kept.reported:
            self._tell(kept, state, self._now(), reason)

    @web.middleware
    async def _gate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not self.available:
            return _refusal(503, "busy", "Closed for the moment.", {"Retry-After": "60"})
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return _refusal(401, "unauthorised", "The token is not one of ours.")
        return await handler(request)

    async def _put(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        try:
            key = UUID(request.match_info["key"])
            submission = wire.read(key, body)
        except (ValueError, wire.Malformed) as error:
            return _refusal(400, "malformed", str(error))
        behaviour = self._behaviour(submission)
        if behaviour is Behaviour.HANG:
            await self.closing.wait()
            return _refusal(503, "busy", "Closing.")
        if behaviour in {Behaviour.ERROR, Behaviour.BUSY} and self._misbehaves(key):
            if behaviour is Behaviour.ERROR:
                return _refusal(500, "error", "A paper jam.")
            return _refusal(503, "busy", "The queue is full.", {"Retry-After": "1"})
        wrong = _wrong(submission, behaviour)
        if wrong is not None:
            return _refusal(422, *wrong)
        answer = self._take(request, key, submission, body, behaviour)
        if self._answers_after_s:
            await asyncio.sleep(self._answers_after_s)
        return answer

    def _take(
        self,
        request: web.Request,
        key: UUID,
        submission: Submission,
        body: bytes,
        behaviour: Behaviour,
    ) -> web.StreamResponse:
        known = self.jobs.get(key)
        if known is not None and known.body != body:
            self.conflicts.append(key)
            return _refusal(409, "conflict", "There is another letter under this key.")
        if known is None:
            number = f"L-{len(self.jobs) + 1:06}"
            now = self._now()
            kept = Kept(key, number, submission, body, behaviour, now, [now])
            self.jobs[key] = kept
        else:
            known.came.append(self._now())
            kept = known
        if behaviour is Behaviour.DROP and self._misbehaves(key):
            assert request.transport is not None
            request.transport.abort()
        answer = {"job": str(key), "number": kept.number}
        return web.json_response(answer, status=200 if known else 201)

    async def _get_reports(self, request: web.Request) -> web.Response:
        self._tell_what_is_due()
        after = request.query.get("after") or "0"
        if not after.isascii() or not after.isdigit():
            return _refusal(400, "malformed", "after is a cursor that we gave.")
        page = self._reports[int(after) :][:100]
        return web.json_response({"reports": page, "next": str(int(after) + len(page))})

    def _tell_what_is_due(self) -> None:
        due = sorted(
            (kept.at + self._due[state], kept.number, n, state, kept)
            for kept in self.jobs.values()
            for n, state in enumerate(_COURSE.get(kept.behaviour, _COURSE[Behaviour.ACCEPT]))
            if state not in kept.reported
        )
        for at, _, _, state, kept in due:
            if at <= self._now():
                self._tell(kept, state, at, _REASONS.get(state))

    def _tell(self, kept: Kept, state: JobState, at: datetime, reason: str | None) -> None:
        kept.reported.append(state)
        self._reports.append(
            {
                "id": f"R-{len(self._reports) + 1:06}",
                "job": str(kept.key),
                "state": state,
                "at": at.isoformat(),
                "reason": reason,
            }
        )

    def _misbehaves(self, key: UUID) -> bool:
        self._misbehaved[key] += 1
        return self._misbehaved[key] <= self._times

    def _behaviour(self, submission: Submission) -> Behaviour:
        post_code = submission.job.recipient.post_code
        digits = post_code.replace(" ", "")
        magic = MAGIC.get(digits[-4:], Behaviour.ACCEPT) if digits.startswith("999") else None
        return self._behaviours.get(post_code) or magic or Behaviour.ACCEPT


# What happens to a job that was taken.
_COURSE = {
    Behaviour.ACCEPT: (JobState.PRODUCED, JobState.POSTED),
    Behaviour.RETURN: (JobState.PRODUCED, JobState.POSTED, JobState.RETURNED),
    Behaviour.REJECT: (JobState.REJECTED,),
}

_REASONS = {
    JobState.RETURNED: "The addressee has moved.",
    JobState.REJECTED: "The address is not in the postal register.",
}


def _wrong(submission: Submission, behaviour: Behaviour) -> tuple[str, str] | None:
    """Code and text of what is wrong with a job; None when it can be printed."""
    if behaviour is Behaviour.BAD_ADDRESS:
        return "bad_address", "There is no such address."
    counts = [pages(file.content) for file in submission.files]
    known = [count for count in counts if count is not None]
    if len(known) < len(counts):
        return "bad_pdf", "A file is not a PDF that can be printed."
    if sum(known) != submission.job.pages:
        return "bad_pdf", f"There are {sum(known)} pages, not {submission.job.pages}."
    return None


def _refusal(
    status: int, code: str, text: str, headers: dict[str, str] | None = None
) -> web.Response:
    body = json.dumps({"code": code, "text": text})
    return web.Response(status=status, text=body, content_type="application/json", headers=headers)
