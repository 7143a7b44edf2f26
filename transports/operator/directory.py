"""Whom we can send to by SFTI's profile: it has no lookup, so partners are written down. Pure.

The file is TOML, a table for each partner by country and organisation number:

    [SE5590000013]
    url = "https://edi.bageri.example/sfti"
    form = "svefaktura"
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from schemas.forms import Form
from transports.operator.ebms import SVEFAKTURA_ACTION, SVEFAKTURA_SERVICE, Party


@dataclass(frozen=True, slots=True)
class Partner:
    """Where a partner takes messages, and of which kind."""

    url: str
    form: Form = Form.SVEFAKTURA
    service: str = SVEFAKTURA_SERVICE
    action: str = SVEFAKTURA_ACTION


class Directory:
    """The partners by `SE5590000013`."""

    def __init__(self, partners: Mapping[str, Partner]) -> None:
        self._partners = dict(partners)

    @classmethod
    def parse(cls, text: str) -> Directory:
        """Reads a file. Raises ValueError with all that is wrong, a line for each."""
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise ValueError(f"not TOML: {error}") from None
        wrong: list[str] = []
        partners: dict[str, Partner] = {}
        for number, (name, entry) in enumerate(data.items(), 1):
            faults = [f"entry {number}: {fault}" for fault in _wrong(name, entry)]
            wrong += faults
            if not faults:
                form = _FORMS[entry.get("form", "svefaktura")]
                named = {key: entry[key] for key in ("service", "action") if key in entry}
                partners[name] = Partner(entry["url"], form, **named)
        if wrong:
            raise ValueError("\n".join(wrong))
        return cls(partners)

    def of(self, party: Party | str) -> Partner | None:
        """The partner, None where there is none."""
        return self._partners.get(str(party))


_FORMS: Final = {"svefaktura": Form.SVEFAKTURA, "bis3": Form.BILLING}
_KEYS: Final = frozenset({"url", "form", "service", "action"})


def _wrong(name: str, entry: Any) -> list[str]:
    """What is wrong with an entry; it is named by its place, since its number may be a person's."""
    wrong = []
    try:
        Party.parse(name)
    except ValueError as error:
        wrong.append(f"its name is no party: {error}")
    if not isinstance(entry, dict) or not all(isinstance(each, str) for each in entry.values()):
        return [*wrong, "it is a table of texts"]
    if unknown := sorted(entry.keys() - _KEYS):
        wrong.append(f"it has {', '.join(unknown)}; there are {', '.join(sorted(_KEYS))}")
    url = entry.get("url", "")
    if not _is_address(url):
        wrong.append("url is an address, such as https://edi.bageri.example/sfti")
    form = entry.get("form", "svefaktura")
    if form not in _FORMS:
        wrong.append(f"form is {' or '.join(_FORMS)}")
    if form == "bis3" and not (entry.get("service") and entry.get("action")):
        wrong.append("bis3 needs the service and action that were agreed on: SFTI names none")
    return wrong


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("https", "http") and bool(parts.hostname) and not parts.username
    except ValueError:
        return False
