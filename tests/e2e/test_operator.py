"""A whole gateway in the operator network: over an operator's interface, and straight."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway import config
from gateway.app import Gateway
from gateway.channels import operator as channel
from gateway.channels.operator import Operator as OperatorSection
from gateway.channels.parts import Parts
from gateway.client import Client
from gateway.clock import MovableClock
from gateway.section import ConfigError
from gateway.store.sqlite import SqliteStore
from schemas.identifiers import Participant
from tests.e2e.invoices import SENDER, submission
from transports.base import File
from transports.operator import ebms, sfti_sandbox
from transports.operator.ebms import Acknowledgment, Message, Payload
from transports.operator.sandbox import MAGIC, Behaviour, Sandbox
from transports.operator.wire import Arrived

SVEFAKTURA = (Path(__file__).parents[2] / "examples/se-b2b-svefaktura.xml").read_bytes()
NUMBER = "F2026-1020"
US = SENDER.company.participants[0]


@asynccontextmanager
async def gateway(data: Path, **section: Any) -> AsyncIterator[tuple[Gateway, Client]]:
    settings = config.Settings(
        data=data,
        http=config.Http(listen="127.0.0.1:0"),
        outer=config.Outer(listen="127.0.0.1:0"),
        worker=config.Worker(collect_every_s=0.1, processes=0),
        operator=OperatorSection(**section),
    )
    async with asyncio.timeout(180), Gateway(settings) as gateway:
        store, now = gateway.store, gateway.clock.now()
        await store.add_company(SENDER.company, now)
        digest = hashlib.sha256(b"bk_secret").hexdigest()
        await store.add_key(SENDER.company.id, digest, "ledger", now)
        async with Client(gateway.url, "bk_secret") as client:
            yield gateway, client


def invoice(organisation_number: str) -> bytes:
    given = submission("O-1")
    given["invoice"]["buyer"]["legal_id"] = {"value": organisation_number, "scheme": "0007"}
    given["delivery"] = {"channels": ["operator"]}
    return json.dumps(given).encode()


async def come(client: Client) -> dict[str, Any]:
    """The one document of the inbox, once it is there."""
    while not (page := await client.get("/v1/inbox"))["documents"]:
        await asyncio.sleep(0.05)
    (document,) = page["documents"]
    return dict(document)


async def test_an_invoice_goes_out_as_svefaktura_and_one_comes_in(tmp_path: Path) -> None:
    async with (
        Sandbox() as operator,
        gateway(tmp_path, url=operator.url, token=operator.token) as (_, client),
    ):
        document_id = (await client.submit(invoice(MAGIC[Behaviour.ACCEPT]))).id
        while (await client.settled(document_id))["state"] != "delivered":
            await asyncio.sleep(0.05)
        file = File("svefaktura.xml", "application/xml", SVEFAKTURA)
        operator.send(Arrived(Participant.parse(US), None, file, ()))
        arrived = await come(client)
    (kept,) = operator.documents.values()
    assert kept.submission.format == "svefaktura"
    assert b"urn:sfti:documents:BasicInvoice:1:0" in kept.submission.document
    assert kept.submission.sender_organisation_number == US.partition(":")[2]
    assert (arrived["head"]["number"], arrived["channel"]) == (NUMBER, "operator")


async def test_one_of_several_is_chosen_and_gets_its_form(tmp_path: Path) -> None:
    async with (
        Sandbox() as operator,
        gateway(tmp_path, url=operator.url, token=operator.token) as (_, client),
    ):
        document_id = (await client.submit(invoice(MAGIC[Behaviour.SEVERAL]))).id
        document = await client.settled(document_id)
        assert (document["state"], operator.documents) == ("held", {})
        await client.choose(document_id, "nf-several-lager", "It is for the warehouse.")
        while (await client.document(document_id))["state"] != "delivered":
            await asyncio.sleep(0.05)
    (kept,) = operator.documents.values()
    assert kept.submission.address == "nf-several-lager"
    assert kept.submission.format == "svefaktura"
    assert b"urn:sfti:documents:BasicInvoice:1:0" in kept.submission.document


async def test_messages_go_straight_to_a_partner_and_come_to_the_outer_listener(
    tmp_path: Path,
) -> None:
    async with sfti_sandbox.Sandbox() as partner:
        partners = tmp_path / "partners.toml"
        partners.write_text(partner.directory)
        section = {"kind": "sfti", "host": "gateway.example", "partners_file": partners}
        async with gateway(tmp_path / "data", **section) as (up, client):
            number = sfti_sandbox.MAGIC[sfti_sandbox.Behaviour.ACCEPT]
            document_id = (await client.submit(invoice(number))).id
            document = await client.settled(document_id)
            assert (document["state"], document["channel"]) == ("delivered", "operator")
            message = Message(
                id="m-1@partner.example",
                conversation="c-1",
                sender=f"SE{number}",
                recipient=US.replace("0007:", "SE"),
                service=ebms.SVEFAKTURA_SERVICE,
                action=ebms.SVEFAKTURA_ACTION,
                at=up.clock.now(),
            )
            payload = Payload("1@partner.example", "application/xml", SVEFAKTURA)
            answer = await partner.send(f"{up.outer_url}/sfti", message, [payload])
            assert answer == Acknowledgment(message.id)
            arrived = await come(client)
            content = await client.get_bytes(f"/v1/inbox/{arrived['id']}/content")
    (kept,) = partner.messages.values()
    assert kept.message.recipient == f"SE{number}"
    assert b"urn:sfti:documents:BasicInvoice:1:0" in kept.payloads[0].content
    assert arrived["head"]["number"] == NUMBER
    assert content == SVEFAKTURA


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "partners_file: .*No such file"),
        (b"[", "partners_file: .*not TOML"),
        (b"\xff", "partners_file: .*utf-8"),
        (b'[x]\nurl = "y"', "entry 1: its name is no party.*\nentry 1: url is an address"),
    ],
)
def test_a_file_of_partners_that_can_not_be_used_is_told(
    tmp_path: Path, content: bytes | None, told: str
) -> None:
    file = tmp_path / "partners.toml"
    if content is not None:
        file.write_bytes(content)
    section = OperatorSection(kind="sfti", host="gateway.example", partners_file=file)
    with pytest.raises(ConfigError, match=told):
        channel.partners(section)


async def test_certificates_that_can_not_be_used_are_told(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    section = OperatorSection(url="https://operator.example", token="t", ca_file=file)
    store = await SqliteStore.open(tmp_path / "data")
    parts = Parts(store, MovableClock())
    with pytest.raises(ConfigError, match=r"operator.ca_file: .*No such file"):
        channel.make(section, parts)
    file.write_text("nonsense")
    with pytest.raises(ConfigError, match=r"operator.ca_file"):
        channel.make(section, parts)
    await store.close()
