"""Every rule is told in every language, in the same terms."""

from __future__ import annotations

import string
import tomllib
from importlib import resources
from itertools import pairwise
from typing import Any

import pytest

from schemas import faults
from validators import registry
from validators.messages import LANGUAGES, texts
from validators.profiles import NAMES

GUARD = {
    "GUARD-ATTRIBUTES",
    "GUARD-DEPTH",
    "GUARD-DOCTYPE",
    "GUARD-EMPTY",
    "GUARD-FINDINGS",
    "GUARD-ENCODING",
    "GUARD-MALFORMED",
    "GUARD-PARTED",
    "GUARD-PROLOG",
    "GUARD-SIZE",
    "GUARD-TAGS",
    "STRUCTURE-PROFILE",
    *faults.Code,
}
RULES = [rule for name in NAMES for rule in registry.rules(name)]


def table(language: str) -> dict[str, Any]:
    source = resources.files("validators.messages").joinpath(f"{language}.toml")
    return tomllib.loads(source.read_text("utf-8"))


def fields(text: str) -> set[tuple[str, str | None]]:
    return {(field, spec) for _, field, spec, _ in string.Formatter().parse(text) if field}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_has_a_text_and_a_hint(language: str) -> None:
    messages = texts(language).messages
    assert messages.keys() == {rule.id for rule in RULES} | GUARD
    assert all(text and hint for text, hint in messages.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_rule_is_told_twice(language: str) -> None:
    ids = [rule for message in table(language)["message"] for rule in message["rules"]]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_term_of_a_rule_has_a_name(language: str) -> None:
    used = {term for rule in RULES for term in rule.terms}
    assert used <= texts(language).terms.keys()


def test_the_languages_have_the_same_keys() -> None:
    for one, other in pairwise(map(texts, LANGUAGES)):
        assert list(one.words) == list(other.words)
        assert list(one.sources) == list(other.sources)
        assert list(one.terms) == list(other.terms)
        assert list(one.categories) == list(other.categories)
        assert list(one.messages) == list(other.messages)


def test_the_languages_tell_the_same_values() -> None:
    for rule, message in texts("en").messages.items():
        for language in LANGUAGES:
            other = texts(language).messages[rule]
            assert [fields(part) for part in message] == [fields(part) for part in other], rule


def test_what_a_rule_cannot_tell_is_nothing() -> None:
    values = {"stated": "1.00", "computed": None}
    text, hint = texts("en").say("BR-CO-10", ("BT-106", "BT-131"), "", values)
    assert text == (
        "Sum of the lines (BT-106) is stated as 1.00, but the amounts it is made of give nothing."
    )
    assert "BT-131" in hint and "BT-106" not in hint


def test_a_value_is_never_taken_for_a_template() -> None:
    text, _ = texts("en").say("BR-CL-08", (), "", {"stated": "{list}", "list": "{missing}"})
    assert text == "{list} is not a code of the list {missing}."


def test_an_unknown_language_is_english() -> None:
    assert texts("fr").messages == texts("en").messages
