"""kill -9 while the channels of a file of customers are found: every row is answered once."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from gateway.clock import SystemClock
from gateway.identifying.jobs import PIECE_ROWS, Jobs
from gateway.identifying.table import Row, Wrong, read
from gateway.store.port import Company, Store
from gateway.store.sqlite import SqliteStore
from gateway.ways import Ways
from tests.flows.channel import Scripted, channels, here, nobody
from transports.base import Inquiry, Reachability

KILLS = 4
SEED = 20261122
ROWS = 1500
ROOT = Path(__file__).parents[2]
COMPANY = Company("acme", "Acme", "NO", (), {})


class Telling(Scripted):
    """Knows every second one, and tells whom it was asked for; the `most`-th and later are never
    answered, so that nobody is through before the kill comes."""

    most = ROWS

    async def resolve(self, inquiry: Inquiry) -> Reachability:
        os.write(1, f"{inquiry.recipient.name}\n".encode())  # one write: a line is whole or none
        self.asked.append(None)
        if len(self.asked) > self.most:
            await asyncio.Event().wait()
        return here("email") if int(inquiry.recipient.name) % 2 else nobody("email")


def customers() -> tuple[bytes, list[Row]]:
    lines = ["name,country,email", *(f"{n},NO,a@b.example" for n in range(1, ROWS + 1))]
    content = "\n".join(lines).encode()
    rows = read(content, is_csv=True, today=datetime.now(UTC).date())
    assert not isinstance(rows, Wrong)
    return content, list(rows)


def jobs_in(store: Store, channel: Scripted) -> Jobs:
    clock = SystemClock()
    return Jobs(store, Ways(channels(channel), clock, limit_s=600), clock, rows_per_s=1e9)


async def serve(data: Path, most: int) -> None:
    """Hands the file in, as a client does that was not answered, and works until it is killed."""
    store = await SqliteStore.open(data)
    await store.add_company(COMPANY, datetime.now(UTC))
    channel = Telling("email")
    channel.most = most
    jobs = jobs_in(store, channel)
    await jobs.begin(COMPANY.id, *customers())
    await work_off(store, jobs)


async def work_off(store: Store, jobs: Jobs) -> None:
    while due := await store.claim("w", datetime.now(UTC), 60, 10):
        for job in due:
            await jobs(job)


async def test_every_customer_is_answered_once(tmp_path: Path) -> None:
    moment = random.Random(SEED)
    asked: Counter[str] = Counter()
    for _ in range(KILLS):
        kill_after = moment.randint(PIECE_ROWS + 20, 4 * PIECE_ROWS)
        most = str(kill_after + PIECE_ROWS)
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__)), str(tmp_path), most],
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert process.stdout is not None
        for n, line in enumerate(process.stdout):
            if n == kill_after:
                process.send_signal(signal.SIGKILL)  # what it says until it is dead counts too
            asked[line.decode().strip()] += 1
        process.stdout.close()
        assert process.wait() == -signal.SIGKILL
    store = await SqliteStore.open(tmp_path)
    last = Telling("email")
    jobs = jobs_in(store, last)
    (job,) = await jobs.all(COMPANY.id)
    assert job.running and 0 < job.done < ROWS, "the kills hit nothing"
    await work_off(store, jobs)
    (job,) = await jobs.all(COMPANY.id)
    found = [one async for page in jobs.answers(COMPANY.id, job.id) for one in page]
    await store.close()
    assert [(one.row, one.name) for one in found] == [(n, str(n)) for n in range(1, ROWS + 1)]
    assert [one.channel for one in found] == [
        "email" if n % 2 else None for n in range(1, ROWS + 1)
    ]
    assert (job.running, job.done) == (False, ROWS)
    assert job.counts == {"email": ROWS // 2, "none": ROWS // 2}
    again = sum(times - 1 for times in asked.values())
    assert again <= KILLS * PIECE_ROWS, "only what was under way is asked for again"


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
