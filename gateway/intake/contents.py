"""What was taken out of a package: its files, or all that is wrong with it.

In charge of the words that all packages share. Not in charge of any one form (`zip_file`, `mail`,
`hybrid`), nor of which file is the document (`package`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from transports.base import File
from validators.findings import Finding, Severity

# Files in a package; a form of multipart/form-data takes as many.
MOST_FILES: Final = 100

# All of them together, once they are unpacked: more than the largest document that is taken.
MOST_BYTES: Final = 64 * 1024 * 1024

_LONGEST_NAME: Final = 150


@dataclass(frozen=True, slots=True)
class Contents:
    """The files of a package, in its order. Where there are faults, there are no files."""

    files: tuple[File, ...] = ()
    faults: tuple[Finding, ...] = ()


def fault(rule: str, where: str, text: str, hint: str) -> Finding:
    """One thing that is wrong with a package. `where` is a name as the package has it."""
    return Finding(rule, Severity.FATAL, shown(where), None, text, hint)


def shown(name: str) -> str:
    """A name from outside, as it may be told: what is invisible is escaped."""
    told = "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in name
    )
    return told if len(told) <= _LONGEST_NAME else f"{told[: _LONGEST_NAME - 3]}..."
