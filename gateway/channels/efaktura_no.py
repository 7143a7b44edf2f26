"""The Norwegian eFaktura channel: its settings, and how it is made of them."""

from __future__ import annotations

import ssl
from datetime import timedelta
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from gateway.channels.parts import Parts
from gateway.section import Channel, ConfigError
from transports.efaktura_no.client import identified
from transports.efaktura_no.driver import Efaktura, EfakturaSettings
from transports.efaktura_no.wire.operations import Service


class EfakturaNo(Channel):
    """The Norwegian eFaktura channel: the services of Mastercard Payment Services (MPS)."""

    url: str = Field(pattern=r"^https?://", examples=["https://efaktura-services.nets.no"])
    """Base address of the services, without the name of one."""

    service: Literal["submitter", "mps"] = "submitter"
    """The service that invoices go to: `submitter` for those who send for others, `mps` for
    customers of MPS's own."""

    certificate_file: Path | None = Field(default=None, examples=["/etc/budkavle/mps.pem"])
    """The certificate that MPS knows us by (PEM), with those that vouch for it."""

    key_file: Path | None = Field(default=None, examples=["/etc/budkavle/mps.key"])
    """Its private key (PEM), where that is not in the same file."""

    ca_file: Path | None = Field(default=None, examples=["/etc/budkavle/mps-ca.pem"])
    """Certificates to trust (PEM) instead of the system's."""

    max_pdf_bytes: int = Field(default=2 * 1024 * 1024, ge=10_000, le=7 * 1024 * 1024)
    """Largest PDF that goes along, attachments merged into it; for a larger one a link goes."""

    poll_s: float = Field(default=900, gt=0)
    """How long after an invoice went MPS is first asked about it; then four times as long apart,
    and 96 times once the recipient's net bank shows it."""

    report_days: int = Field(default=30, ge=1)
    """How many days after its due date MPS is asked about an invoice no more."""

    connect_timeout_s: float = Field(default=30, gt=0)
    """Longest time for connecting."""

    answer_timeout_s: float = Field(default=120, gt=0)
    """Longest time for a call, its answer included."""

    @model_validator(mode="after")
    def _no_key_alone(self) -> Self:
        if self.key_file is not None and self.certificate_file is None:
            raise ValueError("key_file goes with certificate_file")
        return self


def efaktura_settings(section: EfakturaNo) -> EfakturaSettings:
    """The channel's own settings. Raises ConfigError."""
    return EfakturaSettings(
        url=section.url,
        service=Service(section.service),
        tls=_tls(section),
        pdf_bytes=section.max_pdf_bytes,
        poll=timedelta(seconds=section.poll_s),
        report_days=section.report_days,
        connect_timeout_s=section.connect_timeout_s,
        answer_timeout_s=section.answer_timeout_s,
    )


def make(section: EfakturaNo, parts: Parts) -> Efaktura:
    """The channel. Raises ConfigError."""
    register = parts.register(Efaktura.name)
    return Efaktura(efaktura_settings(section), register, now=parts.clock.now)


def _tls(section: EfakturaNo) -> ssl.SSLContext | None:
    files = section.certificate_file, section.key_file, section.ca_file
    if not any(files):
        return None
    try:
        return identified(section.ca_file, section.certificate_file, section.key_file)
    except OSError as error:
        names = ", ".join(str(file) for file in files if file is not None)
        raise ConfigError(
            f"efaktura_no: {names}: {error}. Correct certificate_file, key_file or ca_file."
        ) from error
