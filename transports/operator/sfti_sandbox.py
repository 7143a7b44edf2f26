"""A partner on loopback that takes and sends messages by SFTI's transport profile, and misbehaves
when told to.

Speaks the profile over HTTP in the running event loop. The organisation number in To tells what
happens (`MAGIC`); any other is accepted. `directory` is the file that names them all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import uuid4

import aiohttp
from aiohttp import web

from transports.base import Now, utc_now
from transports.http_server import HttpServer
from transports.operator import ebms, unpacking
from transports.operator.ebms import (
    Acknowledgment,
    ErrorCode,
    Errors,
    Malformed,
    Message,
    Payload,
    Problem,
)


class Behaviour(StrEnum):
    """What the partner does with a message."""

    ACCEPT = "accept"  # wants Svefaktura; takes it and acknowledges it
    BIS3 = "bis3"  # wants BIS 3
    REFUSE = "refuse"  # does not know the recipient
    MIME_PROBLEM = "mime_problem"  # says that a part is missing
    FAIL = "fail"  # can not hand it on a number of times (DeliveryFailure), then takes it
    ERROR = "error"  # fails a number of times (500), then takes it
    BUSY = "busy"  # is busy a number of times (503), then takes it
    OTHER = "other"  # takes it, and acknowledges another message
    NONSENSE = "nonsense"  # takes it, and answers something that is no message
    HANG = "hang"  # reads it and never answers
    DROP = "drop"  # takes it and breaks the connection, a number of times


# Organisation numbers with right check digits, in a range that no company of our examples is in.
MAGIC: Final[Mapping[Behaviour, str]] = {
    Behaviour.ACCEPT: "5590001011",
    Behaviour.BIS3: "5590001029",
    Behaviour.REFUSE: "5590001037",
    Behaviour.MIME_PROBLEM: "5590001045",
    Behaviour.FAIL: "5590001052",
    Behaviour.ERROR: "5590001060",
    Behaviour.BUSY: "5590001078",
    Behaviour.OTHER: "5590001086",
    Behaviour.NONSENSE: "5590001094",
    Behaviour.HANG: "5590001102",
    Behaviour.DROP: "5590001110",
}

# What a partner that takes BIS 3 has agreed on with us: SFTI's profile names nothing for it.
BIS3_SERVICE: Final = "urn:budkavle:sandbox:billing"
BIS3_ACTION: Final = "incomingBilling"


@dataclass(slots=True)
class Kept:
    """A message that was taken. `came` tells when: more than once, when it was repeated."""

    message: Message
    payloads: tuple[Payload, ...]
    body: bytes
    came: list[datetime]


class Sandbox(HttpServer):
    """The server; `async with Sandbox() as partner: ... partner.url`.

    `times` is how often FAIL, ERROR, BUSY and DROP misbehave for a message.
    """

    def __init__(self, *, now: Now = utc_now, times: int = 1) -> None:
        super().__init__([web.post("/sfti", self._post)], path="/sfti")
        self.messages: dict[str, Kept] = {}
        self._now = now
        self._times = times
        self._misbehaved: Counter[str] = Counter()

    @property
    def directory(self) -> str:
        """The file of partners that names all of MAGIC."""
        tables = []
        for behaviour, number in MAGIC.items():
            lines = [f"[SE{number}]", f'url = "{self.url}"']
            if behaviour is Behaviour.BIS3:
                lines += ['form = "bis3"', f'service = "{BIS3_SERVICE}"']
                lines += [f'action = "{BIS3_ACTION}"']
            tables.append("\n".join(lines) + "\n")
        return "\n".join(tables)

    def received(self) -> list[dict[str, Any]]:
        """What it has taken, a row for each message."""
        return [
            {
                "to": f"{kept.message.recipient[:2]}...{kept.message.recipient[-2:]}",
                "number": f"{len(kept.payloads)} files",
                "reference": id_,
                "state": "acknowledged",
                "requests": len(kept.came),
            }
            for id_, kept in self.messages.items()
        ]

    async def send(
        self, url: str, message: Message, payloads: Sequence[Payload]
    ) -> Acknowledgment | Errors:
        """Posts a message to us. Raises Malformed where the answer is none."""
        boundary, start = f"partner-{uuid4().hex}", f"envelope@{uuid4().hex}"
        content = ebms.write(message, payloads, boundary, start)
        return await self.send_raw(url, ebms.content_type(boundary, start), content)

    async def send_raw(
        self, url: str, content_type: str, content: bytes
    ) -> Acknowledgment | Errors:
        """Posts something to us that need not be a message."""
        headers = {"Content-Type": content_type, "SOAPAction": ebms.SOAP_ACTION}
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, data=content, headers=headers) as response,
        ):
            body = await response.read()
            return unpacking.read_answer(response.headers.get("Content-Type", ""), body)

    async def _post(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        try:
            message, payloads = unpacking.read(request.headers.get("Content-Type", ""), body)
        except Malformed as error:
            return _answer(ebms.fault(str(error)), 500)
        except Problem as problem:
            return _answer(self._errors(problem))
        behaviour = _BY_PARTY.get(message.recipient, Behaviour.ACCEPT)
        if behaviour is Behaviour.HANG:
            await self.closing.wait()
        elif refusal := self._refusal(behaviour, message, payloads):
            return refusal
        if message.id not in self.messages:
            self.messages[message.id] = Kept(message, payloads, body, [])
        self.messages[message.id].came.append(self._now())
        if behaviour is Behaviour.DROP and self._misbehaves(message):
            assert request.transport is not None
            request.transport.abort()
        if behaviour is Behaviour.NONSENSE:
            return web.Response(text="OK")
        if behaviour is Behaviour.OTHER:
            message = replace(message, id="another@partner.example")
        return _answer(ebms.acknowledgment(message, f"{uuid4()}@partner.example", self._now()))

    def _refusal(
        self, behaviour: Behaviour, message: Message, payloads: Sequence[Payload]
    ) -> web.Response | None:
        match behaviour:
            case Behaviour.REFUSE:
                text = "There is no such recipient."
                problem = Problem(ErrorCode.NOT_RECOGNIZED, text, message, "To/PartyId")
                return _answer(self._errors(problem))
            case Behaviour.MIME_PROBLEM:
                place = f"cid:{payloads[0].content_id}"
                problem = Problem(ErrorCode.MIME_PROBLEM, "It is missing.", message, place)
                return _answer(self._errors(problem))
            case Behaviour.FAIL if self._misbehaves(message):
                text = "The system behind is away."
                return _answer(self._errors(Problem(ErrorCode.DELIVERY_FAILURE, text, message)))
            case Behaviour.ERROR if self._misbehaves(message):
                return web.Response(status=500, text="A full disk.")
            case Behaviour.BUSY if self._misbehaves(message):
                return web.Response(status=503, headers={"Retry-After": "1"})
        return None

    def _errors(self, problem: Problem) -> bytes:
        return ebms.errors(problem, f"{uuid4()}@partner.example", self._now())

    def _misbehaves(self, message: Message) -> bool:
        self._misbehaved[message.id] += 1
        return self._misbehaved[message.id] <= self._times


_BY_PARTY: Final = {f"SE{number}": behaviour for behaviour, number in MAGIC.items()}


def _answer(content: bytes, status: int = 200) -> web.Response:
    return web.Response(status=status, body=content, headers={"Content-Type": ebms.CONTENT_TYPE})
