"""Sealing: bytes encrypted and authenticated in chunks, so that they can be streamed.

Each blob has a key of its own, derived (HKDF, RFC 5869) from the company's and a random salt, so
that no number of blobs wears a company key out. The layout is

    "BKS1" | salt (32 bytes) | chunk | chunk | ... | last chunk

where each chunk is up to 64 KB of AES-256-GCM with its tag (NIST SP 800-38D). The nonce is the
number of the chunk (11 bytes) and one byte that is 1 on the last: chunks that are left out, moved,
or cut off at the end are found out, each when it is opened. Pure.
"""

from __future__ import annotations

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CHUNK_BYTES = 64 * 1024
TAG_BYTES = 16
_MAGIC = b"BKS1"
_SALT_BYTES = 32
HEAD_BYTES = len(_MAGIC) + _SALT_BYTES


class Tampered(Exception):
    """The bytes are not what was sealed with this key: damaged, cut off, or another's."""


class Secret:
    """32 random bytes that are never shown."""

    __slots__ = ("raw",)

    def __init__(self, raw: bytes) -> None:
        if len(raw) != 32:
            raise ValueError("a key is 32 bytes")
        self.raw = raw

    @classmethod
    def random(cls) -> Secret:
        """A new one."""
        return cls(os.urandom(32))

    def __repr__(self) -> str:
        return "Secret(...)"


class _Cipher:
    """The key of one blob, and the number of the next chunk."""

    def __init__(self, key: Secret, head: bytes) -> None:
        derived = HKDF(SHA256(), 32, head[len(_MAGIC) :], b"budkavle blob").derive(key.raw)
        self._aes = AESGCM(derived)
        self._head = head
        self._n = 0

    def encrypt(self, chunk: bytes, *, last: bool) -> bytes:
        return self._aes.encrypt(self._nonce(last), chunk, self._head)

    def decrypt(self, chunk: bytes, *, last: bool) -> bytes:
        try:
            return self._aes.decrypt(self._nonce(last), chunk, self._head)
        except InvalidTag:
            raise Tampered from None

    def _nonce(self, last: bool) -> bytes:
        nonce = self._n.to_bytes(11, "big") + bytes([last])
        self._n += 1
        return nonce


class Sealer:
    """Seals a stream: `update` as often as needed, then `finish` once."""

    def __init__(self, key: Secret) -> None:
        head = _MAGIC + os.urandom(_SALT_BYTES)
        self._cipher = _Cipher(key, head)
        self._ready = bytearray(head)
        self._held = bytearray()  # less than a chunk, or one whole that may be the last

    def update(self, content: bytes) -> bytes:
        """What can be written by now."""
        self._held += content
        while len(self._held) > CHUNK_BYTES:
            self._ready += self._cipher.encrypt(bytes(self._held[:CHUNK_BYTES]), last=False)
            del self._held[:CHUNK_BYTES]
        return self._taken()

    def finish(self) -> bytes:
        """The rest."""
        self._ready += self._cipher.encrypt(bytes(self._held), last=True)
        return self._taken()

    def _taken(self) -> bytes:
        ready, self._ready = bytes(self._ready), bytearray()
        return ready


class Opener:
    """Opens a sealed stream: `update` as often as needed, then `finish` once. Raises Tampered.

    What `update` gives out is authentic, but only after `finish` it is known to be whole.
    """

    def __init__(self, key: Secret) -> None:
        self._key = key
        self._cipher: _Cipher | None = None
        self._held = bytearray()

    def update(self, sealed: bytes) -> bytes:
        """What could be opened by now."""
        self._held += sealed
        if self._cipher is None:
            if len(self._held) < HEAD_BYTES:
                return b""
            head = bytes(self._held[:HEAD_BYTES])
            if not head.startswith(_MAGIC):
                raise Tampered
            self._cipher = _Cipher(self._key, head)
            del self._held[:HEAD_BYTES]
        opened = []
        whole = CHUNK_BYTES + TAG_BYTES
        while len(self._held) > whole:
            opened.append(self._cipher.decrypt(bytes(self._held[:whole]), last=False))
            del self._held[:whole]
        return b"".join(opened)

    def finish(self) -> bytes:
        """The last bytes."""
        if self._cipher is None:
            raise Tampered
        return self._cipher.decrypt(bytes(self._held), last=True)


def seal(key: Secret, content: bytes) -> bytes:
    """All at once."""
    sealer = Sealer(key)
    return sealer.update(content) + sealer.finish()


def unseal(key: Secret, sealed: bytes) -> bytes:
    """All at once. Raises Tampered."""
    opener = Opener(key)
    return opener.update(sealed) + opener.finish()
