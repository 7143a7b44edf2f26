"""An access point's own key: from files of every kind, and from a module that keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import permutations
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from tests.peppol.parties import (
    NOW,
    RECEIVING,
    SENDING,
    Shelf,
    key,
    message,
    network,
    packed,
    receiver,
)
from tests.peppol.signing import KeyInModule
from transports.peppol.as4 import signals
from transports.peppol.as4.message import Errors, Receipt
from transports.peppol.pki.chains import Purpose
from transports.peppol.pki.keys import KeyInMemory, KeyUnusable

PASSWORD = "correct horse"
LOCKED, OPEN = BestAvailableEncryption(PASSWORD.encode()), NoEncryption()
FORMS = [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL]


def private(
    how: KeySerializationEncryption = OPEN, form: PrivateFormat = PrivateFormat.PKCS8
) -> bytes:
    return key(SENDING).private.private_bytes(Encoding.PEM, form, how)


def pem(*certificates: x509.Certificate) -> bytes:
    return b"".join(one.public_bytes(Encoding.PEM) for one in certificates)


def chain() -> tuple[x509.Certificate, ...]:
    issuer = network().issuers[Purpose.ACCESS_POINT]
    return (key(SENDING).certificate, issuer.certificate, network().root.certificate)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "key"


def unusable(path: Path, password: str | None = None) -> str:
    """Why neither reader takes the file as what it is."""
    read = KeyInMemory.from_pem if b"-----" in path.read_bytes() else KeyInMemory.from_pkcs12
    with pytest.raises(KeyUnusable) as error:
        read(path, password)
    said = str(error.value)
    assert str(path) in said
    assert PASSWORD not in said
    return said


# --- PEM ----------------------------------------------------------------------------------------


def test_the_certificate_is_found_wherever_it_stands_in_the_chain(file: Path) -> None:
    for order in permutations((private(), *map(pem, chain()))):
        file.write_bytes(b"".join(order))
        assert KeyInMemory.from_pem(file).certificate == key(SENDING).certificate


@pytest.mark.parametrize("form", FORMS)
def test_a_locked_key_opens_with_its_password_alone(file: Path, form: PrivateFormat) -> None:
    file.write_bytes(private(LOCKED, form) + pem(*chain()))
    assert KeyInMemory.from_pem(file, PASSWORD).certificate == key(SENDING).certificate
    assert "password of the key in it is wrong" in unusable(file, "wrong")
    assert "needs its password" in unusable(file)


def test_a_password_for_an_open_key_is_told(file: Path) -> None:
    file.write_bytes(private() + pem(*chain()))
    assert "is not encrypted" in unusable(file, PASSWORD)


def test_a_file_without_what_it_must_have_is_told(file: Path) -> None:
    file.write_bytes(pem(*chain()))
    assert "no key in it" in unusable(file)
    file.write_bytes(private())
    assert "no certificate in it" in unusable(file)
    file.write_bytes(private() + pem(*chain()[1:]))
    assert "none of the 2 certificates" in unusable(file)
    file.write_bytes(private().replace(b"M", b"A") + pem(*chain()))
    assert "no key in it" in unusable(file)
    other = ec.generate_private_key(ec.SECP256R1())
    file.write_bytes(other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, OPEN) + pem(*chain()))
    assert "no RSA key" in unusable(file)


def test_of_a_renewed_certificate_the_one_that_lasts_is_taken(file: Path) -> None:
    later = network().leaf(SENDING, not_after=NOW + timedelta(days=900)).certificate
    for pair in permutations((key(SENDING).certificate, later)):
        file.write_bytes(private() + pem(*pair))
        assert KeyInMemory.from_pem(file).certificate == later


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    for read in (KeyInMemory.from_pem, KeyInMemory.from_pkcs12):
        with pytest.raises(KeyUnusable, match="No such file"):
            read(tmp_path / "none", None)


def test_a_key_of_another_certificate_is_refused() -> None:
    with pytest.raises(KeyUnusable, match="does not belong"):
        KeyInMemory(key(SENDING).private, key(RECEIVING).certificate)


# --- PKCS#12 ------------------------------------------------------------------------------------


def test_a_store_with_its_chain_is_read_in_any_order(file: Path) -> None:
    leaf, private_key = key(SENDING).certificate, key(SENDING).private
    for order in permutations(chain()):
        named = leaf if order[0] == leaf else None  # others tell by its id which one is the key's
        beside = [one for one in order if one != named]
        file.write_bytes(serialize_key_and_certificates(b"ap", private_key, named, beside, LOCKED))
        assert KeyInMemory.from_pkcs12(file, PASSWORD).certificate == leaf


def test_a_store_opens_with_its_password_alone(file: Path) -> None:
    leaf, *above = chain()
    private_key = key(SENDING).private
    file.write_bytes(serialize_key_and_certificates(b"ap", private_key, leaf, above, LOCKED))
    for wrong in ("wrong", "", None):
        assert "password is wrong" in unusable(file, wrong)


def test_a_store_without_what_it_must_have_is_told(file: Path) -> None:
    leaf, *above = chain()
    file.write_bytes(serialize_key_and_certificates(b"ap", None, None, [leaf], LOCKED))
    assert "no key in it" in unusable(file, PASSWORD)
    private_key = key(SENDING).private
    file.write_bytes(serialize_key_and_certificates(b"ap", private_key, None, above, LOCKED))
    assert "none of the 2 certificates" in unusable(file, PASSWORD)
    file.write_bytes(b"\x30\x03abc")
    assert "no PKCS#12" in unusable(file, PASSWORD)


# --- a module ----------------------------------------------------------------------------------


@pytest.fixture
def sending_module(file: Path) -> Iterator[KeyInModule]:
    file.write_bytes(private() + pem(*chain()))
    with KeyInModule(file, key(SENDING).certificate) as module:
        yield module


@pytest.fixture
def receiving_module(tmp_path: Path) -> Iterator[KeyInModule]:
    path = tmp_path / "receiving"
    own = key(RECEIVING)
    path.write_bytes(
        own.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, OPEN) + pem(own.certificate)
    )
    with KeyInModule(path, own.certificate) as module:
        yield module


async def test_a_message_goes_there_and_back_with_both_keys_in_modules(
    sending_module: KeyInModule, receiving_module: KeyInModule
) -> None:
    shelf, sent = Shelf(), packed(signer=sending_module)
    async with receiver(shelf, signer=receiving_module) as at:
        reply = await at.receive(sent.content_type, sent.body)
    answer = signals.read(reply.content_type, reply.content)
    assert isinstance(answer.signal, Receipt)
    assert answer.certificate == key(RECEIVING).certificate
    assert signals.proves(answer.signal, message().id, sent.references)
    assert sending_module.asked == ["sign"]
    assert receiving_module.asked == ["unwrap", "sign"]


async def test_what_a_module_can_not_open_is_refused(
    sending_module: KeyInModule, receiving_module: KeyInModule
) -> None:
    shelf, sent = Shelf(), packed(signer=sending_module, recipient=sending_module.certificate)
    async with receiver(shelf, signer=receiving_module) as at:
        reply = await at.receive(sent.content_type, sent.body)
    answer = signals.read(reply.content_type, reply.content)
    assert isinstance(answer.signal, Errors)
    assert answer.signal.faults[0].code == "EBMS:0102"
    assert not shelf.kept
