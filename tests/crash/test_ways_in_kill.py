"""The gateway is killed, again and again, while it takes files from a folder and mails from a
mailbox: each is one document, and none is lost.

The gateway is a real process that is sent SIGKILL; the folder, and the mailbox, are outside of it.
"""

from __future__ import annotations

import asyncio
import json
from email.message import EmailMessage
from pathlib import Path

import pytest

from gateway.audit.chain import NewEntry
from gateway.client import Client
from gateway.clock import SystemClock
from gateway.mail_in.addresses import MAIL
from gateway.sandbox import RECEIVER, SENDER, plant
from gateway.settling import settle
from gateway.store.sqlite import SqliteStore
from tests.e2e.invoices import submission
from tests.e2e.server import Server
from transports.email.sandbox.imap import Folder, Mailbox

FILES, MAILS, KILLS = 60, 30, 4
TOKEN = "k" * 16
OURS = "mx.ours.example"


def body(number: str) -> bytes:
    return json.dumps(submission(number, to=RECEIVER)).encode()


def mail(number: str) -> bytes:
    message = EmailMessage()
    message["Authentication-Results"] = f"{OURS}; dmarc=pass header.from=kund.example"
    message["From"] = "erp@kund.example"
    message["To"] = f"send+{TOKEN}@in.example"
    message["Message-ID"] = f"<{number}@kund.example>"
    message.set_content("")
    message.add_attachment(
        body(number), maintype="application", subtype="json", filename="invoice.json"
    )
    return message.as_bytes()


async def planted(data: Path) -> None:
    clock = SystemClock()
    store = await SqliteStore.open(data)
    await plant(store, clock)
    settled = {MAIL: {"token": TOKEN, "senders": ["erp@kund.example"]}}
    entry = NewEntry("test", "mail.allowed", SENDER.company.id, SENDER.company.id, {})
    await settle(store, SENDER.company.id, lambda before: {**before, **settled}, entry, clock.now())
    await store.close()


def settings(data: Path, drop: Path, inbox: Path, port: int) -> dict[str, str]:
    folders = {SENDER.company.id: str(drop), RECEIVER.company.id: str(inbox)}
    return {
        "BUDKAVLE_DATA": str(data),
        "BUDKAVLE_LOG__LEVEL": "error",
        "BUDKAVLE_WORKER__LEASE_S": "2",
        "BUDKAVLE_WORKER__POLL_S": "0.1",
        "BUDKAVLE_WORKER__PROCESSES": "0",
        "BUDKAVLE_DROPS__FOLDERS": json.dumps(folders),
        "BUDKAVLE_DROPS__EVERY_S": "0.2",
        "BUDKAVLE_DROPS__SETTLE_S": "0.1",
        "BUDKAVLE_MAIL_IN__DOMAIN": "in.example",
        "BUDKAVLE_MAIL_IN__HOST": "127.0.0.1",
        "BUDKAVLE_MAIL_IN__PORT": str(port),
        "BUDKAVLE_MAIL_IN__TLS": "none",
        "BUDKAVLE_MAIL_IN__USERNAME": "documents",
        "BUDKAVLE_MAIL_IN__PASSWORD": "hemligt",
        "BUDKAVLE_MAIL_IN__AUTHSERV_ID": OURS,
        "BUDKAVLE_MAIL_IN__EVERY_S": "0.2",
    }


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_each_file_and_each_mail_is_one_document(tmp_path: Path) -> None:
    data, drop, inbox = tmp_path / "data", tmp_path / "ours", tmp_path / "theirs"
    (drop / "in").mkdir(parents=True)
    (inbox / "inbox").mkdir(parents=True)
    await planted(data)
    mailbox = Mailbox("documents", "hemligt")
    mailbox.folders["Aside"] = Folder()
    await mailbox.start()
    server = Server(settings(data, drop, inbox, mailbox.port))
    await server.start()
    numbers = {f"K-{n}" for n in range(FILES)} | {f"M-{n}" for n in range(MAILS)}
    for n in range(FILES):
        unfinished = drop / "in" / f"{n}.json.tmp"
        unfinished.write_bytes(body(f"K-{n}"))
        unfinished.rename(drop / "in" / f"{n}.json")
    for n in range(MAILS):
        mailbox.inbox.add(mail(f"M-{n}"))

    def left() -> int:
        """How much is still to be taken."""
        return len(list((drop / "in").iterdir())) + len(mailbox.inbox.messages)

    def given() -> list[Path]:
        found = (inbox / "inbox").iterdir()
        return [path for path in found if path.suffix == ".xml"]

    for kill in range(1, KILLS + 1):
        async with asyncio.timeout(240):
            while left() > (FILES + MAILS) * (KILLS + 1 - kill) // (KILLS + 1):
                await asyncio.sleep(0.005)
        await server.kill()
        await server.start()
    async with asyncio.timeout(400):
        while left() or len(given()) < len(numbers):
            await asyncio.sleep(0.1)
        async with Client(server.url, SENDER.key) as ledger:
            documents = await ledger.documents(direction="out")
            # One whose outcome was not written down by the last kill is told of after its lease.
            while {one["state"] for one in documents} != {"delivered"}:
                await asyncio.sleep(0.2)
                documents = await ledger.documents(direction="out")
    await server.stop()
    await mailbox.close()
    assert sorted(one["head"]["number"] for one in documents) == sorted(numbers)
    assert len(list((drop / "done").iterdir())) == FILES
    assert not list((drop / "error").iterdir()) and not mailbox.folders["Aside"].messages
    texts = [path.read_text("utf-8") for path in given()]
    assert len(texts) == len(numbers)
    assert all(sum(f">{number}<" in text for text in texts) == 1 for number in numbers)
