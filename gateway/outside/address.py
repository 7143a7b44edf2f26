"""Which addresses a tenant may send us to: the form of a URL, and the networks behind it.

In charge of the rules. Not in charge of keeping them (`gateway.outside.client`). Pure.
Sources: the IANA IPv4 and IPv6 Special-Purpose Address Registries; OWASP's notes on server-side
request forgery.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from yarl import URL

LONGEST_URL = 2000  # as long as every proxy and log takes

_REFUSED: tuple[tuple[str, str], ...] = (
    ("0.0.0.0/8", "this network"),
    ("10.0.0.0/8", "a private network"),
    ("100.64.0.0/10", "a carrier's shared network"),  # also a cloud's metadata, 100.100.100.200
    ("127.0.0.0/8", "the machine itself"),
    ("168.63.129.16/32", "a cloud's metadata"),  # Azure's, in the middle of public addresses
    ("169.254.0.0/16", "a link-local network"),  # also most clouds' metadata, 169.254.169.254
    ("172.16.0.0/12", "a private network"),
    ("192.0.0.0/24", "a reserved network"),  # also a cloud's metadata, 192.0.0.192
    ("192.0.2.0/24", "a documentation network"),
    ("192.88.99.0/24", "a relay into another network"),
    ("192.168.0.0/16", "a private network"),
    ("198.18.0.0/15", "a test network"),
    ("198.51.100.0/24", "a documentation network"),
    ("203.0.113.0/24", "a documentation network"),
    ("224.0.0.0/4", "a multicast group"),
    ("240.0.0.0/4", "a reserved network"),
    # Each of these can carry an IPv4 address in it, and so lead to any of the networks above.
    ("::/96", "the machine itself, or an IPv4 address in IPv6"),
    ("::ffff:0:0/96", "an IPv4 address in IPv6"),
    ("::ffff:0:0:0/96", "an IPv4 address in IPv6"),
    ("64:ff9b::/96", "an IPv4 address in IPv6"),
    ("64:ff9b:1::/48", "an IPv4 address in IPv6"),
    ("2001::/32", "an IPv4 address in IPv6"),
    ("2002::/16", "an IPv4 address in IPv6"),
    ("100::/64", "a discard network"),
    ("2001:db8::/32", "a documentation network"),
    ("3fff::/20", "a documentation network"),
    ("5f00::/16", "a reserved network"),
    ("fc00::/7", "a private network"),
    ("fe80::/10", "a link-local network"),
    ("fec0::/10", "a private network"),
    ("ff00::/8", "a multicast group"),
)
_NETWORKS: tuple[tuple[IPv4Network | IPv6Network, str], ...] = tuple(
    (ip_network(network), what) for network, what in _REFUSED
)
_GIVEN_OUT = ip_network("2000::/3")  # all of IPv6 that is given out for the public network


def forbidden(address: str) -> str | None:
    """What is behind an IP address that nobody may send us to; None when it is a public one."""
    found = ip_address(address.partition("%")[0])  # without the scope of a link-local one
    for network, what in _NETWORKS:
        if found in network:
            return what
    public = found.is_global and (found.version == 4 or found in _GIVEN_OUT)
    return None if public else "a reserved network"


def faults(url: str, *, allow_http: bool, allow_private: bool) -> list[str]:
    """All that is wrong with a URL as it stands, before any name in it is looked up."""
    if len(url) > LONGEST_URL:
        return [f"is longer than {LONGEST_URL} characters"]
    if any(ord(letter) <= 32 or ord(letter) == 127 for letter in url):
        return ["holds white space or control characters"]
    try:
        parsed = URL(url)
        host, port = parsed.raw_host, parsed.port or 0
    except ValueError:
        return ["is not a URL"]
    if not host or parsed.scheme not in ("https", "http"):
        return [f"must be an absolute {'http or ' if allow_http else ''}https URL"]
    found = []
    if parsed.scheme == "http" and not allow_http:
        found.append("must begin with https://")
    if parsed.user is not None or parsed.password is not None:
        found.append("must not hold a name or a password")
    if "#" in url:
        found.append("must not have a fragment (#)")
    # Below 1024 other protocols listen, some of which take a line of HTTP for one of their own.
    if port < 1024 and port != 443 and not (port == 80 and parsed.scheme == "http"):
        found.append("must have port 443, or one above 1023")
    try:
        what = forbidden(host)
    except ValueError:
        if not _NAME.fullmatch(host):
            found.append("has a host that is neither a name nor an address")
    else:
        if what is not None and not allow_private:
            found.append(f"leads to {what}; it must be a public address")
    return found


_LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)*{_LABEL}\.?")
