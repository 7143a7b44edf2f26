"""Reads a CII (D16B or D22B) into the model of EN 16931, as Factur-X and ZUGFeRD have it.

In charge of the binding of EN 16931 to CII (CEN/TS 16931-3-3). What has no business term is left
over, and told. Whether the invoice is right is `validators`. Where the two differ:

* Specification and process (BT-24, BT-23) are those of CII, and not taken over.
* A code of the VAT date (BT-8) is of UNTDID 2475 here and of UNTDID 2005 in the model.
* Several notes become one, since Peppol takes one, unless both parties are German; their subjects
  stand before each.
* A gross price without a discount has one: what it is more than the net price.
* A charge for logistics (EXTENDED) is a charge (BG-21).
* An e-mail address (EM) is no electronic address in Peppol: it is the contact's, where that has
  none or the same.
* A mandate, a creditor's or debtor's account are of the direct debits among the means of payment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, localcontext
from typing import Any, Final

from lxml import etree

from schemas.cii.values import DIGITS, Problem, Scope, Values
from schemas.forms import CROSS_INDUSTRY_NAMESPACE
from schemas.invoice import (
    Address,
    Allowance,
    Attachment,
    Attribute,
    Buyer,
    Charge,
    Contact,
    CreditTransfer,
    Delivery,
    DirectDebit,
    Identifier,
    Invoice,
    Item,
    Line,
    LineAllowance,
    LineCharge,
    Note,
    Payee,
    Payment,
    PaymentCard,
    Period,
    PrecedingInvoice,
    Price,
    Seller,
    SupportingDocument,
    TaxRepresentative,
    Totals,
    Vat,
    VatBreakdown,
)
from schemas.svefaktura.values import Left
from schemas.ubl.read import Unreadable

_ROOT: Final = f"{{{CROSS_INDUSTRY_NAMESPACE}}}CrossIndustryInvoice"

# Profiles of Factur-X that hold no lines: a note for the bookkeeping, and no invoice.
_WITHOUT_LINES: Final = ("urn:factur-x.eu:1p0:minimum", "urn:factur-x.eu:1p0:basicwl")

# UNTDID 2475 -> UNTDID 2005: on issue, on delivery, when it is paid.
_TAX_POINTS: Final = {"5": "3", "29": "35", "72": "432"}

# UNTDID 1001, what a referenced document is.
_SUPPORTING, _TENDER, _OBJECT = "916", "50", "130"

# UNTDID 4461: direct debit, SEPA direct debit.
_DIRECT_DEBITS: Final = frozenset({"49", "59"})
_SEPA: Final = "SEPA"

_EMAIL: Final = "EM"  # of the EAS list, and not of Peppol's

_DAY: Final = "udt:DateTimeString"


class Unbound(Unreadable):
    """A document that cannot be bound to the model, with all that is wrong with its values."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(problems[0].path, problems[0].reason)
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Read:
    """The invoice of a CII, the values of it that have no place in there, and where each field of
    the model (a JSON pointer) is: the element, and the path below it where that is missing."""

    invoice: Invoice
    left: tuple[Left, ...]
    places: Mapping[str, tuple[etree._Element, str]]

    def find(self, pointer: str) -> tuple[etree._Element | None, str]:
        """Where a field is, or the nearest field around it that the document can tell."""
        while pointer:
            if pointer in self.places:
                return self.places[pointer]
            pointer = pointer.rpartition("/")[0]
        return None, ""


def read(root: etree._Element) -> Read:
    """Returns the invoice of a CII's root element.

    The structure need not have been checked. Raises Unbound where terms that the model requires are
    missing, or values are not of their type: all of them.
    """
    values = Values()
    if root.tag != _ROOT:
        raise Unbound((Problem(root, "", "not a Cross Industry Invoice of UN/CEFACT's D16B"),))
    with localcontext() as context:
        context.prec = 4 * DIGITS
        invoice = _Reader(Scope(values, root, "")).invoice()
    if values.problems:
        raise Unbound(tuple(values.problems))
    return Read(invoice, tuple(values.left(root)), values.places)


class _Reader:
    def __init__(self, root: Scope) -> None:
        self.root = root
        self.header = root.within("rsm:ExchangedDocument")
        self.trade = root.within("rsm:SupplyChainTradeTransaction")
        self.agreement = self.trade.within("ApplicableHeaderTradeAgreement")
        self.delivered = self.trade.within("ApplicableHeaderTradeDelivery")
        self.settlement = self.trade.within("ApplicableHeaderTradeSettlement")
        for found, name in (
            (self.header, "ExchangedDocument"),
            (self.trade, "SupplyChainTradeTransaction"),
            (self.agreement, "SupplyChainTradeTransaction/ApplicableHeaderTradeAgreement"),
            (self.settlement, "SupplyChainTradeTransaction/ApplicableHeaderTradeSettlement"),
        ):
            if not found:
                root.wrong(name, "is missing")
        self.currency = self.settlement.required("InvoiceCurrencyCode", "currency", "BT-5")

    def invoice(self) -> Invoice:
        header, agreement, settlement = self.header, self.agreement, self.settlement
        self.context()
        seller, buyer = self.seller(), self.buyer()
        payments, seller = self.payments(seller)
        vat_currency = settlement.text("TaxCurrencyCode", "vat_currency")
        adjustments = list(_adjustments(settlement, "SpecifiedTradeAllowanceCharge"))
        documents = list(self.documents())
        terms = settlement.within("SpecifiedTradePaymentTerms")
        return Invoice(
            number=header.required("ID", "number", "BT-1"),
            issue_date=header.required_day(f"IssueDateTime/{_DAY}", "issue_date", "BT-2"),
            currency=self.currency,
            seller=seller,
            buyer=buyer,
            lines=tuple(self.lines()),
            type_code=header.required("TypeCode", "type_code", "BT-3"),
            vat_currency=vat_currency,
            tax_point_date=self.tax_point_date(),
            tax_point_code=self.tax_point_code(),
            due_date=terms.day(f"DueDateDateTime/{_DAY}", "due_date"),
            buyer_reference=agreement.text("BuyerReference", "buyer_reference"),
            project_reference=self.project(),
            contract_reference=_referenced(agreement, "Contract", "contract_reference"),
            purchase_order_reference=_referenced(
                agreement, "BuyerOrder", "purchase_order_reference"
            ),
            sales_order_reference=_referenced(agreement, "SellerOrder", "sales_order_reference"),
            receiving_advice_reference=_referenced(
                self.delivered, "ReceivingAdvice", "receiving_advice_reference"
            ),
            despatch_advice_reference=_referenced(
                self.delivered, "DespatchAdvice", "despatch_advice_reference"
            ),
            tender_reference=self.tender(),
            invoiced_object=_object(agreement, "invoiced_object"),
            buyer_accounting_reference=settlement.text(
                "ReceivableSpecifiedTradeAccountingAccount/ID", "buyer_accounting_reference"
            ),
            payment_terms=terms.text("Description", "payment_terms"),
            notes=self.notes(german=seller.address.country == buyer.address.country == "DE"),
            preceding_invoices=tuple(self.preceding()),
            payee=self.payee(),
            tax_representative=self.representative(),
            delivery=self.delivery(),
            period=_period(settlement),
            payments=payments,
            allowances=tuple(
                Allowance(_vat(scope, "CategoryTradeTax"), **_adjusted(scope, self.currency))
                for charge, scope in adjustments
                if not charge
            ),
            charges=(
                *(
                    Charge(_vat(scope, "CategoryTradeTax"), **_adjusted(scope, self.currency))
                    for charge, scope in adjustments
                    if charge
                ),
                *self.logistics(sum(charge for charge, _ in adjustments)),
            ),
            totals=self.totals(vat_currency),
            vat_breakdown=tuple(self.breakdown()),
            supporting_documents=tuple(documents),
        )

    def context(self) -> None:
        """What the document says of itself: nothing of it is of the invoice."""
        context = self.root.within("rsm:ExchangedDocumentContext")
        context.text("BusinessProcessSpecifiedDocumentContextParameter/ID", "business_process")
        guideline = "GuidelineSpecifiedDocumentContextParameter/ID"
        profile = context.text(guideline, "specification") or ""
        if profile in _WITHOUT_LINES:
            context.wrong(guideline, f"{profile} has no lines; it takes BASIC or more")
        context.implied("TestIndicator/udt:Indicator", "false")
        self.header.implied("CopyIndicator/udt:Indicator", "false")
        # The type's name, and a language that people read anyhow.
        self.header.text("Name", "type_code")
        self.header.text("LanguageID", "type_code")

    def notes(self, *, german: bool) -> tuple[Note, ...]:
        found = tuple(
            Note(note.required("Content", "text", "BT-22"), note.text("SubjectCode", "subject"))
            for note in self.header.each("IncludedNote", "notes")
        )
        if len(found) < 2 or german:
            return found
        told = (f"#{each.subject}#{each.text}" if each.subject else each.text for each in found)
        return (Note("\n".join(told)),)

    def seller(self) -> Seller:
        party = self.agreement.within("SellerTradeParty", "seller")
        registrations = _registrations(party)
        return Seller(
            name=party.required("Name", "name", "BT-27"),
            address=_required_address(party, "BT-40"),
            trading_name=party.text(f"{_LEGAL}/TradingBusinessName", "trading_name"),
            identifiers=tuple(_identifiers(party)),
            legal_id=party.identifier(f"{_LEGAL}/ID", "legal_id"),
            vat_id=_registration(party, registrations, "VA", "vat_id"),
            tax_registration_id=_registration(party, registrations, "FC", "tax_registration_id"),
            legal_form=party.text("Description", "legal_form"),
            **_reached(party),
        )

    def buyer(self) -> Buyer:
        party = self.agreement.within("BuyerTradeParty", "buyer")
        return Buyer(
            name=party.required("Name", "name", "BT-44"),
            address=_required_address(party, "BT-55"),
            trading_name=party.text(f"{_LEGAL}/TradingBusinessName", "trading_name"),
            identifier=_identifier(party, "identifier"),
            legal_id=party.identifier(f"{_LEGAL}/ID", "legal_id"),
            vat_id=_registration(party, _registrations(party), "VA", "vat_id"),
            **_reached(party),
        )

    def payee(self) -> Payee | None:
        party = self.settlement.within("PayeeTradeParty", "payee")
        if not party:
            return None
        return Payee(
            name=party.required("Name", "name", "BT-59"),
            identifier=_identifier(party, "identifier"),
            legal_id=party.identifier(f"{_LEGAL}/ID", "legal_id"),
        )

    def representative(self) -> TaxRepresentative | None:
        party = self.agreement.within("SellerTaxRepresentativeTradeParty", "tax_representative")
        if not party:
            return None
        vat_id = _registration(party, _registrations(party), "VA", "vat_id")
        if vat_id is None:
            party.wrong("SpecifiedTaxRegistration/ID", "BT-63 is missing")
        return TaxRepresentative(
            party.required("Name", "name", "BT-62"),
            vat_id or "",
            _required_address(party, "BT-69"),
        )

    def project(self) -> str | None:
        project = self.agreement.within("SpecifiedProcuringProject")
        found = project.text("ID", "project_reference")
        # CII demands a name, and EN 16931 has no term for it.
        project.implied("Name", "Project reference", "Project Reference", found or "")
        return found

    def documents(self) -> Iterator[SupportingDocument]:
        found = _of_type(self.agreement, _SUPPORTING)
        for number, element in enumerate(found):
            one = self.agreement.item(element, "supporting_documents", number)
            one.text("TypeCode", "reference")
            file, held = "AttachmentBinaryObject", None
            if one.find(file) is not None:
                held = Attachment(
                    one.binary(file, "attachment"),
                    one.attribute(file, "mimeCode", "attachment/mime_code") or "",
                    one.attribute(file, "filename", "attachment/filename") or "",
                )
            yield SupportingDocument(
                reference=one.required("IssuerAssignedID", "reference", "BT-122"),
                description=one.text("Name", "description"),
                url=one.text("URIID", "url"),
                attachment=held,
            )

    def tender(self) -> str | None:
        for element in _of_type(self.agreement, _TENDER)[:1]:
            tender = self.agreement.inside(element)
            tender.text("TypeCode", "tender_reference")
            return tender.text("IssuerAssignedID", "tender_reference")
        return None

    def preceding(self) -> Iterator[PrecedingInvoice]:
        for one in self.settlement.each("InvoiceReferencedDocument", "preceding_invoices"):
            yield PrecedingInvoice(
                one.required("IssuerAssignedID", "number", "BT-25"),
                one.day("FormattedIssueDateTime/qdt:DateTimeString", "issue_date"),
            )

    def delivery(self) -> Delivery | None:
        party = self.delivered.within("ShipToTradeParty", "delivery")
        event = self.delivered.within("ActualDeliverySupplyChainEvent")
        day = event.day(f"OccurrenceDateTime/{_DAY}", "delivery/date")
        found = Delivery(
            party.text("Name", "name"), _identifier(party, "location_id"), day, _address(party)
        )
        return None if found == Delivery() else found

    def payments(self, seller: Seller) -> tuple[tuple[Payment, ...], Seller]:
        """The means of payment; and the seller, who gets a creditor's id that is of none."""
        settlement = self.settlement
        found = settlement.each("SpecifiedTradeSettlementPaymentMeans", "payments")
        mandate = creditor = reference = None
        if found:  # they have no place without
            reference = settlement.text("PaymentReference", "payments/0/reference")
            mandate = settlement.text("SpecifiedTradePaymentTerms/DirectDebitMandateID", _MANDATE)
        creditor = settlement.text("CreditorReferenceID", _CREDITOR)
        payments = [_payment(scope, reference) for scope in found]
        debits = [
            n
            for n, each in enumerate(payments)
            if each.direct_debit or each.means in _DIRECT_DEBITS
        ]
        if mandate and not debits:
            debits = [0]  # whatever its code says
        for n in debits:
            known = payments[n].direct_debit or DirectDebit()
            debit = replace(known, mandate=mandate, creditor_id=creditor)
            payments[n] = replace(payments[n], direct_debit=debit)
        if creditor and not debits:
            seller = replace(seller, identifiers=(*seller.identifiers, Identifier(creditor, _SEPA)))
        return tuple(_together(payments)), seller

    def breakdown(self) -> Iterator[VatBreakdown]:
        for row in self.settlement.each("ApplicableTradeTax", "vat_breakdown"):
            row.implied("TypeCode", "VAT")
            # Parts of the taxable amount, which follow from the rest.
            row.number("LineTotalBasisAmount", "taxable")
            row.number("AllowanceChargeBasisAmount", "taxable")
            yield VatBreakdown(
                category=row.required("CategoryCode", "category", "BT-118"),
                rate=row.number("RateApplicablePercent", "rate"),
                taxable=row.amount("BasisAmount", "taxable", self.currency),
                tax=row.amount("CalculatedAmount", "tax", self.currency),
                exemption_reason=row.text("ExemptionReason", "exemption_reason"),
                exemption_code=row.text("ExemptionReasonCode", "exemption_code"),
            )

    def tax_point_date(self) -> date | None:
        path = "ApplicableTradeTax/TaxPointDate/udt:DateString"
        self.settlement.same(path)
        return self.settlement.day(path, "tax_point_date")

    def tax_point_code(self) -> str | None:
        path = "ApplicableTradeTax/DueDateTypeCode"
        self.settlement.same(path)
        stated = self.settlement.text(path, "tax_point_code")
        return _TAX_POINTS.get(stated, stated) if stated else None

    def logistics(self, before: int) -> Iterator[Charge]:
        for n, element in enumerate(self.settlement.all("SpecifiedLogisticsServiceCharge")):
            charge = self.settlement.item(element, "charges", before + n)
            yield Charge(
                vat=_vat(charge, "AppliedTradeTax"),
                amount=charge.amount("AppliedAmount", "amount", self.currency),
                reason=charge.text("Description", "reason"),
            )

    def totals(self, vat_currency: str | None) -> Totals:
        path = "SpecifiedTradeSettlementHeaderMonetarySummation"
        sums = self.settlement.within(path, "totals")
        if not sums:
            self.settlement.wrong(path, "BG-22 is missing")
        vat: dict[str, Decimal | None] = {}
        for element in sums.all("TaxTotalAmount"):
            stated = element.get("currencyID") or self.currency
            term = "vat" if stated == self.currency else "vat_in_vat_currency"
            expected = self.currency if term == "vat" else (vat_currency or self.currency)
            if term not in vat:  # a second one is left over
                vat[term] = sums.inside(element).amount(".", term, expected)

        def amount(name: str, field: str) -> Decimal | None:
            return sums.amount(name, field, self.currency)

        return Totals(
            lines=amount("LineTotalAmount", "lines"),
            allowances=amount("AllowanceTotalAmount", "allowances"),
            charges=amount("ChargeTotalAmount", "charges"),
            without_vat=amount("TaxBasisTotalAmount", "without_vat"),
            with_vat=amount("GrandTotalAmount", "with_vat"),
            paid=amount("TotalPrepaidAmount", "paid"),
            rounding=amount("RoundingAmount", "rounding"),
            due=amount("DuePayableAmount", "due"),
            **vat,
        )

    def lines(self) -> Iterator[Line]:
        found = self.trade.each("IncludedSupplyChainTradeLineItem", "lines")
        if not found:
            self.trade.wrong("IncludedSupplyChainTradeLineItem", "BG-25 is missing")
        for line in found:
            yield self.line(line)

    def line(self, line: Scope) -> Line:
        about = line.within("AssociatedDocumentLineDocument")
        agreement = line.within("SpecifiedLineTradeAgreement")
        settlement = line.within("SpecifiedLineTradeSettlement")
        quantity = "SpecifiedLineTradeDelivery/BilledQuantity"
        tax = settlement.within("ApplicableTradeTax")
        adjustments = list(_adjustments(settlement, "SpecifiedTradeAllowanceCharge"))
        total = "SpecifiedTradeSettlementLineMonetarySummation/LineTotalAmount"
        return Line(
            id=about.required("LineID", "id", "BT-126"),
            quantity=line.required_number(quantity, "quantity", "BT-129"),
            unit=line.attribute(quantity, "unitCode", "unit") or "",
            price=self.price(agreement),
            item=_item(line, tax),
            note=about.text("IncludedNote/Content", "note"),
            object_id=_object(settlement, "object_id"),
            net_amount=settlement.amount(total, "net_amount", self.currency),
            order_line=agreement.text("BuyerOrderReferencedDocument/LineID", "order_line"),
            buyer_accounting_reference=settlement.text(
                "ReceivableSpecifiedTradeAccountingAccount/ID", "buyer_accounting_reference"
            ),
            period=_period(settlement),
            allowances=tuple(
                LineAllowance(**_adjusted(scope, self.currency))
                for charge, scope in adjustments
                if not charge
            ),
            charges=tuple(
                LineCharge(**_adjusted(scope, self.currency))
                for charge, scope in adjustments
                if charge
            ),
        )

    def price(self, agreement: Scope) -> Price:
        gross = agreement.within("GrossPriceProductTradePrice", "price")
        net = agreement.within("NetPriceProductTradePrice", "price")
        per = "BasisQuantity"
        stated = gross.number("ChargeAmount", "gross")
        reduced = gross.within("AppliedTradeAllowanceCharge")
        reduced.implied("ChargeIndicator/udt:Indicator", "false")
        discount = reduced.number("ActualAmount", "discount")
        amount = net.required_number("ChargeAmount", "net", "BT-146")
        net_per, gross_per = net.find(per), gross.find(per)
        if net_per is None and gross_per is not None:
            net_per, net = gross_per, gross
        elif net_per is not None and gross_per is not None and _alike(net_per, gross_per):
            gross.number(per, "base_quantity")
            gross.attribute(per, "unitCode", "base_unit")
        if stated is not None and discount is None and stated >= amount:
            discount = stated - amount
        return Price(
            net=amount,
            discount=discount,
            gross=stated,
            base_quantity=net.number(per, "base_quantity"),
            base_unit=net.attribute(per, "unitCode", "base_unit"),
        )


_LEGAL: Final = "SpecifiedLegalOrganization"
_MANDATE: Final = "payments/0/direct_debit/mandate"
_CREDITOR: Final = "payments/0/direct_debit/creditor_id"


def _alike(one: etree._Element, other: etree._Element) -> bool:
    return (one.text or "").strip() == (other.text or "").strip() and one.get(
        "unitCode"
    ) == other.get("unitCode")


def _item(line: Scope, tax: Scope) -> Item:
    product = line.within("SpecifiedTradeProduct", "item")
    tax.implied("TypeCode", "VAT")
    vat = line.place("item/vat", tax)
    return Item(
        name=product.required("Name", "name", "BT-153"),
        vat=Vat(
            vat.required("CategoryCode", "category", "BT-151"),
            vat.number("RateApplicablePercent", "rate"),
        ),
        description=product.text("Description", "description"),
        seller_id=product.text("SellerAssignedID", "seller_id"),
        buyer_id=product.text("BuyerAssignedID", "buyer_id"),
        standard_id=product.identifier("GlobalID", "standard_id"),
        classifications=tuple(
            found
            for one in product.each("DesignatedProductClassification", "classifications")
            if (found := one.identifier("ClassCode", "value", "listID"))
        ),
        origin_country=product.text("OriginTradeCountry/ID", "origin_country"),
        attributes=tuple(
            Attribute(
                one.required("Description", "name", "BT-160"),
                one.required("Value", "value", "BT-161"),
            )
            for one in product.each("ApplicableProductCharacteristic", "attributes")
        ),
    )


def _payment(means: Scope, reference: str | None) -> Payment:
    account = means.within("PayeePartyCreditorFinancialAccount", "credit_transfers/0")
    bank = means.within("PayeeSpecifiedCreditorFinancialInstitution", "credit_transfers/0")
    number = account.text("IBANID", "account") or account.text("ProprietaryID", "account")
    card = means.within("ApplicableTradeSettlementFinancialCard", "card")
    debited = means.text("PayerPartyDebtorFinancialAccount/IBANID", "direct_debit/debited_account")
    transfer: tuple[CreditTransfer, ...] = ()
    if number:  # the rest has no place without
        name = account.text("AccountName", "account_name")
        transfer = (CreditTransfer(number, name, bank.text("BICID", "service_provider")),)
    return Payment(
        means=means.required("TypeCode", "means", "BT-81"),
        means_text=means.text("Information", "means_text"),
        reference=reference,
        credit_transfers=transfer,
        card=PaymentCard(
            card.required("ID", "account", "BT-87"), card.text("CardholderName", "holder")
        )
        if card
        else None,
        direct_debit=DirectDebit(debited_account=debited) if debited else None,
    )


def _together(payments: Sequence[Payment]) -> Iterator[Payment]:
    """CII has one account in each means of payment: neighbours alike in all else are one."""
    last: Payment | None = None
    for payment in payments:
        alike = last is not None and payment.credit_transfers and last.credit_transfers
        if alike and last and replace(last, credit_transfers=payment.credit_transfers) == payment:
            last = replace(
                last, credit_transfers=(*last.credit_transfers, *payment.credit_transfers)
            )
            continue
        if last is not None:
            yield last
        last = payment
    if last is not None:
        yield last


def _adjustments(holder: Scope, path: str) -> Iterator[tuple[bool, Scope]]:
    """Each allowance and each charge (True), as the items of their fields."""
    count = {False: 0, True: 0}
    for element in holder.all(path):
        charge = holder.inside(element).indicator("ChargeIndicator/udt:Indicator")
        yield charge, holder.item(element, "charges" if charge else "allowances", count[charge])
        count[charge] += 1


def _adjusted(scope: Scope, currency: str) -> dict[str, Any]:
    return {
        "amount": scope.amount("ActualAmount", "amount", currency),
        "base": scope.amount("BasisAmount", "base", currency),
        "percent": scope.number("CalculationPercent", "percent"),
        "reason": scope.text("Reason", "reason"),
        "reason_code": scope.text("ReasonCode", "reason_code"),
    }


def _vat(scope: Scope, path: str) -> Vat:
    tax = scope.within(path, "vat")
    tax.implied("TypeCode", "VAT")
    if not tax:
        scope.wrong(path, "the VAT category is missing")
    return Vat(
        tax.required("CategoryCode", "category", "the VAT category"),
        tax.number("RateApplicablePercent", "rate"),
    )


def _of_type(holder: Scope, code: str) -> list[etree._Element]:
    """The documents referred to that are of this type."""
    found = holder.all("AdditionalReferencedDocument")
    return [each for each in found if holder.inside(each).said("TypeCode") == code]


def _object(holder: Scope, field: str) -> Identifier | None:
    for element in _of_type(holder, _OBJECT)[:1]:
        one = holder.inside(element)
        one.text("TypeCode", field)
        number = one.text("IssuerAssignedID", field)
        scheme = one.text("ReferenceTypeCode", f"{field}/scheme")
        return Identifier(number, scheme) if number else None
    return None


def _referenced(holder: Scope, what: str, field: str) -> str | None:
    return holder.text(f"{what}ReferencedDocument/IssuerAssignedID", field)


def _identifiers(party: Scope) -> Iterator[Identifier]:
    number = 0
    for path in ("ID", "GlobalID"):
        for element in party.all(path):
            one = party.item(element, "identifiers", number)
            if found := one.identifier(".", "value"):
                yield found
                number += 1


def _identifier(party: Scope, field: str) -> Identifier | None:
    """The one identifier that there is a place for: with a scheme before one without."""
    path = "GlobalID" if party.find("GlobalID") is not None else "ID"
    return party.identifier(path, field)


def _registrations(party: Scope) -> Mapping[str | None, etree._Element]:
    """The registrations for tax by their scheme, the first of each."""
    found: dict[str | None, etree._Element] = {}
    for element in party.all("SpecifiedTaxRegistration/ID"):
        found.setdefault(element.get("schemeID"), element)
    return found


def _registration(
    party: Scope, found: Mapping[str | None, etree._Element], scheme: str, field: str
) -> str | None:
    element = found.get(scheme)
    if element is None:
        return None
    stated = party.inside(element).identifier(".", field)
    return stated.value if stated else None


def _contact(party: Scope) -> Contact | None:
    contact = party.within("DefinedTradeContact", "contact")
    names = (contact.text("PersonName", "name"), contact.text("DepartmentName", "name"))
    found = Contact(
        ", ".join(filter(None, names)) or None,
        contact.text("TelephoneUniversalCommunication/CompleteNumber", "phone"),
        contact.text("EmailURIUniversalCommunication/URIID", "email"),
    )
    return None if found == Contact() else found


def _reached(party: Scope) -> dict[str, Any]:
    """The electronic address and the contact of a party."""
    endpoint = party.identifier("URIUniversalCommunication/URIID", "endpoint")
    contact = _contact(party)
    known = contact.email if contact else None
    if endpoint and endpoint.scheme == _EMAIL and known in (None, endpoint.value):
        contact = replace(contact or Contact(), email=endpoint.value)
        endpoint = None
    return {"endpoint": endpoint, "contact": contact}


def _address(party: Scope) -> Address | None:
    address = party.within("PostalTradeAddress", "address")
    if not address:
        return None
    return Address(
        country=address.text("CountryID", "country") or "",
        line1=address.text("LineOne", "line1"),
        line2=address.text("LineTwo", "line2"),
        line3=address.text("LineThree", "line3"),
        city=address.text("CityName", "city"),
        post_code=address.text("PostcodeCode", "post_code"),
        subdivision=address.text("CountrySubDivisionName", "subdivision"),
    )


def _required_address(party: Scope, term: str) -> Address:
    found = _address(party) or Address("")
    if not found.country:
        party.wrong("PostalTradeAddress/CountryID", f"{term} is missing")
    return found


def _period(settlement: Scope) -> Period | None:
    path = "BillingSpecifiedPeriod"
    period = settlement.within(path, "period")
    found = Period(
        period.day(f"StartDateTime/{_DAY}", "start"), period.day(f"EndDateTime/{_DAY}", "end")
    )
    return None if found == Period() else found
