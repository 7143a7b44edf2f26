"""Validation beside its floor: lxml parse + XML Schema of the same bytes, interleaved in one run.

`ratios()` gives, for each number of lines, our time divided by the floor's, each the quarter
quickest of its rounds, so that a busy machine disturbs both alike. Ours is all that `validate`
does: guard, parse, structure, all rules with their lines, and letting go of it all. Also the growth
exponent of our time (1.0 is linear), the peak memory of a process that validates the largest
document, and the time that a fresh process takes to import the validator and validate its first.

    python -m tests.bench.validation [--seconds S] [--xslt EN.xslt --xslt PEPPOL.xslt]

With `--xslt`, the official rules compiled to XSLT, and saxonche installed, the official engine runs
in the same rounds on the same bytes, without XML Schema.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from importlib.util import find_spec
from pathlib import Path

from lxml import etree

from schemas.ubl import structure
from validators.examples.edits import source
from validators.pipeline import validate

SIZES = (1, 5, 100, 5000, 20000)
DAY = date(2026, 11, 21)
ROOT = Path(__file__).parents[2]
MEGABYTE = 1024 * 1024

Work = Callable[[bytes], object]

# A document from standard input, in a process that has nothing else; prints MB and seconds.
CHILD = """
import sys, time
data = sys.stdin.buffer.read()
start = time.perf_counter()
from datetime import date
from validators.pipeline import validate
assert not validate(data, at=date(2026, 11, 21)).findings
spent = time.perf_counter() - start
# Not getrusage: its peak counts the process that started this one too.
status = open("/proc/self/status").read()
print(int(status.partition("VmHWM:")[2].split()[0]) / 1024, spent)
"""


def invoice(lines: int) -> bytes:
    """Our invoice with its second line so many times, and right totals.

    That line has 25 elements, among them an allowance and a charge that are to be computed.
    """
    data = source()
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


def official(sheets: Sequence[Path]) -> Work | None:
    """The official engine with compiled rules; None without sheets, or where it is missing."""
    if not sheets or find_spec("saxonche") is None:
        return None
    from saxonche import PySaxonProcessor  # for this comparison alone

    saxon = PySaxonProcessor(license=False)
    compiler = saxon.new_xslt30_processor()
    compiled = [compiler.compile_stylesheet(stylesheet_file=str(sheet)) for sheet in sheets]

    def run(data: bytes) -> None:
        node = saxon.parse_xml(xml_text=data.decode())
        for sheet in compiled:
            sheet.transform_to_string(xdm_node=node)

    return run


def measured(data: bytes, works: Sequence[Work], seconds: float) -> list[float]:
    """The time of each work in seconds, from rounds of all of them for about `seconds`."""
    times: list[list[float]] = [[] for _ in works]
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(times[0]) < 3:
        for work, spent in zip(works, times, strict=True):
            spent.append(_timed(work, data))
    return [sorted(spent)[len(spent) // 4] for spent in times]


def _timed(work: Work, data: bytes) -> float:
    start = time.perf_counter()
    work(data)
    return time.perf_counter() - start


def alone(data: bytes) -> tuple[float, float]:
    """Peak memory in MB, and seconds for import and document, of a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", CHILD], input=data, capture_output=True, cwd=ROOT, check=True
    )
    peak, spent = done.stdout.split()
    return float(peak), float(spent)


def ratios(
    sizes: Sequence[int] = SIZES, seconds: float = 2.0, sheets: Sequence[Path] = ()
) -> Mapping[str, float]:
    """What is measured -> figure; see the module."""
    found: dict[str, float] = {}
    ours: dict[int, float] = {}
    engine = official(sheets)
    for lines in sizes:
        data = invoice(lines)
        assert not validate(data, at=DAY).findings  # and the first of a kind works out its paths
        works = (floor, full) if engine is None else (floor, full, engine)
        bottom, ours[lines], *theirs = measured(data, works, seconds)
        found[f"{lines} lines / (parse + XSD)"] = ours[lines] / bottom
        if theirs:
            found[f"saxonche / ours, {lines} lines"] = theirs[0] / ours[lines]
    for first, last in ((sizes[-3], sizes[-1]), (sizes[-2], sizes[-1])):
        growth = math.log(ours[last] / ours[first]) / math.log(last / first)
        found[f"growth exponent, {first} to {last} lines"] = growth
    found[f"peak memory in MB, {sizes[-1]} lines"], _ = alone(invoice(sizes[-1]))
    _, found["import and first document, seconds"] = alone(invoice(1))
    return found


def main() -> None:
    """Prints the figures."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.bench.validation")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each number of lines")
    parser.add_argument("--xslt", type=Path, action="append", default=[], metavar="SHEET")
    given = parser.parse_args()
    for name, value in ratios(seconds=given.seconds, sheets=given.xslt).items():
        print(f"{name:40} {value:8.2f}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
