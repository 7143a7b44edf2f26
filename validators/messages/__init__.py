"""What a finding says, in English, Swedish and Norwegian: `en.toml`, `sv.toml`, `nb.toml`.

In charge of turning a rule and its values into a text and a hint. Not in charge of when.
The three files have the same keys, held by a test: `words`, `sources` (beginning of
an id -> where such rules are from), `terms` (business term -> name),
`categories` (VAT category -> name) and `message` (rules that share a text). The texts are our own.

In a text stand `{stated}` and `{computed}`, `{missing}` (the elements that ought to be there),
`{term}` (name and number of the rule's first business term), `{others}` (of the others),
`{category}` and whatever else a rule tells. `{ubl:Price/PriceAmount}` is an element or attribute by
its UBL path from the place of the finding, `{ubl:/ID}` by that from the root: callers who do not
write UBL are told it in their own terms (`Naming`).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

LANGUAGES: Final = ("en", "sv", "nb")

Naming = Callable[[str], str]
"""How an element is called, by its path as it stands after `ubl:`, or a rule says it is missing."""


Caller = Callable[[str, tuple[str, ...]], str | None]
"""What the caller of us calls an element: given its path and the business terms of the rule.

None for an element that the caller has no word for; it is then called as in UBL.
"""


def in_ubl(path: str) -> str:
    """The name for those who write UBL: the path itself, without where it begins."""
    return _BEGINNING.sub("", path)


_BEGINNING = re.compile(r"^(/|(\.\./)+)")


class Texts:
    """The texts of one language."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self.words: Mapping[str, str] = table["words"]
        self.sources: Mapping[str, str] = table["sources"]
        self.terms: Mapping[str, str] = table["terms"]
        self.categories: Mapping[str, str] = table["categories"]
        self.messages: Mapping[str, tuple[str, str]] = {
            rule: (message["text"], message["hint"])
            for message in table["message"]
            for rule in message["rules"]
        }

    def source(self, rule: str) -> str:
        """The part of which standard a rule is from; "" where it is not known."""
        fitting = [beginning for beginning in self.sources if rule.startswith(beginning)]
        return self.sources[max(fitting, key=len)] if fitting else ""

    def say(
        self,
        rule: str,
        terms: Iterable[str],
        missing: str,
        values: Mapping[str, object],
        naming: Naming = in_ubl,
        nothing: str = "",
    ) -> tuple[str, str]:
        """The text and the hint of a rule that does not hold.

        `nothing` stands for each value that is not given; else the word for nothing does.
        """
        text, hint = self.messages[rule]
        named = [f"{self.terms.get(term, term)} ({term})" for term in terms]
        fields = _Fields(nothing or self.words["nothing"], values)
        fields["missing"] = naming(missing) if missing else ""
        fields["ubl"] = _Named(naming)
        fields["term"] = named[0] if named else ""
        fields["others"] = ", ".join(named[1:])
        category = str(values.get("category", nothing))
        fields["category"] = self.categories.get(category, category)
        return text.format_map(fields), hint.format_map(fields)


class _Named:
    """What `{ubl:path}` is formatted with."""

    def __init__(self, naming: Naming) -> None:
        self._naming = naming

    def __format__(self, path: str) -> str:
        return self._naming(path)


class _Fields(dict[str, object]):
    """The values for a text; what a rule could not tell reads "nothing"."""

    def __init__(self, nothing: str, values: Mapping[str, object]) -> None:
        super().__init__({key: value for key, value in values.items() if value not in (None, "")})
        self._nothing = nothing

    def __missing__(self, key: str) -> str:
        return self._nothing


@cache
def texts(language: str) -> Texts:
    """The texts of a language: "en", "sv" or "nb"; English for any other."""
    name = language if language in LANGUAGES else "en"
    source = resources.files(__package__).joinpath(f"{name}.toml")
    return Texts(tomllib.loads(source.read_text("utf-8")))
