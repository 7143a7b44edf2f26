"""Who writes JSON is never told to change an element of UBL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import date

import pytest

from gateway.intake.prepare import _Places
from schemas.ubl.read import Unreadable, read
from schemas.ubl.terms import TREES
from schemas.ubl.tree import Node
from schemas.ubl.write import Unwritable, write
from validators.examples import broken
from validators.messages import LANGUAGES
from validators.pipeline import validate

AT = date(2026, 11, 21)


def names(node: Node) -> set[str]:
    return {node.name}.union(*(names(kid) for kid in (*node.kids, *node.attributes)))


# A name of one capital is a word, too: Note, Price.
ELEMENTS = re.compile(
    rf"\b({'|'.join(sorted(name for name in names(TREES['Invoice']) if not name.istitle()))})\b"
)


def documents() -> Iterator[bytes]:
    """What our JSON becomes when it says what the examples say."""
    for rule, examples in broken().items():
        for example in () if rule.startswith("UBL-CR") else examples:  # elements that no JSON has
            with suppress(Unreadable, Unwritable):  # no JSON could say that
                yield write(read(example.bad()))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_element_is_named(language: str) -> None:
    rules = set()
    for document in documents():
        places = _Places(document, own=99, beside=(), language=language)
        said = validate(document, at=AT, language=language, called=places.called)
        for finding in said.findings:
            rules.add(finding.rule)
            told = f"{finding.text} {finding.hint}"
            assert not ELEMENTS.search(told), told
    assert len(rules) > 300
