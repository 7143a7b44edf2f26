"""The shape of a JSON body: types, required and unknown fields, and every fault told by its place.

In charge of the types of the leaves and of binding. Not in charge of any one body
(`json_invoice`, `submission`). The OpenAPI description is made from the same types, so that what
validates is what is documented.

Strict: an unknown field is an error (a misspelt `due_dat` must not vanish), a number is no string.
Money, quantities and percentages may be strings or numbers; null is the same as absent.
"""

from __future__ import annotations

import base64
import binascii
import difflib
import re
import typing
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic.json_schema import WithJsonSchema
from pydantic_core import ErrorDetails, PydanticCustomError
from typing_extensions import TypeAliasType

from gateway.intake import json_text
from gateway.intake.pointer import pointer
from validators.findings import Finding, Severity
from validators.messages import texts

TERM = "x-term"  # the schema keyword that holds a field's business term, "BT-1"

# --- the types of the leaves --------------------------------------------------------------------

# XML 1.0 can hold no other control characters, and a text of nothing but white space says nothing.
_CONTROL = r"\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff"
TEXT = rf"^[^{_CONTROL}]*[^{_CONTROL}\t\n\r ][^{_CONTROL}]*$"
_AMOUNT = r"^-?[0-9]{1,15}(\.[0-9]{1,15})?$"
_BASE64 = r"^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)$"
_is_amount = re.compile(_AMOUNT).fullmatch  # called for every number: no look into re's cache
_LARGEST = 10**15  # as many digits as a double keeps exactly, so strings and numbers agree
_MOST_DECIMALS = 350  # every double below _LARGEST can be written out in that


def _amount(value: Any) -> Decimal:
    if isinstance(value, str) and _is_amount(value):
        return Decimal(value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        number = Decimal(value)
        exponent = number.as_tuple().exponent
        finite = isinstance(exponent, int) and exponent > -_MOST_DECIMALS
        # Not abs(): that computes, and overflows at an exponent of a million.
        if finite and number.copy_abs() < _LARGEST:
            # 1E+3 becomes 1000: exponents are no part of an amount in XML.
            return Decimal(format(number, "f"))
    raise PydanticCustomError(
        "amount",
        'must be a number such as "1250.00": at most 15 digits before the point and 15 after it',
    )


def _date(value: Any) -> date:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise PydanticCustomError("date", "must be a date such as 2026-11-21")


def _bytes(value: Any) -> bytes:
    try:
        content = base64.b64decode(value, validate=True) if isinstance(value, str) else b""
    except (binascii.Error, ValueError):
        content = b""
    if not content:
        raise PydanticCustomError("base64", "must be base64 (RFC 4648, section 4), and not empty")
    return content


# Aliases by name, so that the OpenAPI description says each of them once.
Text = TypeAliasType(
    "Text",
    Annotated[
        str,
        Field(pattern=TEXT, description="Not empty, and without control characters."),
    ],
)
Amount = TypeAliasType(
    "Amount",
    Annotated[
        Decimal,
        PlainValidator(_amount),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "string", "pattern": _AMOUNT},
                    {"type": "number", "exclusiveMinimum": -_LARGEST, "exclusiveMaximum": _LARGEST},
                ],
                "description": 'Money, a quantity or a percentage; as a string ("1250.00") exact.',
            }
        ),
    ],
)
Date = TypeAliasType(
    "Date",
    Annotated[date, PlainValidator(_date), WithJsonSchema({"type": "string", "format": "date"})],
)
Base64 = TypeAliasType(
    "Base64",
    Annotated[
        bytes,
        PlainValidator(_bytes),
        WithJsonSchema({"type": "string", "contentEncoding": "base64", "pattern": _BASE64}),
    ],
)


# --- objects ------------------------------------------------------------------------------------


class Shape(BaseModel):
    """What every JSON body has in common: no unknown field, no silent conversion."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


PIECE = 100  # items of a list that are checked, and whose faults are told, at once


def _in_pieces(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    """Checks a list piece by piece and stops after the first with faults.

    A million wrong items would else make gigabytes of faults, and nobody reads page two.
    """
    if not isinstance(value, list) or len(value) <= PIECE:
        return check(value)
    checked = []
    for start in range(0, len(value), PIECE):
        try:
            checked += check(value[start : start + PIECE])
        except ValidationError as error:
            raise _moved(error, start) from None
    return checked


def _moved(error: ValidationError, start: int) -> ValidationError:
    return ValidationError.from_exception_data(
        error.title,
        [
            {
                "type": PydanticCustomError(fault["type"], fault["msg"], fault.get("ctx")),
                "loc": (int(fault["loc"][0]) + start, *fault["loc"][1:]),
                "input": None,
            }
            for fault in error.errors(include_url=False, include_input=False)
        ],
    )


in_pieces = WrapValidator(_in_pieces)


# --- binding ------------------------------------------------------------------------------------

S = TypeVar("S", bound=Shape)

_TEXTS = {
    "missing": "is required",
    "extra_forbidden": "is not a field here",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "list_type": "must be an array",
    "bool_type": "must be true or false",
    "string_type": "must be a string",
    "string_unicode": "holds half of a surrogate pair",
    "string_pattern_mismatch": "must not be empty, nor hold control characters",
}


def read(content: bytes, shape: type[S], *, at: str = "") -> S | tuple[Finding, ...]:
    """Reads JSON text and binds it: the bound body, or all that is wrong with text and fields."""
    value, found = json_text.read(content)
    ambiguities = tuple(replace(finding, where=at + finding.where) for finding in found)
    if value is None and ambiguities:
        return ambiguities
    bound = bind(value, shape, at=at)
    if not ambiguities:
        return bound
    seen = {finding.where for finding in ambiguities}
    faults = () if isinstance(bound, Shape) else bound
    return ambiguities + tuple(fault for fault in faults if fault.where not in seen)


def bind(value: Any, shape: type[S], *, at: str = "") -> S | tuple[Finding, ...]:
    """Checks parsed JSON against a shape: the bound body, or every place where it does not fit.

    `where` of a finding is a JSON pointer below `at`. No finding repeats what stood there.
    """
    try:
        return shape.model_validate(value)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
    return tuple(
        _finding(fault, shape, at, hints=n < _MOST_HINTS) for n, fault in enumerate(faults)
    )


_WITHOUT = frozenset({"missing", "string_pattern_mismatch"})
_HINTS = {
    "amount": "Write a point before the decimals, and no spaces.",
    "date": "Write year, month and day of a day that exists, with hyphens between.",
}

_MOST_HINTS = 200  # more than an answer shows; looking for the right spelling takes time


def _finding(fault: ErrorDetails, shape: type[BaseModel], at: str, *, hints: bool) -> Finding:
    kind, path = fault["type"], fault["loc"]
    holder, terms = _holder(shape, path)
    name = next((str(step) for step in reversed(path) if isinstance(step, str)), "The body")
    text, hint = _TEXTS.get(kind, fault["msg"].replace("Input should be", "must be")), ""
    if kind == "extra_forbidden" and hints and holder is not None:
        close = difflib.get_close_matches(name, holder.model_fields, n=1)
        known = ", ".join(f"`{field}`" for field in holder.model_fields)
        hint = f"Did you mean `{close[0]}`?" if close else f"The fields are {known}."
    elif kind == "string_pattern_mismatch" and fault["ctx"]["pattern"] != TEXT:
        text, hint = "is not written as it must be", f"The pattern is {fault['ctx']['pattern']}"
    elif not hint:
        hint = _HINTS.get(kind, "")
        named = texts("en").terms.get(terms[0]) if terms and path and path[-1] == name else None
        if named and kind in _WITHOUT:
            hint = texts("en").words["add"].format(name=f"{named} ({terms[0]})")
    shown = f"`{pointer((name,))[1:]}`" if path else name
    return Finding(
        "STRUCTURE-JSON", Severity.FATAL, at + pointer(path), None, f"{shown} {text}.", hint, terms
    )


def _holder(
    shape: type[BaseModel], path: tuple[str | int, ...]
) -> tuple[type[BaseModel] | None, tuple[str, ...]]:
    """The model that holds the last step of the path, and the business term of that step."""
    holder: type[BaseModel] | None = shape
    terms: tuple[str, ...] = ()
    for n, step in enumerate(path):
        if isinstance(step, int):
            continue
        field = holder.model_fields.get(step) if holder else None
        extra = field.json_schema_extra if field else None
        if isinstance(extra, dict) and TERM in extra:
            terms = (str(extra[TERM]),)
        if n < len(path) - 1:
            holder = _inner(field.annotation) if field else None
    return holder, terms


def _inner(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_inner, typing.get_args(annotation))), None)
