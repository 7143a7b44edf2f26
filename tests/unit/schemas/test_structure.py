from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lxml import etree

import schemas
from schemas.structure import ROOT_TAGS, Attribute, of, vocabulary
from schemas.ubl.structure import DATATYPES, NAMESPACES, ROOTS, children, schema, type_at
from schemas.xsd import ANY, texts

TABLES = ["ubl/structure", "svefaktura/structure", "reporting/tsr", "reporting/eusr"]


@pytest.mark.parametrize("table", TABLES)
def test_every_element_has_a_type_and_every_type_is_used(table: str) -> None:
    facts = json.loads((Path(schemas.__file__).parent / f"{table}.json").read_text("utf-8"))
    rows = {row for rows in facts["types"].values() for row in rows}
    assert rows == facts["elements"].keys()
    own = {
        fact.split()[1] for rows in facts["types"].values() for fact in rows.values() if " " in fact
    }
    assert facts["types"].keys().isdisjoint(facts["datatypes"])
    kinds = facts["types"].keys() | facts["datatypes"].keys()
    assert {*facts["elements"].values(), *own, *facts["roots"]} - {ANY} == kinds
    bases = {fact["base"] for fact in facts["datatypes"].values()}
    assert facts.get("codes", {}).keys() <= bases


def test_every_root_is_known_before_its_table_is_loaded() -> None:
    tags = {f"{{{uri}}}{name}" for t in TABLES for name, uri in vocabulary(t).roots.items()}
    assert set(ROOT_TAGS) == tags


@pytest.mark.parametrize("tag", ROOT_TAGS)
def test_each_document_has_its_vocabulary(tag: str) -> None:
    root = etree.Element(tag)
    found = of(root)
    assert found is not None
    assert found.roots[etree.QName(tag).localname] == etree.QName(tag).namespace
    assert of(etree.Element(tag.partition("}")[2])) is None


def test_a_table_is_loaded_once_and_only_when_asked_for() -> None:
    assert vocabulary("svefaktura/structure") is vocabulary("svefaktura/structure")
    program = "import schemas.structure as s; assert not s.vocabulary.cache_info().currsize"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_table_has_the_known_size() -> None:
    extensions = {"UBLExtensions", "UBLExtension"}
    reached = types_below("Invoice") | types_below("CreditNote")
    assert len(reached - extensions) == 110
    assert sum(len(children(name)) for name in reached - extensions) == 1273
    assert len(DATATYPES) == 11


def types_below(root: str) -> set[str]:
    found, todo = {root}, [root]
    while todo:
        new = {c.type for c in children(todo.pop()) if children(c.type)} - found
        found |= new
        todo += new
    return found


def test_children_stand_in_their_order() -> None:
    party = [child.name for child in children("Party")]
    assert party.index("EndpointID") < party.index("PartyIdentification")
    assert party.index("PostalAddress") < party.index("PartyTaxScheme") < party.index("Contact")
    assert children("Amount") == children("nothing") == ()


def test_a_child_says_how_often_and_what() -> None:
    line = {child.name: child for child in children("InvoiceLine")}
    assert (line["ID"].least, line["ID"].most, line["ID"].type) == (1, 1, "Identifier")
    assert (line["Note"].least, line["Note"].most, line["Note"].type) == (0, None, "Text")
    assert line["Item"].tag == f"{{{NAMESPACES['cac']}}}Item"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Invoice", "Invoice"),
        ("Invoice/AccountingSupplierParty/Party/PostalAddress", "Address"),
        ("CreditNote/CreditNoteLine/CreditedQuantity", "Quantity"),
        ("Invoice/CreditNoteLine", None),
        ("Order", None),
    ],
)
def test_type_at_a_path(path: str, expected: str | None) -> None:
    assert type_at(path) == expected


def test_datatypes() -> None:
    assert DATATYPES["Amount"].base == "decimal"
    assert DATATYPES["Amount"].required == {"currencyID"}
    assert DATATYPES["BinaryObject"].required == {"mimeCode"}
    assert DATATYPES["Measure"].required == {"unitCode"}
    assert DATATYPES["Date"].attributes == {}


def test_the_same_name_may_have_another_type_elsewhere() -> None:
    svefaktura = vocabulary("svefaktura/structure")
    line = "Invoice/InvoiceLine"
    assert svefaktura.type_at("Invoice/Delivery") == "Delivery"
    assert svefaktura.type_at(f"{line}/Delivery") == "InvoiceLineDelivery"
    assert svefaktura.type_at(f"{line}/ID") == "SimpleIdentifier"
    assert svefaktura.type_at("Invoice/TaxTotal/TaxSubTotal/TaxCategory/ID") == "Identifier"
    assert svefaktura.type_at("Invoice/AllowanceCharge") == "AllowanceCharge"
    assert svefaktura.type_at(f"{line}/AllowanceCharge") == "InvoiceLineAllowanceCharge"
    rows = {child.name: child for child in svefaktura.children("InvoiceLine")}
    assert [name for name, child in rows.items() if child.local] == ["ID", "Delivery"]


def test_attributes_of_either_kind_of_type() -> None:
    amount = vocabulary("svefaktura/structure").attributes("Amount")
    assert amount["amountCurrencyID"] == Attribute("CurrencyCode", required=True, fixed=None)
    assert amount["amountCurrencyCodeListVersionID"].fixed == "0.3"
    assert "SEK" in vocabulary("svefaktura/structure").codes["CurrencyCode"]
    tsr = vocabulary("reporting/tsr")
    assert tsr.attributes("Subtotal") == {"type": Attribute("token", required=True, fixed=None)}
    assert tsr.attributes("Header") == {}


@pytest.mark.parametrize("root", sorted(ROOTS))
def test_every_root_has_a_schema_of_what_it_reaches(root: str) -> None:
    assert schema(root) is schema(root)
    documents = texts(vocabulary("ubl/structure"), root)
    assert documents.keys() == {root, "udt", *NAMESPACES}
    assert documents["cac"].count("<xs:sequence") == len(
        types_below(root) - {root, "UBLExtensions", "UBLExtension"}
    )


def test_an_unknown_root_has_no_schema() -> None:
    with pytest.raises(KeyError):
        schema("Order")


def test_each_thread_has_its_own_error_log() -> None:
    with ThreadPoolExecutor(2) as pool:
        others = [pool.submit(schema, "Invoice").result() for _ in range(2)]
    assert all(isinstance(other, etree.XMLSchema) for other in others)
    assert schema("Invoice") not in others
