"""`budkavle mail`: a company's addresses for documents, and who may hand in by mail."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gateway.cli.options import Impossible, in_store, load_settings, operator, settings_options
from gateway.cli.output import records

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.mail_in.section import MailIn
    from gateway.store.port import Store

_COLUMNS = ("use", "address")


@click.group()
def mail() -> None:
    """Gives companies e-mail addresses for documents, and says who may hand in by mail."""


@mail.command("address")
@click.argument("company_id")
@click.option(
    "--new", is_flag=True, help="Give it new ones; mail to the old ones is put aside from then on."
)
@settings_options
def show_addresses(company_id: str, new: bool, config_file: Path | None, data: Path | None) -> None:
    """Shows the addresses of COMPANY_ID; they are made where it has none."""
    from gateway.mail_in.addresses import MAIL, TOKEN_BYTES, address

    settings = load_settings(config_file, data).settings
    section = _section(settings)
    fresh = base64.b32encode(secrets.token_bytes(TOKEN_BYTES)).decode().lower()

    def given(before: Mapping[str, Any]) -> Mapping[str, Any]:
        own = before.get(MAIL, {})
        return before if own.get("token") and not new else {**before, MAIL: {**own, "token": fresh}}

    after = _settle(settings, company_id, given, "mail.addressed", {})
    token = after[MAIL]["token"]
    rows = [
        {"use": "inbox", "address": address(section.domain, section.inbox_name, token)},
        {"use": "hand in", "address": address(section.domain, section.hand_in_name, token)},
        *(
            {"use": "inbox", "address": one}
            for one, id_ in section.addresses.items()
            if id_ == company_id
        ),
    ]
    records(_COLUMNS, rows, empty="")


@mail.command("allow")
@click.argument("company_id")
@click.argument("senders", nargs=-1, required=True)
@settings_options
def allow_senders(
    company_id: str, senders: Sequence[str], config_file: Path | None, data: Path | None
) -> None:
    """Lets SENDERS hand in for COMPANY_ID: addresses, or whole domains (@example.com)."""
    _change(company_id, senders, config_file, data, "mail.allowed", lambda old, new: old | new)


@mail.command("deny")
@click.argument("company_id")
@click.argument("senders", nargs=-1, required=True)
@settings_options
def deny_senders(
    company_id: str, senders: Sequence[str], config_file: Path | None, data: Path | None
) -> None:
    """Takes back what `allow` has said of SENDERS."""
    _change(company_id, senders, config_file, data, "mail.denied", lambda old, new: old - new)


def _change(
    company_id: str,
    given: Sequence[str],
    config_file: Path | None,
    data: Path | None,
    action: str,
    change: Callable[[frozenset[str], frozenset[str]], frozenset[str]],
) -> None:
    from gateway.customers import told
    from gateway.mail_in.addresses import MAIL, sender, senders

    try:
        named = frozenset(map(sender, given))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="SENDERS") from None

    def settled(before: Mapping[str, Any]) -> Mapping[str, Any]:
        kept = sorted(change(frozenset(senders(before)), named))
        return {**before, MAIL: {**before.get(MAIL, {}), "senders": kept}}

    settings = load_settings(config_file, data).settings
    audited = {"senders": sorted(map(told, named))}
    after = _settle(settings, company_id, settled, action, audited)
    records(("sender",), [{"sender": one} for one in senders(after)], empty="Nobody may hand in.")


def _settle(
    settings: Settings,
    company_id: str,
    change: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    action: str,
    data: Mapping[str, Any],
) -> Mapping[str, Any]:
    from gateway.audit.chain import NewEntry
    from gateway.settling import settle

    async def work(store: Store) -> Mapping[str, Any]:
        company = await store.company(company_id)
        if company is None:
            raise Impossible(
                f"There is no company {company_id}; `budkavle company list` shows them"
            )
        if change(company.settings) == company.settings:
            return company.settings
        entry = NewEntry(operator(), action, company_id, company_id, data)
        return await settle(store, company_id, change, entry, datetime.now(UTC))

    return in_store(settings, work)


def _section(settings: Settings) -> MailIn:
    if settings.mail_in is None:
        raise Impossible("No mailbox is set up; add a section [mail_in] to the settings")
    return settings.mail_in
