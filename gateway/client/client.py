"""The client for asyncio: every operation of the API, and what a ledger does with several at once.

In charge of handing in, following and paging. Each operation by itself is in `operations`.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from gateway.client import answers
from gateway.client.batch import Batch, BatchResult
from gateway.client.documents import Attached, form, media_type_of
from gateway.client.operations import Operations
from gateway.client.request import Request

# Nothing more happens by itself in these; `held` waits for a person.
SETTLED = frozenset({"rejected", "sent", "delivered", "failed", "cancelled", "held"})


@dataclass(frozen=True, slots=True)
class Accepted:
    """The answer 202. `replayed`: the same request had been accepted before."""

    id: str
    state: str
    location: str
    replayed: bool
    body: Mapping[str, Any] = field(default_factory=dict)


class Client(Operations):
    """Speaks to one gateway with one API key. Use as `async with Client(url, key) as client`.

    Every operation of the API is a method of its own name (`list_documents`); those here do more
    than one request, or have more to say. All raise Problem and Unreachable. What only reads, and
    what brings an idempotency key, is tried a few times before that.
    """

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

        With `delivery` or `attachments` the request is multipart. Without an `idempotency_key` one
        is made, which holds for the tries of this call only: give one that you keep, and that is
        made of your own document's id, and no crash of yours makes two of it.
        """
        media_type = media_type or media_type_of(content)
        headers = {"Idempotency-Key": idempotency_key or f"client-{uuid4()}"}
        body: Any
        if delivery is None and not attachments:
            body, headers["Content-Type"] = content, media_type
        else:
            body = lambda: form(content, media_type, delivery, attachments)  # noqa: E731
        found, answer = await self.answer(
            Request("POST", "/v1/documents", headers=headers, body=body)
        )
        accepted = json.loads(answer)
        return Accepted(
            id=accepted["id"],
            state=accepted["state"],
            location=found["Location"],
            replayed=found.get("Idempotency-Replayed") == "true",
            body=accepted,
        )

    async def submit_many(
        self, lines: Iterable[Mapping[str, Any]] | AsyncIterable[Mapping[str, Any]]
    ) -> AsyncIterator[BatchResult]:
        """Hands in any number of documents: each line has `invoice`, and may have `delivery`, `id`
        (what you call it) and `idempotency_key`. Yields what became of each, in order, as soon as
        it is on disk; one that is refused stops nothing.

        A request that breaks off is taken up again with the lines that have no answer. Keys that
        you give yourself hold beyond this call too.
        """
        async for result in Batch(lines, self.opened, self._sleep, self._tries).results():
            yield result

    async def get(self, path: str, **query: Any) -> Any:
        """Reads JSON from a path below the gateway's address, as links of answers are."""
        return await self._json(Request("GET", path, query))

    async def get_bytes(self, path: str, **query: Any) -> bytes:
        """Reads a file: content, PDF, evidence."""
        return await self._file(Request("GET", path, query)).read()

    async def download(self, path: str, to: Path) -> int:
        """Writes a file of any size to disk, whole or not at all; answers its size."""
        return await self._file(Request("GET", path)).save(to)

    async def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Posts JSON; answers the JSON that comes back, None when there is none."""
        return await self._json(Request("POST", path, body=body))

    async def ways_found(self, job_id: str) -> bytes:
        """What was found for the customers of a file so far, as CSV."""
        return await self.get_lookup_result_file(job_id).read()

    async def document(self, document_id: str, ledger: answers.Ledger | None = None) -> Any:
        """One document as it is now."""
        return await self.get_document(document_id, ledger=ledger)

    async def documents(self, **query: Any) -> Sequence[answers.DocumentRow]:
        """All documents that `state`, `direction`, `number` and `code` say, newest first."""
        found: list[answers.DocumentRow] = []
        after: str | None = None
        while True:
            page = await self.list_documents(after=after, limit=200, **query)
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
        ledger: answers.Ledger | None = None,
        follow: bool = False,
        wait_s: float = 25,
    ) -> AsyncIterator[answers.Event]:
        """Yields the company's events past the cursor `after`, those of some types or of one
        document; with `follow` it never ends.

        Each one brings its `cursor`, to go on from there another time.
        """
        while True:
            page = await self.read_events(
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
            page = await self.read_events(after=after, wait=10, limit=1000)
            after = page["next"]
            if any(event["document_id"] == document_id for event in page["events"]):
                document = await self.document(document_id)
        return document

    async def inbox(
        self, after: str | None = None, *, wait_s: float | None = None
    ) -> Sequence[answers.InboxDocument]:
        """The oldest documents that came in and are not confirmed yet, past the id `after`."""
        return (await self.read_inbox(after=after, wait=wait_s, limit=100))["documents"]

    async def confirm(self, document_id: str) -> None:
        """Tells the gateway that an inbox document has been taken over."""
        await self.confirm_document(document_id)

    async def respond(self, document_id: str, status: str, **more: Any) -> Any:
        """Says what you do with an invoice that came in: AB, IP, UQ, CA, RE, AP or PD; `more` is
        `reasons`, `actions` and `effective_date`, as the API takes them."""
        return await self.post(f"/v1/inbox/{document_id}/response", {"status": status, **more})

    async def reroute(self, document_id: str, reason: str, **wish: Any) -> Any:
        """Gives a document another route; `wish` is `channels`, `disabled_channels`, `email` and so
        on, as the API takes them. Answers the document."""
        return await self.reroute_document(document_id, reason, **wish)

    async def resend(self, document_id: str, reason: str) -> Any:
        """Has a document that was sent sent once more; answers the document."""
        return await self.resend_document(document_id, reason)

    async def choose(self, document_id: str, address: str, reason: str) -> Any:
        """Chooses one of several possible recipients of a held document; answers the document."""
        return await self.choose_recipient(document_id, address=address, reason=reason)

    async def repair(self, document_id: str, reason: str, **wish: Any) -> Any:
        """Does something about the files that a document lacks; `wish` is `action`, `attachment`,
        `url` and `sha256`, as the API takes them. Answers the document."""
        return await self.repair_document(document_id, reason, **wish)

    async def repair_all(
        self, reason: str, *, action: str = "fetch", code: str | None = None
    ) -> AsyncIterator[Mapping[str, Any]]:
        """Repairs every document that is held for want of a file, or with one `code`; yields what
        was repaired and what was not, page by page."""
        wish = {"reason": reason, "action": action, "code": code}
        after: str | None = None
        while True:
            page = await self.post("/v1/repairs", {**wish, "after": after})
            yield page
            after = page["next"]
            if after is None:
                return

    async def webhooks(self) -> Sequence[answers.Webhook]:
        """The company's webhooks, oldest first."""
        return (await self.list_webhooks())["webhooks"]

    async def rotate_webhook(self, webhook_id: str) -> answers.WebhookMade:
        """A new secret; the one before is good for another day."""
        return await self.rotate_webhook_secret(webhook_id)

    async def redeliver(
        self, webhook_id: str, *, after: str | None = None, only: str | None = None
    ) -> answers.Webhook:
        """Has events sent again: all after a cursor, or only the one at a cursor."""
        return await self.redeliver_events(webhook_id, after=after, only=only)

    async def webhook_attempts(self, webhook_id: str) -> Sequence[answers.WebhookAttempt]:
        """The newest tries to send something to a webhook."""
        return (await self.list_webhook_attempts(webhook_id, limit=200))["attempts"]
