"""Why a participant is where it is, in sentences for its company: no addresses, no names of hosts.

Operators see the network's own words beside it.
"""

from __future__ import annotations

from typing import Final

_SENTENCES: Final = {
    "peppol.registered_elsewhere": "It is registered with another publisher. Have it withdrawn"
    " there, or get a migration key there and take it over with `migrate-in`.",
    "peppol.migration_refused": "The network does not take this migration key: it may be mistyped,"
    " used, or for another participant. Ask the other publisher for a new one.",
    "peppol.not_verified": "Its company is not verified: it is registered as soon as the company"
    " is.",
    "peppol.sml_refused": "The network refuses it. Ask the operator for the reason.",
    "peppol.smp_refused": "The publisher refuses it. Ask the operator for the reason.",
    "peppol.not_our_publisher": "The publisher is somebody else's: ask the operator to move it.",
    "peppol.not_in_dns": "The network has not taken it in yet; it is looked again by itself.",
    "peppol.not_confirmed": "The network does not confirm that it is with us. It is looked again by"
    " itself; the operator can tell more.",
}
_LATER: Final = "The network could not be asked just now; it is tried again by itself."


def public(code: str) -> str:
    """The sentence of a code; nothing for none."""
    return _SENTENCES.get(code, _LATER) if code else ""
