"""What a company has settled for its customers, and what counts for one of them.

In charge of the names that customers are settled under, and of which of several settings counts:
the one nearest to the customer. Not in charge of what can be settled (`gateway.image_rule`,
`gateway.routing.rules`) nor of storing it: all of it is in the company's own settings, `customers`
by customer. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any, Final

from schemas.codelists import codes
from schemas.identifiers import KIND_OF_SCHEME, Kind, Participant, normal
from transports.base import Recipient
from transports.email import address

CUSTOMERS: Final = "customers"

# All of them are read with every document of the company.
MOST: Final = 500

_PARTICIPANT: Final = re.compile(r"[0-9]{4}:\S+")
_ORGANISATION: Final = re.compile(r"([A-Za-z]{2}):([0-9A-Za-z. -]{1,30})")
_NATIONAL: Final = {"SE": Kind.SE_ORGNR, "NO": Kind.NO_ORGNR}


@dataclass(frozen=True, slots=True)
class Settled:
    """Settings in layers, the nearest to the customer first."""

    layers: tuple[Mapping[str, Any], ...]

    def get(self, name: str, default: Any = None) -> Any:
        """The value of the nearest layer that has one."""
        return next((layer[name] for layer in self.layers if name in layer), default)


def settled(settings: Mapping[str, Any], recipient: Recipient) -> Settled:
    """What counts for a recipient by a company's settings."""
    known = settings.get(CUSTOMERS, {})
    of_customer = [known[name] for name in names(recipient) if name in known]
    return Settled((*of_customer, settings))


class NotSettled(ValueError):
    """What was given can not be settled; the text says why."""


def settle(
    settings: Mapping[str, Any], customer: str | None, given: Mapping[str, Any]
) -> dict[str, Any]:
    """A company's settings with some for one customer, or for all (None). A value None takes the
    setting back: then the one for all counts. Raises NotSettled."""
    if customer is None:
        return _with(settings, given)
    customers = dict(settings.get(CUSTOMERS, {}))
    own = _with(customers.pop(customer, {}), given)
    if own:
        customers[customer] = own
    if len(customers) > MOST:
        raise NotSettled(f"a company may settle something for {MOST} customers")
    return {**settings, CUSTOMERS: customers}


def each(settings: Mapping[str, Any]) -> Mapping[str | None, Mapping[str, Any]]:
    """What is settled, for all customers (None) first, then customer by customer."""
    return {None: settings, **settings.get(CUSTOMERS, {})}


def _with(own: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**own, **given}.items() if value is not None}


def names(recipient: Recipient) -> tuple[str, ...]:
    """The names that a recipient may be settled under, the surest first."""
    number = recipient.organisation_number
    return tuple(
        filter(
            None,
            (
                str(recipient.participant) if recipient.participant else None,
                f"{recipient.country}:{number}" if number else None,
                _email(recipient.email) if recipient.email else None,
            ),
        )
    )


def name(text: str, today: date) -> str:
    """A customer's name as it is settled under: a participant (`0192:918130047`), an organisation
    number with its country (`SE:5567321707`) or an e-mail address. Raises ValueError, which says
    what is wrong."""
    text = text.strip()
    if "@" in text:
        wrong = address.fault(text)
        if wrong:
            raise ValueError(wrong)
        return _email(text) or ""
    if _PARTICIPANT.fullmatch(text):
        return _participant(text, today)
    found = _ORGANISATION.fullmatch(text)
    if found is None:
        raise ValueError(
            "a customer is an electronic address (0192:918130047), an organisation number with its"
            " country (SE:5567321707), or an e-mail address"
        )
    country, number = found[1].upper(), found[2]
    if country not in _NATIONAL:
        raise ValueError(f"organisation numbers are known for SE and NO, not for {country}")
    return f"{country}:{normal(_NATIONAL[country], number)}"


def told(name: str) -> str:
    """A customer's name as it may be kept for good, in the audit: an e-mail address by its hash."""
    return f"sha256:{sha256(name.encode()).hexdigest()[:16]}" if "@" in name else name


def _participant(text: str, today: date) -> str:
    participant = Participant.parse(text)
    if participant.scheme not in codes("EAS", today):
        raise ValueError(f"there is no scheme {participant.scheme} (list EAS)")
    kind = KIND_OF_SCHEME.get(participant.scheme)
    value = normal(kind, participant.value) if kind else participant.value
    return str(Participant(participant.scheme, value))


def _email(text: str) -> str | None:
    return None if address.fault(text) else address.normal(text).lower()
