"""The gateway's own key: what it signs evidence with, and how others check it.

Ed25519 (RFC 8032): the same bytes give the same signature, so a bundle made twice is the same.
The private key is a secret of the store, made at the first start; a backup holds it too.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)

SECRET = "evidence-key"  # noqa: S105 - the name of the secret, not the secret


class NotAKey(ValueError):
    """The text is no public key of the kind that is used here."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Who signed. `pem` is what OpenSSL reads."""

    raw: bytes

    @property
    def id(self) -> str:
        """What people compare: SHA-256 of the 32 bytes, in hex."""
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def pem(self) -> bytes:
        """SubjectPublicKeyInfo in PEM."""
        key = Ed25519PublicKey.from_public_bytes(self.raw)
        return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    @classmethod
    def from_pem(cls, pem: bytes) -> PublicKey:
        """Raises NotAKey."""
        try:
            key = load_pem_public_key(pem)
        except ValueError as error:
            raise NotAKey("it is no public key in PEM") from error
        if not isinstance(key, Ed25519PublicKey):
            raise NotAKey("it is a public key, but not of Ed25519")
        return cls(key.public_bytes(Encoding.Raw, PublicFormat.Raw))

    def signed(self, content: bytes, signature: bytes) -> bool:
        """Whether the signature over the content is this key's."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, content)
        except InvalidSignature:
            return False
        return True


class SigningKey:
    """Signs. Made of 32 secret bytes (`fresh` gives new ones)."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        raw = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.public = PublicKey(raw)

    @staticmethod
    def fresh() -> bytes:
        """The secret bytes of a new key."""
        return Ed25519PrivateKey.generate().private_bytes_raw()

    def sign(self, content: bytes) -> bytes:
        """The signature: 64 bytes."""
        return self._key.sign(content)
