"""The channel `bank_se`: its settings, and how it is made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import Field, SecretStr, model_validator

from gateway.channels.parts import Parts
from gateway.routing.terms import terms
from gateway.section import Channel, ConfigError, revealed
from transports.bank_se import driver
from transports.bank_se.batches import Bounds
from transports.bank_se.driver import BankSeSettings
from transports.bank_se.sftp import Server, wrong_keys


class BankSe(Channel):
    """The Swedish internet bank: the SFTP server of the banks' distributor. Needs the extra `sftp`
    (`budkavle[sftp]`). Each company has its FUI and bankgiros in its own settings
    (`channels.bank_se`)."""

    host: str = Field(min_length=1, examples=["sftp.distributor.example"])
    """Name or address of the distributor's server."""

    port: int = Field(default=22, ge=1, le=65535)
    """Its port."""

    host_key: str = Field(examples=["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI..."])
    """The server's public key, as the distributor gives it to you: type and base64. A server with
    another key is not talked to."""

    username: str = Field(min_length=1, examples=["budkavle"])
    """Name to log in with."""

    password: SecretStr | None = None
    """Password to log in with; or a key."""

    password_file: Path | None = Field(default=None, examples=["/run/secrets/bank"])
    """File that holds the password."""

    client_key: SecretStr | None = None
    """Our private key to log in with: OpenSSH's form or PEM; locked in PEM (PKCS #8) alone."""

    client_key_file: Path | None = Field(default=None, examples=["/run/secrets/bank-key"])
    """File that holds the key."""

    passphrase: SecretStr | None = None
    """What the key is locked with, if it is."""

    passphrase_file: Path | None = Field(default=None, examples=["/run/secrets/bank-passphrase"])
    """File that holds the passphrase."""

    recognises_key: bool = True
    """Whether the distributor knows an invoice by its key and forwards a repeated one once. Where
    it does not, an invoice whose fate is unknown is held for a person."""

    upload_directory: str = Field(default="in", min_length=1)
    """Where batches and answers go on the server."""

    download_directory: str = Field(default="out", min_length=1)
    """Where the distributor leaves receipts and registrations."""

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

    max_file_bytes: int = Field(default=20_000_000, ge=1)
    """Largest file of the distributor's that is read."""

    connect_timeout_s: float = Field(default=30, gt=0)
    """Longest time for connecting and logging in."""

    exchange_timeout_s: float = Field(default=300, gt=0)
    """Longest time for a batch up, or for one visit that takes files in."""

    collect_every_s: float = Field(default=60, ge=0)
    """How often the distributor's files are looked for, at most."""

    report_days: int = Field(default=14, ge=1)
    """How many days a report on an invoice is expected."""

    @model_validator(mode="after")
    def _can_log_in(self) -> Self:
        if self.password is None and self.client_key is None:
            raise ValueError("password or client_key is missing, or a file that holds it")
        return self


def bank_se_settings(section: BankSe) -> BankSeSettings:
    """The channel's own settings."""
    return BankSeSettings(
        server=Server(
            host=section.host,
            port=section.port,
            username=section.username,
            host_key=section.host_key,
            password=revealed(section.password),
            client_key=revealed(section.client_key),
            passphrase=revealed(section.passphrase),
            connect_timeout_s=section.connect_timeout_s,
        ),
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
    try:
        faults = wrong_keys(settings.server)
    except ImportError:
        raise ConfigError(
            "bank_se: the extra `sftp` is not installed; install budkavle[sftp], or take the "
            "section [bank_se] out"
        ) from None
    if faults:
        raise ConfigError("\n".join(f"bank_se: {fault}" for fault in faults))
    name = driver.BankSe.name

    async def issuers() -> Sequence[tuple[str, Mapping[str, Any]]]:
        companies = await parts.store.companies()
        return [(one.id, settled) for one in companies if (settled := terms(one.settings, name))]

    return driver.BankSe(settings, parts.register(name), issuers, now=parts.clock.now)
