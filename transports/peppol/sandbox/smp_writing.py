"""The writing half of the sandbox's publisher: how a gateway that is not its owner's tells it what
to show. It tells the locator itself, as publishers of others do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from aiohttp import web

from schemas.identifiers import DocumentType, Participant
from transports.peppol.business_card import Card, read_card
from transports.peppol.service_metadata import (
    Malformed,
    Redirect,
    Service,
    parse,
    read_group,
    read_metadata,
)
from transports.peppol.smp_admin import basic

T = TypeVar("T")

USER: Final = "gateway"
PASSWORD: Final = "sandbox"  # noqa: S105  (of a publisher that is on loopback alone)


@dataclass
class Writing:
    """PUT and DELETE. `enters` and `leaves` are told of a group that is new, or gone."""

    entries: dict[Participant, list[Service | Redirect]]
    cards: dict[Participant, Card]
    enters: Callable[[Participant], None]
    leaves: Callable[[Participant], None]

    def routes(self) -> list[web.RouteDef]:
        """The routes."""
        card, group = "/businesscard/{participant}", "/{participant}"
        service = "/{participant}/services/{document_type:.+}"
        return [
            web.put(card, self._put_card),
            web.delete(card, self._delete_card),
            web.put(service, self._put_service),
            web.delete(service, self._delete_service),
            web.put(group, self._put_group),
            web.delete(group, self._delete_group),
        ]

    async def _put_group(self, request: web.Request) -> web.Response:
        participant = _allowed(request)
        await _read(request, read_group)
        if participant in self.entries:
            return web.Response(status=200)
        self.entries[participant] = []
        self.enters(participant)
        return web.Response(status=201)

    async def _delete_group(self, request: web.Request) -> web.Response:
        participant = _allowed(request)
        if self.entries.pop(participant, None) is None:
            raise web.HTTPNotFound
        self.leaves(participant)
        return web.Response(status=200)

    async def _put_service(self, request: web.Request) -> web.Response:
        participant, kind = _allowed(request), _document_type(request)
        if participant not in self.entries:
            raise web.HTTPNotFound
        said = await _read(request, read_metadata)
        if isinstance(said, Redirect):
            said = replace(said, document_type=kind)
        elif (said.participant, said.document_type) != (participant, kind):
            raise web.HTTPBadRequest(text="The body is about something else than the path.")
        others = [one for one in self.entries[participant] if one.document_type != kind]
        self.entries[participant] = [*others, said]
        return web.Response(status=201 if len(others) == len(self.entries[participant]) else 200)

    async def _delete_service(self, request: web.Request) -> web.Response:
        participant, kind = _allowed(request), _document_type(request)
        there = self.entries.get(participant, [])
        others = [one for one in there if one.document_type != kind]
        if len(others) == len(there):
            raise web.HTTPNotFound
        self.entries[participant] = others
        return web.Response(status=200)

    async def _put_card(self, request: web.Request) -> web.Response:
        participant = _allowed(request)
        if participant not in self.entries:
            raise web.HTTPNotFound
        self.cards[participant] = await _read(request, read_card)
        return web.Response(status=200)

    async def _delete_card(self, request: web.Request) -> web.Response:
        if self.cards.pop(_allowed(request), None) is None:
            raise web.HTTPNotFound
        return web.Response(status=200)


def _allowed(request: web.Request) -> Participant:
    if request.headers.get("Authorization") != basic(USER, PASSWORD):
        raise web.HTTPUnauthorized(headers={"WWW-Authenticate": "Basic"})
    try:
        return Participant.parse(request.match_info["participant"])
    except ValueError as error:
        raise web.HTTPBadRequest(text=str(error)) from None


def _document_type(request: web.Request) -> DocumentType:
    scheme, _, value = request.match_info["document_type"].partition("::")
    try:
        return DocumentType(value, scheme)
    except ValueError as error:
        raise web.HTTPBadRequest(text=str(error)) from None


async def _read(request: web.Request, reader: Callable[..., T]) -> T:
    try:
        return reader(parse(await request.read()))
    except Malformed as error:
        raise web.HTTPBadRequest(text=str(error)) from None
