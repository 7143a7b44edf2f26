"""`budkavle usage`: what companies have used in a month, and what it comes to."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.options import Impossible, in_store, load_settings, settings_options
from gateway.cli.output import records, say

if TYPE_CHECKING:
    from gateway.store.port import Store
    from gateway.usage.statement import Statement

_FORMS = ("json", "csv", "pdf")


@click.command()
@click.argument("month")
@click.option("--account", "account_id", help="Only this account; its statement.")
@click.option("--company", "company_id", help="Only this company.")
@click.option(
    "--to",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File to write the statement to: .json, .csv or .pdf.",
)
@click.option(
    "--language",
    type=click.Choice(["en", "sv", "nb"]),
    default="en",
    help="Of a PDF.",
)
@settings_options
def usage(
    month: str,
    account_id: str | None,
    company_id: str | None,
    file: Path | None,
    language: str,
    config_file: Path | None,
    data: Path | None,
) -> None:
    """Shows what was delivered in MONTH (2026-11) and what it comes to.

    What has happened up to now is counted first. A month is closed three days after its end; what
    comes back later stands on the next one. Exit code 1: deliveries without a price are among it.
    """
    from gateway.clock import SystemClock
    from gateway.log import setup
    from gateway.usage.charging import Charging
    from gateway.usage.months import is_month
    from gateway.usage.statement import of_account, of_companies

    if not is_month(month):
        raise click.BadParameter("write it as 2026-11", param_hint="MONTH")
    if account_id and company_id:
        raise click.UsageError("give either --account or --company")
    form = file.suffix.removeprefix(".").lower() if file else ""
    if file and form not in _FORMS:
        raise click.BadParameter(
            f"its name ends with {' or '.join(f'.{one}' for one in _FORMS)}", param_hint="--to"
        )

    setup("warning")

    async def read(store: Store) -> tuple[str, Statement]:
        charging = Charging(store, SystemClock())
        while await charging.round(datetime.now(UTC)):
            pass
        if account_id:
            account = await store.account(account_id)
            if account is None:
                raise Impossible(f"There is no account {account_id}.")
            return account.name, await of_account(store, month, account_id)
        companies = await store.companies()
        chosen = [one for one in companies if company_id in (None, one.id)]
        if company_id and not chosen:
            raise Impossible(
                f"There is no company {company_id}; `budkavle company list` shows them"
            )
        whose = chosen[0].name if len(chosen) == 1 else ""
        return whose, await of_companies(store, month, chosen)

    whose, shown = in_store(load_settings(config_file, data).settings, read)
    if file:
        file.write_bytes(_written(shown, form, whose, language))
        say(f"{file} was written.")
    else:
        _show(shown)
    if shown.unpriced:
        say(f"{shown.unpriced} deliveries have no price and are in no sum.")
    raise SystemExit(1 if shown.unpriced else 0)


def _written(shown: Statement, form: str, whose: str, language: str) -> bytes:
    from gateway.usage.paper import paper
    from gateway.usage.statement import to_csv, to_json

    if form == "pdf":
        return paper(shown, whose, datetime.now(UTC).date(), language)
    return to_csv(shown) if form == "csv" else to_json(shown)


def _show(shown: Statement) -> None:
    from gateway.usage.statement import figure

    rows = [
        {
            "company": row.company,
            "channel": row.channel,
            "country": row.country,
            "direction": row.direction,
            "kind": row.kind,
            "charged": row.charged,
            "taken_back": row.taken_back,
            "price": None if row.price is None else figure(row.price),
            "currency": row.currency,
            "amount": None if row.amount is None else figure(row.amount),
        }
        for row in shown.rows
    ]
    columns = ("company", "channel", "country", "direction", "kind", "charged", "taken_back")
    records((*columns, "price", "currency", "amount"), rows, empty="Nothing was delivered.")
    for currency, total in shown.totals.items():
        say(f"{figure(total)} {currency}")
