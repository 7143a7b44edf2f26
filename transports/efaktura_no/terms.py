"""What a company has settled with its bank and MPS for eFaktura: its terms with the channel. Pure.

In charge of reading and checking them. Not in charge of where they are kept (a company's settings,
`channels.efaktura_no`), nor of the agreement itself (`agreement`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from schemas.identifiers import Kind, check, normal
from schemas.references import LONGEST, SHORTEST, KidLayout, Positions

FIELDS: Final[Mapping[str, str]] = {
    "account": "the account that is paid to, eleven digits",
    "kid_algorithm": "mod10 or mod11, as agreed with the bank",
    "kid_length": "the length of every KID with its check digit; leave it out where it varies",
    "reference_position": "where the KID names the customer, such as 1-5; needed to ask consumers "
    "for agreements",
    "signer_name": "who signs the eFaktura agreement for the company",
    "signer_email": "where MPS sends the link to sign with",
}

_EMAIL: Final = re.compile(r"[^\s@]{1,64}@[^\s@]{1,190}\.[^\s@.]{2,63}")


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms that are right. Signer and reference are None where they are not settled."""

    account: str
    kid: KidLayout
    signer_name: str | None = None
    signer_email: str | None = None


class BadTerms(ValueError):
    """The terms can not be used; the message lists all that is wrong."""

    def __init__(self, faults: tuple[str, ...]) -> None:
        self.faults = faults
        super().__init__(" ".join(faults))


def read(terms: Mapping[str, Any]) -> Terms:
    """The terms. Raises BadTerms."""
    faults = wrong(terms)
    if faults:
        raise BadTerms(faults)
    position = terms.get("reference_position")
    return Terms(
        account=normal(Kind.NO_ACCOUNT, terms["account"]),
        kid=KidLayout(
            terms["kid_algorithm"],
            terms.get("kid_length"),
            None if position is None else Positions.parse(position),
        ),
        signer_name=terms.get("signer_name"),
        signer_email=terms.get("signer_email"),
    )


def wrong(terms: Mapping[str, Any]) -> tuple[str, ...]:
    """What is wrong with terms, as sentences that say what to set; empty where nothing is."""
    found = [
        f"`{name}` is not known; known are {', '.join(FIELDS)}."
        for name in terms
        if name not in FIELDS
    ]
    account = terms.get("account")
    if account is None:
        found.append(f"`account` is missing: {FIELDS['account']}.")
    elif not isinstance(account, str) or not check(Kind.NO_ACCOUNT, account):
        found.append("`account` is no Norwegian account: eleven digits, the last by mod11.")
    found += _wrong_layout(terms)
    name = terms.get("signer_name")
    if name is not None and (not isinstance(name, str) or not 0 < len(name.strip()) <= 100):
        found.append("`signer_name` is a name of 1 to 100 characters.")
    email = terms.get("signer_email")
    if email is not None and (not isinstance(email, str) or not _EMAIL.fullmatch(email)):
        found.append("`signer_email` is no e-mail address.")
    return tuple(found)


def unsigned(terms: Terms) -> tuple[str, ...]:
    """What terms lack for an agreement to be asked for; empty where nothing does."""
    needed = {"signer_name": terms.signer_name, "signer_email": terms.signer_email}
    return tuple(
        f"`{name}` is missing: {FIELDS[name]}." for name, value in needed.items() if not value
    )


def _wrong_layout(terms: Mapping[str, Any]) -> list[str]:
    algorithm, length = terms.get("kid_algorithm"), terms.get("kid_length")
    found: list[str] = []
    if algorithm not in ("mod10", "mod11"):
        found.append(f"`kid_algorithm` is {FIELDS['kid_algorithm']}.")
    right_length = length is None or (type(length) is int and SHORTEST <= length <= LONGEST)
    if not right_length:
        found.append(f"`kid_length` is a number from {SHORTEST} to {LONGEST}.")
    position = terms.get("reference_position")
    reference: Positions | None = None
    if position is not None:
        try:
            reference = Positions.parse(position if isinstance(position, str) else "")
        except ValueError as error:
            found.append(f"`reference_position` is no part of the KID: {error}.")
    if right_length and reference is not None:
        try:
            KidLayout("mod10", length, reference)  # whatever the algorithm: places alone count
        except ValueError as error:
            found.append(f"`reference_position` is no part of the KID: {error}.")
    return found
