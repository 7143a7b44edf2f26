"""Which certificates are trusted as what: an access point's, or a publisher's (SMP).

In charge of the chain, of validity, and of the two kinds never standing in for each other. Not in
charge of what was revoked since (`revocation`). Pure; the time is handed in.

Peppol's chains are three deep and known in full: leaf, issuing CA, root. The issuing CAs and roots
are set up as files, those of test and production apart; nothing that a message brings along is ever
used to build a chain.
Source: Peppol PKI G3; facts of the certificates in docs/explain/peppol.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

_WEAKEST_BITS = 2048

T = TypeVar("T", bound=x509.ExtensionType)


class Purpose(StrEnum):
    """What a certificate is to be trusted as."""

    ACCESS_POINT = "access_point"
    PUBLISHER = "publisher"  # an SMP


class Flaw(StrEnum):
    """Why a certificate is not trusted."""

    UNKNOWN_ISSUER = "unknown_issuer"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    NOT_FOR_THIS = "not_for_this"
    REVOKED = "revoked"
    REVOCATION_UNKNOWN = "revocation_unknown"


class Untrusted(Exception):
    """The certificate is not trusted; the text says why, and names no key."""

    def __init__(self, flaw: Flaw, text: str) -> None:
        self.flaw = flaw
        super().__init__(text)


@dataclass(frozen=True, slots=True, eq=False)
class Anchors:
    """The issuing CAs of one network, by purpose, and its roots. Each is equal to itself alone."""

    roots: tuple[x509.Certificate, ...]
    access_point: tuple[x509.Certificate, ...]
    publisher: tuple[x509.Certificate, ...]

    def of(self, purpose: Purpose) -> tuple[x509.Certificate, ...]:
        """The CAs that issue certificates of this purpose."""
        return self.access_point if purpose is Purpose.ACCESS_POINT else self.publisher


def load(paths: Iterable[Path]) -> tuple[x509.Certificate, ...]:
    """The certificates in PEM files. Raises OSError and ValueError."""
    return tuple(
        one for path in paths for one in x509.load_pem_x509_certificates(path.read_bytes())
    )


def issuer(
    certificate: x509.Certificate, anchors: Anchors, purpose: Purpose, at: datetime
) -> x509.Certificate:
    """Checks a certificate, and answers the CA that issued it. Raises Untrusted."""
    chain = _chain(certificate, anchors, purpose)
    if not chain.since <= at <= chain.until:
        for one, what in ((certificate, "the certificate"), (chain.issuer, "the issuing CA")):
            if at < one.not_valid_before_utc:
                raise Untrusted(Flaw.NOT_YET_VALID, f"{what} is not valid yet")
            if at > one.not_valid_after_utc:
                expired = one.not_valid_after_utc.date().isoformat()
                raise Untrusted(Flaw.EXPIRED, f"{what} expired on {expired}")
    return chain.issuer


@dataclass(frozen=True, slots=True)
class _Chain:
    """A certificate's way to a root: who issued it, and when both are valid."""

    issuer: x509.Certificate
    since: datetime
    until: datetime


@lru_cache(maxsize=256)  # the same few come again and again; a refusal is not kept
def _chain(certificate: x509.Certificate, anchors: Anchors, purpose: Purpose) -> _Chain:
    """What of the check is the same at any time."""
    found = _issued_by(certificate, anchors.of(purpose))
    if found is None or _issued_by(found, anchors.roots) is None:
        other = next(kind for kind in Purpose if kind is not purpose)
        if _issued_by(certificate, anchors.of(other)) is not None:
            text = f"it is the certificate of {_SHOWN[other]}, not of {_SHOWN[purpose]}"
            raise Untrusted(Flaw.NOT_FOR_THIS, text)
        raise Untrusted(
            Flaw.UNKNOWN_ISSUER, "it was not issued by the Peppol CA of this network that it needs"
        )
    _check_leaf(certificate)
    return _Chain(
        found,
        max(certificate.not_valid_before_utc, found.not_valid_before_utc),
        min(certificate.not_valid_after_utc, found.not_valid_after_utc),
    )


_SHOWN = {Purpose.ACCESS_POINT: "an access point", Purpose.PUBLISHER: "a publisher (SMP)"}


def _issued_by(
    certificate: x509.Certificate, candidates: Sequence[x509.Certificate]
) -> x509.Certificate | None:
    for candidate in candidates:
        if candidate.subject != certificate.issuer:
            continue
        try:
            certificate.verify_directly_issued_by(candidate)
        except (ValueError, TypeError, InvalidSignature):
            continue
        if _is_authority(candidate):
            return candidate
    return None


def _is_authority(certificate: x509.Certificate) -> bool:
    constraints = _extension(certificate, x509.BasicConstraints)
    usage = _extension(certificate, x509.KeyUsage)
    return (constraints is not None and constraints.ca) and (usage is None or usage.key_cert_sign)


def _check_leaf(certificate: x509.Certificate) -> None:
    constraints = _extension(certificate, x509.BasicConstraints)
    usage = _extension(certificate, x509.KeyUsage)
    key = certificate.public_key()
    if constraints is not None and constraints.ca:
        raise Untrusted(Flaw.NOT_FOR_THIS, "it is the certificate of a CA")
    if usage is not None and not usage.digital_signature:
        raise Untrusted(Flaw.NOT_FOR_THIS, "its key is not for signatures")
    if not isinstance(key, RSAPublicKey) or key.key_size < _WEAKEST_BITS:
        raise Untrusted(Flaw.NOT_FOR_THIS, "its key is not RSA of 2048 bits or more")


def _extension(certificate: x509.Certificate, kind: type[T]) -> T | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
