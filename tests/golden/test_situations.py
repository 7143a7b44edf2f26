"""Invoices of real life, from JSON to UBL, PDF and HTML, as it stood when somebody last looked.

After a change that is meant: `pytest tests/golden --update-golden`, and read the difference.
"""

from __future__ import annotations

import io
import re
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from lxml import etree, html
from pypdf import PdfReader

from gateway.delivery.preview import Ready, preview
from gateway.intake.submission import JSON, Submission, read
from schemas import figures
from schemas.invoice import Invoice
from schemas.ubl.read import read as read_ubl
from schemas.ubl.structure import schema
from schemas.ubl.write import write
from transports.base import File

SITUATIONS = Path(__file__).parents[2] / "examples" / "situations"
GOLDEN = Path(__file__).parent / "situations"
AT = date(2026, 11, 21)
NAMES = sorted(path.stem for path in SITUATIONS.glob("*.json"))
TOLD = (SITUATIONS / "README.md").read_text("utf-8")


@cache
def seen(name: str) -> Ready:
    original = File("document.json", JSON, (SITUATIONS / f"{name}.json").read_bytes())
    submission = read(original)
    assert isinstance(submission, Submission)
    outcome = preview(original, (), submission.delivery, configured=["email", "letter"], at=AT)
    assert isinstance(outcome, Ready), outcome.findings
    return outcome


def golden(file: str, content: str, config: pytest.Config) -> None:
    path = GOLDEN / file
    if config.getoption("--update-golden", default=False):
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, "utf-8")
    assert content == path.read_text("utf-8")


def test_every_situation_is_told_of_and_kept() -> None:
    assert re.findall(r"^\| `([\w-]+)\.json` \|", TOLD, re.MULTILINE) == NAMES
    kept = {f"{name}{ending}" for name in NAMES for ending in (".xml", ".txt", ".html")}
    assert {path.name for path in GOLDEN.iterdir()} == kept


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_found_wrong(name: str) -> None:
    assert seen(name).prepared.findings == ()


@pytest.mark.parametrize("name", NAMES)
def test_it_becomes_this_ubl(name: str, pytestconfig: pytest.Config) -> None:
    root = etree.fromstring(seen(name).prepared.document)
    assert schema(etree.QName(root).localname).validate(root)
    assert read_ubl(root) == seen(name).prepared.invoice
    assert write(read_ubl(root)) == seen(name).prepared.document
    etree.indent(root)
    golden(f"{name}.xml", etree.tostring(root, encoding="unicode") + "\n", pytestconfig)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_read_as_this_on_paper(name: str, pytestconfig: pytest.Config) -> None:
    pages = PdfReader(io.BytesIO(seen(name).pdf())).pages
    text = "\n".join(page.extract_text() for page in pages)
    shows(text, seen(name))
    golden(f"{name}.txt", text.rstrip() + "\n", pytestconfig)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_read_as_this_on_a_screen(name: str, pytestconfig: pytest.Config) -> None:
    page = seen(name).html()
    root = html.document_fromstring(page)
    assert not root.xpath(
        "//script | //link | //img | //@src | //@href | //@*[starts-with(., 'on')]"
    )
    shows(root.body.text_content(), seen(name))
    body = re.sub(r"<style>.*?</style>\n", "", page, flags=re.DOTALL)
    golden(f"{name}.html", body, pytestconfig)


def shows(text: str, ready: Ready) -> None:
    """Whoever reads it finds number, parties, every line and what is due."""
    invoice, language = ready.prepared.invoice, ready.prepared.summary.language
    found = plain(text)
    assert invoice.totals is not None and invoice.totals.due is not None
    wanted = [
        invoice.number,
        invoice.seller.name,
        invoice.buyer.name,
        figures.money(invoice.totals.due, invoice.currency, language),
        *(line.item.name for line in invoice.lines),
        *(figures.amount(line.net_amount, language) for line in invoice.lines if line.net_amount),
        *accounts(invoice),
    ]
    for each in wanted:
        assert plain(each) in found, each


def accounts(invoice: Invoice) -> list[str]:
    paid = [transfer.account for each in invoice.payments for transfer in each.credit_transfers]
    return [*paid, *(each.reference for each in invoice.payments if each.reference)]


def plain(text: str) -> str:
    """Without white space, for lines break anywhere, and without the hyphen of a giro number."""
    return re.sub(r"[\s-]", "", text)
