"""Kivra in the contract suite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
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
from transports.base import Delivered, Recipient, Refused, Transport, TryLater, Unknown
from transports.kivra.driver import Kivra, KivraSettings
from transports.kivra.sandbox import MAGIC, NOT_USERS, TENANT, Behaviour, Sandbox

TERMS = {"tenant": TENANT, "bankgiro": "5050-1055"}


async def open_kivra(data: Path, hangs: bool) -> AsyncIterator[Channel]:
    clock = MovableClock(NOW)
    store = await SqliteStore.open(data)
    register = StoredRegister(store, clock, "kivra")
    async with Sandbox(now=clock.now) as kivra:
        settings = KivraSettings(
            kivra.url,
            "sandbox",
            "sandbox",
            answer_timeout_s=SHORT_PATIENCE_S if hangs else PATIENCE_S,
            ask_timeout_s=PATIENCE_S,
        )

        async def taken(key: UUID) -> list[bytes]:
            mine = key.hex[:8]
            return [kept.body for kept in kivra.contents if mine in kept.seen.names[0]]

        def driver() -> Transport:
            return Kivra(settings, register, now=clock.now)

        def recipient_for(behaviour: str) -> Recipient:
            return replace(RECIPIENT, personal_number=MAGIC[Behaviour(behaviour)])

        yield Channel(
            transport=driver(),
            again=driver,
            recipient_for=recipient_for,
            taken=taken,
            connections=lambda: kivra.open,
            shut=kivra.close,
            secrets=("127.0.0.1", kivra.url, TENANT, *MAGIC.values()),
            terms=TERMS,
        )
    await store.close()


CASE = Case(
    open=open_kivra,
    outcomes={
        "accept": (Delivered, "kivra.delivered"),
        "pay": (Delivered, "kivra.delivered"),
        "pay_in_vain": (Delivered, "kivra.delivered"),
        "left": (Refused, "kivra.not_a_user"),
        "bad_number": (Refused, "kivra.bad_number"),
        "bad_account": (Refused, "kivra.bad_account"),
        "bad_due_date": (Refused, "kivra.bad_due_date"),
        "bad_amount": (Refused, "kivra.bad_amount"),
        "bad_reference": (Refused, "kivra.bad_reference"),
        "already_paid": (Refused, "kivra.already_paid"),
        "too_large": (Refused, "kivra.too_large"),
        "too_many": (TryLater, "kivra.too_many"),
        "expired": (Delivered, "kivra.delivered"),
        "locked": (TryLater, "kivra.login_refused"),
        "error": (Unknown, "kivra.outcome_unknown"),
        "busy": (TryLater, "kivra.busy"),
        "hang": (Unknown, "kivra.outcome_unknown"),
        "drop": (Unknown, "kivra.outcome_unknown"),
    },
    unreachable={
        "nobody": (NOBODY, "kivra.no_number"),
        "elsewhere": (
            replace(NOBODY, personal_number=min(NOT_USERS)),
            "kivra.not_a_user",
        ),
        "company": (replace(NOBODY, organisation_number="5560169095"), "kivra.not_a_user"),
        "two": (replace(NOBODY, personal_number="1212121212"), "kivra.bad_number"),
        "norwegian": (
            replace(NOBODY, country="NO", organisation_number="918130047"),
            "kivra.no_number",
        ),
    },
    hangs=("hang",),
    sandbox="transports.kivra.sandbox",
)
