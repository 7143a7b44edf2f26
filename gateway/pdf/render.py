"""Renders an invoice as a PDF: what stands where on the page. Pure; the same invoice, same bytes.

In charge of the order and the look. Not in charge of measuring and breaking pages (`sheet`), of
letters (`fonts`) or of computing: what is not stated is not shown.
The recipient's address stands where windows of C5, C6/5 and E6/5 envelopes show it: their common
part is 15 to 110 mm from the left and 44 to 70 mm from the top.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TypeVar

from gateway.pdf.fonts import legible
from gateway.pdf.sheet import (
    PAGE_HEIGHT,
    PAGE_WIDTH,
    Face,
    Ink,
    Mark,
    Rule,
    Sheets,
    Text,
    Wash,
    draw,
    wrap,
)
from gateway.pdf.words import Words, country
from schemas.figures import amount, day, money, percent, price, quantity
from schemas.invoice import (
    Address,
    Allowance,
    Buyer,
    Charge,
    Contact,
    CreditTransfer,
    Identifier,
    Invoice,
    Line,
    LineAllowance,
    LineCharge,
    Payment,
    Period,
    PrecedingInvoice,
    Seller,
    Vat,
)

LEFT, RIGHT = 20.0, PAGE_WIDTH - 20.0
TOP, BOTTOM = 20.0, PAGE_HEIGHT - 28.0
ADDRESS_TOP, BELOW_WINDOW = 46.0, 86.0
HEAD_COLUMN, HEAD_VALUES = 122.0, 152.0  # labels and values right of the window

TITLE = Face(19)
NAME = Face(12.5, bold=True)
ADDRESS = Face(10, leading=4.7)  # 10 to 12 points, upright, not bold: the sorting machines' wish
BODY = Face(8.2)
STRONG = Face(8.2, bold=True)
SMALL = Face(7.2, ink=Ink.MUTED)
LABEL = Face(6.8, ink=Ink.MUTED)
DUE = Face(11, bold=True)
PAY = Face(9.2)


def render(invoice: Invoice, language: str) -> bytes:
    """The invoice as a PDF of A4 pages in `language` (en, sv or nb), fonts embedded."""
    page = _Page(invoice, Words(language))
    page.head()
    page.parties()
    page.references()
    page.lines()
    page.allowances_and_charges()
    page.totals()
    page.payment()
    page.remarks()
    return draw(
        page.sheets.pages,
        title=f"{page.title} {invoice.number}",
        author=invoice.seller.name,
        language=language,
        foot=page.foot,
    )


Fact = tuple[str, str]  # label, value
_T = TypeVar("_T")


class _Page:
    """The invoice on its way onto the sheets, section by section."""

    def __init__(self, invoice: Invoice, words: Words) -> None:
        self.invoice = invoice
        self.words = words
        self.language = words.language
        self.sheets = Sheets(TOP, BOTTOM, y=TOP)
        self.title = words("credit_note" if invoice.is_credit_note else "invoice")

    # --- page 1, above the fold ---------------------------------------------------------------

    def head(self) -> None:
        """Seller and title on top, the recipient in the window, the key facts beside it."""
        sheets, seller = self.sheets, self.invoice.seller
        sheets.y = 17.1  # on one baseline with the title
        for line in wrap(seller.name, NAME, HEAD_COLUMN - LEFT - 8)[:2]:
            sheets.text(LEFT, line, NAME)
            sheets.y += NAME.line
        if seller.trading_name and seller.trading_name != seller.name:
            sheets.text(LEFT, _cut(seller.trading_name, SMALL, 90), SMALL)
        sheets.y = 15.0
        sheets.text(HEAD_COLUMN, self.title, TITLE)
        sheets.y = ADDRESS_TOP
        for line in self._recipient():
            sheets.text(LEFT, line, ADDRESS)
            sheets.y += ADDRESS.line
        sheets.y = 30.0
        for label, value in self._key_facts():
            self._fact_row(label, value, BODY)
        self._amount_due_row()
        sheets.y = max(BELOW_WINDOW, sheets.y + 6)

    def _recipient(self) -> list[str]:
        buyer = self.invoice.buyer
        texts = [buyer.name, *self._address(buyer.address)]
        lines = [line for text in texts for line in wrap(text, ADDRESS, 88)[:2]]
        # Six lines are what every window shows; name and town matter most.
        return lines if len(lines) <= 6 else [*lines[:4], *lines[-2:]]

    def _key_facts(self) -> list[Fact]:
        invoice, words = self.invoice, self.words
        buyer_number = invoice.buyer.identifier
        return _stated(
            (words("number"), invoice.number),
            (words("issue_date"), day(invoice.issue_date, self.language)),
            (words("due_date"), invoice.due_date and day(invoice.due_date, self.language)),
            (words("customer_number"), buyer_number and buyer_number.value),
            (words("buyer_reference"), invoice.buyer_reference),
            (words("purchase_order_reference"), invoice.purchase_order_reference),
            (words("period"), self._period(invoice.period)),
            *(
                (words("preceding_invoice"), self._preceding(before))
                for before in invoice.preceding_invoices[:3]
            ),
        )

    def _amount_due_row(self) -> None:
        totals = self.invoice.totals
        if totals is None or totals.due is None:
            return
        sheets = self.sheets
        sheets.y += 1.6
        sheets.put(Rule(HEAD_COLUMN, sheets.y, RIGHT))
        sheets.y += 2.2
        label = self.words("credited" if self.invoice.is_credit_note else "to_pay")
        sheets.text(HEAD_COLUMN, label, BODY.muted(), dy=0.9)
        self._figure(RIGHT, self._money(totals.due), 46, DUE)
        sheets.y += DUE.line

    def _fact_row(self, label: str, value: str, face: Face) -> None:
        sheets = self.sheets
        sheets.text(HEAD_COLUMN, _cut(label, face, HEAD_VALUES - HEAD_COLUMN - 1), face.muted())
        for line in wrap(value, face, RIGHT - HEAD_VALUES)[:3]:
            sheets.text(HEAD_VALUES, line, face)
            sheets.y += face.line + 0.15
        sheets.y += 0.35

    # --- who and what for ---------------------------------------------------------------------

    def parties(self) -> None:
        """Whoever else matters, side by side: buyer, delivery, payee, our contact."""
        blocks = [block for block in self._party_blocks() if len(block) > 1]
        for start in range(0, len(blocks), 3):
            self._side_by_side(blocks[start : start + 3], 3)

    def _party_blocks(self) -> Iterable[list[str]]:
        """Each with its label first; one that holds nothing else is not shown."""
        invoice, words = self.invoice, self.words
        buyer, seller, delivery = invoice.buyer, invoice.seller, invoice.delivery
        yield [words("buyer"), *self._ids(buyer), *_contact(buyer.contact)]
        yield [words("our_contact"), *_contact(seller.contact)]
        if delivery is not None:
            location = delivery.location_id
            yield [
                words("delivery"),
                *([delivery.name] if delivery.name else []),
                *(self._address(delivery.address) if delivery.address else []),
                *([f"{words('location')} {location.value}"] if location else []),
                *(
                    [f"{words('delivery_date')} {day(delivery.date, self.language)}"]
                    if delivery.date
                    else []
                ),
            ]
        if invoice.payee is not None:
            payee = invoice.payee
            yield [
                words("payee"),
                payee.name,
                *(f"{words('legal_id')} {i.value}" for i in (payee.legal_id,) if i),
                *(f"{words('identifier')} {i.value}" for i in (payee.identifier,) if i),
            ]
        if invoice.tax_representative is not None:
            agent = invoice.tax_representative
            yield [
                words("tax_representative"),
                agent.name,
                *self._address(agent.address),
                f"{words('vat_id')} {agent.vat_id}",
            ]

    def _ids(self, party: Buyer | Seller) -> list[str]:
        words, legal, endpoint = self.words, party.legal_id, party.endpoint
        facts = _stated(
            (words("legal_id"), legal and legal.value),
            (words("vat_id"), party.vat_id),
            (words("endpoint"), endpoint and _scheme_and_value(endpoint)),
        )
        return [f"{label} {value}" for label, value in facts]

    def references(self) -> None:
        """Every other reference, label above value, four to a row."""
        invoice, words, language = self.invoice, self.words, self.language
        subject = invoice.invoiced_object
        facts = _stated(
            (words("contract_reference"), invoice.contract_reference),
            (words("project_reference"), invoice.project_reference),
            (words("sales_order_reference"), invoice.sales_order_reference),
            (words("despatch_advice_reference"), invoice.despatch_advice_reference),
            (words("receiving_advice_reference"), invoice.receiving_advice_reference),
            (words("tender_reference"), invoice.tender_reference),
            (words("invoiced_object"), subject and _scheme_and_value(subject)),
            (words("buyer_accounting_reference"), invoice.buyer_accounting_reference),
            (
                words("tax_point_date"),
                invoice.tax_point_date and day(invoice.tax_point_date, language),
            ),
            *(
                (words("preceding_invoice"), self._preceding(before))
                for before in invoice.preceding_invoices[3:]
            ),
        )
        blocks = [[label, value] for label, value in facts]
        for start in range(0, len(blocks), 4):
            self._side_by_side(blocks[start : start + 4], 4)

    def _side_by_side(self, blocks: Sequence[Sequence[str]], columns: int) -> None:
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

    # --- lines --------------------------------------------------------------------------------

    def lines(self) -> None:
        """The invoice lines, with the table's head on every page they reach."""
        self.sheets.y += 2
        self.sheets.need(20)
        self._lines_head()
        self.sheets.new_page = self._lines_head
        for line in self.invoice.lines:
            self._line(line)
        self.sheets.new_page = None

    def _lines_head(self) -> None:
        sheets, words = self.sheets, self.words
        sheets.text(_ITEM, words("item"), LABEL)
        sheets.text(_QUANTITY, words("quantity"), LABEL, right=True)
        sheets.text(_PRICE, words("price"), LABEL, right=True)
        sheets.text(_VAT, words("vat"), LABEL, right=True)
        sheets.text(RIGHT, f"{words('amount')} {self.invoice.currency}", LABEL, right=True)
        sheets.y += LABEL.line + 0.9
        sheets.put(Rule(LEFT, sheets.y, RIGHT, Ink.BLACK, 0.6))
        sheets.y += 1.7

    def _line(self, line: Line) -> None:
        sheets, language = self.sheets, self.language
        names = wrap(line.item.name, BODY, _ITEM_ROOM)
        details = [row for text in self._details(line) for row in wrap(text, SMALL, _DETAIL_ROOM)]
        height = len(names) * BODY.line + len(details) * SMALL.line
        # A line stays together unless it is longer than a third of a page.
        sheets.need(min(height, 80))
        sheets.text(LEFT, _cut(line.id, SMALL, _ITEM - LEFT - 1), SMALL, dy=0.35)
        unit = self.words.unit(line.unit)
        self._figure(_QUANTITY, quantity(line.quantity, language), 16)
        sheets.text(_QUANTITY + 1.5, _cut(unit, BODY, 13), BODY)
        self._figure(_PRICE, price(line.price.net, language), 20)
        self._figure(_VAT, self._vat(line.item.vat), 14)
        if line.net_amount is not None:
            self._figure(RIGHT, amount(line.net_amount, language), 21)
        for text, face in (*((n, BODY) for n in names), *((d, SMALL) for d in details)):
            sheets.need(face.line)
            sheets.text(_ITEM, text, face)
            sheets.y += face.line
        sheets.y += 1.1
        sheets.put(Rule(LEFT, sheets.y, RIGHT))
        sheets.y += 1.5

    def _details(self, line: Line) -> Iterable[str]:
        """What stands below a line's name, in small."""
        words, item, language = self.words, line.item, self.language
        if item.description and item.description != item.name:
            yield item.description
        ids = _stated(
            (words("seller_id"), item.seller_id),
            (words("buyer_id"), item.buyer_id),
            (words("standard_id"), item.standard_id and item.standard_id.value),
            *((words("classification"), kind.value) for kind in item.classifications),
            (words("origin_country"), item.origin_country),
        )
        references = _stated(
            (words("order_line"), line.order_line),
            (words("accounting"), line.buyer_accounting_reference),
            (words("object"), line.object_id and line.object_id.value),
            (words("period"), self._period(line.period)),
        )
        yield from _in_rows(ids)
        yield from _in_rows(references)
        yield from _in_rows([(f"{each.name}:", each.value) for each in item.attributes])
        base = line.price.base_quantity
        if base is not None and base != 1:
            unit = self.words.unit(line.price.base_unit or line.unit)
            yield f"{words('price')} {words('per')} {quantity(base, language)} {unit}"
        if line.price.discount and line.price.gross is not None:
            gross, discount = line.price.gross, line.price.discount
            yield (
                f"{words('gross_price')} {price(gross, language)}, "
                f"{words('discount')} {price(discount, language)}"
            )
        for reduction in line.allowances:
            yield self._adjustment(reduction, "allowance")
        for addition in line.charges:
            yield self._adjustment(addition, "charge")
        if line.note:
            yield line.note

    def _adjustment(self, item: Allowance | Charge | LineAllowance | LineCharge, kind: str) -> str:
        """ "Rabatt: Kampanj, 10 % av 1 000,00: −100,00"."""
        text = self.words(kind) + (f": {item.reason}" if item.reason else "")
        if item.percent is not None:
            text += f", {percent(item.percent, self.language)}"
            if item.base is not None:
                text += f" {self.words('of')} {amount(item.base, self.language)}"
        if isinstance(item, (LineAllowance, LineCharge)) and item.amount is not None:
            sign = -1 if kind == "allowance" else 1
            text += f": {amount(sign * item.amount, self.language)}"
        return text

    # --- sums ---------------------------------------------------------------------------------

    def allowances_and_charges(self) -> None:
        """Discounts and charges on the whole document, in the columns of the lines."""
        both: list[tuple[Allowance | Charge, str, int]] = [
            *((item, "allowance", -1) for item in self.invoice.allowances),
            *((item, "charge", 1) for item in self.invoice.charges),
        ]
        for item, kind, sign in both:
            names = wrap(self._adjustment(item, kind), BODY, _PRICE - _ITEM)
            self.sheets.need(len(names) * BODY.line + 3)
            self._figure(_VAT, self._vat(item.vat), 14)
            if item.amount is not None:
                self._figure(RIGHT, amount(sign * item.amount, self.language), 21)
            for name in names:
                self.sheets.text(_ITEM, name, BODY)
                self.sheets.y += BODY.line
            self.sheets.y += 1.1
            self.sheets.put(Rule(LEFT, self.sheets.y, RIGHT))
            self.sheets.y += 1.5

    def totals(self) -> None:
        """VAT by rate on the left, the sums on the right, the amount due at the end."""
        sheets, sums, vat = self.sheets, self._sums(), self._vat_rows()
        sums_height = len(sums) * (BODY.line + 0.5) + 14
        vat_height = 6 + sum((1 + len(reason)) * BODY.line + 0.5 for *_, reason in vat)
        sheets.y += 3
        if vat_height > 120:  # so many rates that they need pages of their own
            sheets.need(sums_height)
            self._sum_table(sums)
            self._vat_table(vat)
        else:
            sheets.need(max(sums_height, vat_height))
            start = sheets.y
            self._vat_table(vat)
            below, sheets.y = sheets.y, start
            self._sum_table(sums)
            sheets.y = max(below, sheets.y)
        sheets.y += 5

    def _sums(self) -> list[Fact]:
        totals, words, invoice = self.invoice.totals, self.words, self.invoice
        if totals is None:
            return []
        paid = -totals.paid if totals.paid else None
        taken = -totals.allowances if totals.allowances else None
        in_vat_currency = (
            words("total_vat_in_vat_currency", currency=invoice.vat_currency or ""),
            totals.vat_in_vat_currency,
        )
        return [
            (label, amount(value, self.language))
            for label, value in (
                (words("total_lines"), totals.lines),
                (words("total_allowances"), taken),
                (words("total_charges"), totals.charges or None),
                (words("total_without_vat"), totals.without_vat),
                (words("total_vat"), totals.vat),
                in_vat_currency,
                (words("total_with_vat"), totals.with_vat),
                (words("total_paid"), paid),
                (words("total_rounding"), totals.rounding or None),
            )
            if value is not None
        ]

    def _sum_table(self, sums: Sequence[Fact]) -> None:
        sheets, totals = self.sheets, self.invoice.totals
        for label, value in sums:
            sheets.text(_SUMS, label, BODY.muted())
            self._figure(RIGHT, value, 35)
            sheets.y += BODY.line + 0.5
        if totals is not None and totals.due is not None:
            sheets.y += 1.0
            sheets.put(Rule(_SUMS, sheets.y, RIGHT, Ink.BLACK, 0.6))
            sheets.y += 2.2
            label = self.words("credited" if self.invoice.is_credit_note else "to_pay")
            sheets.text(_SUMS, label, STRONG, dy=0.8)
            self._figure(RIGHT, self._money(totals.due), 46, DUE)
            sheets.y += DUE.line + 1

    def _vat_rows(self) -> list[tuple[str, str, str, list[str]]]:
        return [
            (
                self._vat(Vat(row.category, row.rate)),
                "" if row.taxable is None else amount(row.taxable, self.language),
                "" if row.tax is None else amount(row.tax, self.language),
                wrap(row.exemption_reason or row.exemption_code or "", SMALL, 76),
            )
            for row in self.invoice.vat_breakdown
        ]

    def _vat_table(self, rows: Sequence[tuple[str, str, str, list[str]]]) -> None:
        if not rows:
            return
        sheets, words = self.sheets, self.words
        sheets.text(LEFT, words("vat_specification"), LABEL)
        sheets.text(LEFT + 52, words("taxable"), LABEL, right=True)
        sheets.text(LEFT + 78, words("vat"), LABEL, right=True)
        sheets.y += LABEL.line + 0.9
        sheets.put(Rule(LEFT, sheets.y, LEFT + 78))
        sheets.y += 1.5
        for rate, taxable, tax, reason in rows:
            sheets.need(BODY.line + len(reason) * SMALL.line)
            sheets.text(LEFT, rate, BODY)
            self._figure(LEFT + 52, taxable, 30)
            self._figure(LEFT + 78, tax, 24)
            sheets.y += BODY.line + 0.5
            for line in reason:
                sheets.text(LEFT, line, SMALL)
                sheets.y += SMALL.line

    # --- how to pay ---------------------------------------------------------------------------

    def payment(self) -> None:
        """The payment block: with which reference, when, how much; and where to."""
        rows = self._payment_rows()
        if not rows:
            return
        sheets = self.sheets
        cells = [
            [(label, wrap(value, PAY, room - 4)) for (label, value), room in _in_columns(row)]
            for row in rows
        ]
        heights = [
            LABEL.line + max(len(lines) for _, lines in row) * PAY.line + 3.2 for row in cells
        ]
        sheets.need(min(sum(heights) + 6, 120))
        for row, height in zip(cells, heights, strict=True):
            sheets.need(height + 3.2)
            sheets.put(Wash(LEFT, sheets.y, RIGHT - LEFT, height + 3.2))
            x = LEFT + 4
            for (label, lines), room in _in_columns(row):
                sheets.text(x, label, LABEL, dy=3)
                for at, line in enumerate(lines):
                    sheets.text(x, line, PAY, dy=3 + LABEL.line + 0.6 + at * PAY.line)
                x += room
            sheets.y += height
        sheets.y += 8

    def _payment_rows(self) -> list[list[Fact]]:
        """Rows of up to three facts: what every payer needs, then a row for each account."""
        invoice, words = self.invoice, self.words
        if not invoice.payments:
            return []
        references = [(self._reference_label(each), each.reference) for each in invoice.payments]
        due_date = None if invoice.is_credit_note else invoice.due_date
        due = invoice.totals.due if invoice.totals else None
        label = words("credited" if invoice.is_credit_note else "to_pay")
        first = _stated(
            *dict.fromkeys(references),  # several means often share one reference
            (words("due_date"), due_date and day(due_date, self.language)),
            (label, None if due is None else self._money(due)),
        )
        rows = _threes(first)
        numbers: list[Fact] = []
        for payment in invoice.payments:
            for account in payment.credit_transfers:
                number, *bank = self._account(account)
                if bank:
                    rows.append([number, *bank])
                else:
                    numbers.append(number)
            rows += _threes(self._other_means(payment))
        return rows + _threes(numbers)

    def _account(self, account: CreditTransfer) -> list[Fact]:
        label, number, bank = self.words("account"), account.account, account.service_provider
        compact = number.replace(" ", "")
        match bank:
            case "SE:BANKGIRO":
                label, number, bank = "Bankgiro", _bankgiro(compact), None
            case "SE:PLUSGIRO":
                label, number, bank = "Plusgiro", _plusgiro(compact), None
            case _ if re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{8,30}", compact):
                label = "IBAN"
                number = " ".join(compact[n : n + 4] for n in range(0, len(compact), 4))
            case _ if self.invoice.seller.address.country == "NO" and len(compact) == 11:
                number = f"{compact[:4]} {compact[4:6]} {compact[6:]}"
        return _stated(
            (label, number),
            ("BIC", bank),
            (self.words("account_name"), account.account_name),
        )

    def _other_means(self, payment: Payment) -> list[Fact]:
        words, card, debit = self.words, payment.card, payment.direct_debit
        named = payment.means_text or words.means(payment.means)
        return _stated(
            (words("means"), None if payment.credit_transfers else named),
            (words("card"), card and " ".join(filter(None, (card.network, card.account)))),
            (words("mandate"), debit and debit.mandate),
            (words("creditor_id"), debit and debit.creditor_id),
            (words("debited_account"), debit and debit.debited_account),
        )

    def _reference_label(self, payment: Payment) -> str:
        digits = (payment.reference or "").isdigit()
        match self.invoice.seller.address.country:
            case "SE" if digits:
                return "OCR"
            case "NO" if digits:
                return "KID"
        return self.words("payment_reference")

    def remarks(self) -> None:
        """Payment terms, notes, and what is enclosed."""
        invoice, words = self.invoice, self.words
        enclosed = [
            " – ".join(filter(None, (item.reference, item.description, item.url)))
            for item in invoice.supporting_documents
        ]
        for label, texts in (
            (words("terms"), [invoice.payment_terms] if invoice.payment_terms else []),
            (words("notes"), [note.text for note in invoice.notes]),
            (words("enclosed"), enclosed),
        ):
            lines = [line for text in texts for line in wrap(text, BODY, _PROSE_ROOM)]
            if not lines:
                continue
            sheets = self.sheets
            sheets.need(LABEL.line + 2 * BODY.line)
            sheets.text(LEFT, label, LABEL)
            sheets.y += LABEL.line + 0.4
            for line in lines:
                sheets.need(BODY.line)
                sheets.text(LEFT, line, BODY)
                sheets.y += BODY.line
            sheets.y += 3

    # --- every page ---------------------------------------------------------------------------

    def foot(self, number: int, pages: int) -> list[Mark]:
        """Who the seller is, and which page this is."""
        seller, words = self.invoice.seller, self.words
        legal = [
            *self._ids(seller),
            *([f"{words('identifier')} {i.value}" for i in seller.identifiers]),
            *([seller.tax_registration_id] if seller.tax_registration_id else []),
            *([seller.legal_form] if seller.legal_form else []),
        ]
        home = seller.address.country
        abroad = [country(home)] if self.invoice.buyer.address.country != home else []
        address = [seller.name, *self._address(seller.address), *abroad]
        lines = [
            *wrap(", ".join(address), LABEL, RIGHT - LEFT - 24)[:1],  # beside the page number
            *wrap(" · ".join(legal), LABEL, RIGHT - LEFT)[:3],
        ]
        y = PAGE_HEIGHT - 22.0
        marks: list[Mark] = [Rule(LEFT, y, RIGHT)]
        for n, line in enumerate(lines):
            marks.append(Text(LEFT, y + 4.2 + n * LABEL.line, line, LABEL))
        which = words("page", page=number, pages=pages)
        marks.append(Text(RIGHT, y + 4.2, which, LABEL, right=True))
        if number > 1:
            again = f"{self.title} {legible(self.invoice.number)}"
            marks.append(Text(RIGHT, 14, _cut(again, LABEL, 100), LABEL, right=True))
        return marks

    # --- small words --------------------------------------------------------------------------

    def _address(self, address: Address) -> list[str]:
        """An address in lines, with its country when that is not the seller's."""
        town = " ".join(filter(None, (address.post_code, address.city)))
        lines = [address.line1, address.line2, address.line3, town, address.subdivision]
        if address.country != self.invoice.seller.address.country:
            lines.append(country(address.country))
        return [line for line in lines if line]

    def _money(self, value: Decimal) -> str:
        return money(value, self.invoice.currency, self.language)

    def _vat(self, vat: Vat) -> str:
        """The rate; the category's letter beside it where it is not the ordinary one."""
        rate = "" if vat.rate is None else percent(vat.rate, self.language)
        return rate if vat.category == "S" else f"{vat.category} {rate}".strip()

    def _figure(self, right: float, text: str, room: float, face: Face = BODY) -> None:
        """Places a figure by its right end; smaller, rather than over its neighbour."""
        fitted = face.fitted(text, room)
        self.sheets.text(right, text, fitted, right=True, dy=face.ascent - fitted.ascent)

    def _period(self, period: Period | None) -> str | None:
        if period is None or not (period.start or period.end):
            return None
        ends = (day(at, self.language) if at else "" for at in (period.start, period.end))
        return " – ".join(ends).strip()

    def _preceding(self, before: PrecedingInvoice) -> str:
        at = before.issue_date
        return f"{before.number} ({day(at, self.language)})" if at else before.number


# Columns of the lines: left ends of texts, right ends of figures.
_ITEM = LEFT + 8
_ITEM_ROOM = 73.0
_DETAIL_ROOM = 96.0  # below the first line the columns to the right are empty
_QUANTITY = LEFT + 98
_PRICE = LEFT + 131
_VAT = LEFT + 147
_SUMS = LEFT + 100
_PROSE_ROOM = 130.0  # longer lines are hard to follow
_PAY_ROOM = (70.0, 46.0, 46.0)  # an IBAN of 24 characters fits the first


def _in_columns(row: Sequence[_T]) -> Iterable[tuple[_T, float]]:
    """The cells of a row of the payment block, each with the room it has."""
    return zip(row, _PAY_ROOM, strict=False)


def _threes(facts: Sequence[Fact]) -> list[list[Fact]]:
    return [list(facts[n : n + 3]) for n in range(0, len(facts), 3)]


def _stated(*facts: tuple[str, object]) -> list[Fact]:
    """Those that have a value; `thing and thing.value` may be given for a thing that is absent."""
    return [(label, value) for label, value in facts if isinstance(value, str) and value]


def _in_rows(facts: Sequence[Fact]) -> Iterable[str]:
    """Small facts beside each other, as many as fit the items' column."""
    row = ""
    for label, value in facts:
        fact = f"{label} {value}"
        longer = f"{row} · {fact}"
        if not row:
            row = fact
        elif SMALL.wide(longer) <= _DETAIL_ROOM:
            row = longer
        else:
            yield row
            row = fact
    if row:
        yield row


def _cut(text: str, face: Face, room: float) -> str:
    """The first line of a text that fits."""
    lines = wrap(text, face, room)
    return lines[0] if lines else ""


def _contact(contact: Contact | None) -> list[str]:
    if contact is None:
        return []
    return [text for text in (contact.name, contact.phone, contact.email) if text]


def _scheme_and_value(identifier: Identifier) -> str:
    return f"{identifier.scheme}:{identifier.value}" if identifier.scheme else identifier.value


def _bankgiro(number: str) -> str:
    """5050-1055: the last four digits stand apart."""
    return f"{number[:-4]}-{number[-4:]}" if number.isdigit() and len(number) in (7, 8) else number


def _plusgiro(number: str) -> str:
    """28 65 43-4: pairs from the right, the check digit apart."""
    if not number.isdigit() or not 2 <= len(number) <= 8:
        return number
    head = number[:-1]
    first = len(head) % 2
    pairs = [head[:first]] * bool(first) + [head[n : n + 2] for n in range(first, len(head), 2)]
    return f"{' '.join(pairs)}-{number[-1]}"
