"""The signature of an AS4 message: checked over the very elements that are read afterwards.

In charge of which algorithms may be used, of what must be signed, and of the mathematics. Not in
charge of whether the signer is trusted (`pki.chains`), nor of the attachment's digest: that can be
looked at only when the attachment has been decrypted (`unpacking`).
"""

from __future__ import annotations

import hashlib
import hmac
from binascii import a2b_base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from lxml import etree

from transports.peppol.as4 import names
from transports.peppol.as4.message import Reference
from transports.peppol.as4.soap import Refused, Soap, ds, only
from transports.peppol.pki.keys import read_certificate

_WEAKEST_BITS = 2048  # as Peppol's certificates have
_LONGEST_TOKEN: Final = 32 * 1024  # a certificate of Peppol has 2 KB; those of the last are kept


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature that holds. `attachments` has the digest of each signed part, by content id."""

    certificate: x509.Certificate
    references: tuple[Reference, ...]
    attachments: Mapping[str, bytes]
    written: tuple[etree._Element, ...]  # the elements of the references, in their order

    def copies(self) -> tuple[Reference, ...]:
        """The references with their XML, as a receipt has to repeat them."""
        return tuple(
            Reference(reference.uri, reference.digest, _canonical(element, None))
            for reference, element in zip(self.references, self.written, strict=True)
        )


def verify(soap: Soap) -> Signed:
    """Checks the signature over header and body. Raises Refused."""
    element = only(soap.security, _SIGNATURE)
    if element is None:
        raise Refused("EBMS:0103", "It is not signed, or not by one signature.")
    signed_info, value, key_info = _parts(element, _SIGNATURE_PARTS, "ds:Signature")
    certificate = token(soap, key_info)
    method, _, *written = _signed_info(signed_info)
    references = tuple(map(read_reference, written))
    _check_value(_canonical(signed_info, method), decoded(value), certificate)
    attachments: dict[str, bytes] = {}
    covered: list[etree._Element] = []
    for one, reference in zip(references, written, strict=True):
        kind, name = one.uri[:1], one.uri[1:]
        if kind == "#" and name in soap.ids:
            covered.append(soap.ids[name])
            digest = hashlib.sha256(_canonical(soap.ids[name], reference[0][0])).digest()
            if not hmac.compare_digest(digest, one.digest):
                raise Refused("EBMS:0101", "The message was changed after it was signed.")
        elif one.uri.startswith(_CID) and one.uri[4:] not in attachments:
            attachments[one.uri[4:]] = one.digest
        else:
            raise Refused("EBMS:0103", "A reference of the signature points at nothing, or twice.")
    # The very elements that are read afterwards, each once: not others of their name or id.
    if len(covered) != 2 or {*map(id, covered)} != {id(soap.messaging), id(soap.body)}:
        raise Refused("EBMS:0103", "The signature must cover eb:Messaging and the body, no others.")
    return Signed(certificate, references, attachments, tuple(written))


def token(soap: Soap, key_info: etree._Element) -> x509.Certificate:
    """The certificate of the wsse:BinarySecurityToken that a ds:KeyInfo points at."""
    named = only(only(key_info, _TOKEN_REFERENCE), _TOKEN_URI)
    uri = "" if named is None else named.get("URI", "")
    if named is not None and named.get("ValueType", names.X509V3) != names.X509V3:
        uri = ""
    holder = soap.ids.get(uri[1:]) if uri.startswith("#") else None
    if (
        holder is None
        or holder.tag != _TOKEN
        or holder.getparent() is not soap.security
        or holder.get("ValueType") != names.X509V3
        or holder.get("EncodingType", names.BASE64) != names.BASE64
    ):
        raise Refused("EBMS:0103", "A key must be named by a BinarySecurityToken (X509v3).")
    try:
        return _certificate((holder.text or "")[: _LONGEST_TOKEN + 1])
    except ValueError:
        raise Refused("EBMS:0101", "A BinarySecurityToken is no certificate.") from None


@lru_cache(maxsize=256)
def _certificate(encoded: str) -> x509.Certificate:
    """The certificate of a token; the same few come again and again. Raises ValueError.

    What is kept is bounded: strangers choose what stands in a token.
    """
    if len(encoded) > _LONGEST_TOKEN:
        raise ValueError("far too long")
    return read_certificate(_base64(encoded))


def _signed_info(element: etree._Element) -> list[etree._Element]:
    """The method of canonicalisation, that of the signature, and the references."""
    parts = list(element)
    method, algorithm = parts[:2] if len(parts) > 2 else (element, element)
    if method.tag != _C14N_METHOD or method.get("Algorithm") != names.EXCLUSIVE:
        raise Refused("EBMS:0103", "SignedInfo must be canonicalised exclusively.")
    if algorithm.tag != _SIGNATURE_METHOD or algorithm.get("Algorithm") != names.RSA_SHA256:
        raise Refused("EBMS:0103", "The signature must be RSA with SHA-256.")
    if len(algorithm) or not 4 <= len(parts) <= 5:
        raise Refused("EBMS:0103", "SignedInfo has not the parts that it must have.")
    return parts


def read_reference(element: etree._Element) -> Reference:
    """A ds:Reference with the algorithms of the profile. Raises Refused."""
    uri = element.get("URI", "")
    if element.tag != _REFERENCE:
        raise Refused("EBMS:0103", "Something stands where a ds:Reference should.")
    transforms, method, value = _parts(element, _REFERENCE_PARTS, "A ds:Reference")
    wanted = names.ATTACHMENT_CONTENT_SIGNATURE if uri.startswith(_CID) else names.EXCLUSIVE
    if len(transforms) != 1 or transforms[0].get("Algorithm") != wanted:
        raise Refused("EBMS:0103", "A ds:Reference has another transform than that of its kind.")
    if method.get("Algorithm") != names.SHA256:
        raise Refused("EBMS:0103", "A ds:Reference has another digest than SHA-256.")
    _prefixes(transforms[0])
    return Reference(uri, decoded(value))


def decoded(element: etree._Element) -> bytes:
    """The bytes of an element that holds base64 alone. Raises Refused."""
    try:
        if not len(element):
            return _base64(element.text or "")
    except ValueError:
        pass
    raise Refused("EBMS:0103", "Something stands where base64 should.")


def _base64(encoded: str) -> bytes:
    """White space may be between its lines, as XML Schema has it. Raises ValueError."""
    return a2b_base64("".join(encoded.split()), strict_mode=True)


def _prefixes(element: etree._Element) -> list[str] | None:
    """The prefixes of ec:InclusiveNamespaces, which some senders add."""
    if not len(element):
        return None
    inside = list(element)
    if len(inside) > 1 or inside[0].tag != _INCLUSIVE_NAMESPACES:
        raise Refused("EBMS:0103", "A transform has something in it that has no place there.")
    return inside[0].get("PrefixList", "").split() or None


def _canonical(element: etree._Element, method: etree._Element | None) -> bytes:
    """Exclusive C14N of an element, in its place. There are no comments (`soap`)."""
    return etree.tostring(
        element,
        method="c14n",
        exclusive=True,
        inclusive_ns_prefixes=None if method is None else _prefixes(method),
    )


def _check_value(signed: bytes, value: bytes, certificate: x509.Certificate) -> None:
    public = certificate.public_key()
    if not isinstance(public, RSAPublicKey) or public.key_size < _WEAKEST_BITS:
        raise Refused("EBMS:0103", "The signer's key is not RSA of 2048 bits or more.")
    try:
        public.verify(value, signed, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        raise Refused("EBMS:0101", "The signature does not hold.") from None


def _parts(element: etree._Element, tags: list[str], what: str) -> list[etree._Element]:
    """The children, which must be these, in this order."""
    found = list(element)
    if [one.tag for one in found] != tags:
        raise Refused("EBMS:0103", f"{what} has not the parts that it must have.")
    return found


_CID: Final = "cid:"
_SIGNATURE: Final = ds("Signature")
_SIGNATURE_PARTS: Final = [ds("SignedInfo"), ds("SignatureValue"), ds("KeyInfo")]
_C14N_METHOD: Final = ds("CanonicalizationMethod")
_SIGNATURE_METHOD: Final = ds("SignatureMethod")
_REFERENCE: Final = ds("Reference")
_REFERENCE_PARTS: Final = [ds("Transforms"), ds("DigestMethod"), ds("DigestValue")]
_INCLUSIVE_NAMESPACES: Final = f"{{{names.EXCLUSIVE}}}InclusiveNamespaces"
_TOKEN: Final = f"{{{names.WSSE}}}BinarySecurityToken"
_TOKEN_REFERENCE: Final = f"{{{names.WSSE}}}SecurityTokenReference"
_TOKEN_URI: Final = f"{{{names.WSSE}}}Reference"
