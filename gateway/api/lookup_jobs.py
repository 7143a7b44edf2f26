"""/v1/lookup/jobs: the channels of a whole file of customers.

In charge of the operations and of the form of the result. Not in charge of the file
(`gateway.identifying.table`) nor of the job (`gateway.identifying.jobs`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated

from aiohttp import web
from pydantic import ConfigDict, Field

from gateway.api import examples, files, streams
from gateway.api.answers import Shown
from gateway.api.body import apart, content_type, read_body
from gateway.api.callers import actor
from gateway.api.problems import WITH_BODY, Fault, Problem, Type
from gateway.api.routes import Answer, Body, Call, Media, NoParameters, Q, Routes, answer
from gateway.audit.chain import NewEntry
from gateway.identifying.customer import CustomerFacts
from gateway.identifying.jobs import MOST_JOBS, Answered, Jobs, Progress, TooMany
from gateway.identifying.table import MOST_ROWS, Wrong, read
from gateway.intake.shape import Shape
from gateway.intake.submission import JSON
from gateway.spreadsheet import cell
from gateway.trust.scopes import Scope

routes = Routes("lookup", changes=Scope.SEND)

CSV = "text/csv"


class CustomerFile(Shape):
    """Customers whose channels are to be found."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    customers: Annotated[list[CustomerFacts], Field(min_length=1, max_length=MOST_ROWS)]


class LookupJob(Shown):
    """How far a file of customers is."""

    id: str
    running: bool
    rows: int
    """Customers in the file."""
    done: int
    """Customers answered."""
    counts: dict[str, int]
    """Those answered by the channel proposed; `none`: no channel; `uncertain`: those of them where
    a channel before could not say."""
    created_at: datetime
    ended_at: datetime | None
    gone_at: datetime
    """From then on nothing of it is there any more."""
    links: dict[str, str]


class LookupJobList(Shown):
    """Your files of customers, the newest first."""

    jobs: tuple[LookupJob, ...]


class CustomerWay(Shown):
    """What is proposed for a customer. Personal numbers in what you wrote are masked."""

    row: int
    """Its place in the file, from 1."""
    customer: str | None
    """What you call it."""
    name: str
    participant: str | None
    """The electronic address it was looked for by."""
    channel: str | None
    """Null: no channel reaches it, or none could say."""
    step: str | None
    """The channel, and what it was asked where it is asked more than once."""
    certain: bool
    """`false`: a channel that comes before could not say, or one of several recipients must be
    chosen."""
    text: str
    """Why, in a sentence."""


class CustomerWays(Shown):
    """What is proposed for the customers answered so far, in the order of the file."""

    customers: tuple[CustomerWay, ...]


_JOB = Answer("How far it is.", LookupJob, examples.LOOKUP_JOB)


@routes.operation(
    "POST",
    "/v1/lookup/jobs",
    query=NoParameters,
    body=Body(
        {
            JSON: Media(CustomerFile, {"two": examples.CUSTOMERS}),
            CSV: Media({"type": "string"}, {"two": examples.CUSTOMERS_CSV}),
        }
    ),
    answers={
        202: Answer(
            "It is written down, and goes on by itself.",
            LookupJob,
            examples.LOOKUP_JOB,
            headers={"Location": "Where the job is."},
        )
    },
    problems=(*WITH_BODY, Type.TOO_MANY),
)
async def find_ways(call: Call[NoParameters]) -> web.Response:
    """Find the channel of each customer in a file.

    CSV in UTF-8 with a header, or JSON; the fields of `CustomerFacts` are the columns too, and up
    to 100,000 customers fit. Everything wrong with the file is told at once, with line and column,
    and nothing of it is taken then. The same file again leads to the same job, as long as that is
    there. Nothing is sent to anybody, and no personal number is kept once its row is answered.
    """
    media_type, _ = content_type(call.request, (JSON, CSV))
    content = await read_body(call.request, call.service.limits)
    is_csv, today = media_type == CSV, call.service.clock.now().date()
    rows = await apart(len(content), read, content, is_csv=is_csv, today=today)
    if isinstance(rows, Wrong):
        raise _refused(rows, is_csv)
    try:
        job = await _jobs(call).begin(call.company.id, content, rows)
    except TooMany:
        text = f"A company may have {MOST_JOBS} files of customers at once; delete one."
        raise Problem(Type.TOO_MANY, text) from None
    return answer(_row(job), 202, {"Location": f"/v1/lookup/jobs/{job.id}"})


@routes.operation(
    "GET",
    "/v1/lookup/jobs",
    query=NoParameters,
    answers={200: Answer("Your files.", LookupJobList, {"jobs": [examples.LOOKUP_JOB]})},
)
async def list_lookup_jobs(call: Call[NoParameters]) -> web.Response:
    """List your files of customers, and how far each is."""
    found = await _jobs(call).all(call.company.id)
    return answer(LookupJobList(jobs=tuple(map(_row, found))))


@routes.operation(
    "GET",
    "/v1/lookup/jobs/{lookup_job_id}",
    query=NoParameters,
    answers={200: _JOB},
    problems=(Type.NOT_FOUND,),
)
async def get_lookup_job(call: Call[NoParameters]) -> web.Response:
    """Read how far a file of customers is."""
    return answer(_row(await _job(call)))


@routes.operation(
    "GET",
    "/v1/lookup/jobs/{lookup_job_id}/result",
    query=NoParameters,
    answers={
        200: Answer(
            "What is proposed for each; with `Accept: text/csv`, as CSV.",
            CustomerWays,
            {"customers": examples.CUSTOMER_WAYS},
            files=(CSV,),
        )
    },
    problems=(Type.NOT_FOUND,),
)
async def get_lookup_result(call: Call[NoParameters]) -> web.StreamResponse:
    """Read what is proposed for the customers of a file, as far as it is.

    The channel that an invoice to each would take as things stand, in the order of the file.
    """
    job = await _job(call)
    pages = _jobs(call).answers(call.company.id, job.id)
    if "text/csv" in ",".join(call.request.headers.getall("Accept", [])).lower():
        headers = files.headers_of(f"{job.id}.csv", CSV)
        return await streams.send(call.request, headers, as_csv(pages))
    headers = {"Content-Type": "application/json"}
    return await streams.send(call.request, headers, as_json(pages))


@routes.operation(
    "DELETE",
    "/v1/lookup/jobs/{lookup_job_id}",
    query=NoParameters,
    answers={204: Answer("It has ended, and nothing of it is there any more.")},
    problems=(Type.NOT_FOUND,),
)
async def remove_lookup_job(call: Call[NoParameters]) -> web.Response:
    """Cancel a file of customers where it is running, and delete all of it."""
    job_id = call.path("lookup_job_id")
    if not await _jobs(call).remove(call.company.id, job_id):
        raise Problem(Type.NOT_FOUND)
    entry = NewEntry(await actor(call), "lookup.removed", job_id, call.company.id)
    await call.service.store.audit(entry, call.service.clock.now())
    return web.Response(status=204)


def _jobs(call: Call[Q]) -> Jobs:
    return call.service.jobs


async def _job(call: Call[Q]) -> Progress:
    found = await _jobs(call).one(call.company.id, call.path("lookup_job_id"))
    if found is None:
        raise Problem(Type.NOT_FOUND)
    return found


def _row(job: Progress) -> LookupJob:
    here = f"/v1/lookup/jobs/{job.id}"
    return LookupJob(
        id=job.id,
        running=job.running,
        rows=job.rows,
        done=job.done,
        counts=dict(job.counts),
        created_at=job.created_at,
        ended_at=job.ended_at,
        gone_at=job.gone_at,
        links={"self": here, "result": f"{here}/result"},
    )


def _refused(wrong: Wrong, is_csv: bool) -> Problem:
    count = len(wrong.faults) + wrong.left_out
    faults = []
    for fault in wrong.faults:
        place = "".join(f"/{step}" for step in (fault.row - 1, fault.column) if step is not None)
        faults.append(
            Fault(
                detail=fault.text,
                pointer=None if is_csv else f"/customers{place}" if fault.row else "",
                line=fault.line,
                column=fault.column if is_csv else None,
            )
        )
    what = "One thing is" if count == 1 else f"{count} things are"
    return Problem(Type.INVALID_BODY, f"{what} wrong with the file; see `errors`.", faults)


# --- the result ---------------------------------------------------------------------------------

_COLUMNS = tuple(CustomerWay.model_fields)


async def as_csv(pages: AsyncIterator[Sequence[Answered]]) -> AsyncIterator[bytes]:
    """What is proposed for each, as CSV."""
    yield _csv_lines([_COLUMNS])
    async for page in pages:
        yield _csv_lines([[_cell(getattr(one, name)) for name in _COLUMNS] for one in page])


def _csv_lines(rows: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)  # RFC 4180
    return text.getvalue().encode()


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else cell(str(value))


async def as_json(pages: AsyncIterator[Sequence[Answered]]) -> AsyncIterator[bytes]:
    """What is proposed for each, as JSON."""
    yield b'{"customers":['
    first = True
    async for page in pages:
        shown = [CustomerWay.model_validate(one, from_attributes=True) for one in page]
        text = ",".join(one.model_dump_json() for one in shown)
        yield f"{'' if first else ','}{text}".encode()
        first = False
    yield b"]}"
