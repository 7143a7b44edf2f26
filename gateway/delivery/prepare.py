"""The job `prepare`: from what was accepted to a document with a plan, or to findings.

In charge of running intake and routing for one document and of saving what they say. Both are pure
and are simply run again after a crash.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection
from concurrent.futures import Executor
from dataclasses import asdict, replace
from functools import partial
from typing import Any, assert_never

import structlog

from gateway.clock import Clock
from gateway.delivery.envelope import Particulars, enclosed, sender
from gateway.delivery.legs import legs_of
from gateway.delivery.papers import Papers
from gateway.events import Type
from gateway.intake.attachment import embedded
from gateway.intake.prepare import Prepared, Rejected, prepare
from gateway.lifecycle import State, change
from gateway.routing.orders import Orders
from gateway.routing.plan import Plan, plan
from gateway.store.port import (
    Checkpoint,
    Company,
    Document,
    Done,
    Job,
    Keep,
    NewEvent,
    NewPart,
    Role,
    Store,
)
from validators.findings import Report, Severity

log = structlog.get_logger()


class Preparing:
    """The handler. `executor` None: the event loop's own threads."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        configured: Collection[str],
        orders: Orders,
        executor: Executor | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._configured = configured
        self._orders = orders
        self._executor = executor

    async def __call__(self, job: Job) -> Job | None:
        """Does the job, and answers what it has become: `deliver`, for whoever holds it, or None.

        Raises what the store raises.
        """
        document = await self._store.document(job.company_id, job.document_id)
        if document is None or document.state is not State.RECEIVED:
            await self._store.checkpoint(job, Checkpoint(next=Done()), self._clock.now())
            return None
        company = await self._store.company(job.company_id)
        if company is None:
            raise LookupError(f"there is no company {job.company_id}")
        original, attachments = await (await Papers.of(self._store, document)).submitted()
        today = self._clock.now().date()
        result = await asyncio.get_running_loop().run_in_executor(
            self._executor,
            partial(prepare, original, attachments, document.delivery, at=today),
        )
        match result:
            case Rejected():
                work = rejected(result)
            case Prepared():
                route = plan(
                    result.recipient,
                    result.summary,
                    document.delivery,
                    configured=self._configured,
                    orders=self._orders,
                    at=today,
                    profile=result.report.profile,
                )
                work = prepared(document, company, result, route)
            case _:
                assert_never(result)
        await self._store.checkpoint(job, work, self._clock.now())
        state = work.change.after if work.change else None
        log.info("document_prepared", state=state, findings=len(result.findings))
        return replace(job, kind="deliver", tries=1, data={}) if work.next == DELIVER else None


def rejected(result: Rejected) -> Checkpoint:
    """Fatal findings: it will not be sent."""
    fatal = [f for f in result.findings if f.severity is Severity.FATAL]
    count = "1 fatal finding" if len(fatal) == 1 else f"{len(fatal)} fatal findings"
    code, text = "document.not_valid", f"The document has {count}. {fatal[0].text}"
    return Checkpoint(
        next=Done(),
        change=change(State.RECEIVED, State.REJECTED, code=code, text=text),
        head=result.head,
        parts=(_findings(result.report),),
        events=(NewEvent(Type.REJECTED, {"code": code, "text": text, "findings": len(fatal)}),),
    )


# The holder goes on with the first leg: giving the job back would only be claiming it once more.
DELIVER = Keep({}, "deliver")


def prepared(document: Document, company: Company, result: Prepared, route: Plan) -> Checkpoint:
    """It can be sent. It goes on at once, unless the ERP asked for it to be held."""
    known = Particulars(
        sender=sender(company, result.invoice),
        recipient=result.recipient,
        summary=result.summary,
        attachments=tuple(enclosed(file) for file in result.attachments),
        embedded=len(embedded(result.invoice)),
    )
    plan_data = route.data()
    ready = Checkpoint(
        next=DELIVER,
        change=change(
            State.RECEIVED,
            State.ROUTING,
            code="document.prepared",
            text="It is valid, and the first channel is being chosen.",
        ),
        head=result.head,
        parts=(
            NewPart(Role.DOCUMENT, f"{result.head.kind}.xml", "application/xml", result.document),
            _findings(result.report),
            _json(Role.PLAN, plan_data),
            known.part(),
        ),
        legs=legs_of(document.id, route),
        events=(NewEvent(Type.ROUTED, {"steps": plan_data["steps"]}),),
    )
    if not document.delivery.get("hold"):
        return ready
    code, text = "document.held_on_request", "Held because you asked for it."
    return replace(
        ready,
        next=Done(),
        change=change(State.RECEIVED, State.HELD, code=code, text=text),
        events=(*ready.events, NewEvent(Type.HELD, {"code": code, "text": text})),
    )


def _findings(report: Report) -> NewPart:
    return _json(Role.FINDINGS, [asdict(finding) for finding in report.findings])


def _json(role: Role, data: Any) -> NewPart:
    content = json.dumps(data, ensure_ascii=False).encode()
    return NewPart(role, f"{role}.json", "application/json", content)
