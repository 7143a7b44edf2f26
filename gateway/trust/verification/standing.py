"""Whether a company may, by how it stands: the rules of the gate. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from gateway.store.verifications import Verification
from gateway.trust.gate import Closed
from gateway.trust.verification.states import OPEN, Asking, Standing


@dataclass(frozen=True, slots=True)
class Terms:
    """How long what counts. `warn` is how long before the gate closes people are told of it."""

    request: timedelta = timedelta(days=14)
    recheck: timedelta = timedelta(days=365)
    grace: timedelta = timedelta(days=30)
    warn: tuple[timedelta, ...] = (timedelta(days=14), timedelta(days=3))
    by_operator: bool = False  # a signature opens the gate only when the operator has looked at it


# Of both sides only the company's own people are told why.
PUBLIC: Final = "The recipient does not take documents on this gateway at present."

_HOW: Final = (
    "Ask for verification (`POST /v1/companies/{id}/verification`, or the operator with"
    " `budkavle company verify`)."
)
_WHY: Final[dict[Asking, str]] = {
    Asking.NONE: _HOW,
    Asking.WANTED: "The invitation to sign is on its way to whoever was named for it.",
    Asking.ASKED: "It waits for the signature of whoever was invited; the invitation can be sent"
    " again, or to somebody else (`.../verification/resend`, `/forward`).",
    Asking.SIGNED: "It is signed, and waits for the operator, who looks at it first.",
    Asking.DECLINED: f"Whoever was asked to sign has declined. {_HOW}",
    Asking.EXPIRED: f"It was not signed in time. {_HOW}",
    Asking.CANCELLED: f"The request to sign was taken back. {_HOW}",
    Asking.REFUSED: "The signing service does not take the request; the reason is with the"
    f" verification. {_HOW}",
}


def now_is(row: Verification, now: datetime) -> Verification:
    """The row as it stands now: time closes the gate, whether anybody has written that down yet or
    not."""
    if row.standing in OPEN and row.closes_at is not None and row.closes_at <= now:
        return replace(row, standing=Standing.LAPSED)
    return row


def closed(row: Verification | None, now: datetime) -> Closed | None:
    """Why a company may not; None: it may."""
    if row is None:
        return Closed("company.unverified", f"The company is not verified. {_HOW}", PUBLIC)
    row = now_is(row, now)
    match row.standing:
        case Standing.VERIFIED | Standing.RECHECK_DUE:
            return None
        case Standing.REVOKED:
            text = f"The operator has closed the gate for this company. {row.text}".strip()
            return Closed("company.revoked", text, PUBLIC)
        case Standing.LAPSED:
            text = f"The company's verification has run out. {_WHY[row.asking]}"
            return Closed("company.lapsed", text, PUBLIC)
        case _:
            text = f"The company is not verified. {_WHY[row.asking]}"
            return Closed("company.unverified", text, PUBLIC)


def wakes_at(row: Verification, terms: Terms) -> datetime | None:
    """When the standing changes by itself next, or people are told that it will; None: never."""
    if row.standing is Standing.VERIFIED:
        return row.recheck_at
    if row.standing is Standing.RECHECK_DUE and row.closes_at is not None:
        warnings = [row.closes_at - before for before in terms.warn]
        return warnings[row.warned] if row.warned < len(warnings) else row.closes_at
    return None
