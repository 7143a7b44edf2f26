from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lxml import etree

import schemas.ubl.structure as structure
from schemas.ubl.structure import (
    ANY,
    DATATYPES,
    NAMESPACES,
    ROOTS,
    children,
    schema,
    type_at,
    xsd,
)

FACTS = json.loads(Path(structure.__file__).with_name("structure.json").read_text("utf-8"))


def test_every_element_has_a_type_and_every_type_is_used() -> None:
    rows = {row for table in FACTS["types"].values() for row in table}
    assert rows == FACTS["elements"].keys()
    kinds = FACTS["types"].keys() | DATATYPES.keys() | {ANY}
    assert set(FACTS["elements"].values()) | ROOTS.keys() == kinds


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


@pytest.mark.parametrize("root", sorted(ROOTS))
def test_every_root_has_a_schema_of_what_it_reaches(root: str) -> None:
    assert schema(root) is schema(root)
    texts = xsd(root)
    assert texts.keys() == {root, "udt", *NAMESPACES}
    assert texts["cac"].count("<xs:sequence") == len(
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
