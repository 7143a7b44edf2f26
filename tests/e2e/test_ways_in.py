"""The sandbox's drop folder and mailbox, and what commands say of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest
from click.testing import CliRunner

from gateway.cli import cli
from gateway.cli.doctor import Check, examine
from gateway.client import Client
from gateway.layers import load as settings_of
from gateway.mail_in.addresses import address
from gateway.sandbox import RECEIVER, SENDER, Sandbox
from gateway.sandbox.seeds import mail_of
from gateway.sandbox.ways_in import DOMAIN
from tests.contracts.case import pdf
from tests.e2e.invoices import submission

PATIENCE_S = 120


def invoice(number: str) -> bytes:
    return json.dumps(submission(number, to=RECEIVER)).encode()


async def written(to: str, sender: str, port: int, *files: tuple[str, bytes]) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, "Faktura"
    message["Message-ID"] = f"<{files[0][0]}@{sender.rpartition('@')[2]}>"
    message.set_content("Hej")
    for name, content in files:
        message.add_attachment(content, maintype="application", subtype="x", filename=name)
    await aiosmtplib.send(message, hostname="127.0.0.1", port=port)


async def test_the_sandbox_takes_files_and_mails(tmp_path: Path) -> None:
    token = str(mail_of("sender")["token"])
    async with (
        Sandbox(tmp_path) as sandbox,
        Client(sandbox.gateway.url, SENDER.key) as client,
    ):
        (sandbox.ways_in.folder / "in" / "D-1.json").write_bytes(invoice("D-1"))
        port = sandbox.mail.port
        hand_in = address(DOMAIN, "send", token)
        await written(hand_in, "erp@sender.example", port, ("a.json", invoice("M-1")))
        await written(hand_in, "erp@forged.example", port, ("b.json", invoice("M-2")))
        inbox = address(DOMAIN, "invoice", token)
        await written(inbox, "faktura@forged.example", port, ("c.pdf", pdf()))
        mailbox = sandbox.ways_in.mailbox
        async with asyncio.timeout(PATIENCE_S):
            while len(found := await client.documents(direction="out")) < 2 or any(
                one["state"] != "delivered" for one in found
            ):
                await asyncio.sleep(0.1)
            while not (answers := answers_of(sandbox)):
                await asyncio.sleep(0.1)
            while mailbox.inbox.messages:
                await asyncio.sleep(0.1)
            while len(came := await client.documents(direction="in")) < 1:
                await asyncio.sleep(0.1)
            while not list((sandbox.ways_in.folder / "status").iterdir()):
                await asyncio.sleep(0.1)
            nothing_waits = {
                f'budkavle_drop_waiting{{company="{SENDER.company.id}"}} 0.0',
                "budkavle_mail_waiting 0.0",
            }
            while not nothing_waits <= set((await metrics(client)).splitlines()):
                await asyncio.sleep(0.1)  # it is counted with the next look
        assert {one["head"]["number"] for one in found} == {"D-1", "M-1"}
        by_mail = next(one for one in found if one["head"]["number"] == "M-1")
        assert answers == ["Re: Faktura"] and by_mail["state"] == "delivered"
        assert [one["channel"] for one in came] == ["mail"]
        assert len(mailbox.folders["Aside"].messages) == 1
        checks = await looked(tmp_path, sandbox.ways_in.settings())
        assert [check.level for check in checks["drops"]] == ["ok"]
        assert [check.level for check in checks["mail_in"]] == ["ok", "warn"]


async def metrics(client: Client) -> str:
    return (await client.get_bytes("/metrics")).decode()


def answers_of(sandbox: Sandbox) -> list[str]:
    """The subjects of the answers that its mail server has taken."""
    found = sandbox.received()["emails"]
    return [one["subject"] for one in found if one["to"] == "erp@sender.example"]


async def looked(data: Path, sections: Mapping[str, Mapping[str, Any]]) -> dict[str, list[Check]]:
    """What the doctor finds, by what it looked at."""
    settings = settings_of({"data": data, **sections}, environment={}).settings
    found: dict[str, list[Check]] = {}
    for check in await asyncio.to_thread(lambda: list(examine(settings))):
        found.setdefault(check.what, []).append(check)
    return found


async def test_doctor_says_what_can_not_be_used(tmp_path: Path) -> None:
    mail_in = {
        "domain": "in.example",
        "host": "127.0.0.1",
        "port": 1,
        "tls": "none",
        "username": "documents",
        "password": "hemligt",
    }
    drops = {"folders": {"com_a": str(tmp_path / "nowhere")}}
    checks = await looked(tmp_path, {"drops": drops, "mail_in": mail_in})
    (drop,), (mail, *_) = checks["drops"], checks["mail_in"]
    assert drop.level == mail.level == "fail"
    assert "gone" in drop.text and "hemligt" not in mail.text


def run(data: Path, *arguments: str) -> list[dict[str, Any]]:
    environment = {
        "BUDKAVLE_DATA": str(data),
        "BUDKAVLE_MAIL_IN__DOMAIN": "in.example",
        "BUDKAVLE_MAIL_IN__HOST": "imap.example",
        "BUDKAVLE_MAIL_IN__USERNAME": "documents",
        "BUDKAVLE_MAIL_IN__PASSWORD": "hemligt",
    }
    result = CliRunner().invoke(cli, arguments, env=environment)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_company_gets_addresses_and_senders(tmp_path: Path) -> None:
    (made,) = run(
        *(tmp_path, "company", "add", "Vårt AB", "--country", "SE"),
        *("--participant", "0007:5567321707"),
    )
    company = made["id"]
    first = run(tmp_path, "mail", "address", company)
    assert [row["use"] for row in first] == ["inbox", "hand in"]
    assert first == run(tmp_path, "mail", "address", company), "it keeps them"
    assert first != run(tmp_path, "mail", "address", company, "--new")
    assert run(tmp_path, "mail", "allow", company, "ERP@ours.example", "@bureau.example") == [
        {"sender": "@bureau.example"},
        {"sender": "erp@ours.example"},
    ]
    assert run(tmp_path, "mail", "deny", company, "@bureau.example") == [
        {"sender": "erp@ours.example"}
    ]
    audit = run(tmp_path, "audit", "list")
    actions = [row["action"] for row in audit if row["action"].startswith("mail.")]
    assert sorted(actions) == ["mail.addressed", "mail.addressed", "mail.allowed", "mail.denied"]
    assert "erp@ours" not in json.dumps(audit)


@pytest.mark.parametrize("arguments", [("allow", "com_x", "nobody"), ("address", "com_x")])
def test_what_can_not_be_done_is_told(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = CliRunner().invoke(cli, ("mail", *arguments, "--data", str(tmp_path)))
    assert result.exit_code == 2 and "Traceback" not in result.output
