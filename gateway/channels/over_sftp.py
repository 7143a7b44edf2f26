"""What the channels have in common that are spoken to by files over SFTP: where the server is, and
how we log in."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator

from gateway.section import Channel, ConfigError, revealed
from transports.sftp import Server, wrong_keys


class OverSftp(Channel):
    """A partner's SFTP server. Needs the extra `sftp` (`budkavle[sftp]`)."""

    host: str = Field(min_length=1, examples=["sftp.partner.example"])
    """Name or address of the partner's server."""

    port: int = Field(default=22, ge=1, le=65535)
    """Its port."""

    host_key: str = Field(examples=["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI..."])
    """The server's public key, as the partner gives it to you: type and base64. A server with
    another key is not talked to."""

    username: str = Field(min_length=1, examples=["budkavle"])
    """Name to log in with."""

    password: SecretStr | None = None
    """Password to log in with; or a key."""

    password_file: Path | None = Field(default=None, examples=["/run/secrets/sftp"])
    """File that holds the password."""

    client_key: SecretStr | None = None
    """Our private key to log in with: OpenSSH's form or PEM; locked in PEM (PKCS #8) alone."""

    client_key_file: Path | None = Field(default=None, examples=["/run/secrets/sftp-key"])
    """File that holds the key."""

    passphrase: SecretStr | None = None
    """What the key is locked with, if it is."""

    passphrase_file: Path | None = Field(default=None, examples=["/run/secrets/sftp-passphrase"])
    """File that holds the passphrase."""

    upload_directory: str = Field(default="in", min_length=1)
    """Where our files go on the server."""

    download_directory: str = Field(default="out", min_length=1)
    """Where the partner leaves files for us."""

    max_file_bytes: int = Field(default=20_000_000, ge=1)
    """Largest file of the partner's that is read."""

    connect_timeout_s: float = Field(default=30, gt=0)
    """Longest time for connecting and logging in."""

    exchange_timeout_s: float = Field(default=300, gt=0)
    """Longest time for a file up, or for one visit that takes files in."""

    collect_every_s: float = Field(default=60, ge=0)
    """How often the partner's files are looked for, at most."""

    report_days: int = Field(default=14, ge=1)
    """How many days a report on what was handed over is expected."""

    @model_validator(mode="after")
    def _can_log_in(self) -> Self:
        if self.password is None and self.client_key is None:
            raise ValueError("password or client_key is missing, or a file that holds it")
        return self


def server_of(section: OverSftp) -> Server:
    """Where the server is, and how we log in."""
    return Server(
        host=section.host,
        port=section.port,
        username=section.username,
        host_key=section.host_key,
        password=revealed(section.password),
        client_key=revealed(section.client_key),
        passphrase=revealed(section.passphrase),
        connect_timeout_s=section.connect_timeout_s,
    )


def check(name: str, server: Server) -> None:
    """Raises ConfigError where the extra is missing or a key is none. `name`: the section's."""
    try:
        faults = wrong_keys(server)
    except ImportError:
        raise ConfigError(
            f"{name}: the extra `sftp` is not installed; install budkavle[sftp], or take the "
            f"section [{name}] out"
        ) from None
    if faults:
        raise ConfigError("\n".join(f"{name}: {fault}" for fault in faults))
