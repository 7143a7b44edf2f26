"""What a town crier is told and what he answers: bytes to values and back, and nothing else."""

from __future__ import annotations

import json

CONTENT_TYPE = "application/xml"


class Malformed(Exception):
    """An answer that is not in the format."""


def path(key: str) -> str:
    """Where the invoice with this key is put."""
    return f"/calls/{key}"


def read_number(answer: bytes) -> str:
    """His own number of a call. Raises Malformed."""
    try:
        number = json.loads(answer)["number"]
    except (ValueError, TypeError, KeyError) as error:
        raise Malformed("no number in the answer") from error
    if not isinstance(number, str) or not 0 < len(number) <= 50:
        raise Malformed("the number is no text of 1 to 50 characters")
    return number
