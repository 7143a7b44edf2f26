"""The headers by which a mailbox shows a button that ends mails (RFC 8058): there, and signed."""

from __future__ import annotations

import email
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from transports.email import signing
from transports.email.service import Note, compose

AT = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
STOP = "https://pages.example/n/" + "A" * 130  # longer than a line of a header likes to be


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> signing.Keys:
    folder: Path = tmp_path_factory.mktemp("dkim")
    key = generate_private_key(65537, 2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "gateway.example").mkdir()
    (folder / "gateway.example" / "s1.pem").write_bytes(pem)
    return signing.load(folder)


def note(stop: str | None) -> Note:
    return Note("n1", "eva@fjarden.example", "Nytt", "Hej\n", AT, stop)


def test_a_mail_that_can_be_ended_says_how() -> None:
    said = email.message_from_bytes(compose(note(STOP), "post@gateway.example"))
    assert said["List-Unsubscribe"] == f"<{STOP}>"
    assert said["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_mail_that_can_not_be_ended_says_nothing() -> None:
    assert b"List-Unsubscribe" not in compose(note(None), "post@gateway.example")


def test_both_headers_are_signed(keys: signing.Keys) -> None:
    content = compose(note(STOP), "post@gateway.example")
    signed = signing.sign(content, keys.of("post@gateway.example"), AT)
    signature = email.message_from_bytes(signed)["DKIM-Signature"]
    names = "".join(signature.split()).partition("h=")[2].partition(";")[0].lower().split(":")
    assert {"list-unsubscribe", "list-unsubscribe-post"} <= set(names)
