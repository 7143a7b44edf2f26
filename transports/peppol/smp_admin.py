"""A publisher (SMP) that is not ours, told over its REST interface what to show of a participant.

In charge of the requests. Not in charge of the XML (`service_metadata`, `business_card`). Such a
publisher tells the SML itself whom it has.
Source: the writing half of the SMP interface, as phoss SMP and others have it: PUT and DELETE of
service group, service metadata and business card, with basic or mutual TLS authentication.
"""

from __future__ import annotations

import base64
import ssl
from typing import Final

import aiohttp
from lxml import etree
from yarl import URL

from schemas.identifiers import DocumentType, Participant
from transports.peppol.business_card import write_card
from transports.peppol.publishing import Publication, Refused, Said, Settled, Unsettled
from transports.peppol.service_metadata import (
    Malformed,
    card_path,
    group_path,
    metadata,
    parse,
    read_group,
    service_path,
    write_group,
)

_TIMEOUT: Final = aiohttp.ClientTimeout(total=60, connect=10)
_MOST_BYTES: Final = 1024 * 1024


class _Ended(Exception):
    """What is said, since no further request makes sense."""

    def __init__(self, said: Refused | Unsettled) -> None:
        self.said = said


def basic(username: str, password: str) -> str:
    """The header of basic authentication (RFC 7617, in UTF-8)."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


class SmpAdmin:
    """Another's publisher. `session` stays its maker's to close."""

    enters = True

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        authorization: str | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._session = session
        self.url = url.rstrip("/")
        self._headers = {} if authorization is None else {"Authorization": authorization}
        self._tls = tls

    async def publish(self, publication: Publication) -> Said:
        """Shows exactly this of the participant: what else is there of it is taken away last."""
        participant = publication.participant
        wanted = {
            one.document_type: one for one in publication.services if one.document_type is not None
        }
        try:
            before = await self._shown(participant)
            if before is None:
                group = write_group(participant, (), self.url)
                await self._put(group_path(participant), group)
            for kind, service in wanted.items():
                await self._put(service_path(participant, kind), metadata(service))
            for kind in before or ():
                if kind not in wanted:
                    await self._delete(service_path(participant, kind))
            if publication.card is not None:
                await self._put(card_path(participant), write_card(publication.card))
            else:
                await self._without_card(participant)
        except _Ended as ended:
            return ended.said
        return Settled()

    async def withdraw(self, participant: Participant) -> Said:
        """Shows nothing of the participant any more."""
        try:
            await self._without_card(participant)
            await self._delete(group_path(participant))
        except _Ended as ended:
            return ended.said
        return Settled()

    async def _shown(self, participant: Participant) -> list[DocumentType] | None:
        """What it shows now; None when it does not know the participant."""
        status, content = await self._asked("GET", group_path(participant))
        if status == 404:
            return None
        try:
            return read_group(parse(content))
        except Malformed as error:
            raise _Ended(Unsettled("smp_unreadable", f"{self.url}: {error}")) from None

    async def _put(self, path: str, content: etree._Element) -> None:
        data = etree.tostring(content, xml_declaration=True, encoding="UTF-8")
        status, _ = await self._asked("PUT", path, data)
        if status == 404:
            text = f"{self.url} knows nothing at {path}."
            raise _Ended(Refused("smp_refused", text))

    async def _delete(self, path: str) -> None:
        await self._asked("DELETE", path)

    async def _without_card(self, participant: Participant) -> None:
        """Takes the card away; a publisher that keeps none may well refuse to."""
        try:
            await self._delete(card_path(participant))
        except _Ended as ended:
            if ended.said.code != "smp_not_supported":
                raise

    async def _asked(self, method: str, path: str, data: bytes | None = None) -> tuple[int, bytes]:
        """Status and body of a request that was done, or whose thing is not there (404)."""
        headers = {"Accept": "application/xml", **self._headers}
        if data is not None:
            headers["Content-Type"] = "application/xml; charset=utf-8"
        url = self.url + path
        try:
            async with self._session.request(
                method,
                URL(url, encoded=True),
                data=data,
                headers=headers,
                ssl=True if self._tls is None else self._tls,
                timeout=_TIMEOUT,
                allow_redirects=False,
            ) as response:
                status, content = response.status, bytearray()
                async for piece in response.content.iter_chunked(65536):
                    content += piece
                    if len(content) > _MOST_BYTES:
                        text = f"{method} {url}: the answer has more than {_MOST_BYTES} bytes"
                        raise _Ended(Unsettled("smp_unreadable", text))
        except (aiohttp.ClientError, TimeoutError, ssl.SSLError, OSError) as error:
            text = f"{method} {url}: {type(error).__name__}: {error}"
            raise _Ended(Unsettled("smp_unavailable", text)) from None
        if status in (200, 201, 202, 204, 404):
            return status, bytes(content)
        said = " ".join(content[:500].decode("utf-8", "replace").split())
        text = f"{method} {url} was answered with {status}: {said}"
        if status in (405, 501):
            raise _Ended(Refused("smp_not_supported", text))
        if status in (401, 403):  # ours to set right; then it goes on by itself
            raise _Ended(Unsettled("smp_unauthorized", text))
        if 400 <= status < 500 and status not in (408, 425, 429):
            raise _Ended(Refused("smp_refused", text))
        raise _Ended(Unsettled("smp_unavailable", text))
