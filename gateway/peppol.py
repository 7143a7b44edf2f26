"""Our access point in Peppol, put together out of its settings: corner 2 and corner 3.

In charge of reading keys and certificates and of joining the parts. Not in charge of any of them
(`transports.peppol`, `gateway.inbound`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

from gateway import config
from gateway.clock import Clock
from gateway.delivery.schedules import Handler
from gateway.inbound.peppol import STATUS_CAME, STATUS_DUE, PeppolReception
from gateway.inbound.statuses import StatusCame, StatusDue
from gateway.store.port import Store
from schemas.identifiers import Participant
from schemas.response import SPID_SCHEME
from transports.peppol import sml
from transports.peppol.discovery import Discovery
from transports.peppol.driver import Peppol, PeppolSettings
from transports.peppol.endpoint import Endpoint, Limits
from transports.peppol.pki import chains
from transports.peppol.pki.keys import KeyInMemory, KeyUnusable, common_name
from transports.peppol.pki.revocation import Fail, Revocation
from transports.peppol.receiver import Receiver
from transports.peppol.sender import Sender
from transports.peppol.smp import Smp

_ZONES = {"production": sml.PRODUCTION, "test": sml.TEST}


@dataclass(frozen=True, slots=True)
class AccessPoint:
    """The parts that the gateway works with."""

    seat: str
    channel: Peppol
    discovery: Discovery
    endpoint: Endpoint
    handlers: Mapping[str, Handler]


async def access_point(section: config.Peppol, store: Store, clock: Clock) -> AccessPoint:
    """Opens it. Raises ConfigError when a key or certificate can not be used."""
    key, anchors = await asyncio.to_thread(_keys, section)
    seat = common_name(key.certificate) or ""
    own = Participant(SPID_SCHEME, seat[-6:])
    session = aiohttp.ClientSession()
    revocation = Revocation(session, Fail(section.revocation), clock.now)
    zone = section.zone or _ZONES[section.network]
    discovery = Discovery(
        sml.Sml(
            zone,
            section.name_servers or None,
            section.name_server_port,
            plain_http=section.plain_http,
        ),
        Smp(session, anchors, revocation, clock.now, plain_http=section.plain_http),
        anchors,
        revocation,
        clock.now,
    )
    sender = Sender(
        session, key, anchors, revocation, clock.now, answer_timeout_s=section.answer_timeout_s
    )
    channel = Peppol(
        PeppolSettings(section.host, section.statuses), discovery, sender, session, now=clock.now
    )
    receiver = Receiver(
        key,
        anchors,
        revocation,
        PeppolReception(store, clock, own),
        clock.now,
        host=section.host,
    )
    return AccessPoint(
        seat,
        channel,
        discovery,
        Endpoint(receiver, Limits(body_bytes=section.max_message_bytes)),
        {
            STATUS_CAME: StatusCame(store, clock),
            STATUS_DUE: StatusDue(store, clock, channel, own),
        },
    )


def _keys(section: config.Peppol) -> tuple[KeyInMemory, chains.Anchors]:
    password = section.key_password.get_secret_value() if section.key_password else None
    try:
        read = (
            KeyInMemory.from_pkcs12
            if section.key_store.suffix in (".p12", ".pfx")
            else KeyInMemory.from_pem
        )
        key = read(section.key_store, password)
    except KeyUnusable as error:
        raise config.ConfigError(f"peppol.key_store: {error}") from None
    try:
        anchors = chains.Anchors(
            chains.load(section.roots),
            chains.load(section.access_point_cas),
            chains.load(section.publisher_cas),
        )
    except (OSError, ValueError) as error:
        raise config.ConfigError(
            f"peppol.roots, access_point_cas, publisher_cas: {error}"
        ) from None
    return key, anchors
