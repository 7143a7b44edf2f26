"""What a company has settled with the letter channel: how its letters are printed. Pure.

Everything may be left out: then the channel's own settings hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from transports.letter.wire import LetterClass


class CoverPage(StrEnum):
    """When a page with the address goes before the invoice."""

    OWN_PDF = "own_pdf"  # where the address is not where the window shows it
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one sender; None is what the channel's settings say. `attachments` False: none
    are printed."""

    colour: bool | None = None
    duplex: bool | None = None
    letter_class: LetterClass | None = None
    cover_page: CoverPage | None = None
    attachments: bool | None = None


_FLAGS: Final = ("colour", "duplex", "attachments")
_WORDS: Final[Mapping[str, type[StrEnum]]] = {"letter_class": LetterClass, "cover_page": CoverPage}


def read(terms: Mapping[str, Any]) -> Terms:
    """The terms. Raises ValueError with everything that is wrong with them."""
    faults = wrong(terms)
    if faults:
        raise ValueError(" ".join(faults))
    speed, cover = terms.get("letter_class"), terms.get("cover_page")
    return Terms(
        colour=terms.get("colour"),
        duplex=terms.get("duplex"),
        letter_class=LetterClass(speed) if speed is not None else None,
        cover_page=CoverPage(cover) if cover is not None else None,
        attachments=terms.get("attachments"),
    )


def wrong(terms: Mapping[str, Any]) -> tuple[str, ...]:
    """What is wrong with the terms, a sentence each; empty where nothing is."""
    faults = [
        f"{name} is true or false."
        for name in _FLAGS
        if name in terms and not isinstance(terms[name], bool)
    ]
    for name, kind in _WORDS.items():
        known = [each.value for each in kind]
        if name in terms and terms[name] not in known:
            faults.append(f"{name} is one of {', '.join(known)}.")
    unknown = sorted(terms.keys() - {*_FLAGS, *_WORDS})
    if unknown:
        known = [*_FLAGS, *_WORDS]
        faults.append(f"{', '.join(unknown)} is not known here: expected {', '.join(known)}.")
    return tuple(faults)
