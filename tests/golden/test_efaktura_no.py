"""Each SOAP call of the eFaktura channel, byte for byte: what goes out, and what answers read as.

After a change that is meant: `pytest tests/golden --update-golden`, and read the difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from transports.efaktura_no.wire import consumers, invoices, issuers, soap
from transports.efaktura_no.wire.consumers import Acceptance, Consumer, Search
from transports.efaktura_no.wire.invoices import (
    ConsignmentState,
    ConsignmentStatus,
    DocumentType,
    Invoice,
    InvoiceState,
    InvoiceStatus,
)
from transports.efaktura_no.wire.issuers import Issuer, IssuerState, IssuerStatus
from transports.efaktura_no.wire.operations import Operation, message_of
from transports.efaktura_no.wire.soap import Fault, Part

GOLDEN = Path(__file__).parent / "efaktura_no"

KEY = "8a6e0804-2bd0-5672-b79d-d97027f9071a"
ORG, CONSIGNMENT, CONSUMER = "918130047", "58231904417", "40918273"

INVOICE = Invoice(
    message=KEY,
    consignment=CONSIGNMENT,
    organisation_number=ORG,
    number="1001",
    recipient=CONSUMER,
    document_type=DocumentType.INVOICE,
    kid="100011001235",
    account="15038366383",
    amount=Decimal("1249.5"),
    issued=date(2026, 11, 20),
    due=date(2026, 12, 20),
    pdf=b"%PDF-1.4 ...",
)
LINKED = Invoice(
    message=KEY,
    consignment=CONSIGNMENT,
    organisation_number=ORG,
    number="Æ/1001 & <2>",
    recipient=CONSUMER,
    document_type=DocumentType.CREDIT_NOTE,
    kid=None,
    account="15038366383",
    amount=Decimal(0),
    issued=date(2026, 11, 20),
    due=None,
    pdf=None,
    url="https://gateway.example/l/abc?a=1&b=2",
)
ISSUER = Issuer(
    ORG, "Havbris Regnskap AS", "Kari Håvn", "kari@havbris.example", "15038366383", 12, "KID[1-5]"
)
CREATED = Issuer(ORG, "Havbris Regnskap AS", "Kari Håvn", "kari@havbris.example", "15038366383")
BY_NUMBER = Search(personal_number="01032300371")
BY_ADDRESS = Search(name="Kari Nordmann", street="Storgata 2", post_code="0184", city="Oslo")
FOUND = (
    Consumer(CONSUMER, Acceptance.AGREEMENT, "Kari Nordmann", "OSLO"),
    Consumer("40918274", Acceptance.BLOCKED),
)
STATUS = InvoiceStatus("1001", CONSIGNMENT, InvoiceState.REJECTED, "The consumer has moved.")
HELD = ConsignmentStatus(CONSIGNMENT, ConsignmentState.PROCESSED, ((ORG, "1001"),))
STANDS = IssuerStatus(ORG, IssuerState.EMAIL_SENT)
NO = Fault("209", "Duplicate consignmentId.", ours=True)

CALLS: Mapping[str, bytes] = {
    "identify-by-number": consumers.identify(KEY, ORG, BY_NUMBER),
    "identify-by-address": consumers.identify(KEY, ORG, BY_ADDRESS),
    "identified": consumers.identified(KEY, FOUND),
    "identified-nobody": consumers.identified(KEY, ()),
    "ask-consumer": consumers.ask_consumer(KEY, ORG, CONSUMER),
    "consumer-asked": consumers.consumer_asked(KEY, Acceptance.NONE),
    "add": invoices.add(INVOICE),
    "add-with-link": invoices.add(LINKED),
    "added": invoices.added(KEY, CONSIGNMENT),
    "invoice-status": invoices.invoice_question(
        Operation.INVOICE_STATUS, KEY, ORG, CONSIGNMENT, "1001"
    ),
    "invoice-status-told": invoices.invoice_status(KEY, STATUS),
    "cancel": invoices.invoice_question(Operation.CANCEL, KEY, ORG, CONSIGNMENT, "1001"),
    "cancelled": invoices.cancelled(KEY, CONSIGNMENT),
    "consignment-status": invoices.consignment_question(KEY, CONSIGNMENT),
    "consignment-status-told": invoices.consignment_status(KEY, HELD),
    "create-issuer": issuers.create_issuer(KEY, ISSUER),
    "get-issuer": issuers.issuer_question(Operation.GET_ISSUER, KEY, ORG),
    "delete-issuer": issuers.issuer_question(Operation.DELETE_ISSUER, KEY, ORG),
    "issuer-told": issuers.issuer_status(Operation.GET_ISSUER, KEY, STANDS),
    "add-rule": issuers.add_rule(KEY, ISSUER),
    "rule-added": issuers.rule_added(KEY),
    "fault": soap.write_fault(NO),
}


def read(name: str) -> Part:
    body = soap.read(CALLS[name])
    assert isinstance(body, Part)
    return body


@pytest.mark.parametrize("name", CALLS)
def test_a_call_has_these_bytes(name: str, pytestconfig: pytest.Config) -> None:
    golden = GOLDEN / f"{name}.xml"
    if pytestconfig.getoption("--update-golden", default=False):
        golden.write_bytes(CALLS[name])
    assert CALLS[name] == golden.read_bytes()


def test_there_is_no_other_file() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(CALLS)


@pytest.mark.parametrize("name", [name for name in CALLS if name != "fault"])
def test_every_message_names_itself(name: str) -> None:
    assert message_of(read(name)) == KEY


def test_what_was_written_is_read() -> None:
    assert consumers.search(read("identify-by-number")) == BY_NUMBER
    assert consumers.search(read("identify-by-address")) == BY_ADDRESS
    assert consumers.consumers(read("identified")) == FOUND
    assert consumers.consumers(read("identified-nobody")) == ()
    assert consumers.read_consumer_asked(read("consumer-asked")) is Acceptance.NONE
    assert invoices.invoice(read("add")) == INVOICE
    assert invoices.invoice(read("add-with-link")) == LINKED
    assert invoices.consignment_of(read("added")) == CONSIGNMENT
    assert invoices.read_invoice_status(read("invoice-status-told")) == STATUS
    assert invoices.read_consignment_status(read("consignment-status-told")) == HELD
    assert issuers.issuer(read("create-issuer")) == CREATED
    assert issuers.read_issuer_status(read("issuer-told")) == STANDS
    assert soap.read(CALLS["fault"]) == NO
