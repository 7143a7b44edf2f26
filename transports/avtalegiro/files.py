"""What AvtaleGiro's files say: transmissions of assignments, as values.

Not in charge of their bytes (`writing`, `reading`). Sources: AvtaleGiro, system specification 3.3
(November 2016); OCR giro, system specification. Numbers in brackets are the former's sections.

A transmission goes one way: claims and cancellations to the banks' central (`CENTRAL`), agreements
and payments from it. Amounts are in øre.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import Final

CENTRAL: Final = "00008080"
"""What the banks' central is known by as sender and as recipient (2.1, 3.1)."""

MOST_LINES: Final = 42
"""Lines of a specification (2.2.4): with more, the whole claim is refused."""

LINE: Final = 80
"""Characters of such a line; it goes in two halves."""

MOST_AMOUNT: Final = 10**17 - 1


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim (2.2): to be debited on `due`. `notified`: the bank tells the payer, with the
    `specification`; else the payee has told already (an eFaktura)."""

    due: date
    amount: int
    kid: str
    short_name: str = ""  # of the payer, 10 characters
    reference: str = ""  # on the payer's statement, 25 characters
    notified: bool = True
    specification: tuple[str, ...] = ()  # lines of up to 80 characters


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Takes a claim back that was made before (2.3): due date, amount and KID are the claim's."""

    due: date
    amount: int
    kid: str


class Registration(IntEnum):
    """Why an agreement is told of (3.3.2)."""

    ALL = 0  # a list of all there are
    NEW = 1  # new, or changed
    DELETED = 2


@dataclass(frozen=True, slots=True)
class Agreement:
    """A payer's agreement (3.3.2). `notice`: the payer wants each claim told in writing."""

    kid: str
    registration: Registration
    notice: bool


@dataclass(frozen=True, slots=True)
class Payment:
    """What came in for a KID (OCR giro 2.4); `amount` is below zero where it went back. `kind` is
    the transaction type: 15 is AvtaleGiro."""

    kind: str
    paid: date
    amount: int
    kid: str


@dataclass(frozen=True, slots=True)
class Claims:
    """An assignment of claims to one account."""

    number: str
    account: str
    items: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class Cancellations:
    """An assignment that takes claims back."""

    number: str
    account: str
    items: tuple[Cancellation, ...]


@dataclass(frozen=True, slots=True)
class Agreements:
    """An assignment that tells of agreements with the holder of an account."""

    number: str
    account: str
    items: tuple[Agreement, ...]


@dataclass(frozen=True, slots=True)
class Payments:
    """An assignment that tells of payments to an account. `agreement` is the one on OCR giro."""

    number: str
    account: str
    items: tuple[Payment, ...]
    agreement: str = "000000000"
    made: date | None = None


Assignment = Claims | Cancellations | Agreements | Payments


@dataclass(frozen=True, slots=True)
class Transmission:
    """A file. `sender` and `recipient` are eight digits, `number` seven. `made` is when the central
    made it; what goes there has its earliest due date in that place."""

    sender: str
    number: str
    recipient: str
    assignments: tuple[Assignment, ...]
    made: date | None = None
