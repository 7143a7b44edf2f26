"""The typeface: which letters it has, how wide they are, and what stands for those it lacks.

Bitstream Vera comes with reportlab and may be embedded. It has Latin 1 and some more; a letter it
lacks is written by its nearest kin, so that a name stays readable: Ž as Ž, ő as o, Київ as Kyiv.
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

REGULAR, BOLD = "Vera", "VeraBd"
_FACES = {name: TTFont(name, f"{name}.ttf") for name in (REGULAR, BOLD)}
for _font in _FACES.values():
    pdfmetrics.registerFont(_font)

# Cyrillic (Ukrainian national system for і ї є г, otherwise BGN/PCGN) and Greek (ISO 843 type 2).
_CYRILLIC = dict(zip("абвгґдезийклмнопрстуфъыьэі", "abvhgdezyiklmnoprstuf\"y'ei", strict=True))
_GREEK = dict(zip("αβγδεζηικλμνξοπρσςτυφω", "avgdeziiklmnxoprsstyfo", strict=True))
_PAIRS = (
    "жzh хkh цts чch шsh щshch юyu яya їi єie ёyo ђđ јj љlj њnj "  # Cyrillic
    "θth χch ψps "  # Greek
    "ħh ŧt ŋng əe ĸk ſs ẞSS ‐- ‑- ―– №No ₂2 ₃3 ′' ″\""  # and the rest
)
_KIN = str.maketrans(_CYRILLIC | _GREEK | {pair[0]: pair[1:] for pair in _PAIRS.split()})


@lru_cache(maxsize=65_536)
def width(text: str, font: str, size: float) -> float:
    """How wide a text is, in points."""
    face = _FACES[font].face
    widths, default = face.charWidths, face.defaultWidth
    units: float = sum(widths.get(ord(letter), default) for letter in text)
    return units * size / 1000


def legible(text: str) -> str:
    """The text in letters that the typeface has; spaces of all kinds become plain or no-break.

    Line ends are kept; other control and format characters go.
    """
    return "".join(_letter(letter) for letter in unicodedata.normalize("NFC", text))


@cache
def _letter(letter: str) -> str:
    if letter == "\n" or _has(letter):
        return letter
    category = unicodedata.category(letter)
    if category == "Zs" or letter == "\t":
        return "\N{NO-BREAK SPACE}" if "no-break" in unicodedata.name(letter, "").lower() else " "
    if category in {"Cc", "Cf", "Cs", "Mn", "Zl", "Zp"}:
        return "" if category in {"Cf", "Mn"} else " "
    return _kin(letter) or "?"


def _kin(letter: str) -> str:
    """Letters the typeface has that stand for one it lacks; empty where there are none."""
    plain = unicodedata.normalize("NFKD", letter)
    bare = "".join(c for c in plain if not unicodedata.combining(c))
    for candidate in (letter.translate(_KIN), bare, bare.translate(_KIN)):
        if candidate and all(_has(c) for c in candidate):
            return candidate
    lower = letter.lower()
    return _kin(lower).capitalize() if lower != letter and len(lower) == 1 else ""


def _has(letter: str) -> bool:
    return letter >= " " and all(ord(letter) in face.face.charToGlyph for face in _FACES.values())
