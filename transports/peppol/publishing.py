"""Publishing a participant: the words that publishers (SMP) and the network's locator (SML) share.

In charge of what can be asked of either, and of what comes of it. Not in charge of asking
(`smp_admin`, `sml_admin`, and our own publisher in the gateway), nor of the order of the steps.

Everything here may be asked again: what is so already stays so, and is no fault.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from schemas.identifiers import Participant
from transports.peppol.business_card import Card
from transports.peppol.service_metadata import Redirect, Service


@dataclass(frozen=True, slots=True)
class Publication:
    """All that a publisher shows of one participant.

    `services` are what it takes; a Redirect among them says which other publisher has that one.
    """

    participant: Participant
    services: tuple[Service | Redirect, ...]
    card: Card | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """It is so now."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The other side says no, and would again. `code` is the end of a stable code."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Unsettled:
    """Nobody could say, or something of ours has to be set right first: to be asked again."""

    code: str
    text: str


Said = Settled | Refused | Unsettled


class Publisher(Protocol):
    """A publisher that shows participants of ours: our own, or another's.

    `url` is the address that the network knows it by. `enters` says whether it tells the locator
    itself whom it has, as most publishers do for those who use them.
    """

    enters: bool

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        ...

    async def publish(self, publication: Publication) -> Said:
        """Shows exactly this of the participant from now on."""
        ...

    async def withdraw(self, participant: Participant) -> Said:
        """Shows nothing of the participant any more."""
        ...
