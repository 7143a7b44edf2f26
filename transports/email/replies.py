"""What mail servers' answers mean for the invoice: at the end of a dialogue, and later. Pure.

Source: RFC 5321 4.2 (reply codes), RFC 3463 (enhanced status codes), RFC 3464 2.3.3 (actions).
"""

from __future__ import annotations

import re

from transports.base import (
    Delivered,
    Evidence,
    Outcome,
    Refused,
    Sent,
    TryLater,
    Unknown,
    Verdict,
    storable,
)
from transports.email.dialogue import Answer, Stage
from transports.email.notices import Action, AutomaticReply, Notice

PUBLIC_TEXTS = {
    "email.sent": "The mail server has taken the message. More is known if a mail server says so.",
    "email.mailbox_unavailable": "There is no mailbox for the recipient's e-mail address.",
    "email.mailbox_full": "The recipient's mailbox is full.",
    "email.too_large": "The message is larger than the recipient's mail server takes.",
    "email.policy": "The recipient's mail server turned the message away on its policy.",
    "email.refused": "The recipient's mail server turned the message away for good.",
    "email.deferred": "The mail server asks us to try again later.",
    "email.relay_refused": "Our mail server does not take messages from us at the moment.",
    "email.login_refused": "Our mail server does not accept our login at the moment.",
    "email.tls_failed": "No safe connection to our mail server could be made.",
    "email.unreachable": "Our mail server can not be reached at the moment.",
    "email.timeout": "Our mail server did not answer in time; the message was not handed over.",
    "email.connection_lost": "The connection broke before the message was handed over.",
    "email.outcome_unknown": "The message was handed over, but no answer ever came.",
}

# In the bounce mailbox; what failed for good has the texts above too.
LATE_TEXTS = {
    "email.delivered": "The recipient's mail server has put the message into the mailbox.",
    "email.relayed": "The message went on to a mail server that does not tell what becomes of it.",
    "email.delayed": "The recipient's mail server has not taken the message yet; ours tries again.",
    "email.automatic_reply": "The recipient's mailbox answered by itself, as when nobody is there.",
    "email.given_up": "The recipient's mail server did not take the message, and it was given up.",
}


def outcome(answer: Answer, remote: str, evidence: tuple[Evidence, ...]) -> Outcome:
    """The outcome for the envelope, told by how far the dialogue came and what was answered.

    Only a refusal that can be about the recipient or the message is for good. What our own relay
    thinks of us (greeting, TLS, login, sender) is never a reason to take another channel.
    """
    code = f"email.{_name(answer)}"
    said = f"{answer.code or ''} {answer.text}".strip() or "no answer"
    verdict = Verdict(code, f"{said} ({answer.stage})", PUBLIC_TEXTS[code], remote)
    match code:
        case "email.sent":
            return Sent(verdict, evidence)
        case "email.outcome_unknown":
            return Unknown(verdict, evidence, answered=answer.code is not None)
    refused_for_good = answer.code is not None and 500 <= answer.code < 600
    if refused_for_good and (answer.stage not in _OURS or code == "email.too_large"):
        return Refused(verdict, evidence)
    # Silence, and what the relay thinks of us, meets every message alike.
    answered = answer.code is not None and answer.stage not in _OURS
    return TryLater(verdict, evidence, answered=answered)


def late(
    said: Notice | AutomaticReply, evidence: tuple[Evidence, ...], *, proven: bool
) -> Delivered | Sent | Refused:
    """What a message in the bounce mailbox makes of the delivery that it is about.

    `proven`: it came to an address that nobody else could know. Only then does its word count as
    proof that the message arrived.
    """
    if isinstance(said, AutomaticReply):
        return Sent(_late("automatic_reply", "an automatic reply", None), evidence)
    remote = storable(said.reporter, 200) or None
    text = " ".join(part for part in (said.action, said.status, said.diagnostic) if part)
    match said.action:
        case Action.FAILED:
            return Refused(_late(_failure(said.status), text, remote), evidence)
        case Action.DELAYED:
            return Sent(_late("delayed", text, remote), evidence)
        case Action.DELIVERED if proven:
            return Delivered(_late("delivered", text, remote), evidence)
    return Sent(_late("relayed", text, remote), evidence)


def given_up(days: int) -> Refused:
    """What becomes of a message that was delayed, and of which nothing was heard for so long."""
    text = f"delayed, and nothing else was heard for {days} days"
    return Refused(_late("given_up", text, None))


def _late(name: str, text: str, remote: str | None) -> Verdict:
    code = f"email.{name}"
    return Verdict(code, text, (PUBLIC_TEXTS | LATE_TEXTS)[code], remote)


def _failure(status: str) -> str:
    subject = status[2:]
    if subject.startswith("7."):
        return "policy"
    # 4: trouble on the way; a class of 4 that failed was tried for as long as the server tries.
    if subject.startswith("4.") or status.startswith("4."):
        return _BY_ENHANCED_STATUS.get(subject, "given_up")
    return _BY_ENHANCED_STATUS.get(subject, "refused")


# Stages where the relay judges us, not the recipient.
_OURS = frozenset({Stage.CONNECT, Stage.TLS, Stage.LOGIN, Stage.SENDER})

_ENHANCED = re.compile(r"[245]\.(\d{1,3}\.\d{1,3})\b")

# RFC 3463 subject.detail, where it says more than the reply code.
_BY_ENHANCED_STATUS = {
    "1.1": "mailbox_unavailable",  # bad destination mailbox address
    "1.2": "mailbox_unavailable",  # bad destination system address
    "1.3": "mailbox_unavailable",  # bad destination mailbox address syntax
    "1.6": "mailbox_unavailable",  # mailbox has moved
    "1.10": "mailbox_unavailable",  # null MX (RFC 7505)
    "2.1": "mailbox_unavailable",  # mailbox disabled
    "2.2": "mailbox_full",
    "2.3": "too_large",  # message length exceeds administrative limit
    "3.4": "too_large",  # message too big for system
}

_BY_CODE = {
    (Stage.SENDER, 552): "too_large",  # RFC 1870 6.1: SIZE declared
    (Stage.RECIPIENT, 550): "mailbox_unavailable",
    (Stage.RECIPIENT, 551): "mailbox_unavailable",
    (Stage.RECIPIENT, 552): "mailbox_full",
    (Stage.RECIPIENT, 553): "mailbox_unavailable",
    (Stage.END, 552): "too_large",
}


def _name(answer: Answer) -> str:
    if answer.code is None:
        return _silence(answer)
    match answer.code // 100, answer.stage:
        case 2, Stage.END:
            return "sent"
        case 5, stage:
            return _refusal(answer.code, stage, answer.text)
        case 4, _:
            return "deferred"
        case _, Stage.END:
            return "outcome_unknown"  # neither yes, no nor later: not SMTP
    return "deferred"


def _silence(answer: Answer) -> str:
    match answer.stage:
        case Stage.END:
            return "outcome_unknown"
        case Stage.CONNECT:
            return "unreachable"
        case Stage.TLS:
            return "tls_failed"
        case Stage.LOGIN:
            return "login_refused"
    return "timeout" if answer.timed_out else "connection_lost"


def _refusal(code: int, stage: Stage, text: str) -> str:
    found = _ENHANCED.match(text)
    enhanced = found[1] if found else ""
    name = _BY_ENHANCED_STATUS.get(enhanced) or _BY_CODE.get((stage, code))
    if stage is Stage.TLS:
        return "tls_failed"
    if stage is Stage.LOGIN or code == 530:  # RFC 4954 6: authentication required
        return "login_refused"
    if stage in _OURS:
        return name if name == "too_large" else "relay_refused"
    if enhanced.startswith("7."):
        return "policy"
    return name or "refused"
