"""Discovery, first step: which publisher (SMP) a participant is with, by DNS (SML).

In charge of the name that is asked for, of the NAPTR record's meaning, and of telling "not there"
from "could not be asked". Not in charge of asking the publisher (`smp`).
Source: Peppol SML 1.3.0; RFC 3403, 3404 (NAPTR). Names by MD5 and CNAME are gone since 2025-11-01.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import dns.asyncresolver
import dns.exception
import dns.rdatatype
import dns.resolver
from dns.rdtypes.IN.NAPTR import NAPTR

from schemas.identifiers import PARTICIPANT_META_SCHEME, Participant

PRODUCTION: Final = "participant.sml.prod.tech.peppol.org"
TEST: Final = "participant.sml.test.tech.peppol.org"

SERVICE: Final = "Meta:SMP"


@dataclass(frozen=True, slots=True)
class Located:
    """The participant's publisher. `record` is what DNS said, as evidence."""

    url: str  # without a slash at its end
    record: str


@dataclass(frozen=True, slots=True)
class NotRegistered:
    """DNS says that there is no such participant in this network."""

    name: str


@dataclass(frozen=True, slots=True)
class Unavailable:
    """DNS could not be asked, or what it said makes no sense: that is no no.

    `answered` False: DNS itself said nothing, as it would of any participant.
    """

    text: str
    answered: bool = True


def host_name(participant: Participant, zone: str) -> str:
    """The name that DNS is asked for. The value is hashed in lower case, without its scheme."""
    digest = hashlib.sha256(str(participant).lower().encode()).digest()
    label = base64.b32encode(digest).decode().rstrip("=").lower()
    return f"{label}.{PARTICIPANT_META_SCHEME}.{zone}"


def publisher(records: Iterable[tuple[int, int, str, str, str]], name: str) -> str | None:
    """The URL that the records give for `name`: (order, preference, flags, service, regexp) each.

    None when none of them is of a publisher. The expression is matched against the whole name, so
    that one that matches anywhere does not match twice.
    """
    for _, _, flags, service, regexp in sorted(records):
        if flags.upper() != "U" or service.lower() != SERVICE.lower() or len(regexp) < 3:
            continue
        pattern, found, replacement = _parted(regexp)
        try:
            match = re.fullmatch(pattern, name) if found else None
            url = match.expand(replacement) if match else None
        except re.error:
            continue
        if url is not None:
            return url.removesuffix("/")
    return None


def _parted(regexp: str) -> tuple[str, bool, str]:
    """(expression, whether it is well-formed, replacement) of `!expression!replacement!flags`."""
    parts = regexp.split(regexp[0])
    return (parts[1], True, parts[2]) if len(parts) == 4 else ("", False, "")


class Sml:
    """Asks DNS. `nameservers` None: those of the machine. `port` is for name servers of our own."""

    def __init__(
        self,
        zone: str,
        nameservers: Sequence[str] | None = None,
        port: int = 53,
        *,
        plain_http: bool = False,
        timeout_s: float = 10.0,
    ) -> None:
        self._zone = zone
        self._schemes = ("https://", "http://") if plain_http else ("https://",)
        self._timeout_s = timeout_s
        self._resolver = dns.asyncresolver.Resolver(configure=nameservers is None)
        if nameservers is not None:
            self._resolver.nameservers = list(nameservers)
            self._resolver.port = port

    async def locate(self, participant: Participant) -> Located | NotRegistered | Unavailable:
        """Where the participant's publisher is."""
        name = host_name(participant, self._zone)
        try:
            answer = await self._resolver.resolve(
                name, dns.rdatatype.NAPTR, lifetime=self._timeout_s, search=False
            )
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return NotRegistered(name)
        except dns.exception.DNSException as error:
            text = f"DNS could not say where {participant} is: {type(error).__name__}"
            return Unavailable(text, answered=False)
        except OSError as error:
            text = f"DNS could not be asked: {error.strerror or error}"
            return Unavailable(text, answered=False)
        records = [_row(record) for record in answer]
        url = publisher(records, name)
        if url is None:
            return Unavailable(f"DNS has NAPTR records for {name}, but none of an SMP")
        if not url.startswith(self._schemes):
            # https only since 2026-02-01; a record of before is stale, and no proof of absence.
            return Unavailable(f"the publisher of {participant} is not at an https address: {url}")
        return Located(url, "\n".join(str(record) for record in answer))


def _row(record: NAPTR) -> tuple[int, int, str, str, str]:
    texts = (record.flags, record.service, record.regexp)
    return (record.order, record.preference, *(text.decode("ascii", "replace") for text in texts))
