"""`budkavle customer`: what a company has settled for its customers, one by one or for all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.options import Impossible, in_store, load_settings, operator, settings_options
from gateway.cli.output import records

if TYPE_CHECKING:
    from gateway.store.port import Company, Store

_VALUES: Mapping[str, bool | None] = {"yes": True, "no": False, "default": None}
_DEFAULT = "default"


@click.group()
def customer() -> None:
    """Says what PDF customers get as the invoice, and by which channels it goes."""


@customer.command("set")
@click.argument("company_id")
@click.argument("customers", nargs=-1)
@click.option(
    "--omit-image",
    type=click.Choice(list(_VALUES)),
    help="Whether people get no PDF that we draw, where a channel can do without.",
)
@click.option(
    "--image-from-first-attachment",
    type=click.Choice(list(_VALUES)),
    help="Whether the first attachment, a PDF, goes as the invoice; only with --omit-image yes.",
)
@click.option(
    "--route-order",
    metavar="CHANNELS",
    help="The channels to try, in this order, with commas between, or `default`.",
)
@click.option("--forced-route", metavar="CHANNEL", help="This channel and no other, or `default`.")
@click.option(
    "--disabled-routes",
    metavar="CHANNELS",
    help="Channels never to take, with commas between, or `default`.",
)
@click.option(
    "--recheck",
    type=click.Choice(list(_VALUES)),
    help="Whether a recipient may be asked for an agreement and waited for.",
)
@click.option(
    "--hold-several",
    type=click.Choice(list(_VALUES)),
    help="Whether a document is held where several recipients fit.",
)
@settings_options
def set_customer(
    company_id: str,
    customers: Sequence[str],
    omit_image: str | None,
    image_from_first_attachment: str | None,
    route_order: str | None,
    forced_route: str | None,
    disabled_routes: str | None,
    recheck: str | None,
    hold_several: str | None,
    config_file: Path | None,
    data: Path | None,
) -> None:
    """Settles what is given for CUSTOMERS of COMPANY_ID, or for all that have nothing of their own.

    A customer is an electronic address (0192:918130047), an organisation number with its country
    (SE:5567321707) or an e-mail address. With `default`, what is settled for all counts again.
    """
    from gateway import image_rule
    from gateway.audit.chain import NewEntry, Told
    from gateway.customers import NotSettled, told
    from gateway.image_rule import FIRST, OMIT
    from gateway.routing import rules

    stated = {OMIT: omit_image, FIRST: image_from_first_attachment}
    images = {name: _VALUES[value] for name, value in stated.items() if value is not None}
    routes = _routes(route_order, forced_route, disabled_routes, recheck, hold_several)
    given = {**images, **routes}
    if not given:
        raise click.UsageError("say what to settle, such as --omit-image or --route-order")
    whom: list[str | None] = list(map(_name, customers)) or [None]

    async def change(store: Store) -> None:
        row = await _company(store, company_id)
        settings = row.settings
        try:
            for one in whom:
                settings = image_rule.settle(settings, one, images)
                settings = rules.settle(settings, one, routes)
        except NotSettled as error:
            raise Impossible(str(error)) from None
        now = datetime.now(UTC)
        entry = NewEntry(
            *(operator(), "customer.settled", row.id, row.id),
            {**given, "customers": [told(one) for one in whom if one is not None]},
        )
        await store.add_company(replace(row, settings=settings), now, told=Told(entry, now))

    in_store(load_settings(config_file, data).settings, change)


@customer.command("list")
@click.argument("company_id")
@settings_options
def list_customers(company_id: str, config_file: Path | None, data: Path | None) -> None:
    """Lists what is settled for customers of COMPANY_ID; the first line is for all others."""
    from gateway.customers import each
    from gateway.image_rule import FIRST, OMIT
    from gateway.routing.rules import RULES

    columns = (OMIT, FIRST, *RULES)

    async def read(store: Store) -> Sequence[Mapping[str, Any]]:
        settings = (await _company(store, company_id)).settings
        return [
            {"customer": name or "", **{key: told.get(key) for key in columns}}
            for name, told in each(settings).items()
        ]

    rows = in_store(load_settings(config_file, data).settings, read)
    records(("customer", *columns), rows, empty="")


def _routes(
    order: str | None,
    forced: str | None,
    disabled: str | None,
    recheck: str | None,
    hold_several: str | None,
) -> dict[str, Any]:
    """The rules for routes that are given, by their names."""
    from gateway.routing import wishes

    lists = {wishes.ROUTE_ORDER: order, wishes.DISABLED_ROUTES: disabled}
    flags = {wishes.RECHECK: recheck, wishes.HOLD_SEVERAL: hold_several}
    given: dict[str, Any] = {
        name: None if text == _DEFAULT else [_channel(one) for one in text.split(",")]
        for name, text in lists.items()
        if text is not None
    }
    if forced is not None:
        given[wishes.FORCED_ROUTE] = None if forced == _DEFAULT else _channel(forced)
    return given | {name: _VALUES[text] for name, text in flags.items() if text is not None}


def _channel(text: str) -> str:
    from gateway.routing.orders import channel_names

    name = text.strip()
    if name not in channel_names():
        raise click.BadParameter(f"there is no channel {name}; {', '.join(channel_names())} are")
    return name


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
        raise click.BadParameter(f"{text}: {error}", param_hint="CUSTOMERS") from error
