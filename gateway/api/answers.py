"""What the API answers with, as types: made from the store's rows, described in the OpenAPI.

In charge of what is shown and what is not: nothing here holds a personal number, a host name or a
text for operators. Names are the store's own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import WithJsonSchema

from gateway.delivery import fetches
from gateway.delivery.fetches import Status
from gateway.events import Type as EventType
from gateway.image_rule import ImageRule
from gateway.ledger import mapping
from gateway.ledger.mapping import Ledger
from gateway.ledger.systems import SYSTEMS
from gateway.lifecycle import Business, State
from gateway.store import port
from validators import findings


class Shown(BaseModel):
    """An answer, or a part of one."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Accepted(Shown):
    """The document is durable with us; nothing has been checked but its shape."""

    id: str
    """The document's id."""
    state: State
    """Always `received`: what became of it since, the document itself tells."""
    links: dict[str, str]
    """Where to go on: `self`, `timeline`, `content`, `pdf`, `evidence`, `bundle`."""


class Head(Shown):
    """What is read out of a document once it has been read; null until then."""

    number: str | None
    kind: str | None
    """`invoice`, `credit_note`, `reminder` or `invoice_response`."""
    sender_name: str | None
    recipient_name: str | None
    sender: str | None
    """The sender's participant: `0192:918130047`."""
    recipient: str | None
    issue_date: str | None
    due_date: str | None
    amount_due: Decimal | None
    currency: str | None


class Finding(Shown):
    """One thing that is not as it should be."""

    rule: str
    """The official id; those of the shape begin `GUARD-` or `STRUCTURE-`."""
    severity: findings.Severity
    where: str
    """A JSON pointer into your body, or a path in your XML."""
    line: int | None = None
    """Line in your XML, from 1."""
    text: str
    hint: str
    terms: tuple[str, ...] = ()
    """Business terms of EN 16931: `BT-9`."""
    stated: str | None = None
    """The value that stands there."""
    computed: str | None = None
    """The value that was expected."""


class FilledIn(Shown):
    """A term that you left out and the document has."""

    where: str
    """A JSON pointer into your body, to where it would have stood."""
    term: str
    """Its number in EN 16931: `BT-131`."""
    name: str
    value: str
    why: str
    """What it follows from."""


class Step(Shown):
    """A step of the plan: a channel, in or out, and why."""

    step: str
    channel: str
    included: bool
    code: str
    reason: str
    recheck_after_days: int | None = None


class Plan(Shown):
    """The channels in the order they are tried; `order` names the rule they follow."""

    order: str
    profile: str
    """The set of rules the document was held to."""
    steps: tuple[Step, ...]


class LedgerStatus(Shown):
    """The state in the words of a ledger: docs/reference/ledger.md tells what is lost by it."""

    system: Ledger
    status: str | None
    """What to set there; null: the ledger has no word for it, leave what is there."""
    text: str
    """What it means."""


# What nobody has asked for is left out, not null.
Asked = Annotated[LedgerStatus | None, Field(exclude_if=lambda status: status is None)]


class DocumentRow(Shown):
    """A document as lists show it."""

    id: str
    direction: port.Direction
    state: State
    """Where it is on its way."""
    business: Business
    """What the buyer says of it."""
    code: str
    """Why it is in this state: stable, dotted."""
    text: str
    """Why, in a sentence."""
    next_at: datetime | None
    """When it goes on by itself, if it waits."""
    attachment_error: bool
    """Whether it waits, or is held, because a file that it names could not be fetched: `repair`."""
    channel: str | None
    """The channel that has it, or had it last."""
    media_type: str
    head: Head
    created_at: datetime
    updated_at: datetime
    confirmed_at: datetime | None
    links: dict[str, str]
    ledger: Asked = None
    """The state as the ledger named by `ledger` calls it; only when asked for, and not of documents
    that came in."""


class Fetch(Shown):
    """A file that the document names by its address."""

    attachment: int
    """Its place in this list, from 0: `repair` takes it."""
    url: str
    """Its address, without the query, which may be secret."""
    file: str
    """What it is called."""
    status: Status
    """`wanted`: it is to be fetched; with a `code`, it could not be so far."""
    code: str | None
    """Why it is not there: stable, dotted."""
    text: str | None
    sha256: str | None
    """The hash of its bytes, once they are there."""


class Document(DocumentRow):
    """A document, with what was found and what is planned."""

    delivery: dict[str, Any]
    """Your wishes for its delivery; a personal number is shown as stars."""
    findings: tuple[Finding, ...]
    filled_in: tuple[FilledIn, ...]
    """What you left out and we filled in, for it follows from what you gave; at most 500."""
    filled_in_left_out: int
    """How many more there are."""
    fetches: tuple[Fetch, ...]
    """The files that it names by their address, and what became of each."""
    plan: Plan | None


class DocumentList(Shown):
    """A page of documents, newest first."""

    documents: tuple[DocumentRow, ...]
    next: str | None
    """Cursor of the next page; null at the end."""


class Leg(Shown):
    """A step that is tried or was: one channel."""

    n: int
    channel: str
    state: str
    reference: str | None
    """The channel's own name for the document."""
    expects: str | None
    """What the channel still owes us: `report`, `receipt`."""
    until: datetime | None


class File(Shown):
    """A file of a document."""

    role: port.Role
    """`original` as you sent it, `document` the UBL that travels, `evidence` what went over the
    wire, and so on."""
    name: str
    media_type: str
    sha256: str
    size_bytes: int
    at: datetime
    attempt_id: str | None
    href: str


class Attempt(Shown):
    """One try on one channel."""

    id: str
    leg: int
    channel: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    code: str | None
    text: str | None
    files: tuple[File, ...]
    """What went over the wire: `sml` and `smp` what was looked up, `request` and `answer`, and what
    came of it later."""


class Event(Shown):
    """Something that happened to a document."""

    id: str
    type: Annotated[EventType, WithJsonSchema({"type": "string", "enum": list(EventType)})]
    at: datetime
    document_id: str
    data: dict[str, Any]
    cursor: str
    """Pass it as `after` to go on from here."""
    ledger: Asked = None
    """What it says as the ledger named by `ledger` calls it; only when asked for, and only of
    events that tell of a new state."""


class Response(Shown):
    """What you have said of an invoice that came in, and how far the document that carries it to
    the seller has come."""

    id: str
    """That document: its own timeline tells more."""
    said: str
    """`response.ap`."""
    at: datetime
    state: State
    code: str
    """Why it is in this state."""
    text: str
    links: dict[str, str]


class Timeline(Shown):
    """Everything that happened to a document, oldest first."""

    legs: tuple[Leg, ...]
    attempts: tuple[Attempt, ...]
    events: tuple[Event, ...]
    files: tuple[File, ...]
    """What went over the wire outside of any attempt: the message that brought it, the buyer's
    answers."""
    responses: tuple[Response, ...]
    """Your answers to it, when it came in."""


class Files(Shown):
    """The files of a document, in the order they were written."""

    files: tuple[File, ...]


class Responded(Shown):
    """What you have said of a document that came in."""

    id: str
    """The document that carries it to the seller."""
    document_id: str
    """The document that it answers."""
    status: str
    business: Business
    """The business state of the document that it answers, from now on."""
    links: dict[str, str]
    """Where to go on: `response`, `timeline` of the response, `document`."""


class Events(Shown):
    """Events in the order they happened."""

    events: tuple[Event, ...]
    next: str
    """Pass it as `after` next time; given even when there are no events."""


class Validation(Shown):
    """What is right and wrong with a document; nothing was stored."""

    ok: bool
    """Whether it would be sent: no fatal finding."""
    profile: str
    """The rule set that was chosen."""
    structure_ok: bool
    findings: tuple[Finding, ...]


class Image(Shown):
    """What people get as the invoice, by the rules that the company has settled."""

    rule: ImageRule
    """`drawn`: a PDF of the document; `first_attachment`: that one, if it opens; `omitted`: none,
    where the channel can do without."""
    file: str | None
    """The name of that attachment."""


class Preview(Validation):
    """What would become of a document; nothing was stored."""

    filled_in: tuple[FilledIn, ...]
    """What you left out and we filled in, for it follows from what you gave; at most 500."""
    filled_in_left_out: int
    """How many more there are."""
    head: Head | None
    """What lists would show of it; null when it could not be read."""
    plan: Plan | None
    """The channels in the order they would be tried; null when it would not be sent."""
    image: Image | None
    """What people would get as the invoice; null when it would not be sent."""
    document: str | None
    """The UBL that would travel; null when it would not be sent."""


class Health(Shown):
    """Whether the gateway is there."""

    status: str = Field(examples=["ok"])


# --- from rows ----------------------------------------------------------------------------------

# ENVELOPE holds the recipient's personal number where there is one: it is for channels only.
# FETCH holds addresses with what may be a secret in them: `Document.fetches` shows it without.
HIDDEN = frozenset({port.Role.ENVELOPE, port.Role.FETCH})


def accepted(document_id: str) -> bytes:
    """The answer 202, `Accepted` as JSON."""
    return _accepted().replace(_SOME_ID, document_id).encode()


_SOME_ID = "doc_"


@cache
def _accepted() -> str:
    """The answer with `_SOME_ID`: all answers are the same but for the id."""
    model = Accepted(id=_SOME_ID, state=State.RECEIVED, links=links(_SOME_ID))
    return model.model_dump_json()


def links(document_id: str) -> dict[str, str]:
    """Where everything about a document is."""
    here = f"/v1/documents/{document_id}"
    below = ("timeline", "content", "pdf", "evidence", "bundle")
    return {"self": here} | {name: f"{here}/{name}" for name in below}


def row(document: port.Document, ledger: Ledger | None = None) -> DocumentRow:
    """A document as lists show it."""
    return DocumentRow(**_row(document, ledger))


def document(
    row: port.Document,
    found: bytes | None,
    added: bytes | None,
    plan: bytes | None,
    named: bytes | None = None,
    ledger: Ledger | None = None,
) -> Document:
    """A whole document; the bytes are its newest FINDINGS, FILLED_IN, PLAN and FETCH parts."""
    wishes = fetches.shown_wishes(row.delivery)
    for name in ("personal_number", "fmi"):
        if name in wishes:
            wishes[name] = "********"
    return Document(
        **_row(row, ledger),
        delivery=wishes,
        findings=tuple(Finding(**finding) for finding in json.loads(found or b"[]")),
        **filled_in(json.loads(added or b"{}")),
        fetches=tuple(_fetch(n, each) for n, each in enumerate(fetches.read(named or b"[]"))),
        plan=Plan.model_validate_json(plan) if plan else None,
    )


def _fetch(n: int, fetch: fetches.Fetch) -> Fetch:
    return Fetch(
        attachment=n,
        url=fetches.shown_url(fetch.url),
        file=fetch.file.name if fetch.file else fetch.called,
        status=fetch.status,
        code=fetch.code,
        text=fetch.text,
        sha256=fetch.file.sha256 if fetch.file else None,
    )


def _row(document: port.Document, ledger: Ledger | None) -> dict[str, Any]:
    there = None
    if ledger is not None and document.direction is port.Direction.OUT:
        there = mapping.status(SYSTEMS[ledger], document.state, document.business)
    return {
        "id": document.id,
        "direction": document.direction,
        "state": document.state,
        "business": document.business,
        "code": document.code,
        "text": document.text,
        "next_at": document.next_at,
        "attachment_error": fetches.is_error(document),
        "channel": document.channel,
        "media_type": document.media_type,
        "head": head(document.head),
        "created_at": document.created_at,
        "updated_at": document.updated_at,
        "confirmed_at": document.confirmed_at,
        "links": links(document.id),
        "ledger": _in_ledger(ledger, there),
    }


def _in_ledger(ledger: Ledger | None, there: mapping.Status | None) -> LedgerStatus | None:
    if ledger is None or there is None:
        return None
    return LedgerStatus(system=ledger, status=there.name, text=there.text)


def head(row: port.Head) -> Head:
    """The head of a document."""
    return Head.model_validate(row, from_attributes=True)


def finding(found: findings.Finding) -> Finding:
    """A finding."""
    return Finding.model_validate(found, from_attributes=True)


def filled_in(added: Mapping[str, Any]) -> dict[str, Any]:
    """What was filled in, from the data of `gateway.intake.filled_in.Additions`."""
    return {
        "filled_in": tuple(FilledIn(**each) for each in added.get("told", ())),
        "filled_in_left_out": added.get("left_out", 0),
    }


def timeline(
    document_id: str,
    legs: Sequence[port.Leg],
    attempts: Sequence[port.Attempt],
    events: Sequence[port.Event],
    parts: Sequence[port.Part],
    responses: Mapping[str, port.Document],
) -> Timeline:
    """What happened; of an attempt the public text only. `responses`, by id, are what the events
    tell of answers given."""
    wire = files(document_id, [part for part in parts if part.role is port.Role.EVIDENCE])
    return Timeline(
        legs=tuple(Leg.model_validate(leg, from_attributes=True) for leg in legs),
        attempts=tuple(
            Attempt(
                id=attempt.id,
                leg=attempt.leg,
                channel=attempt.channel,
                started_at=attempt.started_at,
                ended_at=attempt.ended_at,
                outcome=attempt.outcome,
                code=attempt.code,
                text=attempt.public_text,
                files=tuple(file for file in wire if file.attempt_id == attempt.id),
            )
            for attempt in attempts
        ),
        events=tuple(map(event, events)),
        files=tuple(file for file in wire if file.attempt_id is None),
        responses=tuple(
            _response(one, responses[one.data["response"]])
            for one in events
            if one.type == EventType.REPLIED and one.data["response"] in responses
        ),
    )


def _response(said: port.Event, carrier: port.Document) -> Response:
    return Response(
        id=carrier.id,
        said=said.data["code"],
        at=said.at,
        state=carrier.state,
        code=carrier.code,
        text=carrier.text,
        links=links(carrier.id),
    )


def responded(document_id: str, response_id: str, status: str, business: Business) -> Responded:
    """The answer 202 to a response."""
    here, there = f"/v1/documents/{response_id}", f"/v1/documents/{document_id}"
    return Responded(
        id=response_id,
        document_id=document_id,
        status=status,
        business=business,
        links={"response": here, "timeline": f"{here}/timeline", "document": there},
    )


def event(row: port.Event, ledger: Ledger | None = None) -> Event:
    """An event."""
    there = None
    if ledger is not None:
        there = mapping.status_of_event(SYSTEMS[ledger], row.type, row.data)
    return Event(
        id=row.id,
        type=EventType(row.type),
        at=row.at,
        document_id=row.document_id,
        data=dict(row.data),
        cursor=row.cursor,
        ledger=_in_ledger(ledger, there),
    )


CURSOR = r"^cur_[0-9a-f]{32}$"  # as the store makes them: `gateway.store.cursors`

# Before the first event; so that there is a cursor to go on from as long as nothing has happened.
BEGINNING = f"cur_{0:032x}"


def files(document_id: str, parts: Sequence[port.Part]) -> tuple[File, ...]:
    """The files of a document that may be shown."""
    return tuple(
        File(
            role=part.role,
            name=part.name,
            media_type=part.media_type,
            sha256=part.sha256,
            size_bytes=part.size_bytes,
            at=part.at,
            attempt_id=part.attempt_id,
            href=f"/v1/documents/{document_id}/evidence/{part.sha256}",
        )
        for part in parts
        if part.role not in HIDDEN
    )
