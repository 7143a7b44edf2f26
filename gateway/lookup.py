"""What participants can receive in Peppol: the answers for people and ledgers.

In charge of what each answer of the network says to who asked, and of how much a company may ask.
Not in charge of asking (`transports.peppol.discovery`). The API and `budkavle lookup` answer from
here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol, assert_never

from cryptography import x509

from gateway.allowance import Allowance
from gateway.clock import Clock
from schemas.identifiers import Participant
from transports.peppol.discovery import (
    Capabilities,
    Capability,
    Discovered,
    Found,
    No,
    Unsure,
)
from transports.peppol.pki.keys import common_name
from transports.peppol.service_metadata import Endpoint

# Participants that are asked for at once; a publisher that hangs holds up its own only.
_AT_ONCE: Final = 8
# Who has not been answered for by then is not known. One question to a publisher has 20 s.
LONGEST_S: Final = 45.0


class Verdict(StrEnum):
    """Whether something can be received."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"  # nobody could say: ask again


@dataclass(frozen=True, slots=True)
class Service:
    """One document type in one process. `code` and `text` say why; `certificate_days` are the whole
    days that the access point's certificate is still valid, negative when it has expired."""

    document_type: str
    document: str  # the same for people
    process: str | None
    answer: Verdict
    code: str
    text: str
    transport_profile: str | None = None
    address: str | None = None
    access_point: str | None = None
    certificate_days: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of a participant, as it was at `at`. `answer` is yes when it can receive
    anything at all."""

    participant: Participant
    answer: Verdict
    code: str
    text: str
    publisher: str | None
    at: datetime
    services: tuple[Service, ...] = ()


@dataclass(frozen=True, slots=True)
class TooOften:
    """The company has asked for more than it may; `after_s` is when the next are answered."""

    after_s: float


class Source(Protocol):
    """What asks the network: `transports.peppol.discovery.Discovery`."""

    async def capabilities(self, participant: Participant) -> Capabilities:
        """All that a participant can receive."""
        ...


class Lookups:
    """Answers questions. `source` None: Peppol is not set up. Each company may ask for
    `per_minute` participants, as many of them at once, in each process of the gateway."""

    def __init__(self, source: Source | None, clock: Clock, *, per_minute: int = 120) -> None:
        self._source = source
        self._clock = clock
        self._allowance = Allowance(clock, per_minute)

    async def ask(
        self, company_id: str, participants: Sequence[Participant]
    ) -> tuple[Answer, ...] | TooOften:
        """What is known of each, in the order asked. Nothing is asked when it would be too much."""
        short = self._allowance.spend(company_id, len(participants))
        if short:
            return TooOften(short)
        room = asyncio.Semaphore(_AT_ONCE)
        until = asyncio.get_running_loop().time() + LONGEST_S

        async def one(participant: Participant) -> Answer:
            async with room:
                return await self._one(participant, until)

        distinct = tuple(dict.fromkeys(participants))
        answers = dict(zip(distinct, await asyncio.gather(*map(one, distinct)), strict=True))
        return tuple(answers[participant] for participant in participants)

    async def _one(self, participant: Participant, until: float) -> Answer:
        if self._source is None:
            return self._unknown(participant, "not_configured", _NOT_CONFIGURED)
        try:
            async with asyncio.timeout_at(until):
                return answer(await self._source.capabilities(participant), self._clock.now())
        except TimeoutError:
            return self._unknown(participant, "timed_out", "The network did not answer in time.")

    def _unknown(self, participant: Participant, code: str, text: str) -> Answer:
        at = self._clock.now()
        return Answer(participant, Verdict.UNKNOWN, f"lookup.{code}", text, None, at)


_NOT_CONFIGURED: Final = "Peppol is not set up on this gateway."


def answer(seen: Capabilities, now: datetime) -> Answer:
    """What the network's answers say. Pure."""
    services = tuple(_service(one, now) for one in seen.found)
    verdict, code, text = _of_all(seen, services)
    return Answer(seen.participant, verdict, code, text, seen.publisher, seen.at, services)


def _of_all(seen: Capabilities, services: Sequence[Service]) -> tuple[Verdict, str, str]:
    if seen.trouble is not None:
        return _said(seen.trouble)
    found = {service.answer for service in services}
    if Verdict.YES in found:
        number = sum(service.answer is Verdict.YES for service in services)
        what = "one kind of document" if number == 1 else f"{number} kinds of documents"
        more = f" {seen.left_out} more were not asked for." if seen.left_out else ""
        return Verdict.YES, "peppol.found", f"It receives {what} in Peppol.{more}"
    if Verdict.UNKNOWN in found:
        one = next(service for service in services if service.answer is Verdict.UNKNOWN)
        return Verdict.UNKNOWN, one.code, one.text
    text = "It is registered in Peppol, and takes nothing there just now."
    return Verdict.NO, "peppol.takes_nothing", text


def _service(one: Capability, now: datetime) -> Service:
    kind = one.document_type
    verdict, code, text = _said(one.answer)
    seat, days = None, None
    if one.endpoint is not None:
        seat, days = _certificate(one.endpoint, now)
    return Service(
        document_type=str(kind),
        document=f"{kind.root} {kind.customization}",
        process=None if one.process is None else one.process.value,
        answer=verdict,
        code=code,
        text=text,
        transport_profile=one.endpoint.transport_profile if one.endpoint else None,
        address=one.endpoint.address if one.endpoint else None,
        access_point=seat,
        certificate_days=days,
    )


def _said(found: Discovered) -> tuple[Verdict, str, str]:
    match found:
        case Found():
            return Verdict.YES, "peppol.found", f"The access point {found.seat} takes it."
        case No():
            return Verdict.NO, f"peppol.{found.code}", found.text
        case Unsure():
            return Verdict.UNKNOWN, f"peppol.{found.code}", found.text
        case _:
            assert_never(found)


def _certificate(endpoint: Endpoint, now: datetime) -> tuple[str | None, int | None]:
    """Its seat, and the whole days it is still valid."""
    try:
        certificate = x509.load_der_x509_certificate(endpoint.certificate)
        left = certificate.not_valid_after_utc - now
    except ValueError:
        return None, None
    return common_name(certificate), left // timedelta(days=1)
