"""Profiles: which set of rules a document is held to.

In charge of what there is and of choosing by root element, CustomizationID and ProfileID. Not in
charge of the rules: a profile names modules of `validators.rules`, and each of those has its own
table of ids, flags and days. To add a profile: a module of rules if it has any of its own, and a
row of `_PROFILES`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from lxml import etree

from schemas import forms
from schemas.forms import Form
from schemas.marks import is_mark
from schemas.ubl.structure import NAMESPACES, ROOTS

PEPPOL_BILLING: Final = "peppol-billing"
PEPPOL_MLS: Final = "peppol-mls"
PEPPOL_MLR: Final = "peppol-mlr"
PEPPOL_INVOICE_RESPONSE: Final = "peppol-invoice-response"
PEPPOL_TSR: Final = "peppol-tsr"
PEPPOL_EUSR: Final = "peppol-eusr"
PEPPOL_BILLING_PRINT: Final = "peppol-billing-print"
PEPPOL_SELFBILLING: Final = "peppol-selfbilling"
EHF_REMINDER: Final = "ehf-reminder"
SVEFAKTURA: Final = "svefaktura"

OUTGOING: Final = (PEPPOL_BILLING, PEPPOL_BILLING_PRINT, EHF_REMINDER, SVEFAKTURA)
"""Those of invoices and credit notes that a seller hands in to be delivered to the buyer."""

UNKNOWN: Final = "unknown"
"""No rule set is known for the document; it is not looked at."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A set of rules and the documents it is for.

    `roots` are root elements as lxml writes them, `{namespace}name`. `says` tells a document of
    this profile from others with the same root, None when the root is enough. `modules` are those
    of `validators.rules`, in the order in which their rules look at an element; of a rule that two
    of them have, the later counts. `without` are rules of these modules that do not count here.
    `lines` are the last elements of a document, of which it may have many; its rules look at each
    of them by itself, and at their net amounts together.
    """

    name: str
    meaning: str
    roots: frozenset[str]
    modules: tuple[str, ...]
    says: Callable[[etree._Element], bool] | None = None
    without: frozenset[str] = frozenset()
    lines: frozenset[str] = frozenset()


def _ubl(*names: str) -> frozenset[str]:
    return frozenset(f"{{{ROOTS[name]}}}{name}" for name in names)


_CUSTOMIZATION: Final = f"{{{NAMESPACES['cbc']}}}CustomizationID"
_REFERENCE: Final = f"{{{NAMESPACES['cac']}}}AdditionalDocumentReference"
_DESCRIPTION: Final = f"{{{NAMESPACES['cbc']}}}DocumentDescription"


def _customization(beginning: str) -> Callable[[etree._Element], bool]:
    """Whether the CustomizationID, in its usual form, begins so."""

    def says(root: etree._Element) -> bool:
        told = next(root.iterchildren(_CUSTOMIZATION), None)
        text = "" if told is None else told.text or ""
        return " ".join(text.split()).startswith(beginning)

    return says


def _is(form: Form) -> Callable[[etree._Element], bool]:
    """Whether a document says that it is of this form."""
    return lambda root: forms.of(root) is form


def _for_print(root: etree._Element) -> bool:
    """Whether an operator of print and bank services is told what to do by an AQY code.

    Source: SFTI, PM Fakturautskrift BIS Billing 3 (2019-11-14).
    """
    return any(
        is_mark(description.text)
        for reference in root.iterchildren(_REFERENCE)
        for description in reference.iterchildren(_DESCRIPTION)
    )


_LINES: Final = frozenset(("InvoiceLine", "CreditNoteLine"))
_EN_16931: Final = (
    "allowances",
    "totals",
    "cardinality",
    "codes",
    "header",
    "identifiers",
    "lines",
    "parties",
    "payment",
    "unused",
    "vat",
    "breakdown",
)
_NATIONAL: Final = tuple(
    f"national.{country}" for country in ("de", "dk", "gr", "is_", "it", "nl", "no", "se")
)
_BILLING: Final = (*_EN_16931, "billing", *_NATIONAL)

# The first that fits a document is chosen, so Billing comes after what is a kind of it.
_PROFILES: Final = (
    Profile(
        PEPPOL_MLS,
        "Peppol Message Level Status 1.0.1",
        roots=_ubl("ApplicationResponse"),
        says=_customization("urn:peppol:edec:mls:"),
        modules=("mls",),
    ),
    Profile(
        PEPPOL_MLR,
        "Peppol BIS 3 Message Level Response (transaction T71) 3.0.17",
        roots=_ubl("ApplicationResponse"),
        says=_customization("urn:fdc:peppol.eu:poacc:trns:mlr:3"),
        modules=("responses", "identifiers", "mlr"),
    ),
    Profile(
        PEPPOL_INVOICE_RESPONSE,
        "Peppol BIS 3 Invoice Response (transaction T111) 3.0.17",
        roots=_ubl("ApplicationResponse"),
        says=_customization("urn:fdc:peppol.eu:poacc:trns:invoice_response:3"),
        modules=("responses", "identifiers", "invoice_response"),
    ),
    Profile(
        PEPPOL_TSR,
        "Peppol Transaction Statistics Report 1.0.5",
        roots=frozenset(
            {"{urn:fdc:peppol:transaction-statistics-report:1.0}TransactionStatisticsReport"}
        ),
        modules=("transaction_statistics",),
    ),
    Profile(
        PEPPOL_EUSR,
        "Peppol End User Statistics Report 1.1.5",
        roots=frozenset({"{urn:fdc:peppol:end-user-statistics-report:1.1}EndUserStatisticsReport"}),
        modules=("end_user_statistics",),
    ),
    Profile(
        PEPPOL_SELFBILLING,
        "Peppol BIS Self-Billing 3.0: EN 16931 and Peppol's rules, without the national ones",
        roots=_ubl("Invoice", "CreditNote"),
        says=_is(Form.SELF_BILLING),
        modules=(*_EN_16931, "selfbilling"),
        lines=_LINES,
    ),
    Profile(
        EHF_REMINDER,
        "EHF Reminder 3.0: a kind of Peppol BIS Billing that has no type and may have a fee (REM)",
        roots=_ubl("Invoice"),
        says=_is(Form.REMINDER),
        modules=(*_EN_16931, "reminder", *_NATIONAL),
        lines=_LINES,
        without=frozenset({"BR-04", "BR-CL-20", "PEPPOL-EN16931-CL003"}),
    ),
    # Such a document goes from the seller to its operator, which needs no electronic addresses;
    # the marking says that it leaves them out on purpose.
    Profile(
        PEPPOL_BILLING_PRINT,
        "Billing marked with an AQY code for a Swedish operator of print and bank services: "
        "electronic addresses may be left out",
        roots=_ubl("Invoice", "CreditNote"),
        says=_for_print,
        modules=_BILLING,
        lines=_LINES,
        without=frozenset({"PEPPOL-EN16931-R010", "PEPPOL-EN16931-R020"}),
    ),
    # Whatever it says it is: what it says is one of the things the rules look at (R004, R007).
    Profile(
        PEPPOL_BILLING,
        "Peppol BIS Billing 3.0: EN 16931, Peppol's rules, and national ones by country",
        roots=_ubl("Invoice", "CreditNote"),
        modules=_BILLING,
        lines=_LINES,
    ),
    Profile(
        SVEFAKTURA,
        "Svefaktura 1.0, and the object envelope for its attachments",
        roots=frozenset(
            {
                "{urn:sfti:documents:BasicInvoice:1:0}Invoice",
                "{urn:sfti:documents:ObjectEnvelope:1:0}ObjectEnvelope",
            }
        ),
        modules=tuple(
            f"svefaktura.{part}"
            for part in ("header", "parties", "payment", "lines", "tax", "totals")
        ),
    ),
)

PROFILES: Final[Mapping[str, Profile]] = {profile.name: profile for profile in _PROFILES}
"""All profiles by name; where several fit a document the first is meant."""

NAMES: Final = tuple(PROFILES)

_BY_ROOT: Final[Mapping[str, tuple[Profile, ...]]] = {
    root: tuple(profile for profile in _PROFILES if root in profile.roots)
    for root in sorted(frozenset().union(*(profile.roots for profile in _PROFILES)))
}


def of(root: etree._Element) -> str:
    """The name of the profile of a document, `UNKNOWN` when there is none for it."""
    for profile in _BY_ROOT.get(root.tag, ()):
        if profile.says is None or profile.says(root):
            return profile.name
    return UNKNOWN
