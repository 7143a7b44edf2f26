"""`budkavle set-aside`: what came in for nobody is given to a company, or dropped."""

from __future__ import annotations

import json
from pathlib import Path

from gateway.clock import SystemClock
from gateway.delivery.worker import Worker
from gateway.inbound.aside import lying
from gateway.inbound.inboxes import Inboxes
from gateway.inbound.incoming import Incoming, SetAside
from gateway.sandbox import RECEIVER, plant
from gateway.store.sqlite import SqliteStore
from schemas.identifiers import Participant
from tests.e2e.command import budkavle
from tests.e2e.invoices import ELSEWHERE
from transports.base import File

UBL = (Path("examples") / "no-b2b-invoice.xml").read_bytes()


async def test_it_is_listed_given_and_dropped(tmp_path: Path) -> None:
    clock = SystemClock()
    store = await SqliteStore.open(tmp_path)
    await plant(store, clock)
    nobody = Participant.parse(ELSEWHERE)
    ids = []
    for n in range(2):
        document = File("d.xml", "application/xml", UBL)
        taken = await Inboxes(store, clock).take(Incoming("operator", str(n), nobody, document))
        assert isinstance(taken, SetAside)
        ids.append(taken.document_id)
    await Worker(store, {}, clock).run_due()
    await store.close()
    here = ("--data", tmp_path)

    listed = (await budkavle("set-aside", "list", *here)).lines
    assert [(row["id"], row["recipient"]) for row in listed] == [(id_, ELSEWHERE) for id_ in ids]
    company = RECEIVER.company.id
    given = await budkavle("set-aside", "assign", ids[0], company, "--reason", "Theirs.", *here)
    assert given.code == 0 and given.lines[0]["company"] == company, given.err
    again = await budkavle("set-aside", "drop", ids[0], "--reason", "Rubbish.", *here)
    assert again.code == 2 and "no more" in again.err
    dropped = await budkavle("set-aside", "drop", ids[1], "--reason", "Rubbish.", *here)
    assert dropped.code == 0, dropped.err

    store = await SqliteStore.open(tmp_path)
    assert await lying(store) == []
    (there,) = await store.inbox(company, None, 10)
    assert there.id == given.lines[0]["id"]
    told = {entry.action: entry.data for entry in await store.audit_entries(0, 100)}
    told = {action: json.loads(data) for action, data in told.items()}
    assert told["inbox.assigned"]["reason"] == "Theirs."
    assert told["inbox.dropped"]["reason"] == "Rubbish."
    await store.close()
