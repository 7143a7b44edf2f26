"""Personal numbers in texts that others wrote, such as a customer's number in a supplier's books.

In charge of finding and hiding them. Pure.
"""

from __future__ import annotations

import re
from typing import Final

from schemas.identifiers import (
    coordination_number,
    norwegian_personal_number,
    swedish_personal_number,
)

_DIGITS: Final = re.compile(
    r"(?<![0-9])(?:[0-9]{2})?[0-9]{6}[-+ ]?[0-9]{4}(?![0-9])|(?<![0-9])[0-9]{11}(?![0-9])"
)
_KINDS: Final = (swedish_personal_number, coordination_number, norwegian_personal_number)
_LAST: Final = 5


def masked(text: str) -> str:
    """The text with the last digits of each personal number hidden."""
    return _DIGITS.sub(lambda found: _hidden(found[0]), text)


def _hidden(number: str) -> str:
    for kind in _KINDS:
        try:
            kind(number)
        except ValueError:
            continue
        return number[:-_LAST] + "*" * _LAST
    return number
