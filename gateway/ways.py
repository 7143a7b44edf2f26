"""The ways to a recipient: the plan, and what each channel of it answers right now.

In charge of asking the channels without sending anything, and of what their answers add up to. Not
in charge of the plan (`gateway.routing`), nor of sending (`gateway.delivery`). Nothing is stored:
answers are remembered in memory for minutes, under a hash that only this process can make.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, assert_never

import structlog

from gateway.allowance import Allowance
from gateway.clock import Clock
from gateway.customers import settled
from gateway.routing.orders import Orders, shipped
from gateway.routing.plan import Plan, Step, plan
from gateway.routing.terms import terms
from gateway.store.port import Company
from schemas.identifiers import (
    BILLING_CUSTOMIZATION,
    BILLING_PROCESS,
    CREDIT_NOTE_NAMESPACE,
    INVOICE_NAMESPACE,
    DocumentType,
    Kind,
    Participant,
    normal,
)
from transports.base import (
    Candidate,
    Inquiry,
    NotReachable,
    Reachability,
    ReachabilityUnknown,
    Reachable,
    Recipient,
    Sender,
    Several,
    Summary,
    Transport,
    Verdict,
)

log = structlog.get_logger()

# Questions to one channel at a time; a partner that hangs holds up its own only.
_AT_ONCE: Final = 8
# What a channel has not answered by then is not known.
LIMIT_S: Final = 20.0
# How long an answer is good for; what nobody knew is asked again at once.
_GOOD_FOR: Final = timedelta(minutes=5)
_MOST_REMEMBERED: Final = 20_000

NO_RATES: Final[Mapping[str, float]] = {}


class Answer(StrEnum):
    """What a channel answers."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"  # it could not say: ask again
    SEVERAL = "several"  # one of them must be chosen


@dataclass(frozen=True, slots=True)
class Question:
    """Who is to be reached, with what; `delivery` are the wishes that count for a plan. `supposed`:
    there is no document yet, so that nothing of it can be wrong (`transports.base.Inquiry`)."""

    recipient: Recipient
    summary: Summary
    delivery: Mapping[str, Any] = field(default_factory=dict)
    supposed: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A step of the plan, and what its channel answered; `answer` None: it was not asked.

    `address` is the channel's own notation. `at` is when it was asked.
    """

    step: Step
    answer: Answer | None = None
    code: str = ""
    text: str = ""
    address: str | None = None
    candidates: tuple[Candidate, ...] = ()
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """The way that a document would take as things stand. `certain` False: a channel before it
    could not say, or a person must choose. `channel` None: no way is known."""

    channel: str | None
    step: str | None
    address: str | None
    certain: bool
    text: str


@dataclass(frozen=True, slots=True)
class Found:
    """All that is known of the ways to a recipient."""

    plan: Plan
    asked: tuple[Asked, ...]
    proposal: Proposal


@dataclass(frozen=True, slots=True)
class TooOften:
    """The company has asked for more than it may; `after_s` is when the next are answered."""

    after_s: float


class _Turns:
    """Lets so many through in a second, one after the other."""

    def __init__(self, rate_per_s: float) -> None:
        self._every_s = 1 / rate_per_s
        self._next = 0.0

    async def wait(self, most_s: float | None) -> bool:
        """Returns when it is the caller's turn; False, at once, if that is not within `most_s`."""
        now = asyncio.get_running_loop().time()
        at = max(now, self._next)
        if most_s is not None and at - now > most_s:
            return False
        self._next = at + self._every_s
        await asyncio.sleep(at - now)
        return True


class Ways:
    """Asks the channels. `orders` None: those that are shipped. Each company may ask for
    `per_minute` recipients, and each channel in `rates` is asked so often in a second, in each
    process of the gateway."""

    def __init__(
        self,
        transports: Mapping[str, Transport],
        clock: Clock,
        *,
        configured: Collection[str] | None = None,
        orders: Orders | None = None,
        rates: Mapping[str, float] = NO_RATES,
        per_minute: int = 120,
        limit_s: float = LIMIT_S,
    ) -> None:
        self._transports = transports
        self._configured = frozenset(transports if configured is None else configured)
        self._clock = clock
        self._orders = orders
        self._allowance = Allowance(clock, per_minute)
        self._limit_s = limit_s
        self._room = {name: asyncio.Semaphore(_AT_ONCE) for name in transports}
        self._turns = {name: _Turns(rate) for name, rate in rates.items()}
        self._salt = os.urandom(32)
        self._known: dict[bytes, Asked] = {}

    async def explain(self, company: Company, question: Question) -> Found | TooOften:
        """What every channel of the plan answers, all asked at the same time."""
        return await self.ask(company, question, self._plan(company, question))

    async def ask(self, company: Company, question: Question, route: Plan) -> Found | TooOften:
        """The same of a plan that there is already."""
        short = self._allowance.spend(company.id)
        if short:
            return TooOften(short)
        asked = await asyncio.gather(
            *(self._step(company, question, step, self._limit_s) for step in route.steps)
        )
        return Found(route, tuple(asked), proposed(asked))

    async def propose(self, company: Company, question: Question) -> Proposal:
        """The way that a document would take: channels are asked one after the other, and none
        behind the first that is certain. How often that may be asked, the caller sees to; however
        long it is until a channel's turn, it is waited for."""
        asked: list[Asked] = []
        for step in self._plan(company, question).included:
            asked.append(await self._step(company, question, step, None))
            if asked[-1].answer is Answer.YES:
                break
        return proposed(asked)

    def _plan(self, company: Company, question: Question) -> Plan:
        return plan(
            question.recipient,
            question.summary,
            question.delivery,
            configured=self._configured,
            orders=self._orders or shipped(),
            at=self._clock.now().date(),
            settled=settled(company.settings, question.recipient, company.above),
        )

    async def _step(
        self, company: Company, question: Question, step: Step, most_s: float | None
    ) -> Asked:
        transport = self._transports.get(step.channel)
        if not step.included or transport is None:
            return Asked(step)
        inquiry = Inquiry(
            *(own(company), question.recipient, question.summary),
            question=step.question,
            terms=terms(company.settings, step.channel),
            supposed=question.supposed,
        )
        now = self._clock.now()
        key = hashlib.sha256(self._salt + f"{step.step}\n{inquiry!r}".encode()).digest()
        known = self._known.get(key)
        if known is not None and known.at is not None and known.at <= now < known.at + _GOOD_FOR:
            return replace(known, step=step)
        asked = _asked(step, await self._resolved(transport, inquiry, most_s), now)
        if asked.answer is not Answer.UNKNOWN:
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[key] = asked
        return asked

    async def _resolved(
        self, transport: Transport, inquiry: Inquiry, most_s: float | None
    ) -> Reachability:
        turns = self._turns.get(transport.name)
        if turns is not None and not await turns.wait(most_s):
            text = "The channel is asked as often as it may be already."
            return ReachabilityUnknown(Verdict("lookup.busy", text, text))
        try:
            async with self._room[transport.name], asyncio.timeout(self._limit_s):
                return await transport.resolve(inquiry)
        except TimeoutError:
            text = "The channel did not answer in time."
            return ReachabilityUnknown(Verdict("lookup.timed_out", text, text))
        except Exception:  # the edge to a channel: one that fails keeps nobody from the others
            log.exception("resolve_failed", channel=transport.name)
            text = "The channel could not be asked: a fault of the gateway's own."
            return ReachabilityUnknown(Verdict("lookup.failed", text, text))


def _asked(step: Step, found: Reachability, at: datetime) -> Asked:
    verdict = found.verdict
    told = (verdict.code, verdict.public_text)
    match found:
        case Reachable():
            return Asked(step, Answer.YES, *told, address=found.address, at=at)
        case NotReachable():
            return Asked(step, Answer.NO, *told, at=at)
        case ReachabilityUnknown():
            return Asked(step, Answer.UNKNOWN, *told, at=at)
        case Several():
            return Asked(step, Answer.SEVERAL, *told, candidates=found.candidates, at=at)
        case _:
            assert_never(found)


def proposed(asked: Sequence[Asked]) -> Proposal:
    """What the answers add up to. Pure."""
    doubts: list[str] = []
    for one in asked:
        step = one.step
        if one.answer is Answer.SEVERAL:
            text = f"Several recipients fit on {step.channel}: one of them must be chosen."
            return Proposal(step.channel, step.step, None, False, text)
        if one.answer is Answer.YES:
            doubt = f" Before it, {' and '.join(doubts)} could not say." if doubts else ""
            return Proposal(step.channel, step.step, one.address, not doubts, one.text + doubt)
        if one.answer is Answer.UNKNOWN:
            doubts.append(step.step)
    if doubts:
        text = f"No way is known: {' and '.join(doubts)} could not say."
        return Proposal(None, None, None, False, text)
    return Proposal(None, None, None, True, "No channel reaches this recipient.")


# --- what the channels are asked with -----------------------------------------------------------


def own(company: Company) -> Sender:
    """A company as the channels are told of it, where there is no invoice that names it."""
    participants = [Participant.parse(name) for name in company.participants]
    return Sender(
        company_id=company.id,
        name=company.name,
        country=company.country,
        participant=participants[0] if participants else None,
        organisation_number=_organisation_number(company.country, participants),
        reply_to=company.in_effect.get("reply_to"),
    )


_NATIONAL: Final = {"SE": ("0007", Kind.SE_ORGNR), "NO": ("0192", Kind.NO_ORGNR)}


def _organisation_number(country: str, participants: Sequence[Participant]) -> str | None:
    scheme, kind = _NATIONAL.get(country, ("", Kind.SE_ORGNR))
    for one in participants:
        if one.scheme == scheme:
            try:
                return normal(kind, one.value)
            except ValueError:
                continue
    return None


class DocumentKind(StrEnum):
    """What is to be sent."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"
    REMINDER = "reminder"


def usual(kind: DocumentKind, country: str, today: date, **known: Any) -> Summary:
    """The summary of a document that there is not yet: a Peppol BIS Billing 3.0, of what is
    `known`."""
    credit_note = kind is DocumentKind.CREDIT_NOTE
    namespace, root = (
        (CREDIT_NOTE_NAMESPACE, "CreditNote") if credit_note else (INVOICE_NAMESPACE, "Invoice")
    )
    return Summary(
        **{
            "number": "",
            "credit_note": credit_note,
            "issue_date": today,
            "due_date": None,
            "amount_due": Decimal(0),
            "currency": "NOK" if country == "NO" else "SEK" if country == "SE" else "EUR",
            "language": {"SE": "sv", "NO": "nb"}.get(country, "en"),
            "document_type": DocumentType(f"{namespace}::{root}##{BILLING_CUSTOMIZATION}::2.1"),
            "process": BILLING_PROCESS,
            "reminder": kind is DocumentKind.REMINDER,
            **known,
        }
    )
