"""`budkavle settings`: what counts for companies and their customers, and where it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.options import Impossible, in_store, load_settings, operator, settings_options
from gateway.cli.output import records, say

if TYPE_CHECKING:
    from gateway.company_settings import Level, Setting
    from gateway.store.port import Company, Store


@click.group()
def settings() -> None:
    """Settles values for accounts, companies, classes of customers and customers."""


@settings.command("list")
@click.argument("company_id")
@click.option("--customer", help="What counts for this customer.")
@settings_options
def list_settings(
    company_id: str, customer: str | None, config_file: Path | None, data: Path | None
) -> None:
    """Lists what counts for COMPANY_ID, where each value comes from, and what is behind it."""
    from gateway.company_settings import TABLE, Layer, found
    from gateway.customers import recipient_of
    from gateway.values import layers_of

    recipient = None if customer is None else recipient_of(_name(customer))

    async def read(store: Store) -> tuple[Layer, ...]:
        return await layers_of(store, await _company(store, company_id), recipient)

    every = in_store(load_settings(config_file, data).settings, read)
    rows = []
    for setting in TABLE.values():
        value, behind = found(setting, every)
        rows.append(
            {
                "setting": setting.name,
                "value": _shown(value.value),
                "from": f"{value.level} {value.of}".strip(),
                "next": None if behind is None else _shown(behind.value),
                "next_from": None if behind is None else f"{behind.level} {behind.of}".strip(),
            }
        )
    records(("setting", "value", "from", "next", "next_from"), rows, empty="")


def _place(function: Any) -> Any:
    """Adds where a value is settled."""
    function = click.option("--class", "class_", help="For this class of customers.")(function)
    return click.option("--customer", help="For this customer.")(function)


@settings.command("set")
@click.argument("owner")
@click.argument("name")
@click.argument("value")
@_place
@settings_options
def set_setting(
    owner: str,
    name: str,
    value: str,
    customer: str | None,
    class_: str | None,
    config_file: Path | None,
    data: Path | None,
) -> None:
    """Settles VALUE for OWNER, the id of a company or an account.

    A value is yes or no, a number, a text, or names of channels with commas between.
    """
    setting = _setting(name)
    parsed = setting.typed(value)
    wrong = [why for _, why in setting.faults(parsed)]
    if wrong:
        raise click.BadParameter(f"{'; '.join(wrong)} ({setting.values})", param_hint="VALUE")
    _settle(owner, setting, parsed, customer, class_, config_file, data)


@settings.command("unset")
@click.argument("owner")
@click.argument("name")
@_place
@settings_options
def unset_setting(
    owner: str,
    name: str,
    customer: str | None,
    class_: str | None,
    config_file: Path | None,
    data: Path | None,
) -> None:
    """Takes a value of OWNER back: what is behind it counts again."""
    _settle(owner, _setting(name), None, customer, class_, config_file, data)


@settings.command("class")
@click.argument("company_id")
@click.argument("name")
@click.argument("customers", nargs=-1)
@click.option("--country", help="Everybody in this country: SE, NO ...")
@click.option(
    "--kind",
    type=click.Choice(["consumer", "business", "public"]),
    help="Everybody who is this; public bodies are known by their number in Sweden only.",
)
@click.option("--remove", is_flag=True, help="The class goes, and what is settled for it.")
@settings_options
def set_class(
    company_id: str,
    name: str,
    customers: tuple[str, ...],
    country: str | None,
    kind: str | None,
    remove: bool,
    config_file: Path | None,
    data: Path | None,
) -> None:
    """Says who falls into the class NAME of COMPANY_ID: CUSTOMERS, and those described."""
    from gateway import settling
    from gateway.audit.chain import NewEntry
    from gateway.customers import CustomerClass, CustomerKind, NotSettled, classes, with_class
    from schemas.codelists import codes

    now = datetime.now(UTC)
    if country is not None and country.upper() not in codes("ISO3166-1", now.date()):
        raise click.BadParameter(f"{country} is no country", param_hint="--country")
    members = tuple(map(_name, customers))
    sort = None if kind is None else CustomerKind(kind)

    def change(own: Mapping[str, Any]) -> Mapping[str, Any]:
        if remove:
            return with_class(own, name, None)
        kept = next((one.settings for one in classes(own) if one.name == name), {})
        land = None if country is None else country.upper()
        return with_class(own, name, CustomerClass(name, members, land, sort, kept))

    async def work(store: Store) -> None:
        await _company(store, company_id)
        action = "customer_class.removed" if remove else "customer_class.set"
        entry = NewEntry(operator(), action, name, company_id)
        try:
            await settling.settle(store, company_id, change, entry, now)
        except NotSettled as error:
            raise Impossible(str(error)) from None

    in_store(load_settings(config_file, data).settings, work)


def _settle(
    owner: str,
    setting: Setting,
    value: Any,
    customer: str | None,
    class_: str | None,
    config_file: Path | None,
    data: Path | None,
) -> None:
    from gateway.company_settings import Level
    from gateway.customers import NotSettled
    from gateway.values import By, Place, settle_value

    if customer and class_:
        raise click.UsageError("give either --customer or --class")
    level, of = Level.COMPANY, ""
    if customer:
        level, of = Level.CUSTOMER, _name(customer)
    elif class_:
        level, of = Level.CLASS, class_

    async def work(store: Store) -> None:
        account = await store.account(owner)
        at = Level.ACCOUNT if account is not None and level is Level.COMPANY else level
        _allowed(setting, at)
        by = By(operator(), "" if at is Level.ACCOUNT else owner)
        place = Place(owner, at, of)
        try:
            await settle_value(store, setting, place, value, by, datetime.now(UTC))
        except LookupError:
            raise Impossible(f"There is no company and no account {owner}.") from None
        except NotSettled as error:
            raise Impossible(str(error)) from None

    in_store(load_settings(config_file, data).settings, work)
    say("It counts for documents that are checked from now on.")


def _allowed(setting: Setting, level: Level) -> None:
    if level not in setting.levels:
        where = ", ".join(setting.levels)
        raise Impossible(f"{setting.name} is not settled for a {level}: {where} it may be.")


def _setting(name: str) -> Setting:
    from gateway.company_settings import TABLE

    if name not in TABLE:
        raise click.BadParameter(f"there is no {name}; {', '.join(TABLE)}", param_hint="NAME")
    return TABLE[name]


def _shown(value: Any) -> Any:
    return ", ".join(value) if isinstance(value, list) else value


async def _company(store: Store, company_id: str) -> Company:
    row = await store.company(company_id)
    if row is None:
        raise Impossible(f"There is no company {company_id}; `budkavle company list` shows them")
    return row


def _name(text: str) -> str:
    from gateway.customers import name

    try:
        return name(text, datetime.now(UTC).date())
    except ValueError as error:
        raise click.BadParameter(f"{text}: {error}", param_hint="customer") from error
