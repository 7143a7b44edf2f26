"""Validation beside its floor: lxml parse + XML Schema of the same bytes, interleaved in one run.

`ratios()` gives, for each number of lines, our time divided by the floor's, each the quarter
quickest of its rounds, so that a busy machine disturbs both alike. Ours is all that `validate`
does: guard, parse, structure, all rules with their lines, and letting go of it all. The documents
of the rounds are as one program would write them: numbers, dates, names, quantities, prices and
amounts differ, elements and codes are the same. Beside it the same for documents of a form that has
never been seen, each of its own. Also the growth exponent of our time (1.0 is linear), the peak
memory of a process that validates the largest document, and the time that a fresh process takes to
import the validator and validate its first.

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
from itertools import count
from pathlib import Path

from lxml import etree

from schemas.ubl import structure
from validators.examples.edits import source
from validators.pipeline import validate

SIZES = (1, 5, 100, 5000, 20000)
DAY = date(2026, 11, 21)
ROOT = Path(__file__).parents[2]
MEGABYTE = 1024 * 1024

_unseen = count()

Work = Callable[[bytes], object]

# A document from standard input, in a process that has nothing else; prints MB and seconds.
CHILD = """
import sys, time
data = sys.stdin.buffer.read()
start = time.process_time()
from datetime import date
from validators.pipeline import validate
assert not validate(data, at=date(2026, 11, 21)).findings
spent = time.process_time() - start
# Not getrusage: its peak counts the process that started this one too.
status = open("/proc/self/status").read()
print(int(status.partition("VmHWM:")[2].split()[0]) / 1024, spent)
"""


def invoice(lines: int, turn: int = 0) -> bytes:
    """Our invoice with its second line so many times, and right totals.

    That line has 25 elements, among them an allowance and a charge that are to be computed. Those
    of another `turn` differ in all that is not a code or about the parties.
    """
    text = source().decode()
    first, last = text.index("  <cac:InvoiceLine>"), text.rindex("  <cac:InvoiceLine>")
    head, line, end = text[:first], text[last : text.rindex("</Invoice>")], "</Invoice>\n"
    each = [(1 + (turn + n) % 9, 40 + (turn + 3 * n) % 50) for n in range(lines)]
    net = Decimal(sum(quantity * price for quantity, price in each)) * 95 / 100
    base = Decimal(1000 + 20 * turn)
    taxable = net - base * 3 / 100
    vat = round(taxable / 4, 2)
    head = _replaced(
        head,
        ("<cbc:ID>7001<", f"<cbc:ID>{7001 + turn}<"),
        ("2026-10-31", f"2026-11-{1 + turn % 30:02}"),
        ("2026-10-01", f"2026-10-{1 + turn % 30:02}"),
        ("2026-09-20", f"2026-09-{1 + turn % 30:02}"),
        ("70012", f"{70012 + turn}"),
        ("timesheet", f"timesheet{turn}"),
        ("1000.00", f"{base:.2f}"),
        (">50.00<", f">{base / 20:.2f}<"),
        (">20.00<", f">{base / 50:.2f}<"),
        ("1095.00", f"{net:.2f}"),
        ("1065.00", f"{taxable:.2f}"),
        ("266.25", f"{vat:.2f}"),
        ("1331.25", f"{taxable + vat:.2f}"),
        (">-0.25<", ">0.00<"),
        ("1231.00", f"{taxable + vat - 100:.2f}"),
    )
    pattern = _replaced(
        line,
        ("<cbc:ID>2<", "<cbc:ID>{number}<"),
        (">2<", ">{quantity}<"),
        ("95.00", "{net:.2f}"),
        (">10.00<", ">{discount:.2f}<"),
        (">5.00<", ">{packing:.2f}<"),
        ("100.00", "{gross:.2f}"),
        ("Part", "Part {turn}.{number}"),
        (">50.00<", ">{price:.2f}<"),
    )
    filled = []
    for number, (quantity, price) in enumerate(each, 1):
        gross = Decimal(quantity * price)
        amounts = {"gross": gross, "discount": gross / 10, "packing": gross / 20}
        amounts["net"] = gross * 95 / 100
        filled.append(
            pattern.format(number=number, turn=turn, quantity=quantity, price=price, **amounts)
        )
    return "".join((head, *filled, end)).encode()


def _replaced(text: str, *pairs: tuple[str, str]) -> str:
    for old, new in pairs:
        assert old in text, f"{old} is not in our invoice"
        text = text.replace(old, new)
    return text


def unseen(data: bytes, turn: int) -> bytes:
    """The document in a form that no other has: its root declares one more namespace."""
    return data.replace(b"<Invoice ", b'<Invoice xmlns:n="urn:never-seen:%d" ' % turn, 1)


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


def measured(lines: int, works: Sequence[Work], seconds: float) -> list[float]:
    """The time of each work in seconds, from rounds of all of them for about `seconds`.

    The last one is our time for a form never seen.
    """
    documents = [invoice(lines, turn) for turn in range(min(20, max(2, 2000 // lines)))]
    for data in documents:
        assert not validate(data, at=DAY).findings  # and the first of a form takes its time
    times: list[list[float]] = [[] for _ in (*works, full)]
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(times[0]) < 4:
        data = documents[len(times[0]) % len(documents)]
        for work, spent in zip(works, times, strict=False):
            spent.append(_timed(work, data))
        if len(times[0]) % 4 == 0:  # not more often: it leaves others a cold cache
            times[-1].append(_timed(full, unseen(data, next(_unseen))))
    return [sorted(spent)[len(spent) // 4] for spent in times]


def _timed(work: Work, data: bytes) -> float:
    """The processor's time: nothing here waits, and others at work on the machine do not count."""
    start = time.thread_time()
    work(data)
    return time.thread_time() - start


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
        works = (floor, full) if engine is None else (floor, full, engine)
        bottom, ours[lines], *theirs, first = measured(lines, works, seconds)
        found[f"{lines} lines / (parse + XSD)"] = ours[lines] / bottom
        found[f"{lines} lines of a new form / (parse + XSD)"] = first / bottom
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
        print(f"{name:44} {value:8.2f}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
