from __future__ import annotations

import dataclasses
import datetime
import re
from pathlib import Path
from typing import get_type_hints

import pytest

import schemas.invoice
from schemas.invoice import CREDIT_NOTE_TYPES, Delivery, Invoice, Note, terms

RULES = Path(__file__).parents[4] / "shared/rules"
MODELS = [
    model
    for model in vars(schemas.invoice).values()
    if isinstance(model, type) and dataclasses.is_dataclass(model)
]


@pytest.mark.parametrize("model", MODELS)
def test_every_field_carries_its_number(model: type) -> None:
    numbers = dict(terms(model))
    assert numbers.keys() == {field.name for field in dataclasses.fields(model)}
    assert all(re.fullmatch(r"B[TG]-\d+(-\d)?|[a-z ]+", number) for number in numbers.values())


@pytest.mark.parametrize("model", MODELS)
def test_a_model_is_a_value(model: type) -> None:
    parameters = model.__dataclass_params__  # type: ignore[attr-defined]
    assert parameters.frozen
    assert not hasattr(model, "__dict__") or "__slots__" in vars(model)


def test_no_number_is_used_twice() -> None:
    numbers = [n for model in MODELS for _, n in terms(model) if n.startswith("BT-")]
    assert {n for n in numbers if numbers.count(n) > 1} == {"BT-125"}  # the file, and its content


def test_types_can_be_told_where_a_field_is_named_as_its_type() -> None:
    hints = get_type_hints(Delivery, localns=dict(vars(Delivery)))
    assert hints["date"] == datetime.date | None


def test_a_note_needs_a_text() -> None:
    with pytest.raises(TypeError):
        Note()  # type: ignore[call-arg]


@pytest.mark.skipif(not RULES.exists(), reason="the official rules are not beside this checkout")
def test_the_types_of_credit_notes_are_the_official_ones() -> None:
    rules = RULES / "artefacts/en16931/1.3.16/EN16931-UBL-validation-preprocessed.sch"
    code_list = re.search(
        r"self::cbc:CreditNoteTypeCode[^']*' '[^']*' ([\d ]+) '", rules.read_text()
    )
    assert code_list
    assert frozenset(code_list[1].split()) == CREDIT_NOTE_TYPES


def test_the_type_decides_the_document() -> None:
    default = Invoice.__dataclass_fields__["type_code"].default
    assert default == "380"
    assert default not in CREDIT_NOTE_TYPES
