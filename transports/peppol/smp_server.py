"""A publisher (SMP) for our own companies: service groups, signed metadata and business cards.

In charge of the HTTP face and of the signature. What is published comes from a `Registry`; the
sandbox has one in memory, the gateway one of its companies.
Source: Peppol SMP 1.4.0; Peppol Directory business card 20180621.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from lxml import etree

from schemas.identifiers import PARTICIPANT_META_SCHEME, DocumentType, Participant
from transports.peppol import metadata_signature
from transports.peppol.service_metadata import Redirect, Service, write_group, write_service

CARD: str = "http://www.peppol.eu/schema/pd/businesscard/20180621/"


@dataclass(frozen=True, slots=True)
class Card:
    """What Peppol's directory shows of a participant."""

    participant: Participant
    name: str
    country: str  # ISO 3166-1 alpha-2


class Registry(Protocol):
    """What is published."""

    async def services(self, participant: Participant) -> Sequence[Service | Redirect] | None:
        """All of a participant's services, None when it is not ours.

        A Redirect stands for all document types: the participant is on its way to another SMP.
        """
        ...

    async def card(self, participant: Participant) -> Card | None:
        """The participant's business card."""
        ...


class SmpServer:
    """The handlers. `base_url` is the address that the network knows us by."""

    def __init__(
        self, registry: Registry, key: RSAPrivateKey, certificate: x509.Certificate, base_url: str
    ) -> None:
        self._registry = registry
        self._key = key
        self._certificate = certificate
        self.base_url = base_url

    def routes(self) -> list[web.RouteDef]:
        """The routes."""
        return [
            web.get("/businesscard/{participant}", self._card),
            web.get("/{participant}/services/{document_type:.+}", self._service),
            web.get("/{participant}", self._group),
        ]

    async def _group(self, request: web.Request) -> web.Response:
        participant = _participant(request)
        services = await self._registry.services(participant)
        if services is None:
            raise web.HTTPNotFound
        kinds = [one.document_type for one in services if isinstance(one, Service)]
        return _xml(write_group(participant, kinds, self.base_url))

    async def _service(self, request: web.Request) -> web.Response:
        participant = _participant(request)
        scheme, _, value = request.match_info["document_type"].partition("::")
        try:
            wanted = DocumentType(value, scheme)
        except ValueError:
            raise web.HTTPNotFound from None
        for one in await self._registry.services(participant) or ():
            if isinstance(one, Redirect) or one.document_type == wanted:
                return _answer(await asyncio.to_thread(self._signed, one))
        raise web.HTTPNotFound

    def _signed(self, service: Service | Redirect) -> bytes:
        return metadata_signature.sign(write_service(service), self._key, self._certificate)

    async def _card(self, request: web.Request) -> web.Response:
        card = await self._registry.card(_participant(request))
        if card is None:
            raise web.HTTPNotFound
        root = etree.Element(f"{{{CARD}}}BusinessCard", nsmap={"card": CARD})
        identifier = etree.SubElement(root, f"{{{CARD}}}ParticipantIdentifier")
        identifier.set("scheme", PARTICIPANT_META_SCHEME)
        identifier.text = str(card.participant)
        entity = etree.SubElement(root, f"{{{CARD}}}BusinessEntity")
        etree.SubElement(entity, f"{{{CARD}}}Name").text = card.name
        etree.SubElement(entity, f"{{{CARD}}}CountryCode").text = card.country
        return _xml(root)


def _participant(request: web.Request) -> Participant:
    try:
        return Participant.parse(request.match_info["participant"])
    except ValueError:
        raise web.HTTPNotFound from None


def _xml(root: etree._Element) -> web.Response:
    return _answer(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


def _answer(content: bytes) -> web.Response:
    return web.Response(body=content, content_type="application/xml", charset="utf-8")
