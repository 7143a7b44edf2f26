"""Sheets of A4 and what stands on them: texts and rules at places, page after page.

In charge of measuring, wrapping and breaking pages. Not in charge of what an invoice shows
(`render`) nor of the PDF (`drawing`). Lengths are millimetres from the top left corner, type sizes
points.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from gateway.pdf.fonts import BOLD, REGULAR, legible, width
from gateway.pdf.logo import Logo

PAGE_WIDTH, PAGE_HEIGHT = 210.0, 297.0
POINTS = 72 / 25.4  # in a millimetre


class Ink(Enum):
    """Greys only: letters are mostly printed in black and white."""

    BLACK = 0.10
    MUTED = 0.42
    LINE = 0.78
    WASH = 0.955


@dataclass(frozen=True, slots=True)
class Face:
    """How a text is set. `leading` is the distance of its lines."""

    size: float
    bold: bool = False
    ink: Ink = Ink.BLACK
    leading: float = 0.0

    @property
    def font(self) -> str:
        """The font's name."""
        return BOLD if self.bold else REGULAR

    @property
    def line(self) -> float:
        """The distance of lines in millimetres."""
        return self.leading or self.size * 1.36 / POINTS

    @property
    def ascent(self) -> float:
        """From the top of its letters to the baseline, in millimetres."""
        return self.size * 0.92 / POINTS

    def wide(self, text: str) -> float:
        """How wide a text is in this face."""
        return width(text, self.font, self.size) / POINTS

    def fitted(self, text: str, room: float) -> Face:
        """The same, or so much smaller that a text that may not be broken fits its column."""
        wide = self.wide(text)
        return self if wide <= room else replace(self, size=self.size * room / wide)

    def muted(self) -> Face:
        """The same in grey."""
        return replace(self, ink=Ink.MUTED)


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text; `x` is its left end, or its right one. `y` is the baseline."""

    x: float
    y: float
    text: str
    face: Face
    right: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A horizontal line."""

    x: float
    y: float
    to: float
    ink: Ink = Ink.LINE
    weight: float = 0.4


@dataclass(frozen=True, slots=True)
class Wash:
    """A light rectangle behind what is placed after it."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Squares:
    """A square of dark squares, row by row: a QR code."""

    x: float
    y: float
    size: float
    rows: Sequence[Sequence[bool]]


@dataclass(frozen=True, slots=True)
class Picture:
    """A logo; `x` and `y` are its top left corner."""

    x: float
    y: float
    logo: Logo


Mark = Text | Rule | Wash | Squares | Picture


@dataclass(slots=True)
class Sheets:
    """Pages being filled from the top down. `y` is where the next thing goes.

    `done` takes the marks of each page that is full: none is kept. `new_page` is called after each
    break, to repeat what stands on every page (a table's head). `number` is the page's.
    """

    top: float
    bottom: float
    done: Callable[[Sequence[Mark]], None]
    y: float = 0.0
    new_page: Callable[[], None] | None = None
    number: int = 1
    _marks: list[Mark] = field(default_factory=list)

    def put(self, mark: Mark) -> None:
        """Places a mark on the page at hand."""
        self._marks.append(mark)

    def text(self, x: float, text: str, face: Face, *, right: bool = False, dy: float = 0) -> None:
        """Places a line of text whose top is at `y` + `dy`."""
        self.put(Text(x, self.y + dy + face.ascent, text, face, right))

    def need(self, height: float) -> None:
        """Goes to the next page unless `height` is left on this one."""
        if self.y + height > self.bottom and self.y > self.top:
            self.break_page()

    def break_page(self) -> None:
        """Goes to the next page."""
        self.finish()
        self.number += 1
        self.y = self.top
        if self.new_page is not None:
            self.new_page()

    def finish(self) -> None:
        """The page at hand is full."""
        self.done(self._marks)
        self._marks = []


def wrap(text: str, face: Face, room: float) -> list[str]:
    """The text in lines no wider than `room`; words wider than that are broken."""
    lines: list[str] = []
    for paragraph in legible(text).split("\n"):
        line = ""
        for word in paragraph.strip(" ").split(" "):
            candidate = f"{line} {word}" if line else word
            if face.wide(candidate) <= room:
                line = candidate
                continue
            if line:
                lines.append(line)
            *full, line = _pieces(word, face, room)
            lines += full
        lines.append(line)
    while lines and not lines[-1].strip():
        lines.pop()
    return lines


def _pieces(word: str, face: Face, room: float) -> list[str]:
    pieces = [""]
    for letter in word:
        if pieces[-1] and face.wide(pieces[-1] + letter) > room:
            pieces.append("")
        pieces[-1] += letter
    return pieces
