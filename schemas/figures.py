"""Amounts, quantities and days as people write them in English, Swedish and Norwegian. Pure.

In charge of what is read by people (PDF, e-mail). Not in charge of any document syntax.
Spaces within are no-break spaces; a negative number has a real minus sign.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

_NBSP = "\N{NO-BREAK SPACE}"
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


def amount(value: Decimal, language: str) -> str:
    """Money, two decimals: 12 345,50 in Swedish and Norwegian, 12,345.50 in English."""
    return _written(f"{value:,.2f}", language)


def money(value: Decimal, currency: str, language: str) -> str:
    """Money with its currency: 12 345,50 SEK, or SEK 12,345.50 in English."""
    written = amount(value, language)
    return f"{currency}{_NBSP}{written}" if language == "en" else f"{written}{_NBSP}{currency}"


def price(value: Decimal, language: str) -> str:
    """A price: as many decimals as it has, at least two."""
    return _written(f"{value:,.{max(2, _decimals(value))}f}", language)


def quantity(value: Decimal, language: str) -> str:
    """A quantity: as many decimals as it has."""
    return _written(f"{value:,.{_decimals(value)}f}", language)


def percent(value: Decimal, language: str) -> str:
    """A percentage: 25 % in Swedish and Norwegian, 25% in English."""
    written = quantity(value, language)
    return f"{written}%" if language == "en" else f"{written}{_NBSP}%"


def day(value: date, language: str) -> str:
    """A date: 2026-12-21 in Swedish, 21.12.2026 in Norwegian, 21 Dec 2026 in English."""
    match language:
        case "sv":
            return value.isoformat()
        case "nb":
            return f"{value:%d.%m.%Y}"
    return f"{value.day}{_NBSP}{_MONTHS[value.month - 1]}{_NBSP}{value.year}"


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _written(digits: str, language: str) -> str:
    if not digits.strip("-0.,"):
        digits = digits.lstrip("-")  # no minus nothing
    if language != "en":
        digits = digits.replace(",", _NBSP).replace(".", ",")
    return digits.replace("-", "\N{MINUS SIGN}")
