"""`budkavle account`, `key`: in whose hands companies are, and who may call for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.options import Impossible, in_store, load_settings, operator, settings_options
from gateway.cli.output import on_terminal, records
from gateway.trust.scopes import EVERY, Scope

if TYPE_CHECKING:
    from gateway.store.access import AccessKey
    from gateway.store.port import Store


@click.group()
def account() -> None:
    """Adds and lists accounts: vendors of ledgers and accounting firms, who have companies."""


@account.command("add")
@click.argument("name")
@settings_options
def add_account(name: str, config_file: Path | None, data: Path | None) -> None:
    """Adds the account NAME and prints its id."""
    from gateway.audit.chain import NewEntry, Told
    from gateway.store.accounts import Account
    from gateway.store.ids import new_id

    if not name.strip():
        raise click.BadParameter("is empty", param_hint="NAME")
    row = Account(new_id("acc"), name, datetime.now(UTC))

    async def add(store: Store) -> None:
        told = Told(NewEntry(operator(), "account.added", row.id), row.created_at)
        await store.add_account(row, told=told)

    in_store(load_settings(config_file, data).settings, add)
    records(("id", "name"), [{"id": row.id, "name": row.name}], empty="")


@account.command("list")
@settings_options
def list_accounts(config_file: Path | None, data: Path | None) -> None:
    """Lists the accounts."""

    async def read(store: Store) -> Sequence[Any]:
        return await store.accounts()

    found = in_store(load_settings(config_file, data).settings, read)
    rows = [{"id": row.id, "name": row.name} for row in found]
    records(("id", "name"), rows, empty="There is no account yet.")


@click.group()
def key() -> None:
    """Makes, lists and ends API keys."""


@key.command("add")
@click.argument("company_id", required=False)
@click.option("--company", "companies", multiple=True, help="For this company too; repeat.")
@click.option("--account", "account_id", help="For every company of this account, and later ones.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="What it may do; repeat for more. Default: everything.",
)
@click.option(
    "--expires", type=click.DateTime(["%Y-%m-%d"]), help="The first day it is not good, in UTC."
)
@click.option("--label", default="", help="What the key is for.")
@settings_options
def add_key(
    company_id: str | None,
    companies: Sequence[str],
    account_id: str | None,
    scopes: Sequence[str],
    expires: datetime | None,
    label: str,
    config_file: Path | None,
    data: Path | None,
) -> None:
    """Makes an API key, for COMPANY_ID, several companies or an account, and prints it once: only
    its hash is stored."""
    from gateway.audit.chain import Told
    from gateway.store.access import AccessKey
    from gateway.store.ids import new_id
    from gateway.store.port import Contradiction
    from gateway.trust.keys import digest, new_secret, told_of

    named = {*companies, *([company_id] if company_id else [])}
    if bool(named) is (account_id is not None):
        raise click.UsageError("say whose key it is: either COMPANY_ID or --company, or --account")
    made, now = new_secret(), datetime.now(UTC)
    row = AccessKey(
        new_id("key"),
        account_id or "",
        tuple(sorted(named)),
        label,
        frozenset(map(Scope, scopes)) or EVERY,
        now,
        None if expires is None else expires.replace(tzinfo=UTC),
    )
    if row.expires_at is not None and row.expires_at <= now:
        raise click.BadParameter("is not later than today", param_hint="--expires")

    async def add(store: Store) -> None:
        try:
            told = Told(told_of(row, operator(), "key.added"), now)
            await store.put_key(row, digest(made), now, told=told)
        except Contradiction as error:
            text = f"{str(error)[:1].upper()}{str(error)[1:]}"
            listed = "account" if account_id else "company"
            raise Impossible(f"{text}; `budkavle {listed} list` shows them") from error

    in_store(load_settings(config_file, data).settings, add)
    _show(made)


@key.command("list")
@settings_options
def list_keys(config_file: Path | None, data: Path | None) -> None:
    """Lists the keys, also those that were revoked."""

    async def read(store: Store) -> Sequence[AccessKey]:
        found: list[AccessKey] = []
        while page := await store.keys(None, found[-1].id if found else "", 1000):
            found += page
        return found

    rows = [
        {
            "id": row.id,
            "label": row.label,
            "scopes": " ".join(sorted(row.scopes)),
            "for": row.account_id or " ".join(row.companies),
            "expires": row.expires_at,
            "last_used": row.last_used_at,
            "revoked": row.revoked_at,
        }
        for row in in_store(load_settings(config_file, data).settings, read)
    ]
    records(tuple(rows[0]) if rows else (), rows, empty="There is no key yet.")


@key.command("revoke")
@click.argument("key_id")
@settings_options
def revoke_key(key_id: str, config_file: Path | None, data: Path | None) -> None:
    """Ends the key KEY_ID, and the tokens made with it, for good."""
    from gateway.audit.chain import Told
    from gateway.trust.keys import told_of

    async def revoke(store: Store) -> None:
        row, now = await _found(store, key_id), datetime.now(UTC)
        told = Told(told_of(row, operator(), "key.revoked"), now)
        if not await store.revoke_key(row.reach, key_id, now, told=told):
            raise Impossible(f"The key {key_id} was revoked before")

    in_store(load_settings(config_file, data).settings, revoke)


@key.command("rotate")
@click.argument("key_id")
@click.option(
    "--grace",
    type=click.IntRange(0, 720),
    default=24,
    show_default=True,
    help="For how many hours the secret so far is still good.",
)
@settings_options
def rotate_key(key_id: str, grace: int, config_file: Path | None, data: Path | None) -> None:
    """Gives the key KEY_ID another secret and prints it once; what it may do stays."""
    from gateway.audit.chain import Told
    from gateway.trust.keys import digest, new_secret, told_of

    made = new_secret()

    async def rotate(store: Store) -> None:
        row, now = await _found(store, key_id), datetime.now(UTC)
        until = now + timedelta(hours=grace)
        told = Told(told_of(row, operator(), "key.rotated", until), now)
        if not await store.rotate_key(row.reach, key_id, digest(made), until, now, told=told):
            raise Impossible(f"The key {key_id} was revoked, and stays so")

    in_store(load_settings(config_file, data).settings, rotate)
    _show(made)


async def _found(store: Store, key_id: str) -> AccessKey:
    row = await store.key(None, key_id)
    if row is None:
        raise Impossible(f"There is no key {key_id}; `budkavle key list` shows them")
    return row


def _show(made: str) -> None:
    if on_terminal():
        click.echo(f"{made}\nKeep it: it is not shown again.")
    else:
        records((), [{"key": made}], empty="")
