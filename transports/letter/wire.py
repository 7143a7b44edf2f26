"""What a print house is sent, and what it says: our own format, documented for partners. Pure.

In charge of bytes and words. Not in charge of HTTP (`driver`, `sandbox`).
The format: docs/reference/channels/letter.md. RFC 7578 (multipart/form-data).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from transports.base import File, PostalAddress, storable

PDF = "application/pdf"


class LetterClass(StrEnum):
    """How fast it is carried."""

    STANDARD = "standard"
    PRIORITY = "priority"


class JobState(StrEnum):
    """What the print house reports of a job, in the order it can happen."""

    ACCEPTED = "accepted"  # taken: where jobs are handed over as files
    PRODUCED = "produced"  # printed and put into an envelope
    POSTED = "posted"  # handed to the postal company
    RETURNED = "returned"  # came back
    REJECTED = "rejected"  # will not be printed after all


@dataclass(frozen=True, slots=True)
class Job:
    """How to print and where to post; `pages` counts all files."""

    recipient: PostalAddress
    return_address: PostalAddress | None
    colour: bool
    duplex: bool
    letter_class: LetterClass
    pages: int
    reference: str  # the invoice's number, for people


@dataclass(frozen=True, slots=True)
class Submission:
    """A job with its files; all are PDF. `cover` is a page with the address, printed first."""

    job: Job
    letter: File
    attachments: tuple[File, ...]
    cover: File | None = None

    @property
    def files(self) -> tuple[File, ...]:
        """All, in the order they are printed."""
        return (*((self.cover,) if self.cover else ()), self.letter, *self.attachments)


@dataclass(frozen=True, slots=True)
class JobReport:
    """A line of the print house's reports. `at` is ISO 8601, `reason` for people."""

    id: str
    job: UUID
    state: str  # a JobState, or a word that is newer than this program
    at: str
    reason: str | None


class Malformed(Exception):
    """What came over the wire is not in the format; the message says what is wrong."""


def boundary(key: UUID) -> str:
    """The multipart boundary: from the key, so that a repeat has the same bytes."""
    return f"letter-{key.hex}"


def content_type(key: UUID) -> str:
    """The Content-Type of a submission."""
    return f"multipart/form-data; boundary={boundary(key)}"


def write(key: UUID, submission: Submission) -> bytes:
    """The body of PUT jobs/{key}. Same values, same bytes."""
    job = json.dumps(job_data(submission.job), ensure_ascii=False, sort_keys=True).encode()
    parts = [
        _part('name="job"', "application/json", job),
        *(
            _part('name="cover"; filename="cover.pdf"', PDF, cover.content)
            for cover in (submission.cover,)
            if cover is not None
        ),
        _part('name="letter"; filename="letter.pdf"', PDF, submission.letter.content),
        *(
            # The name given is for people; numbers keep quotes and controls off the header line.
            _part(f'name="attachment"; filename="attachment-{n}.pdf"', PDF, file.content)
            for n, file in enumerate(submission.attachments, 1)
        ),
    ]
    dashes = f"--{boundary(key)}".encode()
    return b"".join(dashes + b"\r\n" + part + b"\r\n" for part in parts) + dashes + b"--\r\n"


def read(key: UUID, body: bytes) -> Submission:
    """A submission back from its body. Raises Malformed."""
    dashes = f"--{boundary(key)}".encode()
    if not body.startswith(dashes + b"\r\n") or not body.endswith(b"\r\n" + dashes + b"--\r\n"):
        raise Malformed(f"the body is not multipart with the boundary {boundary(key)}")
    inner = body[len(dashes) + 2 : -len(dashes) - 6]
    job: Job | None = None
    letter: File | None = None
    cover: File | None = None
    attachments: list[File] = []
    for part in inner.split(b"\r\n" + dashes + b"\r\n"):
        head, _, content = part.partition(b"\r\n\r\n")
        if b'name="job"' in head:
            job = read_job(content)
        elif b'name="cover"' in head:
            cover = File("cover.pdf", PDF, content)
        elif b'name="letter"' in head:
            letter = File("letter.pdf", PDF, content)
        elif b'name="attachment"' in head:
            attachments.append(File(f"attachment-{len(attachments) + 1}.pdf", PDF, content))
        else:
            raise Malformed("there is a part that is not job, cover, letter or attachment")
    if job is None or letter is None:
        raise Malformed("the parts job and letter must both be there")
    return Submission(job, letter, tuple(attachments), cover)


def read_number(body: bytes) -> str:
    """The print house's number for a job, from its answer 200 or 201. Raises Malformed."""
    number = read_object(body).get("number")
    if not isinstance(number, str) or not number:
        raise Malformed("the answer has no number")
    return storable(number)


def read_refusal(body: bytes) -> tuple[str, str]:
    """The code and the text of a refusal; empty where the body is something else."""
    try:
        data = read_object(body)
    except Malformed:
        return "", ""
    return str(data.get("code") or ""), str(data.get("text") or "")


def read_reports(body: bytes) -> tuple[tuple[JobReport, ...], str]:
    """A page of reports, oldest first, and the cursor to ask on with. Raises Malformed."""
    data = read_object(body)
    if not isinstance(data.get("reports"), list):
        raise Malformed("the reports are not a list")
    try:
        reports = tuple(
            JobReport(
                id=storable(str(item["id"])),
                job=UUID(item["job"]),
                state=storable(str(item["state"])),
                at=storable(str(item["at"])),
                reason=storable(str(item.get("reason") or "")) or None,
            )
            for item in data["reports"]
        )
        return reports, str(data["next"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Malformed(f"the reports are not in the format: {error!r}") from error


def _part(disposition: str, media_type: str, content: bytes) -> bytes:
    head = f"Content-Disposition: form-data; {disposition}\r\nContent-Type: {media_type}\r\n\r\n"
    return head.encode("ascii") + content


def job_data(job: Job) -> dict[str, Any]:
    """The same as JSON data."""
    data = asdict(job)
    data["class"] = data.pop("letter_class")
    return data


def read_job(content: bytes) -> Job:
    """How to print and where to post, from its JSON. Raises Malformed."""
    data = read_object(content)
    try:
        back = data["return_address"]
        return Job(
            recipient=_address(data["recipient"]),
            return_address=_address(back) if back is not None else None,
            colour=bool(data["colour"]),
            duplex=bool(data["duplex"]),
            letter_class=LetterClass(data["class"]),
            pages=int(data["pages"]),
            reference=str(data["reference"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Malformed(f"the job is not in the format: {error!r}") from error


def _address(data: dict[str, Any]) -> PostalAddress:
    fields = {name: str(data[name]) for name in ("name", "post_code", "city", "country")}
    return PostalAddress(lines=tuple(str(line) for line in data["lines"]), **fields)


def read_object(body: bytes) -> dict[str, Any]:
    """A JSON object. Raises Malformed."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not JSON: {error}") from error
    if not isinstance(data, dict):
        raise Malformed("not a JSON object")
    return data
