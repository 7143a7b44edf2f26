"""The settings of the Swedish internet bank reach it; a wrong key or no extra is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from pydantic import ValidationError

from gateway.channels.bank_se import BankSe, bank_se_settings, make
from gateway.channels.parts import Parts
from gateway.clock import MovableClock
from gateway.section import Channel, ConfigError
from gateway.store.port import Company
from gateway.store.sqlite import SqliteStore
from tests.contracts.case import NOW

KEY = asyncssh.generate_private_key("ssh-ed25519")
LOCKED = KEY.export_private_key("pkcs8-pem", passphrase="a").decode()
GIVEN: dict[str, Any] = {
    "host": "sftp.distributor.example",
    "host_key": KEY.export_public_key().decode(),
    "username": "us",
    "password": "hunter2",
}


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in BankSe.model_fields
        if name not in Channel.model_fields and not name.endswith("_file")
    ],
)
def test_every_setting_reaches_the_channel(name: str) -> None:
    before = BankSe(**GIVEN)
    value = getattr(before, name)
    match value:
        case bool():
            value = not value
        case int() | float():
            value += 1
        case _:
            value = "other"
    after = BankSe(**{**GIVEN, name: value})
    assert bank_se_settings(before) != bank_se_settings(after)


def test_no_secret_is_shown() -> None:
    section = BankSe(**GIVEN, client_key="hunter3", passphrase="hunter4")
    assert "hunter" not in repr(section) + repr(bank_se_settings(section))


def test_who_can_not_log_in_is_told() -> None:
    given = {name: value for name, value in GIVEN.items() if name != "password"}
    with pytest.raises(ValidationError, match="password or client_key is missing"):
        BankSe(**given)


async def test_it_is_made_with_the_companies_that_have_terms(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path)
    terms = {"fui": "005560169095.00002222222.FSPA.SE"}
    for n, settings in enumerate(({}, {"channels": {"bank_se": terms}})):
        await store.add_company(Company(f"cmp_{n}", "A", "SE", (), settings), NOW)
    channel = make(BankSe(**GIVEN), Parts(store, MovableClock(NOW)))
    assert await channel.issuers() == [("cmp_1", terms)]
    await channel.close()
    await store.close()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"host_key": "SHA256:abc"}, "bank_se: host_key is no public key"),
        ({"client_key": "-----BEGIN"}, "bank_se: client_key is no private key"),
        ({"client_key": LOCKED, "passphrase": "b"}, "client_key is no private key, or is locked"),
        ({"client_key": LOCKED}, "client_key is no private key, or is locked"),
    ],
)
async def test_a_key_that_can_not_be_used_is_told(
    tmp_path: Path, given: dict[str, str], told: str
) -> None:
    store = await SqliteStore.open(tmp_path)
    with pytest.raises(ConfigError, match=told):
        make(BankSe(**{**GIVEN, **given}), Parts(store, MovableClock(NOW)))
    await store.close()


WITHOUT = """
import sys
sys.modules["asyncssh"] = None  # as where it is not installed
from gateway.channels import MAKERS
from gateway.channels.bank_se import BankSe
from gateway.section import ConfigError
section = BankSe(host="h", host_key="ssh-ed25519 AAAA", username="u", password="p")
try:
    MAKERS["bank_se"](section, None)
except ConfigError as error:
    print(error)
"""


def test_an_extra_that_is_missing_is_told() -> None:
    """Everything else works without it."""
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT], capture_output=True, text=True, timeout=300
    )
    assert ran.stdout.startswith("bank_se: the extra `sftp` is not installed"), ran.stderr
