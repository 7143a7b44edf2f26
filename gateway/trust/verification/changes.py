"""How a company stands after something has happened: each change, with what is told of it. Pure.

In charge of the rows and events. Not in charge of writing them (`verbs`, `steps`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gateway.events import Type
from gateway.store.port import NewEvent
from gateway.store.verifications import Verification
from gateway.trust.verification.facts import SAID
from gateway.trust.verification.standing import Terms
from gateway.trust.verification.states import OPEN, UNDER_WAY, Asking, Standing, check


@dataclass(frozen=True, slots=True)
class Change:
    """A row as it becomes, and what is told of it."""

    row: Verification
    events: tuple[NewEvent, ...]


def fresh(company_id: str, now: datetime) -> Verification:
    """A company that nothing is known of."""
    text = "Nobody has shown who the company is."
    return Verification(
        company_id, Standing.UNVERIFIED, Asking.NONE, "company.unverified", text, now, now
    )


def wanted(row: Verification, now: datetime, terms: Terms) -> Change:
    """Somebody is to be asked, from now on."""
    return _asking(
        replace(row, expires_at=now + terms.request),
        Asking.WANTED,
        now,
        "verification.wanted",
        "Somebody is to be invited to sign for the company.",
    )


def asked(row: Verification, now: datetime) -> Change:
    """The signer has it, and the person is invited."""
    text = "Somebody was invited to sign for the company."
    until = {"until": _iso(row.expires_at)}
    return _asking(row, Asking.ASKED, now, "verification.asked", text, Type.COMPANY_ASKED, **until)


def declined(row: Verification, now: datetime) -> Change:
    """The person said no."""
    text = "Whoever was invited to sign has declined."
    code = "verification.declined"
    return _asking(row, Asking.DECLINED, now, code, text, Type.COMPANY_NOT_SIGNED)


def expired(row: Verification, now: datetime) -> Change:
    """Nobody signed in time."""
    text = "It was not signed in time."
    return _asking(row, Asking.EXPIRED, now, "verification.expired", text, Type.COMPANY_NOT_SIGNED)


def cancelled(row: Verification, now: datetime) -> Change:
    """A person took it back."""
    text = "The request to sign was taken back."
    code = "verification.cancelled"
    return _asking(row, Asking.CANCELLED, now, code, text, Type.COMPANY_NOT_SIGNED)


def refused(row: Verification, now: datetime, code: str, text: str) -> Change:
    """The signer does not take it, or what was signed does not count."""
    return _asking(row, Asking.REFUSED, now, code, text, Type.COMPANY_NOT_SIGNED)


def signed(
    row: Verification, now: datetime, terms: Terms, record_id: str, facts: dict[str, str]
) -> Change:
    """It is signed: the gate opens, unless the operator has something to say first."""
    kept = replace(row, record_id=record_id, facts=facts)
    if terms.by_operator or row.standing is Standing.REVOKED:
        text = "It is signed. The operator looks at it before the gate opens."
        return _asking(kept, Asking.SIGNED, now, "verification.signed", text, Type.COMPANY_SIGNED)
    text = "It is signed."
    first = _asking(kept, Asking.SIGNED, now, "verification.signed", text, Type.COMPANY_SIGNED)
    then = verified(first.row, now, terms, "company.verified", "It is verified, by signature.")
    return Change(then.row, (*first.events, *then.events))


def verified(row: Verification, now: datetime, terms: Terms, code: str, text: str) -> Change:
    """The gate opens."""
    recheck_at = now + terms.recheck
    row = replace(
        row, verified_at=now, recheck_at=recheck_at, closes_at=recheck_at + terms.grace, warned=0
    )
    data = {"until": _iso(recheck_at)}
    return _standing(row, Standing.VERIFIED, now, code, text, Type.COMPANY_VERIFIED, **data)


def by_hand(
    row: Verification,
    now: datetime,
    terms: Terms,
    record_id: str,
    facts: dict[str, str],
) -> Change:
    """The operator has seen who the company is."""
    kept = replace(row, record_id=record_id, facts=facts)
    if row.asking in UNDER_WAY:  # nobody needs to sign any more
        kept = replace(kept, asking=Asking.CANCELLED)
    text = "It is verified, by the operator."
    return verified(kept, now, terms, "company.verified", text)


def revoked(row: Verification, now: datetime, reason: str) -> Change:
    """The operator closes the gate."""
    row = replace(row, closes_at=None, recheck_at=None)
    code = "company.revoked"
    return _standing(row, Standing.REVOKED, now, code, reason, Type.COMPANY_REVOKED)


def recheck_due(
    row: Verification, now: datetime, terms: Terms, changed: Sequence[str] = ()
) -> Change:
    """It has to be shown again: some time has passed, or the facts with these names have changed.
    The gate stays open for the time of grace."""
    code, text = "company.recheck_time", "It was verified long ago, and has to be verified again."
    if changed:
        what = " and ".join(SAID[name] for name in changed)
        code, text = (
            "company.recheck_changed",
            f"It has changed {what}: it has to be verified anew.",
        )
    row = replace(row, recheck_at=now, closes_at=now + terms.grace, warned=0)
    data = {"until": _iso(row.closes_at), "changed": list(changed)}
    return _standing(row, Standing.RECHECK_DUE, now, code, text, Type.COMPANY_RECHECK_DUE, **data)


def warned(row: Verification, now: datetime) -> Change:
    """Told once more that the gate closes."""
    row = replace(row, warned=row.warned + 1, updated_at=now)
    told: dict[str, Any] = {
        "code": row.code,
        "text": row.text,
        "until": _iso(row.closes_at),
        "changed": [],
    }
    return Change(row, (NewEvent(Type.COMPANY_RECHECK_DUE, told),))


def lapsed(row: Verification, now: datetime) -> Change:
    """The time of grace is over."""
    code, text = "company.lapsed", "It was not verified again in time."
    return _standing(row, Standing.LAPSED, now, code, text, Type.COMPANY_LAPSED)


def _asking(
    row: Verification,
    after: Asking,
    now: datetime,
    code: str,
    text: str,
    event: Type | None = None,
    **data: Any,
) -> Change:
    changed = replace(row, asking=after, updated_at=now, tries=0, next_at=None)
    if row.standing not in OPEN:  # else why it stands as it does still counts for more
        changed = replace(changed, code=code, text=text)
    return _checked(row, changed, event, {"code": code, "text": text, **data})


def _standing(
    row: Verification,
    after: Standing,
    now: datetime,
    code: str,
    text: str,
    event: Type,
    **data: Any,
) -> Change:
    changed = replace(row, standing=after, updated_at=now, code=code, text=text)
    return _checked(row, changed, event, {"code": code, "text": text, **data})


def _checked(
    before: Verification, after: Verification, event: Type | None, data: dict[str, Any]
) -> Change:
    check((before.standing, before.asking), (after.standing, after.asking))
    return Change(after, () if event is None else (NewEvent(event, data),))


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
