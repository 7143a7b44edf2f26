"""What the sections of the picture share: margins, faces, and how small things are written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from gateway.pdf.logo import Logo
from gateway.pdf.sheet import PAGE_HEIGHT, PAGE_WIDTH, Face, Ink, Mark, Sheets, wrap
from gateway.pdf.words import Words, country
from schemas.figures import day, money, percent
from schemas.forms import kind
from schemas.invoice import (
    Address,
    Buyer,
    Contact,
    Identifier,
    Invoice,
    Period,
    PrecedingInvoice,
    Seller,
    Vat,
)

LEFT, RIGHT = 20.0, PAGE_WIDTH - 20.0
TOP, BOTTOM = 20.0, PAGE_HEIGHT - 28.0

TITLE = Face(19)
NAME = Face(12.5, bold=True)
ADDRESS = Face(10, leading=4.7)  # 10 to 12 points, upright, not bold: the sorting machines' wish
BODY = Face(8.2)
STRONG = Face(8.2, bold=True)
SMALL = Face(7.2, ink=Ink.MUTED)
LABEL = Face(6.8, ink=Ink.MUTED)
DUE = Face(11, bold=True)
PAY = Face(9.2)

Fact = tuple[str, str]  # label, value


class Page:
    """An invoice on its way onto the sheets; the sections put themselves below each other."""

    def __init__(
        self,
        invoice: Invoice,
        words: Words,
        done: Callable[[Sequence[Mark]], None],
        logo: Logo | None = None,
    ) -> None:
        self.invoice = invoice
        self.logo = logo
        self.words = words
        self.language = words.language
        self.sheets = Sheets(TOP, BOTTOM, done, y=TOP)
        self.title = words(kind(invoice))

    def figure(self, right: float, text: str, room: float, face: Face = BODY) -> None:
        """Places a figure by its right end; smaller, rather than over its neighbour."""
        fitted = face.fitted(text, room)
        self.sheets.text(right, text, fitted, right=True, dy=face.ascent - fitted.ascent)

    def side_by_side(self, blocks: Sequence[Sequence[str]], columns: int) -> None:
        """Blocks in columns; the first line of each is its label."""
        sheets = self.sheets
        room = (RIGHT - LEFT) / columns
        texts = [
            [line for text in block[1:] for line in wrap(text, BODY, room - 5)][:40]
            for block in blocks
        ]
        height = LABEL.line + max(len(lines) for lines in texts) * BODY.line
        sheets.need(height)
        for n, (block, lines) in enumerate(zip(blocks, texts, strict=True)):
            x = LEFT + n * room
            sheets.text(x, block[0], LABEL)
            for at, line in enumerate(lines):
                sheets.text(x, line, BODY, dy=LABEL.line + 0.4 + at * BODY.line)
        sheets.y += height + 4

    def ids(self, party: Buyer | Seller) -> list[str]:
        """A party's numbers, each with its label."""
        words, legal, endpoint = self.words, party.legal_id, party.endpoint
        facts = stated(
            (words("legal_id"), legal and legal.value),
            (words("vat_id"), party.vat_id),
            (words("endpoint"), endpoint and scheme_and_value(endpoint)),
        )
        return [f"{label} {value}" for label, value in facts]

    def address(self, address: Address) -> list[str]:
        """An address in lines, with its country when that is not the seller's."""
        town = " ".join(filter(None, (address.post_code, address.city)))
        lines = [address.line1, address.line2, address.line3, town, address.subdivision]
        if address.country != self.invoice.seller.address.country:
            lines.append(country(address.country))
        return [line for line in lines if line]

    def money(self, value: Decimal) -> str:
        """An amount with the invoice's currency."""
        return money(value, self.invoice.currency, self.language)

    def vat(self, vat: Vat) -> str:
        """The rate; the category's letter beside it where it is not the ordinary one."""
        rate = "" if vat.rate is None else percent(vat.rate, self.language)
        return rate if vat.category == "S" else f"{vat.category} {rate}".strip()

    def period(self, period: Period | None) -> str | None:
        """From when to when; None when neither is stated."""
        if period is None or not (period.start or period.end):
            return None
        ends = (day(at, self.language) if at else "" for at in (period.start, period.end))
        return " – ".join(ends).strip()

    def preceding(self, before: PrecedingInvoice) -> str:
        """An earlier invoice's number, with its date where stated."""
        at = before.issue_date
        return f"{before.number} ({day(at, self.language)})" if at else before.number


def title(invoice: Invoice, words: Words) -> str:
    """Invoice or credit note."""
    return words("credit_note" if invoice.is_credit_note else "invoice")


def stated(*facts: tuple[str, object]) -> list[Fact]:
    """Those that have a value; `thing and thing.value` may be given for a thing that is absent."""
    return [(label, value) for label, value in facts if isinstance(value, str) and value]


def cut(text: str, face: Face, room: float) -> str:
    """The first line of a text that fits."""
    lines = wrap(text, face, room)
    return lines[0] if lines else ""


def people(contact: Contact | None) -> list[str]:
    """Whom to turn to, a line each: name, phone, e-mail address."""
    if contact is None:
        return []
    return [text for text in (contact.name, contact.phone, contact.email) if text]


def scheme_and_value(identifier: Identifier) -> str:
    """0007:5560001116, or the value alone where there is no scheme."""
    return f"{identifier.scheme}:{identifier.value}" if identifier.scheme else identifier.value
