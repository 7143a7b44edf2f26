"""The job `deliver`: the legs of a document one after the other, until one has it or none is left.

In charge of asking and calling channels, and of what must be on disk before and after a call:
- the intent (an attempt without an end) is saved before the call, the outcome after it;
- right before the call the lease is checked once more, which narrows the window in which two
  workers might call, though it can not close it;
- an attempt found without an end is a call that a crash cut short.
What each answer means is decided in `outcome`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram

from gateway.clock import Clock
from gateway.delivery import choice, recheck, standing
from gateway.delivery.backoff import Backoff
from gateway.delivery.bindery import Bindery
from gateway.delivery.history import every_event
from gateway.delivery.lanes import Lanes
from gateway.delivery.legs import LegState, failed, next_leg, step_of, what_channels_said
from gateway.delivery.links import Linking
from gateway.delivery.merging import Merging
from gateway.delivery.outcome import (
    Result,
    Try,
    intent,
    interrupted,
    not_called,
    not_tried,
    settle,
)
from gateway.delivery.papers import Papers
from gateway.delivery.rendition import Lossy
from gateway.delivery.trouble import revived
from gateway.delivery.workshop import Workshop
from gateway.lifecycle import State
from gateway.routing.orders import Orders, shipped
from gateway.routing.plan import Step
from gateway.routing.terms import terms
from gateway.store.ids import new_id
from gateway.store.port import (
    Again,
    Attempt,
    Checkpoint,
    Document,
    Done,
    Job,
    Keep,
    Leg,
    Store,
)
from gateway.trust.gate import OPEN, Gate
from transports.base import (
    Binder,
    Contracted,
    Envelope,
    Inquiry,
    Linker,
    NotReachable,
    Outcome,
    Packed,
    Packer,
    Reachability,
    ReachabilityUnknown,
    Reachable,
    Repeat,
    Several,
    Sparing,
    Transport,
    Unknown,
    Verdict,
    Waiting,
)

log = structlog.get_logger()

UNDER_WAY = frozenset({State.ROUTING, State.SENDING, State.WAITING})

# More than any channel takes by its own rules (e-mail: 600 s for the closing dot alone): one that
# hangs in spite of them must not keep a lease for good.
CALL_LIMIT_S = 1200.0

# The plan has a channel that was set up when the plan was made, and is not any more.
NOT_CONFIGURED = NotReachable(
    Verdict(
        "route.not_configured",
        "the channel was taken out of the settings after the plan was made",
        "Not configured on this gateway any more.",
    )
)


class Metrics:
    """What is counted of calls to channels."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.attempts = Counter(
            "budkavle_attempts",
            "Attempts ended, by channel and outcome.",
            ["channel", "outcome"],
            registry=registry,
        )
        self.seconds = Histogram(
            "budkavle_attempt_seconds",
            "Time of one call to a channel.",
            ["channel"],
            registry=registry,
        )


@dataclass(frozen=True, slots=True)
class Case:
    """What is known of a document: all that its next step depends on.

    `attempts` are at least those of the next leg; `lane` is the job's as the store has it.
    `unsaved` is what has been decided and is not on disk yet: the next checkpoint writes it along.
    """

    document: Document
    legs: Sequence[Leg]
    attempts: Sequence[Attempt]
    papers: Papers
    lane: str
    unsaved: Checkpoint | None = None


class Delivering:
    """The handler. A job in the lane of another channel than its next leg's changes lanes first."""

    def __init__(
        self,
        store: Store,
        transports: Mapping[str, Transport],
        clock: Clock,
        *,
        backoff: Backoff,
        metrics: Metrics,
        workshop: Workshop,
        bindery: Bindery,
        lanes: Lanes,
        linking: Linking | None = None,
        orders: Orders | None = None,
        call_limit_s: float = CALL_LIMIT_S,
        gate: Gate = OPEN,
    ) -> None:
        self._store = store
        self._transports = transports
        # Asked once: it takes longer than to pack a small document.
        self._packers = {
            name: transport
            for name, transport in transports.items()
            if isinstance(transport, Packer)
        }
        self._linkers = {
            name: transport
            for name, transport in transports.items()
            if isinstance(transport, Linker)
        }
        self._sparing = {
            name: transport
            for name, transport in transports.items()
            if isinstance(transport, Sparing)
        }
        self._contracted = {
            name for name, transport in transports.items() if isinstance(transport, Contracted)
        }
        self._binders = {
            name: transport
            for name, transport in transports.items()
            if isinstance(transport, Binder)
        }
        self._clock = clock
        self._backoff = backoff
        self._metrics = metrics
        self._workshop = workshop
        self._bindery = bindery
        self._lanes = lanes
        self._linking = linking
        self._questioned = (orders or shipped()).questioned()
        self._call_limit_s = call_limit_s
        self._gate = gate

    async def __call__(self, job: Job) -> None:
        """Does the job. Raises what the store and the channels raise."""
        following: Job | None = job
        while following is not None:
            following = await self._step(following, await self._case(following))

    async def begin(self, job: Job, case: Case) -> None:
        """Does the job of a document that has just been prepared: all of it is known. Raises also
        Duplicate; then nothing was written, and no channel was called."""
        following = await self._step(job, case)
        if following is not None:
            await self(following)

    async def _case(self, job: Job) -> Case | None:
        company_id, document_id = job.company_id, job.document_id
        document = await self._store.document(company_id, document_id)
        if document is None:
            return None
        legs = await self._store.legs(company_id, document_id)
        leg = next_leg(legs)
        attempts: Sequence[Attempt] = ()
        if leg is not None and leg.state != LegState.PLANNED:
            attempts = await self._store.attempts(company_id, document_id)
        papers = Papers(self._store, document, self._workshop)
        return Case(document, legs, attempts, papers, job.lane)

    async def _step(self, job: Job, case: Case | None) -> Job | None:
        """Takes one leg one step further; answers the job if the next step comes now."""
        if case is not None and case.document.state is State.HELD:
            return await self._save(job, revived(case.document, job, self._clock.now()))
        if case is None or case.document.state not in UNDER_WAY:
            return await self._save(job, Checkpoint(next=Done()))
        document = case.document
        leg = next_leg(case.legs)
        if leg is None:
            return await self._nothing_left(job, case)
        earlier = recheck.present([attempt for attempt in case.attempts if attempt.leg == leg.n])
        transport = self._transports.get(leg.channel)
        if earlier and earlier[-1].ended_at is None:
            cut_short = Try(document, leg, earlier[-1], earlier[:-1])
            repeat = transport.repeat if transport else Repeat.HOLD
            work = interrupted(cut_short, repeat, self._clock.now())
            return await self._end(job, case, cut_short, work)
        closed = await self._gate.may_send(document.company_id)
        if closed is not None:
            return await self._save(job, standing.held(document, closed, self._clock.now()), case)
        if transport is None:
            trial = self._trial(document, leg, earlier)
            work = not_tried(trial, NOT_CONFIGURED, self._backoff, self._clock.now())
            return await self._end(job, case, trial, work)
        step = await self._question(case, leg)
        if step is not None and recheck.is_over(step, earlier):
            work = recheck.rechecked(document, await case.papers.plan(), case.legs, leg, step)
            return await self._save(job, work, case)
        if job.lane != leg.channel:
            onward = self._lanes.onward(job, Keep(), leg.channel, self._clock.now())
            if isinstance(onward, Again):
                return await self._save(job, Checkpoint(next=onward), case)
            job = replace(job, lane=leg.channel)  # written down with the intent
        return await self._try(job, case, self._trial(document, leg, earlier), transport, step)

    def _trial(self, document: Document, leg: Leg, earlier: Sequence[Attempt]) -> Try:
        now = self._clock.now()
        return Try(
            document, leg, Attempt(new_id("att"), document.id, leg.n, leg.channel, now), earlier
        )

    async def _question(self, case: Case, leg: Leg) -> Step | None:
        """The step of a leg whose channel is asked more than one thing; None for all others, which
        need no look into the plan."""
        if leg.channel not in self._questioned:
            return None
        return step_of(await case.papers.plan(), case.legs, leg)

    async def _try(
        self, job: Job, case: Case, trial: Try, transport: Transport, step: Step | None
    ) -> Job | None:
        papers, sparing = case.papers, self._sparing.get(trial.leg.channel)
        known = await papers.particulars()
        inquiry = Inquiry(
            *(known.sender, known.recipient, known.summary),
            question=step.question if step is not None else None,
            terms=await self._terms(job.company_id, transport),
        )
        answer = await self._reach(trial, transport, inquiry, papers)
        if isinstance(answer, Several) and known.hold_several:
            work = choice.held(trial, answer, self._clock.now())
            return await self._end(job, case, trial, work)
        if isinstance(answer, Several):
            answer = choice.passed_by(answer)
        if not isinstance(answer, Reachable):
            work = not_tried(trial, answer, self._backoff, self._clock.now())
            return await self._end(job, case, trial, work)
        made = await papers.pack(
            trial.leg,
            answer.address,
            known,
            to_people=transport.needs_image,
            image_optional=sparing is not None and sparing.image_optional,
            repeated=trial.unknowns > 0,
            count=self._bindery.pages,
            merging=self._merging(transport, inquiry.terms),
            form=answer.form,
        )
        if isinstance(made, Lossy):
            now = self._clock.now()
            work = settle(trial, made.refused(now), transport.repeat, self._backoff, now)
            return await self._end(job, case, trial, work)
        envelope, linked = made.envelope, None
        if inquiry.question is not None or inquiry.terms:
            envelope = replace(envelope, question=inquiry.question, terms=inquiry.terms)
        linker = self._linkers.get(trial.leg.channel)
        if self._linking is not None and linker is not None:
            files = linker.too_large(envelope)
            if files:
                link, linked = await papers.link(
                    trial.leg, self._linking, files, known, self._clock.now()
                )
                envelope = replace(envelope, link=link)
        packed = await self._packed(trial, transport, envelope, papers)
        if isinstance(packed, NotReachable | ReachabilityUnknown):
            work = not_tried(trial, packed, self._backoff, self._clock.now())
            return await self._end(job, case, trial, work)
        if packed is not None:
            envelope = replace(envelope, address=packed.address, request=packed.request)
        lane = None if case.lane == job.lane else job.lane
        before = intent(trial, answer, made.new_image, packed, made.new_merged, lane)
        if made.told and trial.leg.address is None:  # no attempt before was as far as this
            before = replace(before, events=(*made.told, *before.events))
        if made.new_rendition:
            before = replace(before, parts=(*before.parts, *made.new_rendition))
        if linked is not None:
            before = replace(
                before,
                parts=(*before.parts, *linked.parts),
                events=(*before.events, linked.event),
            )
        await self._save(job, before, case)
        if case.unsaved is not None:
            case = replace(case, unsaved=None)
        begun = trial.after(before)
        if not await self._store.holds(job, self._clock.now()):
            return await self._end(job, case, begun, not_called(begun, self._clock.now()))
        outcome = await self._call(transport, envelope)
        if isinstance(outcome, Waiting) and step is not None:
            outcome = recheck.given_time(outcome, step, self._clock.now())
        work = settle(begun, outcome, transport.repeat, self._backoff, self._clock.now())
        return await self._end(job, case, begun, work)

    async def _terms(self, company_id: str, transport: Transport) -> Mapping[str, Any]:
        """What the sender has settled with the channel, as it is now."""
        if transport.name not in self._contracted:
            return {}
        company = await self._store.company(company_id)
        return terms(company.settings, transport.name) if company is not None else {}

    def _merging(self, transport: Transport, given: Mapping[str, Any]) -> Merging | None:
        binder = self._binders.get(transport.name)
        if transport.merge_bytes is None or (binder is not None and not binder.merges(given)):
            return None
        return Merging(transport.name, transport.merge_bytes, self._bindery)

    async def _reach(
        self, trial: Try, transport: Transport, inquiry: Inquiry, papers: Papers
    ) -> Reachability:
        if trial.leg.address is not None and trial.unknowns:
            # The channel may have it already, at that address: the same bytes go there again.
            return Reachable(trial.leg.address, Verdict("delivery.same_address", "", ""))
        if any(attempt.outcome == Result.SEVERAL for attempt in trial.earlier):
            chosen = await papers.chosen(trial.leg)
            if chosen is not None:
                return chosen
        try:
            async with asyncio.timeout(self._call_limit_s):
                return await transport.resolve(inquiry)
        except TimeoutError:
            return ReachabilityUnknown(_timed_out(transport, self._call_limit_s), answered=False)

    async def _packed(
        self, trial: Try, transport: Transport, envelope: Envelope, papers: Papers
    ) -> Packed | NotReachable | ReachabilityUnknown | None:
        """The bytes ahead of the call, where the channel makes them so; None where it does not."""
        packer = self._packers.get(trial.leg.channel)
        if packer is None:
            return None
        last = await papers.last_request({attempt.id for attempt in trial.earlier})
        try:
            async with asyncio.timeout(self._call_limit_s):
                return await packer.pack(envelope, last, bound=envelope.repeated)
        except TimeoutError:
            verdict = _timed_out(transport, self._call_limit_s)
            return ReachabilityUnknown(verdict, answered=False)

    async def _call(self, transport: Transport, envelope: Envelope) -> Outcome:
        began = perf_counter()
        try:
            async with asyncio.timeout(self._call_limit_s):
                return await transport.deliver(envelope)
        except TimeoutError:
            return Unknown(_timed_out(transport, self._call_limit_s), answered=False)
        finally:
            self._metrics.seconds.labels(transport.name).observe(perf_counter() - began)

    async def _nothing_left(self, job: Job, case: Case) -> Job | None:
        events = await every_event(self._store, case.document)
        plan = await case.papers.plan()
        work = failed(case.document, plan, case.legs, what_channels_said(events))
        return await self._save(job, work, case)

    async def _end(self, job: Job, case: Case, trial: Try, work: Checkpoint) -> Job | None:
        if isinstance(work.next, Keep):
            done = {leg.n: leg for leg in work.legs}
            leg = next_leg(done.get(leg.n, leg) for leg in case.legs)
            if leg is not None and leg.channel != job.lane:
                onward = self._lanes.onward(job, work.next, leg.channel, self._clock.now())
                work = replace(work, next=onward)
        following = await self._save(job, work, case)
        attempt = work.attempt
        assert attempt is not None and attempt.outcome is not None
        self._metrics.attempts.labels(trial.leg.channel, str(attempt.outcome)).inc()
        log.info(
            "attempt_finished",
            attempt_id=attempt.id,
            channel=attempt.channel,
            outcome=str(attempt.outcome),
            code=attempt.code,
            number=trial.number,
        )
        return following

    async def _save(self, job: Job, work: Checkpoint, case: Case | None = None) -> Job | None:
        """Writes back, with what is not on disk yet of the case; answers the job as it goes on,
        None when it does not."""
        if case is not None and case.unsaved is not None:
            work = case.unsaved.then(work)
        await self._store.checkpoint(job, work, self._clock.now())
        if not isinstance(work.next, Keep):
            return None
        lane = work.next.lane
        return job if lane in (None, job.lane) else replace(job, lane=lane)


def _timed_out(transport: Transport, limit_s: float) -> Verdict:
    return Verdict(
        "delivery.timed_out",
        f"{transport.name} did not answer within {limit_s:g} s",
        "The channel did not answer in time.",
    )
