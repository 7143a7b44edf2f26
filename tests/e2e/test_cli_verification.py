"""`budkavle company verify`, `verification`, `invite`, `revoke`, `record`, beside no gateway."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.cli import cli

SETTINGS = """
[trust]
verification = "required"

[visma_sign]
identifier = "5e7f0a2e-6d1c-4f7e-9f3c-1b2d3e4f5a6b"
secret = "c2VjcmV0"

[encryption]
ring_file = "{ring}"
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data directory whose settings ask for verification, with a key ring."""
    ring = tmp_path / "ring"
    ring.write_text(f"first {base64.b64encode(bytes(32)).decode()}\n")
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "budkavle.toml").write_text(SETTINGS.format(ring=ring))
    return folder


class Ran:
    """What came of a command."""

    def __init__(self, *words: str) -> None:
        done = CliRunner().invoke(cli, words)
        self.code, self.err = done.exit_code, done.stderr
        self.lines: list[dict[str, Any]] = [json.loads(one) for one in done.stdout.splitlines()]


def run(data: Path, *words: str, code: int = 0) -> list[dict[str, Any]]:
    done = Ran("company", *words, "--data", str(data))
    assert done.code == code, done.err
    return done.lines


def added(data: Path) -> str:
    (company,) = run(data, "add", "Fjärden AB", "--country", "SE", "--participant", ADDRESS)
    return str(company["id"])


ADDRESS = "0007:5560360793"
HAND = ("--who", "Åsa Öst", "--why", "in the register", "--seen", "passport")


def test_an_operator_verifies_shows_and_revokes(data: Path, tmp_path: Path) -> None:
    company = added(data)
    assert run(data, "verification") == []
    (row,) = run(data, "verification", company)
    assert row["standing"] == "unverified"
    (row,) = run(data, "invite", company, "--name", "Åsa", "--email", "asa@fjarden.example")
    assert row["request"] == "wanted"
    (row,) = run(data, "verify", company, *HAND)
    assert (row["standing"], row["request"]) == ("verified", "cancelled")
    assert row["recheck_at"] is not None

    out = tmp_path / "records"
    (file,) = run(data, "record", company, "--out", str(out))
    record: Mapping[str, Any] = json.loads(Path(file["file"]).read_text("utf-8"))
    assert (record["who"], record["why"], record["seen"]) == HAND[1::2]
    assert record["company"]["name"] == "Fjärden AB" and record["how"] == "operator"
    assert Path(file["file"]).stat().st_mode & 0o077 == 0
    for path in data.rglob("*.sqlite*"):
        assert b"in the register" not in path.read_bytes(), "it is sealed"

    (row,) = run(data, "revoke", company, "--reason", "Forged invoices.")
    assert row["standing"] == "revoked" and "Forged invoices." in row["reason"]
    (listed,) = run(data, "verification")
    assert (listed["company"], listed["standing"]) == (company, "revoked")
    audit = Ran("audit", "list", "--data", str(data))
    told = [line["action"] for line in audit.lines]
    for action in ("company.verified", "company.records_exported", "company.revoked"):
        assert action in told
    doctor = Ran("doctor", "--data", str(data))
    (found,) = [line for line in doctor.lines if line["what"] == "trust"]
    assert found["level"] == "ok" and "visma_sign" in found["text"]


def test_what_is_wrong_is_said(data: Path, tmp_path: Path) -> None:
    nobody = "com_01900000-0000-7000-8000-ffffffffffff"
    done = Ran("company", "verify", nobody, *HAND, "--data", str(data))
    assert done.code == 2 and "budkavle company list" in done.err
    company = added(data)
    done = Ran(
        *("company", "verify", company, "--who", " ", "--why", "x", "--seen", "y"),
        *("--data", str(data)),
    )
    assert done.code == 2 and "who must say something" in done.err
    done = Ran(
        *("company", "invite", company, "--name", "A", "--email", "nowhere"), *("--data", str(data))
    )
    assert done.code == 2 and "email" in done.err
    run(data, "record", company, "--out", str(tmp_path / "none"), code=1)
