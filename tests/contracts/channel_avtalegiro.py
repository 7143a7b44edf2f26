"""AvtaleGiro in the contract suite."""

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
    NOW,
    PATIENCE_S,
    RECIPIENT,
    SHORT_PATIENCE_S,
    Case,
    Channel,
)
from transports.avtalegiro.driver import AvtaleGiro, AvtaleGiroSettings
from transports.avtalegiro.sandbox import MAGIC, Behaviour, Sandbox, kid
from transports.base import (
    Account,
    AccountKind,
    Envelope,
    Recipient,
    Sent,
    Transport,
    TryLater,
    Unknown,
)

ACCOUNT = "15038366383"
TERMS: dict[str, Any] = {
    "account": ACCOUNT,
    "kid_algorithm": "mod10",
    "kid_length": 12,
    "reference_position": "1-5",
}


def norwegian(given: Envelope) -> Envelope:
    """The envelope as a Norwegian company sends it; the recipient's name says by which KID."""
    sender = replace(
        given.sender, name="Havbris Regnskap AS", country="NO", organisation_number="918130047"
    )
    summary = replace(
        given.summary,
        amount_due=Decimal("1249.50"),
        currency="NOK",
        language="nb",
        payment_reference=given.recipient.name,
        accounts=(Account(AccountKind.NORWEGIAN, ACCOUNT),),
    )
    return replace(given, sender=sender, summary=summary)


def consumer(behaviour: str) -> Recipient:
    return replace(RECIPIENT, name=kid(Behaviour(behaviour)), country="NO", consumer=True)


def settings(central: Sandbox, patience_s: float = PATIENCE_S) -> AvtaleGiroSettings:
    server = replace(central.server, connect_timeout_s=PATIENCE_S)
    return AvtaleGiroSettings(server, central.sender, exchange_timeout_s=patience_s)


async def open_avtalegiro(data: Path, hangs: bool) -> AsyncIterator[Channel]:
    clock = MovableClock(NOW)
    store = await SqliteStore.open(data)
    register = StoredRegister(store, clock, "avtalegiro")
    async with Sandbox(now=clock.now) as central:
        given = settings(central, SHORT_PATIENCE_S if hangs else PATIENCE_S)

        async def taken(key: UUID) -> list[bytes]:
            central.go_on()
            return [one.content for one in central.claims.values() if str(key) in one.file]

        def driver() -> Transport:
            return AvtaleGiro(given, register, now=clock.now)

        central.agree(ACCOUNT, *map(kid, MAGIC))
        first = driver()
        assert [item async for item in first.collect()] == []
        yield Channel(
            transport=first,
            again=driver,
            recipient_for=consumer,
            taken=taken,
            connections=lambda: central.open,
            shut=central.close,
            secrets=("127.0.0.1", central.server.name),
            terms=TERMS,
            fitting=norwegian,
        )
    await store.close()


def by(payment_reference: str) -> Recipient:
    return replace(RECIPIENT, name=payment_reference)


CASE = Case(
    open=open_avtalegiro,
    outcomes={
        "accept": (Sent, "avtalegiro.handed_over"),
        "unpaid": (Sent, "avtalegiro.handed_over"),
        "part": (Sent, "avtalegiro.handed_over"),
        "reject": (Sent, "avtalegiro.handed_over"),
        "deny": (TryLater, "avtalegiro.permission_denied"),
        "full": (TryLater, "avtalegiro.failed"),
        "break": (TryLater, "avtalegiro.unreachable"),
        "stall": (TryLater, "avtalegiro.timeout"),
        "lose": (Unknown, "avtalegiro.outcome_unknown"),
        "drop": (Unknown, "avtalegiro.outcome_unknown"),
        "vanish": (Unknown, "avtalegiro.outcome_unknown"),
        "hang": (Unknown, "avtalegiro.outcome_unknown"),
    },
    unreachable={
        "no_kid": (by(""), "avtalegiro.kid"),
        "wrong_kid": (by("100011001236"), "avtalegiro.kid"),
        "short_kid": (by("26"), "avtalegiro.kid"),
        "no_agreement": (by("100011001235"), "avtalegiro.no_agreement"),
    },
    hangs=("stall", "hang"),
    sandbox="transports.avtalegiro.sandbox",
)
