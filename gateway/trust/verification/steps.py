"""The handler of `verification` jobs: takes a company one step further.

In charge of asking the signer and of what time does. Each step may be done again after a crash; one
thing is done in a step, and the job comes again for the next. Nobody's name is logged.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import NAMESPACE_URL, uuid5

import structlog

from gateway.audit.chain import NewEntry, Told
from gateway.clock import Clock
from gateway.delivery.backoff import Backoff
from gateway.store.port import Again, Checkpoint, Company, Done, Job, Store
from gateway.store.verifications import IdentityRecord, Verification, Verified
from gateway.trust.letters import letter
from gateway.trust.signing.port import (
    Declined,
    Expired,
    NotNow,
    Pending,
    Refused,
    Signed,
    Signer,
    Started,
    Wish,
)
from gateway.trust.verification import changes
from gateway.trust.verification.agreement import Agreement, agreement
from gateway.trust.verification.changes import Change
from gateway.trust.verification.facts import changed, hashed
from gateway.trust.verification.request import Request, Sealed, new_request
from gateway.trust.verification.standing import Terms, wakes_at
from gateway.trust.verification.states import OPEN, UNDER_WAY, Asking, Standing
from gateway.trust.verification.verbs import when_open
from transports.base import File

log = structlog.get_logger()

# A company's facts are looked at so often, where nothing else wakes its job before: there is time
# of grace from then on.
LOOK_EVERY: Final = timedelta(hours=1)
# A service that could not be asked to take something back is asked for so long.
_BACK_TRIES: Final = 10


class Mail(Protocol):
    """What writes to people: `gateway.trust.post.Post`."""

    async def send(self, to: str, subject: str, text: str, key: str) -> None:
        """Queues a mail, once for each key."""
        ...


class Wishes:
    """What signers are asked for. `provider` is the service's name, in the text that is signed."""

    def __init__(self, provider: str) -> None:
        self._provider = provider

    def agreement(self, request: Request) -> Agreement:
        """What is signed: the same whenever it is made."""
        who, on = request.signatory, request.asked_at.date()
        return agreement(request.known, who.name, who.language, self._provider, on)

    async def wish(self, request: Request) -> Wish:
        """The same with all that a signer wants to know."""
        text = self.agreement(request)
        pdf = await asyncio.to_thread(text.pdf)
        return Wish(
            id=request.id,
            company=request.known["name"],
            number=request.known["number"],
            signatory=request.signatory,
            title=text.title,
            text=text.text,
            document=File("confirmation.pdf", "application/pdf", pdf),
        )


@dataclass(frozen=True, slots=True)
class Step:
    """What came of a step: None: nothing of that."""

    change: Change
    request: Request | None
    due: datetime | None  # when it goes on; None: when something changes by itself
    record: IdentityRecord | None = None


class Steps:
    """The handler. `signers` are those set up, by name, the usual one first; `page` is where our
    own signing page is (`https://gateway.example/sign`)."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        sealed: Sealed,
        signers: Mapping[str, Signer],
        mail: Mail,
        terms: Terms,
        wishes: Wishes,
        page: str,
        *,
        backoff: Backoff | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._sealed = sealed
        self._signers = signers
        self._mail = mail
        self._terms = terms
        self._wishes = wishes
        self._page = page
        self._backoff = backoff or Backoff()

    async def __call__(self, job: Job) -> None:
        """Does one step, and writes what came of it. Raises what the store raises."""
        now = self._clock.now()
        row = await self._store.verification(job.company_id)
        company = await self._store.company(job.company_id)
        if row is None or company is None:
            return await self._store.checkpoint(job, Checkpoint(Done()), now)
        request = await self._sealed.opened(company.id, row.request)
        if not await self._store.holds(job, now):
            return None
        step = await self._step(company, row, request, now)
        return await self._write(job, row, step, now)

    async def _write(self, job: Job, before: Verification, step: Step, now: datetime) -> None:
        after = step.change.row
        if step.request is not None:
            kept = await self._sealed.request(after.company_id, step.request)
            after = replace(after, request=kept)
        due = step.due or self._due(after, now)
        after = replace(after, next_at=due)
        jobs = []
        if after.standing in OPEN and before.standing not in OPEN:
            jobs = await when_open(self._store, after.company_id, now)
        told = None
        was, is_ = (before.standing, before.asking), (after.standing, after.asking)
        if was != is_:
            told = _told(before, after, step, now)
            log.info(
                "verification_stepped",
                company_id=after.company_id,
                standing=str(after.standing),
                request=str(after.asking),
            )
        then = Done() if due is None else Again(due)
        change = Verified(after, step.change.events, jobs, step.record, job, then)
        if not await self._store.put_verification(change, now, told=told):
            # A person wants something else by now.
            await self._store.checkpoint(job, Checkpoint(Again(now)), now)

    def _due(self, row: Verification, now: datetime) -> datetime | None:
        """When to look again, where nothing is under way."""
        at = wakes_at(row, self._terms)
        if row.standing not in OPEN:
            return at
        look = now + LOOK_EVERY
        return look if at is None else min(at, look)

    # --- which step ---

    async def _step(
        self, company: Company, row: Verification, request: Request | None, now: datetime
    ) -> Step:
        if request is not None and request.after:
            return await self._take_back(row, request, now)
        by_time = self._by_time(company, row, now)
        if by_time is not None:
            return await self._told_people(company, row, request, by_time, now)
        if request is None or row.asking not in UNDER_WAY:
            return Step(Change(row, ()), request, None)
        if row.expires_at is not None and row.expires_at <= now:
            return Step(changes.expired(row, now), _without_order(request), now)
        signer = self._signers.get(request.signer)
        if signer is None:
            text = "The signing service that was asked is not set up here any more."
            change = changes.refused(row, now, "verification.no_signer", text)
            return Step(change, request, None)
        if row.asking is Asking.WANTED:
            return await self._start(company, row, request, signer, now)
        if request.invited < request.invitations:
            return await self._invite(company, row, request, signer, now)
        return await self._collect(company, row, request, signer, now)

    def _by_time(self, company: Company, row: Verification, now: datetime) -> Change | None:
        """What time, or a change of the company's facts, does to its standing."""
        if row.standing not in OPEN:
            return None
        if row.closes_at is not None and row.closes_at <= now:
            return changes.lapsed(row, now)
        if row.standing is Standing.VERIFIED:
            others = changed(row.facts, company)
            if others or (row.recheck_at is not None and row.recheck_at <= now):
                return changes.recheck_due(row, now, self._terms, others)
            return None
        at = wakes_at(row, self._terms)
        return changes.warned(row, now) if at is not None and at <= now else None

    async def _told_people(
        self,
        company: Company,
        row: Verification,
        request: Request | None,
        change: Change,
        now: datetime,
    ) -> Step:
        """Who signed last is told that it has to be done again, and is asked to, where it was by a
        service that is still there."""
        after = change.row
        if request is None or after.standing is not Standing.RECHECK_DUE:
            return Step(change, request, now)
        assert after.closes_at is not None
        until, who = after.closes_at, request.signatory
        if row.standing is Standing.VERIFIED and request.signer in self._signers:
            if row.asking in UNDER_WAY:
                return Step(change, request, now)
            asked = changes.wanted(after, now, self._terms)
            anew = new_request(company, who, request.signer, "gateway", now)
            return Step(Change(asked.row, (*change.events, *asked.events)), anew, now)
        words = letter(
            "recheck",
            who.language,
            name=who.name,
            company=company.name,
            until=f"{until:%Y-%m-%d}",
        )
        key = f"recheck/{company.id}/{until.isoformat()}/{after.warned}"
        await self._mail.send(who.email, words.subject, words.text, key)
        return Step(change, request, now)

    # --- the signer ---

    async def _take_back(self, row: Verification, request: Request, now: datetime) -> Step:
        """Takes back the first of what is to be taken back."""
        first, *others = request.after
        signer = self._signers.get(str(first["signer"]))
        done = None if signer is None else await signer.cancel(first["order"])
        if isinstance(done, NotNow) and row.tries < _BACK_TRIES:
            return self._later(row, request, done, now)
        if isinstance(done, NotNow):  # it runs out there by itself, and nobody here follows it
            log.warning("request_not_taken_back", company_id=row.company_id, code=done.code)
        kept = replace(request, after=tuple(others))
        return Step(Change(replace(row, tries=0), ()), kept, now)

    async def _start(
        self, company: Company, row: Verification, request: Request, signer: Signer, now: datetime
    ) -> Step:
        begun = await signer.start(await self._wishes.wish(request))
        match begun:
            case Started():
                invited = 1 if signer.invites else 0
                kept = replace(request, order=begun.order, invited=invited)
                return Step(changes.asked(row, now), kept, now)
            case Refused():
                log.warning("signer_refused", company_id=company.id, code=begun.code)
                change = changes.refused(row, now, begun.code, begun.public_text)
                return Step(change, request, None)
            case NotNow():
                return self._later(row, request, begun, now)

    async def _invite(
        self, company: Company, row: Verification, request: Request, signer: Signer, now: datetime
    ) -> Step:
        kept = replace(request, invited=request.invitations)
        if signer.invites:
            done = await signer.remind(request.order)
            if isinstance(done, NotNow):
                return self._later(row, request, done, now)
            return Step(Change(replace(row, tries=0), ()), kept, now)
        who = request.signatory
        words = letter(
            "signing",
            who.language,
            name=who.name,
            company=company.name,
            until=f"{row.expires_at:%Y-%m-%d}",
            link=f"{self._page}/{request.link(company.id)}",
        )
        key = f"signing/{request.id}/{kept.invited}"
        await self._mail.send(who.email, words.subject, words.text, key)
        return Step(Change(row, ()), kept, now)

    async def _collect(
        self, company: Company, row: Verification, request: Request, signer: Signer, now: datetime
    ) -> Step:
        state = await signer.collect(request.order)
        match state:
            case Pending():
                kept = replace(request, order=state.order, hint=state.hint)
                due = now + signer.every(state.order)
                if row.expires_at is not None:
                    due = min(due, row.expires_at)
                look = self._due(row, now)
                due = due if look is None else min(due, look)
                return Step(Change(replace(row, tries=0), ()), kept, due)
            case NotNow():
                return self._later(row, request, state, now)
            case Declined():
                return Step(changes.declined(row, now), _over(request), None)
            case Expired():
                return Step(changes.expired(row, now), _over(request), None)
            case Signed():
                return await self._signed(company, row, request, state, now)

    async def _signed(
        self, company: Company, row: Verification, request: Request, by: Signed, now: datetime
    ) -> Step:
        asked = request.signatory.personal_number
        if asked and by.personal_number and _digits(asked) != _digits(by.personal_number):
            text = "Somebody else has signed than who was asked to."
            change = changes.refused(row, now, "verification.another_person", text)
            return Step(change, _over(request), None)
        wording = self._wishes.agreement(request)
        data: dict[str, Any] = {
            "company": dict(request.known),
            "signatory": {
                "name": by.name or request.signatory.name,
                "personal_number": by.personal_number or asked,
                "email": request.signatory.email,
            },
            "request": {"id": request.id, "asked_by": request.asked_by},
            "asked_at": request.asked_at.isoformat(),
            "signed_at": by.at.isoformat(),
            "signer": request.signer,
            "agreement": {
                "version": wording.version,
                "language": wording.language,
                "sha256": wording.sha256,
            },
            # No register was asked: that the person may act for the company is what they say.
            "register": None,
        }
        record = await self._sealed.record(company.id, now, request.signer, data, by.proof)
        change = changes.signed(row, now, self._terms, record.id, hashed(request.known))
        return Step(change, _over(request), now, record)

    def _later(self, row: Verification, request: Request, why: NotNow, now: datetime) -> Step:
        tries = row.tries + 1
        log.warning("signer_not_now", company_id=row.company_id, code=why.code, tries=tries)
        wait = self._backoff.delay(uuid5(NAMESPACE_URL, request.id), tries)
        return Step(Change(replace(row, tries=tries), ()), request, now + wait)


def _over(request: Request) -> Request:
    """The request with nothing left to ask the signer for; who was asked stays, to be asked again
    some day."""
    return replace(request, order={}, hint="")


def _without_order(request: Request) -> Request:
    if not request.order:
        return request
    return replace(
        request,
        order={},
        after=(*request.after, {"signer": request.signer, "order": request.order}),
    )


def _digits(text: str) -> str:
    """A personal number as it can be compared: with its century or without, the last ten digits."""
    return "".join(letter for letter in text if letter.isdigit())[-10:]


def _told(before: Verification, after: Verification, step: Step, now: datetime) -> Told:
    data = {
        "standing": str(after.standing),
        "request": str(after.asking),
        "before": {"standing": str(before.standing), "request": str(before.asking)},
        "record": step.record.id if step.record else "",
    }
    entry = NewEntry("gateway", "company.stepped", after.company_id, after.company_id, data)
    return Told(entry, now)
