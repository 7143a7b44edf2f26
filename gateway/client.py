"""A client of a running gateway, over HTTP only: what the CLI, the demo and the tests use.

In charge of requests and of turning problems into `Problem`. It knows nothing that an ERP on the
other side of the network could not know; it is also the example for writing one's own.
"""

from __future__ import annotations

import io
import json
import mimetypes
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import aiohttp

# Nothing more happens by itself in these; `held` waits for a person.
SETTLED = frozenset({"rejected", "sent", "delivered", "failed", "cancelled", "held"})

# An archive may take hours; what counts is that bytes keep coming.
_NO_LIMIT = aiohttp.ClientTimeout(total=None, sock_read=300)


class Unreachable(Exception):
    """The gateway could not be reached, or its answer was cut off."""


class Problem(Exception):
    """The gateway refused: RFC 9457 problem details."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        self.status = status
        self.type = str(body.get("type", "about:blank"))
        self.title = str(body.get("title", "refused"))
        self.detail = str(body.get("detail") or "")
        self.errors: Sequence[Mapping[str, Any]] = body.get("errors") or ()
        super().__init__(f"{status} {self.title}{f': {self.detail}' if self.detail else ''}")


@dataclass(frozen=True, slots=True)
class Attached:
    """A file to be sent with a document."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer 202. `replayed`: the same request had been accepted before."""

    id: str
    state: str
    location: str
    replayed: bool
    body: Mapping[str, Any] = field(default_factory=dict)


class Client:
    """Speaks to one gateway with one API key. Use as `async with Client(url, key) as client`."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url.rstrip("/")
        self._key = key
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Client:
        self._session = aiohttp.ClientSession(headers={"Authorization": f"Bearer {self._key}"})
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._session is not None
        await self._session.close()

    async def submit(
        self,
        content: bytes,
        *,
        media_type: str | None = None,
        delivery: Mapping[str, Any] | None = None,
        attachments: Sequence[Attached] = (),
        idempotency_key: str | None = None,
    ) -> Accepted:
        """Hands in a document, of the type that `media_type` says, else as it begins.

        With `delivery` or `attachments` the request is multipart. Raises Problem, Unreachable.
        """
        media_type = media_type or media_type_of(content)
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        data: bytes | aiohttp.MultipartWriter
        if delivery is None and not attachments:
            data = content
            headers["Content-Type"] = media_type
        else:
            data = _multipart(content, media_type, delivery, attachments)
        response, body = await self._call("POST", "/v1/documents", data=data, headers=headers)
        answer = json.loads(body)
        return Accepted(
            id=answer["id"],
            state=answer["state"],
            location=response.headers["Location"],
            replayed=response.headers.get("Idempotency-Replayed") == "true",
            body=answer,
        )

    async def get(self, path: str, **query: Any) -> Any:
        """Reads JSON from a path below the gateway's address. Raises Problem, Unreachable."""
        _, body = await self._call("GET", path, params=_query(query))
        return json.loads(body)

    async def get_bytes(self, path: str, **query: Any) -> bytes:
        """Reads a file: content, PDF, evidence. Raises Problem, Unreachable."""
        return (await self._call("GET", path, params=_query(query)))[1]

    async def download(self, path: str, to: Path) -> int:
        """Writes a file of any size to disk, whole or not at all; answers its size.

        Raises Problem, Unreachable, OSError.
        """
        assert self._session is not None, "use `async with`"
        draft, size = to.with_name(f"{to.name}.part"), 0
        try:
            async with self._session.get(self._url + path, timeout=_NO_LIMIT) as response:
                if response.status >= 400:
                    raise Problem(response.status, _problem(response, await response.read()))
                with draft.open("wb") as file:
                    async for piece in response.content.iter_chunked(256 * 1024):
                        size += file.write(piece)
        except aiohttp.InvalidURL as error:
            raise Unreachable(_no_address(self._url)) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            draft.unlink(missing_ok=True)
            raise Unreachable(f"{self._url}: {error or type(error).__name__}") from error
        draft.replace(to)
        return size

    async def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Posts JSON; answers the JSON that comes back, None when there is none."""
        _, answer = await self._call("POST", path, json=body)
        return json.loads(answer) if answer else None

    async def find_ways(self, content: bytes, media_type: str) -> Any:
        """Hands in a file of customers, `text/csv` or `application/json`; answers the job."""
        headers = {"Content-Type": media_type}
        _, answer = await self._call("POST", "/v1/lookup/jobs", data=content, headers=headers)
        return json.loads(answer)

    async def ways_found(self, job_id: str) -> bytes:
        """What was found for the customers of a file so far, as CSV."""
        place = f"/v1/lookup/jobs/{job_id}/result"
        return (await self._call("GET", place, headers={"Accept": "text/csv"}))[1]

    async def document(self, document_id: str) -> Any:
        """One document as it is now."""
        return await self.get(f"/v1/documents/{document_id}")

    async def documents(self, **query: Any) -> Sequence[Mapping[str, Any]]:
        """All documents that `state`, `direction`, `number` and `code` say, newest first."""
        found: list[Mapping[str, Any]] = []
        after: str | None = None
        while True:
            page = await self.get("/v1/documents", after=after, limit=200, **query)
            found += page["documents"]
            after = page["next"]
            if after is None:
                return found

    async def events(
        self,
        after: str | None = None,
        *,
        types: Sequence[str] = (),
        document_id: str | None = None,
        ledger: str | None = None,
        follow: bool = False,
        wait_s: float = 25,
    ) -> AsyncIterator[Mapping[str, Any]]:
        """Yields the company's events past the cursor `after`, those of some types or of one
        document; with `follow` it never ends.

        Each one brings its `cursor`, to go on from there another time.
        """
        while True:
            page = await self.get(
                "/v1/events",
                after=after,
                types=",".join(types) or None,
                document_id=document_id,
                ledger=ledger,
                wait=wait_s if follow else None,
                limit=1000,
            )
            for event in page["events"]:
                yield event
            if page["next"] == after and not follow:
                return
            after = page["next"]

    async def settled(self, document_id: str) -> Any:
        """Waits until nothing more happens to the document by itself; answers it."""
        after: str | None = None
        document = await self.document(document_id)
        while document["state"] not in SETTLED:
            page = await self.get("/v1/events", after=after, wait=10, limit=1000)
            after = page["next"]
            if any(event["document_id"] == document_id for event in page["events"]):
                document = await self.document(document_id)
        return document

    async def inbox(
        self, after: str | None = None, *, wait_s: float | None = None
    ) -> Sequence[Mapping[str, Any]]:
        """The oldest documents that came in and are not confirmed yet, past the id `after`."""
        page = await self.get("/v1/inbox", after=after, wait=wait_s, limit=100)
        documents: Sequence[Mapping[str, Any]] = page["documents"]
        return documents

    async def confirm(self, document_id: str) -> None:
        """Tells the gateway that an inbox document has been taken over."""
        await self._call("POST", f"/v1/inbox/{document_id}/confirm")

    async def respond(self, document_id: str, status: str, **more: Any) -> Any:
        """Says what you do with an invoice that came in: AB, IP, UQ, CA, RE, AP or PD; `more` is
        `reasons`, `actions` and `effective_date`, as the API takes them."""
        return await self.post(f"/v1/inbox/{document_id}/response", {"status": status, **more})

    async def revoke_link(self, document_id: str, reason: str) -> Any:
        """Takes back the link to a document; answers the document."""
        return await self.post(f"/v1/documents/{document_id}/revoke-link", {"reason": reason})

    async def reroute(self, document_id: str, reason: str, **wish: Any) -> Any:
        """Gives a document another route; `wish` is `channels`, `disabled_channels`, `email` and so
        on, as the API takes them. Answers the document."""
        given = {name: value for name, value in wish.items() if value is not None}
        return await self.post(f"/v1/documents/{document_id}/reroute", {"reason": reason, **given})

    async def resend(self, document_id: str, reason: str) -> Any:
        """Has a document that was sent sent once more; answers the document."""
        return await self.post(f"/v1/documents/{document_id}/resend", {"reason": reason})

    async def choose(self, document_id: str, address: str, reason: str) -> Any:
        """Chooses one of several possible recipients of a held document; answers the document."""
        chosen = {"address": address, "reason": reason}
        return await self.post(f"/v1/documents/{document_id}/choose", chosen)

    async def repair(self, document_id: str, reason: str, **wish: Any) -> Any:
        """Does something about the files that a document lacks; `wish` is `action`, `attachment`,
        `url` and `sha256`, as the API takes them. Answers the document."""
        given = {name: value for name, value in wish.items() if value is not None}
        return await self.post(f"/v1/documents/{document_id}/repair", {"reason": reason, **given})

    async def hand_in_attachment(
        self, document_id: str, attachment: int, content: bytes, *, name: str, reason: str
    ) -> Any:
        """Hands in a file that a document lacks, from 0; answers the document."""
        _, answer = await self._call(
            "PUT",
            f"/v1/documents/{document_id}/attachments/{attachment}",
            data=io.BytesIO(content),
            headers={"Content-Type": "application/octet-stream"},
            params={"name": name, "reason": reason},
        )
        return json.loads(answer)

    async def repair_all(
        self, reason: str, *, action: str = "fetch", code: str | None = None
    ) -> AsyncIterator[Mapping[str, Any]]:
        """Repairs every document that is held for want of a file, or with one `code`; yields what
        was repaired and what was not, page by page."""
        wish = {"reason": reason, "action": action} | ({"code": code} if code else {})
        after: str | None = None
        while True:
            page = await self.post("/v1/repairs", {**wish, **({"after": after} if after else {})})
            yield page
            after = page["next"]
            if after is None:
                return

    async def webhooks(self) -> Sequence[Mapping[str, Any]]:
        """The company's webhooks, oldest first."""
        found: Sequence[Mapping[str, Any]] = (await self.get("/v1/webhooks"))["webhooks"]
        return found

    async def add_webhook(
        self, url: str, *, types: Sequence[str] = (), description: str | None = None
    ) -> Any:
        """Has events sent to a URL; the answer's `secret` is not shown again."""
        body = {"url": url, "types": list(types), "description": description}
        return await self.post("/v1/webhooks", body)

    async def change_webhook(self, webhook_id: str, **fields: Any) -> Any:
        """Changes `url`, `types`, `description` or `active`."""
        _, answer = await self._call("PATCH", f"/v1/webhooks/{webhook_id}", json=fields)
        return json.loads(answer)

    async def remove_webhook(self, webhook_id: str) -> None:
        """Has nothing more sent there."""
        await self._call("DELETE", f"/v1/webhooks/{webhook_id}")

    async def rotate_webhook(self, webhook_id: str) -> Any:
        """A new secret; the one before is good for another day."""
        return await self.post(f"/v1/webhooks/{webhook_id}/rotate")

    async def test_webhook(self, webhook_id: str) -> Any:
        """Has a test message sent, and answers what came of it."""
        return await self.post(f"/v1/webhooks/{webhook_id}/test")

    async def redeliver(
        self, webhook_id: str, *, after: str | None = None, only: str | None = None
    ) -> Any:
        """Has events sent again: all after a cursor, or only the one at a cursor."""
        body = {"after": after} if only is None else {"only": only}
        return await self.post(f"/v1/webhooks/{webhook_id}/redeliver", body)

    async def webhook_attempts(self, webhook_id: str) -> Sequence[Mapping[str, Any]]:
        """The newest tries to send something to a webhook."""
        page = await self.get(f"/v1/webhooks/{webhook_id}/attempts", limit=200)
        attempts: Sequence[Mapping[str, Any]] = page["attempts"]
        return attempts

    async def _call(
        self, method: str, path: str, **how: Any
    ) -> tuple[aiohttp.ClientResponse, bytes]:
        assert self._session is not None, "use `async with`"
        try:
            async with self._session.request(method, self._url + path, **how) as response:
                body = await response.read()
        except aiohttp.InvalidURL as error:
            raise Unreachable(_no_address(self._url)) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unreachable(f"{self._url}: {error or type(error).__name__}") from error
        if response.status >= 400:
            raise Problem(response.status, _problem(response, body))
        return response, body


def _no_address(url: str) -> str:
    return f"{url} is no address; one looks like http://127.0.0.1:8080"


def media_type_of(content: bytes) -> str:
    """The media type to hand a document in as, by how it begins."""
    start = content[:_BEGINNING].lstrip(b"\xef\xbb\xbf \t\r\n")
    for beginning, media_type in _BEGINNINGS:
        if re.match(beginning, start):
            return media_type
    return "application/xml"


_BEGINNING = 2 * 1024
_BEGINNINGS = (
    (rb"\{", "application/json"),
    (rb"PK\x03\x04", "application/zip"),
    (rb"%PDF-", "application/pdf"),
    (rb"(From .*\r?\n)?[A-Za-z][A-Za-z0-9-]*:[ \t\r\n]", "message/rfc822"),
)


def attached(path: Path) -> Attached:
    """A file on disk as an attachment; the media type is told by the name's ending."""
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Attached(path.name, kind, path.read_bytes())


def _multipart(
    content: bytes,
    media_type: str,
    delivery: Mapping[str, Any] | None,
    attachments: Sequence[Attached],
) -> aiohttp.MultipartWriter:
    form = aiohttp.MultipartWriter("form-data")
    part = form.append(content, {"Content-Type": media_type})
    part.set_content_disposition("form-data", name="document")
    if delivery is not None:
        part = form.append_json(dict(delivery))
        part.set_content_disposition("form-data", name="delivery")
    for file in attachments:
        part = form.append(file.content, {"Content-Type": file.media_type})
        part.set_content_disposition("form-data", name="attachment", filename=file.name)
    return form


def _query(query: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in query.items() if value is not None}


def _problem(response: aiohttp.ClientResponse, body: bytes) -> Mapping[str, Any]:
    if response.content_type == "application/problem+json":
        found: Mapping[str, Any] = json.loads(body)
        return found
    return {"title": response.reason or "refused", "detail": "not an answer of a Budkavle gateway"}
