"""DKIM signatures: which domains we can sign for, the header that says so, and the DNS record.

The keys are files in a folder, `<domain>/<selector>.pem`: RSA or Ed25519, private, in PEM without a
password. A domain with several keys gets a signature of each, as is usual where one of them is
Ed25519, which not everybody reads yet.
Source: RFC 6376 (DKIM), RFC 8301 (key sizes), RFC 8463 (Ed25519).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import dkim
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
)

_LEAST_BITS: Final = 1024  # RFC 8301 3.2: verifiers take no less; 2048 is what they should get
_SELECTOR: Final = re.compile(r"[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?", re.ASCII | re.IGNORECASE)
_DOMAIN: Final = re.compile(r"(?=.{4,253}$)([a-z0-9-]{1,63}\.)+[a-z0-9-]{2,63}", re.ASCII)

# Once more than there are: nobody can add another on the way (RFC 6376 8.15).
_ONCE: Final = ("From", "To", "Subject", "Date", "Reply-To", "Message-ID")
_AS_THEY_ARE: Final = ("MIME-Version", "Content-Type", "Content-Transfer-Encoding")


@dataclass(frozen=True, slots=True)
class Key:
    """A key, and where its public half is published: a TXT record of `name`."""

    domain: str
    selector: str
    private: RSAPrivateKey | Ed25519PrivateKey = field(repr=False)

    @property
    def name(self) -> str:
        """The DNS name of the record."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def record(self) -> str:
        """The record that has to be published."""
        kind = "rsa" if isinstance(self.private, RSAPrivateKey) else "ed25519"
        return f"v=DKIM1; k={kind}; p={base64.b64encode(self._public()).decode()}"

    def differs(self, record: str) -> str | None:
        """Why mail signed with this key would not pass by a published record; None if it would."""
        tags = dict(_tags(record))
        if tags.get("v", "DKIM1") != "DKIM1":
            return "it is no DKIM record (v=DKIM1)"
        if "p" not in tags:
            return "it has no key (p=)"
        if not tags["p"]:
            return "the key was taken back (an empty p=)"
        kind = tags.get("k", "rsa")
        if kind != ("rsa" if isinstance(self.private, RSAPrivateKey) else "ed25519"):
            return f"it is for another kind of key (k={kind[:20]})"
        if "sha256" not in tags.get("h", "sha256").split(":"):
            return "it does not allow sha256 (h=)"
        if "y" in tags.get("t", "").split(":"):
            return "it says that the domain is only testing (t=y)"
        if _plain(kind, tags["p"]) != self._public():
            return "it has another key (p=)"
        return None

    def _public(self) -> bytes:
        public = self.private.public_key()
        if isinstance(self.private, RSAPrivateKey):
            return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return public.public_bytes(Encoding.Raw, PublicFormat.Raw)  # RFC 8463 4.2


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys by domain."""

    by_domain: Mapping[str, Sequence[Key]] = field(default_factory=dict)

    def of(self, address: str) -> Sequence[Key]:
        """The keys that sign for an address: those of its very domain."""
        return self.by_domain.get(address.rpartition("@")[2].lower(), ())

    def __iter__(self) -> Any:
        return (key for keys in self.by_domain.values() for key in keys)


def load(folder: Path) -> Keys:
    """The keys of a folder. Raises ValueError that says everything wrong with it, a line each."""
    if not folder.is_dir():
        raise ValueError(f"{folder}: there is no such folder")
    found: dict[str, list[Key]] = {}
    faults: list[str] = []
    for file in sorted(folder.glob("*/*.pem")):
        try:
            key = _key(file)
        except ValueError as error:
            faults.append(f"{file}: {error}")
        else:
            found.setdefault(key.domain, []).append(key)
    if not found and not faults:
        faults.append(f"{folder}: no key in it; they are named <domain>/<selector>.pem")
    if faults:
        raise ValueError("\n".join(faults))
    return Keys(found)


def sign(content: bytes, keys: Iterable[Key], at: datetime) -> bytes:
    """The message with a signature of each key, as of `at`: the same input, the same bytes."""
    headers = b""
    for key in keys:
        signer = _Signer(content, at)
        algorithm = b"rsa-sha256" if isinstance(key.private, RSAPrivateKey) else b"ed25519-sha256"
        headers += signer.sign(
            key.selector.encode(),
            key.domain.encode(),
            _for_dkimpy(key.private),
            signature_algorithm=algorithm,
            include_headers=_signed(content),
        )
    return headers + content


class _Signer(dkim.DKIM):  # type: ignore[misc]
    """Signs with a time that is given; the library takes the machine's."""

    def __init__(self, content: bytes, at: datetime) -> None:
        super().__init__(content)
        self._time = str(int(at.timestamp())).encode()

    def gen_header(self, fields: Any, *args: Any, **options: Any) -> Any:
        """The header of these tags."""
        fields = [(tag, self._time if tag == b"t" else value) for tag, value in fields]
        return super().gen_header(fields, *args, **options)


# Only service mail has these. Mailboxes show a button only where they are signed: RFC 8058.
_OF_NOTES = ("Auto-Submitted", "List-Unsubscribe", "List-Unsubscribe-Post")


def _signed(content: bytes) -> list[bytes]:
    """The names of the headers to sign, as often as they are signed."""
    head = content.partition(b"\r\n\r\n")[0].lower()
    there = re.findall(rb"^([a-z-]+):", head, re.MULTILINE)
    once = [name.lower().encode() for name in _ONCE]
    others = [name.lower().encode() for name in (*_AS_THEY_ARE, *_OF_NOTES)]
    return [
        *(name for name in once for _ in range(there.count(name) + 1)),
        *(name for name in others if name in there),
    ]


def _for_dkimpy(private: RSAPrivateKey | Ed25519PrivateKey) -> bytes:
    if isinstance(private, RSAPrivateKey):
        return private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return base64.b64encode(private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()))


def _key(file: Path) -> Key:
    domain, selector = file.parent.name.lower(), file.stem
    if not _DOMAIN.fullmatch(domain):
        raise ValueError(f"the folder is named after the domain, and {domain!r} is none")
    if not _SELECTOR.fullmatch(selector):
        raise ValueError(f"the file is named after the selector, and {selector!r} can be none")
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ValueError(f"it can not be read: {error.strerror}") from error
    try:
        private = load_pem_private_key(content, None)
    except TypeError as error:  # what the library says to a password that is missing
        raise ValueError("it is encrypted; it must have no password") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("it is no private key in PEM") from error
    if isinstance(private, RSAPrivateKey):
        if private.key_size < _LEAST_BITS:
            raise ValueError(
                f"RSA of {private.key_size} bits; nobody takes less than {_LEAST_BITS}, make 2048"
            )
    elif not isinstance(private, Ed25519PrivateKey):
        raise ValueError("neither RSA nor Ed25519, and DKIM knows no others")
    return Key(domain, selector, private)


def _tags(record: str) -> Iterable[tuple[str, str]]:
    for tag in record.split(";"):
        name, _, value = tag.partition("=")
        yield name.strip(), "".join(value.split())


def _plain(kind: str, text: str) -> bytes | None:
    """The key of a record as `Key._public` writes it; RSA may be without its wrapping too."""
    try:
        content = base64.b64decode(text, validate=True)
        if kind != "rsa":
            return content
        public = load_der_public_key(content)
    except (ValueError, UnsupportedAlgorithm):
        return None
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
