"""Every clean official invoice goes all the way, and comes back byte for byte."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from gateway.client import Client
from gateway.sandbox import SENDER, Sandbox

BASES = Path(__file__).parents[3] / "shared" / "rules" / "bases"
BILLING = "urn:fdc:peppol.eu:2017:poacc:billing:3.0"
FINAL = {"sent", "delivered", "failed"}


def clean_invoices() -> dict[str, bytes]:
    """Invoices and credit notes that Peppol BIS Billing speaks of."""
    found = {}
    for path in sorted(BASES.glob("*.xml")):
        content = path.read_bytes()
        root = etree.fromstring(content)
        specification = root.findtext("{*}CustomizationID") or ""
        if etree.QName(root).localname in {"Invoice", "CreditNote"} and BILLING in specification:
            found[path.name] = content
    return found


@pytest.mark.skipif(not BASES.is_dir(), reason="the official documents are not beside the checkout")
async def test_every_clean_invoice_is_accepted_and_ends_well(tmp_path: Path) -> None:
    documents = clean_invoices()
    assert len(documents) > 50

    async with Sandbox(tmp_path) as sandbox, Client(sandbox.gateway.url, SENDER.key) as client:

        async def carry(name: str, content: bytes) -> tuple[str, Mapping[str, Any], bytes]:
            accepted = await client.submit(content, media_type="application/xml")
            document = await client.settled(accepted.id)
            return name, document, await client.get_bytes(f"/v1/documents/{accepted.id}/content")

        ended = await asyncio.gather(*(carry(*document) for document in documents.items()))

    assert Counter(content == documents[name] for name, _, content in ended) == {True: len(ended)}
    unwell = {name: (d["state"], d["text"]) for name, d, _ in ended if d["state"] not in FINAL}
    assert not unwell
