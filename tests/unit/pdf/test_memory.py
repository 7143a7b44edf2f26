"""However many lines: what is held of a page that is done is small."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

# In a process of its own: the peak of this one is that of all tests before. Linux hands `ru_maxrss`
# on to what a process starts, so it is asked for the peak of the program itself.
PROGRAM = """
import resource, sys
from dataclasses import replace
from pathlib import Path
from gateway.pdf.render import render
from tests.unit.pdf.invoices import PLAIN, line
def peak():
    if sys.platform != "linux":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (told,) = [x for x in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in x]
    return int(told.split()[1])
lines = tuple(line(n, f"Vara nummer {n} av god sort") for n in range(1, 10_001))
invoice = replace(PLAIN, lines=lines)
render(PLAIN, "sv")
before = peak()
size = len(render(invoice, "sv"))
print(peak() - before, size)
"""


def test_ten_thousand_lines_take_little_more_than_the_pdf_itself() -> None:
    """Seen: 4 MB more. Keeping every page until the end takes tens of them."""
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True
    )
    grown, size = map(int, run.stdout.split())
    if sys.platform == "darwin":
        grown //= 1024  # bytes there, kilobytes elsewhere
    assert size > 500_000
    assert grown * 1024 < 20_000_000
