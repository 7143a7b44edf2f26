"""Evidence, exports, audit, backup and retention from the command line."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from gateway.sandbox import SENDER, Sandbox
from tests.e2e.command import ROOT, budkavle, on_terminal
from tests.e2e.invoices import submission

Ledger = Mapping[str, str]


async def handed_in(tmp_path: Path, ledger: Ledger, number: str = "K-1") -> str:
    path = tmp_path / f"{number}.json"
    path.write_text(json.dumps(submission(number, email="a@example.com")))
    ran = await budkavle("send", path, "--wait", environment=ledger)
    assert ran.code == 0, ran
    return str(ran.lines[0]["id"])


def data_of(sandbox: Sandbox) -> Path:
    return sandbox.gateway.settings.data


async def test_evidence_is_fetched_and_checked(
    tmp_path: Path, sandbox: Sandbox, ledger: Ledger
) -> None:
    id_ = await handed_in(tmp_path, ledger)
    bundle = tmp_path / "e.zip"
    got = await budkavle("evidence", "get", id_, "--to", bundle, environment=ledger)
    assert got.lines == [{"file": str(bundle), "size_bytes": bundle.stat().st_size}]
    pem = tmp_path / "key.pem"
    key = await budkavle("evidence", "key", "--data", data_of(sandbox))  # beside the gateway
    pem.write_text(key.out)
    well = await budkavle("evidence", "verify", bundle, "--key", pem)
    assert well.code == 0 and all(line["holds"] for line in well.lines), well
    alone = await on_terminal("evidence", "verify", bundle)
    assert alone.code == 0 and "?" in alone.out and "compare" in alone.out
    bundle.write_bytes(bundle.read_bytes()[:-100])
    broken = await budkavle("evidence", "verify", bundle)
    assert broken.code == 1
    none = await budkavle("evidence", "get", "doc_none", "--to", bundle, environment=ledger)
    assert none.code == 1 and "404" in none.err
    assert (await budkavle("evidence", "verify", bundle, "--key", bundle)).code == 2


async def test_a_period_is_exported_and_checked(
    tmp_path: Path, sandbox: Sandbox, ledger: Ledger
) -> None:
    await handed_in(tmp_path, ledger)
    sandbox.clock.move(timedelta(minutes=5))
    end = sandbox.clock.now() - timedelta(minutes=2)
    period = ("--start", "2020-01-01", "--end", end.isoformat(), "--direction", "out")
    to = tmp_path / "zips"
    ran = await budkavle("export", *period, "--to", to, environment=ledger)
    assert ran.code == 0, ran
    (file,) = to.iterdir()
    assert ran.lines == [{"file": str(file), "documents": 1}]
    assert (await budkavle("evidence", "verify", file)).code == 0
    wrong = await budkavle("export", "--start", "x", "--end", "y", environment=ledger)
    assert wrong.code == 2 and "no date" in wrong.err
    late = await budkavle(
        "export", "--start", "2020-01-01", "--end", "2999-01-01", environment=ledger
    )
    assert late.code == 1 and "/end" in late.err


async def test_the_audit_is_checked_beside_the_gateway(
    tmp_path: Path, sandbox: Sandbox, ledger: Ledger
) -> None:
    data = ("--data", data_of(sandbox))
    begun = await budkavle("audit", "verify", *data)  # the sandbox has let its people in
    entries = begun.lines[0]["entries"]
    assert begun.code == 0
    end = (sandbox.clock.now() - timedelta(minutes=2)).isoformat()
    await budkavle("export", "--start", "2020-01-01", "--end", end, environment=ledger)
    *before, entry = (await budkavle("audit", "list", *data)).lines
    assert len(before) == entries
    assert (entry["actor"], entry["action"]) == ("key:sandbox", "export.asked_for")
    verified = await budkavle("audit", "verify", *data)
    head = verified.lines[0]["head"]
    assert head == f"{entries + 1}:{entry['hash']}"
    assert (await budkavle("audit", "verify", "--noted", head, *data)).code == 0
    other = await budkavle("audit", "verify", "--noted", f"1:{'0' * 64}", *data)
    assert other.code == 1 and other.lines[0]["seq"] == 1
    assert (await budkavle("audit", "verify", "--noted", "x", *data)).code == 2


async def test_backup_beside_the_gateway_and_restore(
    tmp_path: Path, sandbox: Sandbox, ledger: Ledger
) -> None:
    id_ = await handed_in(tmp_path, ledger)
    to, new = tmp_path / "backup", tmp_path / "new"
    made = await budkavle("backup", to, "--data", data_of(sandbox))
    assert made.code == 0, made
    checked = await budkavle("backup", to, "--verify")
    assert checked.code == 0 and checked.lines[-1]["holds"], checked
    again = await budkavle("backup", to, "--data", data_of(sandbox))
    assert again.code == 2 and "not empty" in again.err
    back = await budkavle("restore", to, "--data", new)
    assert back.code == 0 and back.lines[0]["held"] == 0, back
    assert (await budkavle("restore", to, "--data", new)).code == 2
    assert (await budkavle("restore", "--data", new)).code == 2
    elsewhere = {"BUDKAVLE_STORE__URL": "postgresql://nobody@127.0.0.1:1/none"}
    for command in (("backup", tmp_path / "b2"), ("restore", to, "--data", tmp_path / "n2")):
        ran = await budkavle(*command, environment=elsewhere)
        assert ran.code == 2 and "docs/howto/backup.md" in ran.err
    connection = sqlite3.connect(new / "budkavle.sqlite")
    assert connection.execute("SELECT count(*) FROM document WHERE id = ?", (id_,)).fetchone()[0]
    connection.close()
    assert (await budkavle("audit", "verify", "--data", new)).code == 0
    (to / "budkavle.sqlite").write_bytes(b"")
    assert (await budkavle("backup", to, "--verify")).code == 1
    assert (await budkavle("backup", tmp_path, "--verify")).code == 2


async def test_a_legal_hold_is_set_beside_the_gateway(
    tmp_path: Path, sandbox: Sandbox, ledger: Ledger
) -> None:
    id_ = await handed_in(tmp_path, ledger)
    company, data = SENDER.company.id, ("--data", data_of(sandbox))
    hold = await budkavle("retention", "hold", company, id_, "--reason", "Case 4711", *data)
    assert hold.code == 0, hold
    (row,) = (await budkavle("retention", "holds", company, *data)).lines
    assert (row["document"], row["reason"]) == (id_, "Case 4711")
    assert (await budkavle("retention", "hold", company, id_, "--release", *data)).code == 0
    assert not (await budkavle("retention", "holds", company, *data)).lines
    told = [entry["action"] for entry in (await budkavle("audit", "list", *data)).lines]
    held = [action for action in told if not action.startswith("person.")]
    assert held == ["legal_hold.set", "legal_hold.released"]


async def test_days_and_legal_holds_are_set(tmp_path: Path) -> None:
    data = ("--data", tmp_path / "data")
    company = ("company", "add", "Åkeri AB", "--country", "SE", "--participant", "0007:5567321707")
    id_ = (await budkavle(*company, *data)).lines[0]["id"]
    (row,) = (await budkavle("retention", "show", *data)).lines
    assert (row["kind"], row["content"], row["rows"]) == ("(all)", 3288, 3288)
    change = await budkavle("retention", "set", id_, "--content", "4000", "--rows", "4000", *data)
    assert change.lines[0]["content"] == 4000
    for wrong in (("--content", "5000"), ("--rows", "30"), ()):
        assert (await budkavle("retention", "set", id_, *wrong, *data)).code == 2
    note = ("--kind", "credit_note", "--evidence", "100")
    rows = (await budkavle("retention", "set", id_, *note, *data)).lines
    assert [(r["kind"], r["evidence"]) for r in rows] == [("(all)", 3288), ("credit_note", 100)]
    usual = (await budkavle("retention", "set", id_, "--usual", *data)).lines
    assert usual[0]["content"] == 3288
    for dry in (("--dry-run",), ()):
        ran = await budkavle("retention", "run", *dry, *data)
        assert ran.code == 0, ran
    none = await budkavle("retention", "hold", id_, "doc_none", "--reason", "x", *data)
    assert none.code == 2 and "doc_none" in none.err
    assert (await budkavle("retention", "hold", id_, "doc_none", *data)).code == 2
    assert (await budkavle("retention", "holds", id_, *data)).lines == []
    told = [line["action"] for line in (await budkavle("audit", "list", *data)).lines]
    assert told == ["company.added", *["retention.set"] * 3]


async def test_the_chain_can_be_checked_as_the_page_says(tmp_path: Path) -> None:
    data = ("--data", tmp_path / "data")
    for number in ("5567321707", "5560360793", "5560000019"):
        company = ("company", "add", f"Åkeri {number}", "--country", "SE")
        await budkavle(*company, "--participant", f"0007:{number}", *data)
    script = tmp_path / "check.py"
    page = (ROOT / "docs" / "reference" / "audit.md").read_text("utf-8")
    script.write_text(page.partition("```python\n")[2].partition("```")[0])
    listed = (await budkavle("audit", "list", *data)).out
    ran = subprocess.run([sys.executable, script], input=listed, capture_output=True, text=True)
    head = (await budkavle("audit", "verify", *data)).lines[0]["head"]
    assert ran.stdout == f"head {head}\n", ran
    lines = listed.splitlines(keepends=True)
    for broken in (listed.replace("company.added", "company.gone", 1), lines[0] + lines[2]):
        ran = subprocess.run([sys.executable, script], input=broken, capture_output=True, text=True)
        assert ran.returncode != 0
