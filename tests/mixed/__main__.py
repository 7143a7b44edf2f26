"""A mixed run by hand: `python -m tests.mixed --documents 5000 --seed 1`.

Ends with 0 only if every document ended as foretold, and every partner has what it should.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path
from time import monotonic

from gateway.log import setup
from tests.mixed.fates import FATES, SILENT
from tests.mixed.run import draw, run


def main() -> None:
    """Runs it, and prints the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", type=float, default=0.1, help="share of them with a fault")
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--silent", action="store_true", help="partners that never answer, too")
    asked = parser.parse_args()
    fates = (*FATES, *SILENT) if asked.silent else FATES
    setup("error")
    began = monotonic()
    with tempfile.TemporaryDirectory() as data:
        ones = draw(asked.documents, asked.seed, asked.faults, fates)
        result = asyncio.run(
            run(Path(data), ones, limit_s=asked.seconds, patience_s=5 if asked.silent else 60)
        )
    print(f"{asked.documents} invoices, seed {asked.seed}, {monotonic() - began:.0f} s")  # noqa: T201
    print(result.report())  # noqa: T201
    sys.exit(1 if result.differences else 0)


main()
