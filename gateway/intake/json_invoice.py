"""The invoice as callers write it in JSON: `schemas.invoice`, field by field, by the same names.

In charge of nothing but the likeness: the shapes are made from the dataclasses, so the two can not
differ. What the model demands and `schemas.derived` can tell may be left out here: it is an empty
text in the model then. Not in charge of right and wrong (`validators`).
"""

from __future__ import annotations

import base64
import dataclasses
import types
import typing
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, create_model

from gateway.intake.shape import TERM, Amount, Base64, Date, Shape, Text, in_pieces
from schemas import invoice as model

_LEAVES: dict[type, Any] = {str: Text, Decimal: Amount, date: Date, bytes: Base64}
# Their fields carry the seller's numbers, so a fault in the buyer's is told by its group's number.
_SHARED = frozenset({model.Address, model.Contact, model.Period})
# What may be left out though the model has it always: see `schemas.derived`.
_DERIVED = {
    model.Invoice: "type_code",
    model.Line: "id",
    model.Payment: "means",
    model.Vat: "category",
}


def _shape(source: type) -> type[Shape]:
    """Makes the pydantic model of a dataclass, and of all those in its fields."""
    hints = typing.get_type_hints(source)
    members: dict[str, Any] = {}
    for field in dataclasses.fields(source):
        derived = _DERIVED.get(source) == field.name
        required = field.default is dataclasses.MISSING and not derived
        annotation, term = _annotation(hints[field.name]), field.metadata["bt"]
        told = term[:2] in ("BT", "BG") and source not in _SHARED
        members[field.name] = (
            annotation if required else annotation | None,
            Field(
                default=... if required else None,
                description=f"{term}: {field.name.replace('_', ' ')}"
                + ("; derived where it is left out and follows from the rest" if derived else ""),
                json_schema_extra={TERM: term} if told else None,
            ),
        )
    made = create_model(source.__name__, __base__=Shape, __doc__=source.__doc__, **members)
    _SHAPES[source] = made
    return made


def _annotation(hint: Any) -> Any:
    if typing.get_origin(hint) is tuple:
        inner = _annotation(typing.get_args(hint)[0])
        return Annotated[list[inner], in_pieces]  # type: ignore[valid-type]
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        (hint,) = (inner for inner in typing.get_args(hint) if inner is not type(None))
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _SHAPES.get(hint) or _shape(hint)
    return _LEAVES[hint]


_SHAPES: dict[type, type[Shape]] = {}
InvoiceShape = _shape(model.Invoice)
_SOURCES = {shape: source for source, shape in _SHAPES.items()}


def to_model(shape: Shape) -> Any:
    """Turns a checked body (or a part of one) into the dataclass it was made from."""
    given = {name: _value(getattr(shape, name)) for name in shape.model_fields_set}
    source = _SOURCES[type(shape)]
    derived = {_DERIVED[source]: ""} if source in _DERIVED else {}
    return source(**derived | {n: value for n, value in given.items() if value is not None})


def _value(value: Any) -> Any:
    if isinstance(value, Shape):
        return to_model(value)
    return tuple(map(_value, value)) if isinstance(value, list) else value


def from_model(value: Any) -> Any:
    """The dataclass (or a part of one) as JSON data that `to_model` takes: what is not there is
    left out."""
    if dataclasses.is_dataclass(value):
        members = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return {
            name: from_model(member)
            for name, member in members.items()
            if member is not None and member not in ("", ())
        }
    match value:
        case tuple():
            return [from_model(each) for each in value]
        case Decimal():
            return format(value, "f")
        case date():
            return value.isoformat()
        case bytes():
            return base64.b64encode(value).decode()
        case _:
            return value
