"""Addresses as a letter carries them: what can be printed, in which lines, and where. Pure.

In charge of the rules of the address block. Not in charge of drawing it (the gateway does) nor of
whether anybody lives there (the print house may know).
Sources: the posts' advice for Sweden and Norway (one face, left-aligned, no blank lines, 10 to 12
points, the return address on one line); windows of C5, C6/5 and E6/5 envelopes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from transports.base import PostalAddress

# Of 10-point type: the distance of lines, and how wide a letter is on average.
LINE_MM: Final = 4.7
_LETTER_MM: Final = 2.1

# How post codes are written where letters mostly go: what is read, and how it is grouped.
_POST_CODES: Final = {
    "SE": (re.compile(r"(?:SE?-)?([0-9]{3}) ?([0-9]{2})"), "five digits (123 45)"),
    "NO": (re.compile(r"(?:NO?-)?([0-9]{4})"), "four digits (1234)"),
    "DK": (re.compile(r"(?:DK-)?([0-9]{4})"), "four digits (1234)"),
    "FI": (re.compile(r"(?:FIN?-)?([0-9]{5})"), "five digits (12345)"),
}


@dataclass(frozen=True, slots=True)
class Window:
    """What an envelope shows of page 1, in millimetres from its top left corner.

    By default what C5, C6/5 and E6/5 have in common, and the sixth line that the first two show.
    """

    left: float = 15
    top: float = 44
    width: float = 95
    height: float = 30

    @property
    def lines(self) -> int:
        """How many lines of an address it shows."""
        return int(self.height // LINE_MM)

    @property
    def letters(self) -> int:
        """How many letters of a line it shows."""
        return int(self.width / _LETTER_MM)

    def shows(self, left: float, top: float, width: float, height: float) -> bool:
        """Whether all of a box is in it."""
        return (
            self.left <= left
            and self.top <= top
            and self.left + self.width >= left + width
            and self.top + self.height >= top + height
        )


# Where the invoices that the gateway draws have the recipient's address.
DRAWN: Final = (20.0, 46.0, 88.0, 6 * LINE_MM - 0.2)


def missing(address: PostalAddress | None) -> list[str]:
    """The parts that every address has and this one lacks."""
    wanted = {
        "a name": address and address.name,
        "a street or box": address and "".join(address.lines),
        "a post code": address and address.post_code,
        "a city": address and address.city,
        "a country": address and address.country,
    }
    return [name for name, value in wanted.items() if not (value or "").strip()]


def faults(address: PostalAddress, home: str, window: Window) -> tuple[str, ...]:
    """Why an address that is complete can not be printed, all of it as parts of a sentence.

    `home` is the sender's country: a letter abroad has a line more, with the country's name.
    """
    return tuple(_faults(address, home, window))


def _faults(address: PostalAddress, home: str, window: Window) -> Iterator[str]:
    country = address.country.upper()
    if not re.fullmatch("[A-Z]{2}", country):
        yield f"its country {country[:10]!r} is no code of two letters"
    known = _POST_CODES.get(country)
    if known and not known[0].fullmatch(_line(address.post_code).upper()):
        yield f"a post code in {country} has {known[1]}, not {_line(address.post_code)[:20]!r}"
    parts = (address.name, *address.lines, address.post_code, address.city)
    strange = sorted({letter for part in parts for letter in part if _is_strange(letter)})
    if strange:
        names = ", ".join(f"U+{ord(letter):04X}" for letter in strange[:5])
        yield f"it has signs that no printer has ({names})"
    lines = block(normal(address), window)
    count = len(lines) + (country != home.upper())
    if count > window.lines:
        abroad = " with the country's" if country != home.upper() else ""
        yield (
            f"it has {count} lines{abroad} of up to {window.letters} letters, and the envelope's"
            f" window shows {window.lines}"
        )


def normal(address: PostalAddress) -> PostalAddress:
    """The address as the posts want it: no blank lines, single spaces, the post code grouped."""
    country = address.country.strip().upper()
    post_code = _line(address.post_code)
    known = _POST_CODES.get(country)
    match = known and known[0].fullmatch(post_code.upper())
    return replace(
        address,
        name=_line(address.name),
        lines=tuple(filter(None, map(_line, address.lines))),
        post_code=" ".join(match.groups()) if match else post_code,
        city=_line(address.city),
        country=country,
    )


def block(address: PostalAddress, window: Window) -> tuple[str, ...]:
    """The lines in the window, without a country; those too long for it are broken at a space."""
    lines = (address.name, *address.lines, f"{address.post_code} {address.city}")
    return tuple(piece for line in lines for piece in _broken(line, window.letters))


def return_line(address: PostalAddress) -> str:
    """Where a letter goes that nobody takes, on one line."""
    whole = normal(address)
    return ", ".join((whole.name, *whole.lines, f"{whole.post_code} {whole.city}", whole.country))


def _broken(line: str, most: int) -> Iterator[str]:
    while len(line) > most:
        at = line.rfind(" ", 1, most + 1)
        cut = at if at > 0 else most
        yield line[:cut].rstrip()
        line = line[cut:].lstrip()
    yield line


def _line(text: str) -> str:
    return " ".join(text.split())


def _is_strange(letter: str) -> bool:
    """Controls, and what has no shape; white space is a space."""
    return unicodedata.category(letter)[0] == "C" and not letter.isspace()
