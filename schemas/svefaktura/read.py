"""Reads a Svefaktura 1.0, and the object envelope beside it, into the model of EN 16931.

In charge of SFTI's mapping to EN 16931 (guide 1.4) and of keeping what has no term of its own: that
goes as a labelled line into the invoice's note (BT-22) or the line's (BT-127). Whether the document
is right is `validators`. Where the guide leaves a choice:

* A missing country is that of the VAT number, else SE. A credit note stays one (381).
* StreetName is line 1, Postbox line 2, Department line 3; free lines take the first of 3 and 2 that
  is empty. The id of the delivery address is BT-71; that of another address is noted.
* Payment is 58 when all accounts are IBANs, else 30. Means of payment with the same reference are
  one BG-16, with another a BG-16 of its own. A second due date or payee is noted.
* Exempt (E) is AE, K, G or O where its reason says so in Swedish or English, else E.
* A line or charge without a category has that of the VAT totals, where there is just one.
* A line without quantity is 1 of its amount; one without price costs its amount per its quantity.
* A unit in words becomes its code; where none fits, ZZ (mutually defined), and the word is noted.
* An allowance on a line has no reason here, and EN 16931 demands one: "Rabatt", a charge "Avgift".
* An exchange rate is noted: EN 16931 has none.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal, localcontext
from typing import Any, Final

from lxml import etree

from schemas import codelists
from schemas.identifiers import Kind, check
from schemas.invoice import (
    Address,
    Allowance,
    Attachment,
    Buyer,
    Charge,
    Contact,
    CreditTransfer,
    Delivery,
    Identifier,
    Invoice,
    Item,
    Line,
    LineAllowance,
    LineCharge,
    Note,
    Payee,
    Payment,
    Period,
    PrecedingInvoice,
    Price,
    Seller,
    SupportingDocument,
    Totals,
    Vat,
    VatBreakdown,
)
from schemas.ubl.read import Unreadable
from schemas.ubl.terms import path_of

NAMESPACES: Final = {
    "s": "urn:sfti:documents:BasicInvoice:1:0",
    "cac": "urn:sfti:CommonAggregateComponents:1:0",
    "cbc": "urn:oasis:names:tc:ubl:CommonBasicComponents:1:0",
    "oe": "urn:sfti:documents:ObjectEnvelope:1:0",
}

OBJECT: Final = "urn:sfti:documents:object:"  # before the id of an object in the envelope
DESPATCH_ADVICE: Final = "Följesedel"  # the description (BT-123) of a reference by code DQ
F_TAX: Final = "Godkänd för F-skatt"
NO_VAT: Final = "ML är inte tillämplig"  # the VAT act does not apply
LINE_ALLOWANCE: Final = "Rabatt"
LINE_CHARGE: Final = "Avgift"
GIROS: Final = {"BGABSESS": "SE:BANKGIRO", "PGSISESS": "SE:PLUSGIRO"}
GLN: Final = "0088"
GTIN: Final = "0160"
ORGNR: Final = "0007"


def read(root: etree._Element, envelope: etree._Element | None = None) -> Invoice:
    """Returns the invoice of a Svefaktura's root element, with the files of its object envelope.

    Expects documents that fit the structure. Raises Unreadable where a term that the model requires
    is missing, a value is not of its type, or the envelope belongs to another invoice.
    """
    if root.tag != f"{{{NAMESPACES['s']}}}Invoice":
        raise Unreadable(path_of(root), "not a Svefaktura 1.0 invoice")
    objects = {} if envelope is None else read_objects(envelope)
    with localcontext() as context:
        context.prec = 4 * _DIGITS
        invoice = _Reader(root, objects).invoice()
    if envelope is not None:
        document = _text(envelope, "oe:DocumentReference/oe:DocumentID")
        if document and document != invoice.number:
            reason = f"belongs to invoice {document}, expected {invoice.number}"
            raise Unreadable("ObjectEnvelope/DocumentReference/DocumentID", reason)
    return invoice


def read_objects(root: etree._Element) -> dict[str, Attachment]:
    """Returns the files of an object envelope by their id. Raises Unreadable."""
    if root.tag != f"{{{NAMESPACES['oe']}}}ObjectEnvelope":
        raise Unreadable(path_of(root), "not an object envelope of Svefaktura 1.0")
    found: dict[str, Attachment] = {}
    for element in root.iterfind("oe:EncodedObject", NAMESPACES):
        name = _required(element, "oe:ObjectID", "BT-122")
        data = element.find("oe:EncodedData", NAMESPACES)
        if data is None:
            raise Unreadable(f"{path_of(element)}/EncodedData", "BT-125 is missing")
        try:
            content = base64.b64decode("".join(_all_text(data).split()).encode(), validate=True)
        except (binascii.Error, UnicodeEncodeError) as error:
            raise Unreadable(path_of(data), f"not base64: {error}") from error
        if name in found:
            raise Unreadable(path_of(element), f"a second object with the id {name}")
        found[name] = Attachment(content, data.get("mimeCode", ""), data.get("filename", ""))
    return found


_DIGITS: Final = 30  # more than any amount has
_DATE: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T([\d:.]+))?(Z|[+-]\d{2}:\d{2})?", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
_IBAN: Final = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")


def _all_text(element: etree._Element) -> str:
    # A comment parts the text.
    return (element.text or "") + "".join(child.tail or "" for child in element)


def _text(parent: etree._Element | None, path: str) -> str | None:
    if parent is None:
        return None
    element = parent.find(path, NAMESPACES)
    return (_all_text(element).strip() or None) if element is not None else None


def _texts(parent: etree._Element | None, path: str) -> list[str]:
    found = [] if parent is None else parent.iterfind(path, NAMESPACES)
    return [text for element in found if (text := _all_text(element).strip())]


def _required(parent: etree._Element, path: str, term: str) -> str:
    found = _text(parent, path)
    if found is None:
        raise Unreadable(f"{path_of(parent)}/{_plain(path)}", f"{term} is missing")
    return found


def _plain(path: str) -> str:
    return "/".join(step.partition(":")[2] for step in path.split("/"))


def _number(parent: etree._Element, path: str) -> Decimal | None:
    text = _text(parent, path)
    if text is None:
        return None
    if _NUMBER.fullmatch(text) is None or len(text) > _DIGITS:
        reason = f"{text[:40]!r} is not a decimal number of at most {_DIGITS} digits"
        raise Unreadable(f"{path_of(parent)}/{_plain(path)}", reason)
    return Decimal(text)


def _amount(parent: etree._Element, path: str, term: str) -> Decimal:
    _required(parent, path, term)
    return _number(parent, path) or Decimal(0)


def _moment(parent: etree._Element | None, path: str) -> tuple[date | None, str | None]:
    """The day, and the time unless that is midnight."""
    text = _text(parent, path)
    if text is None or parent is None:
        return None, None
    try:
        found = _DATE.fullmatch(text)
        if found is None:
            raise ValueError(f"{text[:40]!r} is not a date, expected YYYY-MM-DD")
        day = date.fromisoformat(found[1])
    except ValueError as error:
        raise Unreadable(f"{path_of(parent)}/{_plain(path)}", str(error)) from error
    time = found[2] or ""
    return day, None if not time.strip("0:.") else text


def _in_words(reason: str | None) -> str:
    """The category of EN 16931 that the reason of an exemption (E) speaks of."""
    text = (reason or "").casefold()
    for category, words in _REASONS.items():
        if any(word in text for word in words):
            return category
    return "E"


_REASONS: Final[Mapping[str, tuple[str, ...]]] = {
    "AE": ("omvänd", "reverse charge"),
    "K": ("unionsintern", "gemenskapsintern", "intra-community", "intra-eu"),
    "G": ("export",),
    "O": (NO_VAT.casefold(), "inte skattepliktig", "outside the scope", "not subject to vat"),
}

_UNITS: Final = {
    "st": "H87", "styck": "H87", "stycken": "H87", "pce": "H87", "pcs": "H87",
    "liter": "LTR", "l": "LTR", "kg": "KGM", "kilo": "KGM", "g": "GRM", "gram": "GRM",
    "ton": "TNE", "m": "MTR", "meter": "MTR", "km": "KMT", "cm": "CMT", "mm": "MMT",
    "m2": "MTK", "kvm": "MTK", "m3": "MTQ", "h": "HUR", "tim": "HUR", "timme": "HUR",
    "timmar": "HUR", "dag": "DAY", "dagar": "DAY", "vecka": "WEE", "månad": "MON", "mån": "MON",
    "år": "ANN", "par": "PR", "min": "MIN", "kwh": "KWH", "mwh": "MWH",
}  # fmt: skip


class _Reader:
    def __init__(self, root: etree._Element, objects: Mapping[str, Attachment]) -> None:
        self.root = root
        self.objects = objects
        self.notes: list[str] = []
        self.breakdown: tuple[VatBreakdown, ...] = ()

    def note(self, label: str, value: object) -> None:
        if value is not None and value != "":
            self.notes.append(f"{label}: {value}")

    def invoice(self) -> Invoice:
        root = self.root
        self.notes = _texts(root, "cbc:Note")
        issued, _ = _moment(root, "cbc:IssueDate")
        if issued is None:
            raise Unreadable("Invoice/IssueDate", "BT-2 is missing")
        taxed, _ = _moment(root, "s:TaxPointDate")
        seller, buyer = self.seller(), self.buyer()
        currency = self.currency()
        adjustments = root.findall("s:AllowanceCharge", NAMESPACES)
        self.breakdown = self.vat_rows(adjustments)
        if not root.findall("cac:TaxTotal/cac:TaxSubTotal", NAMESPACES) and seller.vat_id:
            self.note("Momsregistreringsnummer", seller.vat_id)
            seller = replace(seller, vat_id=None)
        orders = _texts(root, f"cac:InvoiceLine/{_ORDER}")
        lines = root.findall("cac:InvoiceLine", NAMESPACES)
        order = orders[0] if len(orders) == len(lines) and len(set(orders)) == 1 else None
        made = tuple(self.line(line, with_order=order is None) for line in lines)
        allowances = [self.allowance(a) for a in adjustments if not _is_charge(a)]
        charges = [self.charge(a) for a in adjustments if _is_charge(a)]
        payments, due, payee = self.payments()
        references = self.references()
        terms = self.payment_terms()
        if not payments and terms and "autogiro" in terms.casefold():
            payments = (Payment(means="49"),)
        delivery, period = self.delivery(), self.period()
        requisitions = _texts(root, "s:RequisitionistDocumentReference/cac:ID")
        vat_currency = _text(root, "s:TaxCurrencyCode")
        rate = root.find("cac:ExchangeRate", NAMESPACES)
        if rate is not None:
            told = (
                f"{etree.QName(e).localname} {(e.text or '').strip()}"
                for e in rate.iter(etree.Element)
                if e is not rate
            )
            self.note("Växelkurs", ", ".join(told))
        self.note("Leveransvillkor", _text(root, "cac:DeliveryTerms/cbc:SpecialTerms"))
        return Invoice(
            number=_required(root, "s:ID", "BT-1"),
            issue_date=issued,
            currency=currency,
            seller=seller,
            buyer=buyer,
            lines=made,
            type_code=_text(root, "s:InvoiceTypeCode") or "380",
            vat_currency=vat_currency,
            tax_point_date=taxed,
            due_date=due,
            buyer_reference=requisitions[0] if requisitions else None,
            buyer_accounting_reference=requisitions[1] if len(requisitions) > 1 else None,
            contract_reference=references.contract,
            purchase_order_reference=order,
            invoiced_object=references.invoiced_object,
            payment_terms=terms,
            notes=(Note("\n".join(self.notes)),) if self.notes else (),
            preceding_invoices=tuple(
                PrecedingInvoice(number)
                for number in _texts(root, "s:InitialInvoiceDocumentReference/cac:ID")
            ),
            payee=payee,
            delivery=delivery,
            period=period,
            payments=payments,
            allowances=tuple(allowances),
            charges=tuple(charges),
            totals=self.totals(allowances, charges),
            vat_breakdown=self.breakdown,
            supporting_documents=tuple(references.documents),
        )

    def currency(self) -> str:
        stated = _text(self.root, "s:InvoiceCurrencyCode")
        total = self.root.find("cac:LegalTotal/cbc:TaxInclusiveTotalAmount", NAMESPACES)
        stated = stated or (None if total is None else total.get("amountCurrencyID"))
        if not stated:
            raise Unreadable("Invoice/InvoiceCurrencyCode", "BT-5 is missing")
        return stated

    def seller(self) -> Seller:
        around = self.root.find("cac:SellerParty", NAMESPACES)
        party = self.party("SellerParty")
        name, trading = self.names(party)
        vat = _registration(party, "VAT")
        legal, tax = _registration(party, "SWT"), None
        if legal is not None and (reason := _text(legal, "cbc:ExemptionReason")):
            tax = F_TAX if "f-skatt" in reason.casefold() else reason
        seat = self.seat(legal, vat)
        return Seller(
            name=name,
            address=self.address(party.find("cac:Address", NAMESPACES), _company(vat)),
            trading_name=trading,
            identifiers=tuple(_identifiers(party)),
            legal_id=_legal(legal),
            vat_id=_company(vat),
            tax_registration_id=tax,
            legal_form=seat,
            contact=self.contact(
                party.find("cac:Contact", NAMESPACES),
                None if around is None else around.find("cac:AccountsContact", NAMESPACES),
            ),
        )

    def buyer(self) -> Buyer:
        party = self.party("BuyerParty")
        name, trading = self.names(party)
        legal, vat = _registration(party, "SWT"), _registration(party, "VAT")
        self.note("Köparens skatteuppgift", _text(legal, "cbc:ExemptionReason"))
        self.note("Köpare", self.seat(legal, vat))
        identifiers = sorted(_identifiers(party), key=lambda each: each.scheme != GLN)
        for other in identifiers[1:]:
            self.note("Köparens identitet", other.value)
        return Buyer(
            name=name,
            address=self.address(party.find("cac:Address", NAMESPACES), _company(vat)),
            trading_name=trading,
            identifier=identifiers[0] if identifiers else None,
            legal_id=_legal(legal),
            vat_id=_company(vat),
            contact=self.contact(party.find("cac:Contact", NAMESPACES), None),
        )

    def party(self, role: str) -> etree._Element:
        found = self.root.find(f"cac:{role}/cac:Party", NAMESPACES)
        if found is None:
            raise Unreadable(f"Invoice/{role}/Party", "the party is missing")
        return found

    def names(self, party: etree._Element) -> tuple[str, str | None]:
        stated = " ".join(_texts(party, "cac:PartyName/cbc:Name"))
        registered = _texts(party, "cac:PartyTaxScheme/cbc:RegistrationName")
        for other in registered[1:]:
            if other != registered[0]:
                self.note("Registrerat namn", other)
        if registered and registered[0] != stated:
            return registered[0], stated or None
        if not stated:
            raise Unreadable(f"{path_of(party)}/PartyName/Name", "the name is missing")
        return stated, None

    def seat(self, *schemes: etree._Element | None) -> str | None:
        seats = []
        for scheme in schemes:
            address = None if scheme is None else scheme.find("cac:RegistrationAddress", NAMESPACES)
            city, country = _text(address, "cbc:CityName"), _text(address, _COUNTRY)
            if city or country:
                seats.append("Säte " + ", ".join(part for part in (city, country) if part))
        for other in seats[1:]:
            if other != seats[0]:
                self.note("Registrerad adress", other)
        return seats[0] if seats else None

    def address(
        self, found: etree._Element | None, vat: str | None, *, own: bool = True
    ) -> Address:
        lines = [_text(found, f"cbc:{n}") for n in ("StreetName", "Postbox", "Department")]
        free = _texts(found, "cac:AddressLine/cbc:Line")
        for place in (2, 1):
            if free and lines[place] is None:
                lines[place] = free.pop(0) if place == 2 else ", ".join(free)
                if place == 1:
                    free = []
        if free:
            lines[1] = ", ".join([lines[1] or "", *free])
        if own:
            self.note("Adressens identitet", _text(found, "cac:ID"))
        prefix = (vat or "")[:2].upper()
        country = "SE" if not prefix.isalpha() else {"EL": "GR"}.get(prefix, prefix)
        return Address(
            _text(found, _COUNTRY) or country or "SE",
            line1=lines[0],
            line2=lines[1],
            line3=lines[2],
            city=_text(found, "cbc:CityName"),
            post_code=_text(found, "cbc:PostalZone"),
        )

    def contact(self, *found: etree._Element | None) -> Contact | None:
        fields = []
        for name in ("Name", "Telephone", "ElectronicMail"):
            stated = dict.fromkeys(t for c in found if (t := _text(c, f"cbc:{name}")))
            fields.append(", ".join(stated) or None)
        for each in found:
            self.note("Fax", _text(each, "cbc:Telefax"))
        return Contact(*fields) if any(fields) else None

    def delivery(self) -> Delivery | None:
        found = self.root.find("cac:Delivery", NAMESPACES)
        day, moment = _moment(found, "cbc:ActualDeliveryDateTime")
        self.note("Leveranstid", moment)
        place = None if found is None else found.find("cac:DeliveryAddress", NAMESPACES)
        identity = None if place is None else place.find("cac:ID", NAMESPACES)
        location = None if identity is None else _identifier(identity, GLN)
        address = None
        if place is not None and any(
            _all_text(e).strip() for e in place.iter() if e is not identity
        ):
            address = self.address(place, None, own=False)
        if day is None and location is None and address is None:
            return None
        return Delivery(date=day, location_id=location, address=address)

    def period(self) -> Period | None:
        found = self.root.find("s:InvoicingPeriod", NAMESPACES)
        start, starts = _moment(found, "cbc:StartDateTime")
        end, ends = _moment(found, "cbc:EndDateTime")
        self.note("Periodens början", starts)
        if ends and not re.search("T23:59(:59)?", ends):
            self.note("Periodens slut", ends)
        return Period(start, end) if start or end else None

    def payments(self) -> tuple[tuple[Payment, ...], date | None, Payee | None]:
        dues: list[date] = []
        payees: list[str] = []
        by_reference: dict[str | None, list[CreditTransfer]] = {}
        for means in self.root.iterfind("cac:PaymentMeans", NAMESPACES):
            day, _ = _moment(means, "cbc:DuePaymentDate")
            dues += [day] if day else []
            payees += [" ".join(names)] if (names := _texts(means, _PAYEE)) else []
            account = means.find("cac:PayeeFinancialAccount", NAMESPACES)
            number, bank = _text(account, "cac:ID"), _text(account, _BANK)
            reference = _text(account, "cac:PaymentInstructionID")
            if number or bank:
                if number is None:  # the bank's own account, which needs no number
                    self.note("Bank", bank)
                    continue
                transfer = CreditTransfer(number, service_provider=GIROS.get(bank or "", bank))
                by_reference.setdefault(reference, []).append(transfer)
            elif reference:
                by_reference.setdefault(reference, [])
        for other in list(dict.fromkeys(dues))[1:]:
            self.note("Förfallodag", other)
        for payee in list(dict.fromkeys(payees))[1:]:
            self.note("Betalningsmottagare", payee)
        transfers = [t for each in by_reference.values() for t in each]
        iban = bool(transfers) and all(_IBAN.fullmatch(t.account) for t in transfers)
        payments = tuple(
            Payment("58" if iban else "30", reference=reference, credit_transfers=tuple(accounts))
            for reference, accounts in by_reference.items()
        )
        return payments, dues[0] if dues else None, Payee(payees[0]) if payees else None

    def payment_terms(self) -> str | None:
        found = self.root.find("cac:PaymentTerms", NAMESPACES)
        note, penalty = _text(found, "cbc:Note"), _text(found, "cbc:PenaltySurchargePercent")
        parts = (note, f"Dröjsmålsränta {penalty} %" if penalty else None)
        return ", ".join(part for part in parts if part) or None

    def references(self) -> _References:
        made = _References()
        linked = set()
        for element in self.root.iterfind("s:AdditionalDocumentReference/cac:ID", NAMESPACES):
            value, code = _all_text(element).strip(), element.get("identificationSchemeID")
            agency = element.get("identificationSchemeAgencyName")
            known = code if agency == "SFTI" else None
            if not value:
                continue
            if known == "CT" and made.contract is None:
                made.contract = value
            elif known == "ACD" and made.invoiced_object is None:
                made.invoiced_object = Identifier(value)
            elif known == "DQ":
                made.documents.append(SupportingDocument(value, DESPATCH_ADVICE))
            elif known == "ATS" and not value.startswith("urn:"):
                made.documents.append(SupportingDocument(value, url=value))
            elif (name := value.removeprefix(OBJECT)) != value and name in self.objects:
                linked.add(name)
                made.documents.append(SupportingDocument(name, attachment=self.objects[name]))
            else:
                label = None if known == "ATS" else code or agency
                made.documents.append(SupportingDocument(value, label))
        made.documents += [
            SupportingDocument(name, attachment=attachment)
            for name, attachment in self.objects.items()
            if name not in linked
        ]
        return made

    def vat_rows(self, adjustments: Iterable[etree._Element]) -> tuple[VatBreakdown, ...]:
        rows = []
        for found in self.root.iterfind("cac:TaxTotal/cac:TaxSubTotal", NAMESPACES):
            vat, reason = self.category(found)
            rows.append(
                VatBreakdown(
                    vat.category,
                    vat.rate,
                    _amount(found, "cbc:TaxableAmount", "BT-116"),
                    _amount(found, "cbc:TaxAmount", "BT-117"),
                    reason,
                )
            )
        if rows:
            return tuple(rows)
        if _number(self.root, "cac:TaxTotal/cbc:TotalTaxAmount"):
            raise Unreadable("Invoice/TaxTotal/TaxSubTotal", "BG-23 is missing beside VAT")
        signed = (
            _amount(a, "cbc:Amount", "BT-92") * (1 if _is_charge(a) else -1) for a in adjustments
        )
        base = _amount(self.root, f"{_TOTAL}/cbc:LineExtensionTotalAmount", "BT-106")
        return (VatBreakdown("O", None, sum(signed, base), Decimal(0), NO_VAT),)

    def category(self, parent: etree._Element) -> tuple[Vat, str | None]:
        """The category below an element; else that of the totals, where there is just one."""
        found = parent.findall("cac:TaxCategory", NAMESPACES)
        if len(found) > 1:
            raise Unreadable(f"{path_of(parent)}/TaxCategory", "more than one VAT category")
        if not found:
            if len(self.breakdown) != 1:
                raise Unreadable(f"{path_of(parent)}/TaxCategory", "the VAT category is missing")
            return Vat(self.breakdown[0].category, self.breakdown[0].rate), None
        stated = _required(found[0], "cac:ID", "the VAT category")
        rate, reason = _number(found[0], "cbc:Percent"), _text(found[0], "cbc:ExemptionReason")
        if stated != "E":
            return Vat(stated, rate), reason
        exempt = [row for row in self.breakdown if row.category in ("E", *_REASONS)]
        if reason is None and len(exempt) == 1:
            return Vat(exempt[0].category, exempt[0].rate), None
        category = _in_words(reason)
        return Vat(category, None if category == "O" else rate or Decimal(0)), reason

    def allowance(self, found: etree._Element) -> Allowance:
        return Allowance(self.category(found)[0], **_adjustment(found))

    def charge(self, found: etree._Element) -> Charge:
        return Charge(self.category(found)[0], **_adjustment(found))

    def totals(self, allowances: list[Allowance], charges: list[Charge]) -> Totals:
        total = self.root.find(_TOTAL, NAMESPACES)
        if total is None:
            raise Unreadable("Invoice/LegalTotal", "BG-22 is missing")
        lines = _amount(total, "cbc:LineExtensionTotalAmount", "BT-106")
        due = _amount(total, "cbc:TaxInclusiveTotalAmount", "BT-112")
        rounding = _number(total, "cac:RoundOffAmount")
        off = sum((a.amount or Decimal(0) for a in allowances), Decimal(0))
        on = sum((c.amount or Decimal(0) for c in charges), Decimal(0))
        without = _number(total, "cbc:TaxExclusiveTotalAmount")
        found = self.root.findall(
            "cac:TaxTotal/cac:TaxSubTotal/cac:TaxCurrencyTaxAmount", NAMESPACES
        )
        converted = [_number(each, ".") for each in found]
        return Totals(
            lines=lines,
            allowances=off if allowances else None,
            charges=on if charges else None,
            without_vat=lines - off + on if without is None else without,
            vat=_number(self.root, "cac:TaxTotal/cbc:TotalTaxAmount") or Decimal(0),
            vat_in_vat_currency=sum((c or Decimal(0) for c in converted), Decimal(0))
            if converted
            else None,
            with_vat=due - (rounding or 0),
            rounding=rounding,
            due=due,
        )

    def line(self, found: etree._Element, *, with_order: bool) -> Line:
        notes = _texts(found, "cbc:Note")

        def note(label: str, value: str | None) -> None:
            notes.extend([f"{label}: {value}"] if value else [])

        if with_order:
            note("Order", _text(found, _ORDER))
        note("Följesedelsrad", _text(found, "cac:DespatchLineReference/cac:LineID"))
        note("Följesedel", _text(found, "cac:DespatchLineReference/cac:DocumentReference/cac:ID"))
        day, moment = _moment(found, "cac:Delivery/cbc:ActualDeliveryDateTime")
        note("Levererat", moment or (day.isoformat() if day else None))
        item = found.find("cac:Item", NAMESPACES)
        if item is None:
            raise Unreadable(f"{path_of(found)}/Item", "BG-31 is missing")
        vat, reason = self.category(item)
        if reason and all(reason != row.exemption_reason for row in self.breakdown):
            note("Undantag från moms", reason)
        amount = _amount(found, "cbc:LineExtensionAmount", "BT-131")
        allowances, charges = _line_adjustments(found)
        gross = amount + sum((a.amount or Decimal(0) for a in allowances), Decimal(0))
        gross -= sum((c.amount or Decimal(0) for c in charges), Decimal(0))
        quantity, price = _priced(found, gross)
        unit, word = _unit(found.find("cbc:InvoicedQuantity", NAMESPACES))
        note("Enhet", word)
        name = _text(item, "cbc:Description")
        if name is None and notes:
            name = notes.pop(0)
        if name is None:
            raise Unreadable(f"{path_of(item)}/Description", "BT-153 is missing")
        standard = item.find("cac:StandardItemIdentification/cac:ID", NAMESPACES)
        return Line(
            id=_required(found, "cac:ID", "BT-126"),
            quantity=quantity,
            unit=unit,
            price=price,
            item=Item(
                name,
                vat,
                seller_id=_text(item, "cac:SellersItemIdentification/cac:ID"),
                buyer_id=_text(item, "cac:BuyersItemIdentification/cac:ID"),
                standard_id=None if standard is None else _identifier(standard, GTIN),
            ),
            note="\n".join(notes) or None,
            net_amount=amount,
            order_line=_text(found, "cac:OrderLineReference/cac:BuyersLineID"),
            allowances=allowances,
            charges=charges,
        )


_ORDER: Final = "cac:OrderLineReference/cac:OrderReference/cac:BuyersID"
_COUNTRY: Final = "cac:Country/cac:IdentificationCode"
_PAYEE: Final = "cac:PayeePartyName/cbc:Name"
_BANK: Final = "cac:FinancialInstitutionBranch/cac:FinancialInstitution/cac:ID"
_TOTAL: Final = "cac:LegalTotal"


class _References:
    def __init__(self) -> None:
        self.contract: str | None = None
        self.invoiced_object: Identifier | None = None
        self.documents: list[SupportingDocument] = []


def _registration(party: etree._Element, scheme: str) -> etree._Element | None:
    for found in party.iterfind("cac:PartyTaxScheme", NAMESPACES):
        if _text(found, "cac:TaxScheme/cac:ID") == scheme:
            return found
    return None


def _company(scheme: etree._Element | None) -> str | None:
    return _text(scheme, "cac:CompanyID")


def _legal(scheme: etree._Element | None) -> Identifier | None:
    stated = _company(scheme)
    return Identifier(stated, ORGNR) if stated else None


def _identifiers(party: etree._Element) -> list[Identifier]:
    found = party.iterfind("cac:PartyIdentification/cac:ID", NAMESPACES)
    return [each for element in found if (each := _identifier(element, GLN))]


def _identifier(element: etree._Element, gs1: str) -> Identifier | None:
    """An identifier; `gs1` is its scheme where the agency is GS1 (9)."""
    value = _all_text(element).strip()
    if not value:
        return None
    if element.get("identificationSchemeAgencyID") == "9":
        return Identifier(value, gs1)
    return Identifier(value, ORGNR if gs1 == GLN and is_orgnr(value) else None)


def is_orgnr(value: str) -> bool:
    """Whether a value is ten digits that make a Swedish organisation number."""
    return bool(re.fullmatch(r"[0-9]{10}", value)) and check(Kind.SE_ORGNR, value)


def _is_charge(found: etree._Element) -> bool:
    return _text(found, "cbc:ChargeIndicator") in ("true", "1")


def _adjustment(found: etree._Element) -> dict[str, Any]:
    code = found.find("cac:ReasonCode", NAMESPACES)
    return {
        "amount": _amount(found, "cbc:Amount", "BT-92"),
        "base": _number(found, "cac:AllowanceChargeBaseAmount"),
        "percent": _number(found, "cbc:MultiplierFactorNumeric"),
        "reason": (code.get("name", "").strip() or None) if code is not None else None,
    }


def _line_adjustments(
    line: etree._Element,
) -> tuple[tuple[LineAllowance, ...], tuple[LineCharge, ...]]:
    allowances, charges = [], []
    for found in line.iterfind("cac:AllowanceCharge", NAMESPACES):
        amount = _amount(found, "cbc:Amount", "BT-136")
        base = _number(found, "cac:AllowanceChargeBaseAmount")
        if _is_charge(found):
            charges.append(LineCharge(amount, base, reason=LINE_CHARGE))
        else:
            allowances.append(LineAllowance(amount, base, reason=LINE_ALLOWANCE))
    return tuple(allowances), tuple(charges)


def _priced(line: etree._Element, gross: Decimal) -> tuple[Decimal, Price]:
    """Quantity and price; where one is missing, so that they give the amount `gross`."""
    quantity = _number(line, "cbc:InvoicedQuantity")
    net = _number(line, "cac:Item/cac:BasePrice/cbc:PriceAmount")
    base = _number(line, "cac:Item/cac:BasePrice/cbc:BaseQuantity")
    if quantity is None:
        if net is not None and net != abs(gross):
            reason = "BT-129 is missing, and the price is not the amount"
            raise Unreadable(f"{path_of(line)}/InvoicedQuantity", reason)
        return Decimal(-1 if gross < 0 else 1), Price(abs(gross))
    if net is not None:
        return quantity, Price(net, base_quantity=base)
    if gross and not quantity:
        raise Unreadable(f"{path_of(line)}/Item/BasePrice", "BT-146 is missing, quantity is 0")
    if not gross:
        return quantity, Price(Decimal(0))
    sign = 1 if (gross < 0) == (quantity < 0) else -1
    return quantity, Price(sign * abs(gross), base_quantity=abs(quantity))


def _unit(quantity: etree._Element | None) -> tuple[str, str | None]:
    """The code of a quantity's unit, and its word where that is no code we know."""
    stated = "" if quantity is None else quantity.get("quantityUnitCode", "").strip()
    if not stated:
        return "C62", None  # one
    if stated in codelists.codes("UNECERec20-21", date.max):
        return stated, None
    known = _UNITS.get(stated.casefold())
    return (known, None) if known else ("ZZ", stated)
