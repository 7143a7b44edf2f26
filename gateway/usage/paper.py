"""A month's statement for people: a PDF of A4 pages, in English, Swedish or Norwegian.

In charge of what stands where. Not in charge of any sum (`statement`) nor of drawing
(`gateway.pdf`). Pure; the same statement and day, the same bytes.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Final

from gateway.pdf.drawing import drawing
from gateway.pdf.page import (
    BODY,
    BOTTOM,
    DUE,
    LABEL,
    LEFT,
    NAME,
    RIGHT,
    SMALL,
    STRONG,
    TITLE,
    TOP,
    cut,
)
from gateway.pdf.sheet import PAGE_HEIGHT, Face, Ink, Mark, Rule, Sheets, Text, wrap
from gateway.usage.prices import MONTHLY
from gateway.usage.statement import Row, Statement, totals
from schemas import figures

_WORDS: Final = tomllib.loads(Path(__file__).with_name("paper.toml").read_text(encoding="utf-8"))

# Left ends of texts, right ends of figures.
_COUNTRY: Final = LEFT + 42
_KIND: Final = LEFT + 57
_CHARGED: Final = LEFT + 104
_BACK: Final = LEFT + 121
_PRICE: Final = LEFT + 144
_UNDER: Final = 1.4


def paper(shown: Statement, to: str, today: date, language: str) -> bytes:
    """The statement as a PDF; `to` is whose it is: an account's or a company's name."""
    page = _Page(shown, to, today, language)
    with drawing(page.title, to, language) as pages:
        sheets = page.sheets = Sheets(TOP, BOTTOM, pages.draw, y=TOP)
        page.head()
        for _, name, rows in shown.companies():
            page.company(name, rows)
        page.end()
        sheets.finish()
        return pages.pdf(partial(_foot, page))


class _Page:
    """A statement on its way onto the sheets."""

    sheets: Sheets

    def __init__(self, shown: Statement, to: str, today: date, language: str) -> None:
        self._shown = shown
        self._to = to
        self._today = today
        self._language = language
        self.title = self.word("title", month=shown.month)

    def word(self, key: str, **values: object) -> str:
        """A word of the table, with its blanks filled in."""
        text: str = _WORDS[key][self._language]
        return text.format(**values) if values else text

    def head(self) -> None:
        """Whose it is, of which month, and whether it may change."""
        sheets = self.sheets
        sheets.text(LEFT, self.title, TITLE)
        sheets.y += TITLE.line + 3
        for line in wrap(self._to, NAME, RIGHT - LEFT)[:2]:
            sheets.text(LEFT, line, NAME)
            sheets.y += NAME.line
        day = figures.day(self._today, self._language)
        state = self.word("closed") if self._shown.closed else self.word("open", day=day)
        sheets.y += 1
        for text in (state, self.word("without_vat")):
            sheets.text(LEFT, text, SMALL)
            sheets.y += SMALL.line + 0.4
        sheets.y += 6

    def company(self, name: str, rows: Sequence[Row]) -> None:
        """A company's rows under its name, and their sum."""
        sheets = self.sheets
        sheets.need(24)
        sheets.text(LEFT, cut(name, STRONG, RIGHT - LEFT), STRONG)
        sheets.y += STRONG.line + 1.5
        self._columns()
        sheets.new_page = self._columns
        for row in rows:
            sheets.need(BODY.line + _UNDER)
            self._row(row)
        sheets.new_page = None
        for currency, amount in totals(rows).items():
            sheets.need(STRONG.line)
            self._figure(_PRICE, self.word("sum"), STRONG)
            self._figure(RIGHT, self._money(amount, currency), STRONG)
            sheets.y += STRONG.line
        sheets.y += 6

    def _columns(self) -> None:
        sheets = self.sheets
        for x, key in ((LEFT, "channel"), (_COUNTRY, "country"), (_KIND, "kind")):
            sheets.text(x, self.word(key), LABEL)
        for right, key in (
            *((_CHARGED, "charged"), (_BACK, "taken_back")),
            *((_PRICE, "price"), (RIGHT, "amount")),
        ):
            sheets.text(right, self.word(key), LABEL, right=True)
        sheets.y += LABEL.line + 0.9
        sheets.put(Rule(LEFT, sheets.y, RIGHT, Ink.BLACK, 0.6))
        sheets.y += 1.7

    def _row(self, row: Row) -> None:
        sheets = self.sheets
        monthly = row.channel == MONTHLY
        channel = self.word("company_month") if monthly else row.channel
        if row.direction == "in":
            channel = f"{channel}, {self.word('incoming')}"
        kind = self.word(row.kind) if row.kind in _WORDS else row.kind
        sheets.text(LEFT, cut(channel, BODY, _COUNTRY - LEFT - 2), BODY)
        sheets.text(_COUNTRY, row.country, BODY)
        sheets.text(_KIND, cut(kind, BODY, 34), BODY)
        self._figure(_CHARGED, str(row.charged), BODY)
        self._figure(_BACK, str(row.taken_back) if row.taken_back else "", BODY)
        if row.price is None or row.amount is None or row.currency is None:
            self._figure(RIGHT, self.word("no_price"), BODY)
        else:
            self._figure(_PRICE, figures.price(row.price, self._language), BODY)
            self._figure(RIGHT, self._money(row.amount, row.currency), BODY)
        sheets.y += BODY.line
        sheets.put(Rule(LEFT, sheets.y + 0.4, RIGHT))
        sheets.y += _UNDER

    def end(self) -> None:
        """What all comes to, by currency; and what is missing in it."""
        sheets, shown = self.sheets, self._shown
        sheets.need(DUE.line * (len(shown.totals) + 2))
        if not shown.rows:
            sheets.text(LEFT, self.word("nothing"), BODY)
            sheets.y += BODY.line
        for currency, amount in shown.totals.items():
            self._figure(_BACK, self.word("total"), DUE)
            self._figure(RIGHT, self._money(amount, currency), DUE)
            sheets.y += DUE.line + 1
        if shown.unpriced:
            sheets.y += 2
            sheets.text(LEFT, self.word("unpriced", count=shown.unpriced), STRONG)
            sheets.y += STRONG.line

    def _money(self, amount: Decimal, currency: str) -> str:
        """As many decimals as there are: nothing is rounded."""
        written = figures.price(amount, self._language)
        nbsp = "\N{NO-BREAK SPACE}"
        first, then = (currency, written) if self._language == "en" else (written, currency)
        return f"{first}{nbsp}{then}"

    def _figure(self, right: float, text: str, face: Face) -> None:
        fitted = face.fitted(text, 46)
        self.sheets.text(right, text, fitted, right=True, dy=face.ascent - fitted.ascent)


def _foot(page: _Page, number: int, pages: int) -> list[Mark]:
    y = PAGE_HEIGHT - 18.0
    which = f"{page.title} · {number}/{pages}"
    return [Rule(LEFT, y, RIGHT), Text(RIGHT, y + 4.2, which, LABEL, right=True)]
