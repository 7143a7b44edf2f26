"""Numbers as the official rules reckon with them: XPath 2.0's xs:decimal and xs:double.

In charge of the differences between XPath's arithmetic and Python's. The structure has been
checked, so a text that must be a number is one. Source: XPath and XQuery Functions and Operators
(2010) 6.2 and 6.4; division as the reference engine does it.
"""

from __future__ import annotations

import decimal
import math
import re
from collections.abc import Iterable
from decimal import ROUND_FLOOR, ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal
from typing import Final

from validators.document import WHITESPACE

ZERO: Final = Decimal(0)
SLACK: Final = Decimal("0.02")  # of u:slack in the Peppol rules
_CENT: Final = Decimal("0.01")
_HALF: Final = Decimal("0.5")
_DIVISION_DIGITS: Final = 18
_DOUBLE = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|-?INF")

# Sums and products are exact in XPath; 28 digits, Python's own measure, are not always enough.
EXACT: Final = decimal.Context(prec=200, traps=[])


# A text as xs:decimal; white space around it does not count.
decimal_of = Decimal


def number(text: str) -> float:
    """fn:number: the text as a double, NaN when it is none."""
    text = text.strip(WHITESPACE)
    return float(text.replace("INF", "inf")) if _DOUBLE.fullmatch(text) else math.nan


def compared(text: str) -> float:
    """The text as the double it is compared as with a whole number.

    The reference engine takes a zero with a minus and a point, -0.00, for less than zero.
    """
    value = float(text)
    return -math.ulp(0.0) if not value and "-" in text and "." in text else value


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The sum, zero of none."""
    return sum(amounts, ZERO)


def round_half_up(value: Decimal) -> Decimal:
    """fn:round: to the nearest whole number, half way goes up (-2.5 becomes -2)."""
    return (value + _HALF).to_integral_value(ROUND_FLOOR)


def to_cents(value: Decimal) -> Decimal:
    """`round(value * 10 * 10) div 100`, the way the official rules round to two decimals."""
    return value.quantize(_CENT, ROUND_HALF_UP if value >= 0 else ROUND_HALF_DOWN)


def percentage(base: str, percent: str) -> Decimal:
    """`(base * percent) div 100`."""
    return hundredth(Decimal(base) * Decimal(percent))


def hundredth(value: Decimal) -> Decimal:
    """`div 100`, exactly."""
    return value.scaleb(-2)


def divide(dividend: Decimal, divisor: Decimal) -> Decimal:
    """`div` of decimals: 18 digits after the point, half way goes towards zero.

    The dividend's decimals beyond the divisor's are digits on top of those 18.
    """
    digits = _DIVISION_DIGITS + max(0, _decimals(dividend) - _decimals(divisor))
    quotient = dividend / divisor
    if _decimals(quotient) <= digits:
        return quotient
    return quotient.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_DOWN)


def within(expected: Decimal, value: Decimal, slack: Decimal = SLACK) -> bool:
    """u:slack of the Peppol rules: whether the two are no more than `slack` apart."""
    return expected - slack <= value <= expected + slack


def quotient(dividend: float, divisor: float) -> float:
    """`div` of doubles: INF or NaN where the divisor is zero."""
    if divisor:
        return dividend / divisor
    if not dividend or math.isnan(dividend):
        return math.nan
    return math.copysign(math.inf, dividend) * math.copysign(1, divisor)


def shifted(text: str, by: int) -> Decimal:
    """`xs:decimal(text + by)`: the sum is a double, and its every binary digit is kept."""
    return Decimal(float(text) + by)


def plain(value: Decimal) -> str:
    """The number for people: no exponent, no needless zeros beyond two decimals."""
    text = f"{value:f}"
    whole, point, rest = text.partition(".")
    rest = rest.rstrip("0")
    return f"{whole}{point}{rest.ljust(2, '0')}" if point else whole


def _decimals(value: Decimal) -> int:
    """How many digits stand after the point, without needless zeros.

    Fewer than none where zeros stand before it and a needless point behind them: 300.0 is 3E+2.
    """
    if not value.as_tuple().exponent:
        return 0
    exponent = value.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0
