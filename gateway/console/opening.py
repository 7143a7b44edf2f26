"""The console as the settings name it, put together."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from aiohttp import web

from gateway import certificates, layers
from gateway.api.routes import Limits, Pages, Service
from gateway.clock import Clock
from gateway.config import Settings
from gateway.console.acting.section import Acting
from gateway.console.audit.section import Audit
from gateway.console.channels.section import ChannelPages
from gateway.console.companies.section import Companies
from gateway.console.console import Console, Parts
from gateway.console.documents.pages import Documents
from gateway.console.inbox.section import Inbox
from gateway.console.jobs.section import JobPages
from gateway.console.live import Live
from gateway.console.log.log import Log
from gateway.console.log.outgoing import Outgoing
from gateway.console.now.section import Now
from gateway.console.profile import Profile
from gateway.console.rules.section import RulePages
from gateway.console.section import Console as Section
from gateway.console.section import Oidc
from gateway.console.setup import Mailbox, Setting, Setup
from gateway.console.sign_in import SignIn
from gateway.console.upload import Uploading
from gateway.console.welcome import Welcome
from gateway.handing_in import HandingIn
from gateway.section import revealed
from gateway.store.port import Store
from gateway.trust.limits import Failures
from gateway.trust.people.directory import Directory
from gateway.trust.people.oidc import Provider
from gateway.trust.people.passwords import Passwords
from gateway.trust.people.roles import Role
from gateway.trust.people.sessions import Rules
from gateway.trust.people.signing_in import SigningIn

_DEMANDED: Final = {
    "operators": frozenset({Role.OPERATOR}),
    "everyone": frozenset(Role),
    "nobody": frozenset[Role](),
}


async def open_console(
    section: Section,
    oidc: Oidc | None,
    store: Store,
    clock: Clock,
    directory: Directory,
    handing_in: HandingIn,
    limits: Limits,
    passwords: Passwords | None = None,
    setup: Setup | None = None,
) -> tuple[Parts, Pages]:
    """The console's parts, which are to be closed in the end, and its routes."""
    parts = Parts(
        *(store, clock, SigningIn(store, clock, passwords or Passwords(), rules(section))),
        *(directory, handing_in, limits),
        provider=None if oidc is None else provider(oidc),
        provider_name="" if oidc is None else oidc.name,
        proxies=section.proxies,
        setup=setup or Setup(),
    )
    minute = timedelta(minutes=1)
    by_client = Failures(clock, section.per_minute, minute)
    by_name = Failures(clock, max(1, section.per_minute // 2), minute)
    secret = await store.secret("console", os.urandom(32))

    def pages(service: Service) -> Sequence[web.RouteDef]:
        sections = [
            SignIn(parts, by_client, by_name).pages(),
            Welcome(parts, by_client).pages(),
            Profile(parts).pages(),
            Live(parts, service).pages(),
            Uploading(parts).pages(),
            Now(parts, service).pages(),
            Log(parts, service).pages(),
            Outgoing(parts, service).pages(),
            Acting(parts, service).pages(),
            Audit(parts, service).pages(),
            ChannelPages(parts, service).pages(),
            RulePages(service).pages(),
            JobPages(parts, service).pages(),
            Companies(parts, service).pages(),
            Documents(parts, service).pages(),
            Inbox(parts, service).pages(),
        ]
        tls = (section.url or "").startswith("https://")
        return Console(parts, secret, sections, tls=tls).routes()

    return parts, pages


def rules(section: Section) -> Rules:
    """How long sessions last, and of whom a second factor is demanded."""
    return Rules(
        timedelta(seconds=section.idle_s),
        timedelta(seconds=section.longest_s),
        _DEMANDED[section.second_factor],
    )


async def setup_of(
    settings: Settings, mailboxes: Callable[[], Sequence[Mailbox]] | None = None
) -> Setup:
    """What pages show of the settings."""
    shown = [
        Setting(key.name, value, layers.is_usual(settings, key), key.meaning)
        for key, value in layers.in_effect(settings)
    ]
    return Setup(shown, await asyncio.to_thread(certificates.ours, settings), mailboxes)


def provider(section: Oidc) -> Provider:
    """The identity provider."""
    trusted = None
    if section.ca_file is not None:
        trusted = ssl.create_default_context(cafile=str(section.ca_file))
    return Provider(
        section.issuer,
        section.client_id,
        revealed(section.client_secret),
        trusted=trusted,
        allow_http=section.allow_http,
    )
