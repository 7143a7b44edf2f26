"""Discovery, second step: what the publisher (SMP) says of a participant, signed.

In charge of asking, of the one redirect that is allowed, and of who may have signed. Not in charge
of finding the publisher (`sml`), nor of remembering (`discovery`).
Source: Peppol SMP 1.4.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import aiohttp
from cryptography import x509
from lxml import etree

from schemas.identifiers import DocumentType, Participant
from transports.base import Now
from transports.peppol import metadata_signature
from transports.peppol.pki.chains import Anchors, Purpose, Untrusted, issuer
from transports.peppol.pki.revocation import Revocation
from transports.peppol.service_metadata import (
    Malformed,
    Redirect,
    Service,
    group_path,
    parse,
    read_group,
    read_service,
    service_path,
)

_TIMEOUT: Final = aiohttp.ClientTimeout(total=20, connect=10)
_MOST_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Said:
    """What the publisher said of a document type, and the bytes that it said it in."""

    service: Service
    signer: x509.Certificate
    content: bytes


@dataclass(frozen=True, slots=True)
class NotThere:
    """The publisher knows no such participant, or no such document type of it."""

    url: str


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The publisher could not be asked, or its answer can not be trusted: that is no no."""

    text: str


class _Failed(Exception):
    """What `Unavailable` says."""


class _Missing(Exception):
    """404."""


class Smp:
    """Asks publishers. `session` stays its maker's to close."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        anchors: Anchors,
        revocation: Revocation,
        now: Now,
        *,
        plain_http: bool = False,
    ) -> None:
        self._session = session
        self._anchors = anchors
        self._revocation = revocation
        self._now = now
        self._schemes = ("https://", "http://") if plain_http else ("https://",)

    async def group(
        self, base_url: str, participant: Participant
    ) -> list[DocumentType] | NotThere | Unavailable:
        """The document types that the participant can receive; this list is not signed."""
        url = base_url + group_path(participant)
        try:
            return read_group(parse(await self._fetched(url)))
        except _Missing:
            return NotThere(url)
        except (_Failed, Malformed) as error:
            return Unavailable(f"{url}: {error}")

    async def service(
        self, base_url: str, participant: Participant, document_type: DocumentType
    ) -> Said | NotThere | Unavailable:
        """What the publisher says of one document type that it has registered."""
        url = base_url + service_path(participant, document_type)
        try:
            return await self._service(url, participant, document_type)
        except _Missing:
            return NotThere(url)
        except (_Failed, Malformed) as error:
            return Unavailable(f"{url}: {error}")
        except Untrusted as error:
            return Unavailable(f"{url}: the publisher's certificate is not trusted: {error}")

    async def _service(
        self, url: str, participant: Participant, document_type: DocumentType
    ) -> Said:
        content = await self._fetched(url)
        root, signer = await self._signed(content)
        said = read_service(root)
        if isinstance(said, Redirect):
            content = await self._fetched(said.url)
            root, signer = await self._signed(content)
            if not _is_of(signer, said.certificate_uid):
                raise _Failed("the redirect leads to another publisher than the one it names")
            said = read_service(root)
            if isinstance(said, Redirect):
                raise _Failed("it redirects a second time, which is not allowed")
        if said.participant != participant or said.document_type != document_type:
            raise _Failed("the answer is about another participant or document type")
        return Said(said, signer, content)

    async def _signed(self, content: bytes) -> tuple[etree._Element, x509.Certificate]:
        root = parse(content)
        signer = metadata_signature.signer(root, self._now())
        authority = issuer(signer, self._anchors, Purpose.PUBLISHER, self._now())
        await self._revocation.check(signer, authority)
        return root, signer

    async def _fetched(self, url: str) -> bytes:
        if not url.startswith(self._schemes):
            raise _Failed("it is not at an https address")
        try:
            async with self._session.get(
                url, timeout=_TIMEOUT, allow_redirects=False, headers={"Accept": "application/xml"}
            ) as response:
                if response.status == 404:
                    raise _Missing
                if response.status != 200:
                    raise _Failed(f"status {response.status}")
                content = bytearray()
                async for piece in response.content.iter_chunked(65536):
                    content += piece
                    if len(content) > _MOST_BYTES:
                        raise _Failed(f"the answer has more than {_MOST_BYTES} bytes")
                return bytes(content)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise _Failed(f"{type(error).__name__}: {error}") from None


def _is_of(certificate: x509.Certificate, uid: str) -> bool:
    """Whether the subject is the one that a redirect names: as a whole, or by its common name."""
    subject = certificate.subject.rfc4514_string()
    names = {part.strip().lower() for part in subject.split(",")}
    wanted = {part.strip().lower() for part in uid.split(",") if part.strip()}
    return bool(wanted) and (wanted <= names or f"cn={uid.strip().lower()}" in names)
