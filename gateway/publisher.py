"""Where our participants are registered, put together out of its settings: publisher and locator.

In charge of reading keys and of joining the parts. Not in charge of any of them
(`gateway.registration`, `transports.peppol`).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import aiohttp
from aiohttp import web

from gateway import config
from gateway.clock import Clock
from gateway.delivery.schedules import Handler
from gateway.peppol import access_point_key, key_of, name_lookup
from gateway.registration import line
from gateway.registration.offers import AccessPointAddress
from gateway.registration.own import OwnPublisher
from gateway.registration.steps import Steps
from gateway.registration.verbs import Verbs
from gateway.section import ConfigError
from gateway.store.lanes import Limits
from gateway.store.port import Store
from gateway.trust.gate import OPEN, Gate
from schemas.identifiers import Participant
from schemas.response import SPID_SCHEME
from transports.peppol import sml_admin, tls
from transports.peppol.pki.keys import KeyInMemory, common_name
from transports.peppol.publishing import Publisher
from transports.peppol.registrar import Registrar
from transports.peppol.sml_admin import SmlAdmin
from transports.peppol.smp_admin import SmpAdmin, basic
from transports.peppol.smp_server import SmpServer

PATH: Final = "/smp"  # of our own publisher, on the outer listener

# The SML is one program for all of Peppol, and a list of ours may be long.
_AT_ONCE: Final = 4

_SMLS: Final = {"production": sml_admin.PRODUCTION, "test": sml_admin.TEST}


@dataclass(frozen=True, slots=True)
class PublishingPoint:
    """The parts that the gateway works with."""

    own: Participant  # our identifier as a service provider
    verbs: Verbs
    routes: Sequence[web.RouteDef]
    handlers: Mapping[str, Handler]
    lanes: Mapping[str, Limits]
    session: aiohttp.ClientSession

    async def close(self) -> None:
        """Closes the session that publisher and locator are told over."""
        await self.session.close()


async def publishing_point(
    settings: config.Settings, store: Store, clock: Clock, gate: Gate = OPEN
) -> PublishingPoint:
    """Opens it. Raises ConfigError when a key or certificate can not be used."""
    section, peppol = sections(settings)
    ap_key = await asyncio.to_thread(access_point_key, peppol)
    own = own_identifier(ap_key)
    at = AccessPointAddress(section.access_point, ap_key.certificate)
    key, context = await asyncio.to_thread(_identity, section)
    session = aiohttp.ClientSession()
    publisher: Publisher
    routes: Sequence[web.RouteDef] = ()
    admin = None
    if section.kind == "own":
        assert key is not None and context is not None
        publisher = shown = OwnPublisher(store, section.url, at)
        server = SmpServer(shown, key.private, key.certificate, shown.url)
        routes = server.routes(PATH)
        admin = _admin(section, peppol, session, context)
    else:
        publisher = SmpAdmin(session, section.url, _login(section), context)
    registrar = Registrar(publisher, admin, name_lookup(peppol))
    steps = Steps(store, clock, registrar, at, gate=gate)
    verbs = Verbs(store, clock, own)
    lanes = {line.KIND: Limits(at_once=_AT_ONCE)}
    return PublishingPoint(own, verbs, routes, {line.KIND: steps}, lanes, session)


@asynccontextmanager
async def locator(settings: config.Settings) -> AsyncIterator[SmlAdmin]:
    """Our publisher's way into the SML, for a command. Raises ConfigError."""
    section, peppol = sections(settings)
    if section.kind != "own":
        raise ConfigError("publisher.kind: only a publisher of our own is known to the SML")
    _, context = await asyncio.to_thread(_identity, section)
    assert context is not None
    async with aiohttp.ClientSession() as session:
        yield _admin(section, peppol, session, context)


def own_identifier(key: KeyInMemory) -> Participant:
    """What statuses for us are addressed to: the digits of our seat."""
    return Participant(SPID_SCHEME, (common_name(key.certificate) or "")[-6:])


def _admin(
    section: config.Publisher,
    peppol: config.Peppol,
    session: aiohttp.ClientSession,
    context: ssl.SSLContext,
) -> SmlAdmin:
    assert section.id is not None
    return SmlAdmin(session, section.sml or _SMLS[peppol.network], section.id, context)


def _identity(section: config.Publisher) -> tuple[KeyInMemory | None, ssl.SSLContext | None]:
    """The publisher's key, and TLS that shows its certificate. Blocking."""
    try:
        if section.key_store is None:
            if section.ca_file is None:
                return None, None
            return None, ssl.create_default_context(cafile=str(section.ca_file))
        key = key_of("publisher", section.key_store, section.key_password)
        return key, tls.client(key, section.ca_file)
    except OSError as error:
        raise ConfigError(f"publisher.ca_file: {error}") from None


def _login(section: config.Publisher) -> str | None:
    if section.username is None or section.password is None:
        return None
    return basic(section.username, section.password.get_secret_value())


def sections(settings: config.Settings) -> tuple[config.Publisher, config.Peppol]:
    """The sections that are needed. Raises ConfigError."""
    if settings.publisher is None:
        raise ConfigError("publisher: [publisher] says where participants are registered")
    if settings.peppol is None:
        raise ConfigError("publisher: it needs [peppol], which says which network it is in")
    return settings.publisher, settings.peppol
