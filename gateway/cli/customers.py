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


@click.group()
def customer() -> None:
    """Says what PDF customers get as the invoice."""


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
@settings_options
def set_customer(
    company_id: str,
    customers: Sequence[str],
    omit_image: str | None,
    image_from_first_attachment: str | None,
    config_file: Path | None,
    data: Path | None,
) -> None:
    """Settles what is given for CUSTOMERS of COMPANY_ID, or for all that have nothing of their own.

    A customer is an electronic address (0192:918130047), an organisation number with its country
    (SE:5567321707) or an e-mail address. With `default`, what is settled for all counts again.
    """
    from gateway.audit.chain import NewEntry, Told
    from gateway.customers import told
    from gateway.image_rule import FIRST, OMIT, NotSettled, settle

    stated = {OMIT: omit_image, FIRST: image_from_first_attachment}
    given = {name: _VALUES[value] for name, value in stated.items() if value is not None}
    if not given:
        raise click.UsageError("say what to settle: --omit-image, --image-from-first-attachment")
    whom: list[str | None] = list(map(_name, customers)) or [None]

    async def change(store: Store) -> None:
        row = await _company(store, company_id)
        settings = row.settings
        try:
            for one in whom:
                settings = settle(settings, one, given)
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
    from gateway.customers import CUSTOMERS
    from gateway.image_rule import FIRST, OMIT

    async def read(store: Store) -> Sequence[Mapping[str, Any]]:
        settings = (await _company(store, company_id)).settings
        own = {"": settings, **settings.get(CUSTOMERS, {})}
        return [
            {"customer": name, **{key: told.get(key) for key in (OMIT, FIRST)}}
            for name, told in own.items()
        ]

    rows = in_store(load_settings(config_file, data).settings, read)
    records(("customer", OMIT, FIRST), rows, empty="")


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
