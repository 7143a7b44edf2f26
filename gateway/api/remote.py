"""Where a request comes from: the address that is counted under."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from aiohttp import web


def client_of(request: web.Request, proxies: int) -> str:
    """Who asks: an address, of IPv6 the network that one customer has (/64). `proxies`: how many
    of ours stand before us."""
    peer = request.remote or ""
    if proxies:
        through = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
        peer = through[-proxies].strip() if len(through) >= proxies else peer
    try:
        address = ip_address(peer)
    except ValueError:
        return peer[:64]
    return str(ip_network(f"{address}/64", strict=False)) if address.version == 6 else peer
