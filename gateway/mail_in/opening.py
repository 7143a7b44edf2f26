"""E-mail in as the settings name it, put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from gateway.clock import Clock
from gateway.delivery.schedules import Handler, Schedule
from gateway.delivery.unpacking import Unpacking
from gateway.handing_in import HandingIn
from gateway.inbound.inboxes import Inboxes
from gateway.mail_in.hand_in import KIND, Answering, ByMail
from gateway.mail_in.reading import Reading
from gateway.mail_in.section import MailIn
from gateway.mail_in.suppliers import Suppliers
from gateway.store.port import Store
from gateway.trust.post import Post


@dataclass(frozen=True, slots=True)
class Mailroom:
    """What the worker is given."""

    handlers: Mapping[str, Handler]
    schedules: Sequence[Schedule]


def mailroom(
    section: MailIn,
    store: Store,
    clock: Clock,
    handing_in: HandingIn,
    inboxes: Inboxes,
    unpacking: Unpacking,
    registry: CollectorRegistry,
) -> Mailroom:
    """Reads the mailbox of the settings."""
    post = Post(store, clock)
    by_mail = ByMail(
        *(store, clock, handing_in, post, unpacking),
        authserv_id=section.authserv_id,
        wanted=section.proof,
    )
    suppliers = Suppliers(inboxes, unpacking, clock)
    reading = Reading(store, section, by_mail, suppliers, registry)
    return Mailroom({KIND: Answering(store, clock, post)}, (reading.schedule,))
