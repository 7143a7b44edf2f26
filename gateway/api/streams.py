"""Sending bytes piece by piece: memory is bounded, and what breaks off never looks whole."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import structlog
from aiohttp import web

from gateway.store.port import ContentLost, StorageUnavailable

log = structlog.get_logger()


async def send(
    request: web.Request,
    headers: Mapping[str, str],
    pieces: AsyncIterator[bytes],
    size_bytes: int | None = None,
) -> web.StreamResponse:
    """Sends the pieces as they are made; `size_bytes` is all of them, None: nobody knows yet.

    What is raised before the first piece is the caller's to answer. After it, the connection is cut
    without the end of the body, so that no client takes what it has for the whole.
    """
    first = await anext(pieces, b"")
    if len(first) == size_bytes:
        return web.Response(body=first, headers=headers)
    response = web.StreamResponse(headers=headers)
    response.content_length = size_bytes
    await response.prepare(request)
    try:
        await response.write(first)
        async for piece in pieces:
            if piece:
                await response.write(piece)
        await response.write_eof()
    except (StorageUnavailable, ContentLost) as error:
        log.error("answer_broke_off", reason=str(error))
        if request.transport is not None:
            request.transport.abort()
    except ConnectionError:
        pass  # the client has gone away
    return response
