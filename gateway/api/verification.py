"""/v1/companies/{company_id}/verification: who a company is, and having somebody sign for it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from aiohttp import web
from pydantic import ConfigDict, Field

from gateway.api import examples_verification as examples
from gateway.api.answers import Shown
from gateway.api.body import body
from gateway.api.callers import actor
from gateway.api.problems import WITH_BODY, Fault, Problem, Type
from gateway.api.routes import Answer, Body, Call, Media, NoParameters, Routes, answer
from gateway.intake.head import LANGUAGES
from gateway.intake.shape import TEXT, Shape
from gateway.intake.submission import JSON, Email, PersonalNumber
from gateway.store.port import Company
from gateway.trust.gate import OPEN
from gateway.trust.signing.hints import words
from gateway.trust.signing.port import Signatory
from gateway.trust.verification.request import Request
from gateway.trust.verification.states import OPEN as OPEN_STANDINGS
from gateway.trust.verification.states import UNDER_WAY, Asking, Standing
from gateway.trust.verification.verbs import Asked, BadInput, NotNow, NotThere, Seen

routes = Routes("verification")

_Name = Annotated[str, Field(min_length=1, max_length=200, pattern=TEXT)]
_Language = Literal["en", "sv", "nb"]


class Forwarding(Shape):
    """Who else shall sign."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    name: _Name
    """Their name, as it is to stand in what they sign."""
    email: Email
    """Where the invitation goes."""
    language: _Language | None = None
    """The language of invitation and text; by default that of the company's country."""
    personal_number: PersonalNumber | None = None
    """With it nobody else can sign. Only a signing service that needs it gets it; it is kept
    sealed, and never shown, logged or told to others."""


class NewVerification(Forwarding):
    """Who shall sign for the company: somebody who may act for it."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    signer: Literal["visma_sign", "bankid"] | None = None
    """The signing service; by default the usual one of this gateway."""


class SigningRequest(Shown):
    """What was asked of whom."""

    state: Asking
    name: str
    email: str
    language: str
    signer: str
    hint: str
    """How far the person is, as far as is known; empty: nothing is."""
    invitations: int
    """How often they are to be written to."""
    asked_at: datetime
    expires_at: datetime | None
    """Until when it can be signed."""


class CompanyVerification(Shown):
    """How a company stands."""

    company_id: str
    required: bool
    """Whether this gateway asks its companies to be verified; where it does not, all may."""
    open: bool
    """Whether the company sends and receives just now."""
    standing: Standing
    code: str
    """Why it stands so: stable, dotted."""
    text: str
    """The same in a sentence."""
    verified_at: datetime | None
    recheck_at: datetime | None
    """From then on it has to be verified anew."""
    closes_at: datetime | None
    """The gate closes then, unless it was."""
    request: SigningRequest | None
    """The last request to sign; null: nobody was ever asked."""
    links: dict[str, str]


_STANDING = Answer("How the company stands.", CompanyVerification, examples.VERIFICATION)
_WRITTEN = Answer(
    "It is written down, and goes on by itself.", CompanyVerification, examples.VERIFICATION
)
_VERB = (Type.NOT_FOUND, Type.NOT_ALLOWED_NOW)


@routes.operation(
    "GET",
    "/v1/companies/{company_id}/verification",
    query=NoParameters,
    answers={200: _STANDING},
    problems=(Type.NOT_FOUND,),
    across=True,
)
async def get_verification(call: Call[NoParameters]) -> web.Response:
    """Read how a company stands: whether it is verified, why not, and what to do.

    A company that is not verified neither sends nor receives, where the gateway asks for it. A
    sub-unit is verified by itself.
    """
    company = await _company(call)
    return _shown(call, company, await call.service.verification.seen(company.id), 200)


@routes.operation(
    "POST",
    "/v1/companies/{company_id}/verification",
    query=NoParameters,
    body=Body({JSON: Media(NewVerification, {"the administrator": examples.ASKING})}),
    answers={202: _WRITTEN},
    problems=(*_VERB, *WITH_BODY),
    across=True,
)
async def ask_for_verification(call: Call[NoParameters]) -> web.Response:
    """Have somebody who may act for the company invited to sign for it.

    They get an e-mail with a link, read who the company is and what they agree to, and sign. Asked
    again, the invitation before counts no more. Follow `standing`, or the events `company.*`.
    """
    company = await _company(call)
    asked = await body(call, NewVerification)
    done = await call.service.verification.ask(
        company.id, _signatory(asked, company), signer=asked.signer, actor=await actor(call)
    )
    return _shown(call, company, done, 202)


@routes.operation(
    "POST",
    "/v1/companies/{company_id}/verification/resend",
    query=NoParameters,
    answers={202: _WRITTEN},
    problems=_VERB,
    across=True,
)
async def resend_invitation(call: Call[NoParameters]) -> web.Response:
    """Have the invitation sent once more, to the same person."""
    company = await _company(call)
    done = await call.service.verification.resend(company.id, actor=await actor(call))
    return _shown(call, company, done, 202)


@routes.operation(
    "POST",
    "/v1/companies/{company_id}/verification/forward",
    query=NoParameters,
    body=Body({JSON: Media(Forwarding, {"somebody else": examples.FORWARDING})}),
    answers={202: _WRITTEN},
    problems=(*_VERB, *WITH_BODY),
    across=True,
)
async def forward_invitation(call: Call[NoParameters]) -> web.Response:
    """Have somebody else invited; the invitation before counts no more."""
    company = await _company(call)
    asked = await body(call, Forwarding)
    who = _signatory(asked, company)
    done = await call.service.verification.forward(company.id, who, actor=await actor(call))
    return _shown(call, company, done, 202)


@routes.operation(
    "POST",
    "/v1/companies/{company_id}/verification/cancel",
    query=NoParameters,
    answers={202: _WRITTEN},
    problems=_VERB,
    across=True,
)
async def cancel_verification(call: Call[NoParameters]) -> web.Response:
    """Take the request to sign back: the invitation opens nothing any more.

    A company that is verified stays so until its own time is over.
    """
    company = await _company(call)
    done = await call.service.verification.cancel(company.id, actor=await actor(call))
    return _shown(call, company, done, 202)


async def _company(call: Call[NoParameters]) -> Company:
    """The company of the path, or its sub-unit; a problem when it is nobody's or another's."""
    reach = call.who.reach
    found = await call.service.store.company_within(reach, call.path("company_id"))
    if found is None:
        raise Problem(Type.NOT_FOUND)
    return found


def _signatory(asked: Forwarding, company: Company) -> Signatory:
    language = asked.language or LANGUAGES.get(company.country, "en")
    return Signatory(asked.name, asked.email, language, asked.personal_number or "")


def _shown(call: Call[NoParameters], company: Company, found: Asked, status: int) -> web.Response:
    match found:
        case NotThere():
            raise Problem(Type.NOT_FOUND)
        case NotNow():
            raise Problem(Type.NOT_ALLOWED_NOW, found.text)
        case BadInput():
            faults = [Fault(detail=f"`{n}` {text}.", pointer=f"/{n}") for n, text in found.faults]
            raise Problem(Type.INVALID_BODY, faults=faults)
        case Seen():
            required = call.service.gate is not OPEN
            return answer(_standing(company.id, found, required=required), status)


def _standing(company_id: str, seen: Seen, *, required: bool) -> CompanyVerification:
    row, here = seen.row, f"/v1/companies/{company_id}/verification"
    verbs = ("resend", "forward", "cancel") if row.asking in UNDER_WAY else ()
    return CompanyVerification(
        company_id=company_id,
        required=required,
        open=not required or row.standing in OPEN_STANDINGS,
        standing=row.standing,
        code=row.code,
        text=row.text,
        verified_at=row.verified_at,
        recheck_at=row.recheck_at,
        closes_at=row.closes_at,
        request=None if seen.request is None else _request(seen, seen.request),
        links={"self": here, **{verb: f"{here}/{verb}" for verb in verbs}},
    )


def _request(seen: Seen, request: Request) -> SigningRequest:
    who = request.signatory
    return SigningRequest(
        state=seen.row.asking,
        name=who.name,
        email=who.email,
        language=who.language,
        signer=request.signer,
        hint=words(request.hint, "en") if request.hint else "",
        invitations=request.invitations,
        asked_at=request.asked_at,
        expires_at=seen.row.expires_at,
    )
