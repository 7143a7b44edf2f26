"""What an operator is asked and sent, and what it says: our own format, documented for partners.
Pure.

In charge of bytes and words. Not in charge of HTTP (`driver`, `sandbox`). No operator's interface
is public; this one has what they are known to do. docs/reference/channels/operator.md, RFC 7578.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from schemas.identifiers import Participant
from transports.base import File, storable

JSON: Final = "application/json"
XML: Final = "application/xml"


class Format(StrEnum):
    """What a recipient takes."""

    SVEFAKTURA = "svefaktura"  # SFTI Svefaktura 1.0, its files in an object envelope
    BIS3 = "bis3"  # Peppol BIS Billing 3.0


class State(StrEnum):
    """What an operator reports of a document, in the order it can happen."""

    FORWARDED = "forwarded"  # handed to the recipient's own operator
    DELIVERED = "delivered"  # came to the recipient
    REJECTED = "rejected"  # will not be delivered after all


@dataclass(frozen=True, slots=True)
class Query:
    """Who is looked for, by one of the three."""

    organisation_number: str | None = None
    gln: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A recipient of the network. `address` is the operator's own word for it and shown to people;
    `formats` are what it takes, what it likes best first."""

    address: str
    name: str
    operator: str
    formats: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Submission:
    """A document, and where it goes. `number` is the invoice's, for people."""

    address: str
    format: Format
    sender_name: str
    sender_organisation_number: str | None
    number: str
    credit_note: bool
    document: bytes
    attachments: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class Reported:
    """A line of the operator's reports. `at` is ISO 8601, `reason` for people."""

    id: str
    document: UUID
    state: str  # a State, or a word that is newer than this program
    at: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """A document that came for one of our companies, with its files."""

    recipient: Participant
    sender: Participant | None
    document: File
    attachments: tuple[File, ...]


class Malformed(Exception):
    """What came over the wire is not in the format; the message says what is wrong."""


# --- looking for a recipient --------------------------------------------------------------------


def write_query(query: Query) -> bytes:
    """The body of POST lookup."""
    return _json({name: value for name, value in asdict(query).items() if value is not None})


def read_query(body: bytes) -> Query:
    """A query back from its body. Raises Malformed."""
    data = _object(body)
    try:
        (query,) = [Query(**{name: str(value)}) for name, value in data.items()]
    except (TypeError, ValueError):
        raise Malformed("a query has one of organisation_number, gln, name") from None
    return query


def write_found(found: list[Found]) -> bytes:
    """The answer to a query."""
    return _json({"recipients": [asdict(each) for each in found]})


def read_found(body: bytes) -> tuple[Found, ...]:
    """Who was found, each address once. Raises Malformed."""
    found: dict[str, Found] = {}
    for item in _list(_object(body), "recipients"):
        try:
            address = str(item["address"])
            if not _ADDRESS.fullmatch(address):
                raise Malformed("an address is 1 to 100 visible ASCII characters")
            formats = tuple(str(each) for each in item["formats"])
            one = Found(address, storable(item["name"]), storable(item["operator"]), formats)
        except (KeyError, TypeError, AttributeError) as error:
            raise Malformed(f"a recipient is not in the format: {error!r}") from error
        found.setdefault(address, one)
    return tuple(found.values())


_ADDRESS = re.compile(r"[!-~]{1,100}")


# --- handing a document over --------------------------------------------------------------------


def boundary(key: UUID) -> str:
    """The multipart boundary: from the key, so that a repeat has the same bytes."""
    return f"operator-{key.hex}"


def content_type(key: UUID) -> str:
    """The Content-Type of a submission."""
    return f"multipart/form-data; boundary={boundary(key)}"


def write(key: UUID, submission: Submission) -> bytes:
    """The body of PUT documents/{key}. Same values, same bytes."""
    files = [{"name": file.name, "media_type": file.media_type} for file in submission.attachments]
    data = {
        "address": submission.address,
        "format": submission.format,
        "sender": {
            "name": submission.sender_name,
            "organisation_number": submission.sender_organisation_number,
        },
        "number": submission.number,
        "credit_note": submission.credit_note,
        "attachments": files,
    }
    parts = [
        _part('name="submission"', JSON, _json(data)),
        _part('name="document"; filename="document.xml"', XML, submission.document),
        *(
            # Names and types are in the submission, where no quote ends a header line.
            _part(f'name="attachment"; filename="{n}"', "application/octet-stream", file.content)
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
    parts = [part.partition(b"\r\n\r\n") for part in inner.split(b"\r\n" + dashes + b"\r\n")]
    names = [re.search(rb'name="(\w+)"', head) for head, _, _ in parts]
    given = [found[1].decode() if found else "" for found in names]
    if given[:2] != ["submission", "document"] or set(given[2:]) - {"attachment"}:
        raise Malformed("the parts are submission, document, and any number of attachment")
    data = _object(parts[0][2])
    contents = [content for _, _, content in parts[2:]]
    try:
        files = [(str(each["name"]), str(each["media_type"])) for each in data["attachments"]]
        return Submission(
            address=str(data["address"]),
            format=Format(data["format"]),
            sender_name=str(data["sender"]["name"]),
            sender_organisation_number=data["sender"]["organisation_number"],
            number=str(data["number"]),
            credit_note=bool(data["credit_note"]),
            document=parts[1][2],
            attachments=tuple(
                File(*file, content) for file, content in zip(files, contents, strict=True)
            ),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Malformed(f"the submission is not in the format: {error!r}") from error


def read_number(body: bytes) -> str:
    """The operator's number for a document, from its answer 200 or 201. Raises Malformed."""
    number = _object(body).get("number")
    if not isinstance(number, str) or not number:
        raise Malformed("the answer has no number")
    return storable(number)


def read_refusal(body: bytes) -> tuple[str, str]:
    """The code and the text of a refusal; empty where the body is something else."""
    try:
        data = _object(body)
    except Malformed:
        return "", ""
    return str(data.get("code") or ""), str(data.get("text") or "")


def _part(disposition: str, media_type: str, content: bytes) -> bytes:
    head = f"Content-Disposition: form-data; {disposition}\r\nContent-Type: {media_type}\r\n\r\n"
    return head.encode("ascii") + content


# --- what has become of documents ---------------------------------------------------------------


def read_reports(body: bytes) -> tuple[tuple[Reported, ...], str]:
    """A page of reports, oldest first, and the cursor to ask on with. Raises Malformed."""
    data = _object(body)
    try:
        reports = tuple(
            Reported(
                id=storable(str(item["id"])),
                document=UUID(item["document"]),
                state=storable(str(item["state"])),
                at=storable(str(item["at"])),
                code=storable(str(item.get("code") or "")),
                reason=storable(str(item.get("reason") or "")),
            )
            for item in _list(data, "reports")
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Malformed(f"the reports are not in the format: {error!r}") from error
    return reports, _cursor(data)


# --- documents that come in ---------------------------------------------------------------------


def read_inbox(body: bytes) -> tuple[tuple[str, ...], str]:
    """The ids of documents that wait, oldest first, and the cursor to ask on with. Raises
    Malformed."""
    data = _object(body)
    ids = tuple(str(item) for item in _list(data, "documents"))
    if not all(_ID.fullmatch(each) for each in ids):
        raise Malformed("an id is 1 to 100 letters, digits, hyphens and underscores")
    return ids, _cursor(data)


_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")


def write_arrived(arrived: Arrived) -> bytes:
    """The answer to GET inbox/{id}."""
    return _json(
        {
            "recipient": str(arrived.recipient),
            "sender": None if arrived.sender is None else str(arrived.sender),
            "document": _file_data(arrived.document),
            "attachments": [_file_data(file) for file in arrived.attachments],
        }
    )


def read_arrived(body: bytes) -> Arrived:
    """A document that came in. Raises Malformed."""
    data = _object(body)
    try:
        sender = data["sender"]
        return Arrived(
            recipient=Participant.parse(data["recipient"]),
            sender=None if sender is None else Participant.parse(sender),
            document=_file(data["document"], "document.xml"),
            attachments=tuple(
                _file(item, f"attachment-{n}")
                for n, item in enumerate(_list(data, "attachments"), 1)
            ),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Malformed(f"the document is not in the format: {error!r}") from error


def write_settled(*, taken: bool, reason: str = "") -> bytes:
    """The body of PUT inbox/{id}/settled."""
    return _json({"taken": taken, "reason": storable(reason)})


def _file_data(file: File) -> dict[str, str]:
    content = b64encode(file.content).decode()
    return {"name": file.name, "media_type": file.media_type, "content": content}


def _file(data: dict[str, Any], otherwise: str) -> File:
    # A name is for people and a directory's last part at most; what could mislead them is left out.
    name = re.sub(r"[^\w .,()+-]", "", str(data["name"]).replace("\\", "/").rpartition("/")[2])
    media_type = str(data["media_type"])
    if not re.fullmatch(r"[\w.+-]{1,60}/[\w.+-]{1,60}", media_type, re.ASCII):
        media_type = "application/octet-stream"
    name = name.strip(" .")[:100] or otherwise
    return File(name, media_type, b64decode(data["content"], validate=True))


# --- JSON ---------------------------------------------------------------------------------------


def _json(data: object) -> bytes:
    return json.dumps(data, ensure_ascii=False, sort_keys=True).encode()


def _object(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not JSON: {error}") from error
    if not isinstance(data, dict):
        raise Malformed("not a JSON object")
    return data


def _list(data: dict[str, Any], name: str) -> list[Any]:
    found = data.get(name)
    if not isinstance(found, list):
        raise Malformed(f"{name} is not a list")
    return found


def _cursor(data: dict[str, Any]) -> str:
    cursor = data.get("next")
    if not isinstance(cursor, str) or len(cursor) > 500 or storable(cursor) != cursor:
        raise Malformed("next is not a cursor of at most 500 characters")
    return cursor
