"""The command line against running things: what comes out, for whom, and the exit code."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from gateway.cli import COMMANDS
from gateway.routing.rules import RULES
from gateway.sandbox import RECEIVER, Sandbox
from gateway.store.sqlite import SqliteStore
from tests.e2e.command import ROOT, budkavle, environment_of, on_terminal
from tests.e2e.invoices import submission

EXAMPLES = ROOT / "examples"
GOOD = EXAMPLES / "no-b2b-invoice.xml"
BROKEN = EXAMPLES / "broken-organisation-number.xml"
FINDING = {"rule", "severity", "where", "line", "text", "hint"}


def write(path: Path, body: object) -> Path:
    path.write_text(json.dumps(body))
    return path


# --- rules ---------------------------------------------------------------------------------------


async def test_rules_are_compared_with_verdicts(tmp_path: Path) -> None:
    fired = [{}, {"PEPPOL-COMMON-R049": ["warning", 2], "BR-01": ["fatal", 1]}]
    told = [
        json.dumps({"file": path.name, "kind": "invoice", "xsd_ok": True, "fired": each})
        for path, each in zip((GOOD, BROKEN), fired, strict=True)
    ]
    verdicts = tmp_path / "verdicts.jsonl"
    compare = ("rules", "compare", "--verdicts", verdicts, "--documents", EXAMPLES)
    verdicts.write_text(told[0])
    same = await budkavle(*compare)
    assert (same.code, same.out) == (0, "")
    verdicts.write_text("\n".join(told))
    differing = await budkavle(*compare)
    assert differing.code == 1
    rows = {(row["rule"], row["difference"]): row["first"] for row in differing.lines}
    assert rows["BR-01", "missing"] == rows["PEPPOL-COMMON-R049", "flag"] == BROKEN.name
    verdicts.write_text("{}")
    assert (await budkavle(*compare)).code == 2


# --- explain -------------------------------------------------------------------------------------


async def test_explain_tells_a_rule_in_the_language_asked_for() -> None:
    told = await budkavle("explain", "br-co-15")
    assert told.code == 0
    assert "1331.26" in told.out and "Total with VAT (BT-112)" in told.out
    assert "Vad man gör" in (await budkavle("explain", "BR-CO-15", "--language", "sv")).out
    unknown = await budkavle("explain", "BR-C0-15")
    assert unknown.code == 2 and "did you mean BR-CO-15" in unknown.err


# --- check ---------------------------------------------------------------------------------------


async def test_check_tells_each_file_in_a_line_of_json() -> None:
    ran = await budkavle("check", GOOD, BROKEN)
    assert ran.code == 1
    good, broken = ran.lines
    assert good == {
        "file": str(GOOD),
        "profile": "peppol-billing",
        "ok": True,
        "structure_ok": True,
        "findings": [],
    }
    assert broken["ok"] is False
    assert all(finding.keys() >= FINDING for finding in broken["findings"])
    assert "PEPPOL-COMMON-R049" in {finding["rule"] for finding in broken["findings"]}


async def test_check_is_for_people_on_a_terminal_and_as_asked_anywhere() -> None:
    shown = await on_terminal("check", BROKEN)
    assert "✗" in shown.out and "PEPPOL-COMMON-R049" in shown.out and "{" not in shown.out
    asked = await budkavle("check", "--format", "text", BROKEN)
    assert "✗" in asked.out and "\x1b" not in asked.out
    lines = await on_terminal("check", "--format", "jsonl", GOOD)
    assert lines.lines[0]["ok"] is True


async def test_check_sums_up_many_files_for_people(tmp_path: Path) -> None:
    invoice = tmp_path / "invoice.json"
    invoice.write_text("{}", "utf-8")
    none = tmp_path / "none.xml"
    ran = await budkavle("check", "--format", "text", GOOD, BROKEN, invoice, none)
    assert ran.out.endswith("\n4 files: 1 without errors, 2 with errors, 1 not read\n")
    assert f"{invoice}: JSON is checked by building it: budkavle build {invoice}" in ran.err


async def test_check_writes_one_page_for_all_documents() -> None:
    page = await budkavle("check", "--format", "html", GOOD, BROKEN)
    assert page.code == 1
    assert page.out.startswith("<!DOCTYPE html>") and page.out.endswith("</html>\n")
    assert page.out.count("<section") == 2 and "PEPPOL-COMMON-R049" in page.out


async def test_check_reads_gzip_and_standard_input(tmp_path: Path) -> None:
    packed = tmp_path / "invoice.xml.gz"
    packed.write_bytes(gzip.compress(GOOD.read_bytes()))
    ran = await budkavle("check", packed, "-", given=GOOD.read_bytes())
    assert ran.code == 0
    assert [line["file"] for line in ran.lines] == [str(packed), "-"]


async def test_check_goes_on_after_what_it_can_not_read(tmp_path: Path) -> None:
    torn = tmp_path / "torn.xml.gz"
    torn.write_bytes(gzip.compress(GOOD.read_bytes())[:-20])
    ran = await budkavle("check", tmp_path / "none.xml", tmp_path, torn, BROKEN, GOOD)
    assert ran.code == 2
    assert [line["ok"] for line in ran.lines] == [False, True]
    for told in ("none.xml: No such file", f"{tmp_path}/*.xml", "torn.xml.gz: not a whole"):
        assert told in ran.err


async def test_check_streams(tmp_path: Path) -> None:
    """A line is there before the next file is: the second one is a pipe nobody has written to."""
    pipe = tmp_path / "later.xml"
    os.mkfifo(pipe)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway.cli", "check", GOOD, pipe),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout is not None
    first = await asyncio.wait_for(process.stdout.readline(), 60)
    assert json.loads(first)["ok"] is True
    pipe.write_bytes(GOOD.read_bytes())
    await asyncio.wait_for(process.wait(), 60)
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [("--profile", "nonsense", "peppol-billing"), ("--at", "tomorrow", "%Y-%m-%d")],
)
async def test_check_refuses_what_it_does_not_know(option: str, value: str, told: str) -> None:
    ran = await budkavle("check", option, value, GOOD)
    assert ran.code == 2 and told in ran.err and ran.out == ""


# --- build ---------------------------------------------------------------------------------------


async def test_build_writes_ubl_that_passes_the_check(tmp_path: Path) -> None:
    out = tmp_path / "out.xml"
    built = await budkavle("build", EXAMPLES / "se-b2b-invoice.json", "-o", out)
    assert built.code == 0
    assert (await budkavle("check", out)).lines[0]["findings"] == []
    piped = await budkavle("build", EXAMPLES / "se-b2b-invoice.json")
    assert piped.out.encode() == out.read_bytes()


async def test_build_tells_what_is_wrong_and_writes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out.xml"
    ran = await budkavle("build", EXAMPLES / "broken-wrong-total.json", "-o", out)
    assert ran.code == 1 and not out.exists()
    assert "BR-CO-15" in ran.err and "/invoice/totals/with_vat" in ran.err


async def test_build_writes_all_there_is_to_see(tmp_path: Path) -> None:
    out = tmp_path / "seen"
    ran = await budkavle(
        *("build", EXAMPLES / "se-b2b-email-with-attachment.json"),
        *("--attach", EXAMPLES / "timesheet.pdf", "--out", out, "--language", "sv"),
        *("--data", tmp_path),
    )
    assert ran.code == 0 and ran.out == ""
    written = {path.name: path.read_bytes() for path in out.iterdir()}
    assert written.keys() == {"invoice.xml", "invoice.pdf", "invoice.html", "preview.json"}
    assert b'filename="timesheet.pdf"' in written["invoice.xml"]
    assert written["invoice.pdf"].startswith(b"%PDF-")
    assert "Fjärdens Snickeri AB" in written["invoice.html"].decode()
    seen = json.loads(written["preview.json"])
    assert seen["ok"] is True and seen["findings"] == []
    (due,) = [each for each in seen["filled_in"] if each["term"] == "BT-115"]
    assert due["why"].startswith("Total med moms")
    steps = {step["channel"]: step["included"] for step in seen["plan"]["steps"]}
    assert steps["internal"] is True and steps["email"] is False  # no e-mail in the settings


async def test_build_tells_all_of_what_may_not_be_sent(tmp_path: Path) -> None:
    out = tmp_path / "seen"
    ran = await budkavle(
        *("build", EXAMPLES / "broken-wrong-total.json", "--out", out, "--data", tmp_path)
    )
    assert ran.code == 1
    assert [path.name for path in out.iterdir()] == ["preview.json"]
    seen = json.loads((out / "preview.json").read_text("utf-8"))
    assert seen["ok"] is False and seen["plan"] is None
    assert "BR-CO-15" in {finding["rule"] for finding in seen["findings"]}


# --- send, inbox, events --------------------------------------------------------------------------


async def test_an_invoice_is_sent_followed_received_and_confirmed(
    sandbox: Sandbox, ledger: Mapping[str, str], tmp_path: Path
) -> None:
    invoice = write(tmp_path / "invoice.json", submission("C-1", to=RECEIVER))
    sent = await budkavle("send", "--wait", invoice, environment=ledger)
    assert sent.code == 0
    (line,) = sent.lines
    assert line["state"] == "delivered" and line["channel"] == "internal"

    again = await budkavle("send", invoice, environment=ledger)
    assert again.lines[0]["id"] == line["id"] and again.lines[0]["replayed"] is True

    customer = {**ledger, "BUDKAVLE_API_KEY": RECEIVER.key}
    saved = tmp_path / "saved"
    inbox = await budkavle("inbox", "--save", saved, "--confirm", environment=customer)
    (arrived,) = inbox.lines
    assert arrived["number"] == "C-1"
    assert b"<cbc:ID>C-1</cbc:ID>" in (saved / f"{arrived['id']}.xml").read_bytes()
    empty = await budkavle("inbox", environment=customer)
    assert empty.code == 0 and empty.out == ""

    events = await budkavle("events", environment=ledger)
    types = [event["type"] for event in events.lines]
    assert types[0] == "document.received" and types[-1] == "document.delivered"
    rest = await budkavle("events", "--after", events.lines[0]["cursor"], environment=ledger)
    assert [event["type"] for event in rest.lines] == types[1:]


async def test_send_says_everything_that_is_wrong(
    sandbox: Sandbox, ledger: Mapping[str, str], tmp_path: Path
) -> None:
    body = submission("C-2", to=RECEIVER)
    body["invoice"]["currenzy"] = "SEK"
    del body["invoice"]["issue_date"]
    ran = await budkavle("send", write(tmp_path / "bad.json", body), environment=ledger)
    assert ran.code == 1
    assert "/invoice/currenzy" in ran.err and "/invoice/issue_date" in ran.err


async def test_send_takes_wishes_and_attachments(
    sandbox: Sandbox, ledger: Mapping[str, str], tmp_path: Path
) -> None:
    invoice = write(tmp_path / "invoice.json", submission("C-3", to=RECEIVER))
    ran = await budkavle(
        *("send", "--wait", "--email", "kund@customer.example", "--channel", "email"),
        *("--attach", EXAMPLES / "timesheet.pdf", invoice),
        environment=ledger,
    )
    assert ran.code == 0, ran.err
    (mail,) = sandbox.received()["emails"]
    assert mail["to"] == "kund@customer.example" and "timesheet.pdf" in mail["files"]


async def test_send_ends_with_1_when_a_document_does_not_arrive(
    sandbox: Sandbox, ledger: Mapping[str, str]
) -> None:
    ran = await budkavle("send", "--wait", EXAMPLES / "broken-wrong-total.json", environment=ledger)
    assert ran.code == 1 and ran.lines[0]["state"] == "rejected"


async def test_a_gateway_that_is_not_there_is_exit_code_2(tmp_path: Path) -> None:
    away = {"BUDKAVLE_URL": "http://127.0.0.1:9", "BUDKAVLE_API_KEY": "bk_x"}
    ran = await budkavle("events", environment=away)
    assert ran.code == 2 and "can not be reached" in ran.err


async def test_an_address_that_is_none_is_told() -> None:
    ran = await budkavle("events", "--key", "bk_x", "--url", "nonsense")
    assert ran.code == 2 and "http://127.0.0.1:8080" in ran.err


async def test_a_wrong_key_is_exit_code_1(sandbox: Sandbox, ledger: Mapping[str, str]) -> None:
    ran = await budkavle("inbox", environment={**ledger, "BUDKAVLE_API_KEY": "bk_wrong"})
    assert ran.code == 1 and ran.err.startswith("401 ") and "Traceback" not in ran.err


# --- operating ------------------------------------------------------------------------------------


async def test_a_company_says_how_long_its_numbers_are_not_taken_twice(tmp_path: Path) -> None:
    data = ("--data", tmp_path)
    made = ("company", "add", "Snickeri AB", "--country", "SE", "--participant", "0007:5560001116")
    company = (await budkavle(*made, "--duplicate-days", "30", *data)).lines[0]["id"]

    async def settings() -> Mapping[str, Any]:
        store = await SqliteStore.open(tmp_path)
        found = await store.company(company)
        await store.close()
        assert found is not None
        return found.settings

    assert await settings() == {"duplicate_days": 30}
    changed = await budkavle("company", "change", company, "--email", "a@b.example", *data)
    assert changed.code == 0
    assert await settings() == {"duplicate_days": 30, "reply_to": "a@b.example"}
    assert (await budkavle("company", "change", company, "--duplicate-days", "0", *data)).code == 0
    assert (await settings())["duplicate_days"] == 0
    assert (await budkavle("company", "change", company, "--fetch-links", *data)).code == 0
    assert (await settings())["fetch_links"] is True
    assert (await budkavle("company", "change", company, *data)).code == 2
    nobody = await budkavle("company", "change", "com_none", "--duplicate-days", "1", *data)
    assert nobody.code == 2 and "budkavle company list" in nobody.err


async def test_a_company_settles_what_its_customers_get_as_the_invoice(tmp_path: Path) -> None:
    data = ("--data", tmp_path)
    made = ("company", "add", "Snickeri AB", "--country", "SE", "--participant", "0007:5560001116")
    company = (await budkavle(*made, "--no-archives", *data)).lines[0]["id"]
    first = ("--image-from-first-attachment", "yes")
    alone = await budkavle("customer", "set", company, *first, *data)
    assert alone.code == 2 and "omit_image" in alone.err
    whom = ("0192:918130047", "Kund@x.example")
    well = await budkavle("customer", "set", company, *whom, "--omit-image", "yes", *first, *data)
    assert well.code == 0
    assert (await budkavle("customer", "set", company, "--omit-image", "no", *data)).code == 0
    assert (await budkavle("customer", "list", company, *data)).lines == [
        {
            "customer": name,
            "omit_image": omit,
            "image_from_first_attachment": omit or None,
            **dict.fromkeys(RULES),
        }
        for name, omit in (("", False), ("0192:918130047", True), ("kund@x.example", True))
    ]
    assert (await budkavle("customer", "set", company, "nobody", *first, *data)).code == 2
    assert (await budkavle("customer", "set", company, *data)).code == 2
    assert (await budkavle("customer", "list", "com_none", *data)).code == 2
    entries = (await budkavle("audit", "list", *data)).lines
    assert [entry["action"] for entry in entries] == ["company.added", *["customer.settled"] * 2]
    assert "Kund" not in str(entries) and "kund" not in str(entries)


async def test_a_company_settles_by_which_channels_its_documents_go(tmp_path: Path) -> None:
    data = ("--data", tmp_path)
    made = ("company", "add", "Snickeri AB", "--country", "SE", "--participant", "0007:5560001116")
    company = (await budkavle(*made, "--no-archives", *data)).lines[0]["id"]
    order = ("--route-order", "peppol, letter", "--recheck", "no")
    for_all = ("--disabled-routes", "letter", "--hold-several", "no")
    here = ("customer", "set", company)
    assert (await budkavle(*here, "se:559203-4846", *order, *data)).code == 0
    assert (await budkavle(*here, *for_all, *data)).code == 0

    async def settled() -> list[dict[str, Any]]:
        rows = (await budkavle("customer", "list", company, *data)).lines
        return [{name: value for name, value in row.items() if value is not None} for row in rows]

    customer = {"customer": "SE:5592034846", "recheck": False}
    assert await settled() == [
        {"customer": "", "disabled_routes": ["letter"], "hold_several": False},
        {**customer, "route_order": ["peppol", "letter"]},
    ]
    both = await budkavle(*here, "se:559203-4846", "--forced-route", "email", *data)
    assert both.code == 2 and "forced_route is one channel" in both.err
    back = ("--route-order", "default", "--forced-route", "email")
    assert (await budkavle(*here, "se:559203-4846", *back, *data)).code == 0
    assert (await settled())[1] == {**customer, "forced_route": "email"}
    unknown = await budkavle(*here, "--forced-route", "pigeon", *data)
    assert unknown.code == 2 and "there is no channel pigeon" in unknown.err


async def test_a_company_gets_a_logo(tmp_path: Path) -> None:
    data = ("--data", tmp_path / "data")
    made = ("company", "add", "Snickeri AB", "--country", "SE", "--participant", "0007:5560001116")
    company = (await budkavle(*made, *data)).lines[0]["id"]
    logo, note = tmp_path / "logo.png", tmp_path / "note.png"
    Image.new("RGB", (300, 100), "navy").save(logo)
    note.write_text("not a picture")
    assert (await budkavle("company", "logo", company, logo, *data)).code == 0
    refused = await budkavle("company", "logo", company, note, *data)
    assert refused.code == 2 and "note.png: " in refused.err and "PNG" in refused.err
    for wrong in ((), (logo, "--remove"), (tmp_path / "none.png",)):
        assert (await budkavle("company", "logo", company, *wrong, *data)).code == 2
    assert (await budkavle("company", "logo", "com_none", logo, *data)).code == 2
    assert (await budkavle("company", "logo", company, "--remove", *data)).code == 0
    entries = (await budkavle("audit", "list", *data)).lines
    assert [entry["action"] for entry in entries] == ["company.added", "logo.set", "logo.removed"]


async def test_a_company_and_its_key_are_made_once(tmp_path: Path) -> None:
    data = ("--data", tmp_path / "data")
    participant = ("--country", "se", "--participant", "0007:556000-1116")
    added = await budkavle("company", "add", "Snickeri AB", *participant, *data)
    assert added.code == 0
    company = added.lines[0]["id"]
    (listed,) = (await budkavle("company", "list", *data)).lines
    assert listed["id"] == company and listed["participants"] == "0007:5560001116"
    key = await budkavle("key", "add", company, *data)
    assert key.lines[0]["key"].startswith("bk_")

    taken = await budkavle("company", "add", "Other AB", *participant, *data)
    assert taken.code == 2 and "belongs to Snickeri AB" in taken.err
    wrong = await budkavle("company", "add", "X", "--country", "SE", "--participant", "x", *data)
    assert wrong.code == 2 and "0192:918130047" in wrong.err
    for what, told in {
        ("X", "--country", "SE", "--participant", "0007:5560001117"): "5560001117",
        ("X", "--country", "SE", "--participant", "9999:1"): "no scheme 9999",
        ("X", "--country", "Sverige", "--participant", "0007:5567321707"): "Sverige is no country",
        (" ", "--country", "SE", "--participant", "0007:5567321707"): "NAME",
    }.items():
        refused = await budkavle("company", "add", *what, *data)
        assert refused.code == 2 and told in refused.err and "Traceback" not in refused.err
    assert len((await budkavle("company", "list", *data)).lines) == 1
    nobody = await budkavle("key", "add", "com_none", *data)
    assert nobody.code == 2 and "budkavle company list" in nobody.err


async def test_the_data_directory_belongs_to_one_process(sandbox: Sandbox, tmp_path: Path) -> None:
    ran = await budkavle("migrate", "--data", tmp_path / "sandbox")
    assert ran.code == 2 and "in use by process" in ran.err and "Traceback" not in ran.err
    serve = await budkavle("serve", "--data", tmp_path / "sandbox", "--listen", "127.0.0.1:0")
    assert serve.code == 2 and "in use by process" in serve.err and "Traceback" not in serve.err


async def test_migrate_makes_the_database_and_does_no_harm_again(tmp_path: Path) -> None:
    for _ in range(2):
        assert (await budkavle("migrate", "--data", tmp_path / "data")).code == 0


async def test_doctor_looks_at_everything(sandbox: Sandbox, tmp_path: Path) -> None:
    environment = {
        "BUDKAVLE_EMAIL__HOST": "127.0.0.1",
        "BUDKAVLE_EMAIL__PORT": str(sandbox.mail.port),
        "BUDKAVLE_EMAIL__TLS": "none",
        "BUDKAVLE_EMAIL__SENDER": "invoices@gateway.example",
        "BUDKAVLE_LETTER__URL": sandbox.print_house.url,
        "BUDKAVLE_LETTER__TOKEN": sandbox.print_house.token,
    }
    data = ("--data", tmp_path / "sandbox")  # looking does not take it from the gateway
    well = await budkavle("doctor", *data, environment=environment)
    assert well.code == 0, well.out
    assert {line["what"]: line["level"] for line in well.lines} == dict.fromkeys(
        ("settings", "data", "disk", "database", "clock", "email", "letter", "post", "trust"), "ok"
    ) | {"peppol": "warn"}  # not set up here
    unwell = await budkavle(
        *("doctor", *data),
        environment={**environment, "BUDKAVLE_EMAIL__PORT": "9", "BUDKAVLE_LETTER__TOKEN": "wrong"},
    )
    assert unwell.code == 1
    failed = {line["what"]: line for line in unwell.lines if line["level"] == "fail"}
    assert failed.keys() == {"email", "letter"}
    assert all(line["do"] for line in failed.values())


async def test_a_reader_that_went_away_is_no_error() -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gateway.cli", "config", "--sample"),
        env=environment_of(None),
        stdout=theirs,
        stderr=asyncio.subprocess.PIPE,
    )
    os.close(theirs)
    _, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")


async def test_what_can_not_be_written_is_told(tmp_path: Path) -> None:
    nowhere = tmp_path / "none" / "invoice.xml"
    ran = await budkavle("build", "examples/se-b2b-invoice.json", "-o", nowhere)
    assert ran.code == 2 and str(nowhere) in ran.err and "Traceback" not in ran.err


async def test_doctor_tells_of_settings_that_can_not_be_used(tmp_path: Path) -> None:
    ran = await budkavle(
        "doctor", "--data", tmp_path, environment={"BUDKAVLE_WORKER__CONCURRENCY": "none"}
    )
    assert ran.code == 1 and "worker.concurrency" in ran.lines[0]["text"]


async def test_config_shows_values_sources_and_no_secret(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2\n")
    file = tmp_path / "some.toml"
    file.write_text(
        "[email]\nhost = 'mail.example'\nsender = 'a@b.example'\n"
        f"password_file = '{secret}'\n[letter]\nurl = 'http://127.0.0.1'\ntoken = 'hunter2'\n"
    )
    ran = await budkavle("config", "--config", file, environment={"BUDKAVLE_WORKER__LEASE_S": "45"})
    rows = {line["setting"]: line for line in ran.lines}
    assert rows["email.host"]["from"] == str(file)
    assert rows["worker.lease_s"] == {
        "setting": "worker.lease_s",
        "value": "45.0",
        "from": "environment",
    }
    assert rows["letter.token"]["value"] == rows["email.password"]["value"] == "********"
    assert "hunter2" not in ran.out
    shown = await on_terminal("config", "--config", file)
    assert "hunter2" not in shown.out and "email.host" in shown.out


async def test_wrong_settings_end_a_command_with_all_reasons(tmp_path: Path) -> None:
    file = tmp_path / "some.toml"
    file.write_text("[worker]\nconcurency = 1\n[kivra]\ntoo_large = 3\n")
    ran = await budkavle("serve", "--config", file)
    assert ran.code == 2 and "Traceback" not in ran.err
    for told in ("did you mean worker.concurrency", "kivra.client_id: missing", "kivra.too_large"):
        assert told in ran.err


async def test_serve_takes_the_roles_there_are() -> None:
    ran = await budkavle("serve", "--role", "api")
    assert ran.code == 2 and "one process" in ran.err


async def test_version_is_the_packages() -> None:
    ran = await budkavle("version")
    assert ran.lines == [{"version": "0.1.0"}]
    assert "Budkavle 0.1.0" in (await on_terminal("version")).out


@pytest.mark.parametrize("command", ["", *COMMANDS])
async def test_every_command_has_help(command: str) -> None:
    ran = await budkavle(*command.split(), "--help")
    assert ran.code == 0 and "Usage: budkavle" in ran.out
