"""The access point's own key: from a file, or in a device that never gives it out.

In charge of signing and of opening what was sealed for us. Not in charge of whether the certificate
is trusted by others (`chains`).
"""

from __future__ import annotations

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
        """Reads a PEM file that holds the key and the certificate. Raises KeyUnusable."""
        content = _read(path)
        try:
            key = load_pem_private_key(content, password.encode() if password else None)
            certificate = x509.load_pem_x509_certificate(content)
        except (ValueError, TypeError) as error:
            raise KeyUnusable(f"{path}: {error}") from None
        return cls(_rsa(key, path), certificate)

    @classmethod
    def from_pkcs12(cls, path: Path, password: str | None) -> KeyInMemory:
        """Reads a PKCS#12 file. Raises KeyUnusable."""
        content = _read(path)
        try:
            store = load_pkcs12(content, password.encode() if password else None)
        except ValueError as error:
            raise KeyUnusable(f"{path}: {error}") from None
        if store.key is None or store.cert is None:
            raise KeyUnusable(f"{path} holds no key with its certificate")
        return cls(_rsa(store.key, path), store.cert.certificate)

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


def _rsa(key: object, path: Path) -> RSAPrivateKey:
    if not isinstance(key, RSAPrivateKey):
        raise KeyUnusable(f"{path} holds no RSA key, which Peppol's certificates have")
    return key


def _public(certificate: x509.Certificate) -> object:
    key = certificate.public_key()
    return key.public_numbers() if hasattr(key, "public_numbers") else None
