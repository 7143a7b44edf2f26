"""The second question of /v1/lookup: which way a document to a recipient would take, and why.

In charge of its fields and of how the answer is shown. Not in charge of asking (`gateway.ways`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import ConfigDict, Field, Strict

from gateway.api.answers import Shown
from gateway.api.problems import Fault, Problem, Type
from gateway.api.routes import Call, Q
from gateway.intake.customer import Line, RecipientFacts, recipient
from gateway.intake.shape import Amount, Date, Shape
from gateway.ways import Answer, DocumentKind, Found, Question, TooOften, usual
from transports.base import Account, AccountKind


class AccountFacts(Shape):
    """An account to be paid to (BT-84)."""

    kind: Annotated[AccountKind, Strict(False)]
    number: Annotated[str, Field(pattern=r"^[0-9A-Za-z]{1,34}$")]
    """Without separators."""


class DocumentFacts(Shape):
    """What is to be sent, where a channel may want to know. Where nothing but its kind is given,
    the recipient alone counts."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    kind: Annotated[DocumentKind, Strict(False)] | None = None
    """By default an invoice."""
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = None
    amount_due: Amount | None = None
    due_date: Date | None = None
    payment_reference: Line | None = None
    """BT-83: OCR or KID."""
    accounts: Annotated[list[AccountFacts], Field(max_length=10)] | None = None


class OneOfSeveral(Shown):
    """One of several recipients that fit."""

    address: str
    text: str


class StepFound(Shown):
    """A step of the plan, and what its channel answers now."""

    step: str
    """The channel, and what it is asked where it is asked more than once."""
    channel: str
    included: bool
    """Whether the plan has it: the channel is asked then."""
    reason_code: str
    """Why: stable, dotted."""
    reason: str
    """Why, in a sentence."""
    answer: Answer | None
    """What the channel says; null: it was not asked. `unknown` is no no."""
    code: str
    text: str
    address: str | None
    """Where it would go, in the channel's own notation."""
    several: tuple[OneOfSeveral, ...]
    """The recipients that fit, where there are several."""
    at: datetime | None
    """When it was asked: answers are kept for minutes."""


class ProposedWay(Shown):
    """The way that a document would take as things stand."""

    channel: str | None
    """Null: no channel reaches the recipient, or none could say."""
    step: str | None
    address: str | None
    certain: bool
    """`false`: a channel that comes before could not say, or a person must choose."""
    text: str


class WaysFound(Shown):
    """The plan of a document to a recipient, and what the channels of it answer now."""

    order: str
    """The rule that gives the order of the steps."""
    steps: tuple[StepFound, ...]
    proposal: ProposedWay


async def ways_of(
    call: Call[Q],
    facts: RecipientFacts,
    document: DocumentFacts,
    delivery: Mapping[str, Any],
) -> WaysFound:
    """The answer. Raises Problem with everything that is wrong with the question."""
    question = _question(call, facts, document, delivery)
    company = await call.service.store.company(call.company.id) or call.company
    found = await call.service.ways.explain(company, question)
    if isinstance(found, TooOften):
        after = str(math.ceil(found.after_s))
        raise Problem(
            Type.TOO_OFTEN,
            f"You have asked for many recipients just now; go on in {after} seconds.",
            headers={"Retry-After": after},
        )
    return _shown(found)


def _question(
    call: Call[Q], facts: RecipientFacts, document: DocumentFacts, delivery: Mapping[str, Any]
) -> Question:
    today = call.service.clock.now().date()
    whom = recipient(facts, today)
    if isinstance(whom, Mapping):
        faults = [
            Fault(detail=f"`{name}` {text}.", pointer=f"/recipient/{name}")
            for name, text in whom.items()
        ]
        raise Problem(Type.INVALID_BODY, faults=faults)
    known: dict[str, Any] = {
        name: value
        for name, value in document
        if value is not None and name not in {"kind", "accounts"}
    }
    accounts = tuple(Account(one.kind, one.number) for one in document.accounts or ())
    kind = document.kind or DocumentKind.INVOICE
    summary = usual(kind, whom.country, today, accounts=accounts, **known)
    return Question(whom, summary, delivery, supposed=not known and not accounts)


def _shown(found: Found) -> WaysFound:
    return WaysFound(
        order=found.plan.order,
        steps=tuple(
            StepFound(
                step=one.step.step,
                channel=one.step.channel,
                included=one.step.included,
                reason_code=one.step.code,
                reason=one.step.reason,
                answer=one.answer,
                code=one.code,
                text=one.text,
                address=one.address,
                several=tuple(OneOfSeveral(address=c.address, text=c.text) for c in one.candidates),
                at=one.at,
            )
            for one in found.asked
        ),
        proposal=ProposedWay.model_validate(found.proposal, from_attributes=True),
    )
