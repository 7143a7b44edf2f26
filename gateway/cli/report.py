"""`budkavle report`: what networks want to know of a month."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.options import Impossible, in_store, load_settings, settings_options
from gateway.cli.output import records, say

if TYPE_CHECKING:
    from gateway.reporting.peppol import MonthlyReport
    from gateway.store.port import Store


@click.group()
def report() -> None:
    """Makes the reports that networks want."""


@report.command()
@click.option("--month", help="The month, 2026-10; by default the one that has passed.")
@click.option(
    "--to",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write the reports to; without it they are counted and checked only.",
)
@settings_options
def peppol(
    month: str | None, folder: Path | None, config_file: Path | None, data: Path | None
) -> None:
    """Makes Peppol's two monthly reports (TSR and EUSR) and checks them.

    The gateway sends them by itself on the second of a month where peppol.report_to is set. Exit
    code 1: a report breaks a rule.
    """
    from gateway.peppol import own_seat
    from gateway.reporting.peppol import monthly
    from gateway.section import ConfigError
    from transports.peppol.reporting import Period

    now = datetime.now(UTC)
    try:
        period = Period.parse(month) if month else Period.before(now.date())
    except ValueError:
        raise click.BadParameter("write it as 2026-10", param_hint="--month") from None
    settings = load_settings(config_file, data).settings
    if settings.peppol is None:
        raise Impossible("Peppol is not set up: [peppol] says whose reports they are.")
    kept = timedelta(days=settings.retention.message_days)
    if datetime.combine(period.first, time(), UTC) < now - kept:
        raise Impossible(
            f"The messages of {period} are not all there any more: they are kept for"
            f" {kept.days} days (retention.message_days)."
        )
    try:
        seat = own_seat(settings.peppol)
    except ConfigError as error:
        raise Impossible(str(error)) from None

    async def make(store: Store) -> list[MonthlyReport]:
        return await monthly(store, seat, period, now)

    made = in_store(settings, make)
    for one in made:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{one.name}-{period}.xml"
            path.write_bytes(one.content)
            say(f"{path} was written.")
    rows = [
        {
            "report": one.name,
            "month": str(period),
            "seat": seat,
            "bytes": len(one.content),
            "ok": not one.findings.findings,
            "findings": ", ".join(sorted({found.rule for found in one.findings.findings})),
        }
        for one in made
    ]
    records(("report", "month", "seat", "bytes", "ok", "findings"), rows, empty="")
    raise SystemExit(0 if all(row["ok"] for row in rows) else 1)
