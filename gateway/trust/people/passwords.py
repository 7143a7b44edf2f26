"""Passwords: which are taken, and how they are kept.

Hashed with Argon2id at the second recommended option of RFC 9106 (64 MiB, three passes), the
library's own default. Length is what counts, and that nobody guesses it: no rules about kinds of
characters, no change by the calendar (NIST SP 800-63B, 5.1.1.2).
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Iterable
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from zxcvbn import zxcvbn

LEAST: Final = 12
MOST: Final = 128  # characters; a hash of a megabyte would only cost

# What zxcvbn calls 3 of 4: some hundred million guesses, of somebody who knows how people choose.
_STRONG: Final = 3
_READ: Final = 72  # characters it looks at; more of them make nothing weaker
# What comes to mind here, beside the most used passwords, names and words that it knows.
_OURS: Final = (
    *("budkavle", "faktura", "fakturor", "invoice", "peppol", "bokföring", "regnskap", "ekonomi"),
    *("lösenord", "losenord", "passord", "sommar", "sommer", "vinter", "välkommen", "velkommen"),
    *("stockholm", "göteborg", "goteborg", "malmö", "malmo", "oslo", "bergen", "sverige", "norge"),
)

# Each takes 64 MiB for some tens of milliseconds: more would wait for the processor anyway.
_AT_ONCE: Final = 2


def fault(password: str, about: Iterable[str]) -> str | None:
    """What is wrong with a new password: `short`, `long` or `guessed`; `about` is what is known of
    whose it is: name, address."""
    password = _normal(password)
    if len(password) < LEAST:
        return "short"
    if len(password) > MOST:
        return "long"
    known = [word for text in about for word in [text, *_words(text)] if len(word) > 2]
    found = zxcvbn(password[:_READ], user_inputs=[*known, *_OURS])
    return None if found["score"] >= _STRONG else "guessed"


class Passwords:
    """Hashes passwords and compares them, in threads."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._nobodys = ""

    async def hashed(self, password: str) -> str:
        """What is kept of a password."""
        async with self._room:
            return await asyncio.to_thread(self._hasher.hash, _normal(password))

    async def match(self, kept: str | None, password: str) -> bool:
        """Whether it is the password. With nothing kept it takes the same time, and is not: who is
        known here and who is not can not be told apart."""
        if kept is None and not self._nobodys:
            self._nobodys = await self.hashed("nobody has this password")
        async with self._room:
            right = await asyncio.to_thread(self._right, kept or self._nobodys, password)
        return right and kept is not None

    def _right(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, _normal(password[: 4 * MOST]))
        except (VerifyMismatchError, InvalidHashError):
            return False


def _normal(password: str) -> str:
    """The same characters, however a keyboard makes them (NIST SP 800-63B, 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password.encode("utf-8", "replace").decode())


def _words(text: str) -> list[str]:
    return "".join(c if c.isalnum() else " " for c in text).split()
