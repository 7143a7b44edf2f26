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
from transports.base import (
    Delivered,
    Recipient,
    Refused,
    Sent,
    Transport,
    TryLater,
    Unknown,
)
from transports.operator import sfti_sandbox
from transports.operator.directory import Directory
from transports.operator.driver import Operator, OperatorSettings
from transports.operator.sandbox import MAGIC, Behaviour, Sandbox
from transports.operator.sfti import Sfti, SftiSettings


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


async def open_sfti(data: Path, hangs: bool) -> AsyncIterator[Channel]:
    clock = MovableClock(NOW)
    async with sfti_sandbox.Sandbox(now=clock.now) as partner:
        patience_s = SHORT_PATIENCE_S if hangs else PATIENCE_S
        settings = SftiSettings("gateway.example", answer_timeout_s=patience_s)
        directory = Directory.parse(partner.directory)

        async def taken(key: UUID) -> list[bytes]:
            kept = partner.messages.get(f"{key}@gateway.example")
            return [] if kept is None else [kept.body]

        def driver() -> Transport:
            return Sfti(settings, directory, now=clock.now)

        def recipient_for(behaviour: str) -> Recipient:
            number = sfti_sandbox.MAGIC[sfti_sandbox.Behaviour(behaviour)]
            return replace(RECIPIENT, organisation_number=number)

        yield Channel(
            transport=driver(),
            again=driver,
            recipient_for=recipient_for,
            taken=taken,
            connections=lambda: partner.open,
            shut=partner.close,
            secrets=("127.0.0.1", partner.url),
        )


SFTI = Case(
    channel="operator",
    open=open_sfti,
    outcomes={
        "accept": (Delivered, "operator.acknowledged"),
        "bis3": (Delivered, "operator.acknowledged"),
        "refuse": (Refused, "operator.refused"),
        "mime_problem": (Refused, "operator.refused"),
        "fail": (TryLater, "operator.not_taken"),
        "error": (Unknown, "operator.outcome_unknown"),
        "busy": (TryLater, "operator.busy"),
        "other": (Unknown, "operator.outcome_unknown"),
        "nonsense": (Unknown, "operator.outcome_unknown"),
        "hang": (Unknown, "operator.outcome_unknown"),
        "drop": (Unknown, "operator.outcome_unknown"),
    },
    unreachable={
        "nobody": (NOBODY, "operator.no_number"),
        "elsewhere": (replace(NOBODY, organisation_number="5592034846"), "operator.not_found"),
        "in Norway": (
            replace(NOBODY, country="NO", organisation_number="918130047"),
            "operator.not_found",
        ),
        "in Finland": (
            replace(NOBODY, country="FI", organisation_number="25610070"),
            "operator.no_number",
        ),
    },
    hangs=("hang",),
    sandbox="transports.operator.sfti_sandbox",
)
