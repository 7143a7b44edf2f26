"""JSON as it is taken in: RFC 8259, UTF-8, and nothing that two readers could take two ways.

In charge of the text. Not in charge of what it means (`json_invoice`). Stricter than the standard
library: a member named twice, a lone surrogate, NaN and Infinity are errors, and numbers keep
every digit (`Decimal`), for money must not pass through a binary fraction.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from itertools import islice
from typing import Any

from gateway.intake.pointer import pointer
from validators.findings import Finding, Severity

MOST_VALUES = 1_500_000  # 20,000 lines with every field of a line have 1.2 million
MOST_MEMBERS = 200  # of one object; an invoice has 36
MOST_FINDINGS = 200  # more would cost more time than they tell

_LONGEST_NUMBER = 400  # characters; a double written out in full has at most 326 decimals
_SURROGATE = re.compile("[\ud800-\udfff]")


def read(content: bytes) -> tuple[Any, tuple[Finding, ...]]:
    """Reads JSON; numbers come as int or Decimal (NaN for one too long to be meant).

    Answers the value, None where there is none to be had, and what is wrong with the text, at most
    MOST_FINDINGS. Time and memory are bounded by MOST_VALUES and MOST_MEMBERS.
    """
    if not content.strip():
        return None, (_finding("", "The body is empty.", "Send a JSON object."),)
    if content.count(b",") > MOST_VALUES:
        what = f"There are more than {MOST_VALUES} values."
        return None, (_finding("", what, "Split the invoice."),)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = f"at byte {error.start}"
        return None, (_finding("", f"The body is not UTF-8 ({where}).", "Send it in UTF-8."),)
    doubled: dict[int, set[str]] = {}

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(pairs) > MOST_MEMBERS:
            raise _Refused(f"An object has more than {MOST_MEMBERS} members.", "No invoice has.")
        found = dict(pairs)
        if len(found) != len(pairs):
            names = Counter(name for name, _ in pairs)
            doubled[id(found)] = {name for name, times in names.items() if times > 1}
        return found

    try:
        value = json.loads(
            text,
            object_pairs_hook=members,
            parse_int=_number,
            parse_float=_number,
            parse_constant=_refuse_constant,
        )
    except json.JSONDecodeError as error:
        what = f"Not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        return None, (_finding("", what, "Check the syntax there.", error.lineno),)
    except RecursionError:
        return None, (_finding("", "Nested too deeply.", "An invoice is at most 8 levels deep."),)
    except _Refused as error:
        return None, (_finding("", *error.args),)
    if doubled or "\\ud" in text or "\\uD" in text:
        found = sorted(islice(_ambiguities(value, doubled), MOST_FINDINGS), key=_where)
        return value, tuple(found)
    return value, ()


class _Refused(Exception):
    """Reading stops here: what is wrong, and what to do."""


def _refuse_constant(name: str) -> Any:
    # NaN, Infinity, -Infinity: Python reads them, JSON has none.
    raise _Refused(f"{name} is not a JSON number.", "Leave the field out, or send null.")


def _number(text: str) -> int | Decimal:
    if len(text) > _LONGEST_NUMBER:
        return Decimal("NaN")
    if text.lstrip("-").isdigit():
        return int(text)
    try:
        return Decimal(text)
    except InvalidOperation:  # an exponent beyond what Decimal holds
        return Decimal("NaN")


def _ambiguities(value: Any, doubled: dict[int, set[str]]) -> Iterator[Finding]:
    stack: list[tuple[tuple[str | int, ...], Any]] = [((), value)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, dict):
            for name in sorted(doubled.get(id(value), ())):
                what = "The member stands there more than once."
                yield _finding(pointer((*path, name)), what, "Keep one of them.")
            yield from (_surrogate(path) for name in value if _SURROGATE.search(name))
            stack += [((*path, name), inner) for name, inner in value.items()]
        elif isinstance(value, list):
            stack += [((*path, n), inner) for n, inner in enumerate(value)]
        elif isinstance(value, str) and _SURROGATE.search(value):
            yield _surrogate(path)


def _where(finding: Finding) -> str:
    return finding.where


def _surrogate(path: tuple[str | int, ...]) -> Finding:
    what = "Half of a surrogate pair: no character."
    return _finding(pointer(path), what, "Write the character itself, or both halves.")


def _finding(where: str, text: str, hint: str, line: int | None = None) -> Finding:
    return Finding("GUARD-JSON", Severity.FATAL, where, line, text, hint)
