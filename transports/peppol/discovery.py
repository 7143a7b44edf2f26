"""Where a participant's documents go: the two steps of discovery, and what is remembered of them.

In charge of the order of questions, of what each answer means for us, and of the cache. Not in
charge of asking DNS (`sml`) or a publisher (`smp`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

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
    """One thing that a participant can receive, for people who look it up."""

    document_type: DocumentType
    service: Service | None  # None: the publisher could not be asked, or is not trusted
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """All that a participant can receive."""

    participant: Participant
    publisher: str | None
    found: tuple[Capability, ...] = ()
    trouble: str = ""  # why there is nothing


@dataclass(slots=True)
class _Memory:
    """What was found, until when; the least used goes first."""

    now: Now
    kept: OrderedDict[tuple[object, ...], tuple[Discovered, datetime]] = field(
        default_factory=OrderedDict
    )

    def get(self, key: tuple[object, ...]) -> Discovered | None:
        found = self.kept.get(key)
        if found is None or found[1] <= self.now():
            return None
        self.kept.move_to_end(key)
        return found[0]

    def put(self, key: tuple[object, ...], value: Discovered) -> None:
        if isinstance(value, Unsure):
            return
        self.kept[key] = (value, self.now() + (KEPT if isinstance(value, Found) else NO_KEPT))
        self.kept.move_to_end(key)
        if len(self.kept) > MOST_KEPT:
            self.kept.popitem(last=False)

    def drop(self, whose: Callable[[tuple[object, ...]], bool]) -> None:
        for key in [key for key in self.kept if whose(key)]:
            del self.kept[key]


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
        self._memory = _Memory(now)

    async def find(
        self, participant: Participant, document_type: DocumentType, process: Process
    ) -> Discovered:
        """The endpoint that takes the document of this participant now."""
        key = (participant, document_type, process)
        found = self._memory.get(key)
        if found is None:
            found = await self._ask(participant, document_type, process)
            self._memory.put(key, found)
        return found

    def forget(self, participant: Participant) -> None:
        """Drops what is remembered of a participant: a send has shown that it does not hold."""
        self._memory.drop(lambda key: key[0] == participant)

    async def capabilities(self, participant: Participant) -> Capabilities:
        """All that the participant can receive, asked anew."""
        located = await self._sml.locate(participant)
        if isinstance(located, sml.NotRegistered):
            return Capabilities(participant, None, trouble="It is not registered in Peppol.")
        if isinstance(located, sml.Unavailable):
            return Capabilities(participant, None, trouble=located.text)
        group = await self._smp.group(located.url, participant)
        if not isinstance(group, list):
            text = group.text if isinstance(group, smp.Unavailable) else f"404 at {group.url}"
            return Capabilities(participant, located.url, trouble=text)
        rows = []
        for kind in group:
            said = await self._smp.service(located.url, participant, kind)
            match said:
                case smp.Said():
                    rows.append(Capability(kind, said.service))
                case smp.NotThere():
                    rows.append(Capability(kind, None, "The publisher does not know it any more."))
                case smp.Unavailable():
                    rows.append(Capability(kind, None, said.text))
        return Capabilities(participant, located.url, tuple(rows))

    async def _ask(
        self, participant: Participant, document_type: DocumentType, process: Process
    ) -> Discovered:
        located = await self._sml.locate(participant)
        if isinstance(located, sml.NotRegistered):
            return No("not_registered", f"{participant} is not registered in Peppol.")
        if isinstance(located, sml.Unavailable):
            return Unsure("sml_unavailable", located.text, answered=located.answered)
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


def _not_taken(participant: Participant) -> str:
    return f"{participant} is in Peppol, but does not take this kind of document."
