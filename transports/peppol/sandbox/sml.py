"""A locator (SML) on loopback: publishers tell it by SOAP whom they have, and DNS says so.

Who asks is known by the certificate of the connection, as in the real one. It can be told to fail:
the worst is to do what is asked and lose the answer.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from schemas.identifiers import PARTICIPANT_META_SCHEME, Participant
from transports.peppol import tls
from transports.peppol.migration_key import faults
from transports.peppol.pki.keys import KeyInMemory
from transports.peppol.service_metadata import IDS, Malformed, parse
from transports.peppol.sml_admin import (
    BDMSL,
    LOCATOR,
    PARTICIPANTS,
    PUBLISHERS,
    SERVICE,
    SOAP,
    Address,
    Fault,
)

PAGE: Final = 10  # participants in a page of the list


class Behaviour(StrEnum):
    """How it answers."""

    ANSWER = "answer"
    LOSE_ANSWER = "lose_answer"  # it does what is asked, and the connection breaks
    HANG = "hang"  # it does what is asked, and never says so
    FAIL = "fail"  # an internal error, as SOAP
    BROKEN = "broken"  # a page in HTML, with 502


@dataclass
class _Publisher:
    address: Address
    certificate: bytes  # its fingerprint
    next_certificate: bytes | None = None


class _Wrong(Exception):
    """What is answered instead."""

    def __init__(self, fault: Fault, text: str) -> None:
        self.fault = fault
        super().__init__(text)


@dataclass
class Locator:
    """Who is registered with whom. `point` tells DNS; None takes a participant out of it."""

    point: Callable[[Participant, str | None], None]
    publishers: dict[str, _Publisher] = field(default_factory=dict)
    participants: dict[Participant, str] = field(default_factory=dict)
    keys: dict[Participant, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)  # the elements of the requests
    behaviour: Behaviour = Behaviour.ANSWER
    url: str = ""
    _runner: web.AppRunner | None = None

    async def start(
        self, host: str, server: KeyInMemory, publisher_cas: Sequence[x509.Certificate]
    ) -> None:
        """Listens, with TLS that asks for the certificate of a publisher."""
        context = await asyncio.to_thread(_context, server, publisher_cas)
        app = web.Application(client_max_size=1024 * 1024)
        app.add_routes([web.post("/edelivery-sml/{service}", self._post)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        listening = socket.create_server((host, 0))
        await web.SockSite(self._runner, listening, ssl_context=context).start()
        self.url = f"https://{host}:{listening.getsockname()[1]}/edelivery-sml"

    async def stop(self) -> None:
        """Stops listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    def settle(self, publisher_id: str, url: str, certificate: x509.Certificate) -> None:
        """Makes a publisher known without its asking."""
        self.publishers[publisher_id] = _Publisher(Address(url, "127.0.0.1"), _print(certificate))

    def enter(self, participant: Participant, publisher_id: str) -> None:
        """Registers a participant without its publisher's asking."""
        self.participants[participant] = publisher_id
        self.point(participant, self.publishers[publisher_id].address.logical)

    # --- HTTP and SOAP ---

    async def _post(self, request: web.Request) -> web.StreamResponse:
        if self.behaviour is Behaviour.BROKEN:
            return web.Response(status=502, text="<html><br>Bad gateway", content_type="text/html")
        assert request.transport is not None
        der = request.transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
        try:
            if self.behaviour is Behaviour.FAIL:
                raise _Wrong(Fault.INTERNAL, "[ERR-105] The DNS server does not answer.")
            body = _body(await request.read())
            self.asked.append(etree.QName(body).localname)
            caller = _print(x509.load_der_x509_certificate(der))
            answer = _soap(self._do(request.match_info["service"], body, caller), 200)
        except _Wrong as wrong:
            answer = _soap(_fault(wrong), _STATUS[wrong.fault])
        if self.behaviour is Behaviour.LOSE_ANSWER:
            request.transport.abort()
        if self.behaviour is Behaviour.HANG:
            await asyncio.Future()
        return answer

    def _do(self, service: str, body: etree._Element, caller: bytes) -> etree._Element | None:
        name = etree.QName(body).localname
        operation = _OPERATIONS.get((service, name))
        if operation is None:
            raise _Wrong(Fault.BAD_REQUEST, f"[ERR-104] {service} has no operation {name}.")
        return operation(self, body, caller)

    # --- publishers ---

    def _create_publisher(self, body: etree._Element, caller: bytes) -> None:
        id_ = _id(body)
        if id_ in self.publishers:
            raise _Wrong(Fault.BAD_REQUEST, f"[ERR-106] The SMP '{id_}' already exists.")
        self.publishers[id_] = _Publisher(_address(body), caller)

    def _update_publisher(self, body: etree._Element, caller: bytes) -> None:
        id_ = self._own(body, caller)
        self.publishers[id_].address = _address(body)
        for participant, publisher in self.participants.items():
            if publisher == id_:
                self.point(participant, self.publishers[id_].address.logical)

    def _read_publisher(self, body: etree._Element, caller: bytes) -> etree._Element:
        id_ = self._own(body, caller)
        at = self.publishers[id_].address
        root = etree.Element(_lrs("ServiceMetadataPublisherService"), nsmap={"lrs": LOCATOR})
        endpoint = etree.SubElement(root, _lrs("PublisherEndpoint"))
        etree.SubElement(endpoint, _lrs("LogicalAddress")).text = at.logical
        etree.SubElement(endpoint, _lrs("PhysicalAddress")).text = at.physical
        etree.SubElement(root, _lrs("ServiceMetadataPublisherID")).text = id_
        return root

    def _announce(self, body: etree._Element, caller: bytes) -> None:
        pem = body.findtext(f"{{{BDMSL}}}newCertificatePublicKey") or ""
        try:
            coming = _print(x509.load_pem_x509_certificate(pem.encode()))
        except ValueError:
            raise _Wrong(Fault.BAD_REQUEST, "[ERR-104] It is no certificate.") from None
        for publisher in self.publishers.values():
            if publisher.certificate == caller:
                publisher.next_certificate = coming

    # --- participants ---

    def _create(self, body: etree._Element, caller: bytes) -> None:
        id_, participant = self._own(body, caller), _participant(body)
        if participant in self.participants:
            text = f"[ERR-106] The participant identifier [{participant}] already exist."
            raise _Wrong(Fault.BAD_REQUEST, text)
        self.enter(participant, id_)

    def _delete(self, body: etree._Element, caller: bytes) -> None:
        participant = self._mine(body, caller)
        del self.participants[participant]
        self.keys.pop(participant, None)
        self.point(participant, None)

    def _list(self, body: etree._Element, caller: bytes) -> etree._Element:
        id_ = self._own(body, caller)
        own = sorted(str(one) for one, whose in self.participants.items() if whose == id_)
        start = int(body.findtext(_lrs("NextPageIdentifier")) or "0")
        root = etree.Element(_lrs("ParticipantIdentifierPage"), nsmap={"lrs": LOCATOR, "ids": IDS})
        for text in own[start : start + PAGE]:
            element = etree.SubElement(root, f"{{{IDS}}}ParticipantIdentifier")
            element.set("scheme", PARTICIPANT_META_SCHEME)
            element.text = text.lower()  # as the real one keeps them
        etree.SubElement(root, _lrs("ServiceMetadataPublisherID")).text = id_
        if start + PAGE < len(own):
            etree.SubElement(root, _lrs("NextPageIdentifier")).text = str(start + PAGE)
        return root

    def _prepare(self, body: etree._Element, caller: bytes) -> None:
        participant = self._mine(body, caller)
        key = body.findtext(_lrs("MigrationKey")) or ""
        wrong = faults(key)
        if wrong:
            raise _Wrong(Fault.BAD_REQUEST, f"[ERR-104] The migration key {'; '.join(wrong)}.")
        self.keys[participant] = key

    def _migrate(self, body: etree._Element, caller: bytes) -> None:
        id_, participant = self._own(body, caller), _participant(body)
        key = body.findtext(_lrs("MigrationKey")) or ""
        if participant not in self.participants or self.keys.get(participant) != key:
            text = f"[ERR-100] There is no migration of [{participant}] with this key."
            raise _Wrong(Fault.NOT_FOUND, text)
        del self.keys[participant]
        self.enter(participant, id_)

    def _own(self, body: etree._Element, caller: bytes) -> str:
        """The publisher that the request names, which must be who asks."""
        id_ = _id(body)
        publisher = self.publishers.get(id_)
        if publisher is None:
            raise _Wrong(Fault.NOT_FOUND, f"[ERR-100] The SMP '{id_}' doesn't exist.")
        if caller == publisher.next_certificate:
            publisher.certificate, publisher.next_certificate = caller, None
        if caller != publisher.certificate:
            text = f"[ERR-101] The SMP '{id_}' was not created with this certificate."
            raise _Wrong(Fault.UNAUTHORIZED, text)
        return id_

    def _mine(self, body: etree._Element, caller: bytes) -> Participant:
        id_, participant = self._own(body, caller), _participant(body)
        if participant not in self.participants:
            text = f"[ERR-100] The participant identifier [{participant}] doesn't exist."
            raise _Wrong(Fault.NOT_FOUND, text)
        if self.participants[participant] != id_:
            text = f"[ERR-101] The participant [{participant}] is another SMP's."
            raise _Wrong(Fault.UNAUTHORIZED, text)
        return participant


_Operation = Callable[[Locator, etree._Element, bytes], "etree._Element | None"]

_OPERATIONS: Final[dict[tuple[str, str], _Operation]] = {
    (PUBLISHERS, "CreateServiceMetadataPublisherService"): Locator._create_publisher,
    (PUBLISHERS, "UpdateServiceMetadataPublisherService"): Locator._update_publisher,
    (PUBLISHERS, "ReadServiceMetadataPublisherService"): Locator._read_publisher,
    (SERVICE, "PrepareChangeCertificate"): Locator._announce,
    (PARTICIPANTS, "CreateParticipantIdentifier"): Locator._create,
    (PARTICIPANTS, "DeleteParticipantIdentifier"): Locator._delete,
    (PARTICIPANTS, "PageRequest"): Locator._list,
    (PARTICIPANTS, "PrepareMigrationRecord"): Locator._prepare,
    (PARTICIPANTS, "CompleteMigrationRecord"): Locator._migrate,
}

# As the real one has been seen to answer.
_STATUS: Final = {
    Fault.BAD_REQUEST: 400,
    Fault.NOT_FOUND: 404,
    Fault.UNAUTHORIZED: 401,
    Fault.INTERNAL: 500,
}


def _context(server: KeyInMemory, publisher_cas: Sequence[x509.Certificate]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.show(context, server)
    context.verify_mode = ssl.CERT_REQUIRED
    pem = b"".join(one.public_bytes(Encoding.PEM) for one in publisher_cas)
    context.load_verify_locations(cadata=pem.decode())
    return context


def _body(content: bytes) -> etree._Element:
    try:
        found = parse(content).find(f"{{{SOAP}}}Body")
    except Malformed as error:
        raise _Wrong(Fault.BAD_REQUEST, str(error)) from None
    if found is None or len(found) != 1:
        raise _Wrong(Fault.BAD_REQUEST, "[ERR-104] The SOAP body must hold one element.")
    return found[0]


def _soap(content: etree._Element | None, status: int) -> web.Response:
    envelope = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap": SOAP})
    body = etree.SubElement(envelope, f"{{{SOAP}}}Body")
    if content is not None:
        body.append(content)
    text = etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")
    return web.Response(status=status, body=text, content_type="text/xml", charset="utf-8")


def _fault(wrong: _Wrong) -> etree._Element:
    fault = etree.Element(f"{{{SOAP}}}Fault", nsmap={"soap": SOAP})
    etree.SubElement(fault, "faultcode").text = "soap:Server"
    etree.SubElement(fault, "faultstring").text = str(wrong)
    detail = etree.SubElement(etree.SubElement(fault, "detail"), _lrs(wrong.fault))
    etree.SubElement(detail, _lrs("FaultMessage")).text = str(wrong)
    return fault


def _id(body: etree._Element) -> str:
    return (body.findtext(_lrs("ServiceMetadataPublisherID")) or "").strip()


def _address(body: etree._Element) -> Address:
    logical, physical = (
        (body.findtext(f"{_lrs('PublisherEndpoint')}/{_lrs(name)}") or "").strip()
        for name in ("LogicalAddress", "PhysicalAddress")
    )
    if not logical or not physical:
        raise _Wrong(Fault.BAD_REQUEST, "[ERR-104] The addresses of the SMP are missing.")
    return Address(logical, physical)


def _participant(body: etree._Element) -> Participant:
    found = body.find(f"{{{IDS}}}ParticipantIdentifier")
    try:
        if found is None or found.get("scheme") != PARTICIPANT_META_SCHEME:
            raise ValueError("there is none of Peppol's scheme")
        return Participant.parse((found.text or "").strip())
    except ValueError as error:
        raise _Wrong(Fault.BAD_REQUEST, f"[ERR-104] The participant: {error}.") from None


def _print(certificate: x509.Certificate) -> bytes:
    return certificate.fingerprint(SHA256())


def _lrs(name: str) -> str:
    return f"{{{LOCATOR}}}{name}"
