"""An HTTP client that costs next to nothing, so that what is measured is the server.

It knows just enough: POST a body over kept-alive connections, read the status and the whole answer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from urllib.parse import urlsplit


async def post_all(
    url: str, key: str, media_type: str, bodies: Sequence[bytes], clients: int
) -> float:
    """Posts all bodies over `clients` connections at once; seconds until the last 202."""
    address = urlsplit(url)
    waiting = iter(bodies)
    connections = [
        await asyncio.open_connection(address.hostname, address.port) for _ in range(clients)
    ]

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for body in waiting:
            writer.write(
                f"POST /v1/documents HTTP/1.1\r\nHost: {address.netloc}\r\n"
                f"Authorization: Bearer {key}\r\nContent-Type: {media_type}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            answer = await reader.readexactly(length)
            assert head.startswith(b"HTTP/1.1 202 "), answer

    began = time.perf_counter()
    await asyncio.gather(*(client(*connection) for connection in connections))
    took = time.perf_counter() - began
    for _, writer in connections:
        writer.close()
    return took
