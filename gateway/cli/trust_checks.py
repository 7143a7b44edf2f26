"""What `budkavle doctor` sees of who companies are: the gate, and the signing services."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from gateway.cli.doctor import Check

if TYPE_CHECKING:
    from gateway.config import Settings

_SOON_DAYS = 30


def trust(settings: Settings) -> Iterator[Check]:
    """Whether companies have to be verified, and how they can be."""
    from gateway.section import ConfigError
    from gateway.verifying import signer_names

    section = settings.trust
    if section.verification == "none":
        text = "Companies need not be verified: the operator knows them."
        if settings.peppol is not None and settings.peppol.network == "production":
            yield Check(
                "warn",
                "trust",
                text,
                "In Peppol you have to know whom you serve. Where you carry documents for others"
                " than your own company, set trust.verification = required.",
            )
        else:
            yield Check("ok", "trust", text)
    try:
        names = signer_names(settings)
    except ConfigError as error:
        yield Check("fail", "trust", f"{error}.", "Correct it; without it no start.")
        return
    if section.verification == "required":
        how = " or ".join(names) or "by the operator alone (`budkavle company verify`)"
        yield Check("ok", "trust", f"Companies have to be verified: {how}.")
        if "bankid" in names and settings.email is None:
            yield Check(
                "warn",
                "trust",
                "No mail server is set up, and invitations to sign with BankID go by e-mail.",
                "Set up [email].",
            )
    yield from _bankid(settings)


def _bankid(settings: Settings) -> Iterator[Check]:
    from gateway.peppol import key_of
    from gateway.section import ConfigError
    from gateway.verifying import bankid_tls

    section = settings.bankid
    if section is None or section.key_store is None:
        return
    try:
        bankid_tls(section)
        key = key_of("bankid", section.key_store, section.key_password)
    except ConfigError as error:
        yield Check("fail", "bankid", f"{error}.", "Correct it; without it no start.")
        return
    days = (key.certificate.not_valid_after_utc - datetime.now(UTC)).days
    text = f"The certificate that BankID knows us by is valid for {days} days."
    if days < _SOON_DAYS:
        yield Check("warn", "bankid", text, "Ask your bank for a new one.")
    else:
        yield Check("ok", "bankid", text)
