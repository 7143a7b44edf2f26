"""A PDF being drawn, page after page.

In charge of putting marks into the PDF, and of holding little of it: a page that is done is kept as
its compressed stream, and its foot, which says how many pages there are, is a drawing of its own
that the page refers to and that is made at the end. Not in charge of what stands where (`sheet`).
"""

from __future__ import annotations

import io
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from reportlab.lib.utils import ImageReader
from reportlab.pdfbase.pdfdoc import PDFDictionary, PDFName, PDFStream
from reportlab.pdfbase.pdfmetrics import getFont
from reportlab.pdfgen.canvas import Canvas

from gateway.pdf.fonts import REGULAR, legible, runs
from gateway.pdf.sheet import (
    PAGE_HEIGHT,
    PAGE_WIDTH,
    POINTS,
    Ink,
    Mark,
    Picture,
    Rule,
    Squares,
    Text,
    Wash,
)

# reportlab reads every document's letters out of the same font objects, moving one place in the
# font as it goes: two threads at once get each other's letters.
_ONE_AT_A_TIME = threading.Lock()


@contextmanager
def drawing(title: str, author: str, language: str) -> Iterator[Drawing]:
    """A PDF to draw; one at a time in a process. The same marks give the same bytes."""
    with _ONE_AT_A_TIME:
        yield Drawing(title, author, language)


class Drawing:
    """A PDF that is being drawn."""

    def __init__(self, title: str, author: str, language: str) -> None:
        self._into = io.BytesIO()
        self._canvas = canvas = Canvas(
            self._into,
            pagesize=(PAGE_WIDTH * POINTS, PAGE_HEIGHT * POINTS),
            invariant=1,
            pageCompression=1,
            initialFontName=REGULAR,
            lang=language,
        )
        canvas.setTitle(legible(title))
        canvas.setAuthor(legible(author))
        canvas.setCreator("Budkavle")
        self._pages = 0

    def draw(self, marks: Sequence[Mark]) -> None:
        """The next page."""
        self._pages += 1
        for mark in marks:
            self._mark(mark)
        self._canvas.doForm(_foot(self._pages))
        self._canvas.showPage()
        # reportlab would keep the page as text, ten times as long, and compress it at the end.
        page = self._canvas._doc.Pages.pages[-1]
        filtered = PDFDictionary({"Filter": PDFName("FlateDecode")})
        page.Contents = PDFStream(filtered, zlib.compress(page.stream.encode()))
        page.stream = None

    def pdf(self, foot: Callable[[int, int], Sequence[Mark]]) -> bytes:
        """The PDF. `foot` gives the marks at the foot of page n of m."""
        for number in range(1, self._pages + 1):
            self._canvas.beginForm(_foot(number), 0, 0, PAGE_WIDTH * POINTS, PAGE_HEIGHT * POINTS)
            for mark in foot(number, self._pages):
                self._mark(mark)
            self._canvas.endForm()
        self._canvas.save()
        return self._into.getvalue()

    def _mark(self, mark: Mark) -> None:
        canvas = self._canvas
        match mark:
            case Text():
                self._text(mark)
            case Rule():
                canvas.setStrokeGray(mark.ink.value)
                canvas.setLineWidth(mark.weight)
                y = _up(mark.y)
                canvas.line(mark.x * POINTS, y, mark.to * POINTS, y)
            case Wash():
                canvas.setFillGray(Ink.WASH.value)
                corner = mark.x * POINTS, _up(mark.y + mark.height)
                canvas.rect(*corner, mark.width * POINTS, mark.height * POINTS, stroke=0, fill=1)
            case Squares():
                self._squares(mark)
            case Picture():
                width, height = mark.logo.on_paper()
                corner = mark.x * POINTS, _up(mark.y + height)
                image = ImageReader(io.BytesIO(mark.logo.content))
                canvas.drawImage(image, *corner, width * POINTS, height * POINTS)

    def _text(self, mark: Text) -> None:
        """Writes the operators (ISO 32000-1, 9.4): the canvas's own way takes twice as long."""
        canvas, face = self._canvas, mark.face
        document, ink = canvas._doc, face.ink.value
        x = (mark.x - (face.wide(mark.text) if mark.right else 0)) * POINTS
        code = [f"BT {ink} g 1 0 0 1 {x:.2f} {_up(mark.y):.2f} Tm"]
        for run in runs(mark.text, face.font):
            if run.stroke:
                code.append(f"2 Tr {ink} G {run.stroke * face.size:.3f} w")
            font = getFont(run.font)
            for subset, letters in font.splitString(run.text, document):
                name = font.getSubsetInternalName(subset, document)
                code.append(f"{name} {face.size:.2f} Tf <{letters.hex()}> Tj")
            if run.stroke:
                code.append("0 Tr")
        canvas.addLiteral(" ".join([*code, "ET"]))

    def _squares(self, mark: Squares) -> None:
        canvas = self._canvas
        canvas.setFillGray(1)  # scanners want it bright around the code, four squares wide
        side = mark.size / len(mark.rows)
        edge = 4 * side
        whole = (mark.size + 2 * edge) * POINTS
        corner = (mark.x - edge) * POINTS, _up(mark.y + mark.size + edge)
        canvas.rect(*corner, whole, whole, stroke=0, fill=1)
        canvas.setFillGray(0)
        path = canvas.beginPath()
        for down, row in enumerate(mark.rows):
            y = _up(mark.y + (down + 1) * side)
            for along, dark in enumerate(row):
                if dark:
                    path.rect((mark.x + along * side) * POINTS, y, side * POINTS, side * POINTS)
        canvas.drawPath(path, stroke=0, fill=1)


def _foot(number: int) -> str:
    return f"foot{number}"


def _up(y: float) -> float:
    """reportlab measures from the bottom, in points."""
    return (PAGE_HEIGHT - y) * POINTS
