"""How a company stands, for people: where it is, who must act, and what they can do about it.

In charge of the view and of the verbs, as `gateway.api.verification` has them, and those of the
operator beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.console.companies.desk import Desk
from gateway.console.companies.tab import Done, NotThere, Outcome, Wrong, bad
from gateway.intake.head import LANGUAGES
from gateway.store.verifications import Verification
from gateway.trust.gate import OPEN
from gateway.trust.signing.hints import words
from gateway.trust.signing.port import Signatory
from gateway.trust.verification import changes, verbs
from gateway.trust.verification.request import Request
from gateway.trust.verification.states import OPEN as OPEN_STANDINGS
from gateway.trust.verification.states import UNDER_WAY, Asking, Standing
from gateway.trust.verification.verbs import BadInput, NotNow, Seen

_LONGEST = 500  # of what an operator writes into a record


class Acts(StrEnum):
    """Who must do something now."""

    NOBODY = "nobody"
    GATEWAY = "gateway"
    SIGNATORY = "signatory"
    OPERATOR = "operator"
    COMPANY = "company"


@dataclass(frozen=True, slots=True)
class RequestView:
    """What was asked of whom."""

    name: str
    email: str
    language: str
    signer: str
    hint: str
    invitations: int
    asked_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class RecordView:
    """That it was shown who the company is: what was shown is sealed."""

    id: str
    at: datetime
    how: str


@dataclass(frozen=True, slots=True)
class VerificationView:
    """How it stands. `version` is what a verb is asked with: it is not done to another one."""

    required: bool
    open: bool
    standing: Standing
    asking: Asking
    acts: Acts
    code: str
    text: str
    verified_at: datetime | None
    recheck_at: datetime | None
    closes_at: datetime | None
    under_way: bool
    request: RequestView | None
    records: tuple[RecordView, ...]
    version: int


def who_acts(required: bool, standing: Standing, asking: Asking) -> Acts:
    """Who must do something for the gate to be open, and to stay so."""
    if asking is Asking.WANTED:
        return Acts.GATEWAY
    if asking is Asking.ASKED:
        return Acts.SIGNATORY
    if standing is Standing.VERIFIED or not required:
        return Acts.NOBODY
    if standing is Standing.REVOKED or asking is Asking.SIGNED:
        return Acts.OPERATOR
    return Acts.COMPANY


async def seen(desk: Desk) -> VerificationView:
    """How the company stands now."""
    found = await desk.service.verification.seen(desk.company.id)
    row, request = (found.row, found.request) if isinstance(found, Seen) else _nobody(desk)
    records = await desk.store.identity_records(desk.company.id) if desk.is_operator else ()
    required = desk.service.gate is not OPEN
    return VerificationView(
        required=required,
        open=not required or row.standing in OPEN_STANDINGS,
        standing=row.standing,
        asking=row.asking,
        acts=who_acts(required, row.standing, row.asking),
        code=row.code,
        text=row.text,
        verified_at=row.verified_at,
        recheck_at=row.recheck_at,
        closes_at=row.closes_at,
        under_way=row.asking in UNDER_WAY,
        request=None if request is None else _request(desk, row, request),
        records=tuple(RecordView(one.id, one.at, one.how) for one in records),
        version=row.version,
    )


def _nobody(desk: Desk) -> tuple[Verification, None]:
    return changes.fresh(desk.company.id, desk.now), None


def _request(desk: Desk, row: Verification, request: Request) -> RequestView:
    who, language = request.signatory, desk.visit.words.language
    return RequestView(
        name=who.name,
        email=who.email,
        language=who.language,
        signer=request.signer,
        hint=words(request.hint, language) if request.hint else "",
        invitations=request.invitations,
        asked_at=request.asked_at,
        expires_at=row.expires_at,
    )


async def verify(desk: Desk) -> Outcome:
    """The operator has seen who the company is."""
    told = {name: desk.form[name].strip()[:_LONGEST] for name in ("who", "seen")}
    found = await desk.service.verification.by_hand(
        desk.company.id, **told, why=desk.reason, actor=desk.actor, version=_version(desk)
    )
    return _outcome(found, "verified")


async def revoke(desk: Desk) -> Outcome:
    """The operator closes the gate."""
    found = await desk.service.verification.revoke(
        desk.company.id, desk.reason, actor=desk.actor, version=_version(desk)
    )
    return _outcome(found, "revoked")


async def ask(desk: Desk) -> Outcome:
    """Has somebody invited to sign."""
    found = await desk.service.verification.ask(
        *(desk.company.id, _signatory(desk)),
        actor=desk.actor,
        reason=desk.reason,
        version=_version(desk),
    )
    return _outcome(found, "asked")


async def forward(desk: Desk) -> Outcome:
    """Has somebody else invited."""
    found = await desk.service.verification.forward(
        *(desk.company.id, _signatory(desk)),
        actor=desk.actor,
        reason=desk.reason,
        version=_version(desk),
    )
    return _outcome(found, "forwarded")


async def resend(desk: Desk) -> Outcome:
    """Has the invitation sent once more."""
    found = await desk.service.verification.resend(
        desk.company.id, actor=desk.actor, reason=desk.reason, version=_version(desk)
    )
    return _outcome(found, "resent")


async def cancel(desk: Desk) -> Outcome:
    """Takes the request back."""
    found = await desk.service.verification.cancel(
        desk.company.id, actor=desk.actor, reason=desk.reason, version=_version(desk)
    )
    return _outcome(found, "cancelled")


def _version(desk: Desk) -> int:
    """The row that was looked at; a form that does not say it has looked at none there is."""
    text = desk.form["version"]
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def _signatory(desk: Desk) -> Signatory:
    language = desk.form["language"]
    if language not in ("en", "sv", "nb"):
        language = LANGUAGES.get(desk.company.country, "en")
    name = " ".join(desk.form["name"].split())[:200]
    return Signatory(name, desk.form["email"].strip(), language)


def _outcome(found: verbs.Asked, word: str) -> Outcome:
    match found:
        case Seen():
            return Done(word)
        case NotNow(text):
            return Wrong(texts=(text,))
        case BadInput(faults):
            return bad(faults)
        case _:
            return NotThere()
