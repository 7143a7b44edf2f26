"""A publisher (SMP) for our own companies: service groups, signed metadata and business cards.

In charge of the HTTP face and of the signature. What is published comes from a `Registry`; the
sandbox has one in memory, the gateway one of its companies.
Source: Peppol SMP 1.4.0.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from typing import Final, Protocol

from aiohttp import ETag, web
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from lxml import etree

from schemas.identifiers import PARTICIPANT_META_SCHEME, DocumentType, Participant
from transports.peppol import metadata_signature
from transports.peppol.business_card import write_card
from transports.peppol.publishing import Publication
from transports.peppol.service_metadata import Redirect, Service, write_group, write_service

# Access points remember answers for a quarter of an hour or so by themselves; what stands between
# may keep them no longer than a change may take to be seen.
_KEPT_S: Final = 60
_RETRY_S: Final = 30
_MOST_SIGNED: Final = 1000  # of about 5 KB


class RegistryUnavailable(Exception):
    """What is published can not be read just now: that is not the same as nothing."""


class Registry(Protocol):
    """What is published."""

    async def publication(self, participant: Participant) -> Publication | None:
        """All of a participant, None when it is not ours. Raises RegistryUnavailable."""
        ...


class SmpServer:
    """The handlers. `base_url` is the address that the network knows us by."""

    def __init__(
        self, registry: Registry, key: RSAPrivateKey, certificate: x509.Certificate, base_url: str
    ) -> None:
        self._registry = registry
        self._key = key
        self._certificate = certificate
        self._signed: OrderedDict[bytes, bytes] = OrderedDict()  # by what was to be signed
        self.base_url = base_url

    def routes(self, below: str = "") -> list[web.RouteDef]:
        """The routes, which `base_url` leads to, below a path (`/smp`)."""
        return [
            web.get(f"{below}/businesscard/{{participant}}", self._card),
            web.get(f"{below}/{{participant}}/services/{{document_type:.+}}", self._service),
            web.get(f"{below}/{{participant}}", self._group),
        ]

    async def _group(self, request: web.Request) -> web.StreamResponse:
        found = await self._publication(request)
        kinds = [one.document_type for one in found.services if one.document_type is not None]
        group = write_group(found.participant, kinds, self.base_url)
        return _answer(request, _text(group))

    async def _service(self, request: web.Request) -> web.StreamResponse:
        scheme, _, value = request.match_info["document_type"].partition("::")
        try:
            wanted = DocumentType(value, scheme)
        except ValueError:
            raise web.HTTPNotFound from None
        for one in (await self._publication(request)).services:
            if one.document_type in (wanted, None):
                return _answer(request, await self._answered(one))
        raise web.HTTPNotFound

    async def _card(self, request: web.Request) -> web.StreamResponse:
        card = (await self._publication(request)).card
        if card is None:
            raise web.HTTPNotFound
        return _answer(request, _text(write_card(card)))

    async def _publication(self, request: web.Request) -> Publication:
        participant = _participant(request)
        try:
            found = await self._registry.publication(participant)
        except RegistryUnavailable:
            # 404 would be a no that senders act upon.
            retry = {"Retry-After": str(_RETRY_S)}
            raise web.HTTPServiceUnavailable(headers=retry) from None
        if found is None:
            raise web.HTTPNotFound
        return found

    async def _answered(self, service: Service | Redirect) -> bytes:
        """The metadata with its signature, which is made once for the same metadata."""
        root = write_service(service)
        digest = hashlib.sha256(etree.tostring(root)).digest()
        content = self._signed.get(digest)
        if content is None:
            sign = metadata_signature.sign
            content = await asyncio.to_thread(sign, root, self._key, self._certificate)
            self._signed[digest] = content
            if len(self._signed) > _MOST_SIGNED:
                self._signed.popitem(last=False)
        else:
            self._signed.move_to_end(digest)
        return content


def _participant(request: web.Request) -> Participant:
    scheme, colons, value = request.match_info["participant"].partition("::")
    if not colons or scheme.lower() != PARTICIPANT_META_SCHEME:
        raise web.HTTPNotFound
    try:
        return Participant.parse(value)
    except ValueError:
        raise web.HTTPNotFound from None


def _text(root: etree._Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _answer(request: web.Request, content: bytes) -> web.Response:
    tag = ETag(hashlib.sha256(content).hexdigest()[:32])
    known = request.if_none_match or ()
    same = any(one.value in (tag.value, "*") for one in known)
    response = (
        web.Response(status=304)
        if same
        else web.Response(body=content, content_type="application/xml", charset="utf-8")
    )
    response.etag = tag
    response.headers["Cache-Control"] = f"public, max-age={_KEPT_S}"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
