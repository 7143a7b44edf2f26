"""The example of docs/howto/add-a-transport.md in the contract suite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from tests.contracts.case import NOBODY, NOW, PATIENCE_S, RECIPIENT, SHORT_PATIENCE_S, Case, Channel
from tests.example_transport.driver import Crier, CrierSettings
from tests.example_transport.sandbox import TOKEN, Sandbox
from transports.base import Delivered, Recipient, Refused, Transport, TryLater, Unknown


async def open_example(data: Path, hangs: bool) -> AsyncIterator[Channel]:
    async with Sandbox() as crier:
        patience_s = SHORT_PATIENCE_S if hangs else PATIENCE_S
        settings = CrierSettings(crier.url, TOKEN, answer_timeout_s=patience_s)

        async def taken(key: UUID) -> list[bytes]:
            return [crier.calls[str(key)]] if str(key) in crier.calls else []

        def driver() -> Transport:
            return Crier(settings, now=lambda: NOW)

        def recipient_for(behaviour: str) -> Recipient:
            assert RECIPIENT.postal_address is not None
            address = replace(RECIPIENT.postal_address, city=behaviour)
            return replace(RECIPIENT, postal_address=address)

        yield Channel(
            transport=driver(),
            again=driver,
            recipient_for=recipient_for,
            taken=taken,
            connections=lambda: crier.open,
            shut=crier.close,
            secrets=("127.0.0.1", crier.url, TOKEN),
        )


CASE = Case(
    open=open_example,
    outcomes={
        "accept": (Delivered, "crier.read_out"),
        "refuse": (Refused, "crier.refused"),
        "hoarse": (TryLater, "crier.hoarse"),
        "hang": (Unknown, "crier.no_answer"),
        "drop": (Unknown, "crier.no_answer"),
    },
    unreachable={"nobody": (NOBODY, "crier.no_town")},
    hangs=("hang",),
    sandbox="tests.example_transport.sandbox",
    channel="crier",
)
