"""A request body of any length, line by line: no more of it is in memory than one line."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import web

from gateway.api.body import go_ahead, next_piece
from gateway.api.routes import Limits


async def lines(request: web.Request, limits: Limits) -> AsyncIterator[bytes | None]:
    """The lines of a body of any length as they come, without what ends them; None in the place of
    one that is longer than a body may be."""
    await go_ahead(request)
    line, too_long = bytearray(), False
    while chunk := await next_piece(request, limits):
        first, *others = chunk.split(b"\n")
        for n, piece in enumerate((first, *others)):
            if n:
                yield None if too_long else bytes(line)
                line, too_long = bytearray(), False
            too_long = too_long or len(line) + len(piece) > limits.body_bytes
            line = bytearray() if too_long else line + piece
    if line or too_long:
        yield None if too_long else bytes(line)
