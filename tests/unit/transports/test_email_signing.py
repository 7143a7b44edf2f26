from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from transports.email.signing import Key, Keys, load, sign

AT = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
ED25519 = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
RSA = rsa.generate_private_key(65537, 2048)
KINDS = [pytest.param(ED25519, id="ed25519"), pytest.param(RSA, id="rsa")]

MESSAGE = (
    b"Date: Sat, 21 Nov 2026 08:30:00 +0000\r\n"
    b"Message-ID: <1@example.com>\r\n"
    b"From: Company <faktura@example.com>\r\n"
    b"To: Anna <anna@kund.example>\r\n"
    b"Subject: Faktura\r\n 1001\r\n"
    b"Auto-Submitted: auto-generated\r\n"
    b"MIME-Version: 1.0\r\n"
    b"Content-Type: text/plain\r\n"
    b"\r\n"
    b"Hej,  \r\n\r\n.\r\n\r\n\r\n"
)


def pem(private: object, encryption: KeySerializationEncryption | None = None) -> bytes:
    assert isinstance(private, rsa.RSAPrivateKey | Ed25519PrivateKey | ec.EllipticCurvePrivateKey)
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())


def dns(*keys: Key) -> Callable[..., bytes | None]:
    records = {f"{key.name}.".encode(): key.record.encode() for key in keys}
    return lambda name, timeout=0: records.get(name)


def right(content: bytes, *keys: Key) -> list[bool]:
    """Of each signature, the first on top, whether another's code finds it right."""
    count = content.partition(b"\r\n\r\n")[0].count(b"DKIM-Signature:")
    signed = dkim.DKIM(content)

    def verified(n: int) -> bool:
        try:
            return bool(signed.verify(n, dnsfunc=dns(*keys)))
        except dkim.ValidationError:
            return False

    return [verified(n) for n in range(count)]


# --- signing ----------------------------------------------------------------------------------


@pytest.mark.parametrize("private", KINDS)
def test_a_signature_is_right_and_the_same_each_time(private: Ed25519PrivateKey) -> None:
    key = Key("example.com", "s1", private)
    signed = sign(MESSAGE, [key], AT)
    assert signed.endswith(MESSAGE)
    assert signed == sign(MESSAGE, [key], AT)
    assert right(signed, key) == [True]
    head = signed.partition(b"\r\n\r\n")[0]
    assert f"t={int(AT.timestamp())};".encode() in head
    assert b"c=relaxed/simple" in head
    assert all(len(line) <= 78 for line in head.split(b"\r\n"))


def test_both_kinds_go_together() -> None:
    keys = [Key("example.com", "s1", ED25519), Key("example.com", "s2", RSA)]
    assert right(sign(MESSAGE, keys, AT), *keys) == [True, True]


def test_without_keys_nothing_is_signed() -> None:
    assert sign(MESSAGE, [], AT) == MESSAGE


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"faktura@example.com", b"faktvra@example.com"),
        (b"Faktura\r\n 1001", b"Faktura\r\n 1002"),
        (b"Hej", b"Nej"),
        (b"From:", b"From: Other <o@other.example>\r\nFrom:"),
        (b"To:", b"Reply-To: thief@other.example\r\nTo:"),
        (b"Subject:", b"Subject: Other\r\nSubject:"),
    ],
)
def test_what_was_changed_on_the_way_is_found_out(before: bytes, after: bytes) -> None:
    key = Key("example.com", "s1", ED25519)
    signed = sign(MESSAGE, [key], AT)
    assert right(signed.replace(before, after, 1), key) == [False]


def test_what_servers_add_on_the_way_does_no_harm() -> None:
    key = Key("example.com", "s1", ED25519)
    added = b"Received: from a by b\r\nX-Spam: no\r\n" + sign(MESSAGE, [key], AT)
    folded = added.replace(b"Subject: Faktura\r\n 1001", b"Subject:  Faktura\r\n\t1001")
    assert right(folded, key) == [True]


# --- the folder of keys -----------------------------------------------------------------------


def put(folder: Path, name: str, content: bytes) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def test_a_folder_has_the_keys_of_domains(tmp_path: Path) -> None:
    put(tmp_path, "example.com/s2.pem", pem(RSA))
    put(tmp_path, "example.com/s1.pem", pem(ED25519))
    put(tmp_path, "Akeri.Example/2026a.pem", pem(ED25519))
    put(tmp_path, "example.com/README", b"notes")
    keys = load(tmp_path)
    assert [key.name for key in keys.of("faktura@example.com")] == [
        "s1._domainkey.example.com",
        "s2._domainkey.example.com",
    ]
    assert [key.selector for key in keys.of("x@AKERI.example")] == ["2026a"]
    assert keys.of("x@sub.example.com") == (), "a domain is not the one below it"
    assert len(list(keys)) == 3
    assert right(sign(MESSAGE, keys.of("a@example.com"), AT), *keys) == [True, True]


def test_a_key_in_the_older_form_will_do(tmp_path: Path) -> None:
    old = RSA.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    put(tmp_path, "example.com/s1.pem", old)
    assert right(sign(MESSAGE, load(tmp_path).of("a@example.com"), AT), *load(tmp_path)) == [True]


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("example.com/s1.pem", b"no key", "it is no private key in PEM"),
        ("example.com/s1.pem", b"", "it is no private key in PEM"),
        (
            "example.com/s1.pem",
            ED25519.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            "it is no private key in PEM",
        ),
        (
            "example.com/s1.pem",
            pem(RSA, BestAvailableEncryption(b"x")),
            "it is encrypted; it must have no password",
        ),
        (
            "example.com/s1.pem",
            pem(ec.generate_private_key(ec.SECP256R1())),
            "neither RSA nor Ed25519",
        ),
        ("example/s1.pem", pem(ED25519), "the folder is named after the domain"),
        ("exa mple.com/s1.pem", pem(ED25519), "the folder is named after the domain"),
        ("example.com/s 1.pem", pem(ED25519), "the file is named after the selector"),
    ],
)
def test_a_key_that_can_not_be_used_is_told(
    tmp_path: Path, name: str, content: bytes, fault: str
) -> None:
    file = put(tmp_path, name, content)
    with pytest.raises(ValueError, match=fault) as caught:
        load(tmp_path)
    assert str(file) in str(caught.value)


def test_a_key_that_is_too_short_is_told(tmp_path: Path) -> None:
    p, q, e = 2**521 - 1, 2**127 - 1, 65537  # primes that everybody knows
    d = pow(e, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPrivateNumbers(
        *(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p)), rsa.RSAPublicNumbers(e, p * q)
    )
    put(tmp_path, "example.com/s1.pem", pem(numbers.private_key()))
    with pytest.raises(ValueError, match="RSA of 648 bits; nobody takes less than 1024"):
        load(tmp_path)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    put(tmp_path, "example.com/s1.pem", b"")
    put(tmp_path, "example.org/s1.pem", b"")
    with pytest.raises(ValueError, match=r"example\.com(.|\n)*example\.org"):
        load(tmp_path)


def test_a_folder_that_is_not_there_or_empty_is_told(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no such folder"):
        load(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="no key in it"):
        load(tmp_path)


def test_a_key_that_can_not_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "example.com" / "s1.pem").mkdir(parents=True)
    with pytest.raises(ValueError, match="it can not be read: Is a directory"):
        load(tmp_path)


def test_a_key_is_not_printed() -> None:
    assert "private" not in repr(Keys({"example.com": [Key("example.com", "s1", ED25519)]}))


# --- the record in DNS ------------------------------------------------------------------------


@pytest.mark.parametrize("private", KINDS)
def test_a_record_fits_its_key(private: Ed25519PrivateKey) -> None:
    key = Key("example.com", "s1", private)
    assert key.differs(key.record) is None
    assert key.differs(key.record.replace("; ", " ;\t") + ";") is None
    assert key.differs(key.record.replace("v=DKIM1; ", "")) is None
    assert key.differs(f"{key.record}; t=s; n=ours") is None


def test_rsa_may_be_without_its_wrapping() -> None:
    key = Key("example.com", "s1", RSA)
    bare = RSA.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
    assert key.differs(f"v=DKIM1; p={base64.b64encode(bare).decode()}") is None


OTHER = Key("example.com", "s1", Ed25519PrivateKey.from_private_bytes(bytes(32)))


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ("v=spf1 -all", "it is no DKIM record (v=DKIM1)"),
        ("v=DKIM1; k=ed25519", "it has no key (p=)"),
        ("v=DKIM1; k=ed25519; p=", "the key was taken back (an empty p=)"),
        (Key("example.com", "s1", RSA).record, "it is for another kind of key (k=rsa)"),
        (OTHER.record, "it has another key (p=)"),
        ("v=DKIM1; k=ed25519; p=%%%", "it has another key (p=)"),
        (f"{OTHER.record}; h=sha1", "it does not allow sha256 (h=)"),
        (f"{OTHER.record}; t=y:s", "it says that the domain is only testing (t=y)"),
    ],
)
def test_a_record_that_does_not_fit_says_why(record: str, why: str) -> None:
    assert Key("example.com", "s1", ED25519).differs(record) == why


def test_a_record_of_rsa_that_is_no_key() -> None:
    assert Key("example.com", "s1", RSA).differs("v=DKIM1; p=aGVq") == "it has another key (p=)"
