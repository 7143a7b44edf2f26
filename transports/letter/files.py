"""A job as files, and answers in files: the wire format of print houses that are spoken to by SFTP.
Pure; our own, documented for partners in docs/reference/channels/letter.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from transports.base import File
from transports.letter import wire
from transports.letter.wire import PDF, Malformed, Submission

MEDIA_TYPE: Final = "application/json"


def names(key: UUID, submission: Submission) -> tuple[tuple[str, File], ...]:
    """The PDFs of a job by the names they are handed over under, in the order they are printed."""
    kinds = [
        *(["cover"] if submission.cover else []),
        "letter",
        *(f"attachment-{n}" for n in range(1, len(submission.attachments) + 1)),
    ]
    files = submission.files
    return tuple((f"{key}-{kind}.pdf", file) for kind, file in zip(kinds, files, strict=True))


def job_name(key: UUID) -> str:
    """The name of the file that says how to print a job: it comes last, and makes it one."""
    return f"{key}.json"


def write(key: UUID, submission: Submission) -> bytes:
    """That file. Same values, same bytes."""
    data = {
        "key": str(key),
        "job": wire.job_data(submission.job),
        "files": [
            {
                "name": name,
                "bytes": len(file.content),
                "sha256": sha256(file.content).hexdigest(),
            }
            for name, file in names(key, submission)
        ],
    }
    return json.dumps(data, ensure_ascii=False, sort_keys=True).encode()


def read(body: bytes, there: Mapping[str, bytes]) -> tuple[UUID, Submission]:
    """A job back from its file, and from the PDFs that are `there`. Raises Malformed."""
    data = wire.read_object(body)
    try:
        key = UUID(data["key"])
        job = wire.read_job(json.dumps(data["job"]).encode())
        given = {entry["name"]: _file(entry, there) for entry in data["files"]}
        kinds = {name: name.removeprefix(f"{key}-").removesuffix(".pdf") for name in given}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Malformed(f"the job is not in the format: {error!r}") from error
    by_kind = {kinds[name]: file for name, file in given.items()}
    letter, cover = by_kind.pop("letter", None), by_kind.pop("cover", None)
    if letter is None or not all(kind.startswith("attachment-") for kind in by_kind):
        raise Malformed("a job has a letter, and cover and attachments besides")
    return key, Submission(job, letter, tuple(by_kind.values()), cover)


def _file(entry: Mapping[str, Any], there: Mapping[str, bytes]) -> File:
    name, content = str(entry["name"]), there.get(str(entry["name"]))
    if content is None or len(content) != entry["bytes"]:
        raise Malformed(f"{name} is not there, or not as long as it is said to be")
    if sha256(content).hexdigest() != entry["sha256"]:
        raise Malformed(f"{name} is not what it is said to be")
    return File(name[len(str(UUID(int=0))) + 1 :], PDF, content)
