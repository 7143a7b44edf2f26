"""The shape of JSON bodies: the leaves, the faults, and the likeness to the model."""

from __future__ import annotations

import base64
import dataclasses
import json
import types
import typing
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.intake import json_text, shape
from gateway.intake.json_invoice import InvoiceShape, to_model
from gateway.intake.pointer import pointer
from gateway.intake.shape import Amount, Base64, Date, Shape, Text, bind
from schemas import invoice as model

# --- every field of the model -------------------------------------------------------------------

TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), min_size=1
).filter(str.strip)
AMOUNTS = st.decimals(-(10**15) + 1, 10**15 - 1, places=4, allow_nan=False)
LEAVES: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXTS,
    Decimal: AMOUNTS,
    date: st.dates(),
    bytes: st.binary(min_size=1, max_size=50),
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a type of the model."""
    if typing.get_origin(hint) is tuple:
        return st.lists(values(typing.get_args(hint)[0]), max_size=2).map(tuple)
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        (inner,) = (kind for kind in typing.get_args(hint) if kind is not type(None))
        return st.none() | values(inner)
    if dataclasses.is_dataclass(hint):
        hints = typing.get_type_hints(hint)
        members = {field.name: values(hints[field.name]) for field in dataclasses.fields(hint)}
        return st.builds(hint, **members)  # type: ignore[arg-type]
    return LEAVES[hint]


def as_json(value: Any) -> Any:
    """A value of the model, as a caller would write it."""
    if dataclasses.is_dataclass(value):
        return {
            field.name: as_json(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    match value:
        case tuple():
            return [as_json(item) for item in value]
        case Decimal():
            return format(value, "f")
        case date():
            return value.isoformat()
        case bytes():
            return base64.b64encode(value).decode()
        case _:
            return value


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(values(model.Invoice))
def test_every_invoice_can_be_said_in_json(invoice: model.Invoice) -> None:
    text = json.dumps(as_json(invoice)).encode()
    read = shape.read(text, InvoiceShape)
    assert not isinstance(read, tuple), read
    assert to_model(read) == invoice


def test_what_is_left_out_is_the_models_default() -> None:
    least = {
        "number": "1",
        "issue_date": "2026-11-21",
        "currency": "SEK",
        "seller": {"name": "A", "address": {"country": "SE"}},
        "buyer": {"name": "B", "address": {"country": "NO"}},
        "lines": [],
    }
    bound = bind(least, InvoiceShape)
    assert not isinstance(bound, tuple)
    address = model.Address
    invoice = model.Invoice(
        number="1",
        issue_date=date(2026, 11, 21),
        currency="SEK",
        seller=model.Seller("A", address("SE")),
        buyer=model.Buyer("B", address("NO")),
        lines=(),
        type_code="",  # "380" is derived, and told
    )
    assert to_model(bound) == invoice


# --- leaves -------------------------------------------------------------------------------------


class Leaves(Shape):
    text: Text | None = None
    amount: Amount | None = None
    day: Date | None = None
    file: Base64 | None = None


def leaf(name: str, value: Any) -> Any:
    """What a value becomes, or the findings."""
    bound = bind({name: value}, Leaves)
    return bound if isinstance(bound, tuple) else getattr(bound, name)


@pytest.mark.parametrize(
    ("stated", "meant"),
    [
        ("1250.00", "1250.00"),
        ("-0.5", "-0.5"),
        ("0", "0"),
        (5, "5"),
        (-12, "-12"),
        (Decimal("1.50"), "1.50"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1.5e-7"), "0.00000015"),
        ("9" * 15 + "." + "9" * 15, "9" * 15 + "." + "9" * 15),
    ],
)
def test_an_amount_keeps_every_digit(stated: Any, meant: str) -> None:
    assert format(leaf("amount", stated), "f") == meant


@pytest.mark.parametrize(
    "stated",
    [
        "",
        " 1",
        "1 ",
        "1,5",
        "1e3",
        "+1",
        ".5",
        "5.",
        "1_000",
        "NaN",
        "Infinity",
        "٣",
        "0x10",
        "9" * 16,
        "1." + "1" * 16,
        True,
        [],
        {},
        10**15,
        -(10**15),
        Decimal("NaN"),
        Decimal("Infinity"),
        Decimal("1e400"),
        Decimal("-1e999999999"),  # beyond what may be computed with
        Decimal("1e-400"),
        "1\n",
    ],
)
def test_what_is_no_amount(stated: Any) -> None:
    (finding,) = leaf("amount", stated)
    assert finding.where == "/amount"
    assert "1250.00" in finding.text


@pytest.mark.parametrize("stated", ["2026-11-21", "2024-02-29", "0001-01-01", "9999-12-31"])
def test_a_date(stated: str) -> None:
    assert leaf("day", stated) == date.fromisoformat(stated)


@pytest.mark.parametrize(
    "stated",
    [
        "2026-02-29",
        "20261121",
        "2026-W47-6",
        "2026-11-21Z",
        "2026-1-1",
        "21.11.2026",
        "",
        20261121,
        1.5,
        True,
        "٢٠٢٦-١١-٢١",
        "2026-11-21\n",
    ],
)
def test_what_is_no_date(stated: Any) -> None:
    (finding,) = leaf("day", stated)
    assert "2026-11-21" in finding.text


@pytest.mark.parametrize("stated", ["QQ==", "QUI=", "QUJD"])
def test_base64(stated: str) -> None:
    assert leaf("file", stated) == base64.b64decode(stated)


@pytest.mark.parametrize("stated", ["", "Q", "QQ", "QQ=", "QQ==\n", "Q Q=", "QQ-_", "====", 5, "å"])
def test_what_is_no_base64(stated: Any) -> None:
    (finding,) = leaf("file", stated)
    assert "base64" in finding.text


@pytest.mark.parametrize(
    "stated", ["", " ", "\t\n\r", "a\x00", "\x1b", "a\ufffe", "\ud800", 5, None]
)
def test_what_is_no_text(stated: Any) -> None:
    if stated is None:
        assert leaf("text", stated) is None  # null is the same as absent
    else:
        (finding,) = leaf("text", stated)
        assert finding.where == "/text"


# --- faults -------------------------------------------------------------------------------------


def test_a_misspelt_field_is_told_with_the_right_one() -> None:
    body = {"invoise_number": "1", "numbr": "1", "xyz": 1}
    findings = {finding.where: finding for finding in bind(body, InvoiceShape, at="/invoice")}  # type: ignore[union-attr]
    assert findings["/invoice/numbr"].hint == "Did you mean `number`?"
    assert "`issue_date`" in findings["/invoice/xyz"].hint  # none is near: all are named
    assert findings["/invoice/number"].text == "`number` is required."
    assert findings["/invoice/number"].terms == ("BT-1",)


def test_a_fault_in_a_shared_group_is_told_by_the_groups_number() -> None:
    body = {"buyer": {"address": {"country": 5}}, "seller": {"address": {"country": 5}}}
    findings = {finding.where: finding.terms for finding in bind(body, InvoiceShape)}  # type: ignore[union-attr]
    assert findings["/buyer/address/country"] == ("BG-8",)  # not BT-40, which is the seller's
    assert findings["/seller/address/country"] == ("BG-5",)


@pytest.mark.parametrize(
    ("path", "written"),
    [((), ""), (("a", 0), "/a/0"), (("a/b", "c~d"), "/a~1b/c~0d"), (("\ud800",), "/\ufffd")],
)
def test_pointers(path: tuple[str | int, ...], written: str) -> None:
    assert pointer(path) == written


# --- text ---------------------------------------------------------------------------------------

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=20,
)


@given(JSON_VALUES)
def test_json_is_read_as_it_was_written(value: Any) -> None:
    assert json_text.read(json.dumps(value).encode()) == (value, ())
    assert json_text.read(json.dumps(value, ensure_ascii=False).encode()) == (value, ())


def test_numbers_keep_their_digits() -> None:
    value, findings = json_text.read(b"[0.10, 1e2, 123456789012345678901234567890.5]")
    assert not findings
    assert [str(number) for number in value] == [
        "0.10",
        "1E+2",
        "123456789012345678901234567890.5",
    ]


def test_every_ambiguity_is_told() -> None:
    text = b'{"a": [{"b": 1, "b": 2}, "\\udc00"], "a/b": 1, "a/b": 1, "a/b": 1}'
    _, findings = json_text.read(text)
    assert [finding.where for finding in findings] == ["/a/0/b", "/a/1", "/a~1b"]


def test_a_syntax_error_has_line_and_column() -> None:
    _, (finding,) = json_text.read(b'{"a": 1,\n "b": }')
    assert (finding.line, finding.where) == (2, "")
    assert "line 2, column 7" in finding.text


def test_ambiguities_and_faults_are_told_together() -> None:
    findings = shape.read(b'{"text": "a", "text": "b", "amount": "x"}', Leaves)
    assert isinstance(findings, tuple)
    assert [finding.where for finding in findings] == ["/text", "/amount"]


@given(st.binary(max_size=200))
def test_no_bytes_raise(content: bytes) -> None:
    shape.read(content, InvoiceShape)


# --- floods -------------------------------------------------------------------------------------

FLOODS = {
    "wrong items": b'{"lines": [' + b"1," * 100_000 + b"1]}",
    "empty objects": b'{"lines": [' + b"{}," * 100_000 + b"{}]}",
    "lists of lists": b'{"lines": ['
    + b",".join([b'{"charges": [' + b"1," * 999 + b"1]}"] * 100)
    + b"]}",
    "unknown fields": b'{"lines": ['
    + b",".join([b"{" + b",".join(b'"a%d": 1' % n for n in range(199)) + b"}"] * 500)
    + b"]}",
    "surrogates": b"[" + b'"\\ud800",' * 100_000 + b"1]",
    "one name": b'{"lines": [' + b",".join([b"{" + b'"a": 1,' * 198 + b'"a": 1}'] * 500) + b"]}",
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS.keys())
def test_a_flood_of_faults_is_bounded(flood: bytes) -> None:
    findings = shape.read(flood, InvoiceShape)
    assert isinstance(findings, tuple)
    most_in_one_item = json_text.MOST_MEMBERS + 10
    assert 0 < len(findings) <= shape.PIECE * most_in_one_item + json_text.MOST_FINDINGS


@pytest.mark.parametrize(
    "flood",
    [
        b"[" + b"1," * json_text.MOST_VALUES + b"1,1]",
        b"{" + b",".join(b'"a%d": 1' % n for n in range(json_text.MOST_MEMBERS + 1)) + b"}",
    ],
    ids=["values", "members"],
)
def test_what_no_invoice_is_like_is_not_looked_at(flood: bytes) -> None:
    value, (finding,) = json_text.read(flood)
    assert value is None
    assert "more than" in finding.text


def test_a_fault_deep_in_a_long_list_keeps_its_place() -> None:
    line = {
        "id": "1",
        "quantity": 1,
        "unit": "EA",
        "price": {"net": 1},
        "item": {"name": "x", "vat": {"category": "S"}},
    }
    wrong = line | {"charges": [{}] * 150 + [{"amount": "x", "resaon": "y"}]}
    findings = bind({"lines": [line] * 250 + [wrong]}, InvoiceShape)
    assert isinstance(findings, tuple)
    told = {finding.where: finding for finding in findings if "/lines/" in finding.where}
    here = "/lines/250/charges/150"
    assert told.keys() == {f"{here}/amount", f"{here}/resaon"}
    assert told[f"{here}/resaon"].hint == "Did you mean `reason`?"
    assert told[f"{here}/amount"].terms == ("BT-141",)
