"""Writes the model as CII: the other direction of `schemas.cii.read`, which only tests need."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from lxml import etree

from schemas.invoice import Address, Contact, Identifier, Invoice, Line, Payment, Period

STANDARD = "urn:un:unece:uncefact:data:standard:"
NAMESPACES = {
    "rsm": f"{STANDARD}CrossIndustryInvoice:100",
    "ram": f"{STANDARD}ReusableAggregateBusinessInformationEntity:100",
    "udt": f"{STANDARD}UnqualifiedDataType:100",
    "qdt": f"{STANDARD}QualifiedDataType:100",
}
TAX_POINTS = {"3": "5", "35": "29", "432": "72"}


class Node:
    """An element to which others are added; what is None, or holds nothing, is left out."""

    def __init__(self, name: str) -> None:
        prefix, _, local = name.rpartition(":")
        self.element = etree.Element(
            f"{{{NAMESPACES[prefix or 'ram']}}}{local}",
            nsmap=None if prefix != "rsm" else NAMESPACES,
        )

    def add(self, name: str, value: Any = None, **attributes: str | None) -> Node:
        if value is None:
            return self
        node = value if isinstance(value, Node) else Node(name)
        if isinstance(value, Node):
            pass
        elif isinstance(value, datetime.date):
            kind = {
                "FormattedIssueDateTime": "qdt:DateTimeString",
                "TaxPointDate": "udt:DateString",
            }
            node.add(kind.get(name, "udt:DateTimeString"), f"{value:%Y%m%d}", format="102")
        elif isinstance(value, Decimal):
            node.element.text = format(value, "f")
        elif isinstance(value, bytes):
            node.element.text = base64.b64encode(value).decode()
        else:
            node.element.text = str(value)
        for key, text in attributes.items():
            if text:
                node.element.set(key, text)
        if len(node.element) or node.element.text or node.element.attrib:
            self.element.append(node.element)
        return self


def group(name: str, **values: Any) -> Node:
    made = Node(name)
    for key, value in values.items():
        made.add(key, value)
    return made


def written(invoice: Invoice, profile: str = "urn:cen.eu:en16931:2017") -> bytes:
    root = Node("rsm:CrossIndustryInvoice")
    context = Node("rsm:ExchangedDocumentContext")
    context.add("", group("GuidelineSpecifiedDocumentContextParameter", ID=profile))
    root.add("", context)
    header = Node("rsm:ExchangedDocument").add("ID", invoice.number)
    header.add("TypeCode", invoice.type_code).add("IssueDateTime", invoice.issue_date)
    for note in invoice.notes:
        header.add("", group("IncludedNote", Content=note.text, SubjectCode=note.subject))
    root.add("", header)
    trade = Node("rsm:SupplyChainTradeTransaction")
    for line in invoice.lines:
        trade.add("", _line(line))
    trade.add("", _agreement(invoice)).add("", _delivery(invoice)).add("", _settlement(invoice))
    root.add("", trade)
    return etree.tostring(root.element, xml_declaration=True, encoding="UTF-8")


def _line(line: Line) -> Node:
    made = Node("IncludedSupplyChainTradeLineItem")
    about = Node("AssociatedDocumentLineDocument").add("LineID", line.id)
    if line.note:
        about.add("", group("IncludedNote", Content=line.note))
    made.add("", about)
    item = line.item
    product = Node("SpecifiedTradeProduct")
    _identified(product, "GlobalID", item.standard_id)
    product.add("SellerAssignedID", item.seller_id).add("BuyerAssignedID", item.buyer_id)
    product.add("Name", item.name).add("Description", item.description)
    for each in item.attributes:
        product.add(
            "",
            group("ApplicableProductCharacteristic", Description=each.name, Value=each.value),
        )
    for kind in item.classifications:
        code = Node("DesignatedProductClassification")
        code.add("ClassCode", kind.value, listID=kind.scheme, listVersionID=kind.scheme_version)
        product.add("", code)
    if item.origin_country:
        product.add("", group("OriginTradeCountry", ID=item.origin_country))
    made.add("", product)
    price, agreement = line.price, Node("SpecifiedLineTradeAgreement")
    agreement.add("", group("BuyerOrderReferencedDocument", LineID=line.order_line))
    if price.gross is not None:
        gross = group("GrossPriceProductTradePrice", ChargeAmount=price.gross)
        gross.add("BasisQuantity", price.base_quantity, unitCode=price.base_unit)
        reduced = Node("AppliedTradeAllowanceCharge").add("", _indicator(False))
        gross.add("", reduced.add("ActualAmount", price.discount))
        agreement.add("", gross)
    net = group("NetPriceProductTradePrice", ChargeAmount=price.net)
    agreement.add("", net.add("BasisQuantity", price.base_quantity, unitCode=price.base_unit))
    made.add("", agreement)
    delivered = Node("SpecifiedLineTradeDelivery")
    made.add("", delivered.add("BilledQuantity", line.quantity, unitCode=line.unit))
    settlement = Node("SpecifiedLineTradeSettlement")
    vat = item.vat
    settlement.add(
        "",
        group(
            "ApplicableTradeTax",
            TypeCode="VAT",
            CategoryCode=vat.category,
            RateApplicablePercent=vat.rate,
        ),
    )
    _period(settlement, line.period)
    _adjustments(settlement, line.allowances, charge=False)
    _adjustments(settlement, line.charges, charge=True)
    settlement.add(
        "",
        group("SpecifiedTradeSettlementLineMonetarySummation", LineTotalAmount=line.net_amount),
    )
    _object(settlement, line.object_id)
    settlement.add(
        "",
        group("ReceivableSpecifiedTradeAccountingAccount", ID=line.buyer_accounting_reference),
    )
    return made.add("", settlement)


def _agreement(invoice: Invoice) -> Node:
    made = Node("ApplicableHeaderTradeAgreement").add("BuyerReference", invoice.buyer_reference)
    seller, buyer = invoice.seller, invoice.buyer
    party = Node("SellerTradeParty")
    for each in sorted(seller.identifiers, key=lambda each: each.scheme is not None):
        if each.scheme != "SEPA":
            _identified(party, "GlobalID" if each.scheme else "ID", each)
    party.add("Name", seller.name).add("Description", seller.legal_form)
    _party(party, seller, "VA", "FC")
    made.add("", party)
    party = Node("BuyerTradeParty")
    _identified(
        party,
        "GlobalID" if buyer.identifier and buyer.identifier.scheme else "ID",
        buyer.identifier,
    )
    made.add("", _party(party.add("Name", buyer.name), buyer, "VA"))
    if found := invoice.tax_representative:
        party = Node("SellerTaxRepresentativeTradeParty").add("Name", found.name)
        _address(party, found.address)
        made.add(
            "",
            party.add("", Node("SpecifiedTaxRegistration").add("ID", found.vat_id, schemeID="VA")),
        )
    for name, value in (
        ("SellerOrder", invoice.sales_order_reference),
        ("BuyerOrder", invoice.purchase_order_reference),
        ("Contract", invoice.contract_reference),
    ):
        made.add("", group(f"{name}ReferencedDocument", IssuerAssignedID=value))
    for each in invoice.supporting_documents:
        document = group(
            "AdditionalReferencedDocument",
            IssuerAssignedID=each.reference,
            URIID=each.url,
            TypeCode="916",
            Name=each.description,
        )
        if file := each.attachment:
            document.add(
                "AttachmentBinaryObject",
                file.content,
                mimeCode=file.mime_code,
                filename=file.filename,
            )
        made.add("", document)
    if invoice.tender_reference:
        made.add(
            "",
            group(
                "AdditionalReferencedDocument",
                IssuerAssignedID=invoice.tender_reference,
                TypeCode="50",
            ),
        )
    _object(made, invoice.invoiced_object)
    if invoice.project_reference:
        made.add(
            "",
            group(
                "SpecifiedProcuringProject",
                ID=invoice.project_reference,
                Name="Project reference",
            ),
        )
    return made


def _delivery(invoice: Invoice) -> Node:
    made = Node("ApplicableHeaderTradeDelivery")
    if found := invoice.delivery:
        party = Node("ShipToTradeParty")
        place = found.location_id
        _identified(party, "GlobalID" if place and place.scheme else "ID", place)
        party.add("Name", found.name)
        _address(party, found.address)
        made.add("", party)
        made.add(
            "",
            Node("ActualDeliverySupplyChainEvent").add("OccurrenceDateTime", found.date),
        )
    made.add(
        "",
        group(
            "DespatchAdviceReferencedDocument", IssuerAssignedID=invoice.despatch_advice_reference
        ),
    )
    made.add(
        "",
        group(
            "ReceivingAdviceReferencedDocument", IssuerAssignedID=invoice.receiving_advice_reference
        ),
    )
    return made


def _settlement(invoice: Invoice) -> Node:
    made = Node("ApplicableHeaderTradeSettlement")
    debits = [p.direct_debit for p in invoice.payments if p.direct_debit]
    creditors = [d.creditor_id for d in debits if d.creditor_id]
    creditors += [i.value for i in invoice.seller.identifiers if i.scheme == "SEPA"]
    made.add("CreditorReferenceID", creditors[0] if creditors else None)
    references = [p.reference for p in invoice.payments if p.reference]
    made.add("PaymentReference", references[0] if references else None)
    made.add("TaxCurrencyCode", invoice.vat_currency).add("InvoiceCurrencyCode", invoice.currency)
    if found := invoice.payee:
        party = Node("PayeeTradeParty")
        own = found.identifier
        _identified(party, "GlobalID" if own and own.scheme else "ID", own)
        party.add("Name", found.name)
        legal = Node("SpecifiedLegalOrganization")
        _identified(legal, "ID", found.legal_id)
        made.add("", party.add("", legal))
    for payment in invoice.payments:
        for means in _means(payment):
            made.add("", means)
    for row in invoice.vat_breakdown:
        made.add(
            "",
            group(
                "ApplicableTradeTax",
                CalculatedAmount=row.tax,
                TypeCode="VAT",
                ExemptionReason=row.exemption_reason,
                BasisAmount=row.taxable,
                CategoryCode=row.category,
                ExemptionReasonCode=row.exemption_code,
                TaxPointDate=invoice.tax_point_date,
                DueDateTypeCode=TAX_POINTS.get(invoice.tax_point_code or ""),
                RateApplicablePercent=row.rate,
            ),
        )
    _period(made, invoice.period)
    for charge, adjustments in ((False, invoice.allowances), (True, invoice.charges)):
        _adjustments(made, adjustments, charge=charge)
    terms = group("SpecifiedTradePaymentTerms", Description=invoice.payment_terms)
    terms.add("DueDateDateTime", invoice.due_date)
    mandates = [d.mandate for d in debits if d.mandate]
    made.add("", terms.add("DirectDebitMandateID", mandates[0] if mandates else None))
    if totals := invoice.totals:
        sums = group(
            "SpecifiedTradeSettlementHeaderMonetarySummation",
            LineTotalAmount=totals.lines,
            ChargeTotalAmount=totals.charges,
            AllowanceTotalAmount=totals.allowances,
            TaxBasisTotalAmount=totals.without_vat,
        )
        sums.add("TaxTotalAmount", totals.vat, currencyID=invoice.currency)
        sums.add("TaxTotalAmount", totals.vat_in_vat_currency, currencyID=invoice.vat_currency)
        sums.add("RoundingAmount", totals.rounding).add("GrandTotalAmount", totals.with_vat)
        sums.add("TotalPrepaidAmount", totals.paid).add("DuePayableAmount", totals.due)
        made.add("", sums)
    for before in invoice.preceding_invoices:
        made.add(
            "",
            group(
                "InvoiceReferencedDocument",
                IssuerAssignedID=before.number,
                FormattedIssueDateTime=before.issue_date,
            ),
        )
    made.add(
        "",
        group("ReceivableSpecifiedTradeAccountingAccount", ID=invoice.buyer_accounting_reference),
    )
    return made


def _means(payment: Payment) -> Iterable[Node]:
    for transfer in payment.credit_transfers or (None,):
        made = group(
            "SpecifiedTradeSettlementPaymentMeans",
            TypeCode=payment.means,
            Information=payment.means_text,
        )
        if card := payment.card:
            made.add(
                "",
                group(
                    "ApplicableTradeSettlementFinancialCard",
                    ID=card.account,
                    CardholderName=card.holder,
                ),
            )
        if payment.direct_debit:
            debited = payment.direct_debit.debited_account
            made.add("", group("PayerPartyDebtorFinancialAccount", IBANID=debited))
        if transfer:
            made.add(
                "",
                group(
                    "PayeePartyCreditorFinancialAccount",
                    IBANID=transfer.account,
                    AccountName=transfer.account_name,
                ),
            )
            bank = "PayeeSpecifiedCreditorFinancialInstitution"
            made.add("", group(bank, BICID=transfer.service_provider))
        yield made


def _party(made: Node, party: Any, *schemes: str) -> Node:
    legal = Node("SpecifiedLegalOrganization")
    _identified(legal, "ID", party.legal_id)
    made.add("", legal.add("TradingBusinessName", party.trading_name))
    if contact := party.contact:
        made.add("", _contact(contact))
    _address(made, party.address)
    if party.endpoint:
        uri = Node("URIUniversalCommunication")
        _identified(uri, "URIID", party.endpoint)
        made.add("", uri)
    numbers = {"VA": party.vat_id, "FC": getattr(party, "tax_registration_id", None)}
    for scheme in schemes:
        made.add("", Node("SpecifiedTaxRegistration").add("ID", numbers[scheme], schemeID=scheme))
    return made


def _contact(contact: Contact) -> Node:
    made = group("DefinedTradeContact", PersonName=contact.name)
    made.add("", group("TelephoneUniversalCommunication", CompleteNumber=contact.phone))
    return made.add("", group("EmailURIUniversalCommunication", URIID=contact.email))


def _address(made: Node, address: Address | None) -> None:
    if address is not None:
        made.add(
            "",
            group(
                "PostalTradeAddress",
                PostcodeCode=address.post_code,
                LineOne=address.line1,
                LineTwo=address.line2,
                LineThree=address.line3,
                CityName=address.city,
                CountryID=address.country,
                CountrySubDivisionName=address.subdivision,
            ),
        )


def _identified(made: Node, name: str, value: Identifier | None) -> None:
    if value is not None:
        made.add(name, value.value, schemeID=value.scheme)


def _object(made: Node, value: Identifier | None) -> None:
    if value is not None:
        made.add(
            "",
            group(
                "AdditionalReferencedDocument",
                IssuerAssignedID=value.value,
                TypeCode="130",
                ReferenceTypeCode=value.scheme,
            ),
        )


def _period(made: Node, period: Period | None) -> None:
    if period is not None:
        made.add(
            "",
            group("BillingSpecifiedPeriod", StartDateTime=period.start, EndDateTime=period.end),
        )


def _indicator(charge: bool) -> Node:
    return group("ChargeIndicator", **{"udt:Indicator": str(charge).lower()})


def _adjustments(made: Node, found: Iterable[Any], *, charge: bool) -> None:
    for each in found:
        one = Node("SpecifiedTradeAllowanceCharge").add("", _indicator(charge))
        one.add("CalculationPercent", each.percent).add("BasisAmount", each.base)
        one.add("ActualAmount", each.amount).add("ReasonCode", each.reason_code)
        one.add("Reason", each.reason)
        if vat := getattr(each, "vat", None):
            one.add(
                "",
                group(
                    "CategoryTradeTax",
                    TypeCode="VAT",
                    CategoryCode=vat.category,
                    RateApplicablePercent=vat.rate,
                ),
            )
        made.add("", one)
