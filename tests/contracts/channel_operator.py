"""The operator network in the contract suite: over an operator's interface, and straight."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from gateway.channels.operator import OperatorInbox
from gateway.clock import MovableClock
from gateway.store.register import StoredRegister
from gateway.store.sqlite import SqliteStore
from schemas.identifiers import Participant
from tests.contracts.case import (
    NOBODY,
    NOW,
    PATIENCE_S,
    RECIPIENT,
    SHORT_PATIENCE_S,
    Case,
    Channel,
)
from transports.base import Recipient, Refused, Sent, Transport, TryLater, Unknown
from transports.operator.driver import Operator, OperatorSettings
from transports.operator.sandbox import MAGIC, Behaviour, Sandbox


async def open_rest(data: Path, hangs: bool) -> AsyncIterator[Channel]:
    clock = MovableClock(NOW)
    store = await SqliteStore.open(data)
    register, inbox = StoredRegister(store, clock, "operator"), OperatorInbox(store, clock)
    async with Sandbox(now=clock.now) as operator:
        patience_s = SHORT_PATIENCE_S if hangs else PATIENCE_S
        settings = OperatorSettings(operator.url, operator.token, answer_timeout_s=patience_s)

        async def taken(key: UUID) -> list[bytes]:
            return [operator.documents[key].body] if key in operator.documents else []

        def driver() -> Transport:
            return Operator(settings, register, inbox, now=clock.now)

        def recipient_for(behaviour: str) -> Recipient:
            number = MAGIC[Behaviour(behaviour)]
            return replace(RECIPIENT, organisation_number=number)

        yield Channel(
            transport=driver(),
            again=driver,
            recipient_for=recipient_for,
            taken=taken,
            connections=lambda: operator.open,
            shut=operator.close,
            secrets=("127.0.0.1", operator.url, operator.token),
        )
    await store.close()


REST = Case(
    open=open_rest,
    outcomes={
        "accept": (Sent, "operator.accepted"),
        "bis3": (Sent, "operator.accepted"),
        "refuse": (Refused, "operator.bad_document"),
        "reject": (Sent, "operator.accepted"),
        "error": (Unknown, "operator.outcome_unknown"),
        "busy": (TryLater, "operator.busy"),
        "conflict": (Unknown, "operator.conflict"),
        "hang": (Unknown, "operator.outcome_unknown"),
        "drop": (Unknown, "operator.outcome_unknown"),
    },
    unreachable={
        "consumer": (replace(NOBODY, consumer=True), "operator.no_number"),
        "nobody": (NOBODY, "operator.not_found"),
        "elsewhere": (
            replace(NOBODY, organisation_number=MAGIC[Behaviour.NOT_FOUND]),
            "operator.not_found",
        ),
        "gln": (
            replace(NOBODY, participant=Participant.parse("0088:7300010000001")),
            "operator.not_found",
        ),
        "edifact": (
            replace(NOBODY, organisation_number=MAGIC[Behaviour.NO_FORMAT]),
            "operator.no_format",
        ),
    },
    hangs=("hang",),
    apart=("several", "not_found", "no_format", "unsure"),
    sandbox="transports.operator.sandbox",
)
