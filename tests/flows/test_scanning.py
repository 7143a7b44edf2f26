"""Nothing goes on with a virus in it, and nothing without having been looked at."""

from __future__ import annotations

import json
import socket
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from gateway.delivery.scanning import INFECTED, Scanning, withheld
from gateway.delivery.trouble import CLAIMS
from gateway.delivery.verbs import Verb
from gateway.delivery.worker import Worker
from gateway.events import Type
from gateway.lifecycle import State
from gateway.scanning.clamd import Clamd
from gateway.scanning.sandbox import EICAR, SIGNATURE, Behaviour, Sandbox
from gateway.store.ids import new_id
from gateway.store.port import NewPart, Role, Submission
from tests.flows.house import SENDER, House, invoice

TO = "kund@customer.example"
PDF = b"%PDF-1.7\n"
SICK = PDF + EICAR
HOUR = timedelta(hours=1)


@pytest.fixture
async def clamd() -> AsyncIterator[Sandbox]:
    async with Sandbox(most_bytes=200_000) as server:
        yield server


def use(house: House, clamd: Sandbox, **settings: Any) -> CollectorRegistry:
    registry = CollectorRegistry()
    scanner = Clamd(clamd.address, limit_s=60, max_bytes=1_000_000, at_once=2)
    scanning = Scanning(scanner, registry=registry, **settings)
    house.worker = Worker(house.store, house.transports, house.clock, scanning=scanning)
    return registry


async def send(house: House, *beside: bytes, inside: bytes | None = None, **wishes: Any) -> str:
    body = invoice(email=TO, **wishes)
    if inside is not None:
        attachment = {
            "content": b64encode(inside).decode(),
            "mime_code": "application/pdf",
            "filename": "inside.pdf",
        }
        body["invoice"]["supporting_documents"] = [{"reference": "1", "attachment": attachment}]
    parts = [
        NewPart(Role.ORIGINAL, "invoice.json", "application/json", json.dumps(body).encode()),
        *(
            NewPart(Role.ATTACHMENT, f"beside-{n}.pdf", "application/pdf", content)
            for n, content in enumerate(beside)
        ),
    ]
    document_id = new_id("doc")
    delivery = body["delivery"]
    await house.store.accept(
        Submission(document_id, SENDER.id, "application/json", parts, delivery), house.clock.now()
    )
    await house.work()
    return document_id


async def rule(house: House, document_id: str) -> tuple[str, str, str]:
    (found,) = json.loads(await house.content(document_id, Role.FINDINGS))
    return found["rule"], found["where"], found["text"]


async def test_what_is_clean_is_sent_and_every_file_was_looked_at_once(
    house: House, clamd: Sandbox
) -> None:
    registry = use(house, clamd)
    document_id = await send(house, PDF, PDF, PDF + b"b", inside=PDF + b"inside")
    await house.is_in(document_id, State.SENT)
    original = await house.content(document_id, Role.ORIGINAL)
    assert clamd.seen == [original, PDF, PDF + b"b", PDF + b"inside"]
    assert registry.get_sample_value("budkavle_scans_total", {"answer": "clean"}) == 4


async def test_a_virus_beside_the_invoice_is_told_by_its_file(house: House, clamd: Sandbox) -> None:
    use(house, clamd)
    document_id = await send(house, PDF, SICK)
    document = await house.is_in(document_id, State.REJECTED)
    assert document.code == INFECTED and house.mail.received == []
    found = await rule(house, document_id)
    assert found[:2] == ("GUARD-ATTACHMENT-VIRUS", "/attachment/1")
    assert "beside-1.pdf" in found[2] and SIGNATURE in found[2]
    (event,) = [e for e in await house.events(document_id) if e.type == Type.REJECTED]
    assert event.data["code"] == INFECTED


async def test_a_virus_inside_the_invoice_is_found_and_told_in_the_caller_s_language(
    house: House, clamd: Sandbox
) -> None:
    use(house, clamd)
    document_id = await send(house, inside=SICK, findings_language="sv")
    document = await house.is_in(document_id, State.REJECTED)
    assert document.code == INFECTED and document.head.number == "F-1"
    found = await rule(house, document_id)
    assert "inside.pdf" in found[2] and "Virusskannern" in found[2]
    assert not await house.parts(document_id, Role.DOCUMENT), "nothing else was written down"


async def test_all_that_came_with_it_is_kept_and_withheld(house: House, clamd: Sandbox) -> None:
    use(house, clamd)
    document_id = await send(house, PDF, SICK)
    document = await house.document(document_id)
    parts = await house.store.parts(SENDER.id, document_id)
    hidden = {part.role for part in parts if withheld(document, part)}
    assert hidden == {Role.ORIGINAL, Role.ATTACHMENT}
    assert {part.role for part in parts} - hidden == {Role.FINDINGS}
    for part in parts:
        assert await house.store.content(SENDER.id, document_id, part.sha256) is not None


@pytest.mark.parametrize(
    "behaviour", [Behaviour.CLOSE, Behaviour.GARBAGE, Behaviour.ERROR, Behaviour.HANG_UP]
)
async def test_while_the_scanner_says_nothing_documents_wait(
    house: House, clamd: Sandbox, behaviour: Behaviour
) -> None:
    use(house, clamd)
    clamd.behaviour = behaviour
    document_id = await send(house, PDF)
    document = await house.is_in(document_id, State.RECEIVED)
    assert document.code == "document.scan_waits"
    await house.later(HOUR)
    clamd.behaviour = Behaviour.RIGHT
    await house.later(HOUR)
    await house.is_in(document_id, State.SENT)
    assert (await house.told(document_id)).count("document.waiting") == 1


async def test_they_wait_as_long_as_it_takes(house: House, clamd: Sandbox) -> None:
    use(house, clamd)
    port = int(clamd.address.rpartition(":")[2])
    await clamd.stop()
    with socket.socket() as kept:  # bound, never listening: nobody else gets the port meanwhile
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", port))
        document_id = await send(house, PDF)
        for _ in range(CLAIMS + 5):
            await house.later(timedelta(hours=6))
        await house.is_in(document_id, State.RECEIVED)
        await clamd.start(port)
    await house.later(timedelta(hours=6))
    await house.is_in(document_id, State.SENT)


async def test_where_the_operator_has_chosen_so_they_go_on_and_it_is_told(
    house: House, clamd: Sandbox
) -> None:
    use(house, clamd, go_on=True)
    clamd.behaviour = Behaviour.CLOSE
    document_id = await send(house, PDF, inside=PDF + b"inside")
    await house.is_in(document_id, State.SENT)
    assert (await house.told(document_id)).count("document.not_scanned") == 1


@pytest.mark.parametrize("size", [200_001, 1_000_001])
async def test_what_is_too_large_for_it_is_held_until_it_takes_more(
    house: House, clamd: Sandbox, size: int
) -> None:
    use(house, clamd)
    document_id = await send(house, PDF.ljust(size))
    document = await house.is_in(document_id, State.HELD)
    assert document.code == "document.not_scannable" and f"{size:,}" in document.text
    clamd.most_bytes = 10_000_000
    scanner = Clamd(clamd.address, limit_s=60, max_bytes=10_000_000, at_once=2)
    house.worker = Worker(house.store, house.transports, house.clock, scanning=Scanning(scanner))
    await house.do(document_id, Verb.RELEASE)
    await house.work()
    await house.is_in(document_id, State.SENT)


async def test_a_document_that_is_wrong_is_told_what_is_wrong_with_it(
    house: House, clamd: Sandbox
) -> None:
    use(house, clamd)
    document_id = await send(house, b"MZ\x00" + PDF, inside=PDF)
    document = await house.is_in(document_id, State.REJECTED)
    assert document.code == "document.not_valid"
