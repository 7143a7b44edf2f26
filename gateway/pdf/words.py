"""The invoice's words in English, Swedish and Norwegian, from words.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

LANGUAGES = ("en", "sv", "nb")
_TABLES = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one language."""

    language: str

    def __call__(self, key: str, **values: object) -> str:
        """A label, with its blanks filled in. Raises KeyError for one that is not in the table."""
        text: str = _TABLES["labels"][key][self.language]
        return text.format(**values) if values else text

    def unit(self, code: str) -> str:
        """A unit of measure (UN/ECE Recommendation 20); its code where it has no word."""
        words = _TABLES["units"].get(code)
        return words[self.language] if words else code

    def means(self, code: str) -> str:
        """A means of payment (UNTDID 4461); empty where it has no word."""
        words = _TABLES["means"].get(code)
        return words[self.language] if words else ""

    def tax_point(self, code: str) -> str:
        """What makes VAT due (BT-8, UNTDID 2005 as UBL has it); the code where it has no word."""
        words = _TABLES["tax_points"].get(code)
        return words[self.language] if words else code


def country(code: str) -> str:
    """A country as the last line of an address abroad; its code where it has no name here."""
    name: str = _TABLES["countries"].get(code, code)
    return name
