"""Whose address a mail came to, and what for.

In charge of companies' addresses and of finding them in a mail's headers. An address has a token of
chance, which tells nothing about the company and can be replaced. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import getaddresses
from enum import StrEnum
from typing import Any, Final

from gateway.store.port import Company
from transports.email.address import fault
from transports.email.parts import Headers

# In a company's settings: `token`, and `senders`, who may hand in.
MAIL: Final = "mail_in"

# 80 bits, in letters and digits that survive being read out.
TOKEN_BYTES: Final = 10
_TOKEN: Final = re.compile(r"[a-z2-7]{16}")

# Where mail servers note whom a mail was for; `To` and `Cc` are the sender's own words, and count
# where no server has noted an address of ours.
_NOTED: Final = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Delivered-To")
_STATED: Final = ("To", "Cc")

# More addresses than any invoice goes to.
_MOST: Final = 200


class Use(StrEnum):
    """What an address is for."""

    INBOX = "inbox"  # suppliers send their invoices there
    HAND_IN = "hand_in"  # the company's own people and ERPs hand in there


@dataclass(frozen=True, slots=True)
class Addressed:
    """A company's address that a mail came to."""

    company_id: str
    use: Use


@dataclass(frozen=True, slots=True)
class Addresses:
    """All addresses there are. `names` are those before the `+`, by use; `tokens` whose each is;
    `others` are whole addresses for suppliers, in small letters."""

    domain: str
    names: Mapping[Use, str]
    tokens: Mapping[str, str]
    others: Mapping[str, str] = field(default_factory=dict)

    def of(self, headers: Headers) -> Sequence[Addressed]:
        """Those that a mail came to, each once."""
        for noted in (_NOTED, _STATED):
            values = [value for name in noted for value in headers.all(name)]
            found = dict.fromkeys(filter(None, map(self._one, _addresses(values))))
            if found:
                return tuple(found)
        return ()

    def _one(self, address: str) -> Addressed | None:
        address = address.strip().lower()
        if address in self.others:
            return Addressed(self.others[address], Use.INBOX)
        local, _, domain = address.rpartition("@")
        name, _, token = local.partition("+")
        if domain != self.domain.lower():
            return None
        use = next((use for use, known in self.names.items() if known == name), None)
        company_id = self.tokens.get(token)
        return Addressed(company_id, use) if use and company_id else None


def _addresses(values: Sequence[str]) -> Iterable[str]:
    return [address for _, address in getaddresses(list(values)[:_MOST])[:_MOST]]


def address(domain: str, name: str, token: str) -> str:
    """A company's address."""
    return f"{name}+{token}@{domain}"


def tokens(companies: Iterable[Company]) -> Mapping[str, str]:
    """The company of each token."""
    found = {company.settings.get(MAIL, {}).get("token"): company.id for company in companies}
    return {token: id_ for token, id_ in found.items() if token and _TOKEN.fullmatch(token)}


def senders(settings: Mapping[str, Any]) -> Sequence[str]:
    """Who may hand in for a company: addresses, and domains (`@example.com`)."""
    told: Sequence[str] = settings.get(MAIL, {}).get("senders", ())
    return told


def sender(text: str) -> str:
    """A sender as it is settled. Raises ValueError, which says what is wrong."""
    text = text.strip().lower()
    wrong = fault(f"x{text}" if text.startswith("@") else text)
    if wrong:
        raise ValueError(wrong)
    return text


def is_one_of(address: str, allowed: Iterable[str]) -> bool:
    """Whether an address may hand in."""
    address = address.lower()
    return any(address == each or "@" + address.rpartition("@")[2] == each for each in allowed)
