from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from gateway.pdf import words
from gateway.pdf.fonts import legible
from gateway.pdf.words import LANGUAGES, Words, country
from schemas import forms

TABLES = tomllib.loads(Path(words.__file__).with_name("words.toml").read_text(encoding="utf-8"))
# A title is the word for what `schemas.forms.kind` answers.
SOURCE = "".join(
    path.read_text(encoding="utf-8")
    for path in (*Path(words.__file__).parent.glob("*.py"), Path(forms.__file__))
)


@pytest.mark.parametrize("table", ["labels", "means", "units"])
def test_every_word_is_there_in_every_language(table: str) -> None:
    for key, languages in TABLES[table].items():
        assert set(languages) == set(LANGUAGES), key
        assert all(legible(word) == word for word in languages.values()), key


def test_every_label_is_used() -> None:
    unused = {key for key in TABLES["labels"] if not re.search(rf"[\"']{key}[\"']", SOURCE)}
    assert not unused


@pytest.mark.parametrize("language", LANGUAGES)
def test_blanks_are_the_same_in_every_language(language: str) -> None:
    for key, languages in TABLES["labels"].items():
        assert re.findall(r"{\w+}", languages[language]) == re.findall(r"{\w+}", languages["en"]), (
            key
        )


def test_what_has_no_word_stands_as_its_code() -> None:
    assert Words("sv").unit("HUR") == "tim"
    assert Words("sv").unit("X1") == "X1"
    assert Words("nb").means("49") == "AvtaleGiro"
    assert Words("nb").means("1") == ""
    assert country("NO") == "NORWAY"
    assert country("BR") == "BR"
