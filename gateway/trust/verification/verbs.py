"""What people do about verification: ask, send again, forward, take back; verify and revoke.

In charge of the rules for that and of writing it down with the job that does it. Not in charge of
who may (`gateway.api`, the operator), nor of doing it (`steps`). `actor` is who wants it, for the
audit, which has no name or address of whoever signs: those are in the sealed request.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Protocol

from gateway.audit.chain import NewEntry, Told, reasoned
from gateway.clock import Clock
from gateway.delivery import standing as outgoing
from gateway.registration import line as registering
from gateway.registration.states import ParticipantState
from gateway.store.port import Company, NewJob
from gateway.store.registrations import Registration
from gateway.store.verifications import IdentityRecord, Verification, Verified
from gateway.trust.signing.port import Signatory
from gateway.trust.verification import changes
from gateway.trust.verification.changes import Change
from gateway.trust.verification.facts import as_known, hashed
from gateway.trust.verification.request import Request, Sealed, new_request
from gateway.trust.verification.standing import Terms, now_is
from gateway.trust.verification.states import OPEN, UNDER_WAY, Asking, Standing
from transports.email.address import fault

KIND: Final = "verification"  # of the job, and its lane

# A person who presses a button again and again does not make the signer write as often.
MOST_INVITATIONS: Final = 10
_PAGE: Final = 500
_ATTEMPTS: Final = 5


class Rows(Protocol):
    """What of the store is needed: a running gateway's, or one beside it."""

    async def company(self, company_id: str) -> Company | None:
        """One company."""
        ...

    async def verification(self, company_id: str) -> Verification | None:
        """How a company stands."""
        ...

    async def put_verification(
        self, change: Verified, now: datetime, *, told: Told | None = None
    ) -> bool:
        """Writes a change."""
        ...

    async def registrations(
        self, company_id: str | None, after: str, limit: int
    ) -> Sequence[Registration]:
        """A company's participants."""
        ...


@dataclass(frozen=True, slots=True)
class NotThere:
    """There is no such company."""


@dataclass(frozen=True, slots=True)
class NotNow:
    """It is not possible as things stand; `text` says why and what is."""

    text: str


@dataclass(frozen=True, slots=True)
class BadInput:
    """What was asked for is wrong in itself: each with the name of what is wrong."""

    faults: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """How a company stands, and what was asked of whom; None: nothing."""

    row: Verification
    request: Request | None


Asked = Seen | NotThere | NotNow | BadInput
# What a verb makes of a row and its request as they are just now; the data is for the audit.
_How = Callable[
    [Company, Verification, Request | None, datetime],
    Awaitable["tuple[Change, Request | None, Mapping[str, Any]] | NotNow"],
]
_Who = tuple[str, str, str]  # the actor, the action, and the reason where there is one: the audit's


def job(company_id: str, due_at: datetime) -> NewJob:
    """The job of a company's verification; there is one for each."""
    return NewJob(f"{KIND}/{company_id}", KIND, due_at, company_id)


async def when_open(store: Rows, company_id: str, now: datetime) -> list[NewJob]:
    """The jobs that let go on what the closed gate has kept: documents on their way out, and
    participants that are to be published. What lies in the inbox looks at the gate by itself."""
    jobs = [outgoing.letting_go(company_id, now)]
    after = ""
    while page := await store.registrations(company_id, after, _PAGE):
        after = page[-1].participant
        jobs += [
            registering.job(company_id, row.participant, now)
            for row in page
            if row.state is ParticipantState.WANTED
        ]
    return jobs


class Verbs:
    """The verbs of all companies. `signers` are the names of the signing services that are set up,
    the usual one first.

    `version` is that of the row which whoever acts has looked at: nothing is done to another one.
    """

    def __init__(
        self, store: Rows, clock: Clock, sealed: Sealed, signers: Sequence[str], terms: Terms
    ) -> None:
        self._store = store
        self._clock = clock
        self._sealed = sealed
        self._signers = tuple(signers)
        self._terms = terms

    async def seen(self, company_id: str) -> Seen | NotThere:
        """How a company stands now."""
        company = await self._store.company(company_id)
        if company is None:
            return NotThere()
        now = self._clock.now()
        row = await self._store.verification(company_id)
        if row is None:
            return Seen(changes.fresh(company_id, now), None)
        return Seen(now_is(row, now), await self._sealed.opened(company_id, row.request))

    async def ask(
        self,
        company_id: str,
        signatory: Signatory,
        *,
        signer: str | None = None,
        actor: str,
        reason: str = "",
        version: int | None = None,
    ) -> Asked:
        """Has somebody invited to sign for the company."""
        who = (actor, "company.asked", reason)
        return await self._invited(company_id, signatory, signer, who, version)

    async def forward(
        self,
        company_id: str,
        signatory: Signatory,
        *,
        actor: str,
        reason: str = "",
        version: int | None = None,
    ) -> Asked:
        """Has somebody else invited; the invitation before counts no more."""
        now = await self.seen(company_id)
        if isinstance(now, Seen) and now.row.asking not in UNDER_WAY:
            return NotNow(f"Nothing waits to be signed: the request is {now.row.asking}.")
        who = (actor, "company.forwarded", reason)
        return await self._invited(company_id, signatory, None, who, version)

    async def resend(
        self, company_id: str, *, actor: str, reason: str = "", version: int | None = None
    ) -> Asked:
        """Has the invitation sent once more, to the same person."""

        async def again(
            company: Company, row: Verification, request: Request | None, now: datetime
        ) -> tuple[Change, Request | None, Mapping[str, Any]] | NotNow:
            if request is None or row.asking not in UNDER_WAY:
                return NotNow(f"Nothing waits to be signed: the request is {row.asking}.")
            if request.invitations >= MOST_INVITATIONS:
                text = f"The invitation was sent {request.invitations} times. Ask somebody else."
                return NotNow(text)
            more = replace(request, invitations=request.invitations + 1)
            return Change(replace(row, updated_at=now), ()), more, {"times": more.invitations}

        who = (actor, "company.invited_again", reason)
        return await self._changed(company_id, again, who, version=version)

    async def cancel(
        self, company_id: str, *, actor: str, reason: str = "", version: int | None = None
    ) -> Asked:
        """Takes the request back."""

        async def back(
            company: Company, row: Verification, request: Request | None, now: datetime
        ) -> tuple[Change, Request | None, Mapping[str, Any]] | NotNow:
            if request is None or row.asking not in UNDER_WAY:
                return NotNow(f"Nothing waits to be signed: the request is {row.asking}.")
            return changes.cancelled(row, now), _taken_back(request), {}

        who = (actor, "company.request_cancelled", reason)
        return await self._changed(company_id, back, who, version=version)

    async def by_hand(
        self,
        company_id: str,
        *,
        who: str,
        why: str,
        seen: str,
        actor: str,
        version: int | None = None,
    ) -> Asked:
        """The operator has seen who the company is: `who` acts for it, `why` that is believed, and
        what was `seen`. All three are in the record, and sealed."""
        told = {"who": who.strip(), "why": why.strip(), "seen": seen.strip()}
        missing = [(name, "must say something") for name, text in told.items() if not text]
        if missing:
            return BadInput(tuple(missing))
        record: IdentityRecord | None = None

        async def verified(
            company: Company, row: Verification, request: Request | None, now: datetime
        ) -> tuple[Change, Request | None, Mapping[str, Any]] | NotNow:
            nonlocal record
            known = as_known(company)
            data = {"company": known, "operator": actor, **told}
            record = await self._sealed.record(company.id, now, "operator", data, None)
            change = changes.by_hand(row, now, self._terms, record.id, hashed(known))
            after = None if request is None else _taken_back(request)
            return change, after, {"record": record.id}

        return await self._changed(
            company_id,
            verified,
            (actor, "company.verified", ""),
            record=lambda: record,
            version=version,
        )

    async def revoke(
        self, company_id: str, reason: str, *, actor: str, version: int | None = None
    ) -> Asked:
        """The operator closes the gate. The company's people read the reason."""
        if not reason.strip():
            return BadInput((("reason", "must say something: the company's people read it"),))

        async def revoked(
            company: Company, row: Verification, request: Request | None, now: datetime
        ) -> tuple[Change, Request | None, Mapping[str, Any]] | NotNow:
            if row.standing is Standing.REVOKED:
                return NotNow("It is revoked already.")
            return changes.revoked(row, now, reason.strip()), request, {}

        who = (actor, "company.revoked", reason.strip())
        return await self._changed(company_id, revoked, who, version=version)

    async def decline(self, company_id: str, request_id: str) -> Asked:
        """Whoever was invited says no, on the page that the link leads to."""

        async def said_no(
            company: Company, row: Verification, request: Request | None, now: datetime
        ) -> tuple[Change, Request | None, Mapping[str, Any]] | NotNow:
            if request is None or request.id != request_id or row.asking is not Asking.ASKED:
                return NotNow("It waits for no answer any more.")
            return changes.declined(row, now), _taken_back(request), {}

        return await self._changed(company_id, said_no, ("signatory", "company.declined", ""))

    async def _invited(
        self,
        company_id: str,
        signatory: Signatory,
        signer: str | None,
        who: _Who,
        version: int | None,
    ) -> Asked:
        faults = [*_wrong(signatory), *self._wrong_signer(signer)]
        if faults:
            return BadInput(tuple(faults))
        if not self._signers:
            return NotNow(
                "No signing service is set up on this gateway: the operator verifies companies"
                " (`budkavle company verify`)."
            )

        async def anew(
            company: Company, row: Verification, request: Request | None, now: datetime
        ) -> tuple[Change, Request | None, Mapping[str, Any]] | NotNow:
            if row.standing is Standing.REVOKED:
                return NotNow("The operator has closed the gate; only the operator opens it.")
            by = signer or (request.signer if request else self._signers[0])
            if by not in self._signers:
                by = self._signers[0]
            open_ = request.after if request else ()
            if request is not None and request.order and row.asking in UNDER_WAY:
                open_ = (*open_, {"signer": request.signer, "order": request.order})
            made = new_request(company, signatory, by, who[0], now, open_)
            return changes.wanted(row, now, self._terms), made, {"signer": by}

        return await self._changed(company_id, anew, who, version=version)

    def _wrong_signer(self, signer: str | None) -> list[tuple[str, str]]:
        if signer is None or signer in self._signers:
            return []
        known = ", ".join(self._signers) or "none is set up"
        return [("signer", f"must be one of those set up here ({known})")]

    async def _changed(
        self,
        company_id: str,
        how: _How,
        who: _Who,
        *,
        record: Callable[[], IdentityRecord | None] = lambda: None,
        version: int | None = None,
    ) -> Asked:
        """Changes a row as it is then, or only the row of a version."""
        actor, action, reason = who
        for _ in range(_ATTEMPTS):
            company = await self._store.company(company_id)
            if company is None:
                return NotThere()
            now = self._clock.now()
            row = await self._store.verification(company_id) or changes.fresh(company_id, now)
            if version is not None and row.version != version:
                return NotNow("It was changed meanwhile. Look at it again.")
            row = now_is(row, now)
            request = await self._sealed.opened(company_id, row.request)
            done = await how(company, row, request, now)
            if isinstance(done, NotNow):
                return done
            change, after, data = done
            after_row = change.row
            if after is not None:
                kept = await self._sealed.request(company_id, after)
                after_row = replace(after_row, request=kept)
            opened = after_row.standing in OPEN and row.standing not in OPEN
            jobs = [job(company_id, now)]
            if opened:
                jobs += await when_open(self._store, company_id, now)
            data = reasoned(data, reason)
            told = Told(NewEntry(actor, action, company_id, company_id, data), now)
            written = Verified(after_row, change.events, jobs, record())
            if await self._store.put_verification(written, now, told=told):
                return Seen(replace(after_row, version=after_row.version + 1), after)
        return NotNow("It is changing just now. Try again in a moment.")


def _taken_back(request: Request) -> Request:
    """The request with its order in the line of what is to be taken back."""
    if not request.order:
        return request
    order = {"signer": request.signer, "order": request.order}
    return replace(request, order={}, after=(*request.after, order))


def _wrong(signatory: Signatory) -> list[tuple[str, str]]:
    faults = []
    if not signatory.name.strip():
        faults.append(("name", "must not be empty"))
    wrong = fault(signatory.email)
    if wrong:
        faults.append(("email", wrong))
    return faults
