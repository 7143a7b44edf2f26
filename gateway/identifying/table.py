"""A file of customers, CSV or JSON, read into rows, or into all that is wrong with it.

In charge of both forms and of the place of each fault. Not in charge of the fields
(`gateway.intake.customer`). Pure.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from gateway.identifying.customer import CustomerFacts
from gateway.intake import json_text
from gateway.intake.customer import recipient
from gateway.intake.shape import bind

MOST_ROWS: Final = 100_000
# Nobody mends more at once; the rest is counted.
MOST_FAULTS: Final = 1_000
COLUMNS: Final = tuple(CustomerFacts.model_fields)

_YES: Final = frozenset({"yes", "true", "1", "y", "ja", "j"})
_NO: Final = frozenset({"no", "false", "0", "n", "nej", "nei"})


@dataclass(frozen=True, slots=True)
class Row:
    """A customer: `n` counts from 1, in the order of the file; `facts` is JSON data."""

    n: int
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong: in which row (0: the file itself), at which line of a CSV file, in which
    column. No text repeats a value."""

    row: int
    line: int | None
    column: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """All that is wrong, the first MOST_FAULTS of it; `left_out` are the others."""

    faults: tuple[Fault, ...]
    left_out: int = 0


def read(content: bytes, *, is_csv: bool, today: date) -> Sequence[Row] | Wrong:
    """The rows of a file; nothing of it is taken when anything is wrong."""
    given = _csv(content) if is_csv else _json(content)
    if isinstance(given, Wrong):
        return given
    rows: list[Row] = []
    faults: list[Fault] = []
    left_out = 0
    for line, values in given:
        n = len(rows) + 1
        if isinstance(values, str):
            found = [Fault(n, line, None, values)]
        else:
            found = [Fault(n, line, column, text) for column, text in _wrong(values, today)]
        kept = max(0, MOST_FAULTS - len(faults))
        faults += found[:kept]
        left_out += len(found[kept:])
        rows.append(Row(n, {} if isinstance(values, str) else values))
        if len(rows) > MOST_ROWS:
            return _whole(f"The file has more than {MOST_ROWS} customers.")
    if faults:
        return Wrong(tuple(faults), left_out)
    return rows or _whole("The file has no customers.")


def _wrong(values: Mapping[str, Any], today: date) -> list[tuple[str | None, str]]:
    facts = bind(values, CustomerFacts)
    if isinstance(facts, tuple):
        return [
            (finding.where.removeprefix("/").partition("/")[0] or None, finding.text)
            for finding in facts
        ]
    whom = recipient(facts, today)
    if isinstance(whom, Mapping):
        return [(name, f"`{name}` {text}.") for name, text in whom.items()]
    return []


# --- CSV ----------------------------------------------------------------------------------------

Given = Iterator[tuple[int | None, Mapping[str, Any] | str]]


def _csv(content: bytes) -> Given | Wrong:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return Wrong((Fault(0, line, None, "The file is not UTF-8 here. Save it as UTF-8."),))
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        return Wrong((Fault(0, line, None, "A NUL character stands here: it is no text file."),))
    first = text.partition("\n")[0]
    separator = max(",;\t", key=first.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        header = [_heading(word) for word in next(lines, [])]
    except csv.Error as error:
        return Wrong((Fault(0, 1, None, f"The header can not be read: {error}."),))
    faults = tuple(_header_faults(header))
    return Wrong(faults) if faults else _csv_rows(lines, header)


def _heading(word: str) -> str:
    return word.strip().lower().replace(" ", "_").replace("-", "_")


def _header_faults(header: Sequence[str]) -> Iterator[Fault]:
    known = ", ".join(COLUMNS)
    for number, name in enumerate(header, 1):
        shown = name[:50] or f"number {number}"
        if name not in COLUMNS:
            yield Fault(0, 1, shown, f"There is no such column; there are {known}.")
        elif name in header[: number - 1]:
            yield Fault(0, 1, shown, "The column stands there twice.")
    for name in ("name", "country"):
        if name not in header:
            yield Fault(0, 1, name, "The column is missing.")


def _csv_rows(lines: Any, header: Sequence[str]) -> Given:
    while True:
        before = lines.line_num + 1
        try:
            cells = next(lines)
        except StopIteration:
            return
        except csv.Error as error:
            yield before, f"The line can not be read: {error}."
            return
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(header):
            yield before, f"The line has {len(cells)} fields, the header has {len(header)}."
            continue
        given = {n: cell.strip() for n, cell in zip(header, cells, strict=True) if cell.strip()}
        if "consumer" in given:
            given["consumer"] = _yes_or_no(given["consumer"])
        yield before, given


def _yes_or_no(cell: str) -> Any:
    word = cell.lower()
    return True if word in _YES else False if word in _NO else cell


# --- JSON ---------------------------------------------------------------------------------------


def _json(content: bytes) -> Given | Wrong:
    value, findings = json_text.read(content)
    if findings:
        return Wrong(tuple(Fault(0, f.line, None, f"{f.text} {f.hint}".strip()) for f in findings))
    customers = value.get("customers") if isinstance(value, dict) and len(value) == 1 else None
    if not isinstance(customers, list):
        return _whole('The file is {"customers": [{"name": ..., "country": ...}, ...]}.')
    return _json_rows(customers)


def _json_rows(customers: Sequence[Any]) -> Given:
    for customer in customers:
        if isinstance(customer, dict):
            yield None, {name: value for name, value in customer.items() if value is not None}
        else:
            yield None, "A customer is an object."


def _whole(text: str) -> Wrong:
    return Wrong((Fault(0, None, None, text),))
