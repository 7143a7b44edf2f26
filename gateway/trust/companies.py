"""What a new company has to be: its name, country and addresses. Pure."""

from __future__ import annotations

from datetime import date

from schemas.codelists import codes
from schemas.identifiers import KIND_OF_SCHEME, Participant, normal


def country(text: str, on: date) -> str:
    """A country as it is stored. Raises ValueError."""
    if text.upper() not in codes("ISO3166-1", on):
        raise ValueError(f"{text} is no country")
    return text.upper()


def participant(text: str, on: date) -> str:
    """An address as it is stored, once it is known to be one: documents to a mistyped one would
    never arrive. Raises ValueError."""
    parsed = Participant.parse(text)
    if parsed.scheme not in codes("EAS", on):
        raise ValueError(f"there is no scheme {parsed.scheme} (list EAS)")
    kind = KIND_OF_SCHEME.get(parsed.scheme)
    value = normal(kind, parsed.value) if kind else parsed.value
    return str(Participant(parsed.scheme, value))
