"""What a company has settled for its customers, and what counts for one of them.

In charge of the names that customers are settled under, of the classes they fall into, and of which
of several settings counts: the one nearest to the customer. Not in charge of what can be settled
(`gateway.company_settings`) nor of storing it: all of it is in the company's own settings,
`customers` by customer and `classes` by class. Pure.

The layers, the nearest first: the customer, under each of its names; its classes, those that name
it before those that describe it; the company; the company that it is a sub-unit of; the account.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from schemas.codelists import codes
from schemas.identifiers import KIND_OF_SCHEME, Kind, Participant, normal
from transports.base import Recipient
from transports.email import address

CUSTOMERS: Final = "customers"
CLASSES: Final = "classes"

# All of them are read with every document of the company.
MOST: Final = 500
MOST_CLASSES: Final = 50

_PARTICIPANT: Final = re.compile(r"[0-9]{4}:\S+")
_ORGANISATION: Final = re.compile(r"([A-Za-z]{2}):([0-9A-Za-z. -]{1,30})")
_NATIONAL: Final = {"SE": Kind.SE_ORGNR, "NO": Kind.NO_ORGNR}
_COUNTRY: Final[dict[Kind | None, str]] = {kind: land for land, kind in _NATIONAL.items()}


@dataclass(frozen=True, slots=True)
class Settled:
    """Settings in layers, the nearest to the customer first: the last of `layers` is the company's,
    `above` are those above it."""

    layers: tuple[Mapping[str, Any], ...]
    above: tuple[Mapping[str, Any], ...] = ()

    def get(self, name: str, default: Any = None) -> Any:
        """The value of the nearest layer that has one."""
        every = (*self.layers, *self.above)
        return next((layer[name] for layer in every if name in layer), default)


def settled(
    settings: Mapping[str, Any],
    recipient: Recipient,
    above: tuple[Mapping[str, Any], ...] = (),
) -> Settled:
    """What counts for a recipient by a company's settings, and those above it."""
    known = settings.get(CUSTOMERS, {})
    of_customer = [known[name] for name in names(recipient) if name in known]
    of_classes = [one.settings for one in classes_of(settings, recipient)]
    return Settled((*of_customer, *of_classes, settings), above)


class CustomerKind(StrEnum):
    """What a customer is."""

    CONSUMER = "consumer"
    BUSINESS = "business"
    PUBLIC = "public"  # known by its number in Sweden; elsewhere it counts as a business


@dataclass(frozen=True, slots=True)
class CustomerClass:
    """Customers of one sort: those named, and those that are as described. With neither, nobody."""

    name: str
    customers: tuple[str, ...] = ()
    country: str | None = None
    kind: CustomerKind | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def describes(self, recipient: Recipient) -> bool:
        """Whether a customer is as described."""
        if self.country is None and self.kind is None:
            return False
        return self.country in (None, recipient.country) and self.kind in (
            None,
            kind_of(recipient),
        )

    def data(self) -> dict[str, Any]:
        """As it is stored, under its name."""
        told: dict[str, Any] = {
            "customers": list(self.customers),
            "country": self.country,
            "kind": self.kind,
            "settings": dict(self.settings),
        }
        return {name: value for name, value in told.items() if value}


def classes(settings: Mapping[str, Any]) -> tuple[CustomerClass, ...]:
    """A company's classes, by name."""
    return tuple(
        CustomerClass(
            name,
            tuple(one.get("customers", ())),
            one.get("country"),
            CustomerKind(one["kind"]) if "kind" in one else None,
            one.get("settings", {}),
        )
        for name, one in sorted(settings.get(CLASSES, {}).items())
    )


def with_class(settings: Mapping[str, Any], name: str, one: CustomerClass | None) -> dict[str, Any]:
    """A company's settings with a class in place of the one of this name; None: with none. Raises
    NotSettled."""
    others = {other: value for other, value in settings.get(CLASSES, {}).items() if other != name}
    if one is not None:
        others[name] = one.data()
    if len(others) > MOST_CLASSES:
        raise NotSettled(f"a company may have {MOST_CLASSES} classes of customers")
    rest = {key: value for key, value in settings.items() if key != CLASSES}
    return {**rest, CLASSES: others} if others else rest


def classes_of(settings: Mapping[str, Any], recipient: Recipient) -> tuple[CustomerClass, ...]:
    """The classes that a customer falls into, those that name it first."""
    every, own = classes(settings), set(names(recipient))
    naming = [one for one in every if own.intersection(one.customers)]
    describing = [one for one in every if one not in naming and one.describes(recipient)]
    return (*naming, *describing)


def kind_of(recipient: Recipient) -> CustomerKind:
    """What a customer is. In Sweden the numbers of the state, regions and municipalities begin
    with 2 (Skatteverket, organisationsnummer)."""
    if recipient.consumer:
        return CustomerKind.CONSUMER
    number = recipient.organisation_number or ""
    public = recipient.country == "SE" and number.startswith("2")
    return CustomerKind.PUBLIC if public else CustomerKind.BUSINESS


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


def recipient_of(name: str) -> Recipient:
    """All that is known of a customer by its name, as `name` writes it."""
    first, _, rest = name.partition(":")
    if "@" in name:
        return Recipient(name, "", email=name)
    if not first.isdigit():
        return Recipient(name, first, organisation_number=rest)
    participant = Participant.parse(name)
    country = _COUNTRY.get(KIND_OF_SCHEME.get(participant.scheme))
    number = participant.value if country else None
    return Recipient(name, country or "", participant=participant, organisation_number=number)


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
