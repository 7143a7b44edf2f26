"""The key that a participant moves from one publisher to another with.

The old publisher tells it the locator (SML), people carry it over, the new one shows it there.
Source: Peppol SML 1.3.0.
"""

from __future__ import annotations

import secrets
import string
from typing import Final

_SIGNS: Final = "@#$%()[]{}*^_-!~|+="
_KINDS: Final = {
    "lower-case letters": string.ascii_lowercase,
    "upper-case letters": string.ascii_uppercase,
    "digits": string.digits,
    f"signs of {_SIGNS}": _SIGNS,
}
SHORTEST, LONGEST, OF_EACH = 8, 24, 2


def new_key() -> str:
    """A key that nobody guesses; of the signs only those that no shell and no URL takes amiss."""
    kinds = [*list(_KINDS.values())[:3], "_-"]
    drawn = [secrets.choice(kind) for kind in kinds for _ in range(OF_EACH)]
    while len(drawn) < LONGEST:
        drawn.append(secrets.choice("".join(kinds[:3])))
    first = drawn.pop(0)  # a letter, so that it is no option on a command line
    secrets.SystemRandom().shuffle(drawn)
    return first + "".join(drawn)


def faults(key: str) -> list[str]:
    """What is wrong with a key; nothing when it can be one."""
    found = []
    if not SHORTEST <= len(key) <= LONGEST:
        found.append(f"must have {SHORTEST} to {LONGEST} characters")
    for name, kind in _KINDS.items():
        if sum(sign in kind for sign in key) < OF_EACH:
            found.append(f"must have at least {OF_EACH} {name}")
    if set(key) - set("".join(_KINDS.values())):
        found.append("must have no other characters, and no spaces")
    return found
