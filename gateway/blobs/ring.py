"""The key ring: the master keys, in a file outside of the database.

One line a key, `<name> <32 bytes in base64>`; the first is the one that is used, the others still
open what they have wrapped. Empty lines and lines that begin with # are left alone. Nothing of a
key is ever in a message.
"""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.blobs.disk import sync
from gateway.blobs.seal import Secret, Tampered

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NONCE_BYTES = 12


class BadRing(ValueError):
    """The file is no key ring; the text says which line, and what was expected."""


class UnknownMaster(Exception):
    """The ring has no key of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the key ring has no key named {name}; put it back below the current one")


@dataclass(frozen=True, slots=True)
class Ring:
    """Master keys by name; the first is current."""

    masters: Mapping[str, Secret]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Reads the file. Raises OSError and BadRing."""
        masters: dict[str, Secret] = {}
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            words = line.split()
            if not words or line.lstrip().startswith(b"#"):
                continue
            name = words[0].decode("ascii", "replace")
            if len(words) != 2 or not NAME.fullmatch(name):
                raise BadRing(
                    f"{path}, line {number}: expected a name, a space, and 32 bytes in base64"
                )
            if name in masters:
                raise BadRing(f"{path}, line {number}: the name {name} stands there twice")
            try:
                masters[name] = Secret(base64.b64decode(words[1], validate=True))
            except (binascii.Error, ValueError):
                raise BadRing(
                    f"{path}, line {number}: the key {name} is not 32 bytes in base64"
                ) from None
        if not masters:
            raise BadRing(f"{path} has no key; `budkavle encryption add` makes one")
        return cls(masters)

    @property
    def current(self) -> str:
        """The name of the key that wraps from now on."""
        return next(iter(self.masters))

    def wrap(self, key: Secret, company_id: str) -> tuple[str, bytes]:
        """The name of the current master, and the company's key wrapped by it."""
        nonce = os.urandom(_NONCE_BYTES)
        name = self.current
        sealed = AESGCM(self.masters[name].raw).encrypt(nonce, key.raw, _context(company_id, name))
        return name, nonce + sealed

    def unwrap(self, name: str, wrapped: bytes, company_id: str) -> Secret:
        """The company's key. Raises UnknownMaster and Tampered."""
        master = self.masters.get(name)
        if master is None:
            raise UnknownMaster(name)
        nonce, sealed = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
        try:
            return Secret(AESGCM(master.raw).decrypt(nonce, sealed, _context(company_id, name)))
        except (InvalidTag, ValueError):
            raise Tampered from None


def _context(company_id: str, name: str) -> bytes:
    """Binds a wrapped key to its company: a row moved to another one opens nothing."""
    return f"budkavle company key|{name}|{company_id}".encode()


def add_master(path: Path, name: str) -> None:
    """Puts a new random key first into the file, made for us alone when it is not there.

    Raises BadRing for a name that is none or is taken, and OSError.
    """
    if not NAME.fullmatch(name):
        raise BadRing(f"{name!r} is no name: 1 to 64 letters, digits, full stops, _ or -")
    before = b""
    if path.exists():
        if name in Ring.read(path).masters:
            raise BadRing(f"{path} has a key named {name} already")
        before = path.read_bytes()
    draft = path.with_name(f"{path.name}.{os.urandom(4).hex()}.tmp")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(f"{name} ".encode() + base64.b64encode(os.urandom(32)) + b"\n" + before)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    sync(path.parent)
