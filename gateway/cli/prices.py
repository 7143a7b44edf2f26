"""`budkavle prices`: what deliveries cost."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.options import Impossible, in_store, load_settings, operator, settings_options
from gateway.cli.output import records, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.store.port import Store
    from gateway.store.usage import Price


@click.group()
def prices() -> None:
    """Imports and shows the price list."""


@prices.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--check", is_flag=True, help="Only tell what is wrong with it, and what is new.")
@settings_options
def import_prices(file: Path, check: bool, config_file: Path | None, data: Path | None) -> None:
    """Adds the prices in FILE, TOML or CSV, to those there are.

    Prices that are there already are left alone, and none is ever changed: a new one begins on a
    later day. Everything that is wrong is told at once, and nothing is added then. Exit code 1:
    something is wrong.
    """
    from gateway.audit.chain import NewEntry, Told
    from gateway.routing.orders import channel_names
    from gateway.usage.price_file import Words, read
    from gateway.usage.prices import faults, new_prices
    from schemas.codelists import codes

    now = datetime.now(UTC)
    today = now.date()
    words = Words(channel_names(), codes("ISO3166-1", today), codes("ISO4217", today))
    given, wrong = read(_content(file), words)

    async def add(store: Store) -> Sequence[Price]:
        stored = await store.prices()
        wrong.extend(faults(stored, given, today))
        new = new_prices(stored, [price for _, price in given])
        if wrong or check or not new:
            return new
        entry = NewEntry(operator(), "prices.imported", "prices", "", {"prices": len(new)})
        if not await store.add_prices(new, told=Told(entry, now)):
            raise Impossible("Somebody has added prices meanwhile; nothing was added. Once more.")
        return new

    new = in_store(load_settings(config_file, data).settings, add)
    if wrong:
        rows = [{"where": where, "wrong": why} for where, why in wrong]
        records(("where", "wrong"), rows, empty="")
        say(f"{file}: {len(wrong)} faults; nothing was added.")
        raise SystemExit(1)
    known = len(given) - len(new)
    what = "would be added" if check else "were added"
    say(f"{len(new)} prices {what}; {known} were there already.")


@prices.command("show")
@click.option("--at", "day", help="The day, 2026-11-22; by default today.")
@click.option("--all", "every", is_flag=True, help="Also those that are over or still to come.")
@settings_options
def show_prices(day: str | None, every: bool, config_file: Path | None, data: Path | None) -> None:
    """Shows what counts on a day."""
    from gateway.usage.prices import PriceList

    at = _day(day) if day else datetime.now(UTC).date()

    async def read(store: Store) -> Sequence[Price]:
        stored = await store.prices()
        return stored if every else PriceList(stored).at(at)

    found = in_store(load_settings(config_file, data).settings, read)
    rows = [
        {
            "channel": price.channel,
            "country": price.country,
            "direction": price.direction,
            "kind": price.kind,
            "valid_from": str(price.valid_from),
            "valid_to": str(price.valid_to) if price.valid_to else "",
            "currency": price.currency,
            "amount": str(price.amount),
        }
        for price in found
    ]
    columns = ("channel", "country", "direction", "kind", "valid_from", "valid_to")
    records((*columns, "currency", "amount"), rows, empty="There is no price on that day.")


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Impossible(f"{file}: {error.strerror}") from error


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter("write it as 2026-11-22", param_hint="--at") from None
