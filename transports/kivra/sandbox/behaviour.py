"""What the sandbox does with contents, and for whom."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Behaviour(StrEnum):
    """What Kivra does with a content."""

    ACCEPT = "accept"  # puts it into the mailbox
    PAY = "pay"  # and its owner pays: scheduled, then settled
    PAY_IN_VAIN = "pay_in_vain"  # and its owner pays, but the bank does not
    LEFT = "left"  # matched, but is no user any more when the content comes
    BAD_NUMBER = "bad_number"
    BAD_ACCOUNT = "bad_account"
    BAD_DUE_DATE = "bad_due_date"
    BAD_AMOUNT = "bad_amount"
    BAD_REFERENCE = "bad_reference"
    ALREADY_PAID = "already_paid"
    TOO_LARGE = "too_large"
    TOO_MANY = "too_many"  # 429 a number of times, then takes it
    EXPIRED = "expired"  # 401 once, whatever the token's time; then takes it
    LOCKED = "locked"  # 401 for ever
    ERROR = "error"  # 500 a number of times, then takes it
    BUSY = "busy"  # 503 a number of times, then takes it
    HANG = "hang"  # reads it and never answers
    DROP = "drop"  # takes it and breaks the connection, a number of times


# What is answered at once, by Kivra's code for it.
CODES: Final[Mapping[Behaviour, int]] = {
    Behaviour.LEFT: 40032,
    Behaviour.BAD_NUMBER: 40009,
    Behaviour.BAD_ACCOUNT: 40021,
    Behaviour.BAD_DUE_DATE: 40041,
    Behaviour.BAD_AMOUNT: 40042,
    Behaviour.BAD_REFERENCE: 40044,
    Behaviour.ALREADY_PAID: 40310,
    Behaviour.TOO_LARGE: 41300,
    Behaviour.LOCKED: 40100,
}

# Of people born in 1890 with the serials of test persons: nobody has them.
MAGIC: Final[Mapping[Behaviour, str]] = {
    Behaviour.ACCEPT: "189001019802",
    Behaviour.PAY: "189001029801",
    Behaviour.PAY_IN_VAIN: "189001039800",
    Behaviour.LEFT: "189001049809",
    Behaviour.BAD_NUMBER: "189001059808",
    Behaviour.BAD_ACCOUNT: "189001069807",
    Behaviour.BAD_DUE_DATE: "189001079806",
    Behaviour.BAD_AMOUNT: "189001089805",
    Behaviour.BAD_REFERENCE: "189001099804",
    Behaviour.ALREADY_PAID: "189001109801",
    Behaviour.TOO_LARGE: "189001119800",
    Behaviour.TOO_MANY: "189001129809",
    Behaviour.EXPIRED: "189001139808",
    Behaviour.LOCKED: "189001149807",
    Behaviour.ERROR: "189001159806",
    Behaviour.BUSY: "189001169805",
    Behaviour.HANG: "189001179804",
    Behaviour.DROP: "189001189803",
}

# Every other person is a user; of companies these are.
NOT_USERS: Final = frozenset({"189001199802"})
COMPANIES: Final = frozenset({"SE556840226601"})
