"""A series of kills while documents travel both ways over Peppol.

Ledgers hand in invoices to participants of another access point, which takes them and sends
statuses; it sends documents too, some of which break rules, so that statuses are owed to it. It
lives in this process with the rest of the network. Two relays see all that is exchanged.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gateway.client import Problem, Unreachable
from gateway.sandbox import RECEIVER
from schemas.identifiers import Participant
from tests.crash.peppol import AGAIN_S, BROKEN, PATIENCE_S, World, message_id, world
from tests.crash.relay import Exchange, Relay
from tests.crash.series import ONCE, Found, Kind
from transports.peppol.sandbox.access_point import STATUS
from validators.examples.edits import source

LEDGERS = 3
SENDERS = 3
PARTICIPANTS = 5
UNDER_WAY = 12  # documents acknowledged and not posted yet, at most: the load is steady


async def run(
    kind: Kind,
    kills: int,
    dice: random.Random,
    home: Path,
    settings: Mapping[str, str],
    seconds: float,
) -> Found:
    """Kills so many times, or for so many seconds, and looks at what there is then."""
    async with world(home, settings) as network:
        way = await network.relay(network.point.url)
        network.network.register(network.point.own, [STATUS], f"{way.url}/as4", network.point.key)
        to = [await network.registered(n, way.url) for n in range(PARTICIPANTS)]
        series = _Series(kind, dice, network, way, to)
        await series.live(kills, seconds)
        return series.found


class _Series:
    def __init__(
        self,
        kind: Kind,
        dice: random.Random,
        network: World,
        way: Relay,
        to: Sequence[Participant],
    ) -> None:
        self.found = Found(kind)
        self._dice = dice
        self._world = network
        self._way = way
        self._to = to
        self._ids: dict[str, str] = {}  # number -> id
        self._came: list[str] = []  # what we gave a receipt for
        self._broken: list[str] = []  # of those
        self._ended = False

    async def live(self, kills: int, seconds: float) -> None:
        clock = asyncio.get_running_loop().time
        until = clock() + seconds
        async with asyncio.TaskGroup() as load:
            for n in range(LEDGERS):
                load.create_task(self._ledger(n))
            for n in range(SENDERS):
                load.create_task(self._sender(n))
            while self.found.kills < kills and clock() < until:
                await self._moment()
                await self._world.kill()
                await self._world.start()
                self.found.kills += 1
            self._ended = True
        await self._settle()
        await self._look()

    # --- the load ---

    async def _ledger(self, n: int) -> None:
        turn = 0
        while not self._ended:
            if len(self._ids) - len(self._posted()) > UNDER_WAY:
                await asyncio.sleep(0.02)
                continue
            turn += 1
            number = f"X-{n}-{turn}"
            while number not in self._ids:
                try:
                    to = self._to[turn % len(self._to)]
                    self._ids[number] = await self._world.hand_in(number, to)
                except Unreachable:
                    await asyncio.sleep(0.02)
                except Problem as problem:
                    if problem.status != 503:
                        raise
                    await asyncio.sleep(0.1)

    async def _sender(self, n: int) -> None:
        turn = 0
        while not self._ended:
            turn += 1
            instance = f"in-{n}-{turn}"
            broken = turn % 3 == 0
            await self._world.send(instance, BROKEN if broken else source())
            self._came.append(instance)
            if broken:
                self._broken.append(instance)

    def _posted(self) -> set[str]:
        """The invoices that the other access point has, by their messages."""
        own = self._world.point.own
        kept = self._world.point.kept
        return {id_ for id_, one in kept.items() if one.taken.header.receiver != own}

    async def _moment(self) -> None:
        if self._dice.random() < 0.8:
            enough = self._happened() + self._dice.randint(1, 8)
            async with asyncio.timeout(PATIENCE_S):
                while self._happened() < enough:
                    await asyncio.sleep(0.002)
        await asyncio.sleep(self._dice.uniform(0, 0.2))

    def _happened(self) -> int:
        return len(self._ids) + len(self._way.seen) + len(self._world.front.seen)

    # --- afterwards ---

    async def _settle(self) -> None:
        """Waits until all has arrived, as long as something still happens."""
        before: object = None
        try:
            while True:
                async with asyncio.timeout(PATIENCE_S):
                    while (now := await self._standing()) == before:
                        await asyncio.sleep(AGAIN_S)
                states, owed = now
                if states.keys() <= {"delivered"} and owed == len(self._broken):
                    return
                before = now
        except TimeoutError:
            return  # what is stuck is told by `_look`

    async def _standing(self) -> tuple[Counter[str], int]:
        documents = await self._documents()
        states = Counter(document["state"] for document in documents.values())
        return states, len(self._world.point.statuses)

    async def _documents(self) -> dict[str, Any]:
        documents: dict[str, Any] = {}
        after: str | None = None
        async with self._world.client() as client:
            while True:
                page = await client.get("/v1/documents", direction="out", after=after, limit=200)
                documents |= {document["id"]: document for document in page["documents"]}
                after = page["next"]
                if after is None:
                    return documents

    async def _inbox(self) -> list[str]:
        found: list[str] = []
        async with self._world.client(RECEIVER.key) as client:
            while page := await client.inbox(found[-1] if found else None):
                found += [document["id"] for document in page]
        return found

    async def _look(self) -> None:
        found = self.found
        documents = await self._documents()
        async with self._world.client() as client:
            events = [event async for event in client.events()]
        found.acknowledged = len(self._ids)
        found.events = len(events)
        found.states = Counter(document["state"] for document in documents.values())
        found.lost += sorted(set(self._ids.values()) - documents.keys())
        found.doubled += sorted(documents.keys() - set(self._ids.values()))
        found.stuck += [
            f"{id_} is {one['state']} ({one['code']})"
            for id_, one in documents.items()
            if one["state"] != "delivered"
        ]
        told = Counter(f"{e['document_id']} {e['type']}" for e in events if e["type"] in ONCE)
        found.double_events += [name for name, times in told.items() if times > 1]
        inbox = await self._inbox()
        if len(inbox) < len(self._came):
            found.lost.append(f"{len(self._came) - len(inbox)} of the inbox")
        if len(inbox) > len(self._came):
            found.doubled.append(f"{len(inbox) - len(self._came)} of the inbox")
        said = Counter(status.refers_to for status in self._world.point.statuses)
        owed = Counter(self._broken)
        found.stuck += [f"no status for {name}" for name in owed - said]
        found.other_calls += [f"a status too many for {name}" for name in said - owed]
        if len(self._posted()) != len(self._ids):
            found.doubled.append(f"{len(self._posted())} messages for {len(self._ids)} documents")
        self._look_at_bytes()

    def _look_at_bytes(self) -> None:
        found, own = self.found, str(self._world.point.own)
        out = _by_id(self._way.seen)
        found.calls = sum(len(each) for each in out.values())
        found.repeated = found.calls - len(out)
        for name, each in out.items():
            is_status = own.encode() in each[0].request
            if not is_status and len({exchange.request for exchange in each}) > 1:
                found.other_calls.append(f"other bytes under {name}")
        for name, each in _by_id(self._world.front.seen).items():
            if len({exchange.answer for exchange in each if _is_signal(exchange)}) > 1:
                found.other_calls.append(f"another receipt for {name}")
        for exchange in (*self._way.seen, *self._world.front.seen):
            if _is_signal(exchange) and b"NonRepudiationInformation" not in exchange.answer:
                found.other_calls.append(f"no receipt: {exchange.answer[-300:]!r}")


def _is_signal(exchange: Exchange) -> bool:
    """Whether there is an answer that says something of the message; too many at once get none."""
    return exchange.answer not in (b"", b"503: Service Unavailable")


def _by_id(seen: Sequence[Exchange]) -> Mapping[str, list[Exchange]]:
    found: dict[str, list[Exchange]] = {}
    for exchange in seen:
        if exchange.request:
            name = message_id(exchange.request_type, exchange.request)
            found.setdefault(name, []).append(exchange)
    return found
