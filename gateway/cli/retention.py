"""`budkavle retention`: how long what is kept, legal holds, and a round by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.options import (
    Impossible,
    in_store,
    load_settings,
    operate,
    operator,
    settings_options,
)
from gateway.cli.output import records, say

if TYPE_CHECKING:
    from gateway.store.keeping import Expired, LegalHold
    from gateway.store.port import Company, Store


@click.group()
def retention() -> None:
    """Shows and sets how long what is kept."""


@retention.command()
@settings_options
def show(config_file: Path | None, data: Path | None) -> None:
    """Shows for how many days each company's documents are kept."""
    settings = load_settings(config_file, data).settings

    async def read(store: Store) -> Sequence[dict[str, Any]]:
        from gateway.archive.days import shown

        usual = settings.retention.days()
        return [row for company in await store.companies() for row in shown(company, usual)]

    columns = ("company", "kind", "content", "evidence", "events", "rows")
    records(columns, in_store(settings, read), empty="There is no company yet.")


@retention.command("set")
@click.argument("company_id")
@click.option("--kind", default="", help="Only for this kind: invoice, credit_note. Default: all.")
@click.option("--content", type=int, help="Days for the documents themselves.")
@click.option("--evidence", type=int, help="Days for wire bytes, findings and plan.")
@click.option("--events", type=int, help="Days for events; the same for all kinds.")
@click.option("--rows", type=int, help="Days until nothing is left of it.")
@click.option("--usual", is_flag=True, help="Back to the gateway's own days.")
@settings_options
def set_days(
    company_id: str,
    kind: str,
    usual: bool,
    config_file: Path | None,
    data: Path | None,
    **days: int | None,
) -> None:
    """Sets for how many days documents of COMPANY_ID are kept."""
    settings = load_settings(config_file, data).settings
    given = {name: value for name, value in days.items() if value is not None}
    if not given and not usual:
        raise click.UsageError("give at least one of --content, --evidence, --events, --rows")

    async def change(store: Store) -> Sequence[dict[str, Any]]:
        from gateway.archive.days import WrongDays, shown, with_days
        from gateway.audit.chain import NewEntry, Told

        company = await _company(store, company_id)
        wish: Mapping[str, int | None] = dict.fromkeys(days) if usual else given
        try:
            changed = with_days(company, kind, wish, settings.retention.days())
        except WrongDays as error:
            raise Impossible(f"{error}.") from error
        entry = NewEntry(
            operator(), "retention.set", company_id, company_id, {"kind": kind, **wish}
        )
        now = datetime.now(UTC)
        await store.add_company(changed, now, told=Told(entry, now))
        return shown(changed, settings.retention.days())

    columns = ("company", "kind", "content", "evidence", "events", "rows")
    records(columns, in_store(settings, change), empty="")


@retention.command()
@click.option("--dry-run", is_flag=True, help="Count, and take nothing away.")
@settings_options
def run(dry_run: bool, config_file: Path | None, data: Path | None) -> None:
    """Takes away now what is past its time. The gateway does so by itself every night."""
    settings = load_settings(config_file, data).settings

    async def do(store: Store) -> Mapping[str, Expired]:
        from gateway.archive.retention import Round
        from gateway.archive.retention import run as run_round

        now = datetime.now(UTC)
        section = settings.retention
        round_ = Round(
            store,
            section.days(),
            key_days=section.key_days,
            message_days=section.message_days,
            audit_days=section.audit_days,
            now=now,
            dry_run=dry_run,
        )
        return await run_round(round_, store, now, operator(), dry_run=dry_run)

    gone = in_store(settings, do)
    rows = [
        {
            "company": company_id,
            "documents": what.documents,
            "files": what.files,
            "bytes": what.bytes,
            "events": what.events,
        }
        for company_id, what in gone.items()
        if company_id
    ]
    keys = gone[""].documents if "" in gone else 0
    records(("company", "documents", "files", "bytes", "events"), rows, empty="No company yet.")
    say(f"{keys} idempotency keys and exports. {'Nothing was taken away.' if dry_run else ''}")


# --- legal hold ---------------------------------------------------------------------------------


@retention.command()
@click.argument("company_id")
@click.argument("document_id")
@click.option("--reason", help="Why it must be kept.")
@click.option("--release", is_flag=True, help="It need not be kept any more.")
@settings_options
def hold(
    company_id: str,
    document_id: str,
    reason: str | None,
    release: bool,
    config_file: Path | None,
    data: Path | None,
) -> None:
    """Keeps DOCUMENT_ID of COMPANY_ID, however old it gets: legal hold. The gateway may run."""
    if release == bool(reason):
        raise click.UsageError("give either --reason or --release")

    async def do(store: Store) -> bool:
        from gateway.audit.chain import NewEntry

        action = "legal_hold.released" if release else "legal_hold.set"
        told = {} if release else {"reason": reason}
        entry = NewEntry(operator(), action, document_id, company_id, told)
        now = datetime.now(UTC)
        return await store.set_legal_hold(company_id, document_id, reason, entry, now)

    if not operate(load_settings(config_file, data).settings, do):
        raise Impossible(f"{company_id} has no document {document_id}")
    say(f"{document_id} is {'not kept any longer than others' if release else 'kept'}.")


@retention.command()
@click.argument("company_id")
@settings_options
def holds(company_id: str, config_file: Path | None, data: Path | None) -> None:
    """Lists the documents of COMPANY_ID under legal hold."""

    async def read(store: Store) -> Sequence[LegalHold]:
        return await store.legal_holds(company_id)

    rows = [
        {"document": hold.document_id, "reason": hold.reason, "at": hold.at.isoformat()}
        for hold in operate(load_settings(config_file, data).settings, read)
    ]
    records(("document", "reason", "at"), rows, empty="None.")


async def _company(store: Store, company_id: str) -> Company:
    company = await store.company(company_id)
    if company is None:
        raise Impossible(f"There is no company {company_id}; `budkavle company list` shows them")
    return company
