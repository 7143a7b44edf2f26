"""What Kivra tells of payments: from what is in the register to reports on envelopes.

In charge of finding the envelope of a content, and of what a payment's event is to the sender. Not
in charge of taking in what Kivra posts (`endpoint`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from transports.base import (
    Delivered,
    Entry,
    Evidence,
    Now,
    Paid,
    Register,
    Report,
    Verdict,
)
from transports.kivra import webhooks
from transports.kivra.webhooks import Event

# Kinds of entries, the channel's own: Kivra's keys are the same for all tenants of a client.
CONTENT: Final = "content"  # which envelope a content is
TOLD: Final = "webhook"  # what was posted, until it is told on

# Invoices are paid within the year, with reminders.
_REMEMBERED: Final = timedelta(days=400)

# A payment of a content that is not known yet: ours may have been cut short after Kivra took it,
# and is on its way again.
_ASK_AGAIN: Final = timedelta(hours=1)
_GIVE_UP: Final = timedelta(days=3)


def content_key(headers: Mapping[str, str]) -> str | None:
    """Kivra's key for a content, of the answer to it; None where it gave none that could be one."""
    key = headers.get("kivra-objkey") or headers.get("location", "").rstrip("/").rpartition("/")[2]
    return key if key.isalnum() and key.isascii() and len(key) <= 100 else None


def entry(content: str, key: UUID, now: datetime) -> Entry:
    """What is kept of a content that Kivra took."""
    return Entry("", CONTENT, content, data={"key": str(key)}, due_at=now + _REMEMBERED)


async def reports(register: Register, remote: str, now: Now) -> AsyncIterator[Report]:
    """The payments that were told since, of envelopes that are known; what is taken is dropped."""
    for told in await register.due(TOLD, now()):
        event = webhooks.read(str(told.data["body"]).encode())
        known = event and await register.get("", CONTENT, event.content_key)
        if event is not None and known:
            yield _report(UUID(known.data["key"]), event, told, remote)
        elif event is not None and now() < datetime.fromisoformat(told.data["at"]) + _GIVE_UP:
            await register.put([replace(told, due_at=now() + _ASK_AGAIN)])
            continue
        await register.drop([told])
    await register.drop(await register.due(CONTENT, now()))


def _report(key: UUID, event: Event, told: Entry, remote: str) -> Report:
    at = datetime.fromisoformat(told.data["at"])
    evidence = (Evidence("report", "application/json", str(told.data["body"]).encode(), at),)
    amount = f"{event.amount} {event.currency}"

    def verdict(code: str, text: str) -> Verdict:
        return Verdict(code, f"{text} ({event.at})", text, remote)

    outcome: Paid | Delivered
    match event.event:
        case "settled":
            outcome = Paid(
                verdict("kivra.paid", f"The recipient has paid {amount} in Kivra."), evidence
            )
        case "scheduled":
            text = f"The recipient will pay {amount} in Kivra{_on(event)}."
            outcome = Delivered(verdict("kivra.payment_scheduled", text), evidence)
        case "failed":
            text = f"A payment of {amount} in Kivra has failed."
            outcome = Delivered(verdict("kivra.payment_failed", text), evidence)
        case _:
            text = f"Kivra told something of a payment of {amount}."
            outcome = Delivered(verdict("kivra.payment_noted", text), evidence)
    return Report(key, outcome, id=f"kivra/{told.name}")


def _on(event: Event) -> str:
    return f" on {event.pay_date}" if event.pay_date else ""
