"""Whatever an invoice states is shown, on paper and on a screen."""

from __future__ import annotations

import dataclasses
import datetime
import io
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from lxml import html as parser
from pypdf import PdfReader

from gateway.pdf.html import html
from gateway.pdf.render import render
from gateway.pdf.words import LANGUAGES
from schemas import figures
from schemas.invoice import Identifier, Invoice
from tests.unit.schemas.test_read_write import everything

# Not for people: which network and rules a document follows, what its title says in a word, the
# register a number is of, the name of a file's format, and the means where an account says it.
TECHNICAL = {
    "BT-3",
    "BT-21",
    "BT-23",
    "BT-24",
    "BT-81",
    "BT-125-1",
    "scheme",
    "scheme version",
}


def on_paper(invoice: Invoice, language: str) -> str:
    pages = PdfReader(io.BytesIO(render(invoice, language))).pages
    return "".join(page.extract_text() for page in pages)


def on_a_screen(invoice: Invoice, language: str) -> str:
    return str(parser.document_fromstring(html(invoice, language)).body.text_content())


@pytest.mark.parametrize("type_code", ["380", "381"])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("shown", [on_paper, on_a_screen])
def test_every_term_is_shown(
    shown: Callable[[Invoice, str], str], language: str, type_code: str
) -> None:
    invoice = everything(type_code)
    text = plain(shown(invoice, language))
    missing = [
        f"{term} {path}: {value}"
        for path, term, value in leaves(invoice, "", "")
        if term not in TECHNICAL and not any(plain(f) in text for f in forms(value, language))
    ]
    if type_code == "381":  # what is given back is not due
        missing = [each for each in missing if not each.startswith("BT-9 ")]
    assert missing == []


def leaves(value: Any, path: str, term: str) -> Iterator[tuple[str, str, Any]]:
    if isinstance(value, tuple):
        for place, item in enumerate(value):
            yield from leaves(item, f"{path}/{place}", term)
    elif isinstance(value, Identifier):
        yield path, term, value.value
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            inner = getattr(value, field.name)
            yield from leaves(inner, f"{path}/{field.name}", field.metadata["bt"])
    elif value is not None and not isinstance(value, bytes):
        yield path, term, value


def forms(value: Any, language: str) -> list[str]:
    match value:
        case Decimal():
            as_written = (figures.amount, figures.price, figures.quantity)
            return [write(value, language) for write in as_written]
        case datetime.date():
            return [figures.day(value, language)]
    return [str(value)]


def plain(text: str) -> str:
    return re.sub(r"\s", "", text)
