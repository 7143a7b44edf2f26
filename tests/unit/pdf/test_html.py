"""The page of an invoice: nothing in it is markup but what the template says."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from lxml import html as parser

from gateway.pdf.html import html
from gateway.pdf.words import LANGUAGES
from schemas.invoice import Identifier
from tests.unit.pdf.invoices import FULL, PLAIN

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7 * 7 }}&amp;'


def hostile(value: Any) -> Any:
    """The same, with every text hostile but for codes that the page looks up."""
    if isinstance(value, str):
        return value if len(value) <= 3 else value + HOSTILE
    if isinstance(value, tuple):
        return tuple(map(hostile, value))
    if isinstance(value, Identifier) or dataclasses.is_dataclass(value):
        fields = dataclasses.fields(value)  # type: ignore[arg-type]
        return dataclasses.replace(  # type: ignore[type-var]
            value, **{field.name: hostile(getattr(value, field.name)) for field in fields}
        )
    return value


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_hostile_text_is_shown_as_text(language: str) -> None:
    page = html(hostile(FULL), language)
    root = parser.document_fromstring(page)
    assert not root.xpath("//script | //img | //link | //a | //iframe | //form")
    assert not root.xpath("//@*[starts-with(name(), 'on')] | //@src | //@href")
    assert page.count("&lt;script&gt;") > 50
    assert "{{ 7 * 7 }}" in page and "&amp;amp;" in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_says_its_language_and_title(language: str) -> None:
    root = parser.document_fromstring(html(PLAIN, language))
    assert root.get("lang") == language
    assert PLAIN.number in root.findtext("head/title")


def test_it_is_the_same_every_time() -> None:
    assert html(FULL, "nb") == html(dataclasses.replace(FULL), "nb")
