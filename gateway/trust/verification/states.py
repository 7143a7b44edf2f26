"""How a company stands, and how far it is with signing: the states, and every change allowed.

In charge of the two tables; docs/reference/verification.md is made of them. Not in charge of who
changes what: people by verbs (`verbs`), time and the signer by steps (`steps`).

There are two axes, as with documents: a company that is verified can be asked to sign once more,
and goes on sending meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Standing(StrEnum):
    """How a company stands."""

    UNVERIFIED = "unverified"
    VERIFIED = "verified"
    RECHECK_DUE = "recheck_due"
    LAPSED = "lapsed"
    REVOKED = "revoked"


class Asking(StrEnum):
    """How far a company is with signing."""

    NONE = "none"
    WANTED = "wanted"
    ASKED = "asked"
    SIGNED = "signed"
    DECLINED = "declined"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a state says, and those that can come after it."""

    says: str
    then: frozenset[str]


# Whether the gate is open; of `recheck_due` it is until its time is over.
OPEN: Final = frozenset({Standing.VERIFIED, Standing.RECHECK_DUE})

STANDINGS: Final[dict[Standing, Meaning]] = {
    Standing.UNVERIFIED: Meaning(
        "Nobody has shown who the company is: it neither sends nor receives.",
        frozenset({Standing.VERIFIED, Standing.REVOKED}),
    ),
    Standing.VERIFIED: Meaning(
        "It is known who the company is, and who acts for it: the gate is open.",
        frozenset({Standing.VERIFIED, Standing.RECHECK_DUE, Standing.LAPSED, Standing.REVOKED}),
    ),
    Standing.RECHECK_DUE: Meaning(
        "What was shown is old, or has changed since: it has to be shown again. The gate stays open"
        " until `closes_at`.",
        frozenset({Standing.VERIFIED, Standing.LAPSED, Standing.REVOKED}),
    ),
    Standing.LAPSED: Meaning(
        "It was not shown again in time: the gate is closed. What waits goes on once it is.",
        frozenset({Standing.VERIFIED, Standing.REVOKED}),
    ),
    Standing.REVOKED: Meaning(
        "The operator has closed the gate, for the reason told. Only the operator opens it again.",
        frozenset({Standing.VERIFIED}),
    ),
}

# Asked anew: after whatever came of it before, and in the middle of it, of somebody else.
_ANEW: Final = frozenset({Asking.WANTED})
_STOPPED: Final = frozenset({Asking.CANCELLED, Asking.EXPIRED})

ASKINGS: Final[dict[Asking, Meaning]] = {
    Asking.NONE: Meaning("Nobody was asked to sign.", _ANEW),
    Asking.WANTED: Meaning(
        "Somebody is to be asked; the signing service does not know yet.",
        _ANEW | _STOPPED | {Asking.ASKED, Asking.REFUSED},
    ),
    Asking.ASKED: Meaning(
        "The invitation is out, and waits for the signature until `expires_at`.",
        _ANEW | _STOPPED | {Asking.SIGNED, Asking.DECLINED, Asking.REFUSED},
    ),
    Asking.SIGNED: Meaning(
        "It is signed, and the proof is kept. Where the operator wants to look at it first, it"
        " waits for that.",
        _ANEW,
    ),
    Asking.DECLINED: Meaning("Whoever was asked has declined.", _ANEW),
    Asking.EXPIRED: Meaning("It was not signed in time.", _ANEW),
    Asking.CANCELLED: Meaning("The request was taken back.", _ANEW),
    Asking.REFUSED: Meaning("The signing service does not take the request.", _ANEW),
}

# There is something out that can be signed, or will be.
UNDER_WAY: Final = frozenset({Asking.WANTED, Asking.ASKED})


class NotAllowed(Exception):
    """The tables have no such change."""


def check(
    before: tuple[Standing, Asking] | None,
    after: tuple[Standing, Asking],
) -> None:
    """Raises NotAllowed for a change that is in neither table; None: there was no row yet."""
    standing, asking = before or (Standing.UNVERIFIED, Asking.NONE)
    to_standing, to_asking = after
    if to_standing is not standing and to_standing not in STANDINGS[standing].then:
        raise NotAllowed(f"a company that is {standing} can not become {to_standing}")
    if to_asking is not asking and to_asking not in ASKINGS[asking].then:
        raise NotAllowed(f"a request that is {asking} can not become {to_asking}")


def tables() -> str:
    """Both tables in Markdown."""
    return (
        "## standing\n\n"
        + _table([(str(state), meaning) for state, meaning in STANDINGS.items()])
        + "\n## request\n\n"
        + _table([(str(state), meaning) for state, meaning in ASKINGS.items()])
    )


def _table(rows: list[tuple[str, Meaning]]) -> str:
    lines = ["| state | says | then |", "|---|---|---|"]
    for name, meaning in rows:
        then = ", ".join(f"`{other}`" for other, _ in rows if other in meaning.then)
        lines.append(f"| `{name}` | {meaning.says} | {then} |")
    return "\n".join(lines) + "\n"
