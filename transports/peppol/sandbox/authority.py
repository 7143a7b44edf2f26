"""The sandbox's certificates: a root, two issuing CAs and leaves, made by code as Peppol's are.

In charge of making them, wrong ones too when a test asks for it. Nothing here is ever trusted by a
gateway that is set up for a real network: its anchors are other files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    NameOID,
    ObjectIdentifier,
)

from transports.peppol.pki.chains import Anchors, Purpose
from transports.peppol.pki.keys import KeyInMemory

_CA_DAYS: Final = 3650
_LEAF_DAYS: Final = 730  # as Peppol's are
_BITS: Final = 2048


# Makes the key of that name, of so many bits. Names are the same in every network.
MakeKey = Callable[[str, int], rsa.RSAPrivateKey]


def new_key(_: str, bits: int) -> rsa.RSAPrivateKey:
    """A new key, whatever its name."""
    return rsa.generate_private_key(65537, bits)


@dataclass(frozen=True, slots=True)
class Issuer:
    """A CA: its key and its certificate."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate


class Authority:
    """One network's certificates, made at `now` and valid from a day before.

    Where they are given, `ocsp_url`, and `crl_url` with the purpose behind it, go into every leaf.
    Keys take most of a second to make; tests hand in a `make_key` that makes each name's once.
    """

    def __init__(
        self,
        now: datetime,
        *,
        name: str = "SANDBOX",
        ocsp_url: str | None = None,
        crl_url: str | None = None,
        make_key: MakeKey = new_key,
    ) -> None:
        self._now = now
        self._make_key = make_key
        self._name = name
        self.ocsp_url = ocsp_url
        self.crl_url = crl_url
        self.root = self._authority(f"{name} Root CA", None)
        self.issuers = {
            Purpose.ACCESS_POINT: self._authority(f"{name} ACCESS POINT CA", self.root),
            Purpose.PUBLISHER: self._authority(f"{name} PUBLISHER CA", self.root),
        }

    @property
    def anchors(self) -> Anchors:
        """What a gateway in this network trusts."""
        return Anchors(
            (self.root.certificate,),
            (self.issuers[Purpose.ACCESS_POINT].certificate,),
            (self.issuers[Purpose.PUBLISHER].certificate,),
        )

    def leaf(
        self,
        seat: str,
        purpose: Purpose = Purpose.ACCESS_POINT,
        *,
        not_before: datetime | None = None,
        not_after: datetime | None = None,
        bits: int = _BITS,
        renewed: bool = False,
    ) -> KeyInMemory:
        """A key with its certificate for a seat (`POP000123`); `renewed` is another key."""
        key = self._make_key(f"{seat} renewed" if renewed else seat, bits)
        issuer = self.issuers[purpose]
        start = not_before or self._now - timedelta(days=1)
        builder = (
            _builder(_name(seat, f"PEPPOL {self._name} {purpose.upper()}"), key, issuer)
            .not_valid_before(start)
            .not_valid_after(not_after or start + timedelta(days=_LEAF_DAYS))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(digital_signature=True, key_encipherment=True), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=True)
        )
        for extension in self._where_to_ask(purpose):
            builder = builder.add_extension(extension, critical=False)
        return KeyInMemory(key, builder.sign(issuer.key, hashes.SHA256()))

    def server(self, host: str) -> KeyInMemory:
        """A key for a TLS server at this IP address. Its CA is the root itself: those of real
        servers are of no Peppol CA."""
        key = self._make_key(f"TLS {host}", _BITS)
        address = x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))])
        certificate = (
            _builder(_name(host, "TLS"), key, self.root)
            .not_valid_before(self._now - timedelta(days=1))
            .not_valid_after(self._now + timedelta(days=_LEAF_DAYS))
            .add_extension(address, critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .sign(self.root.key, hashes.SHA256())
        )
        return KeyInMemory(key, certificate)

    def responder(
        self, purpose: Purpose, usage: ObjectIdentifier = ExtendedKeyUsageOID.OCSP_SIGNING
    ) -> Issuer:
        """A key that the CA lets answer for it (RFC 6960, 4.2.2.2)."""
        key = self._make_key(f"OCSP of {purpose}", _BITS)
        issuer = self.issuers[purpose]
        certificate = (
            _builder(_name(f"{self._name} OCSP", "RESPONDER"), key, issuer)
            .not_valid_before(self._now - timedelta(days=1))
            .not_valid_after(self._now + timedelta(days=_LEAF_DAYS))
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .sign(issuer.key, hashes.SHA256())
        )
        return Issuer(key, certificate)

    def _where_to_ask(self, purpose: Purpose) -> Iterable[x509.ExtensionType]:
        if self.ocsp_url is not None:
            place = x509.UniformResourceIdentifier(self.ocsp_url)
            access = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, place)
            yield x509.AuthorityInformationAccess([access])
        if self.crl_url is not None:
            place = x509.UniformResourceIdentifier(f"{self.crl_url}/{purpose}")
            yield x509.CRLDistributionPoints([x509.DistributionPoint([place], None, None, None)])

    def _authority(self, common_name: str, issuer: Issuer | None) -> Issuer:
        key = self._make_key(common_name, _BITS)
        name = _name(common_name, "FOR TEST ONLY")
        certificate = (
            _builder(name, key, issuer)
            .not_valid_before(self._now - timedelta(days=2))
            .not_valid_after(self._now + timedelta(days=_CA_DAYS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
            .sign(issuer.key if issuer else key, hashes.SHA256())
        )
        return Issuer(key, certificate)


def _builder(
    subject: x509.Name, key: rsa.RSAPrivateKey, issuer: Issuer | None
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
    )


def _name(common_name: str, unit: str) -> x509.Name:
    rows = (
        (NameOID.COUNTRY_NAME, "SE"),
        (NameOID.ORGANIZATION_NAME, "Budkavle sandbox"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
        (NameOID.COMMON_NAME, common_name),
    )
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in rows])


def _usage(**on: bool) -> x509.KeyUsage:
    kinds = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
        "encipher_only",
        "decipher_only",
    )
    return x509.KeyUsage(**{kind: on.get(kind, False) for kind in kinds})
