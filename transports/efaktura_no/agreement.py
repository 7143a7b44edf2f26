"""The agreement that a company must have with MPS before it sends eFaktura: its states. Pure.

In charge of what may follow what, of when an agreement is looked at again, and of what is told of
it. Not in charge of asking MPS (`issuers`). There is one agreement for an organisation number, with
one provider, whoever asks for it.

The signer gets an e-mail with a link, needs no login, and says yes; up to 24 hours later the
agreement is active. If another provider holds it, the signer has to move it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from transports.base import AGREEMENT, Entry
from transports.efaktura_no.terms import Terms
from transports.efaktura_no.wire.issuers import Issuer, IssuerState, IssuerStatus


class State(StrEnum):
    """How an agreement stands."""

    REQUESTED = "requested"  # MPS has not confirmed that it knows of it
    EMAIL_SENT = "email_sent"
    ELSEWHERE = "elsewhere"  # another provider holds it
    ACTIVE = "active"
    DECLINED = "declined"  # by the signer, or refused by MPS
    EXPIRED = "expired"
    DISABLED = "disabled"


# What may follow; what is over is asked for anew.
_ASKED: Final = frozenset({State.ACTIVE, State.DECLINED, State.EXPIRED, State.ELSEWHERE})
FOLLOWS: Final[Mapping[State, frozenset[State]]] = {
    State.REQUESTED: _ASKED | {State.EMAIL_SENT, State.REQUESTED},
    State.EMAIL_SENT: _ASKED | {State.REQUESTED},
    State.ELSEWHERE: _ASKED - {State.ELSEWHERE} | {State.EMAIL_SENT, State.REQUESTED},
    State.ACTIVE: frozenset({State.DISABLED}),
    State.DECLINED: frozenset({State.REQUESTED}),
    State.EXPIRED: frozenset({State.REQUESTED}),
    State.DISABLED: frozenset({State.REQUESTED}),
}

PENDING: Final = frozenset({State.REQUESTED, State.EMAIL_SENT, State.ELSEWHERE})
OVER: Final = frozenset({State.DECLINED, State.EXPIRED, State.DISABLED})

POLL: Final = timedelta(minutes=30)  # as providers of MPS do
CHECK: Final = timedelta(days=1)  # whether an active one has been taken away
LATE: Final = timedelta(hours=24)  # when an agreement should be active by
LAPSES: Final = timedelta(days=30)  # when we ask no longer

_STATES: Final = {
    IssuerState.EMAIL_SENT: State.EMAIL_SENT,
    IssuerState.ELSEWHERE: State.ELSEWHERE,
    IssuerState.ACTIVE: State.ACTIVE,
    IssuerState.DECLINED: State.DECLINED,
    IssuerState.EXPIRED: State.EXPIRED,
    IssuerState.DISABLED: State.DISABLED,
}


@dataclass(frozen=True, slots=True)
class Agreement:
    """An agreement as the register has it. `rule_due`: MPS has still to be told where the KID names
    the customer. `reason`: what MPS said of it, public."""

    company_id: str
    issuer: Issuer
    state: State
    asked_at: datetime
    rule_due: bool = False
    reason: str | None = None
    version: int = 0

    @property
    def pending(self) -> bool:
        """Whether it may become active yet."""
        return self.state in PENDING

    def entry(self, now: datetime) -> Entry:
        """It as an entry of the register."""
        issuer = self.issuer
        return Entry(
            self.company_id,
            AGREEMENT,
            issuer.organisation_number,
            state=self.state,
            data={
                "text": self.text(now),
                "asked_at": self.asked_at.isoformat(),
                "name": issuer.name,
                "signer_name": issuer.signer_name,
                "signer_email": issuer.signer_email,
                "account": issuer.account,
                "kid_length": issuer.kid_length,
                "reference": issuer.reference,
                "rule_due": self.rule_due,
                "reason": self.reason,
            },
            due_at=self._due(now),
            version=self.version,
        )

    def text(self, now: datetime) -> str:
        """How it stands and what to do: a public sentence or two."""
        said = _TOLD[self.state].format(email=self.issuer.signer_email)
        if self.reason:
            said = f"{said} {self.reason}"
        late = self.state in (State.REQUESTED, State.EMAIL_SENT) and now - self.asked_at > LATE
        return f"{said} {_LATE}" if late else said

    def _due(self, now: datetime) -> datetime | None:
        if self.pending or (self.state is State.ACTIVE and self.rule_due):
            return now + POLL
        return now + CHECK if self.state is State.ACTIVE else None


_TOLD: Final[Mapping[State, str]] = {
    State.REQUESTED: "The agreement has been asked for; MPS has not confirmed it yet.",
    State.EMAIL_SENT: "OK: e-mail sent to {email}. Whoever signs follows the link in it.",
    State.ELSEWHERE: "Another provider holds the agreement of this organisation number. Have the "
    "signatory move it by signing electronically; it is looked at again by itself.",
    State.ACTIVE: "The agreement is active.",
    State.DECLINED: "The agreement was declined.",
    State.EXPIRED: "The agreement was not signed in time. Ask for it again.",
    State.DISABLED: "The agreement has ended.",
}
_LATE: Final = (
    "It should have become active within 24 hours: see that the e-mail was found and the link "
    "followed, or ask for the agreement again with another address."
)


def requested(
    company_id: str, issuer: Issuer, at: datetime, before: Agreement | None = None
) -> Agreement:
    """A request: the first, or anew after `before`. ValueError where that is active."""
    if before is not None and State.REQUESTED not in FOLLOWS[before.state]:
        raise ValueError(f"an agreement that is {before.state} is not asked for again")
    version = 0 if before is None else before.version
    return Agreement(company_id, issuer, State.REQUESTED, at, version=version)


def issuer(organisation_number: str, name: str, terms: Terms) -> Issuer:
    """Who shall be an issuer, by terms that lack nothing."""
    assert terms.signer_name is not None and terms.signer_email is not None
    reference = terms.kid.reference
    return Issuer(
        organisation_number=organisation_number,
        name=name,
        signer_name=terms.signer_name,
        signer_email=terms.signer_email,
        account=terms.account,
        kid_length=terms.kid.length,
        reference=None if reference is None else str(reference),
    )


def news(agreement: Agreement, status: IssuerStatus) -> Agreement:
    """What MPS's word makes of an agreement. A word that can not follow changes nothing."""
    return moved(agreement, _STATES[status.state])


def moved(agreement: Agreement, state: State, reason: str | None = None) -> Agreement:
    """The agreement in another state, where that may follow; else as it is."""
    if agreement.state is State.ACTIVE and state in (State.ELSEWHERE, State.DECLINED):
        state, reason = State.DISABLED, reason or "Another provider may hold it now."
    if state not in FOLLOWS[agreement.state]:
        return agreement
    rule_due = state is State.ACTIVE and agreement.issuer.reference is not None
    return replace(agreement, state=state, rule_due=rule_due, reason=reason)


def looked_at(agreement: Agreement, now: datetime) -> Agreement:
    """The agreement once nobody knows of anything new: one that nobody signed lapses."""
    if agreement.pending and now - agreement.asked_at > LAPSES:
        return moved(agreement, State.EXPIRED)
    return agreement


def of(entry: Entry) -> Agreement:
    """The agreement of an entry of the register."""
    data: Mapping[str, Any] = entry.data
    return Agreement(
        company_id=entry.company_id,
        issuer=Issuer(
            organisation_number=entry.name,
            name=data["name"],
            signer_name=data["signer_name"],
            signer_email=data["signer_email"],
            account=data["account"],
            kid_length=data["kid_length"],
            reference=data["reference"],
        ),
        state=State(entry.state),
        asked_at=datetime.fromisoformat(data["asked_at"]),
        rule_due=data["rule_due"],
        reason=data["reason"],
        version=entry.version,
    )
