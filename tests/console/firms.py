"""The console of a gateway that verifies its companies, publishes them and has a channel with
agreements; and people of theirs who sign in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from gateway.agreements import Agreements
from gateway.channels import TERMS
from gateway.clock import MovableClock
from gateway.registration.verbs import Verbs as Registering
from gateway.store.port import Company
from gateway.store.register import StoredRegister
from gateway.store.sqlite import SqliteStore
from gateway.store.usage import Charge
from gateway.trust.gate import OPEN, Gate
from gateway.trust.people.roles import Role
from gateway.trust.verification.gate import VerifiedOnly
from gateway.trust.verification.request import Sealed
from gateway.trust.verification.standing import Terms
from gateway.trust.verification.verbs import Verbs as Verifying
from schemas.identifiers import Participant
from tests.api.conftest import AT
from tests.api.test_agreements import Granting
from tests.console.office import ACCOUNT, OURS, Browser, Office, Shown, open_office
from transports.base import Transport

SISTER = Company("com_sister", "Älvdalens Bygg AB", "SE", ("0007:5567321707",), {}, ACCOUNT.id)
TRADER = Company("com_trader", "Kari Solheim", "SE", ("0007:8507099805",), {})
WHY = "They have called and asked for it."


class Late(Gate):
    """The gate of a store that is opened only after it is named."""

    def __init__(self) -> None:
        self.gate: Gate = OPEN

    async def may_submit(self, company_id: str) -> Any:
        return await self.gate.may_submit(company_id)

    async def may_send(self, company_id: str) -> Any:
        return await self.gate.may_send(company_id)

    async def may_arrive(self, company_id: str) -> Any:
        return await self.gate.may_arrive(company_id)

    async def may_receive(self, company_id: str) -> Any:
        return await self.gate.may_receive(company_id)


@asynccontextmanager
async def open_firms(data: Path, *, publisher: bool = True) -> AsyncIterator[Office]:
    gate = Late()

    def service(store: SqliteStore, clock: MovableClock) -> Mapping[str, Any]:
        gate.gate = VerifiedOnly(store, clock)
        granting = Granting("efaktura_no")
        granting.register = StoredRegister(store, clock, granting.name)
        channels: dict[str, Transport] = {"efaktura_no": granting}
        own = Participant.parse("0242:000001")
        return {
            "terms": TERMS,
            "agreements": Agreements(store, channels, clock),
            "participants": Registering(store, clock, own) if publisher else None,
            "verification": Verifying(
                store, clock, Sealed(None, clock), ("visma_sign", "bankid"), Terms()
            ),
        }

    channels = ("email", "efaktura_no")
    async with open_office(data, gate=gate, channels=channels, service=service) as office:
        for company in (SISTER, TRADER):
            await office.store.add_company(company, AT)
        yield office


def charge(n: int, day: date, amount: str | None = "1.25", company: Company = OURS) -> Charge:
    return Charge(
        *(f"doc_{n}/0", company.id, company.account_id, f"doc_{n}", "peppol", "SE", "out"),
        *("invoice", AT - (AT.date() - day) * 1, day, f"{day:%Y-%m}", 1),
        currency=None if amount is None else "SEK",
        amount=None if amount is None else Decimal(amount),
    )


async def person(office: Office, browser: Browser, role: Role, **more: Any) -> Any:
    """Somebody of the account, signed in."""
    email = more.pop("email", f"{role}@byran.example")
    found = await office.person(email, role, **more)
    await browser.sign_in(found.email)
    return found


def place(tab: str = "", company: Company = OURS) -> str:
    """A tab for operators."""
    base = f"/console/companies/{company.id}"
    return f"{base}/{tab}" if tab else base


async def acted(
    browser: Browser, tab: str, verb: str, *, company: Company = OURS, **fields: Any
) -> Shown:
    """What an operator gets who sends a form of a tab, with a reason."""
    shown = await browser.get(place("" if tab == "overview" else tab, company))
    looked_at = {"version": shown.value("version")} if tab == "overview" else {}
    path = f"/console/companies/{company.id}/{tab}/{verb}"
    return await browser.post(path, **{"reason": WHY, **looked_at, **fields})


async def told(office: Office, action: str) -> Any:
    """The newest entry of this action in the audit."""
    entries = await office.store.audit_entries(0, 1000)
    return next(entry for entry in reversed(entries) if entry.action == action)
