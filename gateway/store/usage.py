"""Prices, what was charged by them, and how far it has been counted.

In charge of the rows and of what the store promises of them; a part of the port
(`gateway.store.port.Store`). Not in charge of what is charged (`gateway.usage`).

Months are written `2026-11`, days `2026-11-22`; both are of UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gateway.audit.chain import Told


@dataclass(frozen=True, slots=True)
class Price:
    """What one delivery costs from `valid_from` on: until another price of the same place begins,
    or to the end of `valid_to`. An empty `country` (the recipient's) or `kind` stands for any."""

    channel: str
    country: str
    direction: str  # out, in
    kind: str  # of document: invoice, credit_note ...
    valid_from: date
    valid_to: date | None
    currency: str
    amount: Decimal

    @property
    def place(self) -> tuple[str, str, str, str]:
        """What it is the price of: of two prices of one place, one counts on a day."""
        return self.channel, self.country, self.direction, self.kind


@dataclass(frozen=True, slots=True)
class Charge:
    """One delivery that is charged, or the taking back of one (`units` -1).

    `id` says what is charged, so that it is charged once however often it is counted. `day` is the
    day whose price counts; `amount` None: there was no price. `month` is the statement it stands
    on: that of `at`, or, where that was closed, the next one.
    """

    id: str
    company_id: str
    account_id: str
    document_id: str
    channel: str
    country: str
    direction: str
    kind: str
    at: datetime
    day: date
    month: str
    units: int = 1
    currency: str | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Sum:
    """The charges of a month that are alike: how many, and how many were taken back."""

    company_id: str
    account_id: str
    channel: str
    country: str
    direction: str
    kind: str
    currency: str | None
    amount: Decimal | None  # of one
    charged: int
    taken_back: int


class Usage(Protocol):
    """The operations."""

    async def prices(self) -> Sequence[Price]:
        """Every price there is or was, place by place, each in the order of time."""
        ...

    async def add_prices(self, prices: Sequence[Price], *, told: Told | None = None) -> bool:
        """Adds prices; False, with nothing written, when one is there of the same place and day."""
        ...

    async def uncounted(self, limit: int) -> Sequence[str]:
        """Companies that have events past the place up to which theirs were counted."""
        ...

    async def counted(self, company_id: str) -> str | None:
        """The cursor of the last of a company's events that was counted; None: none was."""
        ...

    async def count(
        self, company_id: str, charges: Sequence[Charge], cursor: str | None = None
    ) -> None:
        """Writes charges of a company, and that its events are counted up to `cursor`. A charge
        that is there stays as it is. One of a month that is closed goes to the first that is
        not. Raises BadCursor."""
        ...

    async def charges(self, company_id: str, document_id: str) -> Sequence[Charge]:
        """What was charged for a document of a company, by id."""
        ...

    async def unpriced(
        self, month: str, company_ids: Sequence[str], limit: int
    ) -> Sequence[Charge]:
        """Charges without a price of these companies on the statement of a month, by company and
        id."""
        ...

    async def price(self, charges: Sequence[Charge]) -> None:
        """Writes currency and amount of charges that had none; those of a closed month stay as
        they are."""
        ...

    async def sums(self, month: str, company_ids: Sequence[str]) -> Sequence[Sum]:
        """The charges of these companies on the statement of a month, summed up."""
        ...

    async def sums_of_account(self, month: str, account_id: str) -> Sequence[Sum]:
        """The same for all companies of an account, as they were its own when they were charged."""
        ...

    async def closed_month(self) -> str | None:
        """The latest month that is closed: it, and all before it, change no more."""
        ...

    async def close_month(self, month: str, now: datetime) -> None:
        """Closes a month; once more does nothing."""
        ...
