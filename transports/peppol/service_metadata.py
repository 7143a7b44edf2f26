"""Service metadata: what a participant can receive, and where, as the publisher's XML says it.

In charge of reading and writing the XML, and of choosing an endpoint. Not in charge of signatures
(`metadata_signature`), nor of asking for it (`smp`).
Source: Peppol SMP 1.4.0; Policy for use of identifiers 4.4.0 (wildcards).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote, unquote

from lxml import etree

from schemas.identifiers import (
    DOCUMENT_TYPE_SCHEME,
    PARTICIPANT_META_SCHEME,
    DocumentType,
    Participant,
    Process,
)

SMP: Final = "http://busdox.org/serviceMetadata/publishing/1.0/"
IDS: Final = "http://busdox.org/transport/identifiers/1.0/"
WSA: Final = "http://www.w3.org/2005/08/addressing"

AS4_PROFILE: Final = "peppol-transport-as4-v2_0"
WILDCARD_SCHEME: Final = "peppol-doctype-wildcard"


class Malformed(ValueError):
    """It is not what a publisher should answer; the text says why."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where documents of one process are taken. `certificate` is DER."""

    transport_profile: str
    address: str
    certificate: bytes
    activated_at: datetime | None = None
    expires_at: datetime | None = None
    description: str = ""
    contact: str = ""

    def is_active(self, at: datetime) -> bool:
        """Whether it counts at this time."""
        return (self.activated_at is None or self.activated_at <= at) and (
            self.expires_at is None or at < self.expires_at
        )


@dataclass(frozen=True, slots=True)
class Service:
    """What a participant's publisher says of one document type."""

    participant: Participant
    document_type: DocumentType
    processes: tuple[tuple[Process, tuple[Endpoint, ...]], ...]


@dataclass(frozen=True, slots=True)
class Redirect:
    """Another publisher has it; `certificate_uid` is the subject of its certificate.

    `document_type` is what it is for, where we publish it ourselves; None: for all. An answer does
    not say it.
    """

    url: str
    certificate_uid: str
    document_type: DocumentType | None = None


def group_path(participant: Participant) -> str:
    """The path of a participant's service group below the publisher's address."""
    return f"/{quote(participant.uri, safe='')}"


def service_path(participant: Participant, document_type: DocumentType) -> str:
    """The path of what the publisher says of one document type."""
    return f"{group_path(participant)}/services/{quote(str(document_type), safe='')}"


def card_path(participant: Participant) -> str:
    """The path of a participant's business card."""
    return f"/businesscard{group_path(participant)}"


# --- choosing -----------------------------------------------------------------------------------


def chosen(service: Service, process: Process, at: datetime) -> Endpoint | None:
    """The endpoint for a process over AS4 that is active; None when there is none."""
    endpoints = (
        endpoint
        for known, endpoints in service.processes
        if known == process
        for endpoint in endpoints
    )
    return next(
        (
            endpoint
            for endpoint in endpoints
            if endpoint.transport_profile == AS4_PROFILE and endpoint.is_active(at)
        ),
        None,
    )


def matching(wanted: DocumentType, registered: Iterable[DocumentType]) -> DocumentType | None:
    """The registered document type that takes `wanted`; wildcards only where the scheme has them.

    Only the customization differs: first as it is, then with `*` behind it, then cut at each `@`
    from the end, with `*` again.
    """
    of_scheme = [one for one in registered if one.scheme == wanted.scheme]
    if wanted.scheme != WILDCARD_SCHEME:
        return wanted if wanted in of_scheme else None
    kin = {
        one.customization: one
        for one in of_scheme
        if (one.namespace, one.root, one.version) == (wanted.namespace, wanted.root, wanted.version)
    }
    name = wanted.customization.removesuffix("*")
    if "*" in name:
        return None
    candidates = [name, f"{name}*"]
    while "@" in name:
        name = name.rpartition("@")[0]
        candidates.append(f"{name}*")
    return next((kin[one] for one in candidates if one in kin), None)


# --- reading ------------------------------------------------------------------------------------


def parse(content: bytes) -> etree._Element:
    """The root of a publisher's answer, read safely. Raises Malformed."""
    if b"<!DOCTYPE" in content:
        raise Malformed("the answer has a DOCTYPE")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise Malformed(f"the answer is not well-formed: {error.msg}") from None


def read_group(root: etree._Element) -> list[DocumentType]:
    """The document types of a service group; references that can not be read are passed over."""
    if root.tag != _smp("ServiceGroup"):
        raise Malformed("the answer is no ServiceGroup")
    references = root.iterfind(f"{_smp('ServiceMetadataReferenceCollection')}/*")
    found = []
    for reference in references:
        _, between, tail = reference.get("href", "").partition("/services/")
        scheme, colons, value = unquote(tail).partition("::")
        if between and colons:
            try:
                found.append(DocumentType(value, scheme))
            except ValueError:
                continue
    return found


def read_service(root: etree._Element) -> Service | Redirect:
    """What a SignedServiceMetadata says. Raises Malformed."""
    signed = root.find(_smp("ServiceMetadata"))
    if root.tag != _smp("SignedServiceMetadata") or signed is None:
        raise Malformed("the answer is no SignedServiceMetadata")
    return read_metadata(signed)


def read_metadata(root: etree._Element) -> Service | Redirect:
    """What a ServiceMetadata says, which has no signature: as publishers are told it. Raises
    Malformed."""
    if root.tag != _smp("ServiceMetadata") or len(root) != 1:
        raise Malformed("it is no ServiceMetadata with one thing in it")
    (inside,) = root
    if inside.tag == _smp("Redirect"):
        uid = (inside.findtext(_smp("CertificateUID")) or "").strip()
        return Redirect(inside.get("href", ""), uid)
    try:
        return Service(
            _participant(inside), _document_type(inside), tuple(map(_process, _processes(inside)))
        )
    except ValueError as error:
        raise Malformed(str(error)) from None


def _participant(inside: etree._Element) -> Participant:
    found = _only(inside, f"{{{IDS}}}ParticipantIdentifier")
    if found.get("scheme") != PARTICIPANT_META_SCHEME:
        raise Malformed("the participant's scheme is not Peppol's")
    return Participant.parse((found.text or "").strip())


def _document_type(inside: etree._Element) -> DocumentType:
    found = _only(inside, f"{{{IDS}}}DocumentIdentifier")
    return DocumentType((found.text or "").strip(), found.get("scheme", DOCUMENT_TYPE_SCHEME))


def _processes(inside: etree._Element) -> Sequence[etree._Element]:
    return inside.findall(f"{_smp('ProcessList')}/{_smp('Process')}")


def _process(element: etree._Element) -> tuple[Process, tuple[Endpoint, ...]]:
    name = _only(element, f"{{{IDS}}}ProcessIdentifier")
    process = Process((name.text or "").strip(), name.get("scheme", ""))
    endpoints = element.iterfind(f"{_smp('ServiceEndpointList')}/{_smp('Endpoint')}")
    return process, tuple(map(_endpoint, endpoints))


def _endpoint(element: etree._Element) -> Endpoint:
    address = element.findtext(f"{{{WSA}}}EndpointReference/{{{WSA}}}Address") or ""
    return Endpoint(
        element.get("transportProfile", ""),
        address.strip(),
        _certificate(element.findtext(_smp("Certificate")) or ""),
        _time(element, "ServiceActivationDate"),
        _time(element, "ServiceExpirationDate"),
        (element.findtext(_smp("ServiceDescription")) or "").strip(),
        (element.findtext(_smp("TechnicalContactUrl")) or "").strip(),
    )


def _certificate(text: str) -> bytes:
    """DER out of base64; some publishers leave PEM's markers in it."""
    return base64.b64decode("".join(re.sub(r"-----[A-Z ]+-----", "", text).split()), validate=True)


def _time(element: etree._Element, name: str) -> datetime | None:
    text = (element.findtext(_smp(name)) or "").strip()
    if not text:
        return None
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        return found.replace(tzinfo=UTC)  # xs:dateTime without a zone: the gateway's is UTC
    return found


def _only(element: etree._Element, tag: str) -> etree._Element:
    found = element.findall(tag)
    if len(found) != 1:
        raise Malformed(f"{etree.QName(tag).localname} must stand once")
    return found[0]


def _smp(name: str) -> str:
    return f"{{{SMP}}}{name}"


# --- writing ------------------------------------------------------------------------------------


def write_group(
    participant: Participant, document_types: Iterable[DocumentType], base_url: str
) -> etree._Element:
    """A service group, as our own publisher answers it."""
    root = etree.Element(_smp("ServiceGroup"), nsmap={"smp": SMP, "id": IDS})
    _identifier(root, "ParticipantIdentifier", str(participant), PARTICIPANT_META_SCHEME)
    collection = etree.SubElement(root, _smp("ServiceMetadataReferenceCollection"))
    for one in document_types:
        href = f"{base_url}{service_path(participant, one)}"
        etree.SubElement(collection, _smp("ServiceMetadataReference"), href=href)
    return root


def write_service(service: Service | Redirect) -> etree._Element:
    """A SignedServiceMetadata that still lacks its signature."""
    root = etree.Element(_smp("SignedServiceMetadata"), nsmap={"smp": SMP, "id": IDS, "wsa": WSA})
    root.append(metadata(service))
    return root


def metadata(service: Service | Redirect) -> etree._Element:
    """A ServiceMetadata."""
    root = etree.Element(_smp("ServiceMetadata"), nsmap={"smp": SMP, "id": IDS, "wsa": WSA})
    if isinstance(service, Redirect):
        redirect = etree.SubElement(root, _smp("Redirect"), href=service.url)
        etree.SubElement(redirect, _smp("CertificateUID")).text = service.certificate_uid
        return root
    inside = etree.SubElement(root, _smp("ServiceInformation"))
    _identifier(inside, "ParticipantIdentifier", str(service.participant), PARTICIPANT_META_SCHEME)
    kind = service.document_type
    _identifier(inside, "DocumentIdentifier", kind.value, kind.scheme)
    processes = etree.SubElement(inside, _smp("ProcessList"))
    for process, endpoints in service.processes:
        element = etree.SubElement(processes, _smp("Process"))
        _identifier(element, "ProcessIdentifier", process.value, process.scheme)
        listed = etree.SubElement(element, _smp("ServiceEndpointList"))
        for endpoint in endpoints:
            _write_endpoint(listed, endpoint)
    return root


def _write_endpoint(listed: etree._Element, endpoint: Endpoint) -> None:
    element = etree.SubElement(
        listed, _smp("Endpoint"), transportProfile=endpoint.transport_profile
    )
    reference = etree.SubElement(element, f"{{{WSA}}}EndpointReference")
    etree.SubElement(reference, f"{{{WSA}}}Address").text = endpoint.address
    rows: list[tuple[str, str | None]] = [
        ("RequireBusinessLevelSignature", "false"),
        ("ServiceActivationDate", _written(endpoint.activated_at)),
        ("ServiceExpirationDate", _written(endpoint.expires_at)),
        ("Certificate", base64.b64encode(endpoint.certificate).decode()),
        ("ServiceDescription", endpoint.description),
        ("TechnicalContactUrl", endpoint.contact),
    ]
    for name, text in rows:
        if text is not None:
            etree.SubElement(element, _smp(name)).text = text


def _written(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")


def _identifier(parent: etree._Element, name: str, value: str, scheme: str) -> None:
    etree.SubElement(parent, f"{{{IDS}}}{name}", scheme=scheme).text = value
