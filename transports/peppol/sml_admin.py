"""The network's locator (SML), told by a publisher which participants it has.

In charge of the SOAP messages (1.1, document/literal) and of telling an answer from a silence. Not
in charge of what an answer means for a participant (`registrar`), nor of asking DNS (`sml`). Who
asks is known by the certificate of the TLS connection: the publisher's.
Source: Peppol SML 1.3.0, services ManageServiceMetadata and ManageBusinessIdentifier; the
certificate's renewal is of BDMSL, the program that the SML is.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from schemas.identifiers import PARTICIPANT_META_SCHEME, Participant
from transports.peppol.publishing import Settled, Unsettled
from transports.peppol.service_metadata import IDS, Malformed, parse

PRODUCTION: Final = "https://api.sml.prod.tech.peppol.org/edelivery-sml"
TEST: Final = "https://api.sml.test.tech.peppol.org/edelivery-sml"

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
LOCATOR: Final = "http://busdox.org/serviceMetadata/locator/1.0/"
BDMSL: Final = "ec:services:wsdl:BDMSL:data:1.0"

PUBLISHERS: Final = "manageservicemetadata"  # paths below the base address
PARTICIPANTS: Final = "manageparticipantidentifier"
SERVICE: Final = "bdmslservice"

_METADATA: Final = "http://busdox.org/serviceMetadata/ManageServiceMetadataService/1.0/:"
# The line break before the colon stands in the WSDL; as an attribute's value it is these blanks.
_IDENTIFIER: Final = (
    "http://busdox.org/serviceMetadata/ManageBusinessIdentifierService/1.0/         :"
)
_RENEWAL: Final = "ec:services:wsdl:BDMSL:1.0:"

_TIMEOUT: Final = aiohttp.ClientTimeout(total=60, connect=10)
_MOST_BYTES: Final = 16 * 1024 * 1024  # a page of the list


class Fault(StrEnum):
    """What the SML says when it does not do it."""

    BAD_REQUEST = "BadRequestFault"  # also: it is there already
    NOT_FOUND = "NotFoundFault"
    UNAUTHORIZED = "UnauthorizedFault"
    INTERNAL = "InternalErrorFault"


@dataclass(frozen=True, slots=True)
class Faulted:
    """The SML has said no; `text` is its own."""

    fault: Fault
    text: str


@dataclass(frozen=True, slots=True)
class Address:
    """Where a publisher is: the URL that DNS gives out, and its IP address."""

    logical: str
    physical: str


Answer = Settled | Faulted | Unsettled


class SmlAdmin:
    """One publisher's way into the SML. `session` stays its maker's to close."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        publisher_id: str,
        tls: ssl.SSLContext,
    ) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._tls = tls
        self.publisher_id = publisher_id

    # --- participants ---

    async def create(self, participant: Participant) -> Answer:
        """Enters a participant as this publisher's."""
        body = self._of(participant, "CreateParticipantIdentifier")
        return await self._done(PARTICIPANTS, f"{_IDENTIFIER}createIn", body)

    async def delete(self, participant: Participant) -> Answer:
        """Takes a participant of this publisher out."""
        body = self._of(participant, "DeleteParticipantIdentifier")
        return await self._done(PARTICIPANTS, f"{_IDENTIFIER}deleteIn", body)

    async def prepare(self, participant: Participant, key: str) -> Answer:
        """Lets whoever has the key take the participant over. A later key takes its place."""
        body = self._of(participant, "PrepareMigrationRecord", key)
        return await self._done(PARTICIPANTS, f"{_IDENTIFIER}prepareMigrateIn", body)

    async def migrate(self, participant: Participant, key: str) -> Answer:
        """Takes over a participant that another publisher has prepared with this key."""
        body = self._of(participant, "CompleteMigrationRecord", key)
        return await self._done(PARTICIPANTS, f"{_IDENTIFIER}migrateIn", body)

    async def holds(self, participant: Participant) -> bool | Faulted | Unsettled:
        """Whether the participant is this publisher's, by the SML's own list. The list comes in
        pages: it is for when there is doubt."""
        page, read = "", set[str]()
        while page not in read:
            read.add(page)
            body = etree.Element(_lrs("PageRequest"), nsmap={"lrs": LOCATOR})
            self._publisher_id(body)
            if page:
                etree.SubElement(body, _lrs("NextPageIdentifier")).text = page
            said = await self._asked(PARTICIPANTS, f"{_IDENTIFIER}listIn", body)
            if isinstance(said, Faulted | Unsettled):
                return said
            found = said.find(f".//{_lrs('ParticipantIdentifierPage')}")
            if found is None:
                return Unsettled("sml_unreadable", "The SML's list of participants is none.")
            if any(one == participant for one in _participants(found)):
                return True
            page = (found.findtext(_lrs("NextPageIdentifier")) or "").strip()
            if not page:
                return False
        return Unsettled("sml_unreadable", "The SML's list of participants goes round.")

    # --- the publisher itself ---

    async def create_publisher(self, at: Address) -> Answer:
        """Makes this publisher known."""
        body = self._publisher("CreateServiceMetadataPublisherService", at)
        return await self._done(PUBLISHERS, f"{_METADATA}createIn", body)

    async def update_publisher(self, at: Address) -> Answer:
        """Changes where this publisher is, for all its participants."""
        body = self._publisher("UpdateServiceMetadataPublisherService", at)
        return await self._done(PUBLISHERS, f"{_METADATA}updateIn", body)

    async def read_publisher(self) -> Address | Faulted | Unsettled:
        """Where the SML has this publisher."""
        body = self._publisher("ReadServiceMetadataPublisherService", Address("", ""))
        said = await self._asked(PUBLISHERS, f"{_METADATA}readIn", body)
        if isinstance(said, Faulted | Unsettled):
            return said
        found = said.find(f".//{_lrs('PublisherEndpoint')}")
        if found is None:
            return Unsettled("sml_unreadable", "The SML says of our publisher nothing readable.")
        logical, physical = (found.findtext(_lrs(f"{one}Address")) for one in _KINDS_OF_ADDRESS)
        return Address((logical or "").strip(), (physical or "").strip())

    async def announce_certificate(self, certificate: x509.Certificate, on: date | None) -> Answer:
        """Says which certificate this publisher comes with next: without it the SML refuses it.
        `on`: from which day; None: from the new one's first day."""
        body = etree.Element(f"{{{BDMSL}}}PrepareChangeCertificate", nsmap={"bdmsl": BDMSL})
        pem = certificate.public_bytes(Encoding.PEM).decode()
        etree.SubElement(body, f"{{{BDMSL}}}newCertificatePublicKey").text = pem
        if on is not None:
            etree.SubElement(body, f"{{{BDMSL}}}migrationDate").text = on.isoformat()
        return await self._done(SERVICE, f"{_RENEWAL}prepareChangeCertificateIn", body)

    # --- messages ---

    def _of(self, participant: Participant, name: str, key: str | None = None) -> etree._Element:
        body = etree.Element(_lrs(name), nsmap={"lrs": LOCATOR, "ids": IDS})
        self._publisher_id(body)
        identifier = etree.SubElement(
            body, f"{{{IDS}}}ParticipantIdentifier", scheme=PARTICIPANT_META_SCHEME
        )
        identifier.text = str(participant)
        if key is not None:
            etree.SubElement(body, _lrs("MigrationKey")).text = key
        return body

    def _publisher(self, name: str, at: Address) -> etree._Element:
        body = etree.Element(_lrs(name), nsmap={"lrs": LOCATOR})
        endpoint = etree.SubElement(body, _lrs("PublisherEndpoint"))
        etree.SubElement(endpoint, _lrs("LogicalAddress")).text = at.logical
        etree.SubElement(endpoint, _lrs("PhysicalAddress")).text = at.physical
        self._publisher_id(body)
        return body

    def _publisher_id(self, body: etree._Element) -> None:
        etree.SubElement(body, _lrs("ServiceMetadataPublisherID")).text = self.publisher_id

    async def _done(self, path: str, action: str, body: etree._Element) -> Answer:
        said = await self._asked(path, action, body)
        return said if isinstance(said, Faulted | Unsettled) else Settled()

    async def _asked(
        self, path: str, action: str, body: etree._Element
    ) -> etree._Element | Faulted | Unsettled:
        """The body of the answer."""
        envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap": SOAP})
        etree.SubElement(envelope, f"{{{SOAP}}}Body").append(body)
        content = etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action}"'}
        url = f"{self._url}/{path}"
        try:
            async with self._session.post(
                url,
                data=content,
                headers=headers,
                ssl=self._tls,
                timeout=_TIMEOUT,
                allow_redirects=False,
            ) as response:
                answer = bytearray()
                async for piece in response.content.iter_chunked(65536):
                    answer += piece
                    if len(answer) > _MOST_BYTES:
                        return Unsettled("sml_unreadable", "The SML's answer has no end.")
                return _read(bytes(answer), response.status)
        except (aiohttp.ClientError, TimeoutError, ssl.SSLError, OSError) as error:
            return Unsettled("sml_unavailable", f"{url}: {type(error).__name__}: {error}")


_KINDS_OF_ADDRESS: Final = ("Logical", "Physical")


def _read(answer: bytes, status: int) -> etree._Element | Faulted | Unsettled:
    """The SOAP body, or what its fault says. Faults come with 500, but with 400 and 404 as well."""
    try:
        root = parse(answer)
    except Malformed as error:
        return Unsettled("sml_unreadable", f"The SML answered {status}, and {error}.")
    body = root.find(f"{{{SOAP}}}Body")
    if root.tag != f"{{{SOAP}}}Envelope" or body is None:
        return Unsettled("sml_unreadable", f"The SML answered {status} with no SOAP message.")
    fault = body.find(f"{{{SOAP}}}Fault")
    if fault is None:
        if status == 200:
            return body
        return Unsettled("sml_unavailable", f"The SML answered {status}.")
    for kind in Fault:
        detail = fault.find(f"detail/{_lrs(kind)}")
        if detail is not None:
            text = detail.findtext(_lrs("FaultMessage")) or fault.findtext("faultstring") or kind
            return Faulted(kind, " ".join(text.split())[:500])
    text = " ".join((fault.findtext("faultstring") or "a fault without a name").split())
    return Unsettled("sml_fault", f"The SML answered: {text[:500]}")


def _participants(page: etree._Element) -> Iterable[Participant]:
    for one in page.iterfind(f"{{{IDS}}}ParticipantIdentifier"):
        try:
            yield Participant.parse((one.text or "").strip())
        except ValueError:  # of another network's kind
            continue


def _lrs(name: str) -> str:
    return f"{{{LOCATOR}}}{name}"
