"""The files that a document names by address, and what became of each: the FETCH part.

In charge of which files are to be fetched, and of their record, the newest of which counts. Not in
charge of fetching them (`fetching`), nor of what a person does about one that is missing
(`repair`). Pure.

The record holds the addresses as they were given, with what may be a secret in them: it is shown to
nobody; `shown` is what may be.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Final
from urllib.parse import unquote

from yarl import URL

from gateway.delivery.envelope import Enclosed
from gateway.intake.attachment import safe_name
from gateway.lifecycle import State
from gateway.store.port import Company, Document, NewPart, Role
from schemas.invoice import Invoice

# As many as a form may have parts. A document that names more is refused.
MOST_FILES: Final = 100

# What the code of a document begins with when a file of it is missing: the "attachment error".
ERROR: Final = "attachment."


class Status(StrEnum):
    """What became of a file."""

    WANTED = "wanted"  # it is to be fetched; with a code: it could not be, so far
    FETCHED = "fetched"  # it is an attachment of the document
    HANDED_IN = "handed_in"  # a person handed it in instead
    LEFT_OUT = "left_out"  # a person decided to go on without it


@dataclass(frozen=True, slots=True)
class Fetch:
    """A file to be fetched. `name`, `media_type` and `sha256` are what was stated of it."""

    url: str
    name: str | None = None
    media_type: str | None = None
    sha256: str | None = None
    status: Status = Status.WANTED
    code: str | None = None  # why it is not there
    text: str | None = None
    file: Enclosed | None = None  # the attachment that it has become

    @property
    def missing(self) -> bool:
        """Whether the document can not go on as it is."""
        return self.status is Status.WANTED

    @property
    def called(self) -> str:
        """A name for people; never with what may be a secret."""
        return safe_name(self.name or _last(self.url)) or "the file"

    def failed(self, code: str, text: str) -> Fetch:
        """The same, and why it is not there."""
        return replace(self, code=code, text=text)

    def there(self, status: Status, file: Enclosed | None) -> Fetch:
        """The same, no longer missing."""
        return replace(self, status=status, code=None, text=None, file=file)


Fetches = tuple[Fetch, ...]


def wanted(delivery: Mapping[str, Any], company: Company, invoice: Invoice) -> Fetches:
    """The files to be fetched: those that the wishes for the delivery name, then, where they or the
    company say so, those that the invoice itself names (BT-124) and does not hold."""
    stated = [Fetch(**file) for file in delivery.get("fetch", ())]
    known = {fetch.url for fetch in stated}
    for document in invoice.supporting_documents if links_too(delivery, company) else ():
        url = document.url
        if url is not None and document.attachment is None and url not in known:
            stated.append(Fetch(url))
            known.add(url)
    return tuple(stated)


def links_too(delivery: Mapping[str, Any], company: Company) -> bool:
    """Whether the links of the invoice are fetched: the delivery says, else the company."""
    return bool(delivery.get("fetch_links", company.in_effect.get("fetch_links", False)))


def part(fetches: Fetches) -> NewPart:
    """The record to be stored."""
    content = json.dumps([asdict(fetch) for fetch in fetches], ensure_ascii=False).encode()
    return NewPart(Role.FETCH, "fetches.json", "application/json", content)


def read(content: bytes) -> Fetches:
    """The record back from its part."""
    return tuple(
        Fetch(
            **{
                **fetch,
                "status": Status(fetch["status"]),
                "file": Enclosed(**fetch["file"]) if fetch["file"] else None,
            }
        )
        for fetch in json.loads(content)
    )


def newest(contents: Sequence[bytes]) -> Fetches | None:
    """The record that counts, out of a document's FETCH parts in the order of writing."""
    return read(contents[-1]) if contents else None


def changed(fetches: Fetches, n: int, fetch: Fetch) -> Fetches:
    """The record with another entry at a place."""
    return (*fetches[:n], fetch, *fetches[n + 1 :])


def missing(fetches: Fetches) -> list[int]:
    """The places of those that are missing, from 0."""
    return [n for n, fetch in enumerate(fetches) if fetch.missing]


def is_error(document: Document) -> bool:
    """Whether a document waits, or is held, because a file of it is missing."""
    return document.state in (State.WAITING, State.HELD) and document.code.startswith(ERROR)


def shown_url(url: str) -> str:
    """An address without what may be a secret in it: a signed query, a name, a password."""
    try:
        parsed = URL(url)
        shown = str(parsed.with_user(None).with_query(None).with_fragment(None))
    except ValueError:
        return "(not an address)"
    return f"{shown}?..." if parsed.raw_query_string else shown


def shown_wishes(delivery: Mapping[str, Any]) -> dict[str, Any]:
    """Wishes for a delivery, with its addresses as they may be shown."""
    told = dict(delivery)
    if "fetch" in told:
        told["fetch"] = [{**file, "url": shown_url(file["url"])} for file in told["fetch"]]
    return told


def _last(url: str) -> str:
    """The last word of a path."""
    try:
        return unquote(URL(url).raw_path.rstrip("/").rpartition("/")[2])
    except ValueError:
        return ""
