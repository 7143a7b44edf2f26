"""The files between us and the banks' distributor, byte for byte.

After a change that is meant: `pytest tests/golden --update-golden`, and read the difference.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import pytest

from transports.bank_se.identifiers import Fmi, Fui
from transports.bank_se.marking import marked
from transports.bank_se.wire.batch import Entry, lines, read_batch, write_batch, write_entry
from transports.bank_se.wire.incoming import Incoming, read_incoming
from transports.bank_se.wire.receipts import (
    BatchReceipt,
    InvoiceReceipt,
    InvoiceReceipts,
    Rejection,
    write_batch_receipt,
    write_invoice_receipts,
)
from transports.bank_se.wire.registrations import (
    Answer,
    Registration,
    Registrations,
    read_answers,
    write_answers,
    write_registrations,
)
from transports.base import File

GOLDEN = Path(__file__).parent / "bank_se"
FUI = Fui.parse("005567321707.00002222222.FSPA.SE")
AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
KEYS = (
    UUID("8a6e0804-2bd0-5672-b79d-d97027f9071a"),
    UUID("0f0d8c1e-6d0a-5b0e-9a55-3c6f1d1c7a11"),
)
# As SFTI writes a document for the internet bank, and no more of it than matters here.
DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2" \
xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2" \
xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
  <cbc:ID>7005190</cbc:ID>
  <cac:AccountingSupplierParty><cac:Party>
    <cbc:EndpointID schemeID="0007">5567321707</cbc:EndpointID>
  </cac:Party></cac:AccountingSupplierParty>
  <cac:AccountingCustomerParty><cac:Party>
    <cac:PartyIdentification><cbc:ID>K-1001</cbc:ID></cac:PartyIdentification>
    <cac:PartyName><cbc:Name>Åsa Öberg</cbc:Name></cac:PartyName>
  </cac:Party></cac:AccountingCustomerParty>
</Invoice>
""".encode()
ENTRIES = tuple(
    Entry(key, FUI, fmi, marked(DOCUMENT, fmi), attachments)
    for key, fmi, attachments in zip(
        KEYS,
        (Fmi.parse("190001019801.NB.SE"), Fmi.parse("005560169095.FSPA.SE")),
        ((), (File('rapport "1".txt', "text/plain", b"Tio timmar"),)),
        strict=True,
    )
)
REGISTRATIONS = Registrations(
    "A-000001",
    (
        Registration("R-1", FUI, Fmi.parse("190001019801.NB.SE"), AT, "10001"),
        Registration("R-2", FUI, Fmi.parse("190001029800.FSPA.SE"), AT, leaves=True),
    ),
)
INVOICES = InvoiceReceipts(
    "C-000003",
    (
        InvoiceReceipt(KEYS[0]),
        InvoiceReceipt(KEYS[1], Rejection("801", 'Inte "er" distributör <hos oss>')),
    ),
)
BATCH = write_batch([write_entry(entry) for entry in ENTRIES])
TAKEN = BatchReceipt("C-000001", BATCH.name)
REJECTED = BatchReceipt("C-000002", BATCH.name, Rejection("410", ""))
ANSWERS = (Answer("R-1", Rejection("customer_data", "Fel kundnummer.")), Answer("R-2"))

FILES = {
    "marked.xml": ENTRIES[0].document,
    "batch.xml": BATCH.content,
    "batch-receipt-taken.xml": write_batch_receipt(TAKEN),
    "batch-receipt-rejected.xml": write_batch_receipt(REJECTED),
    "invoice-receipts.xml": write_invoice_receipts(INVOICES.id, INVOICES.lines),
    "registrations.xml": write_registrations(REGISTRATIONS.id, REGISTRATIONS.lines),
    "answers.xml": write_answers(ANSWERS)[1],
}


@pytest.mark.parametrize("name", FILES)
def test_these_bytes(name: str, pytestconfig: pytest.Config) -> None:
    golden = GOLDEN / name
    if pytestconfig.getoption("--update-golden", default=False):
        golden.write_bytes(FILES[name])
    assert FILES[name] == golden.read_bytes()


def test_a_batch_is_read_as_it_was_written() -> None:
    assert read_batch((GOLDEN / "batch.xml").read_bytes()) == tuple(
        sorted(ENTRIES, key=lambda entry: str(entry.key))
    )
    assert sorted(lines(BATCH.content)) == sorted(map(write_entry, ENTRIES))


def test_a_batch_is_the_same_in_whatever_order_its_entries_came() -> None:
    assert write_batch([write_entry(entry) for entry in reversed(ENTRIES)]) == BATCH
    assert BATCH.name == f"batch-{sha256(BATCH.content).hexdigest()[:32]}.xml"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("batch-receipt-taken.xml", TAKEN),
        ("batch-receipt-rejected.xml", REJECTED),
        ("invoice-receipts.xml", INVOICES),
        ("registrations.xml", REGISTRATIONS),
    ],
)
def test_what_comes_is_read_as_it_was_written(name: str, meant: Incoming) -> None:
    assert read_incoming((GOLDEN / name).read_bytes()) == meant


def test_answers_are_read_as_they_were_written() -> None:
    assert sorted(read_answers((GOLDEN / "answers.xml").read_bytes()), key=repr) == sorted(
        ANSWERS, key=repr
    )
