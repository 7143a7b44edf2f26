"""Files of customers: what is read, and how each fault is told by its place."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from gateway.identifying.masking import masked
from gateway.identifying.table import COLUMNS, MOST_FAULTS, MOST_ROWS, Row, Wrong, read

TODAY = date(2026, 11, 22)


def rows(text: str | bytes, *, is_csv: bool = True) -> list[Any]:
    found = read(text if isinstance(text, bytes) else text.encode(), is_csv=is_csv, today=TODAY)
    assert not isinstance(found, Wrong), found
    return [(row.n, dict(row.facts)) for row in found]


def wrong(text: str | bytes, *, is_csv: bool = True) -> list[tuple[int, int | None, str | None]]:
    found = read(text if isinstance(text, bytes) else text.encode(), is_csv=is_csv, today=TODAY)
    assert isinstance(found, Wrong), found
    return [(fault.row, fault.line, fault.column) for fault in found.faults]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_is_read_with_any_usual_separator(separator: str) -> None:
    lines = [
        ["Customer", "name", "Post-Code", "country", "consumer"],
        ["1", "Åsa", "", "SE", "ja"],
        ["2", '"B\nC"', " 0150 ", "NO", ""],
        ["", "", "", "", ""],
        ["3", "D", "", "NO", "no"],
    ]
    text = "\ufeff" + "\r\n".join(separator.join(line) for line in lines) + "\r\n"
    assert rows(text) == [
        (1, {"customer": "1", "name": "Åsa", "country": "SE", "consumer": True}),
        (2, {"customer": "2", "name": "B\nC", "post_code": "0150", "country": "NO"}),
        (3, {"customer": "3", "name": "D", "country": "NO", "consumer": False}),
    ]


def test_every_column_may_be_there() -> None:
    header = ",".join(COLUMNS)
    assert rows(
        f"{header}\n" + ",".join({"name": "A", "country": "SE"}.get(c, "") for c in COLUMNS)
    )


def test_all_faults_are_told_at_once_with_line_and_column() -> None:
    text = (
        "customer,name,country,organisation_number,personal_number,email,consumer\n"
        "1,A,SE,5560000018,,,\n"  # check digit
        '2,"B\nB",Sweden,,12,nobody,perhaps\n'  # over two lines
        "3,,SE,,,,\n"
        "4,D,SE\n"
        "5,E,XX,,,,\n"
    )
    assert wrong(text) == [
        (1, 2, "organisation_number"),
        *[(2, 3, column) for column in ("country", "consumer", "personal_number", "email")],
        (3, 5, "name"),
        (4, 6, None),
        (5, 7, "country"),
    ]


def test_no_fault_repeats_a_value() -> None:
    found = read(b"name,country,personal_number\nA,SE,19121212-1213x\n", is_csv=True, today=TODAY)
    assert isinstance(found, Wrong) and "1912" not in str(found)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("", [(0, 1, "name"), (0, 1, "country")]),
        ("name,country\n", [(0, None, None)]),
        ("name,name,country\nA,A,SE\n", [(0, 1, "name")]),
        ("name,land\nA,SE\n", [(0, 1, "land"), (0, 1, "country")]),
        ("name,country,\nA,SE,\n", [(0, 1, "number 3")]),
        ('name,country\n"A,SE\n', [(1, 2, None)]),
        ("name,country\nA\0,SE\n", [(0, 2, None)]),
        (b"name,country\n\xc5sa,SE\n", [(0, 2, None)]),
    ],
    ids=["empty", "no rows", "twice", "unknown", "unnamed", "quote", "NUL", "latin"],
)
def test_what_is_no_table_is_told(text: str | bytes, places: list[Any]) -> None:
    assert wrong(text) == places


def test_json_is_read_and_faults_have_their_place() -> None:
    good = {"customer": "1", "name": "A", "country": "SE", "email": None, "consumer": True}
    assert rows(json.dumps({"customers": [good]}), is_csv=False) == [
        (1, {"customer": "1", "name": "A", "country": "SE", "consumer": True})
    ]
    bad = {"customers": [good, 7, {"name": 1, "pager": "x"}, {**good, "consumer": "yes"}]}
    assert wrong(json.dumps(bad), is_csv=False) == [
        (2, None, None),
        *[(3, None, column) for column in ("name", "country", "pager")],
        (4, None, "consumer"),
    ]


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"customers": {}}', '{"customers": [], "x": 1}', '{"customers": []}']
)
def test_what_is_no_list_of_customers_is_told(text: str) -> None:
    assert wrong(text, is_csv=False)[0][0] == 0


def test_faults_and_rows_are_bounded() -> None:
    many = "name,country\n" + "A,Sweden\n" * (MOST_FAULTS + 7)
    found = read(many.encode(), is_csv=True, today=TODAY)
    assert isinstance(found, Wrong) and (len(found.faults), found.left_out) == (MOST_FAULTS, 7)
    assert wrong("name,country\n" + "A,SE\n" * (MOST_ROWS + 1)) == [(0, None, None)]


@given(some.binary(max_size=200))
def test_whatever_comes_is_read_or_told(content: bytes) -> None:
    for is_csv in (True, False):
        found = read(b"name,country\n" * is_csv + content, is_csv=is_csv, today=TODAY)
        assert isinstance(found, Wrong) or all(isinstance(row, Row) for row in found)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("19121212-1212", "19121212*****"),
        ("191212121212", "1912121*****"),
        ("kund 121212-1212, X", "kund 121212*****, X"),
        ("15076500565", "150765*****"),
        ("5560000019", "5560000019"),
        ("0007:1212121212", "0007:12121*****"),
        ("1001", "1001"),
    ],
)
def test_personal_numbers_are_masked(text: str, shown: str) -> None:
    assert masked(text) == shown
