"""Norwegian eFaktura in the contract suite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
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
    envelope,
)
from transports.base import (
    Account,
    AccountKind,
    Entry,
    Envelope,
    PostalAddress,
    Recipient,
    Refused,
    Sent,
    Transport,
    TryLater,
    Unknown,
)
from transports.efaktura_no.driver import Efaktura, EfakturaSettings
from transports.efaktura_no.sandbox import MAGIC, Behaviour, Sandbox

ISSUER = "918130047"
ACCOUNT = "15038366383"
TERMS = {
    "account": ACCOUNT,
    "kid_algorithm": "mod10",
    "kid_length": 12,
    "reference_position": "1-5",
    "signer_name": "Kari Havn",
    "signer_email": "kari@havbris.example",
}
KID = "100011001235"

SENDER = replace(
    envelope(RECIPIENT, "", "").sender,
    name="Havbris Regnskap AS",
    country="NO",
    participant=None,
    organisation_number=ISSUER,
    postal_address=PostalAddress("Havbris Regnskap AS", ("Kaia 1",), "5003", "Bergen", "NO"),
)
CONSUMER = Recipient(
    name="Kari Nordmann",
    country="NO",
    consumer=True,
    efaktura_id=MAGIC[Behaviour.ACCEPT],
    postal_address=PostalAddress("Kari Nordmann", ("Storgata 2",), "0184", "Oslo", "NO"),
)


def norwegian(given: Envelope) -> Envelope:
    """The envelope as a Norwegian company sends it to a consumer."""
    summary = replace(
        given.summary,
        amount_due=Decimal("1249.50"),
        currency="NOK",
        language="nb",
        payment_reference=KID,
        accounts=(Account(AccountKind.NORWEGIAN, ACCOUNT),),
    )
    return replace(given, sender=SENDER, summary=summary)


async def agreed(driver: Efaktura, mps: Sandbox) -> None:
    """Lets the sender have an active agreement."""
    mps.grant(ISSUER)
    entry = await driver.request(SENDER, TERMS)
    assert isinstance(entry, Entry), entry
    assert entry.state == "active"


async def open_efaktura_no(data: Path, hangs: bool) -> AsyncIterator[Channel]:
    clock = MovableClock(NOW)
    store = await SqliteStore.open(data)
    register = StoredRegister(store, clock, "efaktura_no")
    async with Sandbox(now=clock.now) as mps:
        settings = EfakturaSettings(
            mps.url, answer_timeout_s=SHORT_PATIENCE_S if hangs else PATIENCE_S
        )

        async def taken(key: UUID) -> list[bytes]:
            return [kept.body for kept in mps.behind(key)]

        def driver() -> Transport:
            return Efaktura(settings, register, now=clock.now)

        first = Efaktura(settings, register, now=clock.now)
        await agreed(first, mps)
        yield Channel(
            transport=first,
            again=driver,
            recipient_for=lambda behaviour: replace(
                CONSUMER, efaktura_id=MAGIC[Behaviour(behaviour)]
            ),
            taken=taken,
            connections=lambda: mps.open,
            shut=mps.close,
            secrets=("127.0.0.1", mps.url),
            terms=TERMS,
            fitting=norwegian,
        )
    await store.close()


CASE = Case(
    open=open_efaktura_no,
    outcomes={
        "accept": (Sent, "efaktura_no.sent_without_attachments"),
        "pay": (Sent, "efaktura_no.sent_without_attachments"),
        "reject": (Sent, "efaktura_no.sent_without_attachments"),
        "refuse": (Refused, "efaktura_no.refused"),
        "busy": (TryLater, "efaktura_no.busy"),
        "error": (Unknown, "efaktura_no.outcome_unknown"),
        "fault": (Unknown, "efaktura_no.service_failed"),
        "garbage": (Unknown, "efaktura_no.outcome_unknown"),
        "hang": (Unknown, "efaktura_no.outcome_unknown"),
        "drop": (Unknown, "efaktura_no.outcome_unknown"),
    },
    unreachable={
        "nobody": (NOBODY, "efaktura_no.nothing_to_look_for"),
        "elsewhere": (replace(CONSUMER, efaktura_id="12345"), "efaktura_no.not_found"),
        "no_consent": (replace(CONSUMER, efaktura_id="sandbox-none"), "efaktura_no.no_consent"),
        "blocked": (replace(CONSUMER, efaktura_id="sandbox-blocked"), "efaktura_no.blocked"),
        "personal_number_as_id": (
            replace(CONSUMER, efaktura_id="01032300371"),
            "efaktura_no.bad_efaktura_id",
        ),
        "bad_personal_number": (
            replace(CONSUMER, efaktura_id=None, personal_number="01032300372"),
            "efaktura_no.bad_personal_number",
        ),
    },
    hangs=("hang",),
    sandbox="transports.efaktura_no.sandbox",
)
