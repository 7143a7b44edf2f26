"""The channel `vipps`: its settings, how it is made of them, and the documents that banks fetch."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from functools import partial
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit
from uuid import UUID

from aiohttp import web
from pydantic import Field, SecretStr, model_validator

from gateway.channels.parts import Parts
from gateway.section import Channel, revealed
from gateway.store.port import ContentLost, StorageUnavailable, Store
from transports.base import Register
from transports.http import Client
from transports.vipps import driver
from transports.vipps.api import ApiSettings
from transports.vipps.driver import INVOICE, VippsSettings
from transports.vipps.endpoint import Endpoint, Gone
from transports.vipps.keys import Keys


class Vipps(Channel):
    """Vipps eFaktura: invoices in the app and the bank of Norwegian consumers, found by mobile
    number. Each company has its account in its own settings (`channels.vipps`)."""

    url: str = Field(
        default="https://invoice-api.vipps.no",
        pattern=r"^https?://[^\s?#]+$",
        examples=["https://apitest.vipps.no"],
    )
    """Host of Vipps' services."""

    client_id: str = Field(min_length=1, examples=["budkavle"])
    """Name that Vipps knows us by."""

    client_secret: SecretStr | None = None
    """Secret that goes with it."""

    client_secret_file: Path | None = Field(default=None, examples=["/run/secrets/vipps"])
    """File that holds the secret."""

    subscription_key: SecretStr | None = None
    """Key of our subscription to the API (`Ocp-Apim-Subscription-Key`)."""

    subscription_key_file: Path | None = Field(default=None, examples=["/run/secrets/vipps-key"])
    """File that holds the key."""

    document_url: str = Field(examples=["https://invoices.example.com"], pattern=r"^https?://\S+$")
    """The address of the outer listener as payers' banks see it, https: they fetch the PDF of an
    invoice there, at `/vipps/`, with a token that Vipps signs."""

    token_issuer: str | None = Field(default=None, examples=["vippsinvoice.vipps.no"])
    """What such a token must name as its issuer; by default Vipps' signature is enough."""

    per_minute: int = Field(default=60, ge=1)
    """Documents that one address may ask for in a minute."""

    proxies: int = Field(default=0, ge=0, le=10)
    """How many proxies of yours stand before the outer listener: the client is read so far from
    the end of `X-Forwarded-For`."""

    max_merged_bytes: int = Field(default=5 * 1024 * 1024, ge=0)
    """Largest PDF that an invoice and its attachments are merged into; where it would be larger,
    attachments stay behind. 0: nothing is merged, and none goes."""

    connect_timeout_s: float = Field(default=30, gt=0)
    """Longest time for connecting."""

    answer_timeout_s: float = Field(default=60, gt=0)
    """Longest time for a call, its answer included."""

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        for name in ("client_secret", "subscription_key"):
            if getattr(self, name) is None:
                raise ValueError(f"{name} or {name}_file is missing")
        parts = urlsplit(self.document_url)
        if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
            raise ValueError("document_url is https: Vipps takes nothing else")
        return self


def vipps_settings(section: Vipps) -> VippsSettings:
    """The channel's own settings."""
    return VippsSettings(
        api=ApiSettings(
            url=section.url,
            client_id=section.client_id,
            client_secret=revealed(section.client_secret) or "",
            subscription_key=revealed(section.subscription_key) or "",
            connect_timeout_s=section.connect_timeout_s,
            answer_timeout_s=section.answer_timeout_s,
        ),
        document_url=section.document_url,
        merge_bytes=section.max_merged_bytes,
    )


def make(section: Vipps, parts: Parts) -> driver.Vipps:
    """The channel."""
    register = parts.register(driver.Vipps.name)
    return driver.Vipps(vipps_settings(section), register, now=parts.clock.now)


def routes(section: Vipps, parts: Parts) -> Sequence[web.AbstractRouteDef]:
    """Where banks fetch documents."""
    # Not above: the API's modules know the settings, and these know this module.
    from gateway.api.link_pages import Counting
    from gateway.api.remote import client_of

    by_client = Counting(parts.clock, section.per_minute)

    def too_often(request: web.Request) -> bool:
        return by_client.too_often(client_of(request, section.proxies))

    client = partial(
        Client,
        connect_timeout_s=section.connect_timeout_s,
        answer_timeout_s=section.answer_timeout_s,
    )
    url = f"{section.url.rstrip('/')}/vipps-invoice/public/jwk"
    return Endpoint(
        section.document_url,
        Keys(client, url, parts.clock.now),
        Documents(parts.store, parts.register(driver.Vipps.name)),
        too_often,
        parts.clock.now,
        section.token_issuer,
    ).routes()


class Documents:
    """The PDFs that went with invoices, as parts of their documents in the store."""

    def __init__(self, store: Store, register: Register) -> None:
        self._store = store
        self._register = register

    async def open(self, key: UUID) -> AsyncGenerator[bytes, None] | None:
        """The bytes; None where there are none, or no longer. Raises Gone."""
        try:
            place = await self._store.leg(key)
            if place is None:
                return None
            document, _ = place
            entry = await self._register.get(document.company_id, INVOICE, str(key))
            if entry is None:
                return None
            sha256 = str(entry.data["sha256"])
            pieces = await self._store.stream(document.company_id, document.id, sha256)
        except (StorageUnavailable, ContentLost) as error:
            raise Gone from error
        return None if pieces is None else _read(pieces)


async def _read(pieces: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    try:
        async with aclosing(pieces):
            async for piece in pieces:
                yield piece
    except (StorageUnavailable, ContentLost) as error:
        raise Gone from error
