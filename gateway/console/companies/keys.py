"""The API keys that act for a company: seen, made, revoked. A secret is shown once."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from gateway.console.companies.desk import Desk
from gateway.console.companies.tab import Done, NotThere, Once, Outcome, Verb, Wrong, wrong
from gateway.intake.shape import TEXT
from gateway.store.access import AccessKey
from gateway.store.port import Contradiction
from gateway.trust.key_making import KeyMaking, Made, Wish
from gateway.trust.reach import Reach
from gateway.trust.scopes import Scope

_MOST: Final = 200  # in the list
_LABEL: Final = re.compile(TEXT)


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key. `of_account`: it is for every company of the account; else for `companies` of them."""

    id: str
    label: str
    scopes: tuple[Scope, ...]
    of_account: bool
    companies: int
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    ended: bool
    can_revoke: bool


@dataclass(frozen=True, slots=True)
class KeysView:
    """The keys. `once` makes a form that is sent twice make one."""

    keys: tuple[KeyView, ...]
    more: bool
    scopes: tuple[Scope, ...]
    account: str  # the account that a key can be made for; empty: none
    once: str


class KeysTab:
    """The tab."""

    name = "keys"
    scope = Scope.MANAGE
    of_operators: frozenset[str] = frozenset()

    @property
    def verbs(self) -> Mapping[str, Verb]:
        """What can be done here."""
        return {"make": _make, "revoke": _revoke}

    async def view(self, desk: Desk) -> KeysView:
        """What is to be seen: those that count first, the newest first."""
        rows = await _keys(desk)
        now = desk.now
        views = sorted((_view(desk, row, now) for row in rows), key=_order)
        account = await desk.store.account(desk.account_id) if desk.account_id else None
        return KeysView(
            keys=tuple(views[:_MOST]),
            more=len(views) > _MOST,
            scopes=tuple(Scope),
            account="" if account is None else account.name,
            once=secrets.token_urlsafe(16),
        )


async def _keys(desk: Desk) -> list[AccessKey]:
    """Those that act for the company. Of one without an account, an operator sees also those that
    act for others beside it: nobody else could."""
    reach: Reach | None = desk.caller.reach
    if desk.is_operator and not desk.company.account_id:
        reach = None
    making = KeyMaking(desk.store, desk.service.clock)
    return [row async for row in making.of_company(reach, desk.company)]


def _view(desk: Desk, row: AccessKey, now: datetime) -> KeyView:
    ended = row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now)
    return KeyView(
        id=row.id,
        label=row.label,
        scopes=tuple(sorted(row.scopes)),
        of_account=bool(row.account_id),
        companies=len(row.companies),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
        ended=ended,
        can_revoke=row.revoked_at is None,
    )


def _order(view: KeyView) -> tuple[bool, float]:
    return view.ended, -view.created_at.timestamp()


async def _make(desk: Desk) -> Outcome:
    form, faults = desk.form, list[tuple[str, Mapping[str, object]]]()
    label = form["label"].strip()
    if not 1 <= len(label) <= 100 or not _LABEL.search(label):
        faults.append(("companies_wrong_label", {}))
    scopes = [one for one in Scope if one.value in form.every("scopes")]
    if not scopes:
        faults.append(("companies_wrong_scopes", {}))
    until = _until(form["until"])
    if until is not None and until <= desk.now:
        faults.append(("companies_wrong_until", {}))
    if form["until"] and until is None:
        faults.append(("companies_wrong_day", {}))
    for_account = form["for"] == "account"
    if for_account and not desk.account_id:
        return NotThere()
    if len(form["once"]) < 16:
        return wrong("companies_overtaken")
    if faults:
        return Wrong(tuple(faults))
    who = desk.caller
    if for_account:
        who = replace(who, reach=Reach(desk.account_id))
    companies = None if for_account else [desk.company.id]
    # The same form sent twice is the same key: its secret was shown the first time.
    name = uuid5(NAMESPACE_URL, f"{who.id} {desk.company.id} {form['once'][:64]}")
    wish = Wish(label, scopes, companies, until, f"key_{name}")
    try:
        made = await KeyMaking(desk.store, desk.service.clock).make(who, wish, desk.reason)
    except Contradiction:
        return wrong("companies_key_made")
    if not isinstance(made, Made):
        return Wrong(texts=tuple(why for _, why in made.faults))
    return Once("key", made.key.label, made.secret)


async def _revoke(desk: Desk) -> Outcome:
    row = next((one for one in await _keys(desk) if one.id == desk.form["of"]), None)
    if row is None:
        return NotThere()
    if row.revoked_at is not None:
        return wrong("companies_key_revoked_before")
    who = replace(desk.caller, reach=row.reach) if desk.is_operator else desk.caller
    done = await KeyMaking(desk.store, desk.service.clock).revoke(who, row.id, desk.reason)
    return Done("key_revoked") if done else NotThere()


def _until(text: str) -> datetime | None:
    """The end of a day as a browser writes it; None for what is none."""
    try:
        day = date.fromisoformat(text)
        return datetime.combine(day, time(), UTC) + timedelta(days=1)
    except (ValueError, OverflowError):
        return None
