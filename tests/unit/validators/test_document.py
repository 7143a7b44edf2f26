"""Binding: the records, and which checks look at which path."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest
from lxml import etree

from validators.document import Checks, Document, Leaf, Node, bind, normalized
from validators.places import Places

XML = b"""<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
  xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
  xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
  xmlns:ext="urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2">
 <ext:UBLExtensions><cbc:Odd><cbc:Inner>x</cbc:Inner></cbc:Odd></ext:UBLExtensions>
 <cbc:ID> 1 </cbc:ID>
 <cbc:Note>a</cbc:Note>
 <cbc:Note>\xc2\xa0</cbc:Note>
 <cac:Delivery/>
 <cac:InvoiceLine><cbc:ID>1</cbc:ID><cac:Item><cbc:Name>one</cbc:Name></cac:Item></cac:InvoiceLine>
 <cac:InvoiceLine><cbc:ID>
 </cbc:ID><cac:Item><cbc:Name>two</cbc:Name></cac:Item></cac:InvoiceLine>
</Invoice>"""


def bound(checks: Checks | None = None) -> Document:
    return bind(etree.fromstring(XML), checks or Checks({}, frozenset()), date(2026, 1, 1))


def test_records() -> None:
    root = bound().root
    assert root.text("ID") == " 1 "
    assert root.value("ID") == "1"
    assert root.value("UUID") == ""
    assert [leaf.text for leaf in root.every_leaf("Note")] == ["a", "\xa0"]
    assert [line.value("ID") for line in root.every("InvoiceLine")] == ["1", ""]
    names = root.leaves_at("InvoiceLine", "Item", "Name")
    assert [leaf.text for leaf in names] == ["one", "two"]
    assert root.has("InvoiceLine")
    assert not root.has("CreditNoteLine")


def test_empty_elements_are_those_without_content() -> None:
    empty = [Places().path(element) for element in bound().empty]
    assert empty == ["Invoice/Delivery", "Invoice/InvoiceLine[2]/ID"]


def test_a_check_looks_at_the_end_of_a_path_or_at_all_of_it() -> None:
    seen: list[str] = []

    def ids(found: Sequence[tuple[Leaf, Node]], document: Document) -> None:
        seen.extend(Places().path(leaf) for leaf, _ in found)

    def items(found: Sequence[Node], document: Document) -> None:
        seen.extend(Places().path(node.element) for node in found)

    patterns = {
        "InvoiceLine/ID": (ids,),
        "/Invoice/ID": (ids,),
        "Item": (items,),
        "/Item": (items,),
    }
    bound(Checks(patterns, frozenset())).check()
    assert seen == [
        "Invoice/ID",
        "Invoice/InvoiceLine[1]/ID",
        "Invoice/InvoiceLine[2]/ID",
        "Invoice/InvoiceLine[1]/Item",
        "Invoice/InvoiceLine[2]/Item",
    ]


def test_gathered_elements_are_listed_wherever_they_stand() -> None:
    document = bound(Checks({}, frozenset({"ID", "Item"})))
    assert len(document.every("ID")) == 3
    assert [node.value("Name") for node in document.every("Item")] == ["one", "two"]
    assert document.every("Country") == []


def test_a_question_is_answered_once() -> None:
    document, asked = bound(), []

    def question(document: Document) -> int:
        asked.append(document)
        return len(asked)

    assert [document.once(question), document.once(question)] == [1, 1]


def test_paths_do_not_pile_up_from_document_to_document() -> None:
    checks = Checks({}, frozenset())
    for number in range(30):
        names = "".join(f"<a{number}-{each}/>" for each in range(1000))
        bind(etree.fromstring(f"<r>{names}</r>"), checks, date(2026, 1, 1))
    assert len(checks.root("r").steps) <= 21_000


@pytest.mark.parametrize(
    ("text", "same"), [(" a  b\n", "a b"), ("\xa0a ", "\xa0a"), ("", ""), ("a\tb", "a b")]
)
def test_white_space_is_what_xml_says(text: str, same: str) -> None:
    assert normalized(text) == same


def test_a_line_number_beyond_65535() -> None:
    xml = XML.replace(b" <cac:Delivery/>", b"\n" * 70_000 + b" <cac:Delivery/>")
    element = bind(etree.fromstring(xml), Checks({}, frozenset()), date(2026, 1, 1)).empty[0]
    assert Places.line(element) == 70_010
