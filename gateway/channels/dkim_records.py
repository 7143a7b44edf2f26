"""Whether what is published in DNS fits the keys that e-mail is signed with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import dns.asyncresolver
import dns.exception
import dns.resolver
from dns.rdtypes.ANY.TXT import TXT

from gateway.channels.email import Email, dkim_keys
from transports.email.signing import Key


@dataclass(frozen=True, slots=True)
class Published:
    """How it is with a key. `differs` says why mail signed with it would not pass, None where it
    would; `asked` is False where nobody answered."""

    key: Key
    differs: str | None = None
    asked: bool = True


async def look(section: Email, patience_s: float) -> Sequence[Published]:
    """Each key of a section. Raises ConfigError when the keys can not be used."""
    resolver = dns.asyncresolver.Resolver(configure=not section.name_servers)
    if section.name_servers:
        resolver.nameservers = list(section.name_servers)
        resolver.port = section.name_server_port
    return [await _look(resolver, key, patience_s) for key in dkim_keys(section)]


async def _look(resolver: dns.asyncresolver.Resolver, key: Key, patience_s: float) -> Published:
    try:
        answer = await resolver.resolve(key.name, "TXT", lifetime=patience_s)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return Published(key, "there is no TXT record")
    except dns.exception.DNSException as error:
        return Published(key, f"nobody could say: {type(error).__name__}", asked=False)
    records = [
        b"".join(record.strings).decode("ascii", "replace")
        for record in answer
        if isinstance(record, TXT)
    ]
    if len(records) != 1:  # RFC 6376 3.6.2.2: what verifiers do then is up to them
        return Published(key, f"there are {len(records)} TXT records, not one")
    return Published(key, key.differs(records[0]))
