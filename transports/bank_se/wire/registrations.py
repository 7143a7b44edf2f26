"""Registrations: consumers who want an issuer's invoices in their bank, or no more, and our answers
to them. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from lxml import etree

from transports.bank_se.identifiers import Fmi, Fui
from transports.bank_se.wire.elements import (
    Malformed,
    document,
    identifier,
    lines_of,
    name_of,
    one_of,
    root_of,
    said,
    time,
    written,
)
from transports.bank_se.wire.receipts import Rejection
from transports.base import storable

_JOINS = "Registration"
_LEAVES = "Deregistration"
_ACCEPTED = "accepted"
_REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Registration:
    """A consumer joins an issuer at a bank, or leaves. `customer` is what was asked for: a customer
    number. `at` is when the consumer did it."""

    id: str
    fui: Fui
    fmi: Fmi
    at: datetime
    customer: str = field(default="", repr=False)
    leaves: bool = False


@dataclass(frozen=True, slots=True)
class Registrations:
    """What consumers did."""

    id: str
    lines: tuple[Registration, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """Our word on a registration."""

    registration: str
    rejection: Rejection | None = None


def write_registrations(id: str, lines: Sequence[Registration]) -> bytes:
    """The file."""
    return document("Registrations", {"id": id}, [_line(each) for each in lines])


def read_registrations(root: etree._Element) -> Registrations:
    """The registrations in a file's root. Raises Malformed."""
    lines = tuple(map(_registration, lines_of(root, _JOINS, _LEAVES)))
    if len({line.id for line in lines}) < len(lines):
        raise Malformed("an id is there twice")
    return Registrations(said(root, "id", identifier), lines)


def write_answers(answers: Sequence[Answer]) -> tuple[str, bytes]:
    """The file, and its name, which is by its content."""
    content = document("Answers", {}, sorted(map(_answer_line, answers)))
    return f"answers-{sha256(content).hexdigest()[:32]}.xml", content


def read_answers(content: bytes) -> tuple[Answer, ...]:
    """The answers in a file. Raises Malformed."""
    root = root_of(content)
    if name_of(root) != "Answers":
        raise Malformed("the root is not Answers")
    return tuple(map(_answer, lines_of(root, "Answer")))


def _line(one: Registration) -> str:
    attributes = {
        "id": one.id,
        "fui": str(one.fui),
        "fmi": str(one.fmi),
        "at": one.at.isoformat(),
        "customer": one.customer or None,
    }
    return written(_LEAVES if one.leaves else _JOINS, attributes)


def _registration(element: etree._Element) -> Registration:
    return Registration(
        id=said(element, "id", identifier),
        fui=said(element, "fui", Fui.parse),
        fmi=said(element, "fmi", Fmi.parse),
        at=said(element, "at", time),
        customer=storable(element.get("customer", ""), 100).strip(),
        leaves=name_of(element) == _LEAVES,
    )


def _answer_line(answer: Answer) -> str:
    rejection = answer.rejection
    return written(
        "Answer",
        {
            "registration": answer.registration,
            "state": _REJECTED if rejection else _ACCEPTED,
            "code": rejection.code if rejection else None,
            "text": rejection.text if rejection else None,
        },
    )


def _answer(element: etree._Element) -> Answer:
    state = said(element, "state", one_of(_ACCEPTED, _REJECTED))
    rejection = None
    if state == _REJECTED:
        rejection = Rejection(said(element, "code", identifier), said(element, "text", str))
    return Answer(said(element, "registration", identifier), rejection)
