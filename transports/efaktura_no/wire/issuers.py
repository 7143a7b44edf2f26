"""Messages about issuers: making one, its agreement, where its KIDs name the customer. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from transports.efaktura_no.wire.operations import Operation, answering, asking, one_of
from transports.efaktura_no.wire.soap import Part


class IssuerState(StrEnum):
    """How an issuer's agreement stands at MPS. The words are ours."""

    EMAIL_SENT = "EMAIL_SENT"
    ACTIVE = "ACTIVE"
    DECLINED = "DECLINED"
    EXPIRED = "EXPIRED"  # the link in the e-mail was not opened in time
    ELSEWHERE = "ELSEWHERE"  # another provider holds the agreement of this organisation number
    DISABLED = "DISABLED"


@dataclass(frozen=True, slots=True)
class Issuer:
    """Who shall be an issuer, and who signs for it. `reference` is `KID[1-5]`: where the KID of the
    account names the customer, for consumers who make an agreement."""

    organisation_number: str
    name: str
    signer_name: str
    signer_email: str
    account: str
    kid_length: int | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class IssuerStatus:
    """How an issuer stands."""

    organisation_number: str
    state: IssuerState


def create_issuer(message: str, issuer: Issuer) -> bytes:
    """createIssuer."""
    return asking(
        Operation.CREATE_ISSUER,
        message,
        {
            "organisationNumber": issuer.organisation_number,
            "name": issuer.name,
            "signerName": issuer.signer_name,
            "signerEmail": issuer.signer_email,
            "billingAccount": issuer.account,
        },
    )


def issuer(body: Part) -> Issuer:
    """The issuer of createIssuer. Raises Malformed."""
    return Issuer(
        organisation_number=body.text("organisationNumber", 9),
        name=body.text("name", 1000),
        signer_name=body.text("signerName", 1000),
        signer_email=body.text("signerEmail", 300),
        account=body.text("billingAccount", 20),
    )


def add_rule(message: str, issuer: Issuer) -> bytes:
    """addBrandAgreementRule: how MPS finds the customer's reference in a KID of this account."""
    length = None if issuer.kid_length is None else str(issuer.kid_length)
    return asking(
        Operation.ADD_RULE,
        message,
        {
            "organisationNumber": issuer.organisation_number,
            "billingAccount": issuer.account,
            "customerReferencePosition": issuer.reference,
            "kidLength": length,
        },
    )


def rule_added(message: str) -> bytes:
    """The answer to addBrandAgreementRule."""
    return answering(Operation.ADD_RULE, message, {})


def issuer_question(operation: Operation, message: str, organisation_number: str) -> bytes:
    """getIssuer or deleteIssuer."""
    return asking(operation, message, {"organisationNumber": organisation_number})


def issuer_status(operation: Operation, message: str, status: IssuerStatus) -> bytes:
    """The answer to createIssuer, getIssuer or deleteIssuer."""
    about = {
        "organisationNumber": status.organisation_number,
        "status": status.state,
    }
    return answering(operation, message, about)


def read_issuer_status(body: Part) -> IssuerStatus:
    """How an issuer stands. Raises Malformed."""
    return IssuerStatus(
        organisation_number=body.text("organisationNumber", 9),
        state=one_of(IssuerState, body, "status"),
    )
