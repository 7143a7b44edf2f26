"""What the distributor of the sandbox can do, and to whom one has to send for it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Behaviour(StrEnum):
    """What the distributor does with an invoice."""

    ACCEPT = "accept"  # takes it; the bank has it
    REJECT = "reject"  # takes it; the bank rejects it
    OTHER_DISTRIBUTOR = "other_distributor"  # the same, with 801
    UNREADABLE = "unreadable"  # takes the file, and then rejects all of it
    SILENT = "silent"  # takes it and says nothing more
    DENY = "deny"  # forbids to write, a number of times
    FULL = "full"  # has no room, a number of times
    BREAK = "break"  # breaks the connection in the middle of the file, a number of times
    LOSE = "lose"  # breaks the connection instead of taking it, a number of times
    DROP = "drop"  # takes it and breaks the connection, a number of times
    STALL = "stall"  # never takes the last of the bytes
    HANG = "hang"  # never answers


MAGIC: Final[Mapping[Behaviour, str]] = {
    Behaviour.ACCEPT: "190001019801",
    Behaviour.REJECT: "190001029800",
    Behaviour.OTHER_DISTRIBUTOR: "190001039809",
    Behaviour.UNREADABLE: "190001049808",
    Behaviour.SILENT: "190001059807",
    Behaviour.DENY: "190001069806",
    Behaviour.FULL: "190001079805",
    Behaviour.BREAK: "190001089804",
    Behaviour.LOSE: "190001099803",
    Behaviour.DROP: "190001109800",
    Behaviour.STALL: "190001119809",
    Behaviour.HANG: "190001129808",
}
