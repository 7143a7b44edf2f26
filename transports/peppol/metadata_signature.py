"""The signature of service metadata: written, and checked as Peppol has it, with nothing left open.

In charge of the algorithms and of the mathematics. Not in charge of whether the signer is a
publisher of this network (`pki.chains`).
Source: Peppol SMP 1.4.0: enveloped, RSA-SHA256, SHA-256, inclusive C14N 1.0, the certificate in
KeyInfo/X509Data.
"""

from __future__ import annotations

import base64
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from lxml import etree
from signxml import (  # type: ignore[attr-defined]  # it names what it exports, not by __all__
    CanonicalizationMethod,
    DigestAlgorithm,
    SignatureConfiguration,
    SignatureMethod,
    XMLSigner,
    XMLVerifier,
)
from signxml.exceptions import SignXMLException

from transports.peppol.pki.keys import read_certificate
from transports.peppol.service_metadata import Malformed

_DS = "{http://www.w3.org/2000/09/xmldsig#}"
_ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_C14N = CanonicalizationMethod.CANONICAL_XML_1_0


def sign(metadata: etree._Element, key: RSAPrivateKey, certificate: x509.Certificate) -> bytes:
    """The metadata with its signature, as it goes out."""
    signer = XMLSigner(
        signature_algorithm=SignatureMethod.RSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=_C14N,
    )
    # One transform is what the specification has; canonical form follows from the method.
    signed = signer.sign(metadata, key=key, cert=[certificate], exclude_c14n_transform_element=True)
    content: bytes = etree.tostring(signed, xml_declaration=True, encoding="UTF-8")
    return content


def signer(root: etree._Element, at: datetime) -> x509.Certificate:
    """Who signed the metadata, whole. Raises Malformed when the signature does not hold."""
    certificate = _certificate(root)
    verifier = XMLVerifier()
    # libxml2 writes xmlns="" into the canonical form of a subtree whose namespace is the default
    # one; without this, most publishers' signatures would not hold.
    verifier.excise_empty_xmlns_declarations = True
    expected = SignatureConfiguration(
        location="./",
        expect_references=1,
        signature_methods=frozenset({SignatureMethod.RSA_SHA256}),
        digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
        # Validity is the chain's matter; here it must not stand in the way of saying what is wrong.
        verification_time=min(max(at, certificate.not_valid_before_utc), _end(certificate)),
        default_reference_c14n_method=_C14N,
    )
    try:
        result = verifier.verify(root, x509_cert=certificate, expect_config=expected)
    except (SignXMLException, ValueError) as error:
        raise Malformed(f"the publisher's signature does not hold: {error}") from None
    signed = result[0].signed_xml if isinstance(result, list) else result.signed_xml
    if signed is None or signed.tag != root.tag:
        raise Malformed("the publisher's signature does not cover the answer")
    return certificate


def _end(certificate: x509.Certificate) -> datetime:
    return certificate.not_valid_after_utc


def _certificate(root: etree._Element) -> x509.Certificate:
    signatures = root.findall(f"{_DS}Signature")
    if len(signatures) != 1 or sum(1 for _ in root.iter(f"{_DS}Signature")) != 1:
        raise Malformed("the answer is not signed, or not by one signature")
    (signature,) = signatures
    found = signature.findall(f"{_DS}KeyInfo/{_DS}X509Data/{_DS}X509Certificate")
    transforms = signature.findall(f"{_DS}SignedInfo/{_DS}Reference/{_DS}Transforms/{_DS}Transform")
    reference = signature.find(f"{_DS}SignedInfo/{_DS}Reference")
    names = [transform.get("Algorithm") for transform in transforms]
    if reference is None or reference.get("URI") != "" or names != [_ENVELOPED]:
        raise Malformed("the publisher's signature does not cover the whole answer")
    if not found:
        raise Malformed("the publisher's signature brings no certificate")
    try:
        der = base64.b64decode("".join((found[0].text or "").split()), validate=True)
        return read_certificate(der)
    except ValueError:
        raise Malformed("the publisher's certificate can not be read") from None
