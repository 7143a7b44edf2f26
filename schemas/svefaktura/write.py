"""Writes the model of EN 16931 as Svefaktura 1.0, with an object envelope for files where asked.

In charge of the mapping of `read`, backwards, and of losing nothing: what was written is read
again, and each term that does not come back as it was is `Lost`. It computes nothing:
`schemas.totals.complete` first. Not lost, though another Svefaktura would say the same:

* process, specification (BT-23, BT-24), which are Peppol's, and electronic addresses (BT-34,
  BT-49), which stand on the envelope of the transport;
* separators in postal codes, telephone numbers, accounts and registrations, which Svefaktura does
  not allow, blanks around a text, and a 0 for no sum (BT-107, BT-108, BT-113, BT-114);
* the name of an account (BT-85) that is the name of who is paid;
* which code of a credit transfer it is (30, 42, 58), told by the account; the parts of a note;
* the code of an exemption that its category says already (reverse charge, intra-community supply,
  export, outside VAT), which gets the category's name in Swedish where it has no words;
* the unit of the price's base quantity, which is that of the quantity.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from lxml import etree

from schemas.invoice import (
    Address,
    Allowance,
    Attachment,
    Buyer,
    Charge,
    Contact,
    CreditTransfer,
    Identifier,
    Invoice,
    Line,
    LineAllowance,
    LineCharge,
    Note,
    Payment,
    Price,
    Seller,
    SupportingDocument,
    Totals,
    Vat,
    VatBreakdown,
)
from schemas.svefaktura.objects import REFERENCE, read_objects, write_objects
from schemas.svefaktura.read import (
    ALLOWANCE,
    CHARGE,
    DESPATCH_ADVICE,
    GIROS,
    GLN,
    GTIN,
    NO_VAT,
    ORGNR,
    is_orgnr,
    read,
)
from schemas.svefaktura.values import NAMESPACES
from schemas.totals import EXEMPTION_CODES
from schemas.ubl.read import Unreadable


@dataclass(frozen=True, slots=True)
class Lost:
    """A term that Svefaktura cannot carry, or that it demands and the invoice has not.

    `where` is a JSON pointer into the model; `value` what stands there, "" where nothing does.
    """

    term: str
    name: str
    where: str
    value: str
    why: str


class Unfit(ValueError):
    """An invoice that cannot become a Svefaktura as it is: all that would be lost."""

    def __init__(self, lost: tuple[Lost, ...]) -> None:
        super().__init__("; ".join(f"{each.where} ({each.term}): {each.why}" for each in lost))
        self.lost = lost


@dataclass(frozen=True, slots=True)
class Written:
    """A Svefaktura, and the object envelope with its files; both UTF-8 with a declaration."""

    document: bytes
    envelope: bytes | None = None


def write(invoice: Invoice, *, envelope_made: datetime | None = None) -> Written:
    """Returns the Svefaktura; with `envelope_made`, its time, also the envelope of embedded files.

    Raises Unfit with every term that would be lost. A file is lost where no envelope is asked for.
    """
    wanted = _canonical(invoice)
    if lost := (*_unwritable(wanted, "", ""), *_missing(wanted)):
        raise Unfit(lost)
    root = _document(wanted)
    files = [d for d in wanted.supporting_documents if d.attachment]
    envelope = write_objects(wanted, files, envelope_made) if files and envelope_made else None
    try:
        objects = {} if envelope is None else read_objects(envelope, invoice=wanted.number)
        found = _canonical(read(root, objects).invoice)
    except Unreadable as error:
        raise Unfit((Lost("", "", "", "", f"cannot be told in a Svefaktura: {error}"),)) from error
    if lost := tuple(_differences(wanted, found, "", "")):
        raise Unfit(lost)
    return Written(_bytes(root), None if envelope is None else _bytes(envelope))


def _bytes(root: etree._Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


# The one form in which two invoices that say the same are equal.

_EDITING: Final = re.compile(r"[\s./()–-]")
_PLAIN_FIELDS: Final = frozenset({"post_code", "phone", "account", "vat_id"})
_TRANSFERS: Final = frozenset({"30", "42", "58"})  # UNTDID 4461
_ZERO_SUMS: Final = ("allowances", "charges", "paid", "rounding")


def _canonical(invoice: Invoice) -> Invoice:
    invoice = _stripped(invoice) or invoice
    notes = (Note("\n".join(n.text for n in invoice.notes)),) if len(invoice.notes) > 1 else None
    if notes and any(note.subject for note in invoice.notes):
        notes = None
    invoice = replace(
        invoice,
        specification=None,
        business_process=None,
        seller=replace(invoice.seller, endpoint=None),
        buyer=replace(invoice.buyer, endpoint=None),
        notes=notes or invoice.notes,
        payments=tuple(p for each in invoice.payments if (p := _payment(each, _paid(invoice)))),
        lines=tuple(_line(line) for line in invoice.lines),
        vat_breakdown=tuple(_row(row) for row in invoice.vat_breakdown),
    )
    if invoice.totals:
        zeros = {name: None for name in _ZERO_SUMS if not getattr(invoice.totals, name)}
        invoice = replace(invoice, totals=replace(invoice.totals, **zeros))
    return invoice


def _stripped(value: Any, name: str = "") -> Any:
    """Without blanks around texts, empty groups, and separators where Svefaktura has none."""
    match value:
        case str():
            return (_EDITING.sub("", value) if name in _PLAIN_FIELDS else value.strip()) or None
        case tuple():
            return tuple(kept for item in value if (kept := _stripped(item)) is not None)
        case Identifier():
            text = value.value.strip()
            if value.scheme == ORGNR or name == "legal_id":
                text = _EDITING.sub("", text)
            scheme = value.scheme or (ORGNR if is_orgnr(text) and name != "standard_id" else None)
            return Identifier(text, scheme, value.scheme_version) if text else None
        case Attachment():
            return value
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            fields = dataclasses.fields(value)
            stated = {f.name: _stripped(getattr(value, f.name), f.name) for f in fields}
            if all(each is None for each in stated.values()):
                return None
            # A required text that is empty is missing; the text stays a text.
            kept = {
                f.name: ""
                for f in fields
                if f.default is dataclasses.MISSING
                and stated[f.name] is None
                and isinstance(getattr(value, f.name), str)
            }
            kept |= {
                f.name: getattr(value, f.name)
                for f in fields
                if f.default is dataclasses.MISSING
                and stated[f.name] is None
                and not isinstance(getattr(value, f.name), str)
            }
            return replace(value, **(stated | kept))
    return value


def _paid(invoice: Invoice) -> frozenset[str | None]:
    """The names of who is paid."""
    payee = invoice.payee.name if invoice.payee else None
    return frozenset((payee or invoice.seller.name, payee or invoice.seller.trading_name))


def _payment(payment: Payment, paid: frozenset[str | None]) -> Payment | None:
    transfers = tuple(
        replace(each, account_name=None) if each.account_name in paid else each
        for each in payment.credit_transfers
    )
    payment = replace(payment, credit_transfers=transfers)
    if payment.means not in _TRANSFERS:
        return payment
    payment = replace(payment, means="30")
    return None if payment == Payment("30") else payment


def _line(line: Line) -> Line:
    if line.price.base_unit == line.unit:
        line = replace(line, price=replace(line.price, base_unit=None))
    return line


def _row(row: VatBreakdown) -> VatBreakdown:
    if row.exemption_code == EXEMPTION_CODES.get(row.category):
        row = replace(row, exemption_code=None)
    return replace(row, exemption_reason=row.exemption_reason or _REASONS.get(row.category))


# What stands for a reason that was given as a code alone; `read` knows the category by it.
_REASONS: Final = {
    "AE": "Omvänd betalningsskyldighet",
    "K": "Unionsintern försäljning",
    "G": "Export",
    "O": NO_VAT,
}


# What is told of the terms that do not fit.

_MOST_DIGITS: Final = 28
_ILLEGAL: Final = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _unwritable(value: Any, where: str, term: str, name: str = "") -> Iterator[Lost]:
    match value:
        case str() if found := _ILLEGAL.search(value):
            why = f"the character U+{ord(found.group()):04X} cannot stand in XML, remove it"
            yield Lost(term, name, where, ascii(value), why)
        case Decimal() if (
            not value.is_finite()
            or max(abs(value.adjusted()), -int(value.as_tuple().exponent)) > _MOST_DIGITS // 2
            or len(value.as_tuple().digits) > _MOST_DIGITS - 1
        ):
            yield Lost(term, name, where, f"{value:.3E}", "the number has too many digits")
        case tuple():
            for index, item in enumerate(value):
                yield from _unwritable(item, f"{where}/{index}", term, name)
        case _ if dataclasses.is_dataclass(value):
            for field in dataclasses.fields(value):
                at, bt = f"{where}/{field.name}", field.metadata["bt"]
                yield from _unwritable(getattr(value, field.name), at, _term(term, bt), field.name)


_DEMANDED: Final = ("lines", "without_vat", "vat", "with_vat", "due")


def _missing(invoice: Invoice) -> Iterator[Lost]:
    """What Svefaktura demands."""

    def lost(term: str, where: str, why: str) -> Lost:
        return Lost(term, where.rpartition("/")[2].replace("_", " "), where, "", why)

    if invoice.buyer_reference is None:
        why = "Svefaktura demands a reference of the buyer: state it"
        yield lost("BT-10", "/buyer_reference", why)
    totals = invoice.totals or Totals()
    for field in dataclasses.fields(Totals):
        if field.name in _DEMANDED and getattr(totals, field.name) is None:
            why = "the amount is not stated, complete the totals first"
            yield lost(field.metadata["bt"], f"/totals/{field.name}", why)
    if totals.due is not None and totals.due < 0:
        why = "Svefaktura has no total below 0 (R-105): send a credit note with amounts above 0"
        yield replace(lost("BT-115", "/totals/due", why), value=str(totals.due))
    if invoice.seller.vat_id is None and not _is_outside_vat(invoice):
        yield lost("BT-31", "/seller/vat_id", "Svefaktura demands it beside VAT (R-88)")
    elif invoice.seller.vat_id is None and invoice.seller.legal_id is None:
        yield lost("BT-30", "/seller/legal_id", "Svefaktura demands a registration (R-38)")
    if not invoice.lines:
        yield lost("BG-25", "/lines", "Svefaktura demands a line")
    for index, line in enumerate(invoice.lines):
        if line.net_amount is None:
            why = "the amount is not stated, complete the totals first"
            yield lost("BT-131", f"/lines/{index}/net_amount", why)
    if not invoice.vat_breakdown:
        yield lost("BG-23", "/vat_breakdown", "not stated, complete the totals first")
    for index, row in enumerate(invoice.vat_breakdown):
        if row.taxable is None or row.tax is None:
            why = "the amounts are not stated, complete the totals first"
            yield lost("BG-23", f"/vat_breakdown/{index}", why)
    if invoice.period and None in (invoice.period.start, invoice.period.end):
        yield lost("BG-14", "/period", "Svefaktura demands both ends of a period")
    for kind in ("allowances", "charges"):
        for index, each in enumerate(getattr(invoice, kind)):
            if each.amount is None:
                why = "the amount is not stated, complete the totals first"
                term = "BT-92" if kind == "allowances" else "BT-99"
                yield lost(term, f"/{kind}/{index}/amount", why)
    for index, line in enumerate(invoice.lines):
        for kind in ("allowances", "charges"):
            for number, of_line in enumerate(getattr(line, kind)):
                if of_line.amount is None:
                    why = "the amount is not stated, complete the totals first"
                    term = "BT-136" if kind == "allowances" else "BT-141"
                    yield lost(term, f"/lines/{index}/{kind}/{number}/amount", why)


_WHY: Final = {
    "BT-3": "Svefaktura knows the types 380 and 381 only",
    "BT-6": "Svefaktura demands the rate of exchange, which EN 16931 does not have",
    "BT-111": "Svefaktura demands the rate of exchange, which EN 16931 does not have",
    "BT-113": "Svefaktura has no amount paid in advance",
    "BG-27": "Svefaktura has one allowance or charge on a line, without a reason of its own",
    "BG-28": "Svefaktura has one allowance or charge on a line, without a reason of its own",
    "BT-125": "a file goes in an object envelope, ask for one",
    "BT-154": "Svefaktura has one text for an item, its name",
    "BG-17": "Svefaktura has three accounts at most",
    "category": "Svefaktura has the categories S and E; E tells others by the reason's words",
    "scheme": "Svefaktura knows Swedish organisation numbers, GLN and GTIN, or no scheme",
}


def _term(above: str, own: str) -> str:
    return own if own[:3] in ("BT-", "BG-") or not above else above


def _differences(wanted: Any, found: Any, where: str, term: str, name: str = "") -> Iterator[Lost]:
    if wanted == found or wanted is None or wanted == ():
        # What only the Svefaktura says was derived by reading it, from what was written.
        return
    if isinstance(wanted, tuple) and isinstance(found, tuple | None):
        for index, item in enumerate(wanted):
            other = found[index] if found and index < len(found) else None
            yield from _differences(item, other, f"{where}/{index}", term, name)
    elif dataclasses.is_dataclass(wanted) and not (found is None and isinstance(wanted, _VALUES)):
        for field in dataclasses.fields(wanted):
            bt = field.metadata["bt"]
            yield from _differences(
                getattr(wanted, field.name),
                getattr(found, field.name, None),
                f"{where}/{field.name}",
                _term(term, bt),
                field.name,
            )
    else:
        why = _WHY.get(name) or _WHY.get(term) or "Svefaktura has no place for it"
        value = f"{len(wanted)} bytes" if isinstance(wanted, bytes) else _shown(wanted)
        yield Lost(term, name.replace("_", " "), where, value, why)


_VALUES: Final = (Identifier,)


def _shown(value: Any) -> str:
    return value.value if isinstance(value, Identifier) else str(value)


# The document, in the order of its schema.


def _put(parent: etree._Element, name: str, value: Any = None, /, **attributes: str | None) -> Any:
    """Adds an element `prefix:Name`; where there is a `value`, as text."""
    prefix, _, local = name.partition(":")
    made = etree.SubElement(parent, f"{{{NAMESPACES[prefix]}}}{local}")
    for key, text in attributes.items():
        if text:
            made.set(key, text)
    match value:
        case None:
            pass
        case Decimal():
            made.text = format(value or abs(value), "f")
        case date():
            made.text = value.isoformat()
        case _:
            made.text = str(value)
    return made


def _say(parent: etree._Element, path: str, value: Any, /, **attributes: str | None) -> None:
    """Adds a path of elements that ends in `value`, where there is one."""
    if value is None or value == "":
        return
    *above, last = path.split("/")
    for name in above:
        parent = _put(parent, name)
    _put(parent, last, value, **attributes)


def _document(invoice: Invoice) -> etree._Element:
    prefixes: Any = {None: NAMESPACES["s"], "cac": NAMESPACES["cac"], "cbc": NAMESPACES["cbc"]}
    root = etree.Element(f"{{{NAMESPACES['s']}}}Invoice", nsmap=prefixes)
    money = {"amountCurrencyID": invoice.currency}
    _put(root, "s:ID", invoice.number)
    _put(root, "cbc:IssueDate", invoice.issue_date)
    # Another type comes back as 380, and is lost.
    _put(root, "s:InvoiceTypeCode", "381" if invoice.type_code == "381" else "380")
    _say(root, "cbc:Note", invoice.notes[0].text if invoice.notes else None)
    _say(root, "s:TaxPointDate", invoice.tax_point_date)
    _put(root, "s:InvoiceCurrencyCode", invoice.currency)
    _put(root, "s:LineItemCountNumeric", len(invoice.lines))
    _references(root, invoice)
    _party(root, invoice.buyer, "BuyerParty", [invoice.buyer.identifier])
    _party(root, invoice.seller, "SellerParty", list(invoice.seller.identifiers))
    _delivery(root, invoice)
    _payments(root, invoice)
    _say(root, "cac:PaymentTerms/cbc:Note", invoice.payment_terms)
    reasons = {(r.category, r.rate): r.exemption_reason for r in invoice.vat_breakdown}
    adjustments: tuple[Allowance | Charge, ...] = (*invoice.allowances, *invoice.charges)
    for each in adjustments:
        _adjustment(root, each, reasons, money)
    _tax_total(root, invoice, money)
    totals = invoice.totals or Totals()
    total = _put(root, "cac:LegalTotal")
    _put(total, "cbc:LineExtensionTotalAmount", totals.lines, **money)
    _put(total, "cbc:TaxExclusiveTotalAmount", totals.without_vat, **money)
    _put(total, "cbc:TaxInclusiveTotalAmount", totals.due, **money)
    _say(total, "cac:RoundOffAmount", totals.rounding, **money)
    for line in invoice.lines:
        _invoice_line(root, line, invoice, reasons, money)
    _say(root, f"{_REQUISITION}/cac:ID", invoice.buyer_reference)
    _say(root, f"{_REQUISITION}/cac:ID", invoice.buyer_accounting_reference)
    for earlier in invoice.preceding_invoices:
        _say(root, "s:InitialInvoiceDocumentReference/cac:ID", earlier.number)
    if invoice.period:
        period = _put(root, "s:InvoicingPeriod")
        _put(period, "cbc:StartDateTime", f"{invoice.period.start}T00:00:00")
        _put(period, "cbc:EndDateTime", f"{invoice.period.end}T00:00:00")
    return root


_REQUISITION: Final = "s:RequisitionistDocumentReference"


def _references(root: etree._Element, invoice: Invoice) -> None:
    def refer(value: str | None, code: str | None) -> None:
        agency = "SFTI" if code else None
        _say(
            root,
            "s:AdditionalDocumentReference/cac:ID",
            value,
            identificationSchemeID=code,
            identificationSchemeAgencyName=agency,
        )

    refer(invoice.contract_reference, "CT")
    refer(invoice.invoiced_object.value if invoice.invoiced_object else None, "ACD")
    for document in invoice.supporting_documents:
        refer(*_reference(document))


def _reference(document: SupportingDocument) -> tuple[str, str | None]:
    if document.attachment:
        return REFERENCE + document.reference, "ATS"
    if document.url:
        return document.url, "ATS"
    if document.reference.startswith(REFERENCE):
        return document.reference, "ATS"
    return document.reference, "DQ" if document.description == DESPATCH_ADVICE else None


def _party(
    root: etree._Element, whose: Seller | Buyer, role: str, ids: list[Identifier | None]
) -> None:
    party = _put(_put(root, f"cac:{role}"), "cac:Party")
    for identifier in ids:
        if identifier:
            _identifier(party, "cac:PartyIdentification/cac:ID", identifier, GLN)
    _say(party, "cac:PartyName/cbc:Name", whose.trading_name or whose.name)
    _address(_put(party, "cac:Address"), whose.address)
    tax = getattr(whose, "tax_registration_id", None)
    seat = _SEAT.fullmatch(getattr(whose, "legal_form", None) or "")
    companies = [("SWT", whose.legal_id.value if whose.legal_id else None), ("VAT", whose.vat_id)]
    registered = whose.name if whose.trading_name not in (None, whose.name) else None
    for scheme, company in companies:
        if not company:
            continue
        made = _put(party, "cac:PartyTaxScheme")
        _say(made, "cbc:RegistrationName", registered)
        _put(made, "cac:CompanyID", company)
        _say(made, "cbc:ExemptionReason", tax if scheme == "SWT" else None)
        if seat:
            address = _put(made, "cac:RegistrationAddress")
            _say(address, "cbc:CityName", seat[1])
            _say(address, "cac:Country/cac:IdentificationCode", seat[2])
        _say(made, "cac:TaxScheme/cac:ID", scheme)
        registered = seat = None
    _contact(party, whose.contact)


_SEAT: Final = re.compile(r"Säte (.+?)(?:, ([A-Z]{2}))?")


def _identifier(parent: etree._Element, path: str, identifier: Identifier, gs1: str) -> None:
    agency = "9" if identifier.scheme == gs1 else None
    _say(parent, path, identifier.value, identificationSchemeAgencyID=agency)


def _address(made: etree._Element, address: Address) -> None:
    _say(made, "cbc:Postbox", address.line2)
    _say(made, "cbc:StreetName", address.line1)
    _say(made, "cbc:Department", address.line3)
    _say(made, "cbc:CityName", address.city)
    _say(made, "cbc:PostalZone", address.post_code)
    _say(made, "cac:Country/cac:IdentificationCode", address.country)


def _contact(party: etree._Element, contact: Contact | None) -> None:
    if contact:
        made = _put(party, "cac:Contact")
        _say(made, "cbc:Name", contact.name)
        _say(made, "cbc:Telephone", contact.phone)
        _say(made, "cbc:ElectronicMail", contact.email)


def _delivery(root: etree._Element, invoice: Invoice) -> None:
    found = invoice.delivery
    if not found or not (found.date or found.address or found.location_id):
        return
    made = _put(root, "cac:Delivery")
    _say(made, "cbc:ActualDeliveryDateTime", f"{found.date}T00:00:00" if found.date else None)
    if found.address or found.location_id:
        address = _put(made, "cac:DeliveryAddress")
        if found.location_id:
            _identifier(address, "cac:ID", found.location_id, GLN)
        if found.address:
            _address(address, found.address)


def _payments(root: etree._Element, invoice: Invoice) -> None:
    accounts: list[tuple[str | None, CreditTransfer | None]] = [
        (payment.reference, transfer)
        for payment in invoice.payments
        if payment.means in _TRANSFERS
        for transfer in payment.credit_transfers or (None,)
    ]
    if not accounts and (invoice.due_date or invoice.payee):
        accounts = [(None, None)]
    for reference, transfer in accounts[:3]:
        made = _put(root, "cac:PaymentMeans")
        _put(made, "cac:PaymentMeansTypeCode", "1")
        _say(made, "cbc:DuePaymentDate", invoice.due_date)
        if transfer or reference:
            account = _put(made, "cac:PayeeFinancialAccount")
            if transfer:
                bank = transfer.service_provider or ""
                _say(account, "cac:ID", transfer.account)
                _say(account, _BANK, _BICS.get(bank, bank))
            _say(account, "cac:PaymentInstructionID", reference)
        _say(made, "cac:PayeePartyName/cbc:Name", invoice.payee.name if invoice.payee else None)


_BANK: Final = "cac:FinancialInstitutionBranch/cac:FinancialInstitution/cac:ID"
_BICS: Final = {name: bic for bic, name in GIROS.items()}

_Reasons = dict[tuple[str, Decimal | None], str | None]


def _vat(parent: etree._Element, vat: Vat, reason: str | None) -> None:
    made = _put(parent, "cac:TaxCategory")
    exempt = vat.category != "S"
    _put(made, "cac:ID", "E" if exempt else "S")
    _say(made, "cbc:Percent", Decimal(0) if exempt else vat.rate)
    _say(made, "cbc:ExemptionReason", reason)
    _say(made, "cac:TaxScheme/cac:ID", "VAT")


def _adjustment(
    root: etree._Element, found: Allowance | Charge, reasons: _Reasons, money: dict[str, str]
) -> None:
    made = _put(root, "s:AllowanceCharge")
    _put(made, "cbc:ChargeIndicator", "true" if isinstance(found, Charge) else "false")
    _say(made, "cac:ReasonCode", "ZZZ" if found.reason else None, name=found.reason)
    _say(made, "cbc:MultiplierFactorNumeric", found.percent)
    _put(made, "cbc:Amount", found.amount, **money)
    _vat(made, found.vat, reasons.get((found.vat.category, found.vat.rate)))
    _say(made, "cac:AllowanceChargeBaseAmount", found.base, **money)


def _tax_total(root: etree._Element, invoice: Invoice, money: dict[str, str]) -> None:
    if _is_outside_vat(invoice):
        return
    total = _put(root, "cac:TaxTotal")
    _put(total, "cbc:TotalTaxAmount", (invoice.totals or Totals()).vat, **money)
    for row in invoice.vat_breakdown:
        made = _put(total, "cac:TaxSubTotal")
        _put(made, "cbc:TaxableAmount", row.taxable, **money)
        _put(made, "cbc:TaxAmount", row.tax, **money)
        _vat(made, Vat(row.category, row.rate), row.exemption_reason)


def _is_outside_vat(invoice: Invoice) -> bool:
    """Whether the VAT act does not apply at all, which is said by leaving the VAT totals out."""
    rows = invoice.vat_breakdown
    return [(row.category, row.exemption_reason) for row in rows] == [("O", NO_VAT)]


def _invoice_line(
    root: etree._Element, line: Line, invoice: Invoice, reasons: _Reasons, money: dict[str, str]
) -> None:
    made = _put(root, "cac:InvoiceLine")
    _put(made, "cac:ID", line.id)
    _put(made, "cbc:InvoicedQuantity", line.quantity, quantityUnitCode=line.unit)
    _put(made, "cbc:LineExtensionAmount", line.net_amount, **money)
    _say(made, "cbc:Note", line.note)
    order = invoice.purchase_order_reference
    if order or line.order_line:
        reference = _put(made, "cac:OrderLineReference")
        _say(reference, "cac:BuyersLineID", line.order_line)
        _say(reference, "cac:OrderReference/cac:BuyersID", order)
    adjustments: tuple[LineAllowance | LineCharge, ...] = (*line.allowances, *line.charges)
    for each in adjustments[:1]:
        charge = isinstance(each, LineCharge)
        if each.reason in (None, CHARGE if charge else ALLOWANCE):
            part = _put(made, "cac:AllowanceCharge")
            _put(part, "cbc:ChargeIndicator", "true" if charge else "false")
            _put(part, "cbc:Amount", each.amount, **money)
            _say(part, "cac:AllowanceChargeBaseAmount", each.base, **money)
    _item(_put(made, "cac:Item"), line, invoice, reasons, money)


def _item(
    made: etree._Element, line: Line, invoice: Invoice, reasons: _Reasons, money: dict[str, str]
) -> None:
    item = line.item
    _put(made, "cbc:Description", item.name)
    _say(made, "cac:BuyersItemIdentification/cac:ID", item.buyer_id)
    _say(made, "cac:SellersItemIdentification/cac:ID", item.seller_id)
    if item.standard_id:
        _identifier(made, "cac:StandardItemIdentification/cac:ID", item.standard_id, GTIN)
    if not _is_outside_vat(invoice):
        _vat(made, item.vat, reasons.get((item.vat.category, item.vat.rate)))
    price: Price = line.price
    base = _put(made, "cac:BasePrice")
    _put(base, "cbc:PriceAmount", price.net, **money)
    _say(base, "cbc:BaseQuantity", price.base_quantity, quantityUnitCode=line.unit)
