"""What a participant is published with: the documents it takes, from when to when, and its card.

In charge of the offer, and of making a publication out of it: address and certificate are the
access point's as they are at that time. Not in charge of publishing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from schemas.identifiers import (
    BILLING_CREDIT_NOTE,
    BILLING_INVOICE,
    BILLING_PROCESS,
    DocumentType,
    Participant,
    Process,
)
from schemas.response import Kind, document_type, process
from transports.peppol.business_card import Card, Contact, write_card
from transports.peppol.publishing import Publication
from transports.peppol.service_metadata import (
    AS4_PROFILE,
    Endpoint,
    Redirect,
    Service,
    service_path,
    write_service,
)


class Takes(StrEnum):
    """What a participant can take."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    INVOICE_RESPONSE = "invoice_response"
    MESSAGE_LEVEL_RESPONSE = "message_level_response"
    MESSAGE_LEVEL_STATUS = "message_level_status"


TYPES: Final[Mapping[Takes, tuple[DocumentType, Process]]] = {
    Takes.INVOICE: (BILLING_INVOICE, BILLING_PROCESS),
    Takes.CREDIT_NOTE: (BILLING_CREDIT_NOTE, BILLING_PROCESS),
    Takes.INVOICE_RESPONSE: (
        document_type(Kind.INVOICE_RESPONSE),
        process(Kind.INVOICE_RESPONSE),
    ),
    Takes.MESSAGE_LEVEL_RESPONSE: (document_type(Kind.MLR), process(Kind.MLR)),
    Takes.MESSAGE_LEVEL_STATUS: (document_type(Kind.MLS), process(Kind.MLS)),
}

OF_COMPANIES: Final = (
    Takes.INVOICE,
    Takes.CREDIT_NOTE,
    Takes.INVOICE_RESPONSE,
    Takes.MESSAGE_LEVEL_RESPONSE,
)
USUAL: Final = OF_COMPANIES[:3]
OWN: Final = (Takes.MESSAGE_LEVEL_STATUS,)  # of an access point, under its own identifier


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another publisher has it, whose certificate has this subject."""

    url: str
    certificate_uid: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What Peppol's directory shows."""

    name: str
    country: str
    place: str = ""
    website: str = ""
    email: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """What is published of a participant. Without `entry` it is not in the directory."""

    takes: tuple[Takes, ...] = USUAL
    activates_at: datetime | None = None
    expires_at: datetime | None = None
    entry: Entry | None = None
    redirect: Elsewhere | None = None


def to_data(offer: Offer) -> Mapping[str, Any]:
    """The offer as JSON data."""
    entry, redirect = offer.entry, offer.redirect
    data: dict[str, Any] = {
        "takes": [str(one) for one in offer.takes],
        "activates_at": _written(offer.activates_at),
        "expires_at": _written(offer.expires_at),
        "entry": entry and {name: getattr(entry, name) for name in Entry.__slots__},
        "redirect": redirect and {name: getattr(redirect, name) for name in Elsewhere.__slots__},
    }
    return {name: value for name, value in data.items() if value is not None}


def from_data(data: Mapping[str, Any]) -> Offer:
    """The offer of JSON data."""
    return Offer(
        tuple(Takes(one) for one in data["takes"]),
        _read(data.get("activates_at")),
        _read(data.get("expires_at")),
        Entry(**data["entry"]) if "entry" in data else None,
        Elsewhere(**data["redirect"]) if "redirect" in data else None,
    )


@dataclass(frozen=True, slots=True)
class AccessPointAddress:
    """Where documents of our participants are posted to, and for which certificate."""

    url: str
    certificate: x509.Certificate


def publication(offer: Offer, participant: Participant, at: AccessPointAddress) -> Publication:
    """What a publisher shows of it now."""
    services = tuple(_service(offer, participant, one, at) for one in offer.takes)
    card = None if offer.entry is None else _card(offer.entry, participant)
    return Publication(participant, services, card)


def _service(
    offer: Offer, participant: Participant, takes: Takes, at: AccessPointAddress
) -> Service | Redirect:
    kind, way = TYPES[takes]
    to = offer.redirect
    if to is not None:
        url = to.url.rstrip("/") + service_path(participant, kind)
        return Redirect(url, to.certificate_uid, kind)
    certificate = at.certificate
    endpoint = Endpoint(
        AS4_PROFILE,
        at.url,
        certificate.public_bytes(Encoding.DER),
        activated_at=offer.activates_at,
        expires_at=offer.expires_at,
        description="Budkavle",
        contact=at.url.removesuffix("/as4"),
    )
    return Service(participant, kind, ((way, (endpoint,)),))


def _card(entry: Entry, participant: Participant) -> Card:
    contacts = (Contact("", "", entry.phone, entry.email),) if entry.phone or entry.email else ()
    websites = (entry.website,) if entry.website else ()
    return Card(participant, entry.name, entry.country, entry.place, websites, contacts)


def fingerprint(published: Publication) -> str:
    """What changes when the publication does: an access point's new certificate, for instance."""
    digest = hashlib.sha256()
    for service in published.services:
        digest.update(etree.tostring(write_service(service)))
    if published.card is not None:
        digest.update(etree.tostring(write_card(published.card)))
    return digest.hexdigest()


def _written(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _read(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
