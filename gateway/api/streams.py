"""Sending what is made while it is sent: the length is not known before, memory is bounded."""

from __future__ import annotations

from collections.abc import AsyncIterator

import structlog
from aiohttp import web

from gateway.store.port import StorageUnavailable

log = structlog.get_logger()


async def send(
    request: web.Request, name: str, media_type: str, pieces: AsyncIterator[bytes]
) -> web.StreamResponse:
    """Sends a file to be saved as `name`, which is plain ASCII of ours.

    What is raised before the first piece is the caller's to answer. After it, the connection is cut
    without the end of the body, so that no client takes what it has for the whole.
    """
    first = await anext(pieces, b"")
    response = web.StreamResponse(
        headers={
            "Content-Type": media_type,
            "Content-Disposition": f'attachment; filename="{name}"',
        }
    )
    await response.prepare(request)
    try:
        await response.write(first)
        async for piece in pieces:
            if piece:
                await response.write(piece)
        await response.write_eof()
    except StorageUnavailable as error:
        log.error("storage_unavailable", reason=str(error))
        if request.transport is not None:
            request.transport.abort()
    except ConnectionError:
        pass  # the client has gone away
    return response
