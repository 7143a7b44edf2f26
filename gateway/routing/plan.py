"""The plan of a document: every step of its order, in or out, and why.

A pure function of the recipient, the document, what the sender asked for, what is set up here and
the day. Not in charge of asking anybody: whether the recipient really is there, each channel
answers when its turn comes (`gateway.delivery`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from gateway.routing.orders import Channel, Order, Orders, Question
from schemas.identifiers import Kind, check, is_sole_trader
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
) -> Plan:
    """Makes the plan.

    `delivery` is what the sender asked for: `channels` are taken instead of the country's order,
    `disabled_channels` are left out; both hold known names only (intake sees to it). `configured`
    are the channels set up on this gateway; `profile` is one of `validators.profiles`; `mark` is
    what the invoice asks of an operator of print and bank services: it goes there and nowhere else.
    """
    order = orders.find(recipient.country, recipient.consumer, at)
    wanted = list(delivery.get("channels") or ())
    disabled = set(delivery.get("disabled_channels") or ())

    def judge(question: Question) -> Step:
        code, reason = _why(
            question,
            orders.channels[question.channel],
            recipient,
            summary,
            configured=question.channel in configured,
            wanted=not wanted or question.channel in wanted,
            disabled=question.channel in disabled,
            barred=question.channel in NEVER_OVER.get(profile, ()),
            mark=mark,
            at=at,
        )
        return Step(
            question.step,
            question.channel,
            code == INCLUDED,
            code,
            reason,
            question.recheck_after_days,
        )

    name = f"{order.name}, your order" if wanted else order.name
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
    "phone": "a mobile number (delivery.phone)",
    "email": "an e-mail address (delivery.email or BT-58)",
    "postal_address": "a complete postal address (BG-8)",
}


def _line_up(order: Order, wanted: list[str]) -> list[Question]:
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
    configured: bool,
    wanted: bool,
    disabled: bool,
    barred: bool,
    mark: Mark | None,
    at: date,
) -> tuple[str, str]:
    """Why the step is in or out: the sender's word counts first, then what never changes."""
    if disabled:
        return "route.switched_off", "Switched off for this document by you."
    if not wanted:
        return "route.not_in_your_order", "Not among the channels you gave for this document."
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
    known = " and ".join(NEEDS[need] for need in channel.needs)
    return INCLUDED, f"In line: the recipient has {known}." if known else "In line."


def _has(recipient: Recipient, need: str) -> bool:
    if need == "personal_number":
        return bool(recipient.personal_number) or _is_sole_trader(recipient)
    return bool(getattr(recipient, need))


def _is_sole_trader(recipient: Recipient) -> bool:
    """A Swedish sole trader's organisation number is a personal number: the banks and Kivra know
    that company by it."""
    number = recipient.organisation_number
    if recipient.country != "SE" or number is None:
        return False
    return check(Kind.SE_ORGNR, number) and is_sole_trader(number)
