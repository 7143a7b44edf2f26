"""Sending a document's files: safe headers, whatever the file is called or holds."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from contextlib import aclosing
from urllib.parse import quote

from aiohttp import web

from gateway.api.answers import HIDDEN
from gateway.api.problems import Problem, Type, not_verified
from gateway.api.routes import Call, Q
from gateway.api.streams import send
from gateway.delivery.logos import logo_of
from gateway.delivery.scanning import withheld
from gateway.intake.head import LANGUAGES
from gateway.pdf.logo import Logo
from gateway.pdf.render import render
from gateway.store.port import Direction, Document, Part, Role
from schemas.ubl.read import Unreadable
from schemas.ubl.read import read as read_ubl
from validators.pipeline import parse

_MEDIA_TYPE = re.compile(r"[!#$&^_.+0-9A-Za-z-]{1,127}/[!#$&^_.+0-9A-Za-z-]{1,127}")


async def may_be_read(call: Call[Q], document: Document) -> None:
    """Raises Problem where a document came in for a company that is not verified: it stays in the
    inbox until it is. What was confirmed before stays readable."""
    if document.direction is Direction.IN and document.confirmed_at is None:
        closed = await call.service.gate.may_receive(call.company.id)
        if closed is not None:
            raise not_verified(closed)


async def newest(
    call: Call[Q], document_id: str, parts: Sequence[Part], role: Role
) -> bytes | None:
    """The bytes of the last part of a role; None when there is none."""
    for part in reversed(parts):
        if part.role is role:
            return await call.service.store.content(call.company.id, document_id, part.sha256)
    return None


async def send_first(
    call: Call[Q], document: Document, parts: Sequence[Part], *roles: Role
) -> web.StreamResponse:
    """Sends the first part of the first role there is one of."""
    for role in roles:
        for part in parts:
            if part.role is role:
                return await _send(call, document, part)
    raise _none(document, roles[0])


async def send_by_hash(
    call: Call[Q], document: Document, parts: Sequence[Part], sha256: str
) -> web.StreamResponse:
    """Sends the part with this hash."""
    for part in parts:
        if part.sha256 == sha256 and part.role not in HIDDEN:
            return await _send(call, document, part)
    raise Problem(Type.NOT_FOUND)


async def send_image(
    call: Call[Q], document: Document, parts: Sequence[Part]
) -> web.StreamResponse:
    """Sends the invoice as a PDF: the stored one, else one made now."""
    await may_be_read(call, document)
    if any(part.role is Role.IMAGE for part in parts):
        return await send_first(call, document, parts, Role.IMAGE)
    ubl = await newest(call, document.id, parts, Role.DOCUMENT)
    ours = document.direction is Direction.OUT  # what came in is not our company's
    logo = await logo_of(call.service.store, call.company.id) if ours else None
    language = document.delivery.get("language")
    image = await asyncio.to_thread(_image, ubl, language, logo) if ubl else None
    if image is None:
        raise _none(document, Role.IMAGE)
    return web.Response(body=image, headers=headers_of(f"{document.id}.pdf", "application/pdf"))


def _none(document: Document, role: Role) -> Problem:
    what = f"A document that is {document.state} has no {role} yet, or never will."
    return Problem(Type.NOT_ALLOWED_NOW, what)


def _image(ubl: bytes, language: str | None, logo: Logo | None) -> bytes | None:
    """The invoice as its recipient would see it; None where it can not be read."""
    root = parse(ubl)
    if isinstance(root, tuple):
        return None
    try:
        invoice = read_ubl(root)
    except Unreadable:
        return None
    language = language or LANGUAGES.get(invoice.buyer.address.country, "en")
    return render(invoice, language, logo)


async def _send(call: Call[Q], document: Document, part: Part) -> web.StreamResponse:
    await may_be_read(call, document)
    if withheld(document, part):
        what = "There is a virus in what came with this document: its files are not handed out."
        raise Problem(Type.NOT_ALLOWED_NOW, what)
    pieces = await call.service.store.stream(call.company.id, document.id, part.sha256)
    if pieces is None:
        raise Problem(Type.NOT_FOUND)
    async with aclosing(pieces):
        return await send(
            call.request, headers_of(part.name, part.media_type), pieces, part.size_bytes
        )


def headers_of(name: str, media_type: str) -> dict[str, str]:
    """The headers of a file that is sent: its type, and that it is to be saved under its name."""
    # Never shown in place, whatever it is: a browser must not run what a stranger attached.
    plain = re.sub(r"[^0-9A-Za-z._-]", "_", name)
    disposition = f'attachment; filename="{plain}"'
    if plain != name:
        disposition += f"; filename*=UTF-8''{quote(name, safe='')}"
    if not _MEDIA_TYPE.fullmatch(media_type):
        media_type = "application/octet-stream"
    return {"Content-Type": media_type, "Content-Disposition": disposition}
