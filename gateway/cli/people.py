"""`budkavle person`: who may sign in to the console."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.options import Impossible, in_store, load_settings, operator, settings_options
from gateway.cli.output import on_terminal, records

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.store.people import Person
    from gateway.store.port import Store
    from gateway.trust.people.directory import Directory

_ROLES = ("administrator", "sender", "reader", "operator")


@click.group()
def person() -> None:
    """Lets people in to the console, and lists them."""


@person.command("add")
@click.argument("email")
@click.option("--name", required=True, help="What they are called.")
@click.option(
    "--role",
    type=click.Choice(_ROLES),
    required=True,
    help="What they are here for; an operator is the gateway's own staff, across all companies.",
)
@click.option("--account", default="", help="The account that they are there for.")
@click.option(
    "--company", "companies", multiple=True, help="Only for this company; repeat for more."
)
@click.option("--language", type=click.Choice(("en", "sv", "nb")), default="en", show_default=True)
@settings_options
def add_person(
    email: str,
    name: str,
    role: str,
    account: str,
    companies: Sequence[str],
    language: str,
    config_file: Path | None,
    data: Path | None,
) -> None:
    """Lets EMAIL in, and prints the link that they choose their password at: it opens once."""
    from gateway.store.port import Contradiction
    from gateway.trust.people.directory import Known, Newcomer
    from gateway.trust.people.roles import Role
    from transports.email.address import fault

    wrong = fault(email)
    if wrong:
        raise click.BadParameter(wrong, param_hint="EMAIL")
    if (role == "operator") == bool(account or companies):
        raise click.UsageError(
            "an operator has neither --account nor --company; everybody else has one of them"
        )
    settings = load_settings(config_file, data).settings
    newcomer = Newcomer(email, name, language, Role(role), account, tuple(companies))

    async def add(store: Store) -> str:
        if account and await store.account(account) is None:
            raise Impossible(f"There is no account {account}; `budkavle account list` shows them")
        try:
            _, link = await _directory(settings, store).admit(newcomer, operator())
        except Known as known:
            raise Impossible(
                f"{known.person.id} has this address; `budkavle person link` makes a new link"
            ) from None
        except Contradiction as error:
            raise Impossible(f"{error}; `budkavle company list` shows them") from None
        return link

    _show(in_store(settings, add))


@person.command("link")
@click.argument("person_id")
@settings_options
def link(person_id: str, config_file: Path | None, data: Path | None) -> None:
    """Prints a new link for PERSON_ID to choose a password at; those before open nothing."""
    settings = load_settings(config_file, data).settings

    async def make(store: Store) -> str:
        directory = _directory(settings, store)
        found = await directory.again(await _person(store, person_id), operator())
        if found is None:
            raise Impossible(f"{person_id} was changed just now; try again")
        return found

    _show(in_store(settings, make))


@person.command("remove")
@click.argument("person_id")
@settings_options
def remove(person_id: str, config_file: Path | None, data: Path | None) -> None:
    """Removes PERSON_ID; their sessions end."""
    from gateway.store.people import LastAdministrator

    settings = load_settings(config_file, data).settings

    async def drop(store: Store) -> None:
        found = await _person(store, person_id)
        try:
            if not await _directory(settings, store).remove(found, operator()):
                raise Impossible(f"{person_id} was changed just now; try again")
        except LastAdministrator:
            raise Impossible(
                "Nobody would be left to administer the account; let somebody else do that first"
            ) from None

    in_store(settings, drop)


@person.command("list")
@settings_options
def list_people(config_file: Path | None, data: Path | None) -> None:
    """Lists the people."""

    async def read(store: Store) -> list[Any]:
        found: list[Any] = []
        while page := await store.everybody(found[-1].id if found else "", 500):
            found += page
        return found

    rows = [
        {
            "id": row.id,
            "email": row.email,
            "name": row.name,
            "role": row.role.value,
            "account": row.account_id,
            "companies": " ".join(row.companies),
            "state": "invited" if row.accepted_at is None else "active",
        }
        for row in in_store(load_settings(config_file, data).settings, read)
    ]
    columns = ("id", "email", "name", "role", "account", "companies", "state")
    records(columns, rows, empty="There is nobody yet.")


async def _person(store: Store, person_id: str) -> Person:
    found = await store.person(person_id)
    if found is None:
        raise Impossible(f"There is no person {person_id}; `budkavle person list` shows them")
    return found


def _directory(settings: Settings, store: Store) -> Directory:
    from gateway.clock import SystemClock
    from gateway.trust.people.directory import Directory

    return Directory(store, SystemClock(), settings.console.url or f"http://{settings.http.listen}")


def _show(link: str) -> None:
    if on_terminal():
        click.echo(f"{link}\nIt opens once, within 72 hours; it is not shown again.")
    else:
        records((), [{"link": link}], empty="")
