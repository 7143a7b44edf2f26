"""Check digits and forms of company identifiers, as the Peppol rules reckon them.

In charge of what those rules accept, no more and no less. For whether an identifier is right by the
law of its country, see `schemas.identifiers`. Source: the functions at the head of the rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from validators.document import WHITESPACE

_INTEGER = re.compile(r"[+-]?[0-9]+")
_IPA = re.compile(r"[A-Za-z0-9]{6}")
_FISCAL_CODE = re.compile(r"([A-Za-z]{6})(..)(.)(..)(...)(.)([A-Za-z])", re.DOTALL)
_TWICE: Final = "0246813579"  # twice a digit, with the digits of the product added
_DOUBLED: Final = str.maketrans("0123456789", _TWICE)


def _digits(text: str) -> list[int]:
    return [ord(character) - 48 for character in text]


def _weighted(digits: Iterable[int], weights: Iterable[int]) -> int:
    return sum(digit * weight for digit, weight in zip(digits, weights, strict=False))


def gln(text: str) -> bool:
    """GS1: weights 3 and 1 from the right, modulo 10. Any length of ASCII digits."""
    if not text.isascii() or not text.isdigit():
        return False
    weights = [3, 1] * len(text)
    return (10 - _weighted(reversed(_digits(text[:-1])), weights) % 10) % 10 == int(text[-1])


def norwegian(text: str) -> bool:
    """Nine digits: weights 2 to 7 from the right, modulo 11; all zeros are none."""
    return bool(re.fullmatch("[0-9]{9}", text)) and mod11(text)


def mod11(text: str) -> bool:
    """The check digit of a Norwegian organisation number alone; false for anything but digits."""
    if not (text.isascii() and text.isdigit()) or int(text) == 0:
        return False
    weights = [place % 6 + 2 for place in range(len(text) - 1)]
    sum_ = _weighted(reversed(_digits(text[:-1])), weights)
    return (11 - sum_ % 11) % 11 == int(text[-1])


def danish_cvr(text: str) -> bool:
    """Eight digits, DK before them or not."""
    return bool(re.fullmatch("(DK)?[0-9]{8}", text))


def danish_p(text: str) -> bool:
    """Ten digits."""
    return bool(re.fullmatch("[0-9]{10}", text))


def danish_se(text: str) -> bool:
    """DK and eight digits."""
    return bool(re.fullmatch("DK[0-9]{8}", text))


def belgian(text: str) -> bool:
    """Ten digits: the last two are 97 less the rest modulo 97."""
    return bool(re.fullmatch("[0-9]{10}", text)) and int(text[8:]) == 97 - int(text[:8]) % 97


def italian_office(text: str) -> bool:
    """Codice IPA: six letters or digits."""
    return bool(_IPA.fullmatch(text))


def italian_tax_code(text: str) -> bool:
    """Codice fiscale: sixteen characters in the form of a person's, or eleven of a number."""
    if len(text) == 11:
        return _is_integer(text)
    found = _FISCAL_CODE.fullmatch(text)
    if found is None:
        return False
    _, year, month, day, _, place, _ = found.groups()
    return month.isascii() and month.isalpha() and all(map(_is_integer, (year, day, place)))


def italian_vat(text: str) -> bool:
    """Partita IVA: IT and eleven digits, every second doubled, modulo 10; other countries pass."""
    if text[:2] not in ("IT", "it"):
        return True
    number = text[2:]
    if len(number) != 11 or not (number.isascii() and number.isdigit()):
        return False
    digits = _digits(number)
    doubled = sum(int(_TWICE[digit]) for digit in digits[1::2])
    return (sum(digits[::2]) + doubled) % 10 == 0


def swedish(text: str) -> bool:
    """Ten digits by Luhn's method. More digits than ten do not count."""
    if not (text.isascii() and text.isdigit()) or len(text) < 10:
        return False
    digits = text[:9:2].translate(_DOUBLED) + text[1:9:2] + text[9]
    return sum(map(int, digits)) % 10 == 0


def australian(text: str) -> bool:
    """ABN: eleven digits, one taken off the first, weighted, modulo 89."""
    if not re.fullmatch("[0-9]{11}", text):
        return False
    digits = _digits(text)
    weights = (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)
    return (_weighted(digits, weights) - 10) % 89 == 0


def greek(text: str) -> bool:
    """AFM: nine digits, powers of two, modulo 11. What stands after the ninth does not count."""
    if not re.match("[0-9]{9}", text):
        return False
    digits = _digits(text[:9])
    sum_ = _weighted(reversed(digits[:8]), (2, 4, 8, 16, 32, 64, 128, 256))
    return sum_ % 11 % 10 == digits[8]


def _is_integer(text: str) -> bool:
    """Whether XPath could cast the text to xs:integer."""
    return bool(_INTEGER.fullmatch(text.strip(WHITESPACE)))
