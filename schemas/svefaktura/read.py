"""Reads a Svefaktura 1.0, and the files of its object envelope, into the model of EN 16931.

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
* An allowance without a reason, as all are on a line, has one in EN 16931: "Rabatt"; a charge
  "Avgift". One with a base and no percentage gets that, where it is exact.
* An exchange rate is noted: EN 16931 has none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, localcontext
from types import MappingProxyType
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
from schemas.svefaktura.objects import REFERENCE
from schemas.svefaktura.values import DIGITS, NAMESPACES, Left, Values
from schemas.ubl.read import Unreadable
from schemas.ubl.terms import path_of

DESPATCH_ADVICE: Final = "Följesedel"  # the description (BT-123) of a reference by code DQ
F_TAX: Final = "Godkänd för F-skatt"
NO_VAT: Final = "ML är inte tillämplig"  # the VAT act does not apply
ALLOWANCE: Final = "Rabatt"
CHARGE: Final = "Avgift"
GIROS: Final = {"BGABSESS": "SE:BANKGIRO", "PGSISESS": "SE:PLUSGIRO"}
GLN: Final = "0088"
GTIN: Final = "0160"
ORGNR: Final = "0007"


@dataclass(frozen=True, slots=True)
class Read:
    """The invoice of a Svefaktura, and the values of it that have no place in there."""

    invoice: Invoice
    left: tuple[Left, ...]


def read(root: etree._Element, objects: Mapping[str, Attachment] = MappingProxyType({})) -> Read:
    """Returns the invoice of a Svefaktura's root element, with the files of its object envelope
    (`read_objects`) by their ids.

    Expects a document that fits the structure. Raises Unreadable where a term that the model
    requires is missing, or a value is not of its type.
    """
    if root.tag != f"{{{NAMESPACES['s']}}}Invoice":
        raise Unreadable(path_of(root), "not a Svefaktura 1.0 invoice")
    values = Values()
    with localcontext() as context:
        context.prec = 4 * DIGITS
        invoice = _Reader(root, objects, values).invoice()
    return Read(invoice, tuple(values.left(root)))


_IBAN: Final = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")


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
    def __init__(
        self, root: etree._Element, objects: Mapping[str, Attachment], values: Values
    ) -> None:
        self.root = root
        self.objects = objects
        self.values = values
        self.notes: list[str] = []
        self.breakdown: tuple[VatBreakdown, ...] = ()

    def note(self, label: str, value: object) -> None:
        if value is not None and value != "":
            self.notes.append(f"{label}: {value}")

    def invoice(self) -> Invoice:
        root = self.root
        self.notes = self.values.texts(root, "cbc:Note")
        issued, _ = self.values.moment(root, "cbc:IssueDate")
        if issued is None:
            raise Unreadable("Invoice/IssueDate", "BT-2 is missing")
        taxed, _ = self.values.moment(root, "s:TaxPointDate")
        seller, buyer = self.seller(), self.buyer()
        currency = self.currency()
        adjustments = root.findall("s:AllowanceCharge", NAMESPACES)
        self.breakdown = self.vat_rows(adjustments)
        if not root.findall("cac:TaxTotal/cac:TaxSubTotal", NAMESPACES) and seller.vat_id:
            self.note("Momsregistreringsnummer", seller.vat_id)
            seller = replace(seller, vat_id=None)
        orders = self.values.texts(root, f"cac:InvoiceLine/{_ORDER}")
        lines = root.findall("cac:InvoiceLine", NAMESPACES)
        order = orders[0] if len(orders) == len(lines) and len(set(orders)) == 1 else None
        made = tuple(self.line(line, with_order=order is None) for line in lines)
        allowances = [self.allowance(a) for a in adjustments if not _is_charge(self.values, a)]
        charges = [self.charge(a) for a in adjustments if _is_charge(self.values, a)]
        payments, due, payee = self.payments()
        references = self.references()
        terms = self.payment_terms()
        if not payments and terms and "autogiro" in terms.casefold():
            payments = (Payment(means="49"),)
        delivery, period = self.delivery(), self.period()
        requisitions = self.values.texts(root, "s:RequisitionistDocumentReference/cac:ID")
        vat_currency = self.values.text(root, "s:TaxCurrencyCode")
        rate = root.find("cac:ExchangeRate", NAMESPACES)
        if rate is not None:
            told = (
                f"{etree.QName(e).localname} {self.values.of(e).strip()}"
                for e in rate.iter(etree.Element)
                if e is not rate
            )
            self.note("Växelkurs", ", ".join(told))
        self.note("Leveransvillkor", self.values.text(root, "cac:DeliveryTerms/cbc:SpecialTerms"))
        return Invoice(
            number=self.values.required(root, "s:ID", "BT-1"),
            issue_date=issued,
            currency=currency,
            seller=seller,
            buyer=buyer,
            lines=made,
            type_code=self.values.text(root, "s:InvoiceTypeCode") or "380",
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
                for number in self.values.texts(root, "s:InitialInvoiceDocumentReference/cac:ID")
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
        stated = self.values.text(self.root, "s:InvoiceCurrencyCode")
        total = self.root.find("cac:LegalTotal/cbc:TaxInclusiveTotalAmount", NAMESPACES)
        stated = stated or (None if total is None else total.get("amountCurrencyID"))
        if not stated:
            raise Unreadable("Invoice/InvoiceCurrencyCode", "BT-5 is missing")
        return stated

    def seller(self) -> Seller:
        around = self.root.find("cac:SellerParty", NAMESPACES)
        party = self.party("SellerParty")
        name, trading = self.names(party)
        vat = _registration(self.values, party, "VAT")
        legal, tax = _registration(self.values, party, "SWT"), None
        if legal is not None and (reason := self.values.text(legal, "cbc:ExemptionReason")):
            tax = F_TAX if "f-skatt" in reason.casefold() else reason
        seat = self.seat(legal, vat)
        return Seller(
            name=name,
            address=self.address(party.find("cac:Address", NAMESPACES), _company(self.values, vat)),
            trading_name=trading,
            identifiers=tuple(_identifiers(self.values, party)),
            legal_id=_legal(self.values, legal),
            vat_id=_company(self.values, vat),
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
        legal, vat = (
            _registration(self.values, party, "SWT"),
            _registration(self.values, party, "VAT"),
        )
        self.note("Köparens skatteuppgift", self.values.text(legal, "cbc:ExemptionReason"))
        self.note("Köpare", self.seat(legal, vat))
        identifiers = sorted(_identifiers(self.values, party), key=lambda each: each.scheme != GLN)
        for other in identifiers[1:]:
            self.note("Köparens identitet", other.value)
        return Buyer(
            name=name,
            address=self.address(party.find("cac:Address", NAMESPACES), _company(self.values, vat)),
            trading_name=trading,
            identifier=identifiers[0] if identifiers else None,
            legal_id=_legal(self.values, legal),
            vat_id=_company(self.values, vat),
            contact=self.contact(party.find("cac:Contact", NAMESPACES), None),
        )

    def party(self, role: str) -> etree._Element:
        found = self.root.find(f"cac:{role}/cac:Party", NAMESPACES)
        if found is None:
            raise Unreadable(f"Invoice/{role}/Party", "the party is missing")
        return found

    def names(self, party: etree._Element) -> tuple[str, str | None]:
        stated = " ".join(self.values.texts(party, "cac:PartyName/cbc:Name"))
        registered = self.values.texts(party, "cac:PartyTaxScheme/cbc:RegistrationName")
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
            city, country = (
                self.values.text(address, "cbc:CityName"),
                self.values.text(address, _COUNTRY),
            )
            if city or country:
                seats.append("Säte " + ", ".join(part for part in (city, country) if part))
        for other in seats[1:]:
            if other != seats[0]:
                self.note("Registrerad adress", other)
        return seats[0] if seats else None

    def address(
        self, found: etree._Element | None, vat: str | None, *, own: bool = True
    ) -> Address:
        lines = [
            self.values.text(found, f"cbc:{n}") for n in ("StreetName", "Postbox", "Department")
        ]
        free = self.values.texts(found, "cac:AddressLine/cbc:Line")
        for place in (2, 1):
            if free and lines[place] is None:
                lines[place] = free.pop(0) if place == 2 else ", ".join(free)
                if place == 1:
                    free = []
        if free:
            lines[1] = ", ".join([lines[1] or "", *free])
        if own:
            self.note("Adressens identitet", self.values.text(found, "cac:ID"))
        prefix = (vat or "")[:2].upper()
        country = "SE" if not prefix.isalpha() else {"EL": "GR"}.get(prefix, prefix)
        return Address(
            self.values.text(found, _COUNTRY) or country or "SE",
            line1=lines[0],
            line2=lines[1],
            line3=lines[2],
            city=self.values.text(found, "cbc:CityName"),
            post_code=self.values.text(found, "cbc:PostalZone"),
        )

    def contact(self, *found: etree._Element | None) -> Contact | None:
        fields = []
        for name in ("Name", "Telephone", "ElectronicMail"):
            stated = dict.fromkeys(t for c in found if (t := self.values.text(c, f"cbc:{name}")))
            fields.append(", ".join(stated) or None)
        for each in found:
            self.note("Fax", self.values.text(each, "cbc:Telefax"))
        return Contact(*fields) if any(fields) else None

    def delivery(self) -> Delivery | None:
        found = self.root.find("cac:Delivery", NAMESPACES)
        day, moment = self.values.moment(found, "cbc:ActualDeliveryDateTime")
        self.note("Leveranstid", moment)
        place = None if found is None else found.find("cac:DeliveryAddress", NAMESPACES)
        identity = None if place is None else place.find("cac:ID", NAMESPACES)
        location = None if identity is None else _identifier(self.values, identity, GLN)
        address = None
        if place is not None and any(
            self.values.of(e).strip() for e in place.iter() if e is not identity
        ):
            address = self.address(place, None, own=False)
        if day is None and location is None and address is None:
            return None
        return Delivery(date=day, location_id=location, address=address)

    def period(self) -> Period | None:
        found = self.root.find("s:InvoicingPeriod", NAMESPACES)
        start, starts = self.values.moment(found, "cbc:StartDateTime")
        end, ends = self.values.moment(found, "cbc:EndDateTime")
        self.note("Periodens början", starts)
        if ends and not re.search("T23:59(:59)?", ends):
            self.note("Periodens slut", ends)
        return Period(start, end) if start or end else None

    def payments(self) -> tuple[tuple[Payment, ...], date | None, Payee | None]:
        dues: list[date] = []
        payees: list[str] = []
        by_reference: dict[str | None, list[CreditTransfer]] = {}
        for means in self.root.iterfind("cac:PaymentMeans", NAMESPACES):
            day, _ = self.values.moment(means, "cbc:DuePaymentDate")
            dues += [day] if day else []
            payees += [" ".join(names)] if (names := self.values.texts(means, _PAYEE)) else []
            account = means.find("cac:PayeeFinancialAccount", NAMESPACES)
            number, bank = self.values.text(account, "cac:ID"), self.values.text(account, _BANK)
            reference = self.values.text(account, "cac:PaymentInstructionID")
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
        note, penalty = (
            self.values.text(found, "cbc:Note"),
            self.values.text(found, "cbc:PenaltySurchargePercent"),
        )
        parts = (note, f"Dröjsmålsränta {penalty} %" if penalty else None)
        return ", ".join(part for part in parts if part) or None

    def references(self) -> _References:
        made = _References()
        linked = set()
        for element in self.root.iterfind("s:AdditionalDocumentReference/cac:ID", NAMESPACES):
            value, code = self.values.of(element).strip(), element.get("identificationSchemeID")
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
            elif (name := value.removeprefix(REFERENCE)) != value and name in self.objects:
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
                    self.values.amount(found, "cbc:TaxableAmount", "BT-116"),
                    self.values.amount(found, "cbc:TaxAmount", "BT-117"),
                    reason,
                )
            )
        if rows:
            return tuple(rows)
        if self.values.number(self.root, "cac:TaxTotal/cbc:TotalTaxAmount"):
            raise Unreadable("Invoice/TaxTotal/TaxSubTotal", "BG-23 is missing beside VAT")
        signed = (
            self.values.amount(a, "cbc:Amount", "BT-92") * (1 if _is_charge(self.values, a) else -1)
            for a in adjustments
        )
        base = self.values.amount(self.root, f"{_TOTAL}/cbc:LineExtensionTotalAmount", "BT-106")
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
        stated = self.values.required(found[0], "cac:ID", "the VAT category")
        rate, reason = (
            self.values.number(found[0], "cbc:Percent"),
            self.values.text(found[0], "cbc:ExemptionReason"),
        )
        if stated != "E":
            return Vat(stated, rate), reason
        exempt = [row for row in self.breakdown if row.category in ("E", *_REASONS)]
        if reason is None and len(exempt) == 1:
            return Vat(exempt[0].category, exempt[0].rate), None
        category = _in_words(reason)
        return Vat(category, None if category == "O" else rate or Decimal(0)), reason

    def allowance(self, found: etree._Element) -> Allowance:
        return Allowance(self.vat(found), **_adjustment(self.values, found))

    def vat(self, found: etree._Element) -> Vat:
        vat, reason = self.category(found)
        if reason and all(reason != row.exemption_reason for row in self.breakdown):
            self.note("Undantag från moms", reason)
        return vat

    def charge(self, found: etree._Element) -> Charge:
        return Charge(self.vat(found), **_adjustment(self.values, found))

    def totals(self, allowances: list[Allowance], charges: list[Charge]) -> Totals:
        total = self.root.find(_TOTAL, NAMESPACES)
        if total is None:
            raise Unreadable("Invoice/LegalTotal", "BG-22 is missing")
        lines = self.values.amount(total, "cbc:LineExtensionTotalAmount", "BT-106")
        due = self.values.amount(total, "cbc:TaxInclusiveTotalAmount", "BT-112")
        rounding = self.values.number(total, "cac:RoundOffAmount")
        off = sum((a.amount or Decimal(0) for a in allowances), Decimal(0))
        on = sum((c.amount or Decimal(0) for c in charges), Decimal(0))
        without = self.values.number(total, "cbc:TaxExclusiveTotalAmount")
        found = self.root.findall(
            "cac:TaxTotal/cac:TaxSubTotal/cac:TaxCurrencyTaxAmount", NAMESPACES
        )
        converted = [self.values.number(each, ".") for each in found]
        return Totals(
            lines=lines,
            allowances=off if allowances else None,
            charges=on if charges else None,
            without_vat=lines - off + on if without is None else without,
            vat=self.values.number(self.root, "cac:TaxTotal/cbc:TotalTaxAmount") or Decimal(0),
            vat_in_vat_currency=sum((c or Decimal(0) for c in converted), Decimal(0))
            if converted
            else None,
            with_vat=due - (rounding or 0),
            rounding=rounding,
            due=due,
        )

    def line(self, found: etree._Element, *, with_order: bool) -> Line:
        notes = self.values.texts(found, "cbc:Note")

        def note(label: str, value: str | None) -> None:
            notes.extend([f"{label}: {value}"] if value else [])

        if with_order:
            note("Order", self.values.text(found, _ORDER))
        note("Följesedelsrad", self.values.text(found, "cac:DespatchLineReference/cac:LineID"))
        note(
            "Följesedel",
            self.values.text(found, "cac:DespatchLineReference/cac:DocumentReference/cac:ID"),
        )
        day, moment = self.values.moment(found, "cac:Delivery/cbc:ActualDeliveryDateTime")
        note("Levererat", moment or (day.isoformat() if day else None))
        item = found.find("cac:Item", NAMESPACES)
        if item is None:
            raise Unreadable(f"{path_of(found)}/Item", "BG-31 is missing")
        vat, reason = self.category(item)
        if reason and all(reason != row.exemption_reason for row in self.breakdown):
            note("Undantag från moms", reason)
        amount = self.values.amount(found, "cbc:LineExtensionAmount", "BT-131")
        allowances, charges = _line_adjustments(self.values, found)
        gross = amount + sum((a.amount or Decimal(0) for a in allowances), Decimal(0))
        gross -= sum((c.amount or Decimal(0) for c in charges), Decimal(0))
        quantity, price = _priced(self.values, found, gross)
        unit, word = _unit(found.find("cbc:InvoicedQuantity", NAMESPACES))
        note("Enhet", word)
        name = self.values.text(item, "cbc:Description")
        if name is None and notes:
            name = notes.pop(0)
        if name is None:
            raise Unreadable(f"{path_of(item)}/Description", "BT-153 is missing")
        standard = item.find("cac:StandardItemIdentification/cac:ID", NAMESPACES)
        return Line(
            id=self.values.required(found, "cac:ID", "BT-126"),
            quantity=quantity,
            unit=unit,
            price=price,
            item=Item(
                name,
                vat,
                seller_id=self.values.text(item, "cac:SellersItemIdentification/cac:ID"),
                buyer_id=self.values.text(item, "cac:BuyersItemIdentification/cac:ID"),
                standard_id=None if standard is None else _identifier(self.values, standard, GTIN),
            ),
            note="\n".join(notes) or None,
            net_amount=amount,
            order_line=self.values.text(found, "cac:OrderLineReference/cac:BuyersLineID"),
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


def _registration(values: Values, party: etree._Element, scheme: str) -> etree._Element | None:
    for found in party.iterfind("cac:PartyTaxScheme", NAMESPACES):
        if values.text(found, "cac:TaxScheme/cac:ID") == scheme:
            return found
    return None


def _company(values: Values, scheme: etree._Element | None) -> str | None:
    return values.text(scheme, "cac:CompanyID")


def _legal(values: Values, scheme: etree._Element | None) -> Identifier | None:
    stated = _company(values, scheme)
    return Identifier(stated, ORGNR) if stated else None


def _identifiers(values: Values, party: etree._Element) -> list[Identifier]:
    found = party.iterfind("cac:PartyIdentification/cac:ID", NAMESPACES)
    return [each for element in found if (each := _identifier(values, element, GLN))]


def _identifier(values: Values, element: etree._Element, gs1: str) -> Identifier | None:
    """An identifier; `gs1` is its scheme where the agency is GS1 (9)."""
    value = values.of(element).strip()
    if not value:
        return None
    if element.get("identificationSchemeAgencyID") == "9":
        return Identifier(value, gs1)
    return Identifier(value, ORGNR if gs1 == GLN and is_orgnr(value) else None)


def is_orgnr(value: str) -> bool:
    """Whether a value is ten digits that make a Swedish organisation number."""
    return bool(re.fullmatch(r"[0-9]{10}", value)) and check(Kind.SE_ORGNR, value)


def _is_charge(values: Values, found: etree._Element) -> bool:
    return values.text(found, "cbc:ChargeIndicator") in ("true", "1")


def _adjustment(values: Values, found: etree._Element) -> dict[str, Any]:
    code = found.find("cac:ReasonCode", NAMESPACES)
    amount = values.amount(found, "cbc:Amount", "BT-92")
    base = values.number(found, "cac:AllowanceChargeBaseAmount")
    percent = values.number(found, "cbc:MultiplierFactorNumeric")
    stated = code.get("name", "").strip() if code is not None else ""
    return {
        "amount": amount,
        "base": base,
        "percent": _percent(amount, base) if percent is None else percent,
        "reason": stated or _reason(values, found),
    }


def _reason(values: Values, found: etree._Element) -> str:
    return CHARGE if _is_charge(values, found) else ALLOWANCE


def _percent(amount: Decimal, base: Decimal | None) -> Decimal | None:
    """What the amount is of the base, where it is that to the cent."""
    if not base:
        return None
    percent = (100 * amount / base).quantize(Decimal("0.0001")).normalize()
    exact = abs(base * percent / 100 - amount) < _CENT
    return Decimal(format(percent, "f")) if exact else None


_CENT: Final = Decimal("0.01")


def _line_adjustments(
    values: Values,
    line: etree._Element,
) -> tuple[tuple[LineAllowance, ...], tuple[LineCharge, ...]]:
    allowances, charges = [], []
    for found in line.iterfind("cac:AllowanceCharge", NAMESPACES):
        amount = values.amount(found, "cbc:Amount", "BT-136")
        base = values.number(found, "cac:AllowanceChargeBaseAmount")
        percent, reason = _percent(amount, base), _reason(values, found)
        if _is_charge(values, found):
            charges.append(LineCharge(amount, base, percent, reason))
        else:
            allowances.append(LineAllowance(amount, base, percent, reason))
    return tuple(allowances), tuple(charges)


def _priced(values: Values, line: etree._Element, gross: Decimal) -> tuple[Decimal, Price]:
    """Quantity and price; where one is missing, so that they give the amount `gross`."""
    quantity = values.number(line, "cbc:InvoicedQuantity")
    net = values.number(line, "cac:Item/cac:BasePrice/cbc:PriceAmount")
    base = values.number(line, "cac:Item/cac:BasePrice/cbc:BaseQuantity")
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
