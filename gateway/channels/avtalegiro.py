"""The channel `avtalegiro`: its settings, and how it is made of them."""

from __future__ import annotations

from pydantic import Field

from gateway.channels.over_sftp import OverSftp, check, server_of
from gateway.channels.parts import Parts
from transports.avtalegiro import driver
from transports.avtalegiro.driver import AvtaleGiroSettings


class AvtaleGiro(OverSftp):
    """AvtaleGiro: the SFTP server of the Norwegian banks' central. Needs the extra `sftp`
    (`budkavle[sftp]`). Each company has its account in its own settings (`channels.avtalegiro`)."""

    sender: str = Field(pattern=r"^[0-9]{8}$", examples=["00012345"])
    """What the central knows us by as the sender of data (KUNDEENHET-ID), eight digits."""

    download_directory: str = Field(default="out", min_length=1)
    """Where the central leaves agreements, receipts and payments; what was taken in is removed."""

    max_file_bytes: int = Field(default=20_000_000, ge=1)
    """Most bytes of the central's files that are read at once, and so the largest file."""

    exchange_timeout_s: float = Field(default=120, gt=0)
    """Longest time for a claim up, or for one visit that takes files in."""


def avtalegiro_settings(section: AvtaleGiro) -> AvtaleGiroSettings:
    """The channel's own settings."""
    return AvtaleGiroSettings(
        server=server_of(section),
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
    check("avtalegiro", settings.server)
    register = parts.register(driver.AvtaleGiro.name)
    return driver.AvtaleGiro(settings, register, now=parts.clock.now)
