"""How this gateway is set up, as far as pages show it: settings in effect, certificates, and in the
sandbox what the partners at the other end have received."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.certificates import Certificate


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting and its value in effect, masked where it is a secret. `usual`: it was not set, or
    is set to what it would be anyway."""

    name: str  # "email.port"
    value: str
    usual: bool
    meaning: str


@dataclass(frozen=True, slots=True)
class Mailbox:
    """What a partner in the sandbox has taken: a row for each, the oldest first, without personal
    numbers. `channel` is the section of the settings that leads there."""

    channel: str
    title: str
    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Setup:
    """All of it. `mailboxes` is there in the sandbox alone."""

    settings: Sequence[Setting] = ()
    certificates: Sequence[Certificate] = ()
    mailboxes: Callable[[], Sequence[Mailbox]] | None = None

    def of(self, section: str) -> tuple[Setting, ...]:
        """The settings of one section; none where it is not set up."""
        return tuple(one for one in self.settings if one.name.startswith(f"{section}."))
