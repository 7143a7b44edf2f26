"""What Vipps' answers mean for a document. Pure.

In charge of problems, statuses and late states as verdicts. Not in charge of calling (`driver`).
Names of problems alone are quoted: their details may repeat a personal number.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from transports.base import (
    Delivered,
    Evidence,
    Outcome,
    Recalled,
    Refused,
    Sent,
    TryLater,
    Unknown,
    Verdict,
)
from transports.http import Answer, NoAnswer
from transports.vipps import wire
from transports.vipps.wire import State

# Within what time an invoice surely is pending or rejected: a day, where Vipps' partners are away.
LOOKED_AT_WITHIN: Final = timedelta(days=2)

# What a problem of Vipps is called here; any other is `refused`.
_PROBLEMS: Final = {
    "invalid-due-date": "due_date",
    "invalid-payment-information-kid": "kid",
    "invalid-payment-information-account": "account",
    "invalid-account-owner": "account",
    "amount-negative": "amount",
    "invalid-min-amount": "amount",
    "invalid-invoice-type": "kind",
    "invalid-issuer-name": "issuer_name",
    "invalid-invoice-id-issuer-ident-value": "issuer",
    "issuer-blacklisted": "issuer",
    "forbidden": "issuer",
    "recipient-blacklisted": "no_consent",
    "recipient-not-whitelisted": "no_consent",
    "recipient-not-found": "no_consent",
    "invoice-rejected-by-partner": "no_consent",
    "invalid-commercial-invoice-url": "document_url",
    "invalid-issuer-icon-url": "icon_url",
}

REFUSALS: Final = {
    "credit_note": "Vipps carries no credit notes.",
    "currency": "Vipps carries claims in Norwegian kroner only.",
    "amount": "Vipps does not take the amount.",
    "due_date": "Vipps takes a due date that is 3 days to one year ahead.",
    "kid": "Vipps does not take the KID.",
    "account": "Vipps does not take the account: it has to be one of the sender's.",
    "kind": "Vipps does not take this kind of claim.",
    "issuer_name": "Vipps does not take the sender's name.",
    "issuer": "Vipps takes no invoices of this sender.",
    "no_consent": "The recipient does not take eFaktura at the moment.",
    "document_url": "Vipps does not take the address of the document.",
    "icon_url": "Vipps does not take the address of the sender's logo.",
    "refused": "Vipps turned the invoice away.",
}

# A recipient's token that has ended, or that another instance of theirs does not know.
_STALE: Final = frozenset(
    {
        "invalid-recipient-token",
        "recipient-token-expired",
        "missing-recipient-token",
        "parsing-recipient-token",
        "recipient-token-claims",
    }
)

_LATE: Final = {
    "pending": "The recipient can see the invoice.",
    "approved": "The recipient has planned the payment.",
    "expired": "The invoice is no longer shown to the recipient.",
    "rejected": "Vipps will not show the invoice to the recipient.",
    "deleted": "The recipient has deleted the invoice.",
    "revoked": "The invoice was taken back.",
    "reported": "Vipps has reported something about the invoice.",
}


def verdict(name: str, text: str, public_text: str, remote: str) -> Verdict:
    """A verdict of this channel's."""
    return Verdict(f"vipps.{name}", text, public_text, remote)


def said(answer: Answer) -> str:
    """What an answer says, for operators."""
    problem = wire.read_problem(answer.body)
    return f"HTTP {answer.status}" + (f": {problem}" if problem else "")


def is_stale(answer: Answer) -> bool:
    """Whether a recipient's token was not taken."""
    return answer.status in (400, 401) and wire.read_problem(answer.body) in _STALE


def unanswered(error: NoAnswer, remote: str, evidence: tuple[Evidence, ...]) -> Outcome:
    """What it means that an invoice got no answer."""
    if error.handed_over:
        public = "The invoice was handed over, but no answer ever came."
        unknown = verdict("outcome_unknown", str(error), public, remote)
        return Unknown(unknown, evidence, answered=False)
    name, public = unreached(error)
    return TryLater(verdict(name, str(error), public, remote), evidence, answered=False)


def unreached(error: NoAnswer) -> tuple[str, str]:
    """The name and the sentence for that nobody was reached."""
    name = "timeout" if error.timed_out else "unreachable"
    return name, _UNREACHED[name]


_UNREACHED: Final = {
    "timeout": "Vipps did not answer in time.",
    "unreachable": "Vipps can not be reached at the moment.",
}


def put(
    answer: Answer,
    evidence: tuple[Evidence, ...],
    remote: str,
    now: datetime,
    left_out: Sequence[str] = (),
) -> Outcome:
    """What the answer to an invoice means; `left_out` are the attachments that did not go."""
    text = said(answer)

    def _verdict(name: str, public: str) -> Verdict:
        return verdict(name, text, public, remote)

    match answer.status:
        case 200 | 201 | 204:
            name = "accepted_without_attachments" if left_out else "accepted"
            missing = f" These attachments did not go: {', '.join(left_out)}." if left_out else ""
            taken = _verdict(name, f"Vipps has taken the invoice.{missing}")
            return Sent(taken, evidence, expects="report", until=now + LOOKED_AT_WITHIN)
        case 400 | 401 if is_stale(answer):
            public = "Vipps wants the recipient to be asked for once more."
            return TryLater(_verdict("token_ended", public), evidence)
        case 401:
            public = "Vipps does not accept our login at the moment."
            return TryLater(_verdict("login_refused", public), evidence, answered=False)
        case 409 if wire.read_problem(answer.body) in ("", "invoice-conflict"):
            # Of ours: with another document or account, as things were settled then.
            public = "Vipps has another invoice under this document's id."
            return Unknown(_verdict("conflict", public), evidence)
        case 429:
            public = "Vipps is busy."
            later = answer.retry_after
            return TryLater(_verdict("busy", public), evidence, later, answered=False)
        case status if status >= 500:
            # Whoever stumbled may have done so after taking it; the same again is safe.
            public = "Vipps failed while it was taking the invoice."
            return Unknown(_verdict("outcome_unknown", public), evidence, answered=False)
        case 400 | 403 | 404 | 409 | 413 | 422:
            name = _PROBLEMS.get(wire.read_problem(answer.body), "refused")
            return Refused(_verdict(name, REFUSALS[name]), evidence)
        case status if 200 <= status < 300:
            public = "Vipps gave an answer that is not in the format."
            return Unknown(_verdict("outcome_unknown", public), evidence)
    public = "Vipps gave an answer that is not in the format."
    return TryLater(_verdict("not_understood", public), evidence)


def not_revoked(
    answer: Answer, state: str, evidence: tuple[Evidence, ...], remote: str
) -> Refused | TryLater:
    """What it means that an invoice in this state was not taken back."""
    public = f"Vipps did not take the invoice back; it is {state}."
    told = verdict("not_revoked", f"{said(answer)}; it is {state}", public, remote)
    if answer.status in _NOT_NOW or answer.status >= 500:
        return TryLater(told, evidence, answer.retry_after)
    return Refused(told, evidence)


# 412: its state has changed since it was looked at.
_NOT_NOW: Final = frozenset({401, 408, 412, 429})


def late(status: wire.Status, remote: str, at: datetime) -> Delivered | Sent | Refused | Recalled:
    """What an invoice's state means, once it is another than before."""
    name = status.state if status.state in _LATE else "reported"
    reasons = [problem for problem in status.problems if problem]
    why = [REFUSALS[_PROBLEMS[problem]] for problem in reasons if problem in _PROBLEMS]
    public = " ".join((_LATE[name], *dict.fromkeys(why)))
    text = f"{public} ({', '.join((status.state, *reasons))})"
    lines = "\n".join((status.state, *reasons))
    evidence = (Evidence("report", "text/plain; charset=utf-8", lines.encode(), at),)
    told = verdict(name, text, public, remote)
    match status.state:
        case State.PENDING:
            return Delivered(told, evidence)
        case State.REJECTED | State.DELETED:
            return Refused(told, evidence)
        case State.REVOKED:
            return Recalled(told, evidence)
    return Sent(told, evidence)
