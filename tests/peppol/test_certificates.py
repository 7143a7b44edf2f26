"""A certificate that somebody sends: what is broken in it is found when it is read, or harmless."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from tests.peppol.parties import NOW, SENDING, key, network
from transports.peppol.pki.chains import Purpose, Untrusted, issuer
from transports.peppol.pki.keys import common_name, read_certificate

GOOD = key(SENDING).certificate


def test_a_certificate_is_read() -> None:
    assert read_certificate(GOOD.public_bytes(Encoding.DER)) == GOOD


# Such as a serial number that is negative.
@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
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
