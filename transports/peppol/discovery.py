"""Where a participant's documents go: the two steps of discovery, and what is remembered of them.

In charge of the order of questions, of what each answer means for us, and of the cache. Not in
charge of asking DNS (`sml`) or a publisher (`smp`).
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from cryptography import x509

from schemas.identifiers import DocumentType, Participant, Process
from transports.base import Evidence, Now
from transports.peppol import sml, smp
from transports.peppol.pki.chains import Anchors, Flaw, Purpose, Untrusted, issuer
from transports.peppol.pki.keys import common_name, read_certificate
from transports.peppol.pki.revocation import Revocation
from transports.peppol.service_metadata import (
    WILDCARD_SCHEME,
    Endpoint,
    Service,
    chosen,
    matching,
)

# What phoss-ap keeps; a "no" is kept shorter, since a customer who registers tries at once.
KEPT: Final = timedelta(minutes=15)
NO_KEPT: Final = timedelta(minutes=2)
MOST_KEPT: Final = 10_000
# More document types than anybody registers; a list that never ends is not followed.
MOST_KINDS: Final = 500
_AT_ONCE: Final = 8  # questions to one publisher

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Found:
    """The endpoint for a document, whose certificate is trusted. `seat` is its access point's."""

    endpoint: Endpoint
    certificate: x509.Certificate
    seat: str
    document_type: DocumentType  # as registered: a wildcard may take the document
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class No:
    """It can not be received over Peppol. `code` is the end of a stable code."""

    code: str
    text: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Unsure:
    """Nobody could say: to be asked again. `answered` False: nor could they of anybody else."""

    code: str
    text: str
    evidence: tuple[Evidence, ...] = ()
    answered: bool = True


Discovered = Found | No | Unsure


@dataclass(frozen=True, slots=True)
class Capability:
    """Whether a participant receives one document type in one process, and where.

    `process` None: not even the processes could be asked. `endpoint` is the one that counts now; of
    a No the first that there is, if any.
    """

    document_type: DocumentType
    process: Process | None
    answer: Discovered
    endpoint: Endpoint | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """All that a participant can receive, as it was at `at`.

    `trouble` is why nobody could say what it is, or that the participant is not there.
    """

    participant: Participant
    at: datetime
    publisher: str | None = None
    found: tuple[Capability, ...] = ()
    trouble: No | Unsure | None = None
    left_out: int = 0  # document types beyond MOST_KINDS, which were not asked for


@dataclass(slots=True)
class _Memory(Generic[V]):
    """What was found, until when; the least used goes first."""

    now: Now
    kept: OrderedDict[tuple[object, ...], tuple[V, datetime]] = field(default_factory=OrderedDict)

    def get(self, key: tuple[object, ...]) -> V | None:
        found = self.kept.get(key)
        if found is None or found[1] <= self.now():
            return None
        self.kept.move_to_end(key)
        return found[0]

    def put(self, key: tuple[object, ...], value: V, kept: timedelta | None) -> None:
        if kept is None:
            return
        self.kept[key] = (value, self.now() + kept)
        self.kept.move_to_end(key)
        if len(self.kept) > MOST_KEPT:
            self.kept.popitem(last=False)

    def drop(self, whose: Callable[[tuple[object, ...]], bool]) -> None:
        for key in [key for key in self.kept if whose(key)]:
            del self.kept[key]


def _kept(answer: Discovered | None) -> timedelta | None:
    """How long an answer holds; None: not at all."""
    match answer:
        case Found():
            return KEPT
        case Unsure():
            return None
        case _:
            return NO_KEPT


class Discovery:
    """Finds endpoints in one network."""

    def __init__(
        self, sml: sml.Sml, smp: smp.Smp, anchors: Anchors, revocation: Revocation, now: Now
    ) -> None:
        self._sml = sml
        self._smp = smp
        self._anchors = anchors
        self._revocation = revocation
        self._now = now
        self._memory: _Memory[Discovered] = _Memory(now)
        self._seen: _Memory[Capabilities] = _Memory(now)

    async def find(
        self, participant: Participant, document_type: DocumentType, process: Process
    ) -> Discovered:
        """The endpoint that takes the document of this participant now."""
        key = (participant, document_type, process)
        found = self._memory.get(key)
        if found is None:
            found = await self._ask(participant, document_type, process)
            self._memory.put(key, found, _kept(found))
        return found

    def forget(self, participant: Participant) -> None:
        """Drops what is remembered of a participant: a send has shown that it does not hold."""
        self._memory.drop(lambda key: key[0] == participant)
        self._seen.drop(lambda key: key[0] == participant)

    async def capabilities(self, participant: Participant) -> Capabilities:
        """All that the participant can receive; remembered as long as one endpoint is."""
        seen = self._seen.get((participant,))
        if seen is None:
            seen = await self._look(participant)
            answers = [seen.trouble, *(one.answer for one in seen.found)]
            kept = [_kept(answer) for answer in answers if answer is not None]
            whole = [one for one in kept if one is not None]
            shortest = min(whole, default=NO_KEPT) if len(whole) == len(kept) else None
            self._seen.put((participant,), seen, shortest)
        return seen

    async def _look(self, participant: Participant) -> Capabilities:
        at = self._now()
        located = await self._sml.locate(participant)
        if isinstance(located, sml.NotRegistered):
            return Capabilities(participant, at, trouble=_not_registered(participant))
        if isinstance(located, sml.Unavailable):
            return Capabilities(participant, at, trouble=_no_sml(located))
        group = await self._smp.group(located.url, participant)
        if isinstance(group, smp.Unavailable):
            trouble: No | Unsure = Unsure("smp_unavailable", group.text)
            return Capabilities(participant, at, located.url, trouble=trouble)
        if isinstance(group, smp.NotThere):
            trouble = No("not_at_publisher", f"{participant} is not with its publisher any more.")
            return Capabilities(participant, at, located.url, trouble=trouble)
        asked, room = group[:MOST_KINDS], asyncio.Semaphore(_AT_ONCE)

        async def receives(kind: DocumentType) -> list[Capability]:
            async with room:
                return await self._receives(located.url, participant, kind)

        rows = await asyncio.gather(*map(receives, asked))
        found = tuple(row for each in rows for row in each)
        left_out = len(group) - len(asked)
        return Capabilities(participant, at, located.url, found, None, left_out)

    async def _receives(
        self, publisher: str, participant: Participant, kind: DocumentType
    ) -> list[Capability]:
        said = await self._smp.service(publisher, participant, kind)
        if isinstance(said, smp.NotThere):
            answer = No("document_type_not_registered", _not_taken(participant))
            return [Capability(kind, None, answer)]
        if isinstance(said, smp.Unavailable):
            return [Capability(kind, None, Unsure("smp_unavailable", said.text))]
        rows = []
        for process, endpoints in said.service.processes:
            outcome = await self._chosen(said.service, process, ())
            counts = chosen(said.service, process, self._now())
            endpoint = counts or next(iter(endpoints), None)
            rows.append(Capability(kind, process, outcome, endpoint))
        return rows

    async def _ask(
        self, participant: Participant, document_type: DocumentType, process: Process
    ) -> Discovered:
        located = await self._sml.locate(participant)
        if isinstance(located, sml.NotRegistered):
            return _not_registered(participant)
        if isinstance(located, sml.Unavailable):
            return _no_sml(located)
        record = self._evidence("sml", "text/plain", located.record.encode())
        registered = document_type
        if document_type.scheme == WILDCARD_SCHEME:
            group = await self._smp.group(located.url, participant)
            if isinstance(group, smp.Unavailable):
                return Unsure("smp_unavailable", group.text, (record,))
            match = None if isinstance(group, smp.NotThere) else matching(document_type, group)
            if match is None:
                return No("document_type_not_registered", _not_taken(participant), (record,))
            registered = match
        said = await self._smp.service(located.url, participant, registered)
        if isinstance(said, smp.NotThere):
            return No("document_type_not_registered", _not_taken(participant), (record,))
        if isinstance(said, smp.Unavailable):
            return Unsure("smp_unavailable", said.text, (record,))
        evidence = (record, self._evidence("smp", "application/xml", said.content))
        return await self._chosen(said.service, process, evidence)

    async def _chosen(
        self, service: Service, process: Process, evidence: tuple[Evidence, ...]
    ) -> Discovered:
        endpoint = chosen(service, process, self._now())
        if endpoint is None:
            text = f"{service.participant} takes it, but not in this process over AS4."
            return No("process_not_registered", text, evidence)
        try:
            certificate = read_certificate(endpoint.certificate)
            authority = issuer(certificate, self._anchors, Purpose.ACCESS_POINT, self._now())
            await self._revocation.check(certificate, authority)
        except ValueError:
            text = "The receiving access point's certificate can not be read."
            return Unsure("certificate_unreadable", text, evidence)
        except Untrusted as error:
            code = "revocation_unknown" if error.flaw is Flaw.REVOCATION_UNKNOWN else "certificate"
            text = f"The receiving access point's certificate is not trusted: {error}."
            return Unsure(code, text, evidence)
        seat = common_name(certificate) or ""
        return Found(endpoint, certificate, seat, service.document_type, evidence)

    def _evidence(self, kind: str, media_type: str, content: bytes) -> Evidence:
        return Evidence(kind, media_type, content, self._now())


def _not_registered(participant: Participant) -> No:
    return No("not_registered", f"{participant} is not registered in Peppol.")


def _no_sml(located: sml.Unavailable) -> Unsure:
    return Unsure("sml_unavailable", located.text, answered=located.answered)


def _not_taken(participant: Participant) -> str:
    return f"{participant} is in Peppol, but does not take this kind of document."
