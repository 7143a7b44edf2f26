"""Accounts in the store, and the companies that somebody may act for.

In charge of the rows and of what the store promises of them; a part of the port
(`gateway.store.port.Store`). Companies themselves are `gateway.store.port.Company`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from gateway.trust.reach import Reach

if TYPE_CHECKING:
    from gateway.audit.chain import Told
    from gateway.store.port import Company


@dataclass(frozen=True, slots=True)
class Account:
    """Who has the companies: a vendor of ledgers, or an accounting firm."""

    id: str
    name: str
    created_at: datetime
    settings: Mapping[str, Any] = field(default_factory=dict)  # for all its companies


def misplaced(
    company: Company,
    account: Sequence[Any] | None,
    parent: Sequence[Any] | None,
    now_in: Sequence[Any] | None,
) -> str | None:
    """Why a company can not be where it says that it is; None when it can.

    `account` is there when its account is; `parent` is its parent's account and parent, `now_in`
    its own account so far and whether it has sub-units: None where there is none.
    """
    if company.account_id and account is None:
        return f"there is no account {company.account_id}"
    if now_in is not None and now_in[0] not in ("", company.account_id):
        return f"the company {company.id} is in an account, and stays in it"
    if not company.parent_id:
        return None
    if parent is None or company.parent_id == company.id:
        return f"there is no company {company.parent_id} that it could be a sub-unit of"
    if parent[0] != company.account_id:
        return f"a sub-unit is in the account of {company.parent_id}, and in no other"
    if parent[1] or (now_in is not None and now_in[1]):
        return "a sub-unit has no sub-units of its own"
    return None


class Accounts(Protocol):
    """The operations. What is outside of a reach is answered like what does not exist."""

    async def add_account(self, account: Account, *, told: Told | None = None) -> None:
        """Adds an account, or gives the one with this id another name; its settings stay."""
        ...

    async def account(self, account_id: str) -> Account | None:
        """One account."""
        ...

    async def accounts(self) -> Sequence[Account]:
        """All of them, by id (operators only)."""
        ...

    async def settle_account(
        self,
        account_id: str,
        settings: Mapping[str, Any],
        before: Mapping[str, Any],
        *,
        told: Told | None = None,
    ) -> None:
        """Changes an account's settings, if they still are those before; raises Overtaken where
        they are others by now, or there is no such account."""
        ...

    async def company_within(self, reach: Reach, company_id: str) -> Company | None:
        """One company, if it is within reach."""
        ...

    async def companies_within(self, reach: Reach, after: str, limit: int) -> Sequence[Company]:
        """The companies within reach past the id `after`, by id."""
        ...

    async def change_company(
        self,
        company_id: str,
        now: datetime,
        *,
        name: str | None = None,
        participants: Sequence[str] | None = None,
        told: Told | None = None,
    ) -> bool:
        """Changes what is given of a company and nothing else; False when it is not there. Raises
        Contradiction as `add_company` does."""
        ...
