"""The client for programs without asyncio: the same operations, each waited for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from gateway.client import answers
from gateway.client.batch import BatchResult
from gateway.client.client import Accepted, Client
from gateway.client.documents import Attached
from gateway.client.sync_operations import SyncOperations

_AT_ONCE: Final = 1_000


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
        """Hands in any number of documents: `Client.submit_many`.

        A thousand at a time: `lines` is read here, in the caller's thread, where a database's
        cursor belongs.
        """
        ahead, done = iter(lines), 0
        while some := list(islice(ahead, _AT_ONCE)):
            for result in self.each(self.client.submit_many(some)):
                yield {**result, "line": done + result["line"]}
            done += len(some)

    def documents(self, **query: Any) -> Sequence[answers.DocumentRow]:
        """All documents that `state`, `direction`, `number` and `code` say, newest first."""
        return self.run(self.client.documents(**query))

    def events(self, after: str | None = None, **which: Any) -> Iterator[answers.Event]:
        """The company's events past the cursor `after`: `Client.events`."""
        return self.each(self.client.events(after, **which))

    def settled(self, document_id: str) -> Any:
        """Waits until nothing more happens to the document by itself; answers it."""
        return self.run(self.client.settled(document_id))
