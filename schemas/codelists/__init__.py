"""Code lists, each with the days from which its changes hold.

In charge of which codes a list holds on a day. Not in charge of where a code must come from which
list (`validators`), nor of what a code means. Source: `lists.toml`, which says what it is made of.

Lists: ISO3166-1, ISO4217, UNCL1001-inv, UNCL1001-cn, UNCL1153, UNCL2005, UNCL4451, UNCL4461,
UNCL5189, UNCL5305, UNCL7143, UNCL7161, UNECERec20-21, VATEX, EAS, ICD, MIME. Peppol has its own
where it allows other codes than CEN: peppol:ISO4217, peppol:UNCL1001-inv, peppol:UNCL1001-cn,
peppol:EAS. Self-billing has selfbilling:UNCL1001-inv and selfbilling:UNCL1001-cn; the responses and
reports have UNCL1001, UNCL4343-T71, UNCL4343-T111, StatusReason-T71, OPStatusReason,
OPStatusAction, MLS-ResponseCode, MLS-StatusReasonCode, EUSR-countries and TSR-countries.
"""

from __future__ import annotations

import tomllib
from bisect import bisect_right
from datetime import date
from functools import cache
from importlib import resources
from typing import Any


def codes(name: str, at: date) -> frozenset[str]:
    """The codes of a list in force on a day; KeyError names the lists there are."""
    starts, versions = _versions(name)
    return versions[bisect_right(starts, at)]


@cache
def names() -> frozenset[str]:
    """The names of all lists."""
    return frozenset(_lists())


@cache
def rules(name: str) -> frozenset[str]:
    """The ids of the rules that demand a code of this list."""
    return frozenset(_list(name)["rules"])


@cache
def _versions(name: str) -> tuple[tuple[date, ...], tuple[frozenset[str], ...]]:
    """The days on which a list changes, and its codes before the first and from each on."""
    entry = _list(name)
    starts: list[date] = []
    versions = [frozenset(entry["codes"].split())]
    for change in entry.get("changes", ()):
        starts.append(change["from"])
        kept = versions[-1] - set(change.get("removed", "").split())
        versions.append(kept | set(change.get("added", "").split()))
    return tuple(starts), tuple(versions)


def _list(name: str) -> dict[str, Any]:
    try:
        return _lists()[name]
    except KeyError:
        raise KeyError(f"no code list {name}; there are {', '.join(sorted(_lists()))}") from None


@cache
def _lists() -> dict[str, dict[str, Any]]:
    return tomllib.loads(resources.files(__name__).joinpath("lists.toml").read_text("utf-8"))
