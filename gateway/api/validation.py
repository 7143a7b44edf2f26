"""/v1/validate: what would be said of a document, without storing or sending it."""

from __future__ import annotations

from aiohttp import web

from gateway.api import answers, examples
from gateway.api.body import apart, incoming
from gateway.api.documents import BODY_PROBLEMS
from gateway.api.language import with_language
from gateway.api.routes import Answer, Call, NoParameters, Routes, answer
from gateway.api.schemas import DOCUMENT_BODY
from gateway.intake.prepare import verdict
from gateway.trust.scopes import Scope

routes = Routes("validation", changes=Scope.READ)


@routes.operation(
    "POST",
    "/v1/validate",
    query=NoParameters,
    body=DOCUMENT_BODY,
    answers={200: Answer("The verdict.", answers.Validation, examples.VALIDATION)},
    problems=BODY_PROBLEMS,
)
async def validate_document(call: Call[NoParameters]) -> web.Response:
    """Check a document against every rule, as if it had been handed in.

    The body is that of a submission; XML may also be another document there are rules for, such as
    a response. Findings point into your own body, also when it is JSON, and are told in the
    language of `Accept-Language`: English, Swedish or Norwegian.
    """
    given = await incoming(call, any_document=True)
    report = await apart(
        given.size,
        verdict,
        given.original,
        given.files(),
        with_language(given.delivery, call.request),
        at=call.service.clock.now().date(),
        settings=call.company.in_effect,
    )
    return answer(
        answers.Validation(
            ok=report.ok,
            profile=report.profile,
            structure_ok=report.structure_ok,
            findings=tuple(map(answers.finding, report.findings)),
        )
    )
