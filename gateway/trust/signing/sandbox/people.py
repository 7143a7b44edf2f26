"""The people in the sandbox: what each does when asked to sign."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Conduct(StrEnum):
    """What somebody does."""

    SIGNS = "signs"
    SLOW = "slow"  # signs when asked for the third time how far they are
    PENDING = "pending"  # does nothing, ever
    DECLINES = "declines"
    LETS_EXPIRE = "lets_expire"
    DOWN = "down"  # the service does not answer anything about them
    REFUSED = "refused"  # the service does not take them


# By the beginning of the e-mail address, before any `+` or `@`.
BY_MAIL: Final = {
    "slow": Conduct.SLOW,
    "pending": Conduct.PENDING,
    "declined": Conduct.DECLINES,
    "expired": Conduct.LETS_EXPIRE,
    "down": Conduct.DOWN,
    "refused": Conduct.REFUSED,
}

# By personal number; nobody has these, and all others sign.
BY_NUMBER: Final = {
    "190001012384": Conduct.SLOW,
    "190001022383": Conduct.PENDING,
    "190001032382": Conduct.DECLINES,
    "190001042381": Conduct.LETS_EXPIRE,
    "190001052380": Conduct.DOWN,
    "190001062389": Conduct.REFUSED,
}
ASTRID: Final = "190001072388"  # who signs where no number is asked for


def by_mail(address: str) -> Conduct:
    """What the person with this address does: anybody else signs."""
    name = address.partition("@")[0].partition("+")[0].lower()
    return BY_MAIL.get(name, Conduct.SIGNS)


def by_number(personal_number: str) -> Conduct:
    """What the person with this number does."""
    return BY_NUMBER.get(personal_number, Conduct.SIGNS)
