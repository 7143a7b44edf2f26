"""What a fault of the eFaktura services means. Pure.

The number of a fault depends on the service: 5006 is a cancelled invoice to one and a wrong account
to another. So the table is by service and number, and there is one.
Source: efaktura.no, developer documentation of each service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from transports.efaktura_no.wire.operations import Service
from transports.efaktura_no.wire.soap import Fault


class Kind(StrEnum):
    """What a fault asks of us."""

    DUPLICATE = "duplicate"  # the consignment is there already
    NOT_FOUND = "not_found"
    SEVERAL = "several"  # more than one fits the question
    DONE = "done"  # what was asked for is so already
    PAID = "paid"  # too late
    NO_ISSUER = "no_issuer"  # the organisation number sends nothing through us
    NOT_ALLOWED = "not_allowed"  # we ourselves
    REFUSED = "refused"  # what we handed over can not be taken
    FAILED = "failed"  # the service itself


@dataclass(frozen=True, slots=True)
class Meaning:
    """`code` and `text` are the verdict's; the text is public."""

    kind: Kind
    code: str
    text: str


_NO_CONSIGNMENT = Meaning(
    Kind.NOT_FOUND, "efaktura_no.no_consignment", "MPS does not know this consignment."
)
_SEVERAL = Meaning(
    Kind.SEVERAL, "efaktura_no.several_invoices", "MPS has more than one invoice of this number."
)
_CANCELLED = Meaning(
    Kind.DONE, "efaktura_no.cancelled_before", "The invoice has been cancelled before."
)
_DUPLICATE = Meaning(
    Kind.DUPLICATE, "efaktura_no.duplicate", "MPS has a consignment of this number already."
)
_ISSUER = Meaning(
    Kind.NO_ISSUER,
    "efaktura_no.issuer_not_authorised",
    "MPS does not know this organisation number as an issuer that sends through this gateway. Ask "
    "for an eFaktura agreement, or wait until it is active.",
)
_NO_RECIPIENT = Meaning(
    Kind.REFUSED, "efaktura_no.no_recipient", "MPS found nobody named as the recipient."
)
_NO_INVOICE = Meaning(Kind.NOT_FOUND, "efaktura_no.no_invoice", "MPS does not know this invoice.")
_PAID = Meaning(Kind.PAID, "efaktura_no.paid_before", "The invoice has been paid already.")
_PROVIDER = Meaning(
    Kind.NOT_ALLOWED,
    "efaktura_no.provider_not_authorised",
    "MPS does not accept this gateway as the issuer's provider at the moment.",
)

FAULTS: Final[Mapping[tuple[Service, str], Meaning]] = {
    **{
        (service, code): meaning
        for service in (Service.SUBMITTER, Service.MPS)
        for code, meaning in {
            "201": _NO_CONSIGNMENT,
            "202": _SEVERAL,
            "205": _CANCELLED,
            "209": _DUPLICATE,
            "5002": _ISSUER,
            "5003": _NO_RECIPIENT,
            "5004": _NO_INVOICE,
            "5005": _PAID,
            "5006": _CANCELLED,
            "5009": _PROVIDER,
            "5010": _PROVIDER,
        }.items()
    },
    (Service.MPS, "5008"): _ISSUER,
    (Service.ERP, "5002"): _ISSUER,
    (Service.ERP, "5003"): _NO_RECIPIENT,
    (Service.ERP, "5006"): Meaning(
        Kind.REFUSED,
        "efaktura_no.account_refused",
        "MPS does not accept the account: it has eleven digits, the last a check digit (mod11). "
        "Correct `account` in your terms.",
    ),
    (Service.ERP, "5007"): Meaning(
        Kind.REFUSED,
        "efaktura_no.reference_refused",
        "MPS does not accept where the reference stands in the KID: it is written KID[1-5]. "
        "Correct `reference_position` in your terms.",
    ),
    (Service.ERP, "5008"): Meaning(
        Kind.DONE, "efaktura_no.rule_exists", "MPS has this rule for the account already."
    ),
    (Service.ERP, "5009"): _PROVIDER,
    (Service.ERP, "5010"): _PROVIDER,
}

_REFUSED: Final = Meaning(
    Kind.REFUSED, "efaktura_no.refused", "MPS does not take it, for a reason of its own."
)
_FAILED: Final = Meaning(
    Kind.FAILED, "efaktura_no.service_failed", "The eFaktura service failed at the moment."
)


def meaning(service: Service, fault: Fault) -> Meaning:
    """What a fault means; of a number that is not known, by whose fault the service says it is."""
    return FAULTS.get((service, fault.code)) or (_REFUSED if fault.ours else _FAILED)
