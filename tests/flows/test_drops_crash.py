"""The process dies before every write, to the store or to a folder: so also after each of them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from gateway.delivery.unpacking import Unpacking
from gateway.delivery.worker import Worker
from gateway.delivery.workshop import HERE
from gateway.drops.opening import rounds
from gateway.drops.place import Place
from gateway.drops.rounds import KIND
from gateway.drops.section import Drops
from gateway.handing_in import HandingIn
from gateway.lifecycle import State
from gateway.trust.gate import OPEN
from tests.contracts.case import pdf
from tests.e2e import invoices
from tests.flows.death import NEVER, Death, Died, Mortal
from tests.flows.house import RECEIVER, SENDER, House

LEASE = timedelta(seconds=31)


class MortalPlace:
    def __init__(self, place: Place, death: Death) -> None:
        self._place = place
        self._death = death
        self.name = place.name

    @asynccontextmanager
    async def visit(self) -> AsyncIterator[Any]:
        async with self._place.visit() as visit:
            yield Mortal(visit, self._death)


def worker(house: House, root: Path, death: Death) -> Worker:
    folders = {one.id: str(root / one.id) for one in (SENDER, RECEIVER)}
    section = Drops(folders=folders, every_s=10, settle_s=5)
    store: Any = Mortal(house.store, death)
    handing_in = HandingIn(store, house.clock, Unpacking(HERE))
    made = rounds(section, store, house.clock, handing_in, OPEN, CollectorRegistry())
    made._places = {id_: MortalPlace(place, death) for id_, place in made._places.items()}
    return Worker(
        *(store, house.transports, house.clock),
        handlers={KIND: made},
        schedules=(made.schedule,),
    )


async def live(house: House, root: Path, death: Death) -> None:
    """A few minutes of a process."""
    one = worker(house, root, death)
    await one.run_due()
    for _ in range(3):
        house.clock.move(timedelta(minutes=1))
        await one.run_due()


def files(root: Path, folder: str, company: str = SENDER.id) -> list[str]:
    return sorted(path.name for path in (root / company / folder).iterdir())


async def test_each_file_is_one_document(house: House, tmp_path: Path) -> None:
    good = json.dumps(invoices.submission("F-1", to=invoices.RECEIVER)).encode()
    wrong = json.loads(good)
    wrong["invoice"]["number"], wrong["invoice"]["currency"] = "F-2", "none"
    for n in count(1):
        root = tmp_path / f"{n}"
        for company in (SENDER, RECEIVER):
            for folder in ("in", "status", "inbox"):
                (root / company.id / folder).mkdir(parents=True)
        await house.store.drop([f"{KIND}:{SENDER.id}", f"{KIND}:{RECEIVER.id}"])
        at = await house.store.documents(SENDER.id, limit=1000)
        known = {one.id for one in at.documents}
        number = f"F-{n}".encode()
        inside = root / SENDER.id / "in"
        (inside / "good.json").write_bytes(good.replace(b"F-1", number))
        (inside / "good.pdf").write_bytes(pdf())
        (inside / "wrong.json").write_bytes(json.dumps(wrong).encode())
        (inside / "broken.json").write_bytes(b"{}")
        (inside / "broken.pdf").write_bytes(pdf())
        death = Death(n)
        try:
            await live(house, root, death)
        except Died:
            pass
        house.clock.move(LEASE)
        await live(house, root, NEVER)
        house.clock.move(timedelta(minutes=1))  # the lease of what came in ends
        await worker(house, root, NEVER).run_due()

        page = await house.store.documents(SENDER.id, limit=1000)
        new = [one for one in page.documents if one.id not in known]
        told = {one.state: one for one in new}
        assert len(new) == 2 and set(told) == {State.DELIVERED, State.REJECTED}, (n, new)
        sent, rejected = told[State.DELIVERED], told[State.REJECTED]
        assert not files(root, "in")
        assert files(root, "done") == [f"{sent.id}-good.json", f"{sent.id}-good.pdf"]
        in_error = [name for name in files(root, "error") if not name.endswith(".txt")]
        expected = {f"{rejected.id}-wrong.json", "broken.json", "broken.pdf"}
        assert set(in_error) == expected, (n, in_error)
        assert {f"{name}.txt" for name in expected} - {"broken.pdf.txt"} <= set(
            files(root, "error")
        )
        events = await house.store.feed(SENDER.id, None, 5000, sent.id)
        names = [json.loads(path.read_bytes())["id"] for path in _told(root, sent.id)]
        assert len(set(names)) == len(names) and {event.id for event in events} >= set(names)
        assert not await house.store.inbox(RECEIVER.id, None, 10)
        came = [name for name in files(root, "inbox", RECEIVER.id) if name.endswith(".xml")]
        assert len(came) == 1, (n, came)
        if not death.dead:
            break
    assert n > 30


def _told(root: Path, document_id: str) -> list[Path]:
    found = (root / SENDER.id / "status").iterdir()
    return [path for path in found if document_id in path.read_text("utf-8")]
