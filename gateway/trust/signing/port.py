"""What every signing service is to the gateway: a `Signer`.

In charge of the words. Not in charge of whom to ask, nor of what a signature means for the company
(`gateway.trust.verification`).

Expected results are values. An order is what a driver has to remember of a request, as JSON data;
the gateway keeps it sealed and hands it back. Nothing of it may be logged or shown: it opens the
request at the service.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, runtime_checkable

from transports.base import File

Order = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who shall sign. `language` is `en`, `sv` or `nb`. The personal number is there where the
    service needs it to know the person; it goes nowhere else."""

    name: str
    email: str
    language: str
    personal_number: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Wish:
    """A request for a signature. `id` is the gateway's own name for it: a repeat has the same.
    `text` is what is signed, `document` the same as a PDF."""

    id: str
    company: str
    number: str
    signatory: Signatory
    title: str
    text: str
    document: File


@dataclass(frozen=True, slots=True)
class Started:
    """The service has it."""

    order: Order


@dataclass(frozen=True, slots=True)
class Pending:
    """Not signed yet. `hint` is a word of `gateway.trust.signing.hints`; `order` is what has to be
    remembered from now on."""

    order: Order
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Signed:
    """It is signed. `proof` is what the service gives out for it, to be kept as it is."""

    name: str
    personal_number: str = field(repr=False)  # empty where the service does not tell it
    at: datetime
    proof: File


@dataclass(frozen=True, slots=True)
class Declined:
    """The person said no."""


@dataclass(frozen=True, slots=True)
class Expired:
    """The service waits for no signature any more."""


@dataclass(frozen=True, slots=True)
class NotNow:
    """Nobody could say just now: asked again later. `code` is stable and dotted, `text` is for
    operators."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The service does not take it, and would not later. `text` is for operators, `public_text` for
    the company's people."""

    code: str
    text: str
    public_text: str


Beginning = Started | Refused | NotNow
State = Pending | Signed | Declined | Expired | NotNow


class Signer(Protocol):
    """A signing service. `invites`: it writes to the person itself; else the gateway does."""

    name: str
    invites: bool

    async def start(self, wish: Wish) -> Beginning:
        """Hands the request over. Handed over again after a crash, the person may be invited twice;
        only one of both is followed, and the other one runs out."""
        ...

    async def collect(self, order: Order) -> State:
        """How far it is."""
        ...

    async def remind(self, order: Order) -> NotNow | None:
        """Has the person invited once more, where the service invites; None: done."""
        ...

    async def cancel(self, order: Order) -> NotNow | None:
        """Takes the request back; None: done, or it is over anyway."""
        ...

    def every(self, order: Order) -> timedelta:
        """How often to ask how far it is."""
        ...

    async def close(self) -> None:
        """Lets go of connections."""
        ...


@runtime_checkable
class Attended(Protocol):
    """A signer whose person signs on a page of ours, now: `begin` is called from there."""

    async def begin(self, wish: Wish, order: Order, ip: str, now: datetime) -> Beginning:
        """Begins to sign; `ip` is the person's address, as we see it."""
        ...

    def under_way(self, order: Order) -> bool:
        """Whether it has begun and is not over."""
        ...

    def qr(self, order: Order, now: datetime) -> str | None:
        """What the QR code on the page says in this second; None: there is nothing to scan."""
        ...

    def app_link(self, order: Order) -> str | None:
        """What opens the app on the same device."""
        ...
