"""`budkavle encryption`: master keys, company keys, and what becomes of them."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gateway.cli.options import Impossible, in_store, load_settings, operator, settings_options
from gateway.cli.output import records, say

if TYPE_CHECKING:
    from gateway.blobs.keys import Keys
    from gateway.config import Settings
    from gateway.store.port import Store


@click.group()
def encryption() -> None:
    """Makes, rotates and deletes the keys that stored files are encrypted with."""


@encryption.command("add")
@click.argument("name")
@click.option(
    "--ring",
    "ring_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file; made when it is not there. Setting: encryption.ring_file.",
)
@settings_options
def add_master(
    name: str, ring_file: Path | None, config_file: Path | None, data: Path | None
) -> None:
    """Puts a new random master key NAME first into the key ring."""
    from gateway.blobs import ring

    if ring_file is None:
        ring_file = _section(load_settings(config_file, data).settings)
    try:
        ring.add_master(ring_file, name)
    except (OSError, ring.BadRing) as error:
        raise Impossible(f"The key ring was not changed: {error}") from error
    say(f"{name} is now the current key of {ring_file}. Keep a copy of it, apart from the data.")


@encryption.command("rotate")
@settings_options
def rotate(config_file: Path | None, data: Path | None) -> None:
    """Wraps every company key with the current master key of the ring.

    After it, and after a restart of every process with the new ring, the older master keys can be
    taken out. Files stay as they are.
    """
    settings = load_settings(config_file, data).settings
    _section(settings)

    async def work(store: Store) -> int:
        changed = await _keys(store).rotate()
        await _tell(store, "master_key.rotated", "encryption", company_keys=changed)
        return changed

    changed = in_store(settings, work)
    say(f"{changed} company keys are wrapped by the current master key now; the rest already were.")


@encryption.command("list")
@settings_options
def list_keys(config_file: Path | None, data: Path | None) -> None:
    """Lists which master keys wrap how many company keys."""
    settings = load_settings(config_file, data).settings

    async def work(store: Store) -> Counter[str]:
        return Counter(key.master for key in await store.company_keys())

    rows = [{"master": name, "company_keys": n} for name, n in in_store(settings, work).items()]
    records(("master", "company_keys"), rows, empty="There is no company key yet.")


@encryption.command("renew")
@click.argument("company_id")
@settings_options
def renew(company_id: str, config_file: Path | None, data: Path | None) -> None:
    """Makes a new key for what COMPANY_ID stores from now on; what is stored keeps its own."""
    settings = load_settings(config_file, data).settings
    _section(settings)

    async def work(store: Store) -> int:
        await _check_company(store, company_id)
        made = await _keys(store).renew(company_id, datetime.now(UTC))
        await _tell(store, "company_key.renewed", str(made), company_id)
        return made

    say(f"Key {in_store(settings, work)} is the current key of {company_id} now.")


@encryption.command("destroy")
@click.argument("company_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@settings_options
def destroy(company_id: str, yes: bool, config_file: Path | None, data: Path | None) -> None:
    """Deletes all keys of COMPANY_ID: nobody can ever read again what was encrypted with them.

    A process that is running forgets them within a minute. Copies of the database, such as backups,
    still hold them.
    """
    settings = load_settings(config_file, data).settings
    if not yes:
        click.confirm(
            f"Every encrypted file of {company_id} will be unreadable for good. Go on?",
            abort=True,
            err=True,
        )

    async def work(store: Store) -> int:
        await _check_company(store, company_id)
        gone = await store.drop_company_keys(company_id)
        await _tell(store, "company_keys.destroyed", company_id, company_id, keys=gone)
        return gone

    say(f"{in_store(settings, work)} keys of {company_id} are gone.")


async def _tell(store: Store, action: str, subject: str, company_id: str = "", **data: int) -> None:
    from gateway.audit.chain import NewEntry

    entry = NewEntry(operator(), action, subject, company_id, data)
    await store.audit(entry, datetime.now(UTC))


def _section(settings: Settings) -> Path:
    if settings.encryption is None:
        raise Impossible("Set encryption.ring_file first: it names the key ring")
    return settings.encryption.ring_file


def _keys(store: Store) -> Keys:
    assert store.blobs.keys is not None, "it was opened with the ring of the settings"
    return store.blobs.keys


async def _check_company(store: Store, company_id: str) -> None:
    if await store.company(company_id) is None:
        raise Impossible(f"There is no company {company_id}; `budkavle company list` shows them")
