"""Edits of a document as text: what is written for what, for what the other edits cannot say.

    R-22: >380< => >383<
    STRUCTURE-MISSING: <cbc:ID>7001</cbc:ID> =>

Each replaces the first place where the old text stands; several are parted by ` ;; `. In tables of
rows like these, named after the document they are edits of, the id or ids before the colon tell
what is found then.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources

from validators.examples.edits import source


@cache
def rows(table: str) -> tuple[tuple[str, str], ...]:
    """What is found, and the edits, for each row of a table."""
    lines = resources.files(__package__).joinpath(f"{table}.txt").read_text("utf-8").splitlines()
    parts = [line.partition(": ") for line in lines if line and not line.startswith("#")]
    return tuple((found, edits) for found, _, edits in parts)


def replaced(name: str, edits: str, *, compact: bool = True) -> bytes:
    """A document of our own after some edits; `compact` without blanks between its elements."""
    document = source(name).decode()
    if compact:
        document = re.sub(r">\s+<", "><", document)
    for edit in edits.split(" ;; ") if edits else ():
        old, _, new = edit.partition(" =>")
        if old not in document:
            raise ValueError(f"nothing reads {old}")
        document = document.replace(old, new.removeprefix(" "), 1)
    return document.encode()
