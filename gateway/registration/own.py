"""Our own publisher: what it shows lies in the store, and is served as it lies there.

In charge of both sides: publishing is writing a row, and the publisher's server
(`transports.peppol.smp_server`) reads it. Endpoints are shown with the address and the certificate
that our access point has at that moment, so that a renewed certificate is seen at once.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from gateway.registration.offers import AccessPointAddress
from gateway.store.port import StorageUnavailable
from gateway.store.registrations import Registrations
from schemas.identifiers import DocumentType, Participant, Process
from transports.peppol.business_card import Card, Contact
from transports.peppol.publishing import Publication, Said, Settled, Unsettled
from transports.peppol.service_metadata import Endpoint, Redirect, Service
from transports.peppol.smp_server import RegistryUnavailable


class OwnPublisher:
    """Implements `transports.peppol.publishing.Publisher` and `smp_server.Registry`."""

    enters = False

    def __init__(self, store: Registrations, url: str, at: AccessPointAddress) -> None:
        self.url = url.rstrip("/")
        self._store = store
        self._at = at

    async def publish(self, publication: Publication) -> Said:
        """Shows exactly this of the participant from now on."""
        try:
            await self._store.show(str(publication.participant), _to_data(publication))
        except StorageUnavailable as error:
            return Unsettled("store_unavailable", str(error))
        return Settled()

    async def withdraw(self, participant: Participant) -> Said:
        """Shows nothing of the participant any more."""
        try:
            await self._store.hide(str(participant))
        except StorageUnavailable as error:
            return Unsettled("store_unavailable", str(error))
        return Settled()

    async def publication(self, participant: Participant) -> Publication | None:
        """All of a participant, None when it is not ours."""
        try:
            data = await self._store.shown(str(participant))
        except StorageUnavailable as error:
            raise RegistryUnavailable(str(error)) from error
        return None if data is None else self._from_data(participant, data)

    def _from_data(self, participant: Participant, data: Mapping[str, Any]) -> Publication:
        services = tuple(self._service(participant, one) for one in data["services"])
        card = data.get("card")
        return Publication(participant, services, None if card is None else _card(card))

    def _service(self, participant: Participant, data: Mapping[str, Any]) -> Service | Redirect:
        kind = DocumentType(data["type"][1], data["type"][0])
        if "to" in data:
            return Redirect(data["to"], data["uid"], kind)
        return Service(
            participant,
            kind,
            tuple(
                (Process(value, scheme), tuple(map(self._endpoint, endpoints)))
                for scheme, value, endpoints in data["processes"]
            ),
        )

    def _endpoint(self, data: Mapping[str, Any]) -> Endpoint:
        certificate = self._at.certificate.public_bytes(Encoding.DER)
        return Endpoint(
            data["profile"],
            self._at.url,
            certificate,
            _time(data.get("activates_at")),
            _time(data.get("expires_at")),
            data["description"],
            data["contact"],
        )


def _to_data(publication: Publication) -> Mapping[str, Any]:
    data: dict[str, Any] = {"services": [_of_service(one) for one in publication.services]}
    if publication.card is not None:
        card = dataclasses.asdict(publication.card)
        card["participant"] = str(publication.card.participant)
        card["registered_on"] = None
        data["card"] = card
    return data


def _of_service(service: Service | Redirect) -> Mapping[str, Any]:
    kind = service.document_type
    assert kind is not None, "what we publish ourselves is of one document type each"
    type_ = (kind.scheme, kind.value)
    if isinstance(service, Redirect):
        return {"type": type_, "to": service.url, "uid": service.certificate_uid}
    processes = [
        (process.scheme, process.value, [_of_endpoint(one) for one in endpoints])
        for process, endpoints in service.processes
    ]
    return {"type": type_, "processes": processes}


def _of_endpoint(endpoint: Endpoint) -> Mapping[str, Any]:
    times = {"activates_at": endpoint.activated_at, "expires_at": endpoint.expires_at}
    return {
        "profile": endpoint.transport_profile,
        "description": endpoint.description,
        "contact": endpoint.contact,
        **{name: at.isoformat() for name, at in times.items() if at is not None},
    }


def _card(data: Mapping[str, Any]) -> Card:
    return Card(
        **{
            **data,
            "participant": Participant.parse(data["participant"]),
            "websites": tuple(data["websites"]),
            "contacts": tuple(Contact(**one) for one in data["contacts"]),
        }
    )


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
