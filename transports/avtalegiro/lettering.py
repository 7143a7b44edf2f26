"""Text in the letters that AvtaleGiro's files have: ISO-8859-1, printable, of a width.

In charge of what becomes of letters the files do not have. Not in charge of what is written.
"""

from __future__ import annotations

import unicodedata
from typing import Final

CODEC: Final = "iso-8859-1"

# Letters that Unicode does not take apart into one with a mark on it.
_APART: Final = str.maketrans(
    {
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "ŋ": "n",
        "Ŋ": "N",
        "ı": "i",
        "œ": "oe",
        "Œ": "OE",
        "ŧ": "t",
        "Ŧ": "T",
        "€": "EUR",
        "‐": "-",
        "‑": "-",
        "‒": "-",
        "–": "-",
        "—": "-",
        "−": "-",
        "‘": "'",
        "’": "'",
        "‚": "'",
        "“": '"',
        "”": '"',
        "„": '"',
        "…": "...",
    }
)


def folded(text: str) -> str:
    """The text in letters of ISO-8859-1 on one line: letters with marks the set does not have lose
    them ("č" is "c"), what has no likeness is "?"; runs of white space are one space."""
    composed = unicodedata.normalize("NFC", text).translate(_APART)
    return " ".join("".join(map(_letter, composed)).split())


def field(text: str, width: int) -> str:
    """As many letters of the folded text as the field has places, filled up with spaces."""
    return folded(text)[:width].ljust(width)


def is_control(letter: str) -> bool:
    """Whether it is no letter that is printed, but one that ends lines and the like."""
    return unicodedata.category(letter) == "Cc"


def _letter(letter: str) -> str:
    if letter.isspace() or unicodedata.category(letter) in ("Cc", "Cf", "Zl", "Zp"):
        return " " if letter != "\xad" else ""  # a soft hyphen is a hint, not a letter
    if ord(letter) < 0x100:
        return letter
    # Marks of their own, such as those a decomposition leaves, are dropped.
    if unicodedata.combining(letter):
        return ""
    parts = unicodedata.normalize("NFKD", letter)
    plain = "".join(part for part in parts if not unicodedata.combining(part))
    return plain if plain.isprintable() and all(ord(part) < 0x100 for part in plain) else "?"
