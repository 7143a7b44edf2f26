"""The document as rules see it: records, which checks look at which path, what is asked anew."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from validators.document import MOST_HITS, Document, Leaf, Node, bind, normalized
from validators.paths import Checks
from validators.places import Places

DAY = date(2026, 1, 1)
NAMESPACES = """xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
  xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
  xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
  xmlns:ext="urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2"
  """
XML = f"""<Invoice {NAMESPACES}>
 <ext:UBLExtensions><cbc:Odd><cbc:Inner>x</cbc:Inner></cbc:Odd></ext:UBLExtensions>
 <cbc:ID> 1 </cbc:ID>
 <cbc:Note>a</cbc:Note>
 <cbc:Note>\xa0</cbc:Note>
 <cac:Delivery/>
 <cac:InvoiceLine><cbc:ID>1</cbc:ID><cac:Item><cbc:Name>one</cbc:Name></cac:Item></cac:InvoiceLine>
 <cac:InvoiceLine><cbc:ID>
 </cbc:ID><cac:Item><cbc:Name>two</cbc:Name></cac:Item></cac:InvoiceLine>
</Invoice>"""
LINES = frozenset({"InvoiceLine"})

Check = Callable[..., None]


def checks(patterns: dict[str, tuple[Check, ...]] | None = None, *gathered: str) -> Checks:
    return Checks(patterns or {}, frozenset(gathered))


def in_parts(patterns: dict[str, tuple[Check, ...]], *gathered: str, column: str = "") -> Checks:
    return Checks(patterns, frozenset(gathered), lines=LINES, column=column)


def bound(rules: Checks | None = None, xml: str = XML) -> Document:
    return bind(etree.fromstring(xml), rules or checks(), DAY)


def asked(rules: Checks, xml: str) -> Document:
    document = bound(rules, xml)
    document.check()
    return document


def places(document: Document) -> list[str]:
    return [Places().path(element) for element in document.elements()]


def small(head: str, *lines: str) -> str:
    each = "".join(f"<cac:InvoiceLine>{line}</cac:InvoiceLine>" for line in lines)
    return f"<Invoice {NAMESPACES}>{head}{each}</Invoice>"


def test_records() -> None:
    document = bound()
    root = document.root
    assert root.text("ID") == " 1 "
    assert root.value("ID") == "1"
    assert root.value("UUID") == ""
    assert [leaf.text for leaf in root.every_leaf("Note")] == ["a", "\xa0"]
    assert [line.value("ID") for line in root.every("InvoiceLine")] == ["1", ""]
    names = root.leaves_at("InvoiceLine", "Item", "Name")
    assert [leaf.text for leaf in names] == ["one", "two"]
    assert root.has("InvoiceLine")
    assert not root.has("CreditNoteLine")


@pytest.mark.parametrize("lines", [frozenset(), LINES])
def test_empty_elements_are_those_without_content(lines: frozenset[str]) -> None:
    def empty(found: Sequence[Leaf], document: Document) -> None:
        for leaf in found:
            if not leaf.said:
                document.found("EMPTY", leaf)

    rules = Checks({}, childless=(empty,), lines=lines)
    for _ in range(2):
        document = asked(rules, XML)
        assert places(document) == ["Invoice/Delivery", "Invoice/InvoiceLine[2]/ID"]
        document.release()


def test_a_return_is_white_space_too() -> None:
    document = bound(xml=small("<cbc:ID>&#13;</cbc:ID><cbc:Note>a&#13;\xa0</cbc:Note>"))
    assert not document.root.says("ID")
    assert document.root.text("Note") == "a\r\xa0"


@pytest.mark.parametrize("lines", [frozenset(), LINES])
def test_a_check_looks_at_the_end_of_a_path_or_at_all_of_it(lines: frozenset[str]) -> None:
    def seen(found: Sequence[tuple[Leaf, Node]], document: Document) -> None:
        for leaf, _ in found:
            document.found("SEEN", leaf)

    def items(found: Sequence[Node], document: Document) -> None:
        for node in found:
            document.found("SEEN", node)

    patterns = {
        "InvoiceLine/ID": (seen,),
        "/Invoice/ID": (seen,),
        "Item": (items,),
        "/Item": (items,),
        "*ote": (seen,),
    }
    assert places(asked(Checks(patterns, lines=lines), XML)) == [
        "Invoice/ID",
        "Invoice/Note[1]",
        "Invoice/Note[2]",
        "Invoice/InvoiceLine[1]/ID",
        "Invoice/InvoiceLine[1]/Item",
        "Invoice/InvoiceLine[2]/ID",
        "Invoice/InvoiceLine[2]/Item",
    ]


def test_gathered_elements_are_listed_wherever_they_stand() -> None:
    document = bound(checks({}, "ID", "Item"))
    assert len(document.every("ID")) == 3
    assert [node.value("Name") for node in document.every("Item")] == ["one", "two"]
    assert list(document.every("Country")) == []


def test_a_question_is_answered_once() -> None:
    document, heard = bound(), []

    def question(document: Document) -> int:
        heard.append(document)
        return len(heard)

    assert [document.once(question), document.once(question)] == [1, 1]


def test_paths_and_forms_do_not_pile_up_from_document_to_document() -> None:
    rules = checks()
    for number in range(150):
        names = "".join(f"<a{number}-{each}/>" for each in range(1000))
        bind(etree.fromstring(f"<r>{names}</r>"), rules, DAY).release()
    assert len(rules.root("r").steps) <= 21_000
    gc.collect()
    nodes = sum(isinstance(each, Node) and each.path.names[0] == "r" for each in gc.get_objects())
    assert nodes < 120_000


@pytest.mark.parametrize(
    ("text", "same"), [(" a  b\n", "a b"), ("\xa0a ", "\xa0a"), ("", ""), ("a\tb", "a b")]
)
def test_white_space_is_what_xml_says(text: str, same: str) -> None:
    assert normalized(text) == same


def test_a_line_number_beyond_65535() -> None:
    def here(found: Sequence[Node], document: Document) -> None:
        document.found("HERE", found[0])

    xml = XML.replace(" <cac:Delivery/>", "\n" * 70_000 + " <cac:Delivery/>")
    [element] = asked(checks({"Delivery": (here,)}), xml).elements()
    assert Places.line(element) == 70_011  # of what follows: it has no content of its own


@pytest.mark.parametrize(
    ("text", "fine"), [("1", 0), ("1.50", 0), ("1.500", 1), ("1.5 ", 0), ("1.50 ", 1), ("1.", 0)]
)
def test_decimals_are_characters(text: str, fine: bool) -> None:
    tag = "cbc:PayableAmount"
    document = bound(xml=small(f"<{tag}>1.25</{tag}><{tag}>{text}</{tag}><cbc:ID>1.234</cbc:ID>"))
    assert [leaf.fine for leaf in document.root.every_leaf("PayableAmount")] == [False, fine]


# --- what is asked anew, and what not ------------------------------------------------------------


def currency(found: Sequence[tuple[Leaf, Node]], document: Document) -> None:
    for leaf, _ in found:
        if leaf.text != "SEK":
            document.found("CURRENCY", leaf, stated=leaf.text)


def number(found: Sequence[tuple[Leaf, Node]], document: Document) -> None:
    for leaf, _ in found:
        if leaf.text != "1":
            document.found("NUMBER", leaf, stated=leaf.text)


def rules_heard(check: Check, pattern: str, **more: object) -> tuple[Checks, list[object]]:
    """Rules with one check, and a list that grows when it is asked."""
    heard: list[object] = []

    def hear(found: Sequence[object], document: Document) -> None:
        heard.append(found)
        check(found, document)

    return Checks({pattern: (hear,)}, lines=LINES, **more), heard  # type: ignore[arg-type]


def found(rules: Checks, xml: str) -> list[object]:
    document = asked(rules, xml)
    told = [hit.values.get("stated") for hit in document.hits]
    document.release()
    return told


def test_a_check_that_looks_at_codes_is_asked_once_for_each() -> None:
    rules, heard = rules_heard(currency, "DocumentCurrencyCode")
    texts = ["SEK", "EUR", "SEK", "EUR", "NOK"]
    each = [small(f"<cbc:DocumentCurrencyCode>{text}</cbc:DocumentCurrencyCode>") for text in texts]
    assert [found(rules, xml) for xml in each] == [[], ["EUR"], [], ["EUR"], ["NOK"]]
    assert len(heard) == 3


def test_a_check_that_looks_at_a_value_is_asked_every_time() -> None:
    rules, heard = rules_heard(number, "/Invoice/ID")
    each = [small(f"<cbc:ID>{text}</cbc:ID>") for text in ("1", "2", "1", "a &lt; b &amp; c")]
    assert [found(rules, xml) for xml in each] == [[], ["2"], [], ["a < b & c"]]
    assert len(heard) == 4


def test_an_attribute_belongs_to_the_form() -> None:
    def scheme(found: Sequence[tuple[Leaf, Node]], document: Document) -> None:
        document.found("SCHEME", found[0][0], stated=found[0][0].get("schemeID"))

    rules, heard = rules_heard(scheme, "/Invoice/ID")
    each = [small(f'<cbc:ID schemeID="{text}">1</cbc:ID>') for text in ("a", "b&quot;", "a")]
    assert [found(rules, xml) for xml in each] == [["a"], ['b"'], ["a"]]
    assert len(heard) == 2


def test_the_name_of_a_file_does_not() -> None:
    def name(found: Sequence[tuple[Leaf, Node]], document: Document) -> None:
        for leaf, _ in found:
            document.found("NAME", leaf, stated=(leaf.get("filename"), leaf.text))

    rules, heard = rules_heard(name, "EmbeddedDocumentBinaryObject")
    tag = "cbc:EmbeddedDocumentBinaryObject"
    for one, other in (("a &amp; b", "x"), ("c", " filename="), ("", "&quot;")):
        xml = small(
            f'<cbc:Note> filename="{one}"</cbc:Note>'
            f'<{tag} filename="{one}"> filename="{other}"</{tag}>'
            f'<{tag} mimeCode="m" filename="{other}">y</{tag}><{tag} filename="{one}{other}"/>'
        )
        files = etree.fromstring(xml).iter("{*}EmbeddedDocumentBinaryObject")
        assert found(rules, xml) == [(file.get("filename"), file.text) for file in files]
    assert len(heard) == 3
    assert len(rules.forms._forms) == 1


def test_lines_of_a_form_are_looked_at_one_by_one() -> None:
    rules, heard = rules_heard(number, "InvoiceLine/ID")
    xml = small("", *(f"<cbc:ID>{n}</cbc:ID>" for n in (1, 2, 1, 3)))
    for _ in range(2):
        document = asked(rules, xml)
        assert places(document) == ["Invoice/InvoiceLine[2]/ID", "Invoice/InvoiceLine[4]/ID"]
        document.release()
    assert len(heard) == 8


def test_what_a_line_asks_about_the_document_is_asked_of_each_document() -> None:
    def told(document: Document) -> str:
        return document.root.text("ID")

    def unlike(found: Sequence[tuple[Leaf, Node]], document: Document) -> None:
        document.found("TOLD", found[0][0], stated=document.once(told))

    rules, heard = rules_heard(unlike, "InvoiceLine/TaxTypeCode")
    line = "<cbc:TaxTypeCode>S</cbc:TaxTypeCode>"
    each = [small(f"<cbc:ID>{text}</cbc:ID>", line, line) for text in "aba"]
    assert [found(rules, xml) for xml in each] == [["a"] * 2, ["b"] * 2, ["a"] * 2]
    assert len(heard) == 2


def test_a_check_that_looks_at_a_value_only_sometimes_is_right_always() -> None:
    def sometimes(found: Sequence[Node], document: Document) -> None:
        [root] = found
        if root.text("DocumentCurrencyCode") == "EUR" and root.text("ID") != "1":
            document.found("SOMETIMES", root, stated=root.text("ID"))

    rules, _ = rules_heard(sometimes, "/Invoice")
    tag = "cbc:DocumentCurrencyCode"
    told = [("SEK", "2"), ("EUR", "1"), ("SEK", "1"), ("EUR", "2"), ("EUR", "3"), ("SEK", "3")]
    each = [small(f"<cbc:ID>{number}</cbc:ID><{tag}>{code}</{tag}>") for code, number in told]
    assert [found(rules, xml) for xml in each] == [[], [], [], ["2"], ["3"], []]


def test_lines_are_told_by_kind_with_the_column_of_each() -> None:
    def total(found: Sequence[Node], document: Document) -> None:
        for line, texts in document.lines():
            document.found("LINE", found[0], stated=(line.text("TaxTypeCode"), *texts))

    rules, _ = rules_heard(total, "/Invoice", column="ID")
    line = "<cbc:ID>{}</cbc:ID><cbc:TaxTypeCode>{}</cbc:TaxTypeCode>".format
    xml = small("", line(1, "S"), line(2, "E"), line(3, "S"), "<cbc:Note>none</cbc:Note>")
    for _ in range(2):
        assert found(rules, xml) == [("S", "1", "3"), ("E", "2"), ("", "")]


def test_a_rule_that_speaks_once_speaks_of_the_first() -> None:
    def once(found: Sequence[tuple[Leaf, Node]], document: Document) -> None:
        document.found("ONCE", found[0][0], once=True)

    line, head = "<cbc:Note>n</cbc:Note>", "<cbc:ID>1</cbc:ID>"
    rules, _ = rules_heard(once, "Note")
    for _ in range(2):
        assert places(asked(rules, small(head, head, line, line))) == [
            "Invoice/InvoiceLine[2]/Note"
        ]
        assert places(asked(rules, small(head + line, head, line, line))) == ["Invoice/Note"]


def test_so_many_findings_and_no_more_the_same_each_time() -> None:
    rules, _ = rules_heard(number, "InvoiceLine/ID")
    xml = small("<cbc:ID>1</cbc:ID>", *("<cbc:ID>2</cbc:ID>" for _ in range(MOST_HITS + 2)))
    for _ in range(2):
        document = asked(rules, xml)
        assert document.more_hits
        assert len(document.hits) == MOST_HITS
        document.release()


def test_nothing_but_form_and_codes_outlives_a_document() -> None:
    secret = f"Agneta {uuid4().hex}"
    xml = small(
        f"<cbc:ID>{secret}</cbc:ID><cbc:DocumentCurrencyCode>SEK</cbc:DocumentCurrencyCode>",
        f"<cbc:ID>{secret}</cbc:ID>",
    )
    rules = Checks({"ID": (number,), "DocumentCurrencyCode": (currency,)}, lines=LINES)
    asked(rules, xml).release()
    gc.collect()
    # Of exactly these types: what others may have made of them does what it likes when it is read.
    kept = [each for each in gc.get_objects() if type(each) in (list, tuple, dict)]
    values = [list(each.values()) if type(each) is dict else each for each in kept]
    texts = [each for one in values for each in one if type(each) is str]  # not mock.ANY: == all
    assert secret not in texts


def test_threads_do_not_see_each_others_values() -> None:
    rules, _ = rules_heard(number, "ID")

    def one(text: str) -> set[object]:
        return set(
            found(rules, small(f"<cbc:ID>{text}</cbc:ID>", *[f"<cbc:ID>{text}</cbc:ID>"] * 5))
        )

    texts = [str(n) for n in range(2, 300)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, texts)) == [{text} for text in texts]


# --- parts ---------------------------------------------------------------------------------------

TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], include_characters="\t\n\r<>&\"'"), max_size=8
)


@given(TEXTS, TEXTS, st.lists(TEXTS, max_size=3))
def test_texts_are_those_that_lxml_tells(text: str, attribute: str, lines: list[str]) -> None:
    root = etree.fromstring(small("<cbc:ID/>", *["<cbc:ID/>"] * len(lines)))
    for element, told in zip(root.iter("{*}ID"), (text, *lines), strict=True):
        element.text = told
        element.set("schemeID", attribute)
    seen: list[tuple[object, object]] = []

    def see(found: Sequence[tuple[Leaf, Node]], document: Document) -> None:
        seen.extend((leaf.text or "", leaf.get("schemeID")) for leaf, _ in found)

    document = bind(root, in_parts({"ID": (see,)}), DAY)
    document.check()
    assert seen == [*((told, attribute) for told in lines), (text, attribute)]


@pytest.mark.parametrize(
    "xml",
    [
        small("<cbc:ID>0</cbc:ID>", "<cbc:ID>1</cbc:ID>", "<cbc:ID>2</cbc:ID>"),
        small("<cbc:ID>0</cbc:ID>").replace(
            "</Invoice>",
            '<x:InvoiceLine xmlns:x="urn:oasis:names:specification:ubl:schema:xsd:'
            'CommonAggregateComponents-2"><cbc:ID>1</cbc:ID></x:InvoiceLine>'
            "<cac:InvoiceLine><cbc:ID>2</cbc:ID></cac:InvoiceLine></Invoice>",
        ),
        small(
            "<cbc:ID>0</cbc:ID><ext:UBLExtensions><cac:InvoiceLine><cbc:ID>1</cbc:ID>"
            "</cac:InvoiceLine></ext:UBLExtensions>",
            "<cbc:ID>2</cbc:ID>",
        ),
        small("<cbc:ID>0</cbc:ID>", "<cbc:ID>1</cbc:ID>", "<cbc:ID>2</cbc:ID>").replace(
            "<cac:InvoiceLine>",
            '\n <cac:InvoiceLine xmlns:y="urn:y" odd="&lt;/cac:InvoiceLine&gt;">',
        ),
        small("<cbc:ID>0</cbc:ID>", "<cbc:ID>1</cbc:ID>").replace(
            "</Invoice>", "<cac:Delivery><cbc:ID>2</cbc:ID></cac:Delivery></Invoice>"
        ),
        small("<cbc:ID>0</cbc:ID>", "<cac:InvoiceLine><cbc:ID>1</cbc:ID></cac:InvoiceLine>") + "\n",
        small("<cbc:ID>0</cbc:ID>", "<cbc:ID>1</cbc:ID>").replace(
            "</Invoice>", "<cac:InvoiceLine/></Invoice>"
        ),
    ],
)
def test_every_element_is_in_one_part_whatever_the_lines_look_like(xml: str) -> None:
    told: list[str | None] = []

    def see(found: Sequence[tuple[Leaf, Node]], document: Document) -> None:
        for leaf, _ in found:
            told.append(leaf.text)
            document.found("SEEN", leaf)

    document = asked(in_parts({"ID": (see,)}), xml)
    wanted = list(etree.fromstring(xml).iter("{*}ID"))
    assert sorted(map(str, told)) == [element.text for element in wanted]
    assert [element.text for element in document.elements()] == [each.text for each in wanted]
