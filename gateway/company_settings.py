"""What can be settled for companies: every setting, once, with its limits and what it means.

In charge of the table, from which values are checked, the API answers and docs/reference comes; and
of where a value comes from. Not in charge of who reads a setting, nor of storing it.

A value counts from the nearest layer that has one: the customer, its classes, the company, the
company that it is a sub-unit of, the account, and last the default here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, StrictBool, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from gateway import customers, image_rule
from gateway.customers import CUSTOMERS, Settled, classes, classes_of, with_class
from gateway.image_rule import FIRST, OMIT
from gateway.inbound.looking import CREDIT_NOTE_DUE_DATE, KEEP
from gateway.intake.submission import Channel
from gateway.routing import rules, wishes
from transports.base import Recipient
from transports.email import address


class Level(StrEnum):
    """Where a value is settled, the farthest first."""

    DEFAULT = "default"
    ACCOUNT = "account"
    PARENT = "parent"  # the company that it is a sub-unit of; settled there as its own
    COMPANY = "company"
    CLASS = "class"
    CUSTOMER = "customer"


def _email(text: str) -> str:
    wrong = address.fault(text)
    if wrong:
        raise PydanticCustomError("email", "{wrong}", {"wrong": wrong})
    return text


Days = Annotated[int, Field(ge=0, le=36_500, strict=True)]
Email = Annotated[str, Field(max_length=254, strict=True), AfterValidator(_email)]
DueDate = Literal["keep", "invoice_date"]
Channels = Annotated[list[Channel], Field(max_length=20)]

OF_COMPANIES: Final = (Level.ACCOUNT, Level.COMPANY)
OF_CUSTOMERS: Final = (*OF_COMPANIES, Level.CLASS, Level.CUSTOMER)


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its type, what counts where nobody has settled it, who may, what it means."""

    name: str
    type: Any
    values: str  # the type in words
    default: Any
    levels: tuple[Level, ...]
    meaning: str

    def faults(self, value: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yields what is wrong with a value: (place in it, why)."""
        try:
            TypeAdapter(self.type).validate_python(value)
        except ValidationError as error:
            for one in error.errors(include_url=False, include_context=False, include_input=False):
                text = one["msg"].replace("Input should be", "must be")
                yield one["loc"], text[:1].lower() + text[1:]

    def typed(self, text: str) -> Any:
        """A value as people type it: yes or no, a number, names of channels with commas between;
        what is none stays a text, which `faults` then tells."""
        if self.values == "yes or no":
            return {"yes": True, "no": False}.get(text, text)
        if self.values == "names of channels":
            return [name.strip() for name in text.split(",")]
        return int(text) if re.fullmatch("[0-9]{1,9}", text) else text


TABLE: Final[Mapping[str, Setting]] = {
    one.name: one
    for one in (
        Setting(
            *("duplicate_days", Days, "0 to 36500", 365, OF_COMPANIES),
            "How many days the number of an invoice is not taken a second time; 0: always taken.",
        ),
        Setting(
            *(CREDIT_NOTE_DUE_DATE, DueDate, "`keep` or `invoice_date`", KEEP, OF_COMPANIES),
            "Which due date a credit note that came in is shown with: as it stands there, or the"
            " date of the credit note itself.",
        ),
        Setting(
            *("archives", StrictBool, "yes or no", True, OF_COMPANIES),
            "Whether ZIP files and other archives may be attached.",
        ),
        Setting(
            *("fetch_links", StrictBool, "yes or no", False, OF_COMPANIES),
            "Whether files that an invoice links to are fetched and attached, unless its delivery"
            " says otherwise.",
        ),
        Setting(
            *("reply_to", Email, "an e-mail address", None, OF_COMPANIES),
            "Where recipients' answers to e-mails go; without it to the contact on the invoice.",
        ),
        Setting(
            *(OMIT, StrictBool, "yes or no", False, OF_CUSTOMERS),
            "Whether people get no PDF that we draw, where a channel can do without.",
        ),
        Setting(
            *(FIRST, StrictBool, "yes or no", False, OF_CUSTOMERS),
            f"Whether the first attachment, a PDF, goes as the invoice; only with `{OMIT}`.",
        ),
        Setting(
            *(wishes.ROUTE_ORDER, Channels, "names of channels", None, OF_CUSTOMERS),
            "The channels to try, in this order, instead of the order of the recipient's country.",
        ),
        Setting(
            *(wishes.FORCED_ROUTE, Channel, "the name of a channel", None, OF_CUSTOMERS),
            f"This channel and no other, whatever it answers; not with `{wishes.ROUTE_ORDER}` in"
            " the same place.",
        ),
        Setting(
            *(wishes.DISABLED_ROUTES, Channels, "names of channels", None, OF_CUSTOMERS),
            "Channels never to take, unless something nearer names them.",
        ),
        Setting(
            *(wishes.RECHECK, StrictBool, "yes or no", True, OF_CUSTOMERS),
            "Whether a recipient may be asked for an agreement and waited for.",
        ),
        Setting(
            *(wishes.HOLD_SEVERAL, StrictBool, "yes or no", True, OF_CUSTOMERS),
            "Whether a document is held until one is chosen, where several recipients fit; without"
            " it the next channel is taken.",
        ),
    )
}

# What companies settle that is no value of this table, and where: a page or a command of its own.
ELSEWHERE: Final[Mapping[str, str]] = {
    "channels": "a company's terms with a channel: `/v1/channels`, `budkavle company channel`",
    "retention": "how long documents are kept: `budkavle retention`",
    "customers": "what is settled for a customer: here, with the customer",
    "classes": "classes of customers: `/v1/customer-classes`",
}


class NoSuchClass(customers.NotSettled):
    """The company has no class of customers of this name."""


@dataclass(frozen=True, slots=True)
class Layer:
    """Settings of one place; `of` is its name where there may be several."""

    level: Level
    of: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """A value and where it comes from."""

    value: Any
    level: Level
    of: str = ""


def layers(
    account: Mapping[str, Any],
    parent: tuple[str, Mapping[str, Any]] | None,
    company: Mapping[str, Any],
    recipient: Recipient | None = None,
) -> tuple[Layer, ...]:
    """The layers that count for a company, or for one of its customers, the nearest first."""
    of_customer: list[Layer] = []
    if recipient is not None:
        known = company.get(CUSTOMERS, {})
        of_customer += [
            Layer(Level.CUSTOMER, name, known[name])
            for name in customers.names(recipient)
            if name in known
        ]
        of_customer += [
            Layer(Level.CLASS, one.name, one.settings) for one in classes_of(company, recipient)
        ]
    above = [Layer(Level.PARENT, *parent)] if parent is not None else []
    return (
        *of_customer,
        Layer(Level.COMPANY, "", company),
        *above,
        Layer(Level.ACCOUNT, "", account),
    )


def found(setting: Setting, every: Sequence[Layer]) -> tuple[Found, Found | None]:
    """The value that counts, and the one that would count without it; None behind the default."""
    values = [
        Found(layer.values[setting.name], layer.level, layer.of)
        for layer in every
        if setting.name in layer.values
    ]
    first, *others = (*values, Found(setting.default, Level.DEFAULT))
    return first, others[0] if others else None


def place(level: Level, of: str, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is settled in one place of an account's or a company's settings. Raises NotSettled for
    a class that there is not."""
    match level:
        case Level.CUSTOMER:
            own: Mapping[str, Any] = settings.get(CUSTOMERS, {}).get(of, {})
            return own
        case Level.CLASS:
            return _class(settings, of).settings
    return settings


def with_value(
    level: Level, of: str, settings: Mapping[str, Any], name: str, value: Any
) -> dict[str, Any]:
    """An account's or a company's settings with a value in one place; None takes it back. An empty
    list does too. Raises NotSettled for what does not go together."""
    given = {name: None if value == [] else value}
    match level:
        case Level.CLASS:
            one = _class(settings, of)
            own = customers.settle(one.settings, None, given)
            changed = with_class(settings, of, replace(one, settings=own))
        case Level.CUSTOMER:
            changed = customers.settle(settings, of, given)
        case _:
            changed = customers.settle(settings, None, given)
    _check(changed, place(level, of, changed))
    return changed


def _class(settings: Mapping[str, Any], name: str) -> customers.CustomerClass:
    for one in classes(settings):
        if one.name == name:
            return one
    raise NoSuchClass(f"there is no class {name}")


def _check(settings: Mapping[str, Any], changed: Mapping[str, Any]) -> None:
    """What the rules say that several settings belong to. Raises NotSettled."""
    for _, why in rules.faults(changed):
        raise customers.NotSettled(why)
    for whom, why in image_rule.faults(settings):
        raise customers.NotSettled(why if whom is None else f"{whom}: {why}")
    for one in classes(settings):
        own = Settled((one.settings, settings))
        if own.get(FIRST, False) and not own.get(OMIT, False):
            raise customers.NotSettled(f"{one.name}: {FIRST} goes only with {OMIT}")
