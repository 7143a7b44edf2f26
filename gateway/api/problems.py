"""Everything a request can be refused for: the closed list of problem types (RFC 9457).

In charge of the names, their meaning, and of writing the answer. Not in charge of finding faults.
`docs/reference/problems.md` and the pages under `/problems/` are made from this file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from aiohttp import web
from pydantic import BaseModel, Field

from gateway.trust.gate import Closed
from validators.findings import Finding, Severity

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 200  # an invoice with a wrong field on each of 20,000 lines need not name them all


class Type(StrEnum):
    """The type of a problem; its URL is `/problems/<name>` on the gateway itself."""

    MALFORMED_REQUEST = "malformed-request"
    MALFORMED_JSON = "malformed-json"
    INVALID_PARAMETER = "invalid-parameter"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    COMPANY_NOT_VERIFIED = "company-not-verified"
    NOT_FOUND = "not-found"
    METHOD_NOT_ALLOWED = "method-not-allowed"
    REQUEST_TIMEOUT = "request-timeout"
    NOT_ALLOWED_NOW = "not-allowed-now"
    TOO_MANY = "too-many"
    TOO_OFTEN = "too-often"
    TOO_LARGE = "too-large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type"
    INVALID_BODY = "invalid-body"
    UNREADABLE_DOCUMENT = "unreadable-document"
    NOT_VALID = "not-valid"
    IDEMPOTENCY_KEY_REUSED = "idempotency-key-reused"
    EVENTS_EXPIRED = "events-expired"
    CONTENT_LOST = "content-lost"
    INTERNAL = "internal"
    STORAGE_UNAVAILABLE = "storage-unavailable"


# What any request may be refused for because of its body.
WITH_BODY = (
    Type.MALFORMED_REQUEST,
    Type.MALFORMED_JSON,
    Type.REQUEST_TIMEOUT,
    Type.TOO_LARGE,
    Type.UNSUPPORTED_MEDIA_TYPE,
    Type.INVALID_BODY,
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a problem says, and what the caller can do about it."""

    status: int
    title: str
    says: str
    remedy: str


MEANINGS: dict[Type, Meaning] = {
    Type.MALFORMED_REQUEST: Meaning(
        400,
        "The request is not well-formed",
        "The HTTP message breaks its own framing: a body that ends early, a multipart body without"
        " its closing boundary, a part without a name, a file name with control characters.",
        "Look at what the HTTP library was given. Nothing was stored.",
    ),
    Type.MALFORMED_JSON: Meaning(
        400,
        "The body is not JSON",
        "The text is not JSON in UTF-8 (RFC 8259), or can be read two ways: a member stands there"
        " twice, a string holds half of a surrogate pair, a number is NaN.",
        "`errors` tells line and column, or the place. Nothing was stored.",
    ),
    Type.INVALID_PARAMETER: Meaning(
        400,
        "A query parameter or header is wrong",
        "A parameter is unknown, given twice, or outside of what it may be.",
        "`errors` names each of them, with what was expected.",
    ),
    Type.UNAUTHENTICATED: Meaning(
        401,
        "No valid API key",
        "The Authorization header is missing, or its key is unknown here, revoked, or past its"
        " time.",
        "Send `Authorization: Bearer bk_...` with a key of your company.",
    ),
    Type.FORBIDDEN: Meaning(
        403,
        "Your key may not do this",
        "Each operation asks for a scope: `read`, `send`, `receive` or `manage`. Your key does not"
        " have the one that is needed here, whatever the request is about.",
        "`detail` names the scope. Have a key made that has it; `GET /v1/keys` tells what yours"
        " has.",
    ),
    Type.COMPANY_NOT_VERIFIED: Meaning(
        403,
        "The company has not proved who it is",
        "A company that is not verified neither sends nor receives. Nothing was stored or handed"
        " out.",
        "`detail` tells where its verification stands and what to do;"
        " `GET /v1/companies/{id}/verification` tells more. Then send again.",
    ),
    Type.NOT_FOUND: Meaning(
        404,
        "There is no such thing",
        "The path does not exist, or the id is unknown to your company. Another company's id gives"
        " the same answer as one that never was.",
        "Use the links of the answers rather than building paths.",
    ),
    Type.METHOD_NOT_ALLOWED: Meaning(
        405,
        "The path has no such method",
        "The path exists, but not with this method.",
        "The Allow header names those it has.",
    ),
    Type.REQUEST_TIMEOUT: Meaning(
        408,
        "The body did not arrive in time",
        "Nothing more of the body came for a while.",
        "Send again, with the same Idempotency-Key. Nothing was stored.",
    ),
    Type.NOT_ALLOWED_NOW: Meaning(
        409,
        "As things stand this is not possible",
        "Each state of a document or participant allows some verbs, and a document has some parts:"
        " no image before it was checked. Or it moved on while the request was under way; or what"
        " is asked for is not set up on this gateway.",
        "Read it again; `detail` names the state it is in, or what is missing.",
    ),
    Type.TOO_MANY: Meaning(
        409,
        "There are as many as there may be",
        "A company may have only so many of these.",
        "Remove one that is no longer needed; `detail` names the limit.",
    ),
    Type.TOO_OFTEN: Meaning(
        429,
        "You ask too often",
        "A company may ask for so much in a time, and too many keys that are nobody's are not"
        " looked at any more. Nothing was done.",
        "Send again after Retry-After.",
    ),
    Type.TOO_LARGE: Meaning(
        413,
        "The body is too large",
        "The body is larger than this gateway takes.",
        "`detail` tells the limit in bytes. Link to large files (BT-124) rather than embed them.",
    ),
    Type.UNSUPPORTED_MEDIA_TYPE: Meaning(
        415,
        "The media type is not taken here",
        "The Content-Type is missing or none that this path takes, its charset is not UTF-8, or the"
        " body is compressed.",
        "`detail` lists what is taken.",
    ),
    Type.INVALID_BODY: Meaning(
        422,
        "The body has fields that do not fit",
        "The body is JSON, but a field is missing, unknown, or of the wrong type.",
        "`errors` has all of them, each with a JSON pointer into the body. Nothing was stored.",
    ),
    Type.UNREADABLE_DOCUMENT: Meaning(
        422,
        "The document can not be read",
        "The document is not well-formed XML, not a UBL Invoice or CreditNote, or holds what no"
        " invoice needs: a DOCTYPE, entities, depth without end.",
        "`errors` tells the place. Nothing was stored. Business rules are not checked here: a"
        " document that breaks them is taken and ends as `rejected`, with findings.",
    ),
    Type.NOT_VALID: Meaning(
        422,
        "The document breaks rules",
        "The document was read and can not be sent as it is, so there is nothing to show of it.",
        "`errors` has all that is wrong; `POST /v1/validate` tells more of each.",
    ),
    Type.IDEMPOTENCY_KEY_REUSED: Meaning(
        422,
        "The Idempotency-Key was used for another request",
        "The same key came before with another body. The first request stands; this one was not"
        " stored.",
        "Make a new key for each new document, and keep it for repeats of that one only.",
    ),
    Type.EVENTS_EXPIRED: Meaning(
        410,
        "Events after this cursor may have been deleted",
        "Events are kept for a time only, and the one with this cursor is no longer there: what"
        " came next may have been deleted before you read it.",
        "Begin again from the oldest event that is kept, with the cursor in `errors`; look at the"
        " documents themselves (`GET /v1/documents`) for what happened before.",
    ),
    Type.CONTENT_LOST: Meaning(
        410,
        "The file can not be read any more",
        "Its bytes are not what was stored, or the key that they were encrypted with was deleted.",
        "Do not try again: tell the operator `request_id`. A backup may still have the file.",
    ),
    Type.INTERNAL: Meaning(
        500,
        "The gateway has a fault",
        "Something went wrong here that should not. It is logged under the `request_id`.",
        "Send again, with the same Idempotency-Key; if it stays, tell the operator `request_id`.",
    ),
    Type.STORAGE_UNAVAILABLE: Meaning(
        503,
        "The gateway can not write just now",
        "The disk or the database refused. Nothing was stored.",
        "Send again after Retry-After, with the same Idempotency-Key.",
    ),
}


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    detail: str = Field(description="What is wrong, and what was expected.")
    pointer: str | None = Field(default=None, description="Where in a JSON body (RFC 6901).")
    where: str | None = Field(default=None, description="Where in an XML document.")
    parameter: str | None = Field(default=None, description="Which query parameter or header.")
    line: int | None = Field(default=None, description="The line, from 1.")
    column: str | None = Field(default=None, description="Which column of a table.")
    rule: str | None = Field(default=None, description="The rule that says so.")
    hint: str | None = Field(default=None, description="What to do.")
    terms: list[str] | None = Field(default=None, description="Business terms: BT-9.")


class ProblemDetails(BaseModel):
    """Why a request was refused (RFC 9457); `errors` has everything that is wrong, at once."""

    type: str = Field(description="Which problem; the page at this path explains it.")
    title: str
    status: int
    detail: str
    request_id: str = Field(description="Also in the X-Request-Id header and in the log.")
    errors: list[Fault] = []
    errors_left_out: int = Field(default=0, description="How many more there are, at least.")


class Problem(Exception):
    """Ends a request with a problem; the middleware writes the answer.

    `close` ends the connection too: what is left of the body is not worth reading.
    """

    def __init__(
        self,
        kind: Type,
        detail: str = "",
        faults: Iterable[Fault] = (),
        headers: Mapping[str, str] | None = None,
        *,
        close: bool = False,
    ) -> None:
        self.kind = kind
        self.meaning = MEANINGS[kind]
        self.detail = detail or self.meaning.says
        self.faults = tuple(faults)
        self.headers = dict(headers or {})
        self.close = close
        super().__init__(f"{kind}: {self.detail}")

    def details(self, request_id: str) -> ProblemDetails:
        """The body of the answer."""
        return ProblemDetails(
            type=url(self.kind),
            title=self.meaning.title,
            status=self.meaning.status,
            detail=self.detail,
            request_id=request_id,
            errors=list(self.faults[:MOST_ERRORS]),
            errors_left_out=max(0, len(self.faults) - MOST_ERRORS),
        )

    def answer(self, request_id: str) -> web.Response:
        """The answer."""
        text = self.details(request_id).model_dump_json(exclude_none=True)
        response = web.Response(
            status=self.meaning.status,
            body=text.encode(),
            content_type=MEDIA_TYPE,
            headers=self.headers,
        )
        if self.close:
            response.force_close()
        return response


def url(kind: Type) -> str:
    """Where the page of a problem type is."""
    return f"/problems/{kind}"


def refused(findings: Iterable[Finding], *, json: bool) -> Problem:
    """The problem of a body whose shape is wrong; `json` says in which syntax it came."""
    findings = tuple(findings)
    if not json:
        return _with_faults(Type.UNREADABLE_DOCUMENT, findings)
    malformed = any(finding.rule.startswith("GUARD-") for finding in findings)
    return _with_faults(Type.MALFORMED_JSON if malformed else Type.INVALID_BODY, findings)


def not_verified(closed: Closed) -> Problem:
    """The problem of a company that may not, as long as it is not verified."""
    fault = Fault(detail=closed.text, rule=closed.code)
    return Problem(Type.COMPANY_NOT_VERIFIED, closed.text, [fault])


def broken(findings: Iterable[Finding]) -> Problem:
    """The problem of a document that breaks rules, where only a right one can be answered."""
    fatal = tuple(each for each in findings if each.severity is Severity.FATAL)
    return _with_faults(Type.NOT_VALID, fatal)


def _with_faults(kind: Type, findings: tuple[Finding, ...]) -> Problem:
    faults = []
    for finding in findings:
        in_json = finding.where == "" or finding.where.startswith("/")
        faults.append(
            Fault(
                detail=finding.text,
                pointer=finding.where if in_json else None,
                where=None if in_json else finding.where,
                line=finding.line,
                rule=finding.rule,
                hint=finding.hint or None,
                terms=list(finding.terms) or None,
            )
        )
    count = "One thing is" if len(faults) == 1 else f"{len(faults)} things are"
    return Problem(kind, f"{count} wrong with it; see `errors`.", faults)
