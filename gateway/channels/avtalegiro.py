"""The channel `avtalegiro`: its settings, and how it is made of them."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator

from gateway.channels.parts import Parts
from gateway.section import Channel, ConfigError, revealed
from transports.avtalegiro import driver
from transports.avtalegiro.driver import AvtaleGiroSettings
from transports.sftp import Server, wrong_keys


class AvtaleGiro(Channel):
    """AvtaleGiro: the SFTP server of the Norwegian banks' central. Needs the extra `sftp`
    (`budkavle[sftp]`). Each company has its account in its own settings (`channels.avtalegiro`)."""

    host: str = Field(min_length=1, examples=["sftp.central.example"])
    """Name or address of the central's server."""

    port: int = Field(default=22, ge=1, le=65535)
    """Its port."""

    host_key: str = Field(examples=["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI..."])
    """The server's public key, as the central gives it to you: type and base64. A server with
    another key is not talked to."""

    username: str = Field(min_length=1, examples=["budkavle"])
    """Name to log in with."""

    password: SecretStr | None = None
    """Password to log in with; or a key."""

    password_file: Path | None = Field(default=None, examples=["/run/secrets/avtalegiro"])
    """File that holds the password."""

    client_key: SecretStr | None = None
    """Our private key to log in with: OpenSSH's form or PEM; locked in PEM (PKCS #8) alone."""

    client_key_file: Path | None = Field(default=None, examples=["/run/secrets/avtalegiro-key"])
    """File that holds the key."""

    passphrase: SecretStr | None = None
    """What the key is locked with, if it is."""

    passphrase_file: Path | None = Field(
        default=None, examples=["/run/secrets/avtalegiro-passphrase"]
    )
    """File that holds the passphrase."""

    sender: str = Field(pattern=r"^[0-9]{8}$", examples=["00012345"])
    """What the central knows us by as the sender of data (KUNDEENHET-ID), eight digits."""

    upload_directory: str = Field(default="in", min_length=1)
    """Where claims and cancellations go on the server."""

    download_directory: str = Field(default="out", min_length=1)
    """Where the central leaves agreements, receipts and payments; what was taken in is removed."""

    max_file_bytes: int = Field(default=20_000_000, ge=1)
    """Most bytes of the central's files that are read at once, and so the largest file."""

    connect_timeout_s: float = Field(default=30, gt=0)
    """Longest time for connecting and logging in."""

    exchange_timeout_s: float = Field(default=120, gt=0)
    """Longest time for a claim up, or for one visit that takes files in."""

    collect_every_s: float = Field(default=60, ge=0)
    """How often the central's files are looked for, at most."""

    report_days: int = Field(default=14, ge=1)
    """How many days a receipt for a claim is expected."""

    @model_validator(mode="after")
    def _can_log_in(self) -> Self:
        if self.password is None and self.client_key is None:
            raise ValueError("password or client_key is missing, or a file that holds it")
        return self


def avtalegiro_settings(section: AvtaleGiro) -> AvtaleGiroSettings:
    """The channel's own settings."""
    return AvtaleGiroSettings(
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
        sender=section.sender,
        upload_directory=section.upload_directory,
        download_directory=section.download_directory,
        exchange_timeout_s=section.exchange_timeout_s,
        collect_every_s=section.collect_every_s,
        most_file_bytes=section.max_file_bytes,
        report_days=section.report_days,
    )


def make(section: AvtaleGiro, parts: Parts) -> driver.AvtaleGiro:
    """The channel. Raises ConfigError where the extra is missing or a key is none."""
    settings = avtalegiro_settings(section)
    try:
        faults = wrong_keys(settings.server)
    except ImportError:
        raise ConfigError(
            "avtalegiro: the extra `sftp` is not installed; install budkavle[sftp], or take the "
            "section [avtalegiro] out"
        ) from None
    if faults:
        raise ConfigError("\n".join(f"avtalegiro: {fault}" for fault in faults))
    register = parts.register(driver.AvtaleGiro.name)
    return driver.AvtaleGiro(settings, register, now=parts.clock.now)
