"""What a company has settled for Vipps eFaktura: its account, and how it is shown. Pure.

In charge of reading and checking `channels.vipps` in a company's settings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from transports import kid_account
from transports.kid_account import KidAccount

# What the recipient is shown of the issuer's name; more is refused (invalid-issuer-name).
NAME_LENGTH: Final = 40

FIELDS: Final[Mapping[str, str]] = {
    **{name: text for name, text in kid_account.FIELDS.items() if name != "reference_position"},
    "issuer_name": "the name that is shown, where it is not the company's own; 40 characters",
    "icon_url": "https address of a square logo, SVG or PNG, 82 to 512 pixels",
}

_ICON: Final = re.compile(r"https://[^\s?#]{1,1000}\.(?:svg|png)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms that are right. `issuer_name` and `icon_url` are None where they are not settled."""

    account: KidAccount
    issuer_name: str | None = None
    icon_url: str | None = None


def read(terms: Mapping[str, Any]) -> Terms:
    """The terms. Raises ValueError with all that is wrong with them."""
    faults = wrong(terms)
    if faults:
        raise ValueError(" ".join(faults))
    return Terms(kid_account.read(terms), terms.get("issuer_name"), terms.get("icon_url"))


def wrong(terms: Mapping[str, Any]) -> tuple[str, ...]:
    """What is wrong with terms, as sentences that say what to set; empty where nothing is."""
    found = kid_account.wrong(terms, FIELDS)
    name, icon = terms.get("issuer_name"), terms.get("icon_url")
    if name is not None and (not isinstance(name, str) or not 0 < len(name.strip()) <= NAME_LENGTH):
        found.append(f"`issuer_name` is a name of 1 to {NAME_LENGTH} characters.")
    if icon is not None and (not isinstance(icon, str) or not _ICON.fullmatch(icon)):
        found.append(f"`icon_url` is the {FIELDS['icon_url']}; no query goes with it.")
    return tuple(found)
