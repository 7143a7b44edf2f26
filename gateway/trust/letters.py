"""The words of service mail, in each language. Pure; the texts are in `letters.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

LANGUAGES: Final = ("en", "sv", "nb")


@dataclass(frozen=True, slots=True)
class Letter:
    """What `Post.send` takes, but for whom it goes to."""

    subject: str
    text: str


def letter(name: str, language: str, /, **values: str) -> Letter:
    """The letter of this name in `language`, in English where there is no such; `values` fill it
    in. Raises KeyError for a letter or a value that there is not."""
    languages = _texts()[name]
    words = languages.get(language) or languages["en"]
    return Letter(
        words["subject"].format_map(values), words["text"].strip().format_map(values) + "\n"
    )


@cache
def _texts() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    text = files("gateway.trust").joinpath("letters.toml").read_text("utf-8")
    return tomllib.loads(text)
