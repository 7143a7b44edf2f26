"""Validation beside its floor: lxml parse + XML Schema of the same bytes, interleaved in one run.

`ratios()` gives, for each number of lines, our time divided by the floor's: the quarter quickest of
the rounds of each, so that a busy machine disturbs both alike. Also the growth exponent between the
last two sizes: 1.0 is linear.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from lxml import etree

from schemas.ubl import structure
from validators.pipeline import validate

INVOICE = Path(__file__).parents[1] / "conformance" / "rules" / "invoice.xml"
SIZES = (1, 5, 100, 5000)
DAY = date(2026, 11, 21)


def invoice(lines: int) -> bytes:
    """Our invoice with its second line so many times, and right totals."""
    data = INVOICE.read_bytes()
    net = Decimal(95 * lines)
    vat = (net - 30) / 4
    for old, new in (
        (b"1095.00", net),
        (b"1065.00", net - 30),
        (b"266.25", vat),
        (b"1331.25", net - 30 + vat),
        (b">-0.25<", b">0.00<"),
        (b"1231.00", net - 130 + vat),
    ):
        data = data.replace(old, new if isinstance(new, bytes) else f"{new:.2f}".encode())
    start, end = data.rindex(b"  <cac:InvoiceLine>"), data.rindex(b"</Invoice>")
    first = data.index(b"  <cac:InvoiceLine>")
    return data[:first] + data[start:end] * lines + data[end:]


def floor(data: bytes) -> None:
    """The least a validator that uses libxml2 can do."""
    structure.schema("Invoice").validate(etree.fromstring(data))


def full(data: bytes) -> None:
    """All that we do."""
    validate(data, at=DAY)


def measured(data: bytes, seconds: float) -> tuple[float, float]:
    """The time of the floor and ours, in seconds, from rounds of both for about `seconds`."""
    times: tuple[list[float], list[float]] = ([], [])
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(times[0]) < 3:
        for work, spent in zip((floor, full), times, strict=True):
            spent.append(_timed(work, data))
    quarter = len(times[0]) // 4
    return sorted(times[0])[quarter], sorted(times[1])[quarter]


def _timed(work: Callable[[bytes], None], data: bytes) -> float:
    start = time.perf_counter()
    work(data)
    return time.perf_counter() - start


def ratios(sizes: Sequence[int] = SIZES, seconds: float = 2.0) -> dict[str, float]:
    """Size -> ratio to the floor, and the growth exponent of our time."""
    found: dict[str, float] = {}
    ours: list[float] = []
    for lines in sizes:
        data = invoice(lines)
        full(data)  # the first document of a kind works out its paths
        bottom, top = measured(data, seconds)
        ours.append(top)
        found[f"{lines} lines / (parse + XSD)"] = top / bottom
    found["growth exponent"] = math.log(ours[-1] / ours[-2]) / math.log(sizes[-1] / sizes[-2])
    return found


def main() -> None:
    """Prints the ratios."""
    for name, value in ratios().items():
        print(f"{name:28} {value:6.2f}")  # noqa: T201


if __name__ == "__main__":
    main()
