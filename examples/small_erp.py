"""A small ERP in one file: sells, follows what becomes of its invoices, buys, and answers.

    python examples/small_erp.py sell se-b2b-invoice.json ...    book invoices, to be sent
    python examples/small_erp.py run                             exchange with the gateway, until ^C
    python examples/small_erp.py ledger                          print the books

The books are one SQLite file (`--books`). It may be killed at any moment and started again, because
three things are always true:

- an invoice has an idempotency key made of its own number: sent again, it is no second one;
- the place in the event feed is written in the transaction in which the events are booked;
- a purchase is in the books before it is confirmed, under its id at the gateway.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from gateway.client import Problem, SyncClient, Unreachable, answers

BOOKS = """
CREATE TABLE IF NOT EXISTS sale (
    number TEXT PRIMARY KEY, body TEXT NOT NULL, document_id TEXT UNIQUE,
    state TEXT NOT NULL DEFAULT 'new', business TEXT NOT NULL DEFAULT 'none',
    channel TEXT, text TEXT
);
CREATE TABLE IF NOT EXISTS purchase (
    document_id TEXT PRIMARY KEY, number TEXT, seller TEXT, amount TEXT, currency TEXT,
    content BLOB NOT NULL, decision TEXT, told INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS place (one INTEGER PRIMARY KEY CHECK (one = 1), cursor TEXT NOT NULL);
"""

# What an event says of the state of a sale; the others are news and change nothing in the books.
STATES = {
    "document.received": "received",
    "document.rejected": "rejected",
    "document.routed": "routing",
    "document.waiting": "waiting",
    "document.held": "held",
    "document.sent": "sent",
    "document.delivered": "delivered",
    "document.failed": "failed",
    "document.cancelled": "cancelled",
}

# Larger purchases nobody here has ordered.
APPROVED_UP_TO = Decimal(50_000)


class SmallErp:
    """The books, and what they exchange with the gateway."""

    def __init__(self, books: Path, client: SyncClient, lease_s: float = 60) -> None:
        self.books = sqlite3.connect(books)
        self.books.executescript(BOOKS)
        self.client = client
        self.lease_s = lease_s

    # --- selling ---------------------------------------------------------------------------------

    def sell(self, body: Mapping[str, Any]) -> None:
        """Books an invoice, to be sent; one that is booked already stays as it is."""
        number, text = body["invoice"]["number"], json.dumps(body)
        with self.books:
            sql = "INSERT INTO sale (number, body) VALUES (?, ?) ON CONFLICT DO NOTHING"
            self.books.execute(sql, (number, text))

    def submit(self) -> None:
        """Hands in what has not been handed in, or of which no answer was booked."""
        for result in self.client.submit_many(self._unsent()):
            problem = result["problem"]
            row = (result["document_id"], "received", None, result["id"])
            if problem is not None:  # the invoice itself is wrong: a person must mend it
                first = (problem["errors"] or [problem])[0]
                row = (None, "refused", first["detail"], result["id"])
            with self.books:
                sql = "UPDATE sale SET document_id = ?, state = ?, text = ? WHERE number = ?"
                self.books.execute(sql, row)

    def _unsent(self) -> Iterator[dict[str, Any]]:
        found = self.books.execute("SELECT number, body FROM sale WHERE state = 'new'").fetchall()
        for number, body in found:
            yield {"id": number, "idempotency_key": f"sale-{number}", **json.loads(body)}

    def follow(self) -> None:
        """Books what has happened since the last time. Only when every sale has its document, so
        that no event is of one that the books do not know yet."""
        (after,) = self.books.execute("SELECT max(cursor) FROM place").fetchone()
        while True:
            page = self.client.read_events(after=after, limit=200)
            with self.books:
                for event in page["events"]:
                    self._book(event)
                sql = "INSERT INTO place VALUES (1, ?) ON CONFLICT DO UPDATE SET cursor = ?"
                self.books.execute(sql, (page["next"], page["next"]))
            if page["next"] == after:
                return
            after = page["next"]

    def _book(self, event: Mapping[str, Any]) -> None:
        data, document_id = event["data"], event["document_id"]
        if event["type"] in STATES:
            state, why = STATES[event["type"]], data.get("text")
            sql = """UPDATE sale SET state = ?, text = ?, channel = coalesce(?, channel)
                     WHERE document_id = ?"""
            self.books.execute(sql, (state, why, data.get("channel"), document_id))
        elif event["type"] == "document.answered":
            sql = "UPDATE sale SET business = ? WHERE document_id = ?"
            self.books.execute(sql, (data["business"], document_id))

    # --- buying ----------------------------------------------------------------------------------

    def receive(self) -> None:
        """Takes over what came in. Each is lent to us for a while; confirmed, it is ours."""
        while documents := (page := self.client.read_inbox(lease_s=self.lease_s))["documents"]:
            for document in documents:
                head = document["head"]
                content = self.client.get_inbox_content(document["id"]).read()
                row = (document["id"], head["number"], head["sender_name"], head["amount_due"])
                with self.books:
                    sql = """INSERT INTO purchase
                             (document_id, number, seller, amount, currency, content)
                             VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"""
                    self.books.execute(sql, (*row, head["currency"], content))
                try:
                    self.client.confirm_document(document["id"], lease=page["lease"])
                except Problem as problem:
                    if problem.status != 409:  # our time was over: it comes again, and is known
                        raise

    def answer(self) -> None:
        """Approves or rejects what was bought, and tells the seller."""
        sql = "SELECT document_id, amount FROM purchase WHERE NOT told"
        for document_id, amount in self.books.execute(sql).fetchall():
            # The very same answer again is the same answer: killed after it, we repeat it.
            if Decimal(amount or 0) <= APPROVED_UP_TO:
                decision = self.client.respond_to_document(document_id, "AP")["status"]
            else:
                why: answers.Clarifying = {"code": "PRI", "text": "Nobody has ordered so much."}
                answered = self.client.respond_to_document(document_id, "RE", reasons=[why])
                decision = answered["status"]
            with self.books:
                told = "UPDATE purchase SET decision = ?, told = 1 WHERE document_id = ?"
                self.books.execute(told, (decision, document_id))

    # --- both ------------------------------------------------------------------------------------

    def exchange(self) -> None:
        """One round of everything."""
        self.submit()
        self.follow()
        self.receive()
        self.answer()

    def run(self) -> None:
        """Rounds without end: at once when something happens, and every few seconds anyway."""
        while True:
            try:
                self.exchange()
                (after,) = self.books.execute("SELECT cursor FROM place").fetchone()
                self.client.read_events(after=after, wait=2, limit=1)
            except Unreachable as error:
                print(f"The gateway is away, and is asked again: {error}")  # noqa: T201

    def ledger(self) -> Iterable[str]:
        """The books, a line each."""
        for row in self.books.execute(
            "SELECT number, state, business, coalesce(channel, '') FROM sale ORDER BY number"
        ):
            yield "sale      {:20} {:10} {:10} {}".format(*row)
        for row in self.books.execute(
            "SELECT number, seller, amount, currency, coalesce(decision, '') FROM purchase"
            " ORDER BY number"
        ):
            yield "purchase  {:20} {:24} {:>12} {} {}".format(*(each or "" for each in row))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--books", type=Path, default=Path("books.db"))
    parser.add_argument("--url", default=os.environ.get("BUDKAVLE_URL", "http://127.0.0.1:8080"))
    parser.add_argument("--lease-s", type=float, default=60)
    parser.add_argument("do", choices=["sell", "run", "ledger"])
    parser.add_argument("files", nargs="*", type=Path, help="for `sell`: invoices as JSON")
    given = parser.parse_args()
    key = os.environ.get("BUDKAVLE_API_KEY", "")  # not an argument: others see command lines
    with SyncClient(given.url, key) as client:
        erp = SmallErp(given.books, client, given.lease_s)
        match given.do:
            case "sell":
                for file in given.files:
                    erp.sell(json.loads(file.read_text("utf-8"), parse_float=str))
            case "run":
                erp.run()
            case "ledger":
                for line in erp.ledger():
                    print(line)  # noqa: T201


if __name__ == "__main__":
    main()
