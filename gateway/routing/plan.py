"""The plan of a document: every step of its order, in or out, and why.

A pure function of the recipient, the document, what the sender asked for, what is set up here and
the day. Not in charge of asking anybody: whether the recipient really is there, each channel
answers when its turn comes (`gateway.delivery`).
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from gateway.customers import Settled
from gateway.routing.orders import Channel, Order, Orders, Question
from gateway.routing.wishes import (
    NOTHING_SETTLED,
    RECHECK,
    Whose,
    Wish,
    against,
    order_of,
    wishes,
)
from schemas.identifiers import KIND_OF_SCHEME, Kind, check, is_sole_trader, normal
from schemas.marks import Mark
from transports.base import Recipient, Summary
from validators.profiles import PEPPOL_BILLING, PEPPOL_BILLING_PRINT


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a plan. `code` is stable and dotted; `reason` is public, a sentence."""

    step: str
    channel: str
    included: bool
    code: str
    reason: str
    recheck_after_days: int | None = None

    @property
    def question(self) -> str | None:
        """What the channel is asked, where an order asks it more than one thing."""
        return self.step.partition("/")[2] or None


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps of a document in the order they are taken; `order` names the rule they follow.

    `profile` is that of the rules the document was held to: some let pass what not every channel
    takes.
    """

    order: str
    steps: tuple[Step, ...]
    profile: str = PEPPOL_BILLING

    @property
    def included(self) -> tuple[Step, ...]:
        """The steps that will be taken."""
        return tuple(step for step in self.steps if step.included)

    @property
    def digest(self) -> str:
        """What tells it from any other plan."""
        return sha256(json.dumps(self.data()).encode()).hexdigest()

    def data(self) -> dict[str, Any]:
        """The plan as JSON data."""
        return {
            "order": self.order,
            "profile": self.profile,
            "steps": [asdict(step) for step in self.steps],
        }


def from_data(data: Mapping[str, Any]) -> Plan:
    """The plan back from its JSON data."""
    return Plan(data["order"], tuple(Step(**step) for step in data["steps"]), data["profile"])


def plan(
    recipient: Recipient,
    summary: Summary,
    delivery: Mapping[str, Any],
    *,
    configured: Collection[str],
    orders: Orders,
    at: date,
    profile: str = PEPPOL_BILLING,
    mark: Mark | None = None,
    settled: Settled = NOTHING_SETTLED,
) -> Plan:
    """Makes the plan.

    `delivery` is what the sender asked for: `channels` are taken instead of the country's order,
    `disabled_channels` are left out; both hold known names only (intake sees to it). `settled` is
    what the sender has settled for the recipient (`gateway.customers.settled`); the document's own
    wishes count first. `configured` are the channels set up on this gateway; `profile` is one of
    `validators.profiles`; `mark` is what the invoice asks of an operator of print and bank
    services: it goes there and nowhere else.
    """
    order = orders.find(recipient.country, recipient.consumer, at, public=_is_public(recipient))
    wished = wishes(delivery, settled)
    lead = order_of(wished)
    wanted = lead.order if lead is not None else ()
    waits = settled.get(RECHECK, True)

    def judge(question: Question) -> Step:
        code, reason = _against(question.channel, wished, lead) or _why(
            question,
            orders.channels[question.channel],
            recipient,
            summary,
            asked_for=bool(wanted) or question.channel not in order.only_asked_for,
            waits=waits or question.recheck_after_days is None,
            configured=question.channel in configured,
            barred=question.channel in NEVER_OVER.get(profile, ()),
            mark=mark,
            at=at,
        )
        if code == INCLUDED and lead is not None:
            reason += _PLACE[lead.whose]
        return Step(
            question.step,
            question.channel,
            code == INCLUDED,
            code,
            reason,
            question.recheck_after_days,
        )

    name = order.name + (_ORDER[lead.whose] if lead is not None else "")
    steps = tuple(judge(question) for question in _line_up(order, wanted))
    return Plan(name, steps, profile)


INCLUDED = "route.included"

# The channels that a document of a relaxed profile must not take: one without electronic addresses
# need not be what Peppol demands.
NEVER_OVER: Mapping[str, frozenset[str]] = {PEPPOL_BILLING_PRINT: frozenset({"peppol"})}

# What a channel may need of a recipient: how it reads in a sentence, with where it comes from.
NEEDS = {
    "participant": "an electronic address (BT-49)",
    "organisation_number": "an organisation number (BT-47)",
    "personal_number": "a personal number (delivery.personal_number)",
    "national_number": (
        "a personal number (delivery.personal_number) or an organisation number (BT-47)"
    ),
    "company_number": "an organisation number (BT-47) or a GLN (BT-49)",
    "gln": "a GLN (BT-49)",
    "phone": "a mobile number (delivery.phone)",
    "email": "an e-mail address (delivery.email or BT-58)",
    "postal_address": "a complete postal address (BG-8)",
}


# Whose wish it was, in words.
_OFF: Mapping[Whose, str] = {
    Whose.DOCUMENT: "Switched off for this document by you.",
    Whose.CUSTOMER: "Switched off by your rule for this customer.",
    Whose.COMPANY: "Switched off by your rule for all customers.",
}
_NOT_IN: Mapping[Whose, str] = {
    Whose.DOCUMENT: "Not among the channels you gave for this document.",
    Whose.CUSTOMER: "Not among the channels of your rule for this customer.",
    Whose.COMPANY: "Not among the channels of your rule for all customers.",
}
_PLACE: Mapping[Whose, str] = {
    Whose.DOCUMENT: "",
    Whose.CUSTOMER: " Its place is by your rule for this customer.",
    Whose.COMPANY: " Its place is by your rule for all customers.",
}
_ORDER: Mapping[Whose, str] = {
    Whose.DOCUMENT: ", your order",
    Whose.CUSTOMER: ", your order for this customer",
    Whose.COMPANY: ", your order for all customers",
}


def _against(channel: str, wished: Sequence[Wish], lead: Wish | None) -> tuple[str, str] | None:
    """Why the sender does not want the channel, if that is so: a sender's word counts first."""
    wish = against(wished, channel)
    if wish is not None:
        return "route.switched_off", _OFF[wish.whose]
    if lead is None or channel in lead.order:
        return None
    if lead.forced:
        text = _NOT_IN[lead.whose].removesuffix(".")
        return "route.not_forced", f"{text}: this goes by {lead.order[0]} and nothing else."
    return "route.not_in_your_order", _NOT_IN[lead.whose]


def _line_up(order: Order, wanted: Sequence[str]) -> list[Question]:
    """The order's questions; the wanted channels first and as asked, whatever the order says."""
    chosen: list[Question] = []
    for channel in dict.fromkeys(wanted):
        own = [question for question in order.questions if question.channel == channel]
        chosen += own or [Question(channel, channel)]
    return chosen + [question for question in order.questions if question not in chosen]


def _why(
    question: Question,
    channel: Channel,
    recipient: Recipient,
    summary: Summary,
    *,
    asked_for: bool,
    waits: bool,
    configured: bool,
    barred: bool,
    mark: Mark | None,
    at: date,
) -> tuple[str, str]:
    """Why a step that nobody is against is in or out: what never changes counts first."""
    if not asked_for:
        text = "Not by itself: the public sector takes electronic invoices. Ask for it by name."
        return "route.public_sector", text
    if not waits:
        text = f"You want no recipient to be asked for an agreement and waited for ({RECHECK})."
        return "route.no_recheck", text
    if question.until is not None and at > question.until:
        return "route.ended", f"Not asked any more since {question.until}."
    if not configured:
        return "route.not_configured", "Not configured on this gateway."
    if mark is not None and mark.channel != channel.name:
        code = "route.marked_for_bank" if mark.channel == "bank_se" else "route.marked_for_print"
        return code, f"Marked (AQY {mark.code}: {mark.meaning}): never this way."
    if barred:
        return "route.no_addresses", "For people, without what Peppol demands: never this way."
    if channel.consumers_only and not recipient.consumer:
        return "route.consumers_only", "Reaches consumers only, and the recipient is a company."
    if summary.credit_note and not channel.credit_notes:
        return "route.no_credit_notes", "Carries no credit notes."
    for need in channel.needs:
        if not _has(recipient, need):
            return f"route.no_{need}", f"Needs {NEEDS[need]}; none was given."
    known = " and ".join(NEEDS[_met_by(recipient, need)] for need in channel.needs)
    return INCLUDED, f"In line: the recipient has {known}." if known else "In line."


def _has(recipient: Recipient, need: str) -> bool:
    if need == "personal_number":  # an FMI holds one
        return bool(recipient.personal_number or recipient.fmi) or _is_sole_trader(recipient)
    if need == "national_number":  # Kivra knows people by the one and companies by the other
        orgnr = recipient.organisation_number
        return bool(recipient.personal_number) or bool(orgnr and check(Kind.SE_ORGNR, orgnr))
    if need == "company_number":  # operators know companies by either
        return bool(recipient.organisation_number) or _has(recipient, "gln")
    if need == "gln":
        participant = recipient.participant
        return participant is not None and KIND_OF_SCHEME.get(participant.scheme) is Kind.GLN
    return bool(getattr(recipient, need))


def _met_by(recipient: Recipient, need: str) -> str:
    """What is there of a need that one of two things meets."""
    if need == "national_number":
        person = recipient.personal_number or _is_sole_trader(recipient)
        return "personal_number" if person else "organisation_number"
    if need == "company_number":
        return "organisation_number" if recipient.organisation_number else "gln"
    return need


def _is_public(recipient: Recipient) -> bool:
    """Whether the number says so: in Sweden those of the state, regions and municipalities begin
    with 2. In Norway no number tells."""
    number = recipient.organisation_number
    if recipient.country != "SE" or recipient.consumer or number is None:
        return False
    if not check(Kind.SE_ORGNR, number) or is_sole_trader(number):
        return False
    return normal(Kind.SE_ORGNR, number).startswith("2")


def _is_sole_trader(recipient: Recipient) -> bool:
    """A Swedish sole trader's organisation number is a personal number: the banks and Kivra know
    that company by it."""
    number = recipient.organisation_number
    if recipient.country != "SE" or number is None:
        return False
    return check(Kind.SE_ORGNR, number) and is_sole_trader(number)
