"""The document as the distributor takes it, against SFTI's own shape."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from schemas.marks import mark
from schemas.ubl.read import read
from schemas.ubl.structure import NAMESPACES
from transports.bank_se.identifiers import Fmi
from transports.bank_se.marking import Unreadable, marked
from validators.pipeline import validate
from validators.profiles import PEPPOL_BILLING_PRINT

FMI = Fmi.parse("196505030004.NB.SE")
NAMES = f'xmlns:cac="{NAMESPACES["cac"]}" xmlns:cbc="{NAMESPACES["cbc"]}"'


EXAMPLES = Path(__file__).parents[4] / "examples"


@pytest.fixture
def example() -> bytes:
    return (EXAMPLES / "no-b2b-invoice.xml").read_bytes()


def invoice(above: str = "", buyer: str = "", kind: str = "Invoice") -> bytes:
    return (
        f'<{kind} xmlns="urn:oasis:names:specification:ubl:schema:xsd:{kind}-2" {NAMES}>'
        f"<cbc:ID>1</cbc:ID>{above}<cac:AccountingSupplierParty><cac:Party>"
        '<cbc:EndpointID schemeID="0007">5560169095</cbc:EndpointID></cac:Party>'
        f"</cac:AccountingSupplierParty><cac:AccountingCustomerParty><cac:Party>{buyer}"
        "<cac:PartyName><cbc:Name>A</cbc:Name></cac:PartyName></cac:Party>"
        f"</cac:AccountingCustomerParty></{kind}>"
    ).encode()


def reference(number: str, description: str) -> str:
    return (
        f"<cac:AdditionalDocumentReference><cbc:ID>{number}</cbc:ID><cbc:DocumentDescription>"
        f"{description}</cbc:DocumentDescription></cac:AdditionalDocumentReference>"
    )


def tell(document: bytes, path: str) -> list[str | None]:
    return [each.text for each in etree.fromstring(document).findall(path, NAMESPACES)]


REFERENCES = "cac:AdditionalDocumentReference/cbc:ID"
DESCRIPTIONS = "cac:AdditionalDocumentReference/cbc:DocumentDescription"
BUYER = "cac:AccountingCustomerParty/cac:Party/"


def test_it_has_the_mark_and_the_fmi_and_no_address() -> None:
    made = marked(invoice(buyer='<cbc:EndpointID schemeID="0007">1</cbc:EndpointID>'), FMI)
    assert tell(made, ".//cbc:EndpointID") == []
    assert tell(made, REFERENCES) == ["P01"]
    assert tell(made, BUYER + "cac:PartyIdentification/cbc:ID") == [str(FMI)]
    root = etree.fromstring(made)
    (identifier,) = root.findall(BUYER + "cac:PartyIdentification/cbc:ID", NAMESPACES)
    assert identifier.attrib == {}, "without a scheme"
    party = root.find(BUYER.rstrip("/"), NAMESPACES)
    assert party is not None
    assert [etree.QName(each).localname for each in party] == ["PartyIdentification", "PartyName"]


@pytest.mark.parametrize("kind", ["Invoice", "CreditNote"])
def test_a_reference_stands_where_ubl_wants_it(kind: str) -> None:
    contract = "<cac:ContractDocumentReference><cbc:ID>C</cbc:ID></cac:ContractDocumentReference>"
    made = marked(invoice(contract + reference("A", "B"), kind=kind), FMI)
    names = [etree.QName(each).localname for each in etree.fromstring(made)]
    assert names == [
        "ID",
        "ContractDocumentReference",
        "AdditionalDocumentReference",
        "AdditionalDocumentReference",
        "AccountingSupplierParty",
        "AccountingCustomerParty",
    ]
    assert tell(made, REFERENCES) == ["A", "P01"]


def test_a_customer_number_is_not_lost() -> None:
    number = "<cac:PartyIdentification><cbc:ID>K-7</cbc:ID></cac:PartyIdentification>"
    made = marked(invoice(buyer=number), FMI)
    assert tell(made, REFERENCES) == ["P01", "K-7"]
    assert tell(made, DESCRIPTIONS)[1] == "IT Säljarens kundnummer"


def test_another_fmi_gives_way() -> None:
    other = (
        "<cac:PartyIdentification><cbc:ID>196505030004.FSPA.SE</cbc:ID></cac:PartyIdentification>"
    )
    made = marked(invoice(buyer=other), FMI)
    assert b"FSPA" not in made
    assert tell(made, REFERENCES) == ["P01"]


@pytest.mark.parametrize(
    "marks",
    ["", reference("101", "AQY print"), reference("P01", "AQY a") + reference("P01", "AQY")],
)
def test_there_is_one_mark(marks: str) -> None:
    made = marked(invoice(marks + reference("9", "Order")), FMI)
    assert sorted(filter(None, tell(made, REFERENCES))) == ["9", "P01"]


def test_what_is_marked_already_stays_as_it_is() -> None:
    once = marked(invoice(reference("P01", "AQY fil")), FMI)
    assert tell(once, DESCRIPTIONS) == ["AQY fil"]
    assert marked(once, FMI) == once


def test_the_same_document_gives_the_same_bytes() -> None:
    assert marked(invoice(), FMI) == marked(invoice(), FMI)
    assert marked(invoice(), FMI).startswith(b"<?xml version='1.0' encoding='UTF-8'?>\n<Invoice ")


def test_nothing_else_changes(example: bytes) -> None:
    before, after = etree.fromstring(example), etree.fromstring(marked(example, FMI))

    def rest(root: etree._Element) -> list[tuple[str, str, list[tuple[str, str]]]]:
        return [
            (each.tag, (each.text or "").strip(), sorted(each.attrib.items()))
            for each in root.iter("*")
        ]

    left, right = rest(before), rest(after)
    lost = [each for each in left if each not in right]
    assert {etree.QName(tag).localname for tag, _, _ in lost} == {"EndpointID"}
    assert len(right) == len(left) - 2 + 3 + 2, "two addresses; the mark, the identifier"


def test_what_goes_out_is_right_for_people(example: bytes) -> None:
    made = marked(example, FMI)
    report = validate(made, at=date(2026, 11, 22), profile=PEPPOL_BILLING_PRINT)
    assert [each for each in report.findings if each.severity == "fatal"] == []
    told = mark(read(etree.fromstring(made)))
    assert told is not None
    assert told.channel == "bank_se"


@pytest.mark.parametrize("document", [b"", b"<Invoice", b"<Order/>", b"%PDF"])
def test_what_is_no_invoice(document: bytes) -> None:
    with pytest.raises(Unreadable):
        marked(document, FMI)
