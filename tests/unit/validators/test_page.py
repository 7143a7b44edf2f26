"""The report as a page: all is there, nothing of a document gets out of its place."""

from __future__ import annotations

import re
from datetime import date

import pytest
from lxml import etree, html

from validators import page
from validators.examples.edits import edited, source
from validators.messages import LANGUAGES
from validators.pipeline import validate

DAY = date(2026, 11, 21)


def whole(*documents: bytes, language: str = "en", file: str = "invoice.xml") -> str:
    parts = [page.head(language)]
    for number, data in enumerate(documents, 1):
        report = validate(data, at=DAY, language=language)
        parts.append(page.section(file, report, data, number=number, language=language))
    return "".join([*parts, page.FOOT])


def broken(edits: str) -> bytes:
    root = edited(edits)
    etree.indent(root)
    return etree.tostring(root)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_finding_leads_to_its_line(language: str) -> None:
    data = broken("LegalMonetaryTotal/TaxInclusiveAmount = 1331.26; - BuyerReference")
    tree = html.fromstring(whole(data, language=language))
    assert tree.get("lang") == language
    links = tree.xpath("//ol//a/@href")
    assert len(links) == 3  # BR-CO-15, BR-CO-16, R003
    lines = data.decode().splitlines()
    for link in links:
        (row,) = tree.xpath(f"//*[@id='{link[1:]}']")
        number, text = row.xpath("string(span)"), row.xpath("string(code)")
        assert lines[int(number) - 1].strip() == text.strip()
        assert "note" in row.getnext().get("class")
    assert "1331.26" in tree.text_content() and "BT-112" in tree.text_content()


def test_there_is_one_heading_for_the_page_and_one_for_each_document() -> None:
    tree = html.fromstring(whole(source(), broken("- BuyerReference")))
    assert len(tree.xpath("//main")) == len(tree.xpath("//h1")) == 1
    assert len(tree.xpath("//section[@aria-labelledby=h2/@id]")) == 2
    ids = tree.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert "nothing to find fault with" in tree.text_content()


@pytest.mark.parametrize(
    "attack", ["<script>alert(1)</script>", '"><img src=x onerror=y>', "&lt;b>"]
)
def test_nothing_of_a_document_becomes_markup(attack: str) -> None:
    root = edited("")
    root[2].text = attack
    root[0].text = attack
    tree = html.fromstring(whole(etree.tostring(root), attack.encode(), file=attack))
    assert tree.xpath("//script | //img | //b") == []
    assert attack in tree.text_content()


def test_the_page_needs_nothing_from_outside() -> None:
    text = whole(source())
    head = text[: text.index("<main>")]
    assert not re.search(r"src=|@import|url\(|<link|<script|https?:", head)
    assert "default-src 'none'" in head


def test_of_a_long_document_only_what_is_around_findings_is_shown() -> None:
    data = broken("InvoiceLine[2]/ID =").replace(
        b"<cac:InvoiceLine>", b"\n" * 3000 + b"<cac:InvoiceLine>"
    )
    text = whole(data)
    assert text.count("<pre") < 40
    assert "lines that are not shown" in text
    bare = html.fromstring(whole(b"\n" * 5000))
    assert len(bare.xpath("//pre")) < 10


def test_what_is_not_near_a_finding_is_folded() -> None:
    data = broken("BuyerReference =")
    tree = html.fromstring(whole(data))
    rows = [row.text for row in tree.xpath("//pre/span")]
    assert rows == [str(number) for number in range(1, len(data.splitlines()) + 1)]
    open_rows = tree.xpath("//pre[not(ancestor::details)]")
    assert len(open_rows) == 2 * page.AROUND + 1
    folded = [len(part.xpath("pre")) for part in tree.xpath("//details")]
    assert tree.xpath("//summary/text()") == [f"{count} lines" for count in folded]
    assert all(part.get("open") is None for part in tree.xpath("//details"))


def test_what_two_rules_say_in_the_same_words_is_told_once() -> None:
    data = source().replace(b'SEK">266.25', b'SEK">200.00')
    text = whole(data)
    assert text.count("error BR-CO-17, BR-S-09") == 2  # in the list, and at the line


def test_of_a_rule_without_end_some_are_told() -> None:
    data = broken("; ".join(["copy InvoiceLine[1]"] * 80) + "; - InvoiceLine/Item/Name")
    text = whole(data)
    assert text.count("BR-25") == 2 * page.MOST_ALIKE
    assert "+ 32 findings" in text


def test_other_encodings_and_no_text_at_all_are_shown() -> None:
    assert "Umeå" in whole(source().decode().replace("UTF-8", "UTF-16").encode("utf-16"))
    assert "GUARD-" in whole(b"\xff\x00\x80")
