"""The access point's own key: from a file, or in a device that never gives it out.

In charge of signing and of opening what was sealed for us. Not in charge of whether the certificate
is trusted by others (`chains`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12
from cryptography.x509.oid import NameOID

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)


class KeyUnusable(Exception):
    """The key can not be used as it is set up; the text says which setting to look at."""


class Signer(Protocol):
    """A private key and its certificate. Blocking: called in threads."""

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate of the key."""
        ...

    def sign(self, data: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5 with SHA-256 over `data`."""
        ...

    def unwrap(self, wrapped: bytes) -> bytes:
        """RSAES-OAEP with SHA-256 and MGF1-SHA-256; raises ValueError when it is not for us."""
        ...


class KeyInMemory:
    """A key that was read from a file."""

    def __init__(self, key: RSAPrivateKey, certificate: x509.Certificate) -> None:
        if key.public_key().public_numbers() != _public(certificate):
            raise KeyUnusable("the private key does not belong to the certificate")
        self.private = key
        self.certificate = certificate

    @classmethod
    def from_pem(cls, path: Path, password: str | None = None) -> KeyInMemory:
        """Reads a PEM file with the key and its certificate, in any order, among others or alone.

        Raises KeyUnusable.
        """
        content = _read(path)
        encrypted = b"ENCRYPTED" in content
        try:
            key = load_pem_private_key(content, password.encode() if password else None)
        except TypeError:  # there is a password where none is needed, or none where one is
            needed = "needs its password" if encrypted else "is not encrypted, and needs none"
            raise KeyUnusable(f"{path}: the key in it {needed}") from None
        except (ValueError, UnsupportedAlgorithm):
            why = "the password of the key in it is wrong" if encrypted else "there is no key in it"
            raise KeyUnusable(f"{path}: {why}") from None
        try:
            certificates = x509.load_pem_x509_certificates(content)
        except ValueError:
            raise KeyUnusable(f"{path}: there is no certificate in it beside the key") from None
        return cls(*_pair(key, certificates, path))

    @classmethod
    def from_pkcs12(cls, path: Path, password: str | None) -> KeyInMemory:
        """Reads a PKCS#12 file with the key and its certificate, among others or alone.

        Raises KeyUnusable.
        """
        content = _read(path)
        try:
            store = load_pkcs12(content, password.encode() if password else None)
        except (ValueError, UnsupportedAlgorithm):
            raise KeyUnusable(f"{path}: it is no PKCS#12, or its password is wrong") from None
        found = [store.cert, *store.additional_certs]
        return cls(*_pair(store.key, [one.certificate for one in found if one], path))

    def sign(self, data: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5 with SHA-256 over `data`."""
        return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())

    def unwrap(self, wrapped: bytes) -> bytes:
        """RSAES-OAEP with SHA-256 and MGF1-SHA-256."""
        return self.private.decrypt(wrapped, OAEP)


def read_certificate(der: bytes) -> x509.Certificate:
    """A certificate that somebody sent, all of which can be read. Raises ValueError.

    Its parts are read when they are asked for: what is broken in it would be found much later.
    """
    try:
        found = x509.load_der_x509_certificate(der)
        for part in ("subject", "issuer", "extensions", "not_valid_before_utc"):
            getattr(found, part)
        found.public_key()
    except _UNREADABLE as error:
        raise ValueError(f"it can not be read: {error}") from None
    return found


# All that the parts of a broken certificate were seen to raise.
_UNREADABLE = (
    ValueError,
    TypeError,
    UserWarning,  # what is out of the ordinary, where warnings are errors: in tests
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)


def common_name(certificate: x509.Certificate) -> str | None:
    """The subject's one common name: an access point's seat (`POP000123`)."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if len(names) == 1 else None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeyUnusable(f"{path}: {error.strerror}") from None


def _pair(
    key: object, certificates: Sequence[x509.Certificate], path: Path
) -> tuple[RSAPrivateKey, x509.Certificate]:
    """The key and its certificate: of several, as after a renewal, the one that lasts longest."""
    if not isinstance(key, RSAPrivateKey):
        what = "no key" if key is None else "no RSA key, which Peppol's certificates have"
        raise KeyUnusable(f"{path}: there is {what} in it")
    public = key.public_key().public_numbers()
    own = [one for one in certificates if _public(one) == public]
    if not own:
        text = f"none of the {len(certificates)} certificates in it belongs to the key"
        raise KeyUnusable(f"{path}: {text}")
    return key, max(own, key=lambda one: one.not_valid_after_utc)


def _public(certificate: x509.Certificate) -> object:
    key = certificate.public_key()
    return key.public_numbers() if hasattr(key, "public_numbers") else None
