"""The channels: a module for each, with its section of the settings and how it is made.

In charge of which there are. Not in charge of what they do (`transports`). A new channel is a
module here, a line in `MAKERS`, and its section in `gateway.config.Settings`; one that companies
have terms with has a line in `TERMS` too, and one whose partner posts to us a line in `ROUTES`.
Peppol is not here: it is put together in `gateway.peppol`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from gateway import section
from gateway.channels import avtalegiro, bank_se, efaktura_no, email, kivra, letter, operator, vipps
from gateway.channels.parts import Parts
from gateway.inbound.inboxes import Inboxes
from gateway.routing.terms import Wrong
from gateway.store import lanes
from transports.avtalegiro import terms as avtalegiro_terms
from transports.bank_se import terms as bank_se_terms
from transports.base import Transport
from transports.efaktura_no import terms as efaktura_terms
from transports.email import terms as email_terms
from transports.internal.driver import Internal
from transports.kivra import terms as kivra_terms
from transports.letter import terms as letter_terms
from transports.vipps import terms as vipps_terms

if TYPE_CHECKING:
    from gateway.config import Settings

# By channel: makes it of its section.
MAKERS: Final[Mapping[str, Callable[[Any, Parts], Transport]]] = {
    "avtalegiro": avtalegiro.make,
    "bank_se": bank_se.make,
    "efaktura_no": efaktura_no.make,
    "email": email.make,
    "kivra": kivra.make,
    "letter": letter.make,
    "operator": operator.make,
    "vipps": vipps.make,
}

# By channel: what is wrong with a company's terms with it. One that is not here has none.
TERMS: Final[Mapping[str, Wrong]] = {
    "avtalegiro": avtalegiro_terms.wrong,
    "bank_se": bank_se_terms.wrong,
    "efaktura_no": efaktura_terms.wrong,
    "email": email_terms.wrong,
    "kivra": kivra_terms.wrong,
    "letter": letter_terms.wrong,
    "vipps": vipps_terms.wrong,
}

# By channel: what its partners post to, on the outer listener of every process that has one. A
# worker is another process: what comes in is in the channel's register before it is answered, and
# the worker's `collect` takes it from there.
ROUTES: Final[Mapping[str, Callable[[Any, Parts], Sequence[web.AbstractRouteDef]]]] = {
    "kivra": kivra.routes,
    "operator": operator.routes,
    "vipps": vipps.routes,
}


def transports(settings: Settings, parts: Parts) -> Mapping[str, Transport]:
    """The channels that are set up, by name, but for Peppol."""
    internal = Internal(Inboxes(parts.store, parts.clock, parts.gate), now=parts.clock.now)
    made = {
        name: make(getattr(settings, name), parts)
        for name, make in MAKERS.items()
        if getattr(settings, name) is not None
    }
    return {internal.name: internal, **made}


def routes(settings: Settings, parts: Parts) -> Sequence[web.AbstractRouteDef]:
    """What the partners of the channels that are set up post to."""
    return [
        route
        for name, make in ROUTES.items()
        if getattr(settings, name) is not None
        for route in make(getattr(settings, name), parts)
    ]


def configured(settings: Settings) -> frozenset[str]:
    """The names of the channels that are set up."""
    return frozenset({Internal.name, *sections(settings)})


def sections(settings: Settings) -> Mapping[str, section.Channel]:
    """The channels' sections, by channel; one without a section has none."""
    found = {name: getattr(settings, name) for name in (*MAKERS, "peppol")}
    return {name: one for name, one in found.items() if one is not None}


def rates(settings: Settings) -> Mapping[str, float]:
    """How often in a second each channel with such a limit may be asked."""
    limited = {name: one.rate_per_s for name, one in sections(settings).items()}
    return {name: rate for name, rate in limited.items() if rate is not None}


def lane_limits(
    settings: Settings, channels: Mapping[str, Transport]
) -> Mapping[str, lanes.Limits]:
    """The limits of the channels' lanes; a channel without a section has none."""
    return {
        name: _lane_limits(one, channels[name].at_once) for name, one in sections(settings).items()
    }


def _lane_limits(one: section.Channel, at_once: int | None) -> lanes.Limits:
    a_second = math.ceil(one.rate_per_s or 1)
    return lanes.Limits(
        rate_per_s=one.rate_per_s,
        burst=one.burst or a_second,
        at_once=at_once,
        trip_after=one.trip_after or None,
        rest_s=one.rest_s,
    )
