"""Files that could not be fetched: hand them in, have them fetched again, or go on without them."""

from __future__ import annotations

from contextlib import AsyncExitStack
from decimal import Decimal
from typing import Annotated, Any, Literal, assert_never

from aiohttp import web
from pydantic import BeforeValidator, ConfigDict, Field

from gateway.api import answers, examples
from gateway.api.answers import Shown
from gateway.api.body import FILE, body, one_file
from gateway.api.callers import actor
from gateway.api.documents import bad_cursor
from gateway.api.problems import Problem, Type
from gateway.api.routes import (
    Answer,
    Body,
    Call,
    Media,
    NoParameters,
    Parameters,
    Q,
    Routes,
    answer,
)
from gateway.delivery.fetches import ERROR, newest
from gateway.delivery.recognised import Mistaken
from gateway.delivery.repair import (
    FetchAgain,
    How,
    LeaveOut,
    NotRepaired,
    handed_in,
    repair,
    repair_all,
)
from gateway.intake.attachment import is_safe_name, safe_name
from gateway.intake.kind import JSON
from gateway.intake.shape import TEXT, Shape
from gateway.store.port import BadCursor, Document, Role
from gateway.trust.scopes import Scope

routes = Routes("repair", changes=Scope.SEND)

Reason = Annotated[str, Field(max_length=500, pattern=TEXT)]
Action = Literal["fetch", "leave_out"]
# A new address, or hash, has a meaning only where the file is fetched.
_ONLY_FETCHED: dict[str, Any] = {
    "dependentSchemas": {
        name: {"properties": {"action": {"const": "fetch"}}} for name in ("url", "sha256")
    }
}


def whole(value: object) -> object:
    """A whole number may be written with decimals in JSON: 1.0."""
    if isinstance(value, Decimal) and value.is_finite() and value.adjusted() < 9:
        return int(value) if value == int(value) else value
    return value


class RepairWish(Shape):
    """What is to be done about files that are missing."""

    model_config = ConfigDict(use_attribute_docstrings=True, json_schema_extra=_ONLY_FETCHED)

    reason: Reason
    """Why, in a sentence; the company's people can read it."""
    action: Action = "fetch"
    """`fetch`: ask for it again; `leave_out`: go on without it."""
    attachment: Annotated[int, Field(ge=0, le=99), BeforeValidator(whole)] | None = None
    """Which of the document's `fetches`, from 0; without it all that are missing."""
    url: Annotated[str, Field(max_length=2000, pattern=r"^https?://[!-~]+$")] | None = None
    """Where it is now."""
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")] | None = None
    """The SHA-256 that it has, instead of the one that was stated."""

    def how(self) -> FetchAgain | LeaveOut:
        """As `gateway.delivery` says it; raises Problem where it says two things."""
        if self.action == "fetch":
            return FetchAgain(self.url, self.sha256)
        if self.url or self.sha256:
            raise Problem(Type.INVALID_BODY, "`url` and `sha256` go with the action `fetch`.")
        return LeaveOut()


class RepairAllWish(Shape):
    """What is to be done about the files of all documents that are held for them."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    reason: Reason
    """Why, in a sentence; the company's people can read it."""
    action: Action = "fetch"
    """`fetch`: ask for them again; `leave_out`: go on without them."""
    code: Annotated[str, Field(pattern=r"^attachment\.[a-z_]{0,60}$")] = ERROR
    """Only documents whose `code` begins so; without it all that lack a file."""
    after: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """The `next` of the answer before."""


class LeftAlone(Shown):
    """A document that was not repaired."""

    id: str
    text: str
    """Why not."""


class Repaired(Shown):
    """What was repaired, up to 200 documents at once."""

    repaired: tuple[str, ...]
    """The documents that go on."""
    left: tuple[LeftAlone, ...]
    """Those that do not."""
    next: str | None
    """Pass it as `after` to go on; null at the end."""


_ANSWERS = {200: Answer("The document as it is now.", answers.DocumentRow, examples.ROW)}
_PROBLEMS = (
    Type.NOT_FOUND,
    Type.NOT_ALLOWED_NOW,
    Type.MALFORMED_REQUEST,
    Type.MALFORMED_JSON,
    Type.REQUEST_TIMEOUT,
    Type.TOO_LARGE,
    Type.UNSUPPORTED_MEDIA_TYPE,
    Type.INVALID_BODY,
)


@routes.operation(
    "POST",
    "/v1/documents/{document_id}/repair",
    query=NoParameters,
    body=Body(
        {
            JSON: Media(
                RepairWish,
                {
                    "again": examples.REPAIR_AGAIN,
                    "from_elsewhere": examples.REPAIR_FROM,
                    "without": examples.REPAIR_WITHOUT,
                },
            )
        }
    ),
    answers=_ANSWERS,
    problems=_PROBLEMS,
)
async def repair_document(call: Call[NoParameters]) -> web.Response:
    """Repair a document that lacks a file: have it fetched again, or go on without it.

    It may be fetched from another address. A conflict when no file is missing. To hand the file in
    yourself, put it to its place.
    """
    wish = await body(call, RepairWish)
    return await _repair(call, wish.how(), wish.reason, wish.attachment)


class FileParameters(Parameters):
    """What is handed in."""

    name: Annotated[str, Field(min_length=1, max_length=150)] | None = None
    """What the file is called; without it as was stated, or as its address ends."""
    reason: Reason = "Handed in by hand."
    """Why, in a sentence; the company's people can read it."""


@routes.operation(
    "PUT",
    "/v1/documents/{document_id}/attachments/{attachment}",
    query=FileParameters,
    body=Body(
        {
            FILE: Media(
                {"contentMediaType": FILE, "description": "The bytes of the file.", "minLength": 1},
                {"file": "(the bytes of a file)"},
            )
        }
    ),
    answers=_ANSWERS,
    problems=_PROBLEMS,
)
async def hand_in_attachment(call: Call[FileParameters]) -> web.Response:
    """Hand in a file that could not be fetched: `attachment` is its place in `fetches`, from 0.

    What kind of file it is, its content tells. A hash that was stated of it counts no more.
    """
    name, place = call.query.name, call.path("attachment")
    if not place.isascii() or not place.isdigit() or len(place) > 3:
        raise Problem(Type.NOT_FOUND)
    if name is not None and not is_safe_name(name):
        hint = f" {safe_name(name)!r} would do." if safe_name(name) else ""
        raise Problem(Type.INVALID_BODY, f"`name` is no name for a file.{hint}")
    async with AsyncExitStack() as spooled:
        file, beginning = await one_file(call, spooled)
        called = await _called(call, int(place))
        given = handed_in(name, called, beginning, file.content, file.sha256)
        if isinstance(given, Mistaken):
            raise Problem(Type.INVALID_BODY, given.text)
        return await _repair(call, given, call.query.reason, int(place))


async def _called(call: Call[Q], attachment: int) -> str | None:
    """What the file at a place was to be called; None where there is none."""
    stored = await call.service.store.files(call.company.id, call.path("document_id"), [Role.FETCH])
    known = newest([content for _, content in stored]) or ()
    return known[attachment].called if attachment < len(known) else None


@routes.operation(
    "POST",
    "/v1/repairs",
    query=NoParameters,
    body=Body({JSON: Media(RepairAllWish, {"all_of_a_kind": examples.REPAIR_ALL})}),
    answers={200: Answer("What was repaired.", Repaired, examples.REPAIRED)},
    problems=_PROBLEMS[2:],
)
async def repair_documents(call: Call[NoParameters]) -> web.Response:
    """Repair all documents that are held for want of a file, or those with the same fault.

    Up to 200 at once; `next` leads to more. Those that wait are tried again by themselves, and are
    left alone.
    """
    wish = await body(call, RepairAllWish)
    how = FetchAgain() if wish.action == "fetch" else LeaveOut()
    service = call.service
    try:
        page = await repair_all(
            *(service.store, service.clock, call.company.id, how, wish.reason),
            code=wish.code,
            after=wish.after,
            actor=await actor(call),
        )
    except BadCursor:
        raise bad_cursor() from None
    return answer(
        Repaired(
            repaired=tuple(document.id for document in page.done),
            left=tuple(LeftAlone(id=each.document_id, text=each.text) for each in page.left),
            next=page.next,
        )
    )


async def _repair(call: Call[Q], how: How, reason: str, attachment: int | None) -> web.Response:
    service = call.service
    done = await repair(
        *(service.store, service.clock, call.company.id, call.path("document_id"), how, reason),
        attachment=attachment,
        actor=await actor(call),
    )
    match done:
        case None:
            raise Problem(Type.NOT_FOUND)
        case NotRepaired():
            raise Problem(Type.NOT_ALLOWED_NOW, done.text)
        case Document():
            return answer(answers.row(done))
        case _:
            assert_never(done)
