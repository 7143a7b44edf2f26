"""Certificates that others send: what is broken in one is found when it is read, or harmless.

And what the sandbox's responder says of them.
"""

from __future__ import annotations

from base64 import b64encode
from urllib.parse import quote

import aiohttp
import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from yarl import URL

from tests.peppol.parties import NOW, SENDING, key, network, same_key
from transports.peppol.pki.chains import Purpose, Untrusted, issuer
from transports.peppol.pki.keys import common_name, read_certificate
from transports.peppol.sandbox.network import Network

GOOD = key(SENDING).certificate


def test_a_certificate_is_read() -> None:
    assert read_certificate(GOOD.public_bytes(Encoding.DER)) == GOOD


@pytest.mark.parametrize("value", [0x00, 0x30, 0xFF])
def test_a_certificate_with_any_byte_changed_is_unreadable_or_untrusted(value: int) -> None:
    der = GOOD.public_bytes(Encoding.DER)
    for at in range(len(der)):
        if der[at] == value:
            continue
        broken = der[:at] + bytes([value]) + der[at + 1 :]
        try:
            certificate = read_certificate(broken)
        except ValueError:
            continue
        common_name(certificate)
        with pytest.raises(Untrusted):
            issuer(certificate, network().anchors, Purpose.ACCESS_POINT, NOW)


@pytest.mark.parametrize("revoked", [False, True])
async def test_the_responder_may_be_asked_in_the_address(revoked: bool) -> None:
    """As Java does (RFC 6960, A.1)."""
    async with Network(lambda: NOW, same_key) as at, aiohttp.ClientSession() as session:
        certificate = at.authority.leaf(SENDING).certificate
        issued_by = at.authority.issuers[Purpose.ACCESS_POINT].certificate
        if revoked:
            at.responder.revoke(certificate)
        asks = ocsp.OCSPRequestBuilder().add_certificate(certificate, issued_by, SHA256())
        question = quote(b64encode(asks.build().public_bytes(Encoding.DER)), safe="")
        async with session.get(URL(f"{at.url}/pki/ocsp/{question}", encoded=True)) as response:
            answer = ocsp.load_der_ocsp_response(await response.read())
        async with session.get(f"{at.url}/pki/ocsp/-") as response:
            assert response.status == 400
    expected = ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD
    assert answer.certificate_status is expected
    assert answer.serial_number == certificate.serial_number
