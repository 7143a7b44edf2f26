"""The channel `kivra`: its settings, how it is made of them, and what Kivra posts to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Self

from aiohttp import web
from pydantic import Field, SecretStr, model_validator

from gateway.channels.parts import Parts
from gateway.section import Channel, revealed
from transports.kivra import driver
from transports.kivra.driver import KivraSettings
from transports.kivra.endpoint import Endpoint

# Standard Webhooks: 24 to 64 bytes, in base64.
_SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{32,88}={0,2}")


class Kivra(Channel):
    """Kivra: digital mail to Swedish people and companies. Each company has its tenant at Kivra in
    its own settings (`channels.kivra.tenant`)."""

    url: str = Field(
        default="https://sender.api.kivra.com",
        pattern=r"^https?://",
        examples=["https://sender.sandbox-api.kivra.com"],
    )
    """Base address of Kivra's sender API."""

    client_id: str = Field(min_length=1, examples=["budkavle"])
    """Name that Kivra knows us by."""

    client_secret: SecretStr | None = None
    """Secret that goes with it."""

    client_secret_file: Path | None = Field(default=None, examples=["/run/secrets/kivra"])
    """File that holds the secret."""

    too_large: Literal["shrink", "decline"] = "shrink"
    """What becomes of an invoice that is more than the megabyte Kivra takes. `shrink`: attachments
    that do not fit stay behind, and where not even the invoice fits, a link goes (`[links]`).
    `decline`: it takes the next channel."""

    webhook_secret: SecretStr | None = None
    """What Kivra signs its posts about payments with (`whsec_...`); several with spaces between.
    Without it nothing is taken in at `/kivra/webhooks` of the outer listener."""

    webhook_secret_file: Path | None = Field(default=None, examples=["/run/secrets/kivra-webhook"])
    """File that holds it."""

    connect_timeout_s: float = Field(default=30, gt=0)
    """Longest time for connecting."""

    answer_timeout_s: float = Field(default=60, gt=0)
    """Longest time for a call, its answer included."""

    @model_validator(mode="after")
    def _has_secrets(self) -> Self:
        if self.client_secret is None:
            raise ValueError("client_secret or client_secret_file is missing")
        if not all(_SECRET.fullmatch(secret) for secret in _webhook_secrets(self)):
            raise ValueError("webhook_secret is not what Kivra gives: whsec_ and base64")
        return self


def kivra_settings(section: Kivra) -> KivraSettings:
    """The channel's own settings."""
    return KivraSettings(
        url=section.url,
        client_id=section.client_id,
        client_secret=revealed(section.client_secret) or "",
        shrink=section.too_large == "shrink",
        connect_timeout_s=section.connect_timeout_s,
        answer_timeout_s=section.answer_timeout_s,
        ask_timeout_s=section.answer_timeout_s,
    )


def make(section: Kivra, parts: Parts) -> driver.Kivra:
    """The channel."""
    register = parts.register(driver.Kivra.name)
    return driver.Kivra(kivra_settings(section), register, now=parts.clock.now)


def routes(section: Kivra, parts: Parts) -> Sequence[web.AbstractRouteDef]:
    """Where Kivra tells of payments, if it has been asked to."""
    secrets = _webhook_secrets(section)
    if not secrets:
        return ()
    return Endpoint(secrets, parts.register(driver.Kivra.name), parts.clock.now).routes()


def _webhook_secrets(section: Kivra) -> list[str]:
    return (revealed(section.webhook_secret) or "").split()
