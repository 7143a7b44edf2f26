"""The first tab: who a company is, how it stands, its participants, and what is kept for longer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.audit.chain import NewEntry, reasoned
from gateway.console.companies import participants, verification
from gateway.console.companies.desk import OVERVIEW, Desk
from gateway.console.companies.participants import ParticipantView
from gateway.console.companies.tab import Done, NotThere, Outcome, Verb
from gateway.console.companies.verification import VerificationView
from gateway.registration.offers import Takes
from gateway.trust.scopes import Scope


@dataclass(frozen=True, slots=True)
class HoldView:
    """A document that is kept however old it gets."""

    document_id: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Overview:
    """Who it is, and how it stands."""

    id: str
    name: str
    country: str
    account_id: str
    account: str
    parent_id: str
    parent: str
    verification: VerificationView
    publisher: bool  # whether participants can be registered here
    kinds: tuple[Takes, ...]
    participants: tuple[ParticipantView, ...]
    holds: tuple[HoldView, ...]


class OverviewTab:
    """The tab."""

    name = OVERVIEW
    scope = Scope.READ
    of_operators = frozenset({"verify", "revoke"})

    @property
    def verbs(self) -> Mapping[str, Verb]:
        """What can be done here."""
        return {
            "verify": verification.verify,
            "revoke": verification.revoke,
            "ask": verification.ask,
            "forward": verification.forward,
            "resend": verification.resend,
            "cancel": verification.cancel,
            "publish": participants.publish,
            "withdraw": participants.withdraw,
            "release-hold": _release,
        }

    async def view(self, desk: Desk) -> Overview:
        """What is to be seen."""
        company, store = desk.company, desk.store
        account = await store.account(company.account_id) if company.account_id else None
        parent = await store.company(company.parent_id) if company.parent_id else None
        holds = await store.legal_holds(company.id)
        return Overview(
            id=company.id,
            name=company.name,
            country=company.country,
            account_id=company.account_id,
            account="" if account is None else account.name,
            parent_id=company.parent_id,
            parent="" if parent is None else parent.name,
            verification=await verification.seen(desk),
            publisher=desk.service.participants is not None,
            kinds=participants.KINDS,
            participants=await participants.seen(desk),
            holds=tuple(HoldView(one.document_id, one.reason, one.at) for one in holds),
        )


async def _release(desk: Desk) -> Outcome:
    """Lets go of a document that was kept."""
    company_id, document_id = desk.company.id, desk.form["of"]
    entry = NewEntry(
        *(desk.actor, "legal_hold.released", document_id, company_id), reasoned({}, desk.reason)
    )
    done = await desk.store.set_legal_hold(company_id, document_id, None, entry, desk.now)
    return Done("hold_released") if done else NotThere()
