"""`budkavle doctor` on the channels: is each partner there, the right one, and lets us in?"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.cli.doctor import Check, examine
from gateway.clock import SystemClock
from gateway.layers import load
from gateway.sandbox.partners import Partners
from gateway.sandbox.seeds import ISSUER
from transports.sftp_server import SftpServer

CHANNELS = ("operator", "kivra", "vipps", "efaktura_no", "bank_se", "avtalegiro", "letter", "email")
# What is wrong, by channel: the setting, its wrong value, and a word of what is told.
WRONG: Mapping[str, tuple[str, Any, str]] = {
    "operator": ("token", "another", "not let in (HTTP 401)"),
    "kivra": ("client_secret", "another", "not let in (HTTP 401)"),
    "vipps": ("client_secret", "another", "not let in (HTTP 401)"),
    "efaktura_no": ("url", "http://127.0.0.1:9", "Cannot connect"),
    "bank_se": ("password", "another", "login_refused"),
    "letter": ("token", "another", "HTTP 401"),
}


async def looked(data: Path, sections: Mapping[str, Any]) -> dict[str, list[Check]]:
    """What the doctor finds of channels, by what it looked at."""
    wanted = {name: sections[name] for name in CHANNELS if name in sections}
    settings = load({"data": data, **wanted}, environment={}).settings
    found: dict[str, list[Check]] = {}
    for check in await asyncio.to_thread(lambda: list(examine(settings))):
        found.setdefault(check.what, []).append(check)
    return found


def other_key() -> str:
    """A host key that no sandbox has."""
    return SftpServer(lambda channel: None).host_key  # type: ignore[arg-type, return-value]


async def test_each_partner_is_asked_and_what_is_wrong_is_told(tmp_path: Path) -> None:
    async with Partners(tmp_path, SystemClock(), patience_s=60) as partners:
        sections = partners.settings()
        well = await looked(tmp_path, sections)
        assert {name: well[name][0].level for name in CHANNELS} == dict.fromkeys(CHANNELS, "ok")

        unwell = {name: dict(sections[name]) for name in CHANNELS}
        for name, (key, value, _) in WRONG.items():
            unwell[name][key] = value
        unwell["avtalegiro"]["host_key"] = other_key()
        found = await looked(tmp_path, unwell)
    for name, (_, value, word) in WRONG.items():
        (check,) = found[name]
        assert (check.level, word in check.text) == ("fail", True), check
        assert f"[{name}]" in check.do
        assert value == "http://127.0.0.1:9" or value not in check.text
    (central,) = found["avtalegiro"]
    assert central.level == "fail" and "host_key" in central.text
    assert found["email"][0].level == "ok"


async def test_without_them_nothing_is_asked(tmp_path: Path) -> None:
    found = await looked(tmp_path, {})
    assert {name for name in CHANNELS if name in found} == {"email", "letter"}
    assert {found[name][0].level for name in ("email", "letter")} == {"warn"}


async def test_letters_over_sftp_and_partners_of_sfti_s_profile(tmp_path: Path) -> None:
    async with Partners(
        tmp_path, SystemClock(), patience_s=60, others=("sfti", "letters_over_sftp")
    ) as partners:
        sections = partners.settings()
        found = await looked(tmp_path, sections)
        assert (found["letter"][0].level, found["operator"][0].level) == ("ok", "ok")
        (tmp_path / "partners.toml").write_text("[SE1]\nurl = 7\n")
        sections["letter"]["sftp_host_key"] = "nonsense"
        found = await looked(tmp_path, sections)
    assert "host_key is no public key" in found["letter"][0].text
    assert "partners.toml" in found["operator"][0].text


@pytest.mark.parametrize(("days", "level"), [(365, "ok"), (59, "warn"), (-2, "fail")])
async def test_the_certificate_that_is_shown_ends(tmp_path: Path, days: int, level: str) -> None:
    key, now = Ed25519PrivateKey.generate(), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, ISSUER.organisation_number)])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1000))
        .not_valid_after(now + timedelta(days=days, hours=1))
        .sign(key, None)
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file = tmp_path / "mps.pem"
    file.write_bytes(pem + certificate.public_bytes(Encoding.PEM))
    section = {"url": "http://127.0.0.1:9", "certificate_file": file}
    (there, shown) = (await looked(tmp_path, {"efaktura_no": section}))["efaktura_no"]
    assert there.level == "fail"
    assert shown.level == level
    file.write_text("nonsense")
    (_, broken) = (await looked(tmp_path, {"efaktura_no": section}))["efaktura_no"]
    assert broken.level == "fail" and "mps.pem" in broken.text
