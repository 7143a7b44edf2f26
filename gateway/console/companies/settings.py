"""Every setting of a company: what counts, where it comes from, what is behind it; changed here.

In charge of the view and of reading the form. Not in charge of what can be settled
(`gateway.company_settings`), nor of settling it (`gateway.values`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, get_args

from gateway.company_settings import (
    TABLE,
    Found,
    Layer,
    Level,
    Setting,
    found,
)
from gateway.console.companies.desk import SETTINGS, Desk
from gateway.console.companies.tab import OVERTAKEN, Done, NotThere, Outcome, Verb, Wrong
from gateway.customers import NotSettled, classes, name, recipient_of
from gateway.trust.scopes import Scope
from gateway.values import By, Changed, Place, layers_of, settle_value

_KINDS: Final = {
    "yes or no": "yes_no",
    "names of channels": "channels",
    "the name of a channel": "choice",
    "`keep` or `invoice_date`": "choice",
    "an e-mail address": "email",
}


@dataclass(frozen=True, slots=True)
class FromView:
    """A value as people read it (`yes`, `no`, names with commas; empty: nothing), and its place."""

    value: str
    level: Level
    of: str


@dataclass(frozen=True, slots=True)
class PlaceView:
    """A place where the setting may be settled by who is here. `at` is what the form says; `own`
    the value that stands there; `before` the same for the form to bring back."""

    at: str
    level: Level
    of: str
    own: str | None
    before: str


@dataclass(frozen=True, slots=True)
class SettingView:
    """A setting. `kind` is how it is asked for, `choices` between what."""

    name: str
    kind: str
    choices: tuple[str, ...]
    now: FromView
    behind: FromView | None
    places: tuple[PlaceView, ...]


@dataclass(frozen=True, slots=True)
class ClassView:
    """A class of customers: who falls into it."""

    name: str
    customers: tuple[str, ...]
    country: str
    kind: str


@dataclass(frozen=True, slots=True)
class SettingsView:
    """All of them: for the company, or for the customer that is looked at."""

    customer: str
    unknown: str  # why what was asked for is no customer
    account: str
    parent: str
    settings: tuple[SettingView, ...]
    classes: tuple[ClassView, ...]


class SettingsTab:
    """The tab."""

    name = SETTINGS
    scope = Scope.READ
    of_operators: frozenset[str] = frozenset()

    @property
    def verbs(self) -> Mapping[str, Verb]:
        """What can be done here."""
        return {"settle": _settle, "fall-back": _fall_back}

    async def view(self, desk: Desk) -> SettingsView:
        """What is to be seen."""
        asked = desk.form["customer"] or desk.visit.request.query.get("customer", "")
        customer, unknown = _customer(desk, asked)
        recipient = recipient_of(customer) if customer else None
        every = await layers_of(desk.store, desk.company, recipient)
        company, store = desk.company, desk.store
        account = await store.account(company.account_id) if company.account_id else None
        parent = await store.company(company.parent_id) if company.parent_id else None
        own = _stored(every, customer, desk)
        return SettingsView(
            customer=customer,
            unknown=unknown,
            account="" if account is None else account.name,
            parent="" if parent is None else parent.name,
            settings=tuple(_view(setting, every, own) for setting in TABLE.values()),
            classes=tuple(
                ClassView(one.name, one.customers, one.country or "", one.kind or "")
                for one in classes(company.settings)
            ),
        )


def _customer(desk: Desk, asked: str) -> tuple[str, str]:
    """The customer that was asked for, as it is settled under; or why it is none."""
    if not asked.strip():
        return "", ""
    try:
        return name(asked[:254], desk.now.date()), ""
    except ValueError as error:
        return "", str(error)


def _stored(
    every: tuple[Layer, ...], customer: str, desk: Desk
) -> list[tuple[Level, str, Mapping[str, Any]]]:
    """The places where who is here may settle something, and what stands in each."""
    company = next(one.values for one in every if one.level is Level.COMPANY)
    account = next(one.values for one in every if one.level is Level.ACCOUNT)
    places: list[tuple[Level, str, Mapping[str, Any]]] = []
    if customer:
        own = company.get("customers", {}).get(customer, {})
        places.append((Level.CUSTOMER, customer, own))
    places.append((Level.COMPANY, "", company))
    places += [(Level.CLASS, one.name, one.settings) for one in classes(company)]
    if desk.account_id:
        places.append((Level.ACCOUNT, "", account))
    return places


def _view(
    setting: Setting,
    every: tuple[Layer, ...],
    stored: list[tuple[Level, str, Mapping[str, Any]]],
) -> SettingView:
    now, behind = found(setting, every)
    return SettingView(
        name=setting.name,
        kind=_KINDS.get(setting.values, "number"),
        choices=_choices(setting),
        now=_from(now),
        behind=None if behind is None else _from(behind),
        places=tuple(
            PlaceView(
                at=f"{level}:{of}" if of else str(level),
                level=level,
                of=of,
                own=_text(own[setting.name]) if setting.name in own else None,
                before=json.dumps(own.get(setting.name)),
            )
            for level, of, own in stored
            if level in setting.levels
        ),
    )


def _choices(setting: Setting) -> tuple[str, ...]:
    return get_args(setting.type) if _KINDS.get(setting.values) == "choice" else ()


def _from(value: Found) -> FromView:
    return FromView(_text(value.value), value.level, value.of)


def _text(value: Any) -> str:
    """A value as it is shown, and typed."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(map(str, value))
        case _:
            return str(value)


async def _settle(desk: Desk) -> Outcome:
    setting = TABLE.get(desk.form["of"])
    if setting is None:
        return NotThere()
    value = setting.typed(desk.form["value"].strip())
    faults = [why for _, why in setting.faults(value)]
    if faults:
        why = "; ".join(faults)
        word = ("companies_wrong_value", {"setting": setting.name})
        return Wrong((word,), (f"It {why} ({setting.values}).",))
    return await _change(desk, setting, value, "settled")


async def _fall_back(desk: Desk) -> Outcome:
    setting = TABLE.get(desk.form["of"])
    return NotThere() if setting is None else await _change(desk, setting, None, "fell_back")


async def _change(desk: Desk, setting: Setting, value: Any, word: str) -> Outcome:
    """Settles a value, or takes it back, in the place that the form says."""
    at, _, before = desk.form["at"].partition(" ")
    level, _, of = at.partition(":")
    if level not in (Level.ACCOUNT, Level.COMPANY, Level.CLASS, Level.CUSTOMER):
        return NotThere()
    if Level(level) not in setting.levels:
        return NotThere()
    owner = desk.company.id
    if level == Level.ACCOUNT:
        owner = desk.account_id
    if not owner:
        return NotThere()
    if level == Level.CUSTOMER:
        of, unknown = _customer(desk, of)
        if unknown or not of:
            return NotThere()
    try:
        stood = json.loads(before)
    except ValueError:
        return OVERTAKEN
    by = By(desk.actor, desk.company.id, desk.reason)
    place = Place(owner, Level(level), of)
    try:
        await settle_value(desk.store, setting, place, value, by, desk.now, before=stood)
    except Changed:
        return OVERTAKEN
    except NotSettled as error:
        return Wrong(texts=(str(error),))
    return Done(word, {"customer": desk.form["customer"]})
