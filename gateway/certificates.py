"""The certificates that partners know us by, and how long they are good.

In charge of which there are and of reading them. Not in charge of whether others trust them
(`gateway.peppol.standing`), nor of telling in time (`gateway.expiry`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509

from gateway.config import Settings
from gateway.peppol import key_of
from gateway.section import ConfigError

# A new certificate takes some weeks.
SOON_DAYS: Final = 60


@dataclass(frozen=True, slots=True)
class Certificate:
    """One of ours. `section` and `setting` name it, as in the settings; `ends_at` None: it can not
    be read, for the reason in `fault`."""

    section: str
    setting: str
    ends_at: datetime | None
    fault: str = ""

    def days(self, now: datetime) -> int | None:
        """Whole days that it is still good; negative once it has ended."""
        return None if self.ends_at is None else (self.ends_at - now).days


def ours(settings: Settings) -> tuple[Certificate, ...]:
    """Every one that is set up. Blocking."""
    return tuple(_ours(settings))


def _ours(settings: Settings) -> Iterator[Certificate]:
    for name, section in (
        ("peppol", settings.peppol),
        ("publisher", settings.publisher),
        ("bankid", settings.bankid),
    ):
        if section is not None and section.key_store is not None:
            try:
                key = key_of(name, section.key_store, section.key_password)
            except ConfigError as error:
                yield Certificate(name, "key_store", None, f"{error}")
            else:
                yield Certificate(name, "key_store", key.certificate.not_valid_after_utc)
    efaktura = of_efaktura(settings)
    if efaktura is not None:
        yield efaktura


def of_efaktura(settings: Settings) -> Certificate | None:
    """The one that MPS knows us by, where one is set up. Blocking."""
    section = settings.efaktura_no
    if section is None or section.certificate_file is None:
        return None
    name = ("efaktura_no", "certificate_file")
    try:
        certificate = x509.load_pem_x509_certificate(section.certificate_file.read_bytes())
    except (OSError, ValueError) as error:
        return Certificate(*name, None, f"{section.certificate_file}: {error}")
    return Certificate(*name, certificate.not_valid_after_utc)
