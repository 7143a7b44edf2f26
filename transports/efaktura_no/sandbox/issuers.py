"""The sandbox's issuers and their agreements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from schemas.identifiers import Kind, check
from schemas.references import Positions
from transports.efaktura_no.wire import issuers
from transports.efaktura_no.wire.issuers import Issuer, IssuerState, IssuerStatus
from transports.efaktura_no.wire.operations import Operation
from transports.efaktura_no.wire.soap import Fault, Part

# What becomes of an agreement by the local part of the signer's address, once it would be signed by
# anybody else.
SIGNERS: Final[Mapping[str, IssuerState]] = {
    "decline": IssuerState.DECLINED,
    "expire": IssuerState.EXPIRED,
    "elsewhere": IssuerState.ELSEWHERE,
    "never": IssuerState.EMAIL_SENT,
}


@dataclass(slots=True)
class Signing:
    """An issuer and its agreement. `polls`: how often was asked since it was made; `emails`: how
    many e-mails with a link have gone out."""

    issuer: Issuer
    state: IssuerState = IssuerState.EMAIL_SENT
    polls: int = 0
    emails: int = 1
    rule: str | None = None


class Issuers:
    """The issuers by organisation number. `granted`: those whose next request is active at once;
    `barred`: those that may not be issuers. `shut_out`: we are not accepted as a provider."""

    def __init__(self, signed_after: int) -> None:
        self.known: dict[str, Signing] = {}
        self.granted: set[str] = set()
        self.barred: set[str] = set()
        self.shut_out = False
        self._signed_after = signed_after

    def active(self, organisation_number: str) -> bool:
        """Whether an issuer may send."""
        known = self.known.get(organisation_number)
        return known is not None and known.state is IssuerState.ACTIVE

    def create(self, asked: Part, message: str) -> bytes | Fault:
        """Answers createIssuer: of one that is there, how it stands."""
        issuer = issuers.issuer(asked)
        number = issuer.organisation_number
        if number in self.barred or not check(Kind.NO_ORGNR, number):
            return Fault("5002", "No rights to this organisation number.", ours=True)
        if not check(Kind.NO_ACCOUNT, issuer.account):
            return Fault("5006", "The billing account is no account.", ours=True)
        known = self.known.get(number)
        if known is None or known.state in _OVER:
            self.known[number] = known = Signing(issuer)
        elif known.issuer != issuer and known.state is not IssuerState.ACTIVE:
            known.issuer, known.emails, known.polls = issuer, known.emails + 1, 0
        if number in self.granted:
            known.state = IssuerState.ACTIVE
        return _stands(Operation.CREATE_ISSUER, message, known)

    def get(self, asked: Part, message: str) -> bytes | Fault:
        """Answers getIssuer."""
        known = self._known(asked)
        if known is None:
            return _UNKNOWN
        if known.state is IssuerState.EMAIL_SENT:
            known.polls += 1
            if known.polls >= self._signed_after:
                word = known.issuer.signer_email.partition("@")[0]
                known.state = SIGNERS.get(word, IssuerState.ACTIVE)
        return _stands(Operation.GET_ISSUER, message, known)

    def delete(self, asked: Part, message: str) -> bytes | Fault:
        """Answers deleteIssuer."""
        known = self._known(asked)
        if known is None:
            return _UNKNOWN
        known.state = IssuerState.DISABLED
        return _stands(Operation.DELETE_ISSUER, message, known)

    def add_rule(self, asked: Part, message: str) -> bytes | Fault:
        """Answers addBrandAgreementRule."""
        known, position = self._known(asked), asked.text("customerReferencePosition")
        if known is None:
            return _UNKNOWN
        try:
            Positions.parse(position)
        except ValueError:
            return Fault("5007", "CustomerReferencePosition must be like KID[1-5].", ours=True)
        if known.rule is not None:
            return Fault("5008", "There is such a rule.", ours=True)
        known.rule = position
        return issuers.rule_added(message)

    def _known(self, asked: Part) -> Signing | None:
        return self.known.get(asked.text("organisationNumber"))


_OVER: Final = (IssuerState.DECLINED, IssuerState.EXPIRED, IssuerState.DISABLED)
_UNKNOWN: Final = Fault("5002", "The issuer is unknown.", ours=True)


def _stands(operation: Operation, message: str, known: Signing) -> bytes:
    issuer = known.issuer
    status = IssuerStatus(issuer.organisation_number, known.state)
    return issuers.issuer_status(operation, message, status)
