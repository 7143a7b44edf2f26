"""/v1/settings: what counts for a company or a customer, and why.

In charge of the operations. Not in charge of what can be settled, nor of where a value comes from
(`gateway.company_settings`).
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Self

from aiohttp import web
from pydantic import ConfigDict, Field, StrictBool

from gateway.api import examples_settings as examples
from gateway.api.answers import Shown
from gateway.api.body import body
from gateway.api.callers import actor
from gateway.api.problems import WITH_BODY, Fault, Problem, Type
from gateway.api.routes import (
    Answer,
    Body,
    Call,
    Media,
    NoParameters,
    Parameters,
    Q,
    Routes,
    answer,
)
from gateway.api.settling import named, not_settled
from gateway.company_settings import TABLE, Layer, Level, NoSuchClass, Setting, found
from gateway.customers import NotSettled, recipient_of
from gateway.intake.pointer import pointer
from gateway.intake.shape import TEXT, Shape
from gateway.intake.submission import JSON
from gateway.values import By, Place, layers_of, settle_value

routes = Routes("settings")

Customer = Annotated[str, Field(min_length=1, max_length=254, pattern=TEXT)]
CLASS_NAME: Final = r"[a-z0-9][a-z0-9_-]{0,39}"
ClassName = Annotated[str, Field(pattern=f"^{CLASS_NAME}$")]


class SettingsParameters(Parameters):
    """For whom."""

    customer: Customer | None = None
    """An electronic address (`0192:918130047`), an organisation number with its country
    (`SE:5567321707`) or an e-mail address; without it what counts for the company itself."""


class PlaceParameters(SettingsParameters):
    """Where a value is settled: for a customer, a class of customers or the account; without any,
    for the company."""

    customer_class: ClassName | None = None
    """The name of a class of customers."""
    account: bool = False
    """For all companies of your account."""


class NewValue(Shape):
    """A value, and where it is settled: at most one of `customer`, `customer_class` and `account`;
    without any, for the company."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    value: Any
    """What it shall be; the setting's own type."""
    customer: Customer | None = None
    """An electronic address (`0192:918130047`), an organisation number with its country
    (`SE:5567321707`) or an e-mail address."""
    customer_class: ClassName | None = None
    """The name of a class of customers."""
    account: StrictBool | None = None
    """For all companies of your account."""


class ValueFrom(Shown):
    """A value, and the place that it comes from."""

    value: Any
    level: Level
    of: str
    """Which customer, class or company, where there may be several."""


class SettingRow(Shown):
    """A setting, and what counts."""

    name: str
    value: Any
    level: Level
    """Where the value comes from."""
    of: str
    """Which customer, class or company, where there may be several."""
    next: ValueFrom | None
    """What would count without it; null behind the default."""
    levels: tuple[Level, ...]
    """Where it may be settled."""
    values: str
    """What it may be, in words."""
    meaning: str


class SettingList(Shown):
    """Every setting."""

    settings: tuple[SettingRow, ...]


_ROW = Answer("The setting as it is now.", SettingRow, examples.SETTING)


@routes.operation(
    "GET",
    "/v1/settings",
    query=SettingsParameters,
    answers={200: Answer("Every setting.", SettingList, {"settings": [examples.SETTING]})},
)
async def list_settings(call: Call[SettingsParameters]) -> web.Response:
    """List every setting: what counts for your company or a customer, and where it comes from.

    The nearest counts: the customer, its classes, the company, the company that it is a sub-unit
    of, the account, the default.
    """
    every = await _layers(call, call.query.customer)
    return answer(SettingList(settings=tuple(_row(one, every) for one in TABLE.values())))


@routes.operation(
    "PUT",
    "/v1/settings/{setting}",
    query=NoParameters,
    body=Body({JSON: Media(NewValue, {"for consumers": examples.NEW_VALUE})}),
    answers={200: _ROW},
    problems=(Type.NOT_FOUND, Type.FORBIDDEN, *WITH_BODY),
)
async def set_setting(call: Call[NoParameters]) -> web.Response:
    """Settle a value for your company, a customer, a class of customers or your account.

    It counts for documents that are checked from now on. The answer is what counts then.
    """
    asked = await body(call, NewValue)
    setting = _setting(call)
    place = _Place.asked_for(call, asked, in_body=True)
    wrong = list(place.faults(setting))
    wrong += [
        Fault(pointer=pointer(("value", *map(str, where))), detail=why)
        for where, why in setting.faults(asked.value)
    ]
    if wrong:
        raise Problem(Type.INVALID_BODY, "It can not be settled so.", wrong)
    return await _settle(call, setting, place, asked.value)


@routes.operation(
    "DELETE",
    "/v1/settings/{setting}",
    query=PlaceParameters,
    answers={200: _ROW},
    problems=(Type.NOT_FOUND, Type.FORBIDDEN, Type.NOT_ALLOWED_NOW),
)
async def remove_setting(call: Call[PlaceParameters]) -> web.Response:
    """Take a value back: what is behind it counts again. Taking it back again does no harm."""
    setting = _setting(call)
    place = _Place.asked_for(call, call.query, in_body=False)
    wrong = list(place.faults(setting))
    if wrong:
        raise Problem(Type.INVALID_PARAMETER, "There is no such place.", wrong)
    return await _settle(call, setting, place, None)


class _Place:
    """Where a value is settled, and how a request has said so."""

    def __init__(self, level: Level, of: str, where: str, in_body: bool, given: int) -> None:
        self.level = level
        self.of = of
        self._where = where
        self._in_body = in_body
        self._given = given

    @classmethod
    def asked_for(cls, call: Call[Q], asked: NewValue | PlaceParameters, *, in_body: bool) -> Self:
        """The place that is named. Raises Problem for a customer who can not be."""
        given = sum(map(bool, (asked.customer, asked.customer_class, asked.account)))
        if asked.customer is not None:
            at = {"pointer": "/customer"} if in_body else {"parameter": "customer"}
            of = named(call, asked.customer, **at)
            return cls(Level.CUSTOMER, of, "customer", in_body, given)
        if asked.customer_class is not None:
            return cls(Level.CLASS, asked.customer_class, "customer_class", in_body, given)
        if asked.account:
            return cls(Level.ACCOUNT, "", "account", in_body, given)
        return cls(Level.COMPANY, "", "", in_body, given)

    def faults(self, setting: Setting) -> list[Fault]:
        """What is wrong with it, for a setting."""
        wrong = []
        if self._given > 1:
            wrong.append(self.fault("give one of `customer`, `customer_class` and `account`"))
        if self.level not in setting.levels:
            where = ", ".join(setting.levels)
            wrong.append(
                self.fault(f"{setting.name} is not settled for a {self.level}: {where} it may be")
            )
        return wrong

    def fault(self, detail: str) -> Fault:
        """Something that is wrong with it."""
        if self._in_body:
            return Fault(pointer=f"/{self._where}" if self._where else "", detail=detail)
        return Fault(parameter=self._where or None, detail=detail)


async def _settle(call: Call[Q], setting: Setting, place: _Place, value: Any) -> web.Response:
    who, company, now = call.who, call.company, call.service.clock.now()
    owner = company.id
    if place.level is Level.ACCOUNT:
        if not who.account_id or who.account_id != company.account_id:
            raise Problem(Type.FORBIDDEN, "Only a key of the account settles something for it.")
        owner = who.account_id
    at, by = Place(owner, place.level, place.of), By(await actor(call), company.id)
    try:
        await settle_value(call.service.store, setting, at, value, by, now)
    except NoSuchClass as error:
        raise Problem(Type.NOT_FOUND, str(error)) from None
    except NotSettled as error:
        if call.request.method == "DELETE":
            raise Problem(Type.NOT_ALLOWED_NOW, f"It does not go: {error}.") from None
        raise not_settled(error, "/value") from None
    customer = place.of if place.level is Level.CUSTOMER else None
    return answer(_row(setting, await _layers(call, customer)))


def _setting(call: Call[Q]) -> Setting:
    setting = TABLE.get(call.path("setting"))
    if setting is None:
        raise Problem(Type.NOT_FOUND, f"There is no such setting; there are: {', '.join(TABLE)}.")
    return setting


async def _layers(call: Call[Q], customer: str | None) -> tuple[Layer, ...]:
    """The layers that count, as they are now."""
    recipient = None
    if customer is not None:
        recipient = recipient_of(named(call, customer, parameter="customer"))
    return await layers_of(call.service.store, call.company, recipient)


def _row(setting: Setting, every: tuple[Layer, ...]) -> SettingRow:
    value, behind = found(setting, every)
    return SettingRow(
        name=setting.name,
        value=value.value,
        level=value.level,
        of=value.of,
        next=None
        if behind is None
        else ValueFrom(value=behind.value, level=behind.level, of=behind.of),
        levels=setting.levels,
        values=setting.values,
        meaning=setting.meaning,
    )
