"""What people are written, in each language."""

from __future__ import annotations

import string
import tomllib
from pathlib import Path

import pytest

from gateway import trust
from gateway.trust.letters import LANGUAGES, letter

TEXTS = tomllib.loads((Path(trust.__file__).parent / "letters.toml").read_text("utf-8"))


@pytest.mark.parametrize("name", TEXTS)
def test_each_letter_is_there_in_each_language_with_the_same_values(name: str) -> None:
    assert set(TEXTS[name]) == set(LANGUAGES)
    wanted = [_values(words["subject"] + words["text"]) for words in TEXTS[name].values()]
    assert wanted.count(wanted[0]) == len(LANGUAGES)


def test_what_somebody_is_called_is_no_template() -> None:
    made = letter("password", "sv", name="{link}", link="https://x.example/a")
    assert made.text.startswith("Hej {link},\n")
    assert made.text.count("https://x.example/a") == 1


def test_english_where_a_language_is_not_spoken() -> None:
    values = {"name": "A", "link": "B"}
    assert letter("password", "fi", **values) == letter("password", "en", **values)


def _values(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}
