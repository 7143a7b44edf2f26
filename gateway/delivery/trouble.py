"""What becomes of a job that failed for a reason of ours: a bug, a wrong setting, a full disk.

Never data loss and never a hot loop: the job comes again, later each time, and in the end it is
dead and a person decides. Pure.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from gateway.delivery.backoff import Backoff
from gateway.delivery.outcome import changed, held_unknown, told
from gateway.events import Type
from gateway.lifecycle import State
from gateway.store.port import Again, Checkpoint, Dead, Document, Job
from transports.base import Verdict

# With the usual delays this takes some eight hours: time enough to notice and mend a gateway.
TRIES: Final = 8

# A job that was claimed so often and never wrote back kills the process that works on it. One that
# calls a channel does not count: an attempt that was cut short has a limit of its own.
CLAIMS: Final = 20

FAULT = Verdict(
    "internal.error",
    "the handler raised; see the log",
    "A fault of ours keeps us from going on. It is tried again by itself.",
)
HELD = Verdict(
    "internal.error",
    "the handler raised too often; see the log",
    "A fault of ours kept us from going on. Once it is mended, `retry` tries again.",
)


def went_wrong(
    document: Document | None, job: Job, error: BaseException, backoff: Backoff, now: datetime
) -> Checkpoint:
    """The handler raised: the job comes again, or is dead, and its document held.

    `document` is None for a timer or a job that is about no document: nothing is held for it.
    """
    errors = int(job.data.get("errors", 0)) + 1
    due = now + backoff.delay(uuid5(NAMESPACE_URL, job.key), errors)
    again = Again(due, data={**job.data, "errors": errors})
    dead = Dead(FAULT.code, _in_a_line(error))
    over = errors >= TRIES or kills(job)
    match document and document.state:
        case State.RECEIVED | State.ROUTING | State.SENDING | State.WAITING as state if over:
            assert document is not None
            why = held_unknown(HELD) if state is State.SENDING else HELD
            return Checkpoint(
                next=dead,
                change=changed(document, State.HELD, why),
                events=(told(Type.HELD, why),),
            )
        case State.RECEIVED | State.SENDING as state:
            # SENDING: an open attempt, judged at the next claim
            assert document is not None
            return Checkpoint(next=again, change=changed(document, state, FAULT))
        case State.ROUTING | State.WAITING:
            assert document is not None
            waiting = told(Type.WAITING, FAULT, next_at=due.isoformat())
            return Checkpoint(
                next=again,
                change=changed(document, State.WAITING, FAULT, due),
                events=(waiting,),
            )
        case _:
            return Checkpoint(next=dead if over else again)


def not_stored(job: Job, due: datetime) -> Checkpoint:
    """The store or the place of its large files could not be used: the job comes again, as often
    as it takes. Such a claim does not count as one that never wrote back."""
    spared = int(job.data.get("spared", 0)) + 1
    return Checkpoint(next=Again(due, data={**job.data, "spared": spared}))


def revived(document: Document, job: Job, now: datetime) -> Checkpoint:
    """An operator had a dead job tried again: its document, held since then, goes on, and faults
    are counted anew."""
    after = State.RECEIVED if job.kind in ("prepare", "fetch") else State.ROUTING
    text = "Tried again, after what kept us from going on was mended."
    why = Verdict("retried.by_operator", "the job was revived", text)
    return Checkpoint(
        next=Again(now, data={}),
        change=changed(document, after, why),
        events=(told(Type.RETRIED, why),),
    )


def _in_a_line(error: BaseException) -> str:
    """A fault as the dead list shows it; the log has its trace."""
    *_, last = ["", *str(error).split("\n")]
    return f"{type(error).__name__}: {last or repr(error)}"[:500]


def kills(job: Job) -> bool:
    """Whether the job has been claimed so often that it must be what kills the worker."""
    spared = int(job.data.get("spared", 0))
    return job.kind == "prepare" and job.tries - spared > CLAIMS
