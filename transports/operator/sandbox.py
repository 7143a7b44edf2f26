"""An operator on loopback: knows recipients, takes documents, reports on them, has documents for
us, and misbehaves when told to.

Speaks the wire format over HTTP in the running event loop. The recipient's organisation number
tells what happens (`MAGIC`); `enter` puts further recipients into its directory. Documents are
forwarded and delivered by the clock.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from aiohttp import web
from aiohttp.typedefs import Handler

from transports.base import Now, utc_now
from transports.http_server import HttpServer
from transports.operator import wire
from transports.operator.wire import Arrived, Format, Found, Query, State, Submission


class Behaviour(StrEnum):
    """What the operator does with a recipient, or with a document to it."""

    ACCEPT = "accept"  # wants Svefaktura; takes it, forwards it, delivers it
    BIS3 = "bis3"  # wants BIS 3
    SEVERAL = "several"  # there are two recipients of this number
    NOT_FOUND = "not_found"  # there is none
    NO_FORMAT = "no_format"  # wants EDIFACT
    UNSURE = "unsure"  # can not look it up a number of times (503), then accepts
    REFUSE = "refuse"  # refuses the document at once
    REJECT = "reject"  # takes the document, and rejects it later
    ERROR = "error"  # fails a number of times (500), then takes it
    BUSY = "busy"  # is busy a number of times (429), then takes it
    CONFLICT = "conflict"  # says that it has another document under this key
    HANG = "hang"  # reads it and never answers
    DROP = "drop"  # takes it and breaks the connection, a number of times


# Organisation numbers with right check digits, in a range that no company of our examples is in.
MAGIC: Final[Mapping[Behaviour, str]] = {
    Behaviour.ACCEPT: "5590000013",
    Behaviour.BIS3: "5590000021",
    Behaviour.SEVERAL: "5590000039",
    Behaviour.NOT_FOUND: "5590000047",
    Behaviour.NO_FORMAT: "5590000054",
    Behaviour.UNSURE: "5590000062",
    Behaviour.REFUSE: "5590000070",
    Behaviour.REJECT: "5590000088",
    Behaviour.ERROR: "5590000096",
    Behaviour.BUSY: "5590000104",
    Behaviour.CONFLICT: "5590000112",
    Behaviour.HANG: "5590000120",
    Behaviour.DROP: "5590000138",
}


@dataclass(slots=True)
class Kept:
    """A document that was taken. `came` tells when: more than once, when it was repeated."""

    key: UUID
    number: str
    submission: Submission
    body: bytes
    behaviour: Behaviour
    at: datetime
    came: list[datetime]
    reported: list[State] = field(default_factory=list)


@dataclass(slots=True)
class _Waiting:
    """A document for one of our companies; `settled` is what we said of it."""

    id: str
    content: bytes
    settled: dict[str, Any] | None = None


class Sandbox(HttpServer):
    """The server; `async with Sandbox() as operator: ... operator.url`.

    `times` is how often UNSURE, ERROR, BUSY and DROP misbehave. An answer to a document comes
    `answers_after_s` after it was taken. A document is forwarded and delivered so long after it was
    taken, by `now`.
    """

    def __init__(
        self,
        *,
        token: str = "sandbox",  # noqa: S107 - a sandbox's
        now: Now = utc_now,
        times: int = 1,
        answers_after_s: float = 0,
        forwarded_after: timedelta = timedelta(seconds=1),
        delivered_after: timedelta = timedelta(seconds=2),
    ) -> None:
        super().__init__(
            [
                web.post("/lookup", self._lookup),
                web.put("/documents/{key}", self._put),
                web.get("/reports", self._get_reports),
                web.get("/inbox", self._get_inbox),
                web.get("/inbox/{id}", self._get_arrived),
                web.put("/inbox/{id}/settled", self._settle),
            ],
            gate=self._gate,
        )
        self.token = token
        self.documents: dict[UUID, Kept] = {}
        self.conflicts: list[UUID] = []
        self._now = now
        self._times = times
        self._answers_after_s = answers_after_s
        self._due = {
            State.FORWARDED: forwarded_after,
            State.DELIVERED: delivered_after,
            State.REJECTED: delivered_after,
        }
        self._entered: list[tuple[Query, Found]] = []
        self._misbehaved: Counter[str] = Counter()
        self._reports: list[Any] = []
        self._inbox: list[_Waiting] = []

    def enter(self, query: Query, found: Found) -> None:
        """Puts a recipient into the directory, to be found by this query."""
        self._entered.append((query, found))

    def report(self, key: UUID, state: State, code: str = "", reason: str = "") -> None:
        """Reports on a document now, whatever the clock says."""
        self._tell(self.documents[key], state, self._now(), code, reason)

    def report_raw(self, line: Any) -> None:
        """Reports something that need not be in the format."""
        self._reports.append(line)

    def send(self, arrived: Arrived) -> str:
        """Has a document for one of our companies; answers its id."""
        return self.send_raw(wire.write_arrived(arrived))

    def send_raw(self, content: bytes) -> str:
        """Has something for us that need not be in the format."""
        id_ = f"A-{len(self._inbox) + 1:06}"
        self._inbox.append(_Waiting(id_, content))
        return id_

    def settled(self, id_: str) -> dict[str, Any] | None:
        """What we said of a document that it had for us; None as long as it waits."""
        (found,) = [each.settled for each in self._inbox if each.id == id_]
        return found

    def received(self) -> list[dict[str, Any]]:
        """What it has taken, a row for each document."""
        return [
            {
                "to": f"...{kept.submission.address[-4:]}",
                "number": kept.submission.number,
                "reference": kept.number,
                "format": kept.submission.format.value,
                "state": kept.reported[-1].value if kept.reported else "taken",
                "requests": len(kept.came),
            }
            for kept in self.documents.values()
        ]

    @web.middleware
    async def _gate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not self.available:
            return _refusal(503, "busy", "Closed for the moment.", {"Retry-After": "60"})
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return _refusal(401, "unauthorised", "The token is not one of ours.")
        return await handler(request)

    # --- its directory --------------------------------------------------------------------------

    async def _lookup(self, request: web.Request) -> web.Response:
        try:
            query = wire.read_query(await request.read())
        except wire.Malformed as error:
            return _refusal(400, "malformed", str(error))
        behaviour = _BY_NUMBER.get(query.organisation_number or "")
        if behaviour is Behaviour.UNSURE and self._misbehaves("lookup"):
            return _refusal(503, "busy", "The directory is being renewed.", {"Retry-After": "1"})
        found = [each for asked, each in self._entered if asked == query]
        if behaviour is not None:
            found += _known(behaviour)
        return web.Response(body=wire.write_found(found), content_type=wire.JSON)

    # --- taking documents -----------------------------------------------------------------------

    async def _put(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        try:
            key = UUID(request.match_info["key"])
            submission = wire.read(key, body)
        except (ValueError, wire.Malformed) as error:
            return _refusal(400, "malformed", str(error))
        behaviour = _BY_ADDRESS.get(submission.address, Behaviour.ACCEPT)
        if behaviour is Behaviour.HANG:
            await self.closing.wait()
            return _refusal(503, "busy", "Closing.")
        if behaviour is Behaviour.ERROR and self._misbehaves(str(key)):
            return _refusal(500, "error", "A full disk.")
        if behaviour is Behaviour.BUSY and self._misbehaves(str(key)):
            return _refusal(429, "busy", "Too many at once.", {"Retry-After": "1"})
        if behaviour is Behaviour.REFUSE:
            return _refusal(422, "bad_document", "The buyer's reference is missing.")
        if behaviour is Behaviour.CONFLICT:
            self.conflicts.append(key)
            return _refusal(409, "conflict", "There is another document under this key.")
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
        known = self.documents.get(key)
        if known is not None and known.body != body:
            self.conflicts.append(key)
            return _refusal(409, "conflict", "There is another document under this key.")
        if known is None:
            number = f"D-{len(self.documents) + 1:06}"
            now = self._now()
            kept = Kept(key, number, submission, body, behaviour, now, [now])
            self.documents[key] = kept
        else:
            known.came.append(self._now())
            kept = known
        if behaviour is Behaviour.DROP and self._misbehaves(str(key)):
            assert request.transport is not None
            request.transport.abort()
        answer = {"document": str(key), "number": kept.number}
        return web.json_response(answer, status=200 if known else 201)

    def _misbehaves(self, what: str) -> bool:
        self._misbehaved[what] += 1
        return self._misbehaved[what] <= self._times

    # --- reporting on them ----------------------------------------------------------------------

    async def _get_reports(self, request: web.Request) -> web.Response:
        self._tell_what_is_due()
        return _page(request, "reports", self._reports)

    def _tell_what_is_due(self) -> None:
        due = sorted(
            (kept.at + self._due[state], kept.number, n, state, kept)
            for kept in self.documents.values()
            for n, state in enumerate(_COURSE.get(kept.behaviour, _COURSE[Behaviour.ACCEPT]))
            if state not in kept.reported
        )
        for at, _, _, state, kept in due:
            if at <= self._now():
                self._tell(kept, state, at, *_REASONS.get(state, ("", "")))

    def _tell(self, kept: Kept, state: State, at: datetime, code: str, reason: str) -> None:
        kept.reported.append(state)
        self._reports.append(
            {
                "id": f"R-{len(self._reports) + 1:06}",
                "document": str(kept.key),
                "state": state,
                "at": at.isoformat(),
                "code": code,
                "reason": reason,
            }
        )

    # --- documents for us -----------------------------------------------------------------------

    async def _get_inbox(self, request: web.Request) -> web.Response:
        return _page(request, "documents", [each.id for each in self._inbox])

    async def _get_arrived(self, request: web.Request) -> web.Response:
        found = self._waiting(request)
        if found is None:
            return _refusal(404, "unknown", "There is no such document.")
        return web.Response(body=found.content, content_type=wire.JSON)

    async def _settle(self, request: web.Request) -> web.Response:
        found = self._waiting(request)
        if found is None:
            return _refusal(404, "unknown", "There is no such document.")
        found.settled = json.loads(await request.read())
        return web.Response(status=204)

    def _waiting(self, request: web.Request) -> _Waiting | None:
        id_ = request.match_info["id"]
        return next((each for each in self._inbox if each.id == id_ and not each.settled), None)


_BY_NUMBER: Final = {number: behaviour for behaviour, number in MAGIC.items()}


def _known(behaviour: Behaviour) -> list[Found]:
    """Who is in the directory under a behaviour's number."""
    formats: tuple[str, ...] = (Format.SVEFAKTURA, Format.BIS3)
    match behaviour:
        case Behaviour.NOT_FOUND:
            return []
        case Behaviour.SEVERAL:
            return [_one(behaviour, formats), _one(behaviour, formats, "lager")]
        case Behaviour.BIS3:
            formats = (Format.BIS3,)
        case Behaviour.NO_FORMAT:
            formats = ("edifact",)
    return [_one(behaviour, formats)]


def _one(behaviour: Behaviour, formats: tuple[str, ...], unit: str = "") -> Found:
    name = f"Bageri {behaviour} AB" + (f" ({unit})" if unit else "")
    return Found(_address(behaviour, unit), name, "Nordisk Faktura", formats)


def _address(behaviour: Behaviour, unit: str = "") -> str:
    return f"nf-{behaviour}" + (f"-{unit}" if unit else "")


_BY_ADDRESS: Final = {_address(behaviour): behaviour for behaviour in Behaviour}

# What happens to a document that was taken.
_COURSE: Final = {
    Behaviour.ACCEPT: (State.FORWARDED, State.DELIVERED),
    Behaviour.REJECT: (State.FORWARDED, State.REJECTED),
}

_REASONS: Final = {State.REJECTED: ("unknown_recipient", "The agreement has ended.")}


def _page(request: web.Request, name: str, items: list[Any]) -> web.Response:
    after = request.query.get("after") or "0"
    if not after.isascii() or not after.isdigit():
        return _refusal(400, "malformed", "after is a cursor that we gave.")
    page = items[int(after) :][:100]
    return web.json_response({name: page, "next": str(int(after) + len(page))})


def _refusal(
    status: int, code: str, text: str, headers: dict[str, str] | None = None
) -> web.Response:
    body = json.dumps({"code": code, "text": text})
    return web.Response(status=status, text=body, content_type=wire.JSON, headers=headers)
