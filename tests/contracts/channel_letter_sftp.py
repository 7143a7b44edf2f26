"""The letter channel over SFTP in the contract suite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from gateway.clock import MovableClock
from tests.contracts.case import (
    NOBODY,
    NOW,
    PATIENCE_S,
    RECIPIENT,
    SHORT_PATIENCE_S,
    Case,
    Channel,
)
from transports.base import Recipient, Sent, Transport, TryLater, Unknown
from transports.letter.driver import Letter, LetterSettings
from transports.letter.sandbox_sftp import MAGIC, Behaviour, Sandbox

POST_CODES = {
    behaviour: f"9{digits[0]}{digits[1]} {digits[2:]}" for digits, behaviour in MAGIC.items()
}


async def open_letter(data: Path, hangs: bool) -> AsyncIterator[Channel]:
    clock = MovableClock(NOW)
    async with Sandbox(now=clock.now) as house:
        settings = LetterSettings(
            "",
            "",
            server=house.server,
            answer_timeout_s=PATIENCE_S,
            last_step_s=SHORT_PATIENCE_S if hangs else PATIENCE_S,
        )

        async def taken(key: UUID) -> list[bytes]:
            return [house.jobs[key].body] if key in house.jobs else []

        def driver() -> Transport:
            return Letter(settings, now=clock.now)

        def recipient_for(behaviour: str) -> Recipient:
            assert RECIPIENT.postal_address is not None
            post_code = POST_CODES.get(Behaviour(behaviour), "222 33")
            address = replace(RECIPIENT.postal_address, post_code=post_code)
            return replace(RECIPIENT, postal_address=address)

        yield Channel(
            transport=driver(),
            again=driver,
            recipient_for=recipient_for,
            taken=taken,
            connections=lambda: house.open,
            shut=house.close,
            secrets=("127.0.0.1", house.server.name),
        )


CASE = Case(
    open=open_letter,
    outcomes={
        "accept": (Sent, "letter.handed_over"),
        "return": (Sent, "letter.handed_over"),
        "reject": (Sent, "letter.handed_over"),
        "deny": (TryLater, "letter.permission_denied"),
        "full": (TryLater, "letter.failed"),
        "lose": (Unknown, "letter.outcome_unknown"),
        "drop": (Unknown, "letter.outcome_unknown"),
        "hang": (Unknown, "letter.outcome_unknown"),
    },
    unreachable={"nobody": (NOBODY, "letter.address_incomplete")},
    hangs=("hang",),
    sandbox="transports.letter.sandbox_sftp",
    channel="letter",
)
