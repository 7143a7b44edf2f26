"""The channel `bank_se`: its settings, and how it is made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from gateway.channels.over_sftp import OverSftp, check, server_of
from gateway.channels.parts import Parts
from gateway.routing.terms import terms
from transports.bank_se import driver
from transports.bank_se.batches import Bounds
from transports.bank_se.driver import BankSeSettings


class BankSe(OverSftp):
    """The Swedish internet bank: the SFTP server of the banks' distributor. Needs the extra `sftp`
    (`budkavle[sftp]`). Each company has its FUI and bankgiros in its own settings
    (`channels.bank_se`)."""

    recognises_key: bool = True
    """Whether the distributor knows an invoice by its key and forwards a repeated one once. Where
    it does not, an invoice whose fate is unknown is held for a person."""

    done_directory: str = Field(default="out/done", min_length=1)
    """Where its files are moved when they have been taken in; made if it is not there."""

    failed_directory: str = Field(default="out/failed", min_length=1)
    """Where files are moved that are not in the format, for a person to look at."""

    max_batch_invoices: int = Field(default=200, ge=1, le=1000)
    """Most invoices in a batch."""

    max_batch_bytes: int = Field(default=20 * 1024 * 1024, ge=1)
    """Largest batch; an invoice that is larger goes alone."""

    batch_wait_s: float = Field(default=0.5, ge=0)
    """How long the first invoice of a batch waits for others."""

    max_connections: int = Field(default=2, ge=1, le=20)
    """How many batches are on their way at once."""

    max_invoice_bytes: int = Field(default=5_000_000, ge=1, le=7_000_000)
    """Largest invoice with its files; a larger one takes the next channel."""


def bank_se_settings(section: BankSe) -> BankSeSettings:
    """The channel's own settings."""
    return BankSeSettings(
        server=server_of(section),
        recognises_key=section.recognises_key,
        bounds=Bounds(
            entries=section.max_batch_invoices,
            size_bytes=section.max_batch_bytes,
            wait_s=section.batch_wait_s,
            at_once=section.max_connections,
        ),
        most_invoice_bytes=section.max_invoice_bytes,
        most_file_bytes=section.max_file_bytes,
        exchange_timeout_s=section.exchange_timeout_s,
        collect_every_s=section.collect_every_s,
        report_days=section.report_days,
        upload_directory=section.upload_directory,
        download_directory=section.download_directory,
        done_directory=section.done_directory,
        failed_directory=section.failed_directory,
    )


def make(section: BankSe, parts: Parts) -> driver.BankSe:
    """The channel. Raises ConfigError where the extra is missing or a key is none."""
    settings = bank_se_settings(section)
    check("bank_se", settings.server)
    name = driver.BankSe.name

    async def issuers() -> Sequence[tuple[str, Mapping[str, Any]]]:
        companies = await parts.store.companies()
        return [(one.id, settled) for one in companies if (settled := terms(one.settings, name))]

    return driver.BankSe(settings, parts.register(name), issuers, now=parts.clock.now)
