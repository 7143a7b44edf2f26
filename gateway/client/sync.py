"""The client for programs without asyncio: the same operations, each waited for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from gateway.client import answers
from gateway.client.batch import BatchResult
from gateway.client.client import Accepted, Client
from gateway.client.documents import Attached
from gateway.client.sync_operations import SyncOperations


class SyncClient(SyncOperations):
    """Speaks to one gateway with one API key. Use as `with SyncClient(url, key) as client`.

    What `Client` does, this does, and raises the same; `how` is passed on to it.
    """

    def __init__(self, url: str, key: str, **how: Any) -> None:
        super().__init__(Client(url, key, **how))

    def submit(
        self,
        content: bytes,
        *,
        media_type: str | None = None,
        delivery: Mapping[str, Any] | None = None,
        attachments: Sequence[Attached] = (),
        idempotency_key: str | None = None,
    ) -> Accepted:
        """Hands in a document: `Client.submit`."""
        return self.run(
            self.client.submit(
                content,
                media_type=media_type,
                delivery=delivery,
                attachments=attachments,
                idempotency_key=idempotency_key,
            )
        )

    def submit_many(self, lines: Iterable[Mapping[str, Any]]) -> Iterator[BatchResult]:
        """Hands in any number of documents: `Client.submit_many`."""
        return self.each(self.client.submit_many(lines))

    def documents(self, **query: Any) -> Sequence[answers.DocumentRow]:
        """All documents that `state`, `direction`, `number` and `code` say, newest first."""
        return self.run(self.client.documents(**query))

    def events(self, after: str | None = None, **which: Any) -> Iterator[answers.Event]:
        """The company's events past the cursor `after`: `Client.events`."""
        return self.each(self.client.events(after, **which))

    def settled(self, document_id: str) -> Any:
        """Waits until nothing more happens to the document by itself; answers it."""
        return self.run(self.client.settled(document_id))
