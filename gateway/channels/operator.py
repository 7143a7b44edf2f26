"""The operator channel: its settings, and how it is made of them."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Self

from aiohttp import web
from pydantic import Field, SecretStr, model_validator

from gateway.channels.parts import Parts
from gateway.clock import Clock
from gateway.inbound.inboxes import Inboxes
from gateway.inbound.incoming import Incoming, Taken
from gateway.section import Channel, ConfigError, revealed
from gateway.store.port import StorageUnavailable, Store
from gateway.trust.gate import OPEN, Gate
from schemas.identifiers import Participant
from transports.base import Inbound, Transport
from transports.bodies import Limits
from transports.operator import driver, sfti
from transports.operator.directory import Directory
from transports.operator.driver import OperatorSettings
from transports.operator.endpoint import Endpoint
from transports.operator.inbox import NotKept
from transports.operator.receiver import Receiver
from transports.operator.sfti import Sfti, SftiSettings


class Operator(Channel):
    """The operator channel: the network of the Swedish e-invoice operators."""

    kind: Literal["rest", "sfti"] = "rest"
    """How documents go out: `rest` over the interface of an operator that we are a customer of,
    `sfti` straight to each recipient by SFTI's transport profile Bas 2.0."""

    url: str | None = Field(
        default=None, pattern=r"^https?://", examples=["https://api.operator.example"]
    )
    """Base address of the operator's interface (`rest`)."""

    token: SecretStr | None = None
    """Token that the operator knows us by (`rest`)."""

    token_file: Path | None = Field(default=None, examples=["/run/secrets/operator"])
    """File that holds the token."""

    report_days: int = Field(default=30, ge=1)
    """How many days a report on a document is expected (`rest`)."""

    host: str | None = Field(
        default=None, pattern=r"^[A-Za-z0-9.-]{1,100}$", examples=["gateway.example.com"]
    )
    """Our host name, the right side of message ids (`sfti`)."""

    partners_file: Path | None = Field(default=None, examples=["/etc/budkavle/partners.toml"])
    """File that says which partners take messages, and where (`sfti`). It is read at the start."""

    max_message_bytes: int = Field(default=64 * 1024 * 1024, ge=1024 * 1024)
    """Largest message that is taken from a partner (`sfti`)."""

    ca_file: Path | None = Field(default=None, examples=["/etc/ssl/operator-ca.pem"])
    """Certificates to trust (PEM) instead of the system's."""

    connect_timeout_s: float = Field(default=30, gt=0)
    """Longest time for connecting."""

    answer_timeout_s: float | None = Field(default=None, gt=0, examples=[300])
    """Longest time for handing a document over, its answer included; by default 300 for `rest`, and
    600 for `sfti`, as its profile has it."""

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        wanted: dict[str, object] = {"host": self.host, "partners_file": self.partners_file}
        if self.kind == "rest":
            wanted = {"url": self.url, "token or token_file": self.token}
        missing = [name for name, value in wanted.items() if value is None]
        if missing:
            is_ = "is" if len(missing) == 1 else "are"
            raise ValueError(f"{' and '.join(missing)} {is_} missing for kind {self.kind}")
        return self


class OperatorInbox:
    """Implements `transports.operator.inbox.Inbox` on the inboxes of this gateway's companies."""

    def __init__(self, store: Store, clock: Clock, gate: Gate = OPEN) -> None:
        self._inboxes = Inboxes(store, clock, gate)

    async def serves(self, recipient: Participant) -> bool:
        """Whether it is one of our companies, and may receive. Raises NotKept."""
        try:
            return isinstance(await self._inboxes.lookup(recipient), str)
        except StorageUnavailable as error:
            raise NotKept(str(error)) from error

    async def take(self, inbound: Inbound) -> bool:
        """Puts a document into the inbox it is for, durably, once for each id. False: it is
        nobody's here. Raises NotKept."""
        try:
            taken = await self._inboxes.take(
                Incoming(
                    *(driver.NAME, inbound.id, inbound.recipient, inbound.document),
                    *(inbound.attachments, inbound.evidence),
                    refusable=True,
                )
            )
        except StorageUnavailable as error:
            raise NotKept(str(error)) from error
        return isinstance(taken, Taken)


def operator_settings(section: Operator) -> OperatorSettings:
    """The settings of an operator's interface."""
    return OperatorSettings(
        url=section.url or "",
        token=revealed(section.token) or "",
        connect_timeout_s=section.connect_timeout_s,
        answer_timeout_s=section.answer_timeout_s or driver.ANSWER_TIMEOUT_S,
        report_days=section.report_days,
    )


def sfti_settings(section: Operator) -> SftiSettings:
    """The settings of SFTI's profile."""
    return SftiSettings(
        host=section.host or "",
        connect_timeout_s=section.connect_timeout_s,
        answer_timeout_s=section.answer_timeout_s or sfti.ANSWER_TIMEOUT_S,
    )


def partners(section: Operator) -> Directory:
    """The partners in the file. Raises ConfigError with all that is wrong with it."""
    assert section.partners_file is not None, "kind is sfti"
    try:
        return Directory.parse(section.partners_file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        text = f"operator.partners_file: {section.partners_file}: {reason}"
        raise ConfigError(text) from error


def make(section: Operator, parts: Parts) -> Transport:
    """The channel."""
    tls = tls_of(section)
    if section.kind == "sfti":
        return Sfti(sfti_settings(section), partners(section), tls=tls, now=parts.clock.now)
    return driver.Operator(
        operator_settings(section),
        parts.register(driver.NAME),
        OperatorInbox(parts.store, parts.clock, parts.gate),
        tls=tls,
        now=parts.clock.now,
    )


def routes(section: Operator, parts: Parts) -> Sequence[web.AbstractRouteDef]:
    """What partners post messages to; an operator's interface has nothing of the kind."""
    if section.kind == "rest":
        return ()
    receiver = Receiver(
        OperatorInbox(parts.store, parts.clock, parts.gate),
        partners(section),
        parts.clock.now,
        host=sfti_settings(section).host,
    )
    return Endpoint(receiver, Limits(body_bytes=section.max_message_bytes)).routes()


def tls_of(section: Operator) -> ssl.SSLContext | None:
    """Whom to trust; None: whom the system trusts. Raises ConfigError."""
    if section.ca_file is None:
        return None
    try:
        return ssl.create_default_context(cafile=section.ca_file)
    except (OSError, ssl.SSLError) as error:
        reason = error.strerror or error
        raise ConfigError(f"operator.ca_file: {section.ca_file}: {reason}") from error
