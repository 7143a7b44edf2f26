"""The typefaces: which letters they have, how wide those are, and who draws which.

Noto Sans has Latin, Greek and Cyrillic, Vietnamese included. What it lacks is drawn letter by
letter by the next that has it: FiraGO (Georgian, Thai, arrows, signs of arithmetic), and Noto Sans
for East Asia where the extra `cjk` is installed. All may be embedded (SIL Open Font License).
Scripts whose letters change shape by their neighbours or run from the right (Arabic, Hebrew, those
of India) would be shown wrongly and are not: `legible` has "?" for them. The HTML shows them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from itertools import groupby
from pathlib import Path
from threading import Lock

import pymupdf_fonts
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

REGULAR, BOLD = "NotoSans", "NotoSans-Bold"


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of a text that one font draws. `stroke`: how thick its outlines are drawn on top, in
    parts of its size; for a font that is there in its thinnest weight only."""

    font: str
    text: str
    stroke: float = 0.0


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a font comes from, regular and bold."""

    names: tuple[str, str]
    load: Callable[[str], BytesIO | Path]
    strokes: tuple[float, float] = (0.0, 0.0)


_EAST_ASIAN = find_spec("justmytype_intl_cjk")


def _bundled(name: str) -> BytesIO:
    return BytesIO(pymupdf_fonts.myfont(name))


def _east_asian(name: str) -> Path:
    assert _EAST_ASIAN and _EAST_ASIAN.origin
    package = Path(_EAST_ASIAN.origin).parent
    return package / "fonts/ofl" / name / f"NotoSans{name[-2:].upper()}[wght].ttf"


_FIRST = _Source(("notos", "notosbo"), _bundled)
_NEXT = [_Source(("figo", "figbo"), _bundled)]
if _EAST_ASIAN:
    # Simplified Chinese has kana and the older forms too; Korean has Hangul. Their files begin at
    # the weight 100: an outline of 1/40 of the size makes them look like Noto Sans beside them.
    _NEXT += [
        _Source((name, name), _east_asian, (0.024, 0.05)) for name in ("notosanssc", "notosanskr")
    ]

# Letters of these scripts take their shape or place from their neighbours.
_SHAPED = ("DEVANAGARI", "BENGALI", "GUJARATI", "TAMIL", "TELUGU", "KANNADA", "MALAYALAM")


_LOADED: dict[str, TTFont] = {}
_LOADING = Lock()  # reportlab knows a font by its name: a second one would take over half-way


def _font(name: str, load: Callable[[str], BytesIO | Path]) -> TTFont:
    if name not in _LOADED:
        with _LOADING:
            if name not in _LOADED:
                where = load(name)
                known = {"notos": REGULAR, "notosbo": BOLD}.get(name, name)
                font = TTFont(known, str(where) if isinstance(where, Path) else where)
                pdfmetrics.registerFont(font)
                _LOADED[name] = font
    return _LOADED[name]


class _Weight(dict[str, int]):
    """How wide each letter is in one weight, in thousandths of the size; found when first asked."""

    def __init__(self, bold: bool) -> None:
        super().__init__()
        self._bold = bold
        self.own = frozenset(map(chr, self._of(_FIRST).face.charToGlyph))

    def __missing__(self, letter: str) -> int:
        face = self._of(_source(letter) or _FIRST).face
        wide: int = face.charWidths.get(ord(letter), face.defaultWidth)
        self[letter] = wide
        return wide

    def runs(self, text: str) -> Iterator[Run]:
        for source, letters in groupby(text, lambda letter: _source(letter) or _FIRST):
            yield Run(self._of(source).fontName, "".join(letters), source.strokes[self._bold])

    def _of(self, source: _Source) -> TTFont:
        return _font(source.names[self._bold], source.load)


@cache
def _source(letter: str) -> _Source | None:
    """The first font that has a letter; None where none has it or none could show it rightly."""
    if ord(letter) in _font(_FIRST.names[0], _FIRST.load).face.charToGlyph:
        return _FIRST
    if letter < " " or unicodedata.bidirectional(letter) in {"R", "AL"}:
        return None
    if unicodedata.name(letter, "").startswith(_SHAPED):
        return None
    for source in _NEXT:
        if ord(letter) in _font(source.names[0], source.load).face.charToGlyph:
            return source
    return None


_WEIGHTS = {REGULAR: _Weight(bold=False), BOLD: _Weight(bold=True)}


def width(text: str, font: str, size: float) -> float:
    """How wide a text is, in points."""
    return sum(map(_WEIGHTS[font].__getitem__, text)) * size / 1000


def runs(text: str, font: str) -> list[Run]:
    """The text in pieces, each with the font that draws it; mostly one."""
    weight = _WEIGHTS[font]
    return [Run(font, text)] if weight.own.issuperset(text) else list(weight.runs(text))


def legible(text: str) -> str:
    """The text in letters that the typefaces have; spaces of all kinds become plain or no-break.

    Line ends are kept; other control and format characters go. A letter that none has is written by
    what it is made of (a ligature by its letters), else "?".
    """
    return "".join(map(_letter, unicodedata.normalize("NFC", text)))


@cache
def _letter(letter: str) -> str:
    if letter == "\n":
        return letter
    category = unicodedata.category(letter)
    if category == "Zs" or letter == "\t":
        return "\N{NO-BREAK SPACE}" if "no-break" in unicodedata.name(letter, "").lower() else " "
    if category in {"Cc", "Cs", "Zl", "Zp"}:
        return " "
    if category == "Cf":
        return ""
    if _source(letter):
        return letter
    return _kin(letter) or ("" if category == "Mn" else "?")


def _kin(letter: str) -> str:
    """What a letter is made of, where that can be shown; empty where not."""
    parts = unicodedata.normalize("NFKD", letter)
    plain = "".join(part for part in parts if not unicodedata.combining(part))
    return plain if all(map(_source, plain)) else ""
