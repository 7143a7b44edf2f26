"""Swedish personal numbers with their century: twelve digits, as registers of persons want them.

In charge of the century of a number that was written with ten digits. Not in charge of what is a
number at all beyond that (`identifiers`). Pure.
Source: folkbokföringslagen (1991:481) 18 § (the sign).
"""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from stdnum import luhn
from stdnum.exceptions import ValidationError

_WRITTEN = re.compile(r"([0-9]{2})?([0-9]{2})([0-9]{2})([0-9]{2})([-+]?)([0-9]{4})")

# Older than anybody in the register has become: such a reading is none.
_OLDEST: Final = 120

# Nobody below that age is sent invoices; ten digits without a sign may as well be of somebody a
# hundred years older.
_OF_AGE: Final = 16


def twelve_digits(number: str, today: date) -> str:
    """A personal or coordination number as `YYYYMMDDnnnn`.

    Of ten digits, "-" means somebody who turns at most 99 this year, "+" somebody older. Without a
    sign "-" is meant, unless that would be a child where it can also be somebody over a hundred.
    Raises ValueError, which says what is wrong and does not hold the number.
    """
    match = _WRITTEN.fullmatch(re.sub(r"[ .]", "", number))
    if match is None:
        raise ValueError("expected ten or twelve digits")
    century, year, month, day, sign, serial = match.groups()
    try:
        luhn.validate(year + month + day + serial)
    except ValidationError:
        raise ValueError("the check digit is wrong") from None
    if century:
        if _born(int(century + year), month, day) is None:
            raise ValueError("it does not begin with a birth date")
        return f"{century}{year}{month}{day}{serial}"
    young, old = _readings(int(year), month, day, today)
    if sign == "+":
        born = old
    elif sign == "" and young and old and today.year - young.year < _OF_AGE:
        raise ValueError("ten digits without a sign can mean two persons: write the century")
    else:
        born = young
    if born is None:
        raise ValueError("it does not begin with the birth date of somebody who can be living")
    return f"{born.year}{month}{day}{serial}"


def _readings(year: int, month: str, day: str, today: date) -> tuple[date | None, date | None]:
    """The birth dates of somebody below a hundred this year, and of somebody older."""
    nearest = today.year - (today.year - year) % 100
    young = _born(nearest, month, day)
    old = _born(nearest - 100, month, day)
    return (
        young if young and young <= today else None,
        old if old and today.year - old.year <= _OLDEST else None,
    )


def _born(year: int, month: str, day: str) -> date | None:
    """The birth date; a coordination number has 60 added to the day."""
    of_month = int(day) - 60 if int(day) > 60 else int(day)
    try:
        return date(year, int(month), of_month)
    except ValueError:
        return None
