"""Our access point in Peppol, put together out of its settings: corner 2 and corner 3.

In charge of reading keys and certificates and of joining the parts. Not in charge of any of them
(`transports.peppol`, `gateway.inbound`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp
from prometheus_client import CollectorRegistry, Gauge
from pydantic import SecretStr

from gateway import config
from gateway.clock import Clock
from gateway.delivery.schedules import Handler, Schedule
from gateway.expiry import Expiry
from gateway.inbound.peppol import STATUS_CAME, STATUS_DUE, PeppolReception
from gateway.inbound.refusals import PeppolRefusals
from gateway.inbound.statuses import StatusCame, StatusDue
from gateway.lookup import Answer, Lookups, TooOften
from gateway.reporting.peppol import MonthlyReports
from gateway.section import ConfigError
from gateway.store.port import Store
from gateway.trust.gate import OPEN, Gate
from schemas.identifiers import Participant
from schemas.response import SPID_SCHEME, Kind, document_type
from transports.peppol import sml
from transports.peppol.discovery import Discovery, Unsure
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
    lookups: Lookups
    endpoint: Endpoint
    handlers: Mapping[str, Handler]
    schedules: tuple[Schedule, ...]


@dataclass(frozen=True, slots=True)
class _Trust:
    anchors: chains.Anchors
    revocation: Revocation
    discovery: Discovery


def _trust(section: config.Peppol, clock: Clock, session: aiohttp.ClientSession) -> _Trust:
    anchors = _anchors(section)
    revocation = Revocation(session, Fail(section.revocation), clock.now)
    lookup = name_lookup(section)
    publishers = Smp(session, anchors, revocation, clock.now, plain_http=section.plain_http)
    discovery = Discovery(lookup, publishers, anchors, revocation, clock.now)
    return _Trust(anchors, revocation, discovery)


def peppol_settings(section: config.Peppol) -> PeppolSettings:
    """The Peppol channel's own settings."""
    return PeppolSettings(section.host, section.statuses, section.max_connections)


def name_lookup(section: config.Peppol) -> sml.Sml:
    """What asks the network's DNS."""
    return sml.Sml(
        section.zone or _ZONES[section.network],
        section.name_servers or None,
        section.name_server_port,
        plain_http=section.plain_http,
    )


async def look_up(
    section: config.Peppol, clock: Clock, participants: Sequence[Participant]
) -> tuple[Answer, ...]:
    """What participants can receive, asked of the network just now. Raises ConfigError."""
    async with aiohttp.ClientSession() as session:
        discovery = _trust(section, clock, session).discovery
        lookups = Lookups(discovery, clock, per_minute=len(participants))
        found = await lookups.ask("", participants)
    assert not isinstance(found, TooOften), "so many may be asked for"
    return found


async def access_point(
    section: config.Peppol,
    store: Store,
    clock: Clock,
    registry: CollectorRegistry,
    gate: Gate = OPEN,
) -> AccessPoint:
    """Opens it. Raises ConfigError when a key or certificate can not be used."""
    key = await asyncio.to_thread(access_point_key, section)
    seat = common_name(key.certificate) or ""
    own = Participant(SPID_SCHEME, seat[-6:])
    Gauge(
        "budkavle_certificate_days",
        "Days that our certificate in a network is still valid.",
        ["network"],
        registry=registry,
    ).labels("peppol").set_function(
        lambda: (key.certificate.not_valid_after_utc - clock.now()) / timedelta(days=1)
    )
    session = aiohttp.ClientSession()
    try:
        trust = _trust(section, clock, session)
    except BaseException:
        await session.close()
        raise
    anchors, revocation = trust.anchors, trust.revocation
    sender = Sender(
        session, key, anchors, revocation, clock.now, answer_timeout_s=section.answer_timeout_s
    )
    channel = Peppol(
        peppol_settings(section),
        trust.discovery,
        sender,
        session,
        now=clock.now,
    )
    receiver = Receiver(
        key,
        anchors,
        revocation,
        PeppolReception(store, clock, own, gate),
        clock.now,
        host=section.host,
        refusals=PeppolRefusals(store, clock),
    )
    return AccessPoint(
        seat,
        channel,
        trust.discovery,
        Lookups(trust.discovery, clock, per_minute=section.lookups_per_minute),
        Endpoint(receiver, Limits(body_bytes=section.max_message_bytes)),
        {
            STATUS_CAME: StatusCame(store, clock, own),
            STATUS_DUE: StatusDue(store, clock, channel, own),
        },
        (
            Schedule("certificate", timedelta(hours=1), Expiry(store, seat, key.certificate)),
            *_reports(section, store, clock, channel, own),
        ),
    )


@dataclass(frozen=True, slots=True)
class Standing:
    """How our access point stands in its network."""

    seat: str
    days: int  # that our certificate is still valid
    flaw: str | None  # why others would not trust it
    registered: bool | None  # for statuses; None: nobody could say
    trouble: str = ""


async def standing(section: config.Peppol, clock: Clock) -> Standing:
    """Looks at our certificate as others do, and asks DNS for us. Raises ConfigError."""
    certificate = (await asyncio.to_thread(access_point_key, section)).certificate
    seat = common_name(certificate) or ""
    now = clock.now()
    days = (certificate.not_valid_after_utc - now).days
    flaw = None
    async with aiohttp.ClientSession() as session:
        trust = _trust(section, clock, session)
        try:
            authority = chains.issuer(certificate, trust.anchors, chains.Purpose.ACCESS_POINT, now)
            await trust.revocation.check(certificate, authority)
        except chains.Untrusted as error:
            flaw = str(error)
        found = await trust.discovery.capabilities(Participant(SPID_SCHEME, seat[-6:]))
    known = {capability.document_type for capability in found.found}
    unsure = isinstance(found.trouble, Unsure)
    registered = None if unsure else document_type(Kind.MLS) in known
    return Standing(seat, days, flaw, registered, found.trouble.text if found.trouble else "")


def own_seat(section: config.Peppol) -> str:
    """Our own seat, as our certificate has it. Raises ConfigError."""
    return common_name(access_point_key(section).certificate) or ""


def _reports(
    section: config.Peppol, store: Store, clock: Clock, channel: Peppol, own: Participant
) -> tuple[Schedule, ...]:
    if section.report_to is None:
        return ()
    try:
        to = Participant.parse(section.report_to)
    except ValueError as error:
        raise ConfigError(f"peppol.report_to: {error}") from None
    sending = MonthlyReports(store, clock, channel, seat=channel.seat, own=own, to=to)
    # Every day, so that one that could not be sent goes out the day after.
    day, at_six = timedelta(days=1), timedelta(hours=6)
    return (Schedule("peppol_reports", day, sending, offset=at_six),)


def access_point_key(section: config.Peppol) -> KeyInMemory:
    """Our access point's key. Blocking. Raises ConfigError."""
    return key_of("peppol", section.key_store, section.key_password)


def key_of(section: str, key_store: Path, password: SecretStr | None) -> KeyInMemory:
    """The key that a section of the settings names. Blocking. Raises ConfigError."""
    pkcs12 = key_store.suffix in (".p12", ".pfx")
    read = KeyInMemory.from_pkcs12 if pkcs12 else KeyInMemory.from_pem
    try:
        return read(key_store, password.get_secret_value() if password else None)
    except KeyUnusable as error:
        raise ConfigError(f"{section}.key_store: {error}") from None


def _anchors(section: config.Peppol) -> chains.Anchors:
    try:
        return chains.Anchors(
            chains.load(section.roots),
            chains.load(section.access_point_cas),
            chains.load(section.publisher_cas),
        )
    except (OSError, ValueError) as error:
        text = f"peppol.roots, access_point_cas, publisher_cas: {error}"
        raise ConfigError(text) from None
