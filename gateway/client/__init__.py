"""A typed client of a running gateway, over HTTP only: what the CLI, the demo and the tests use.

It imports nothing else of the gateway, so that a ledger that uses it loads aiohttp and no more, and
knows nothing that an ERP on the other side of the network could not know. `Client` is for asyncio,
`SyncClient` for everybody else. `operations`, `sync_operations` and `answers` are made from the
OpenAPI description by `make docs`.
"""

from __future__ import annotations

from gateway.client import answers
from gateway.client.batch import BatchResult
from gateway.client.client import SETTLED, Accepted, Client
from gateway.client.documents import Attached, attached, media_type_of
from gateway.client.request import Problem, Unreachable
from gateway.client.sync import SyncClient

__all__ = [
    "SETTLED",
    "Accepted",
    "Attached",
    "BatchResult",
    "Client",
    "Problem",
    "SyncClient",
    "Unreachable",
    "answers",
    "attached",
    "media_type_of",
]
