"""The values of settings, in the store: the layers that count for a company, and settling one.

In charge of reading the layers and of the audit entry. Not in charge of what can be settled
(`company_settings`), nor of who may (`gateway.api`, `gateway.console`, `gateway.cli`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from gateway import settling
from gateway.audit.chain import NewEntry, reasoned
from gateway.company_settings import Layer, Level, Setting, layers, place, with_value
from gateway.customers import told
from gateway.store.port import Company, Store
from transports.base import Recipient

ANY: Final = object()  # whatever the value was before


class Changed(Exception):
    """The value is another by now than the one that was looked at; nothing was settled."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value is settled: `owner` is the id of the account at its level, else that of the
    company; `of` the customer or the class."""

    owner: str
    level: Level
    of: str = ""


@dataclass(frozen=True, slots=True)
class By:
    """Who settles it, why where they say so, and for which company it is told in the audit."""

    actor: str
    company_id: str
    reason: str = ""


async def layers_of(
    store: Store, company: Company, recipient: Recipient | None = None
) -> tuple[Layer, ...]:
    """The layers that count for a company, or for one of its customers, as they are now."""
    company = await store.company(company.id) or company
    account = await store.account(company.account_id) if company.account_id else None
    parent = await store.company(company.parent_id) if company.parent_id else None
    return layers(
        account.settings if account else {},
        (parent.id, parent.settings) if parent else None,
        company.settings,
        recipient,
    )


async def settle_value(
    store: Store,
    setting: Setting,
    at: Place,
    value: Any,
    by: By,
    now: datetime,
    *,
    before: Any = ANY,
) -> None:
    """Settles a checked value in a place; None takes it back. `before`: what must stand there until
    then, None for nothing.

    Raises Changed, NotSettled for what does not go together, LookupError for an owner that is not
    there, and StorageUnavailable.
    """
    kept = told(value) if isinstance(value, str) else value
    what = {"level": at.level, "of": told(at.of), "value": kept}
    entry = NewEntry(
        *(by.actor, "setting.settled", setting.name, by.company_id), reasoned(what, by.reason)
    )

    def change(settings: Mapping[str, Any]) -> Mapping[str, Any]:
        if before is not ANY and place(at.level, at.of, settings).get(setting.name) != before:
            raise Changed(setting.name)
        return with_value(at.level, at.of, settings, setting.name, value)

    settle = settling.settle_account if at.level is Level.ACCOUNT else settling.settle
    await settle(store, at.owner, change, entry, now)
