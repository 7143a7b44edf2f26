"""An endpoint's line: its events in order, and what becomes of it after each push. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from gateway.events import Type
from gateway.store.endpoints import Endpoint
from gateway.store.port import Again, Done, Event, Keep, NewEvent, NewJob
from gateway.webhooks.judging import DELAYS, Judged, delay

PUSH: Final = "push"  # the kind of job, and its lane

_HOURS = round(sum(wait.total_seconds() for wait in DELAYS) / 3600)


def key(endpoint_id: str) -> str:
    """The key of the one job that works on an endpoint's line."""
    return f"endpoint/{endpoint_id}"


def job(company_id: str, endpoint_id: str, now: datetime) -> NewJob:
    """That job."""
    return NewJob(key(endpoint_id), PUSH, now, company_id, data={"endpoint": endpoint_id})


def job_once_more(company_id: str, endpoint_id: str, cursor: str, now: datetime) -> NewJob:
    """The job that brings one event again, beside the line."""
    return NewJob(
        f"{key(endpoint_id)}/{cursor}",
        PUSH,
        now,
        company_id,
        data={"endpoint": endpoint_id, "only": cursor},
    )


def wanted(endpoint: Endpoint, event: Event) -> bool:
    """Whether the endpoint is to have the event."""
    return not endpoint.types or event.type in endpoint.types


def past(endpoint: Endpoint, event: Event) -> Endpoint:
    """The endpoint when an event is dealt with."""
    return replace(endpoint, cursor=event.cursor, tries=0, next_at=None, code="", text="")


def went(
    endpoint: Endpoint, event: Event, found: Judged, now: datetime
) -> tuple[Endpoint, Done | Again | Keep]:
    """The endpoint after a push of its next event, and how its job goes on."""
    if found.taken:
        return past(endpoint, event), Keep()
    tries = endpoint.tries + 1
    said = f"It answered {found.status}." if found.status else found.text
    if found.gone:
        off = _off(endpoint, tries, "webhook.gone", "It answered 410: it wants no more.")
        return off, Done()
    wait = delay(event.id, tries, found.asked)
    if wait is None:
        text = f"It did not take an event in {tries} tries over {_HOURS} hours. {said}"
        return _off(endpoint, tries, "webhook.gave_up", text), Done()
    failing = replace(endpoint, tries=tries, next_at=now + wait, code=found.code, text=said)
    return failing, Again(now + wait)


def switched_off(endpoint: Endpoint) -> tuple[NewEvent, ...]:
    """What is told the company of an endpoint that takes nothing any more."""
    if endpoint.active:
        return ()
    data = {"endpoint_id": endpoint.id, "code": endpoint.code, "text": endpoint.text}
    return (NewEvent(Type.WEBHOOK_OFF, data),)


def _off(endpoint: Endpoint, tries: int, code: str, text: str) -> Endpoint:
    return replace(endpoint, active=False, tries=tries, next_at=None, code=code, text=text)
