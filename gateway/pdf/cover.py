"""The page with the address that goes before an invoice by letter, where the invoice's own first
page does not have it in the envelope's window. Pure; the same values, the same bytes.
"""

from __future__ import annotations

from gateway.pdf.drawing import drawing
from gateway.pdf.page import ADDRESS, BODY, LEFT, NAME, cut
from gateway.pdf.sheet import PAGE_HEIGHT, Face, Sheets, wrap
from gateway.pdf.words import Words, country
from transports.letter.cover import Cover

_BACK = Face(6.5)  # the return address, above the recipient's
_INSET = 2.0  # from the edges of the window: letters move in their envelopes
_ROOM = 170.0


def draw(cover: Cover) -> bytes:
    """The page: the address in the window, below it who writes and what follows."""
    with drawing(cover.number, cover.sender, cover.language) as pages:
        sheets = Sheets(top=0, bottom=PAGE_HEIGHT, done=pages.draw)
        _address(sheets, cover)
        sheets.y = max(105.0, cover.window.top + cover.window.height + 20)
        for line in wrap(cover.sender, NAME, _ROOM)[:2]:
            sheets.text(LEFT, line, NAME)
            sheets.y += NAME.line
        sheets.y += 3
        what = f"{Words(cover.language)(cover.kind)} {cover.number}"
        sheets.text(LEFT, cut(what, BODY, _ROOM), BODY)
        sheets.finish()
        return pages.pdf(lambda number, of: [])


def _address(sheets: Sheets, cover: Cover) -> None:
    """Left-aligned, one face, no blank line."""
    window = cover.window
    left, room = window.left + _INSET, window.width - 2 * _INSET
    abroad = [country(cover.country).upper()] if cover.country != cover.home else []
    sheets.y = window.top + 0.5
    if cover.return_line is not None:
        sheets.text(left, cover.return_line, _BACK.fitted(cover.return_line, room))
        sheets.y += ADDRESS.line
    for line in (*cover.lines, *abroad):
        sheets.text(left, line, ADDRESS.fitted(line, room))
        sheets.y += ADDRESS.line
