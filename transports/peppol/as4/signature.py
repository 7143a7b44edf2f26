"""The signature of an AS4 message: checked over the very elements that are read afterwards.

In charge of which algorithms may be used, of what must be signed, and of the mathematics. Not in
charge of whether the signer is trusted (`pki.chains`), nor of the attachment's digest: that can be
looked at only when the attachment has been decrypted (`unpacking`).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from lxml import etree

from transports.peppol.as4 import names
from transports.peppol.as4.message import Reference
from transports.peppol.as4.soap import Refused, Soap, ds

_WEAKEST_BITS = 2048  # as Peppol's certificates have


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that holds. `attachments` has the digest of each signed part, by content id."""

    certificate: x509.Certificate
    references: tuple[Reference, ...]
    attachments: Mapping[str, bytes]


def verify(soap: Soap) -> Signed:
    """Checks the signature over header and body. Raises Refused."""
    element = _one(soap.security, ds("Signature"), "It is not signed.")
    parts = [child.tag for child in element]
    if parts != [ds("SignedInfo"), ds("SignatureValue"), ds("KeyInfo")]:
        raise Refused("EBMS:0103", "ds:Signature has not the parts that it must have.")
    signed_info, value, key_info = element
    certificate = token(soap, key_info)
    references = _references(signed_info)
    _check_value(signed_info, _decoded(value), certificate)
    by_uri = {one.uri: one for one in references}
    if len(by_uri) != len(references):
        raise Refused("EBMS:0103", "Something is signed twice.")
    attachments: dict[str, bytes] = {}
    elements = {}
    for one in references:
        if one.uri.startswith("cid:"):
            attachments[one.uri.removeprefix("cid:")] = one.digest
        elif one.uri.startswith("#") and one.uri[1:] in soap.ids:
            elements[one.uri] = soap.ids[one.uri[1:]]
        else:
            raise Refused("EBMS:0103", "A reference of the signature points at nothing.")
    if {id(found) for found in elements.values()} != {id(soap.messaging), id(soap.body)}:
        raise Refused("EBMS:0103", "The signature must cover eb:Messaging and the body, no others.")
    transforms = signed_info.iterfind(f"{ds('Reference')}/{ds('Transforms')}/{ds('Transform')}")
    for one, transform in zip(references, transforms, strict=True):
        if one.uri in elements:
            digest = hashlib.sha256(_canonical(elements[one.uri], transform)).digest()
            if not hmac.compare_digest(digest, one.digest):
                raise Refused("EBMS:0101", "The message was changed after it was signed.")
    return Signed(certificate, references, attachments)


def token(soap: Soap, key_info: etree._Element) -> x509.Certificate:
    """The certificate of the wsse:BinarySecurityToken that a ds:KeyInfo points at."""
    path = f"{{{names.WSSE}}}SecurityTokenReference/{{{names.WSSE}}}Reference"
    found = key_info.findall(path)
    uri = found[0].get("URI", "") if len(found) == 1 else ""
    if len(found) == 1 and found[0].get("ValueType", names.X509V3) != names.X509V3:
        uri = ""
    holder = soap.ids.get(uri[1:]) if uri.startswith("#") else None
    if (
        holder is None
        or holder.tag != f"{{{names.WSSE}}}BinarySecurityToken"
        or holder.getparent() is not soap.security
        or holder.get("ValueType") != names.X509V3
        or holder.get("EncodingType", names.BASE64) != names.BASE64
    ):
        raise Refused("EBMS:0103", "A key must be named by a BinarySecurityToken (X509v3).")
    try:
        return _certificate(_decoded(holder))
    except ValueError:
        raise Refused("EBMS:0101", "A BinarySecurityToken is no certificate.") from None


@lru_cache(maxsize=256)
def _certificate(der: bytes) -> x509.Certificate:
    """A certificate; the same few come again and again."""
    return x509.load_der_x509_certificate(der)


def _references(signed_info: etree._Element) -> tuple[Reference, ...]:
    method, algorithm, *found = signed_info
    if method.tag != ds("CanonicalizationMethod") or method.get("Algorithm") != names.EXCLUSIVE:
        raise Refused("EBMS:0103", "SignedInfo must be canonicalised exclusively.")
    _prefixes(method)
    if algorithm.tag != ds("SignatureMethod") or algorithm.get("Algorithm") != names.RSA_SHA256:
        raise Refused("EBMS:0103", "The signature must be RSA with SHA-256.")
    if len(algorithm) or not 2 <= len(found) <= 3:
        raise Refused("EBMS:0103", "SignedInfo has not the parts that it must have.")
    return tuple(map(read_reference, found))


def read_reference(element: etree._Element) -> Reference:
    """A ds:Reference with the algorithms of the profile. Raises Refused."""
    uri = element.get("URI", "")
    shape = [ds("Transforms"), ds("DigestMethod"), ds("DigestValue")]
    if element.tag != ds("Reference") or [child.tag for child in element] != shape:
        raise Refused("EBMS:0103", "A ds:Reference has not the parts that it must have.")
    transforms, method, value = element
    wanted = names.ATTACHMENT_CONTENT_SIGNATURE if uri.startswith("cid:") else names.EXCLUSIVE
    given = [child.get("Algorithm") for child in transforms]
    if given != [wanted] or method.get("Algorithm") != names.SHA256:
        raise Refused("EBMS:0103", "A ds:Reference has another transform or digest than SHA-256.")
    _prefixes(transforms[0])
    return Reference(uri, _decoded(value), _canonical(element, None))


def _prefixes(element: etree._Element) -> list[str] | None:
    """The prefixes of ec:InclusiveNamespaces, which some senders add."""
    inside = list(element)
    if not inside:
        return None
    if len(inside) > 1 or inside[0].tag != f"{{{names.EXCLUSIVE}}}InclusiveNamespaces":
        raise Refused("EBMS:0103", "A transform has something in it that has no place there.")
    return inside[0].get("PrefixList", "").split()


def _canonical(element: etree._Element, method: etree._Element | None) -> bytes:
    """Exclusive C14N of an element, in its place."""
    prefixes = None if method is None else _prefixes(method)
    return etree.tostring(
        element,
        method="c14n",
        exclusive=True,
        with_comments=False,
        inclusive_ns_prefixes=prefixes or None,
    )


def _check_value(signed_info: etree._Element, value: bytes, certificate: x509.Certificate) -> None:
    public = certificate.public_key()
    if not isinstance(public, RSAPublicKey) or public.key_size < _WEAKEST_BITS:
        raise Refused("EBMS:0103", "The signer's key is not RSA of 2048 bits or more.")
    try:
        public.verify(
            value, _canonical(signed_info, signed_info[0]), padding.PKCS1v15(), hashes.SHA256()
        )
    except InvalidSignature:
        raise Refused("EBMS:0101", "The signature does not hold.") from None


def _one(parent: etree._Element | None, tag: str, otherwise: str) -> etree._Element:
    found = [] if parent is None else [child for child in parent if child.tag == tag]
    if len(found) != 1:
        raise Refused("EBMS:0103", otherwise)
    return found[0]


def _decoded(element: etree._Element) -> bytes:
    if len(element):
        raise Refused("EBMS:0103", "Something stands where base64 should.")
    try:
        return base64.b64decode("".join((element.text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        raise Refused("EBMS:0103", "Something stands where base64 should.") from None
