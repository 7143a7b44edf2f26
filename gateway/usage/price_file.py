"""Price lists as files: TOML or CSV.

In charge of reading one, and of telling everything that is wrong with what stands in it. Not in
charge of what prices mean together (`prices`). Pure.

TOML has a table `[[prices]]` for each price; CSV (RFC 4180, UTF-8, comma or semicolon) a row for
each, its first row the names. The names are the same: `channel`, `country`, `direction`, `kind`,
`valid_from`, `valid_to`, `currency`, `amount`; `currency` and `valid_from` may stand once at the
head of a TOML file.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from gateway.store.usage import Price
from gateway.usage.prices import ANY, MONTHLY

REQUIRED: Final = ("channel", "valid_from", "currency", "amount")
OPTIONAL: Final = ("country", "direction", "kind", "valid_to")
NAMES: Final = (*REQUIRED, *OPTIONAL)
SHARED: Final = ("currency", "valid_from")
KINDS: Final = ("invoice", "credit_note", "reminder", "invoice_response")
DIRECTIONS: Final = ("out", "in")

# Tenths of an öre are enough for a price, and a billion for anybody.
_MOST_DECIMALS: Final = 4
_MOST: Final = Decimal(10**9)
_MOST_ROWS: Final = 10_000

Fault = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Words:
    """The words that a price may use on a day."""

    channels: Collection[str]
    countries: Collection[str]
    currencies: Collection[str]


def read(content: bytes, words: Words) -> tuple[list[tuple[str, Price]], list[Fault]]:
    """The prices of a file, each with where it stands, and everything that is wrong with it."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return [], [("the file", f"is not UTF-8 (byte {error.start})")]
    try:
        rows = _toml(text) if _is_toml(text) else _csv(text)
    except _Unreadable as error:
        return [], [("the file", str(error))]
    prices, wrong = [], []
    for where, row in rows:
        found = list(_faults(row, words))
        wrong += [(where, fault) for fault in found]
        if not found:
            prices.append((where, _price(row)))
    if not rows:
        wrong.append(("the file", "has no prices"))
    return prices, wrong


class _Unreadable(Exception):
    """Nothing can be read out of it; the text says why."""


def _is_toml(text: str) -> bool:
    """A CSV begins with the names of its columns, none of which is all that stands in a line of
    TOML."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return first.lstrip().startswith(("#", "[")) or "=" in first


def _toml(text: str) -> list[tuple[str, Mapping[str, str]]]:
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise _Unreadable(f"is not TOML: {error}") from None
    rows = data.pop("prices", [])
    shared = {name: data.pop(name) for name in SHARED if name in data}
    if data:
        raise _Unreadable(
            f"has {', '.join(sorted(data))} at its head; only [[prices]] and"
            f" {' and '.join(SHARED)} stand there"
        )
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _Unreadable("needs a table [[prices]] for each price")
    return _bounded(
        [
            (f"price {n}", {name: _text(value) for name, value in {**shared, **row}.items()})
            for n, row in enumerate(rows, 1)
        ]
    )


def _text(value: Any) -> str:
    """A value of TOML as it would stand in CSV. What is none of these is refused as it looks."""
    return value.strip() if isinstance(value, str) else str(value)


def _csv(text: str) -> list[tuple[str, Mapping[str, str]]]:
    first = text.splitlines()[0] if text else ""
    delimiter = ";" if first.count(";") > first.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = [name.strip() for name in next(reader, [])]
        if len(set(names)) < len(names):
            raise _Unreadable("names a column twice")
        rows = []
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(names):
                raise _Unreadable(
                    f"has {len(cells)} values in line {reader.line_num}, and {len(names)} columns"
                )
            given = {name: cell.strip() for name, cell in zip(names, cells, strict=True)}
            filled = {name: cell for name, cell in given.items() if cell or name not in NAMES}
            rows.append((f"line {reader.line_num}", filled))
    except csv.Error as error:
        raise _Unreadable(f"is not CSV: {error}, in line {reader.line_num}") from None
    return _bounded(rows)


def _bounded(
    rows: Sequence[tuple[str, Mapping[str, str]]],
) -> list[tuple[str, Mapping[str, str]]]:
    if len(rows) > _MOST_ROWS:
        raise _Unreadable(f"has {len(rows)} prices; {_MOST_ROWS} fit")
    return list(rows)


def _faults(row: Mapping[str, str], words: Words) -> Iterator[str]:
    for name in row.keys() - set(NAMES):
        yield f"has {name!r}; the names are {', '.join(NAMES)}"
    for name in REQUIRED:
        if not row.get(name):
            yield f"needs {name}"
    checks: Mapping[str, Callable[[str], str | None]] = {
        "channel": lambda text: _one_of(text, {*words.channels, MONTHLY}, "no channel"),
        "country": lambda text: _one_of(text.upper(), words.countries, "no country (ISO 3166)"),
        "currency": lambda text: _one_of(text, words.currencies, "no currency (ISO 4217)"),
        "direction": lambda text: _one_of(text, DIRECTIONS, "no direction"),
        "kind": lambda text: _one_of(text, KINDS, "no kind of document"),
        "amount": _wrong_amount,
        "valid_from": _wrong_day,
        "valid_to": _wrong_day,
    }
    for name, wrong in checks.items():
        if row.get(name) and (why := wrong(row[name])):
            yield f"{name}: {why}"
    if row.get("channel") == MONTHLY and (row.get("kind") or row.get("direction")):
        yield f"{MONTHLY} is of a company: it has no kind and no direction"


def _one_of(text: str, known: Collection[str], what: str) -> str | None:
    if text in known:
        return None
    some = f"; there are {', '.join(sorted(known))}" if len(known) < 20 else ""
    return f"{text!r:.40} is {what}{some}"


def _wrong_amount(text: str) -> str | None:
    try:
        amount = Decimal(text) if re.fullmatch(r"[0-9]+([.][0-9]+)?", text) else None
    except InvalidOperation:
        amount = None
    if amount is None:
        return f"{text!r:.40} is no amount, such as 1.25"
    if amount >= _MOST:
        return f"{text:.40} is too much"
    decimals = len(text.partition(".")[2])
    return (
        f"{text:.40} has more than {_MOST_DECIMALS} decimals" if decimals > _MOST_DECIMALS else None
    )


def _wrong_day(text: str) -> str | None:
    return None if _day(text) else f"{text!r:.40} is no day, such as 2026-11-22"


def _day(text: str) -> date | None:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
    except ValueError:
        return None


def _price(row: Mapping[str, str]) -> Price:
    valid_from, valid_to = _day(row["valid_from"]), _day(row.get("valid_to", ""))
    assert valid_from is not None
    return Price(
        channel=row["channel"],
        country=row.get("country", ANY).upper(),
        direction=row.get("direction", "out"),
        kind=row.get("kind", ANY),
        valid_from=valid_from,
        valid_to=valid_to,
        currency=row["currency"],
        amount=Decimal(row["amount"]),
    )
