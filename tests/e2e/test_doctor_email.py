"""`budkavle doctor` on what e-mail needs elsewhere: keys in DNS, and a mailbox that can be read."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.cli.doctor import Check, examine
from gateway.layers import load as settings_of
from transports.email.sandbox import Sandbox
from transports.email.signing import Key, load
from transports.peppol.sandbox.dns import Behaviour, NameServer


def in_pieces(record: str) -> str:
    """A TXT record as DNS has it: strings of at most 255 characters."""
    return " ".join(f'"{record[at : at + 255]}"' for at in range(0, len(record), 255))


def keys_in(folder: Path) -> list[Key]:
    """Two keys of a domain, in files."""
    (folder / "gateway.example").mkdir(parents=True)
    for selector, private in (
        ("s1", Ed25519PrivateKey.from_private_bytes(bytes(range(32)))),
        ("s2", generate_private_key(65537, 2048)),
    ):
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "gateway.example" / f"{selector}.pem").write_bytes(pem)
    return list(load(folder))


async def looked(email: Mapping[str, Any], data: Path) -> dict[str, list[Check]]:
    """What the doctor finds, by what it looked at."""
    settings = settings_of({"data": data, "email": email}, environment={}).settings
    found: dict[str, list[Check]] = {}
    for check in await asyncio.to_thread(lambda: list(examine(settings))):
        found.setdefault(check.what, []).append(check)
    return found


async def test_doctor_looks_whether_dns_fits_the_keys(tmp_path: Path) -> None:
    one, two = keys_in(tmp_path / "dkim")
    records = {key.name: in_pieces(key.record) for key in (one, two)}
    async with (
        Sandbox() as server,
        NameServer(lambda name: records.get(name), kind="TXT") as name_server,
    ):
        email = {
            "host": "127.0.0.1",
            "port": server.port,
            "tls": "none",
            "sender": "invoices@gateway.example",
            "dkim_folder": tmp_path / "dkim",
            "name_servers": ["127.0.0.1"],
            "name_server_port": name_server.port,
            "bounce_domain": "bounce.gateway.example",
            "bounce_host": "127.0.0.1",
            "bounce_port": server.mailbox.port,
            "bounce_tls": "none",
            "bounce_username": server.mailbox.username,
            "bounce_password": server.mailbox.password,
        }
        well = await looked(email, tmp_path)
        assert [row.level for row in (*well["dkim"], *well["bounces"])] == ["ok"] * 3

        records[one.name] = in_pieces(two.record)
        del records[two.name]
        server.mailbox.password = "another"
        unwell = await looked(email, tmp_path)
        first, second = unwell["dkim"]
        assert first.level == second.level == "fail"
        assert "another kind of key (k=rsa)" in first.text and one.record in first.do
        assert "no TXT record" in second.text and two.record in second.do
        (bounces,) = unwell["bounces"]
        assert bounces.level == "fail" and "wrong name or password" in bounces.text

        name_server.behaviour = Behaviour.FAIL
        unsaid = await looked(email, tmp_path)
        assert [row.level for row in unsaid["dkim"]] == ["warn", "warn"]

        (tmp_path / "dkim" / "gateway.example" / "s1.pem").write_text("nonsense")
        (broken,) = (await looked(email, tmp_path))["dkim"]
        assert broken.level == "fail" and "s1.pem: it is no private key" in broken.text
