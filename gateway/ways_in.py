"""The ways in that need no HTTP, as the settings name them: drop folders, and e-mail.

In charge of putting them together for the worker. Not in charge of either (`gateway.drops`,
`gateway.mail_in`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry

from gateway.clock import Clock
from gateway.config import Settings
from gateway.delivery.schedules import Handler, Schedule
from gateway.delivery.unpacking import Unpacking
from gateway.drops.opening import rounds
from gateway.drops.rounds import KIND as DROP
from gateway.handing_in import HandingIn
from gateway.inbound.inboxes import Inboxes
from gateway.mail_in.hand_in import KIND as MAIL_ANSWER
from gateway.mail_in.opening import mailroom
from gateway.store.port import Store
from gateway.trust.gate import Gate

# A partner's server that is slow keeps no invoice waiting.
ASIDE = (DROP, MAIL_ANSWER)


@dataclass(frozen=True, slots=True)
class WaysIn:
    """What the worker is given."""

    handlers: Mapping[str, Handler] = field(default_factory=dict)
    schedules: Sequence[Schedule] = ()


def ways_in(
    settings: Settings,
    store: Store,
    clock: Clock,
    unpacking: Unpacking,
    gate: Gate,
    registry: CollectorRegistry,
) -> WaysIn:
    """Those that are set up. Raises ConfigError."""
    handing_in = HandingIn(store, clock, unpacking, gate)
    handlers: dict[str, Handler] = {}
    schedules: list[Schedule] = []
    if settings.drops is not None:
        folders = rounds(settings.drops, store, clock, handing_in, gate, registry)
        handlers[DROP] = folders
        schedules.append(folders.schedule)
    if settings.mail_in is not None:
        inboxes = Inboxes(store, clock, gate)
        room = mailroom(
            *(settings.mail_in, store, clock, handing_in),
            *(inboxes, unpacking, registry),
        )
        handlers.update(room.handlers)
        schedules += room.schedules
    return WaysIn(handlers, schedules)
