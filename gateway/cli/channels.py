"""`budkavle company channel`: what a company has settled with the channels."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.options import Impossible, in_store, load_settings, operator, settings_options
from gateway.cli.output import records, say

if TYPE_CHECKING:
    from gateway.store.port import Store

_UNKNOWN = "There is no company {}; `budkavle company list` shows them"


@click.command("channel")
@click.argument("company_id")
@click.argument("channel", required=False)
@click.argument(
    "file", required=False, type=click.Path(dir_okay=False, allow_dash=True, path_type=Path)
)
@click.option("--remove", is_flag=True, help="Nothing is settled with CHANNEL any more.")
@settings_options
def company_channel(
    company_id: str,
    channel: str | None,
    file: Path | None,
    remove: bool,
    config_file: Path | None,
    data: Path | None,
) -> None:
    """Shows what COMPANY_ID has settled with CHANNEL, or all; with FILE, settles what is in it.

    FILE is a JSON object of the channel's terms (- for standard input), in place of those there
    were. The page of each channel names its terms; they hold no secrets.
    """
    from gateway.channels import TERMS

    settings = load_settings(config_file, data).settings
    if channel is not None and channel not in TERMS:
        names = ", ".join(TERMS)
        raise click.BadParameter(f"channels with terms are {names}", param_hint="CHANNEL")
    if remove and (file is not None or channel is None):
        raise click.UsageError("--remove goes with CHANNEL, and without FILE")
    given = {} if remove else None if file is None else _read(file)
    if given and channel is not None:
        _check(channel, given)

    async def work(store: Store) -> Mapping[str, Any]:
        if given is None or channel is None:
            return await _shown(store, company_id)
        return await _settle(store, company_id, channel, given)

    found = in_store(settings, work)
    rows = [{"channel": n, "terms": t} for n, t in found.items() if channel in (None, n)]
    records(("channel", "terms"), rows, empty="Nothing is settled.")


async def _shown(store: Store, company_id: str) -> Mapping[str, Any]:
    from gateway.routing.terms import CHANNELS

    row = await store.company(company_id)
    if row is None:
        raise Impossible(_UNKNOWN.format(company_id))
    channels: Mapping[str, Any] = row.settings.get(CHANNELS, {})
    return channels


async def _settle(
    store: Store, company_id: str, channel: str, given: Mapping[str, Any]
) -> Mapping[str, Any]:
    from gateway.audit.chain import NewEntry
    from gateway.routing.terms import CHANNELS, with_terms
    from gateway.settling import settle

    entry = NewEntry(operator(), "channel.settled", channel, company_id, {"terms": sorted(given)})
    try:
        settings = await settle(
            *(store, company_id, lambda settings: with_terms(settings, channel, given), entry),
            datetime.now(UTC),
        )
    except LookupError:
        raise Impossible(_UNKNOWN.format(company_id)) from None
    channels: Mapping[str, Any] = settings.get(CHANNELS, {})
    return channels


def _read(file: Path) -> Mapping[str, Any]:
    try:
        with click.open_file(str(file), encoding="utf-8") as stream:
            given = json.load(stream)
    except (OSError, ValueError, RecursionError) as error:
        raise click.BadParameter(f"{file}: {error}", param_hint="FILE") from error
    if not isinstance(given, dict):
        raise click.BadParameter(f"{file} is no JSON object", param_hint="FILE")
    return given


def _check(channel: str, given: Mapping[str, Any]) -> None:
    from gateway.channels import TERMS
    from gateway.routing.terms import faults

    found = faults(TERMS[channel], given)
    for _, text in found:
        say(text)
    if found:
        raise Impossible("The terms are not what the channel takes; nothing was settled.")
