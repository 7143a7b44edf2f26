"""The Swedish internet bank in the contract suite."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
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
    PERSONAL_NUMBER,
    SHORT_PATIENCE_S,
    Case,
    Channel,
    envelope,
)
from transports.bank_se.batches import Bounds
from transports.bank_se.driver import BankSe, BankSeSettings
from transports.bank_se.identifiers import Fui
from transports.bank_se.sandbox import MAGIC, Behaviour, Sandbox
from transports.bank_se.sftp import Server
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

FUI = Fui.parse("005567321707.00002222222.FSPA.SE")
BANKGIRO = "50501055"
TERMS: Mapping[str, Any] = {
    "fui": str(FUI),
    "bankgiros": [{"number": BANKGIRO, "ocr": "hard"}],
}
COMPANY = "cmp_sender"


def swedish(given: Envelope) -> Envelope:
    """The envelope as one that a bank can have paid."""
    accounts = (Account(AccountKind.BANKGIRO, BANKGIRO),)
    summary = replace(given.summary, accounts=accounts, payment_reference="1001007")
    return replace(given, summary=summary)


def consumer(behaviour: Behaviour = Behaviour.ACCEPT) -> Recipient:
    """Who makes the sandbox do something."""
    return Recipient("Anna Ek", "SE", consumer=True, personal_number=MAGIC[behaviour])


def invoice(
    behaviour: Behaviour = Behaviour.ACCEPT, name: str = "", address: str = "NB.SE"
) -> Envelope:
    """An envelope for which the sandbox does something."""
    made = envelope(consumer(behaviour), address, name or behaviour)
    return replace(swedish(made), terms=TERMS)


async def issuers() -> Sequence[tuple[str, Mapping[str, Any]]]:
    """One company with terms."""
    return [(COMPANY, TERMS)]


def settings(distributor: Sandbox, patience_s: float = PATIENCE_S, **more: Any) -> BankSeSettings:
    """The channel at the sandbox."""
    server = Server(
        host=distributor.host,
        port=distributor.port,
        username=distributor.username,
        host_key=distributor.host_key,
        password=distributor.password,
        connect_timeout_s=PATIENCE_S,
    )
    return BankSeSettings(
        server, bounds=Bounds(wait_s=0.01), exchange_timeout_s=patience_s, collect_every_s=0, **more
    )


async def open_bank_se(data: Path, hangs: bool) -> AsyncIterator[Channel]:
    clock = MovableClock(NOW)
    store = await SqliteStore.open(data)
    register = StoredRegister(store, clock, "bank_se")
    patience_s = SHORT_PATIENCE_S if hangs else PATIENCE_S
    async with Sandbox(now=clock.now) as distributor:

        async def taken(key: UUID) -> list[bytes]:
            kept = distributor.invoices.get(key)
            return [] if kept is None else [kept.line]

        def driver() -> Transport:
            return BankSe(settings(distributor, patience_s), register, issuers, now=clock.now)

        first = driver()
        distributor.register_magic(FUI)
        assert [item async for item in first.collect()] == []
        yield Channel(
            transport=first,
            again=driver,
            recipient_for=lambda behaviour: consumer(Behaviour(behaviour)),
            taken=taken,
            connections=lambda: distributor.open,
            shut=distributor.close,
            secrets=("127.0.0.1", str(distributor.port), *MAGIC.values()),
            terms=TERMS,
            fitting=swedish,
        )
    await store.close()


CASE = Case(
    open=open_bank_se,
    outcomes={
        "accept": (Sent, "bank_se.accepted"),
        "reject": (Sent, "bank_se.accepted"),
        "other_distributor": (Sent, "bank_se.accepted"),
        "unreadable": (Sent, "bank_se.accepted"),
        "silent": (Sent, "bank_se.accepted"),
        "deny": (TryLater, "bank_se.permission_denied"),
        "full": (TryLater, "bank_se.failed"),
        "break": (TryLater, "bank_se.unreachable"),
        "lose": (Unknown, "bank_se.outcome_unknown"),
        "drop": (Unknown, "bank_se.outcome_unknown"),
        "stall": (TryLater, "bank_se.timeout"),
        "hang": (Unknown, "bank_se.outcome_unknown"),
    },
    unreachable={
        "nobody": (NOBODY, "bank_se.no_number"),
        "not_registered": (
            replace(NOBODY, personal_number=PERSONAL_NUMBER),
            "bank_se.not_registered",
        ),
        "given_fmi": (
            replace(NOBODY, fmi=f"{PERSONAL_NUMBER}.NB.SE"),
            "bank_se.not_registered",
        ),
        "no_number": (replace(NOBODY, personal_number="191212121213"), "bank_se.bad_number"),
        "another": (
            replace(consumer(), fmi=f"{PERSONAL_NUMBER}.NB.SE"),
            "bank_se.bad_number",
        ),
    },
    hangs=("hang", "stall"),
    sandbox="transports.bank_se.sandbox",
)
