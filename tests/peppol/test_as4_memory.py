"""What a large message takes of an access point's memory: a few times its size, and no more."""

from __future__ import annotations

import base64
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest

from schemas import envelope
from tests.peppol.parties import DOCUMENT, RECEIVING, SENDING, header, message, same_key
from tests.peppol.receiving import peak_by_body
from transports.peppol.as4.packing import pack
from transports.peppol.sandbox.authority import Authority


@pytest.mark.parametrize("megabytes", [5, 20])
async def test_a_message_takes_at_most_four_and_a_half_times_its_size(
    megabytes: int, tmp_path: Path
) -> None:
    network = Authority(datetime.now(UTC), make_key=same_key)
    receiving = network.leaf(RECEIVING)
    inside = base64.b64encode(random.Random(1).randbytes(megabytes * 1_000_000))
    document = DOCUMENT.replace(b"<ID>1</ID>", b"<ID>" + inside + b"</ID>") + b"\n"
    payload = envelope.write(header(), document)
    sent = pack(message(), payload, network.leaf(SENDING), receiving.certificate)
    peak = await peak_by_body(receiving, network.anchors, sent, tmp_path)
    assert peak <= 4.5
