"""Cursors of the event feed: opaque text that stands for a place, and for a company.

In charge of sealing places and of telling a cursor that was given out from one that was not. A
place is a pair of numbers that grow with every tenant's events: shown as they are, they would tell
each company how much all the others send.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from hashlib import sha256

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import ECB

from gateway.store.port import BadCursor

# A transaction and a sequence number; where one writer commits in order, the first is 0.
Place = tuple[int, int]

BEGINNING: Place = (0, 0)

KEY_BYTES = 16
_PREFIX = "cur_"
_MARK_BYTES = 4  # tells whose it is, and garbage: one guess in 4,000,000,000 passes
_NUMBER_BYTES = 6  # 280,000,000,000,000 of each


def new_key() -> bytes:
    """A key; a store makes one and keeps it for good."""
    return os.urandom(KEY_BYTES)


class Cursors:
    """Seals and opens the places of one store. A cursor is `cur_` and 32 hexadecimal digits: one
    block of AES, so that nothing can be read or counted out of it."""

    def __init__(self, key: bytes) -> None:
        # One block with a mark in it, each place once: there is no pattern that ECB could show.
        self._cipher = Cipher(AES(key), ECB())  # noqa: S305

    def sealed(self, company_id: str, places: Sequence[Place]) -> list[str]:
        """The cursors of a company's places."""
        mark = _mark(company_id)
        plain = b"".join(
            mark + tx.to_bytes(_NUMBER_BYTES, "big") + seq.to_bytes(_NUMBER_BYTES, "big")
            for tx, seq in places
        )
        digits = self._cipher.encryptor().update(plain).hex()
        return [_PREFIX + digits[n : n + 32] for n in range(0, len(digits), 32)]

    def opened(self, company_id: str, cursor: str | None) -> Place:
        """The place that a cursor stands for; None is the beginning. Raises BadCursor."""
        if cursor is None:
            return BEGINNING
        try:
            block = bytes.fromhex(cursor.removeprefix(_PREFIX))
        except ValueError:
            block = b""
        if len(block) == 16 and cursor == _PREFIX + block.hex():
            plain = self._cipher.decryptor().update(block)
            if plain[:_MARK_BYTES] == _mark(company_id):
                tx, seq = plain[_MARK_BYTES:-_NUMBER_BYTES], plain[-_NUMBER_BYTES:]
                return int.from_bytes(tx, "big"), int.from_bytes(seq, "big")
        raise BadCursor("this feed has not given out this cursor")


def _mark(company_id: str) -> bytes:
    return sha256(company_id.encode()).digest()[:_MARK_BYTES]
