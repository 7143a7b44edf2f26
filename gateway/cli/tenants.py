"""`budkavle company`: whose invoices this gateway carries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from gateway.cli import verification
from gateway.cli.channels import company_channel
from gateway.cli.options import Impossible, in_store, load_settings, operator, settings_options
from gateway.cli.output import records

if TYPE_CHECKING:
    from gateway.store.port import Store
    from transports.base import File

F = TypeVar("F", bound=Callable[..., Any])


@click.group()
def company() -> None:
    """Adds, changes and lists companies."""


company.add_command(company_channel)
for _command in verification.COMMANDS:
    company.add_command(_command)


def _duplicate_days(function: F) -> F:
    """Adds `--duplicate-days`."""
    return click.option(
        "--duplicate-days",
        type=click.IntRange(0, 36_500),
        help="How long the number of an invoice is not taken a second time; 0: always taken."
        " Default: 365.",
    )(function)


def _archives(function: F) -> F:
    """Adds `--archives`."""
    return click.option(
        "--archives/--no-archives",
        default=None,
        help="Whether ZIP files and other archives may be attached. Default: they may.",
    )(function)


def _fetch_links(function: F) -> F:
    """Adds `--fetch-links`."""
    return click.option(
        "--fetch-links/--no-fetch-links",
        default=None,
        help="Whether files that an invoice links to are fetched and attached, unless its delivery"
        " says otherwise. Default: links stay links.",
    )(function)


@company.command("add")
@click.argument("name")
@click.option("--country", required=True, help="Two letters: SE, NO ...")
@click.option(
    "--participant",
    "participants",
    multiple=True,
    required=True,
    help='Its address, "0007:5567321707"; repeat for more.',
)
@click.option("--account", default="", help="The account that it is in.")
@click.option("--parent", default="", help="The company that it is a sub-unit of.")
@click.option("--email", help="Where recipients' answers to e-mails go.")
@_duplicate_days
@_archives
@_fetch_links
@settings_options
def add_company(
    name: str,
    country: str,
    participants: Sequence[str],
    account: str,
    parent: str,
    email: str | None,
    duplicate_days: int | None,
    archives: bool | None,
    fetch_links: bool | None,
    config_file: Path | None,
    data: Path | None,
) -> None:
    """Adds the company NAME and prints its id."""
    from gateway.audit.chain import NewEntry, Told
    from gateway.store.ids import new_id
    from gateway.store.port import Company, Contradiction
    from gateway.trust.companies import country as known_country

    if not name.strip():
        raise click.BadParameter("is empty", param_hint="NAME")
    try:
        code = known_country(country, datetime.now(UTC).date())
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--country") from error
    parsed = tuple(map(_participant, participants))
    settings = _settings(email, duplicate_days, archives, fetch_links)
    row = Company(new_id("com"), name, code, parsed, settings, account, parent)

    async def add(store: Store) -> None:
        for participant in parsed:
            holder = await store.company_of(participant)
            if holder is not None:
                raise Impossible(f"{participant} belongs to {holder.name} ({holder.id})")
        now = datetime.now(UTC)
        told = Told(NewEntry(operator(), "company.added", row.id, row.id), now)
        try:
            await store.add_company(row, now, told=told)
        except Contradiction as error:
            raise Impossible(str(error)) from error

    in_store(load_settings(config_file, data).settings, add)
    records(("id", "name"), [{"id": row.id, "name": row.name}], empty="")


@company.command("change")
@click.argument("company_id")
@click.option(
    "--participant",
    "participants",
    multiple=True,
    help='An address that it has from now on, "0007:5567321707"; repeat for more.',
)
@click.option("--account", default="", help="The account that it is in from now on, and stays in.")
@click.option("--email", help="Where recipients' answers to e-mails go.")
@_duplicate_days
@_archives
@_fetch_links
@settings_options
def change_company(
    company_id: str,
    participants: Sequence[str],
    account: str,
    email: str | None,
    duplicate_days: int | None,
    archives: bool | None,
    fetch_links: bool | None,
    config_file: Path | None,
    data: Path | None,
) -> None:
    """Changes what is given of the company COMPANY_ID, and nothing else.

    What its customers get as the invoice's PDF is set by `budkavle customer`.
    """
    from gateway.audit.chain import NewEntry, Told
    from gateway.registration.telling import subject
    from gateway.store.port import Contradiction

    changed = _settings(email, duplicate_days, archives, fetch_links)
    added = tuple(map(_participant, participants))
    if not changed and not added and not account:
        raise click.UsageError(
            "say what to change: --participant, --account, --email, --duplicate-days, --archives,"
            " --fetch-links"
        )

    async def change(store: Store) -> None:
        row = await store.company(company_id)
        if row is None:
            raise Impossible(
                f"There is no company {company_id}; `budkavle company list` shows them"
            )
        for participant in added:
            holder = await store.company_of(participant)
            if holder is not None and holder.id != row.id:
                raise Impossible(f"{participant} belongs to {holder.name} ({holder.id})")
        now = datetime.now(UTC)
        data = {**changed, **({"participants": list(map(subject, added))} if added else {})}
        data |= {"account": account} if account else {}
        told = Told(NewEntry(operator(), "company.changed", row.id, row.id, data), now)
        row = replace(
            row,
            settings={**row.settings, **changed},
            participants=tuple(dict.fromkeys((*row.participants, *added))),
            account_id=account or row.account_id,
        )
        try:
            await store.add_company(row, now, told=told)
        except Contradiction as error:
            raise Impossible(str(error)) from error

    in_store(load_settings(config_file, data).settings, change)


def _settings(
    email: str | None,
    duplicate_days: int | None,
    archives: bool | None,
    fetch_links: bool | None,
) -> dict[str, Any]:
    """What was given, by the names of a company's settings."""
    given = {
        "reply_to": email,
        "duplicate_days": duplicate_days,
        "archives": archives,
        "fetch_links": fetch_links,
    }
    return {name: value for name, value in given.items() if value is not None}


def _participant(text: str) -> str:
    """As it is stored, once it is known to be one."""
    from gateway.trust.companies import participant

    try:
        return participant(text, datetime.now(UTC).date())
    except ValueError as error:
        raise click.BadParameter(f"{text}: {error}", param_hint="--participant") from error


@company.command("logo")
@click.argument("company_id")
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--remove", is_flag=True, help="It has none any more.")
@settings_options
def set_logo(
    company_id: str, file: Path | None, remove: bool, config_file: Path | None, data: Path | None
) -> None:
    """Puts the logo in FILE, a PNG or JPEG, at the head of the invoices of COMPANY_ID.

    It stands on what is drawn from now on.
    """
    from gateway.delivery.bindery import press
    from gateway.delivery.logos import Logos, told

    if (file is None) is not remove:
        raise click.UsageError("give either FILE or --remove")
    try:
        content = file.read_bytes() if file is not None else None
    except OSError as error:
        raise Impossible(f"{file}: {error.strerror}") from error

    async def taken(content: bytes) -> File:
        processes = press()
        try:
            logo = await Logos(processes).take(content)
        finally:
            await processes.close()
        if isinstance(logo, str):
            raise Impossible(f"{file}: {logo}")
        return logo

    async def change(store: Store) -> None:
        if await store.company(company_id) is None:
            raise Impossible(
                f"There is no company {company_id}; `budkavle company list` shows them"
            )
        logo = None if content is None else await taken(content)
        now = datetime.now(UTC)
        await store.set_logo(company_id, logo, now, told=told(operator(), company_id, logo, now))

    in_store(load_settings(config_file, data).settings, change)


@company.command("list")
@settings_options
def list_companies(config_file: Path | None, data: Path | None) -> None:
    """Lists the companies."""

    async def read(store: Store) -> Sequence[Any]:
        return await store.companies()

    rows = [
        {
            "id": row.id,
            "name": row.name,
            "country": row.country,
            "participants": " ".join(row.participants),
            "account": row.account_id,
            "parent": row.parent_id,
        }
        for row in in_store(load_settings(config_file, data).settings, read)
    ]
    records(
        ("id", "name", "country", "participants", "account", "parent"),
        rows,
        empty="There is no company yet.",
    )
