"""`make bench`: what things cost beside the least they could, side by side in one run.

Only the ratios mean something: figures per second say more about the machine than about the code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rich.console import Console
from rich.table import Table

from tests.bench import (
    delivery,
    latency,
    memory,
    one_process,
    pdf,
    peppol,
    searching,
    store,
    turns,
    validation,
    whole_way,
    workers,
    writes,
)

BENCHES: dict[str, Callable[[], Mapping[str, float]]] = {
    "documents over HTTP, and a bare aiohttp POST of the same body": whole_way.measure,
    "the same with client and server in one process, and what the least there is takes": (
        one_process.measure
    ),
    "one document at a time": latency.measure,
    "what is written for an invoice": writes.measure,
    "the worker, with a channel that does nothing": delivery.measure,
    "lanes: timers far ahead, and one company's flood": turns.measure,
    "two workers, and one, on PostgreSQL": workers.measure,
    "validation, and lxml's parse + XSD": validation.ratios,
    "a Peppol message and its receipt, and the RSA, AES, SHA-256 and gzip of it": peppol.measure,
    "merging PDFs in a process of its own, and pikepdf alone": pdf.measure,
    "the stores, and raw rows in their databases": store.measure,
    "the console's log over many documents, and a bare aiohttp page": searching.measure,
    "memory of a gateway that works on and on": memory.measure,
}


def main() -> None:
    """Runs all benches and prints their tables."""
    console = Console()
    for title, measure in BENCHES.items():
        with console.status(title):
            figures = measure()
        table = Table(title=title, title_justify="left", box=None, show_header=False)
        for name, value in figures.items():
            table.add_row(name, f"{value:,.2f}")
        console.print(table)


if __name__ == "__main__":
    main()
