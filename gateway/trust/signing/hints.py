"""What whoever signs is told, in their language: the words for each hint. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files


def words(hint: str, language: str) -> str:
    """The sentence for a hint; one that nobody knows has a sentence too."""
    texts = _texts()
    known = texts.get(language) or texts["en"]
    return known.get(hint or "start") or known["unknown"]


@cache
def _texts() -> Mapping[str, Mapping[str, str]]:
    text = files("gateway.trust.signing").joinpath("hints.toml").read_text("utf-8")
    return tomllib.loads(text)
