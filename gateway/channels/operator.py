"""The operator channel: its settings, and how it is made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator

from gateway.channels.parts import Parts
from gateway.clock import Clock
from gateway.inbound.inboxes import Inboxes
from gateway.section import Channel, revealed
from gateway.store.port import Store
from schemas.identifiers import Participant
from transports.base import Inbound
from transports.operator import driver
from transports.operator.driver import OperatorSettings


class Operator(Channel):
    """The operator channel: the network of the Swedish e-invoice operators."""

    url: str = Field(pattern=r"^https?://", examples=["https://api.operator.example"])
    """Base address of the operator's interface."""

    token: SecretStr | None = None
    """Token that the operator knows us by."""

    token_file: Path | None = Field(default=None, examples=["/run/secrets/operator"])
    """File that holds the token."""

    connect_timeout_s: float = Field(default=30, gt=0)
    """Longest time for connecting."""

    answer_timeout_s: float = Field(default=300, gt=0)
    """Longest time for handing a document over, its answer included."""

    report_days: int = Field(default=30, ge=1)
    """How many days a report on a document is expected."""

    @model_validator(mode="after")
    def _has_token(self) -> Self:
        if self.token is None:
            raise ValueError("token or token_file is missing")
        return self


class OperatorInbox:
    """Implements `transports.operator.inbox.Inbox` on the inboxes of this gateway's companies."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._inboxes = Inboxes(store, clock)

    async def serves(self, recipient: Participant) -> bool:
        """Whether it is one of our companies."""
        return await self._inboxes.lookup(recipient) is not None

    async def take(self, inbound: Inbound) -> bool:
        """Puts a document into the inbox it is for, durably, once for each id. False: it is
        nobody's here."""
        return await self._inboxes.take(driver.NAME, inbound)


def operator_settings(section: Operator) -> OperatorSettings:
    """The channel's own settings."""
    return OperatorSettings(
        url=section.url,
        token=revealed(section.token) or "",
        connect_timeout_s=section.connect_timeout_s,
        answer_timeout_s=section.answer_timeout_s,
        report_days=section.report_days,
    )


def make(section: Operator, parts: Parts) -> driver.Operator:
    """The channel."""
    return driver.Operator(
        operator_settings(section),
        parts.register(driver.NAME),
        OperatorInbox(parts.store, parts.clock),
        now=parts.clock.now,
    )
