"""The settings of the eFaktura channel reach it; certificates that can not be used are told."""

from __future__ import annotations

import datetime
import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from gateway.channels.efaktura_no import EfakturaNo, efaktura_settings
from gateway.section import Channel, ConfigError
from tests.contracts.case import NOW
from transports.efaktura_no.client import Client, Silence, identified
from transports.efaktura_no.sandbox import Sandbox
from transports.efaktura_no.wire import issuers
from transports.efaktura_no.wire.operations import Operation, Service

URL = {"url": "https://mps.example"}
OTHER: dict[str, Any] = {"url": "https://other.example", "service": "mps"}


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in EfakturaNo.model_fields
        if name not in Channel.model_fields and not name.endswith("_file")
    ],
)
def test_every_setting_reaches_the_channel(name: str) -> None:
    before = EfakturaNo(**URL)
    value = OTHER.get(name) or getattr(before, name) + 1
    assert efaktura_settings(before) != efaktura_settings(EfakturaNo(**{**URL, name: value}))


def test_a_key_without_a_certificate_is_refused() -> None:
    with pytest.raises(ValidationError, match="key_file goes with certificate_file"):
        EfakturaNo(**URL, key_file=Path("key.pem"))


@pytest.mark.parametrize("name", ["certificate_file", "ca_file"])
@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_file_that_can_not_be_used_is_named(
    tmp_path: Path, name: str, content: bytes | None
) -> None:
    path = tmp_path / "file.pem"
    if content is not None:
        path.write_bytes(content)
    settings: dict[str, Any] = {**URL, name: path}
    with pytest.raises(ConfigError, match=r"efaktura_no: .*file\.pem.*Correct certificate_file"):
        efaktura_settings(EfakturaNo(**settings))


def certificate(path: Path, name: str) -> tuple[Path, Path]:
    """A certificate for loopback that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    day = datetime.timedelta(days=1)
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = path / f"{name}.pem", path / f"{name}.key"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


async def test_mps_knows_us_by_our_certificate(tmp_path: Path) -> None:
    served, theirs = certificate(tmp_path, "mps"), certificate(tmp_path, "us")
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(*served)
    serving.load_verify_locations(theirs[0])
    serving.verify_mode = ssl.CERT_REQUIRED
    number = "918130047"
    content = issuers.issuer_question(Operation.GET_ISSUER, "12345", number)
    async with Sandbox(now=lambda: NOW, tls=serving) as mps:
        url = mps.url.replace("127.0.0.1", "localhost")
        assert url.startswith("https://")
        answers = {}
        for name, tls in {
            "ours": identified(served[0], *theirs),
            "without a certificate": identified(served[0], None, None),
            "without trust": identified(None, *theirs),
        }.items():
            client = Client(
                url, now=lambda: NOW, connect_timeout_s=60, answer_timeout_s=60, tls=tls
            )
            asked = await client.ask(Service.ERP, Operation.GET_ISSUER, "12345", content)
            await client.close()
            answers[name] = not isinstance(asked.said, Silence)
    assert answers == {"ours": True, "without a certificate": False, "without trust": False}
    assert len(mps.heard) == 1
