"""Vipps in the contract suite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from gateway.clock import MovableClock
from gateway.store.register import StoredRegister
from gateway.store.sqlite import SqliteStore
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
    Account,
    AccountKind,
    Envelope,
    Recipient,
    Refused,
    Sent,
    Transport,
    TryLater,
    Unknown,
)
from transports.vipps import sandbox
from transports.vipps.api import ApiSettings
from transports.vipps.driver import Vipps, VippsSettings
from transports.vipps.sandbox import MAGIC, Behaviour, Sandbox

ISSUER = "918130047"
ACCOUNT = "15038366383"
TERMS: dict[str, Any] = {"account": ACCOUNT, "kid_algorithm": "mod10"}
DOCUMENTS = "https://invoices.example"


def norwegian(given: Envelope) -> Envelope:
    """The envelope as a Norwegian company sends it to a consumer."""
    sender = replace(
        given.sender, name="Havbris Regnskap AS", country="NO", organisation_number=ISSUER
    )
    summary = replace(
        given.summary,
        amount_due=Decimal("1249.50"),
        currency="NOK",
        language="nb",
        payment_reference="100011001235",
        accounts=(Account(AccountKind.NORWEGIAN, ACCOUNT),),
    )
    return replace(given, sender=sender, summary=summary)


def settings(server: Sandbox, patience_s: float = PATIENCE_S) -> VippsSettings:
    api = ApiSettings(
        server.url,
        server.client_id,
        server.client_secret,
        server.subscription_key,
        answer_timeout_s=patience_s,
    )
    return VippsSettings(api, DOCUMENTS)


def consumer(behaviour: str) -> Recipient:
    phone = MAGIC[Behaviour(behaviour)]
    return replace(RECIPIENT, name="Kari Nordmann", country="NO", consumer=True, phone=phone)


async def open_vipps(data: Path, hangs: bool) -> AsyncIterator[Channel]:
    clock = MovableClock(NOW)
    store = await SqliteStore.open(data)
    register = StoredRegister(store, clock, "vipps")
    async with Sandbox(now=clock.now) as server:
        given = settings(server, SHORT_PATIENCE_S if hangs else PATIENCE_S)

        async def taken(key: UUID) -> list[bytes]:
            kept = server.invoices.get(f"orgno-no.{ISSUER}.{key}")
            return [] if kept is None else [kept.body]

        def driver() -> Transport:
            return Vipps(given, register, now=clock.now)

        yield Channel(
            transport=driver(),
            again=driver,
            recipient_for=consumer,
            taken=taken,
            connections=lambda: server.open,
            shut=server.close,
            secrets=("127.0.0.1", server.url, MAGIC[Behaviour.ACCEPT]),
            terms=TERMS,
            fitting=norwegian,
        )
    await store.close()


NO_PHONE = replace(NOBODY, country="NO", phone=None)

CASE = Case(
    open=open_vipps,
    outcomes={
        "accept": (Sent, "vipps.accepted_without_attachments"),
        "reject": (Sent, "vipps.accepted_without_attachments"),
        "owner": (Sent, "vipps.accepted_without_attachments"),
        "delete": (Sent, "vipps.accepted_without_attachments"),
        "approve": (Sent, "vipps.accepted_without_attachments"),
        "slow": (Sent, "vipps.accepted_without_attachments"),
        "refuse": (Refused, "vipps.account"),
        "blacklist": (Refused, "vipps.issuer"),
        "lapsed": (TryLater, "vipps.token_ended"),
        "conflict": (Unknown, "vipps.conflict"),
        "error": (Unknown, "vipps.outcome_unknown"),
        "busy": (TryLater, "vipps.busy"),
        "hang": (Unknown, "vipps.outcome_unknown"),
        "drop": (Unknown, "vipps.outcome_unknown"),
    },
    unreachable={
        "no_number": (NO_PHONE, "vipps.no_number"),
        "swedish_number": (replace(NO_PHONE, phone="+46701234567"), "vipps.no_number"),
        "landline": (replace(NO_PHONE, phone="+47 22 12 34 56"), "vipps.no_number"),
        "swedish_person": (replace(NO_PHONE, personal_number="191212121212"), "vipps.no_number"),
        "elsewhere": (replace(NO_PHONE, phone=sandbox.NOBODY), "vipps.not_found"),
    },
    hangs=("hang",),
    sandbox="transports.vipps.sandbox",
)
