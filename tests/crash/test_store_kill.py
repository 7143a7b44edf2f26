"""kill -9 of a process that accepts and checkpoints, again and again: what it said is on disk.

Killing a process does not test power loss: what was written but not synced survives it in the page
cache. That the sync comes before the answer is seen through strace, where the machine has it.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from gateway.lifecycle import State, change
from gateway.store.ids import new_id
from gateway.store.port import (
    Accepted,
    Again,
    Attempt,
    Checkpoint,
    Company,
    Done,
    Head,
    Job,
    Leg,
    NewEvent,
    NewPart,
    Role,
    Submission,
)
from gateway.store.sqlite import SqliteStore
from tests.servers import tracing

KILLS = 8
SEED = 20261121
COMPANY = "acme"
ROOT = Path(__file__).parents[2]

# --- the process that is killed ---------------------------------------------------------------


def say(word: str, document_id: str) -> None:
    os.write(1, f"{word} {document_id}\n".encode())  # one write: a line is whole or not there


def content_of(document_id: str) -> bytes:
    """Known from the id; every fifth is a file, not a row."""
    size = 70_000 if UUID(document_id[4:]).int % 5 == 0 else 2_000
    return hashlib.sha256(document_id.encode()).digest() * (size // 32)


async def submit(store: SqliteStore) -> None:
    document_id = new_id("doc")
    part = NewPart(Role.ORIGINAL, "i.xml", "application/xml", content_of(document_id))
    asked = Submission(
        document_id, COMPANY, "application/xml", [part], {}, (document_id, document_id)
    )
    say("asked", document_id)
    for replayed in (False, True):  # a client that did not hear the answer asks again
        answer = await store.accept(asked, datetime.now(UTC))
        assert answer == Accepted(document_id, replayed)
        say("accepted", document_id)


async def work(store: SqliteStore, job: Job) -> None:
    now, document_id = datetime.now(UTC), job.document_id
    intent = Attempt(f"att{document_id[3:]}", document_id, 0, "email", now)
    leg = Leg(document_id, 0, "email", UUID(document_id[4:]), "trying")
    if job.kind == "prepare":
        step = Checkpoint(
            Again(now, "deliver"),
            change(State.RECEIVED, State.ROUTING, code="c", text="t"),
            Head(number=document_id),
            "email",
            [NewPart(Role.PLAN, "plan", "application/json", document_id.encode())],
            [leg],
            intent,
            [NewEvent("document.routed")],
        )
    else:
        step = Checkpoint(
            Done(),
            change(State.ROUTING, State.FAILED, code="c", text="t"),
            parts=[NewPart(Role.EVIDENCE, "answer", "text/plain", b"550", intent.id)],
            legs=[Leg(document_id, 0, "email", leg.key, "refused")],
            attempt=Attempt(intent.id, document_id, 0, "email", now, now, "refused"),
            events=[NewEvent("document.attempted"), NewEvent("document.failed")],
        )
    await store.checkpoint(job, step, now)
    say(job.kind, document_id)


async def serve(data_dir: Path, submissions: int, submitters: int) -> None:
    """Submits so many, works on all that is there, and ends when nothing is left."""
    store = await SqliteStore.open(data_dir)
    await store.add_company(Company(COMPANY, "Acme", "SE", (), {}), datetime.now(UTC))
    left = iter(range(submissions))

    async def submitter() -> None:
        for _ in left:
            await submit(store)

    submitting = asyncio.gather(*(submitter() for _ in range(submitters)))
    while True:
        last = submitting.done()
        jobs = await store.claim("worker", datetime.now(UTC), 30, 20)
        await asyncio.gather(*(work(store, job) for job in jobs))
        if not jobs and last:
            break
    await submitting
    await store.close()


def started(
    data_dir: Path, submissions: int, submitters: int = 16, before: Sequence[str] = ()
) -> subprocess.Popen[bytes]:
    numbers = (str(submissions), str(submitters))
    command = [*before, sys.executable, str(Path(__file__)), str(data_dir), *numbers]
    return subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, env=_environment())


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


# --- what must be found afterwards ------------------------------------------------------------

# By how far a document has come: version, events, parts, leg, attempt's outcome, job.
STAGES = {
    State.RECEIVED: (1, ["received"], ["original"], [], [], ["prepare"]),
    State.ROUTING: (
        2,
        ["received", "routed"],
        ["original", "plan"],
        ["trying"],
        [None],
        ["deliver"],
    ),
    State.FAILED: (
        3,
        ["received", "routed", "attempted", "failed"],
        ["original", "plan", "evidence"],
        ["refused"],
        ["refused"],
        [],
    ),
}


async def whole(data_dir: Path) -> dict[str, State]:
    """Every document's state; fails when one is neither before nor after a checkpoint."""
    with sqlite3.connect(data_dir / "budkavle.sqlite") as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
        jobs = Counter(database.execute("SELECT document_id, kind FROM job").fetchall())
        ids = [row[0] for row in database.execute("SELECT id FROM document")]
        keys = [row[0] for row in database.execute("SELECT document_id FROM idempotency")]
        numbers = [row[0] for row in database.execute("SELECT seq FROM event ORDER BY seq")]
    database.close()
    assert sorted(keys) == sorted(ids)
    assert numbers == list(range(1, len(numbers) + 1))  # nothing taken back, nothing twice

    store = await SqliteStore.open(data_dir)
    states = {}
    for document_id in ids:
        document = await store.document(COMPANY, document_id)
        assert document is not None
        parts = await store.parts(COMPANY, document_id)
        found = (
            document.version,
            [
                e.type.removeprefix("document.")
                for e in await store.feed(COMPANY, None, 99, document_id)
            ],
            [part.role.value for part in parts],
            [leg.state for leg in await store.legs(COMPANY, document_id)],
            [attempt.outcome for attempt in await store.attempts(COMPANY, document_id)],
            [kind for kind in ("prepare", "deliver") for _ in range(jobs[document_id, kind])],
        )
        assert found == STAGES[document.state], document_id
        content = await store.content(COMPANY, document_id, parts[0].sha256)
        assert content == content_of(document_id)
        states[document_id] = document.state
    await store.close()
    return states


async def test_nothing_that_was_acknowledged_is_lost(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    moment = random.Random(SEED)
    said: dict[str, set[str]] = {
        word: set() for word in ("asked", "accepted", "prepare", "deliver")
    }
    in_flight = 0
    for _ in range(KILLS):
        process = started(data_dir, 10_000)
        assert process.stdout is not None
        kill_after = moment.randint(1, 400)
        for n, line in enumerate(process.stdout):
            if n == kill_after:
                process.send_signal(signal.SIGKILL)  # what it says until it is dead counts too
            word, document_id = line.decode().split()
            said[word].add(document_id)
        process.stdout.close()
        assert process.wait() == -signal.SIGKILL

        states = await whole(data_dir)
        assert said["accepted"] <= set(states)
        assert {i for i in said["prepare"] if states[i] is State.RECEIVED} == set()
        assert {i for i in said["deliver"] if states[i] is not State.FAILED} == set()
        in_flight += len(states) - len(said["deliver"])
    assert in_flight > 0  # or the kills hit nothing

    process = started(data_dir, 0)  # nothing is stuck: the next start finishes all
    _, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    assert set((await whole(data_dir)).values()) == {State.FAILED}


# --- the sync comes before the answer ---------------------------------------------------------

_SYNCED = re.compile(r"\d+ +(?:fdatasync\(|<\.\.\. fdatasync resumed>).*= 0")
_SAID = re.compile(r'\d+ +write\(1, "(asked|accepted) (\S+)\\n"')


def _traced(tmp_path: Path, submissions: int, submitters: int) -> list[tuple[str, str]]:
    """What the process did, in order: ("synced", ""), ("asked", id), ("accepted", id)."""
    log = tmp_path / "trace"
    tracer = tracing.strace("-o", str(log), "-s", "100", "-e", "trace=fdatasync,write")
    process = started(tmp_path / "data", submissions, submitters, tracer)
    process.communicate(timeout=300)
    assert process.returncode == 0
    seen = []
    for line in tracing.lines(log):
        if said := _SAID.match(line):
            seen.append((said[1], said[2]))
        elif _SYNCED.match(line):
            seen.append(("synced", ""))
    return seen


def test_each_answer_has_its_sync_before_it(tmp_path: Path) -> None:
    seen = _traced(tmp_path, 20, 1)
    asked = [n for n, (word, _) in enumerate(seen) if word == "asked"]
    assert len(asked) == 20
    for n in asked:
        document_id = seen[n][1]
        assert ("synced", "") in seen[n : seen.index(("accepted", document_id))]


def test_answers_at_once_share_a_sync(tmp_path: Path) -> None:
    seen = _traced(tmp_path, 320, 32)
    words = Counter(word for word, _ in seen)
    assert (words["asked"], words["accepted"]) == (320, 640)
    assert words["synced"] < 320 / 2


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
