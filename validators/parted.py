"""Texts that a comment or an instruction parts in two where the official rules want one.

To people, to XML Schema and to the rules here the text of an element is one. Some Peppol rules ask
for its text nodes instead, get two, and break down, and the whole check with them. Such a document
would be refused by whoever runs those rules, so it is refused here.

In charge of which texts those are: for each leaf that a `text()` in the official rules is about,
when a rule gets there. Beside the fatal findings of a document that is refused in any
case one parted text too many may be told: before 3.0.21 with a process that came with it, of an
identifier that is no process there; and in a report among keys that are too few or too many.
Source: the official rules named at each leaf.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Final

from lxml import etree

from schemas.ubl.structure import NAMESPACES, ROOTS
from validators import profiles
from validators.guard import has_sections

_NAMES: Final = {
    "cac": NAMESPACES["cac"],
    "cbc": NAMESPACES["cbc"],
    "invoice": ROOTS["Invoice"],
    "creditnote": ROOTS["CreditNote"],
    "tsr": "urn:fdc:peppol:transaction-statistics-report:1.0",
    "eusr": "urn:fdc:peppol:end-user-statistics-report:1.1",
}

# Of so many parted texts each is judged; one more alone is told of a document that has more.
_MOST: Final = 1_000

_ALWAYS: Final = "true()"
_DOCUMENT: Final = "parent::invoice:Invoice or parent::creditnote:CreditNote"


def _of_process(*processes: str) -> str:
    """Whether the document is of one of these processes."""
    told = f" {' '.join(processes)} "
    return f"contains('{told}', concat(' ', normalize-space(/*/cbc:ProfileID), ' '))"


_FRENCH: Final = (
    "urn:peppol:france:billing:regulated",
    "urn:peppol:france:billing:non-regulated",
)
_DATES: Final = (
    "IssueDate",
    "DueDate",
    "TaxPointDate",
    "StartDate",
    "EndDate",
    "ActualDeliveryDate",
)


def _invoices(restricted: str) -> dict[str, str]:
    """Billing and self-billing; `restricted`: when the process restricts the type."""
    return {
        # PEPPOL-EN16931-R004, R005, CL006, P0100, P0101, F001
        "cbc:CustomizationID": _DOCUMENT,
        "cbc:TaxCurrencyCode": _ALWAYS,
        "cbc:DocumentCurrencyCode": "../cbc:TaxCurrencyCode",
        "cbc:DescriptionCode": "parent::cac:InvoicePeriod",
        "cbc:InvoiceTypeCode": restricted,
        "cbc:CreditNoteTypeCode": restricted,
        **{f"cbc:{name}": _ALWAYS for name in _DATES},
        # CL002, CL003: only these two words
        "cbc:AllowanceChargeReasonCode": "parent::cac:AllowanceCharge"
        "[cbc:ChargeIndicator = 'false' or cbc:ChargeIndicator = 'true']",
        # R043: unless R041 or R042 has been told of a base without a percentage or the reverse
        "cbc:ChargeIndicator": "parent::cac:AllowanceCharge"
        "[boolean(cbc:MultiplierFactorNumeric) = boolean(cbc:BaseAmount)]"
        f"[{_DOCUMENT} or parent::cac:InvoiceLine/parent::invoice:Invoice or "
        "parent::cac:CreditNoteLine/parent::creditnote:CreditNote]",
    }


_IN_DENMARK: Final = "/cac:Party/cac:PostalAddress/cac:Country/cbc:IdentificationCode = 'DK'"
_BY_DANES: Final = f"/*/cac:AccountingSupplierParty{_IN_DENMARK}"
_AMONG_DANES: Final = f"{_BY_DANES} and /*/cac:AccountingCustomerParty{_IN_DENMARK}"
_MEANS: Final = "cac:PaymentMeans[parent::invoice:Invoice]"

_DANISH: Final = {
    # DK-R-002
    "cbc:CompanyID": f"{_BY_DANES} and parent::cac:PartyLegalEntity/parent::cac:Party"
    f"/parent::cac:AccountingSupplierParty[{_DOCUMENT}]",
    # DK-R-016
    "cbc:PayableAmount": f"{_AMONG_DANES} and "
    "parent::cac:LegalMonetaryTotal/parent::creditnote:CreditNote",
    # DK-R-004: the engine asks for the number first
    "cbc:AllowanceChargeReason": f"{_AMONG_DANES} and number() >= 0 and number() <= 9999 and "
    "parent::cac:AllowanceCharge[cbc:AllowanceChargeReasonCode = 'ZZZ']",
    # DK-R-006, -007 and -010; the second text of a pair is asked for when there is a first
    "cbc:ID": f"{_AMONG_DANES} and ("
    f"parent::cac:PayeeFinancialAccount/parent::{_MEANS}[cbc:PaymentMeansCode = '31' or "
    "cbc:PaymentMeansCode = '42' or cbc:PaymentMeansCode = '93' and "
    "contains(' 71# 73# 75# ', concat(' ', substring(cbc:PaymentID, 1, 3), ' '))] or "
    "parent::cac:FinancialInstitutionBranch/parent::cac:PayeeFinancialAccount"
    f"[normalize-space(cbc:ID)]/parent::{_MEANS}"
    "[cbc:PaymentMeansCode = '31' or cbc:PaymentMeansCode = '42'] or "
    f"parent::cac:PaymentMandate/parent::{_MEANS}[cbc:PaymentMeansCode = '49'] or "
    "parent::cac:PayerFinancialAccount/parent::cac:PaymentMandate"
    f"[normalize-space(cbc:ID)]/parent::{_MEANS}[cbc:PaymentMeansCode = '49'])",
}

_BILLING: Final = {
    **_invoices(
        _of_process(
            "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0",
            "urn:peppol:bis:billing_with_response",
            *_FRENCH,
        )
    ),
    **_DANISH,
}

_OF_DOCUMENT: Final = "parent::cac:Response/parent::cac:DocumentResponse"
_OF_LINE: Final = "parent::cac:Response/parent::cac:LineResponse"
_REFERENCE: Final = "parent::cac:DocumentReference/parent::cac:DocumentResponse"


def _keys(group: str, kinds: Mapping[str, Sequence[str]]) -> str:
    """The keys by which the groups of a type are told apart."""
    return " or ".join(
        f"normalize-space(@metaSchemeID) = '{name}' and "
        f"parent::{group}[normalize-space(@type) = '{kind}']"
        for kind, names in kinds.items()
        for name in names
    )


_ASKED_FOR: Final[Mapping[str, Mapping[str, str]]] = {
    profiles.PEPPOL_BILLING: _BILLING,
    profiles.PEPPOL_BILLING_PRINT: _BILLING,
    profiles.PEPPOL_SELFBILLING: _invoices(
        _of_process("urn:fdc:peppol.eu:2017:poacc:selfbilling:01:1.0", *_FRENCH)
    ),
    # It has no type, so nothing restricts one.
    profiles.EHF_REMINDER: {**_invoices("false()"), **_DANISH},
    profiles.PEPPOL_INVOICE_RESPONSE: {
        "cbc:ResponseCode": _OF_DOCUMENT,  # PEPPOL-T111-B03001
        "cbc:StatusReasonCode": f"parent::cac:Status/{_OF_DOCUMENT}",  # B03301
        "cbc:DocumentTypeCode": _REFERENCE,  # B04201
    },
    profiles.PEPPOL_MLR: {
        "cbc:ProfileID": _ALWAYS,  # PEPPOL-T71-B00301
        "cbc:ResponseCode": f"{_OF_DOCUMENT} or {_OF_LINE}",  # B01501, B02501
        "cbc:StatusReasonCode": f"parent::cac:Status/{_OF_LINE}",  # B02801
        "cbc:DocumentTypeCode": _REFERENCE,  # B01901
    },
    profiles.PEPPOL_TSR: {
        "tsr:Key": _keys(
            "tsr:Subtotal",
            {
                "PerTP": ("TP",),
                "PerSP-DT-PR": ("SP", "DT", "PR"),
                "PerSP-DT-PR-CC": ("SP", "DT", "PR", "CC"),
            },
        )
    },
    profiles.PEPPOL_EUSR: {
        "eusr:Key": _keys(
            "eusr:Subset",
            {
                "PerDT-PR": ("DT", "PR"),
                "PerDT-PR-EUC": ("DT", "PR", "CC"),
                "PerDT-EUC": ("DT", "CC"),
                "PerEUC": ("CC",),
            },
        )
    },
}

ASKED_FOR: Final = frozenset(_ASKED_FOR)
"""The profiles with rules that ask for text nodes."""


def possible(data: bytes) -> bool:
    """Whether there may be a comment or an instruction to look at."""
    return has_sections(data)


def leaves(data: bytes, profile: str, *, huge: bool) -> Iterator[etree._Element]:
    """The leaves with two texts, in a tree with its comments; `huge` as for `huge_tree` of lxml.

    The document has been parsed once without them, so it is well-formed and has no DOCTYPE.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=huge
    )
    asked_for = _compiled(profile)
    for number, leaf in enumerate(_parted(etree.fromstring(data, parser), asked_for)):
        if number == _MOST:
            yield leaf
            return
        if asked_for[leaf.tag](leaf):
            yield leaf


def _parted(root: etree._Element, names: Mapping[str, object]) -> Iterator[etree._Element]:
    """The leaves with such a name and two texts, each once."""
    before = None
    for apart in root.iter(etree.Comment, etree.PI):
        holder = apart.getparent()
        if holder is None or holder is before or holder.tag not in names:
            continue
        before = holder
        texts = filter(None, (holder.text, *(each.tail for each in holder)))
        if next(texts, None) and next(texts, None):
            yield holder


@cache
def _compiled(profile: str) -> Mapping[str, etree.XPath]:
    """Leaf -> when it is asked for."""
    compiled = {}
    for name, when in _ASKED_FOR[profile].items():
        prefix, _, local = name.partition(":")
        condition = etree.XPath(f"boolean({when})", namespaces=_NAMES)
        compiled[f"{{{_NAMES[prefix]}}}{local}"] = condition
    return compiled
