"""Taking a document back that a channel has: for as long as the channel lets us.

In charge of asking the channel, again and again until it answers, and of what the answer makes of
the document. Not in charge of whether a person may ask (`verbs`).

It is a job beside the document's own, which goes on expecting what it expects: what the channel
reports meanwhile counts, and a document that has moved on by that is not asked for any more. Asking
twice does no harm (`transports.base.Recalling`), so that after a crash it is asked once more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, assert_never

import structlog

from gateway.clock import Clock
from gateway.delivery.backoff import Backoff
from gateway.delivery.legs import LegState
from gateway.delivery.outcome import changed, evidence, told
from gateway.events import Type
from gateway.lifecycle import State
from gateway.store.port import (
    Again,
    Attempt,
    Checkpoint,
    Document,
    Done,
    Job,
    LeaseLost,
    Leg,
    NewJob,
    Store,
)
from transports.base import (
    Recall,
    Recalled,
    Recalling,
    Refused,
    Transport,
    TryLater,
    Verdict,
    Waiting,
)

log = structlog.get_logger()

KIND: Final = "recall"
ASKED: Final = "recall.asked"
POSSIBLE: Final = frozenset({State.SENT, State.DELIVERED})

# Who has not answered by then is not asked any more; what is due has been paid by then, or will be.
GIVEN_UP: Final = timedelta(days=3)
_GIVEN_UP: Final = Verdict(
    "recall.given_up",
    "no answer in time",
    "The channel did not say in time whether it has taken the document back. Ask for it once more.",
)


def taken(legs: Sequence[Leg]) -> Leg | None:
    """The leg by which a document went out last."""
    return next((one for one in reversed(legs) if one.state in _HAS_IT), None)


_HAS_IT: Final = frozenset({LegState.SENT, LegState.DELIVERED})


def job(document: Document, leg: Leg, now: datetime) -> NewJob:
    """The job of asking the leg's channel."""
    return NewJob(
        f"{document.id}/{KIND}",
        KIND,
        now,
        document.company_id,
        document.id,
        lane=leg.channel,
        data={"leg": leg.n, "until": (now + GIVEN_UP).isoformat()},
    )


class Recalls:
    """The handler of the job."""

    def __init__(
        self,
        store: Store,
        transports: Mapping[str, Transport],
        clock: Clock,
        backoff: Backoff,
        call_limit_s: float,
    ) -> None:
        self._store = store
        self._clock = clock
        self._backoff = backoff
        self._call_limit_s = call_limit_s
        self._channels = {
            name: one for name, one in transports.items() if isinstance(one, Recalling)
        }

    async def __call__(self, job: Job) -> None:
        """Does the job. Raises what the store raises."""
        document = await self._store.document(job.company_id, job.document_id)
        leg = taken(await self._store.legs(job.company_id, job.document_id))
        if (
            document is None
            or document.state not in POSSIBLE
            or leg is None
            or leg.n != job.data["leg"]
        ):
            return await self._store.checkpoint(job, Checkpoint(Done()), self._clock.now())
        channel = self._channels.get(leg.channel)
        if channel is None:  # its settings were taken away
            text = "The channel is not set up on this gateway any more."
            answer: Recall = Refused(Verdict("recall.no_channel", text, text))
        elif not await self._store.holds(job, self._clock.now()):
            raise LeaseLost
        else:
            answer = await self._ask(channel, document, leg)
        attempts = await self._store.attempts(document.company_id, document.id)
        last = next(one for one in reversed(attempts) if one.leg == leg.n)
        work = answered(document, leg, last, answer, job, self._backoff, self._clock.now())
        log.info("recall_answered", channel=leg.channel, code=answer.verdict.code)
        return await self._store.checkpoint(job, work, self._clock.now())

    async def _ask(self, channel: Recalling, document: Document, leg: Leg) -> Recall:
        try:
            async with asyncio.timeout(self._call_limit_s):
                return await channel.recall(document.company_id, leg.key)
        except TimeoutError:
            text = "The channel did not answer in time."
            timeout = Verdict("recall.timeout", f"no answer in {self._call_limit_s} s", text)
            return TryLater(timeout, answered=False)


def answered(
    document: Document,
    leg: Leg,
    last: Attempt,
    answer: Recall,
    job: Job,
    backoff: Backoff,
    now: datetime,
) -> Checkpoint:
    """What an answer makes of the document. `last` is the attempt that handed it over: the bytes of
    the question are kept with it. Pure."""
    parts = evidence(answer.evidence, last)
    match answer:
        case Recalled(verdict):
            return Checkpoint(
                next=Done(),
                change=changed(document, State.CANCELLED, verdict),
                legs=(replace(leg, state=LegState.RECALLED),),
                parts=parts,
                events=(told(Type.CANCELLED, verdict),),
                drops=(document.id,),
                answered=True,
            )
        case Refused(verdict):
            return _not_recalled(document, leg, verdict, Checkpoint(Done(), parts=parts))
        case Waiting() | TryLater() if now >= datetime.fromisoformat(job.data["until"]):
            return _not_recalled(document, leg, _GIVEN_UP, Checkpoint(Done(), parts=parts))
        case Waiting(verdict, until):
            change = None if document.code == verdict.code else verdict
            return Checkpoint(
                next=Again(until),
                change=changed(document, document.state, change) if change else None,
                parts=parts,
                answered=True,
            )
        case TryLater(_, _, after, heard):
            due = now + backoff.delay(leg.key, job.tries, after)
            return Checkpoint(next=Again(due), parts=parts, answered=heard)
        case _:
            assert_never(answer)


def _not_recalled(document: Document, leg: Leg, verdict: Verdict, noted: Checkpoint) -> Checkpoint:
    """All is as it was, and says why."""
    return replace(
        noted,
        change=changed(document, document.state, verdict),
        events=(told(Type.NOT_RECALLED, verdict, leg),),
        answered=True,
    )
