"""Doing what was asked for: the functions of the API's verbs, behind the same gate.

In charge of which function a verb is. Not in charge of forms or of pages.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.api.routes import Service
from gateway.console.acting.allowed import VERBS, WAYS, Act
from gateway.delivery import links
from gateway.delivery.choosing import choose
from gateway.delivery.rerouting import NewRoute, NoWay, reroute
from gateway.delivery.verbs import Denied, Seen, act
from gateway.store.port import Document
from gateway.trust.gate import asked


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants, why, and what they had seen. `address` is whom they chose; `route` and
    `expected`, the digest of the plan that they were shown, are there for another route."""

    act: Act
    reason: str
    seen: Seen
    address: str = ""
    route: NewRoute = field(default_factory=NewRoute, repr=False)
    expected: str | None = None


async def do(service: Service, actor: str, document: Document, wish: Wish) -> Document | Denied:
    """Does it; the document as it is then, or why nothing was done."""
    way = WAYS[wish.act]
    closed = await asked(service.gate, way, document.company_id) if way is not None else None
    if closed is not None:
        return Denied(wish.act, document.state, closed.text, "closed")
    at = (service.store, service.clock, document.company_id, document.id)
    match wish.act:
        case Act.CHOOSE:
            chosen = await choose(*at, wish.address, wish.reason, actor=actor, seen=wish.seen)
            if chosen is None or isinstance(chosen, Document | Denied):
                return _there(wish, document, chosen)
            text = "None of the recipients has that address."
            return Denied(wish.act, document.state, text, "moved_on")
        case Act.REROUTE:
            done = await reroute(
                *(*at, wish.route, wish.reason),
                configured=service.channels,
                actor=actor,
                seen=wish.seen,
                expected=wish.expected,
            )
            if isinstance(done, NoWay):
                return Denied(wish.act, document.state, "No channel is possible by that.", "no_way")
            return _there(wish, document, done)
        case Act.REVOKE_LINK:
            if not await links.revoke(*at, wish.reason, actor=actor):
                return Denied(wish.act, document.state, "No link to it opens.", "no_link")
            return _there(wish, document, await service.store.document(*at[2:]))
        case _:
            verb = VERBS[wish.act]
            given = (*at, verb, wish.reason)
            recalling = service.recalling
            done = await act(*given, actor=actor, recalling=recalling, seen=wish.seen)
            return _there(wish, document, done)


def _there(wish: Wish, document: Document, done: Document | Denied | None) -> Document | Denied:
    return done or Denied(wish.act, document.state, "There is no such document.", "not_there")
