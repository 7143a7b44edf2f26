"""The small ERP of examples/: its books are the gateway's, also when it is killed in the middle."""

from __future__ import annotations

import asyncio
import copy
import json
import os
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from gateway.client import Client
from gateway.sandbox import RECEIVER, SENDER, Sandbox, Seed
from tests.e2e.command import ROOT

ERP = ROOT / "examples" / "small_erp.py"
PATIENCE_S = 240

# Six channels: how many go there, and the state that each ends in.
SALES = {
    "se-b2b-invoice.json": (10, "internal", "delivered"),
    "se-b2b-peppol.json": (8, "peppol", "delivered"),
    "se-b2b-operator.json": (8, "operator", "delivered"),
    "se-b2c-bank.json": (8, "bank_se", "delivered"),
    "se-b2c-kivra.json": (8, "kivra", "delivered"),
    "se-b2c-email.json": (8, "email", "sent"),
}
TOO_LARGE = {"S-001", "S-002"}  # of those that come to the buyer


def sales() -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Number, channel, final state and body of each invoice."""
    n = 0
    for file, (many, channel, state) in SALES.items():
        body = json.loads((ROOT / "examples" / file).read_text("utf-8"))
        for _ in range(many):
            n += 1
            one = copy.deepcopy(body)
            one["invoice"]["number"] = f"S-{n:03}"
            if one["invoice"]["number"] in TOO_LARGE:
                for name in ("totals", "vat_breakdown"):
                    one["invoice"].pop(name, None)
                one["invoice"]["lines"][0]["quantity"] = "40"
            yield one["invoice"]["number"], channel, state, one


EXPECTED = {
    number: (
        state,
        channel,
        ("rejected" if number in TOO_LARGE else "accepted") if channel == "internal" else "none",
    )
    for number, channel, state, _ in sales()
}


class Erp:
    """A process with books."""

    def __init__(self, sandbox: Sandbox, seed: Seed, books: Path) -> None:
        self.books = books
        self._arguments = ["--books", str(books), "--url", sandbox.gateway.url, "--lease-s", "2"]
        self._environment = os.environ | {"BUDKAVLE_API_KEY": seed.key, "PYTHONPATH": str(ROOT)}
        self._process: asyncio.subprocess.Process | None = None

    async def do(self, *what: str) -> str:
        """Runs a command to its end; what it prints."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(ERP), *self._arguments, *what),
            env=self._environment,
            stdout=asyncio.subprocess.PIPE,
        )
        printed, _ = await asyncio.wait_for(process.communicate(), PATIENCE_S)
        assert process.returncode == 0
        return printed.decode()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Runs; it is killed at the end, as it is always stopped."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(ERP), *self._arguments, "run"), env=self._environment
        )
        try:
            yield
            assert process.returncode is None, "it ended by itself"
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        books = sqlite3.connect(self.books, timeout=60)
        try:
            return books.execute(sql).fetchall()
        except sqlite3.OperationalError:
            return []  # not yet made
        finally:
            books.close()

    def sold(self) -> dict[str, tuple[str, str, str]]:
        rows = self.rows("SELECT number, state, channel, business FROM sale")
        return {number: (state, channel, business) for number, state, channel, business in rows}

    def bought(self) -> Counter[str]:
        return Counter(said for (said,) in self.rows("SELECT decision FROM purchase WHERE told"))


async def until(reached: Callable[[], bool], told: Callable[[], object]) -> None:
    """Waits until it is so; a good gateway gets there."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not reached():
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise AssertionError(told()) from None


async def book(seller: Erp, folder: Path) -> None:
    files = []
    for number, _, _, body in sales():
        files.append(folder / f"{number}.json")
        files[-1].write_text(json.dumps(body), "utf-8")
    await seller.do("sell", *map(str, files))


async def check(sandbox: Sandbox, seller: Erp, buyer: Erp) -> None:
    """The books are the gateway's, to the last document."""
    async with Client(sandbox.gateway.url, SENDER.key) as client:
        documents = await client.documents(direction="out")
        there = {
            each["head"]["number"]: (each["state"], each["channel"], each["business"])
            for each in documents
        }
        assert len(documents) == len(there) == 50  # none twice
    assert seller.sold() == there == EXPECTED
    async with Client(sandbox.gateway.url, RECEIVER.key) as client:
        came = await client.documents(direction="in")
        assert {each["id"] for each in came} == {
            document_id for (document_id,) in buyer.rows("SELECT document_id FROM purchase")
        }
        assert Counter(each["business"] for each in came) == {"accepted": 8, "rejected": 2}
        assert await client.inbox() == []  # all confirmed


async def test_its_books_equal_the_gateways(tmp_path: Path) -> None:
    async with Sandbox(tmp_path / "sandbox") as sandbox:
        seller = Erp(sandbox, SENDER, tmp_path / "seller.db")
        buyer = Erp(sandbox, RECEIVER, tmp_path / "buyer.db")
        await book(seller, tmp_path)
        async with seller.running(), buyer.running():
            await until(lambda: seller.sold() == EXPECTED, seller.sold)
            await until(lambda: buyer.bought() == {"AP": 8, "RE": 2}, buyer.bought)
        await check(sandbox, seller, buyer)
        printed = await seller.do("ledger")
        assert len(printed.splitlines()) == 50
        assert "S-001                delivered  rejected   internal" in printed


async def test_killed_in_the_middle_it_goes_on(tmp_path: Path) -> None:
    async with Sandbox(tmp_path / "sandbox") as sandbox:
        seller = Erp(sandbox, SENDER, tmp_path / "seller.db")
        buyer = Erp(sandbox, RECEIVER, tmp_path / "buyer.db")
        await book(seller, tmp_path)
        # Each is killed as soon as it has begun what it does next.
        begun = [
            lambda: bool(seller.rows("SELECT 1 FROM sale WHERE document_id IS NOT NULL")),
            lambda: bool(seller.rows("SELECT 1 FROM sale WHERE state = 'delivered'")),
            lambda: bool(buyer.rows("SELECT 1 FROM purchase")),
            lambda: bool(buyer.rows("SELECT 1 FROM purchase WHERE told")),
        ]
        for n, is_begun in enumerate(begun):
            async with (seller if n < 2 else buyer).running():
                await until(is_begun, lambda n=n: f"step {n} was never begun")  # type: ignore[misc]
        async with seller.running(), buyer.running():
            await until(lambda: seller.sold() == EXPECTED, seller.sold)
            await until(lambda: buyer.bought() == {"AP": 8, "RE": 2}, buyer.bought)
        await check(sandbox, seller, buyer)
