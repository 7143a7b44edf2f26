"""What has been agreed on with the channels: a company's agreements, and the people who have said
yes to its invoices.

In charge of listing them, whatever the channel, and of handing a request to the channel that grants
them (`transports.base.Agreeing`). Not in charge of how one goes on, which its channel finds out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.audit.chain import NewEntry, reasoned
from gateway.clock import Clock
from gateway.identifying.masking import masked
from gateway.routing.terms import terms
from gateway.store.port import Company, Store
from gateway.store.register import StoredRegister
from gateway.ways import own
from transports.base import AGREEMENT, Agreeing, Entry, Transport, Verdict

# What is listed of a register; the rest is a channel's own business.
CONSUMER: Final = "consumer"
KINDS: Final = (AGREEMENT, CONSUMER)


@dataclass(frozen=True, slots=True)
class Agreed:
    """An agreement of a company's, or a person who has said yes: `name` is the channel's word for
    it. `text` is a public sentence; `next_at` is when the channel looks at it again."""

    channel: str
    kind: str
    name: str
    state: str
    text: str
    asked_at: datetime | None
    next_at: datetime | None


class NotGranting(Exception):
    """The channel is not set up here, or has no agreements that can be asked for."""


class Agreements:
    """The agreements with the channels that are set up."""

    def __init__(self, store: Store, transports: Mapping[str, Transport], clock: Clock) -> None:
        self._store = store
        self._transports = transports
        self._clock = clock

    async def list(
        self, company_id: str, kind: str, after: tuple[str, str], limit: int
    ) -> Sequence[Agreed]:
        """A company's, by channel and name past `after`."""
        found: list[Agreed] = []
        for channel in sorted(self._transports):
            if channel >= after[0] and len(found) < limit:
                register = StoredRegister(self._store, self._clock, channel)
                name = after[1] if channel == after[0] else ""
                rest = limit - len(found)
                entries = await register.entries(company_id, kind, after=name, limit=rest)
                found += [_agreed(channel, entry) for entry in entries]
        return found

    def granting(self) -> Sequence[str]:
        """The channels that agreements can be asked for from."""
        return [name for name, one in sorted(self._transports.items()) if isinstance(one, Agreeing)]

    async def request(
        self, company: Company, channel: str, *, actor: str, reason: str = ""
    ) -> Agreed | Verdict:
        """Asks for an agreement by the company's terms with the channel; the one there is, where it
        has been asked for. A Verdict says why not. Raises NotGranting."""
        granting = self._granting(channel)
        company = await self._store.company(company.id) or company
        answer = await granting.request(own(company), terms(company.settings, channel))
        who = (actor, "agreement.requested", reason)
        return await self._told(company.id, channel, answer, who)

    async def end(
        self, company_id: str, channel: str, name: str, *, actor: str, reason: str = ""
    ) -> Agreed | Verdict:
        """Ends an agreement. A Verdict says why not. Raises NotGranting."""
        answer = await self._granting(channel).end(company_id, name)
        return await self._told(company_id, channel, answer, (actor, "agreement.ended", reason))

    async def _told(
        self, company_id: str, channel: str, answer: Entry | Verdict, who: tuple[str, str, str]
    ) -> Agreed | Verdict:
        """What came of it, told in the audit where something did. `who` is the actor, the action
        and the reason."""
        if isinstance(answer, Verdict):
            return answer
        actor, action, reason = who
        data = reasoned({"state": answer.state}, reason)
        entry = NewEntry(actor, action, channel, company_id, data)
        await self._store.audit(entry, self._clock.now())
        return _agreed(channel, answer)

    def _granting(self, channel: str) -> Agreeing:
        transport = self._transports.get(channel)
        if not isinstance(transport, Agreeing):
            raise NotGranting(channel)
        return transport


def _agreed(channel: str, entry: Entry) -> Agreed:
    text, asked_at = entry.data.get("text"), entry.data.get("asked_at")
    return Agreed(
        channel=channel,
        kind=entry.kind,
        name=entry.name,
        state=entry.state,
        text=masked(text) if isinstance(text, str) else "",
        asked_at=datetime.fromisoformat(asked_at) if isinstance(asked_at, str) else None,
        next_at=entry.due_at,
    )
