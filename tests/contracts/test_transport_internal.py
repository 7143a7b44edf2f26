"""What the internal channel keeps beyond the contract."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.store.port import StorageUnavailable
from tests.contracts.transports import CASES, HERE, RECIPIENT, Channel, opened
from transports.base import Delivered, Refused


@pytest.fixture
async def channel(tmp_path: Path) -> AsyncIterator[Channel]:
    async with opened(CASES["internal"], tmp_path) as channel:
        yield channel


async def test_the_receipt_says_what_lies_where(channel: Channel) -> None:
    envelope = await channel.envelope("accept")
    outcome = await channel.transport.deliver(envelope)
    assert isinstance(outcome, Delivered)
    (receipt,) = (item for item in outcome.evidence if item.kind == "receipt")
    assert json.loads(receipt.content) == {
        "key": str(envelope.key),
        "inbox": HERE.id,
        "document_sha256": hashlib.sha256(envelope.document.content).hexdigest(),
    }


async def test_who_has_left_since_is_refused(channel: Channel) -> None:
    gone = replace(await channel.envelope("accept"), address="cmp_gone")
    outcome = await channel.transport.deliver(gone)
    assert isinstance(outcome, Refused)
    assert outcome.verdict.code == "internal.not_here"
    assert await channel.taken(gone.key) == []


async def test_a_store_that_can_not_say_is_never_a_no(channel: Channel) -> None:
    envelope = await channel.envelope("accept")
    await channel.shut()
    with pytest.raises(StorageUnavailable):
        await channel.transport.resolve(channel.inquiry(RECIPIENT))
    with pytest.raises(StorageUnavailable):
        await channel.transport.deliver(envelope)
