"""The round trip of the PyPI package `as4`, beside the same floor, in an environment that has it.

Started by `tests.bench.peppol`: reads from standard input, a line of JSON, the payloads in files,
their seconds, the keys and the certificates in PEM; prints the ratios as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from as4 import AS4LocalPrivateKey
from as4.peppol import (
    build_peppol_message,
    create_peppol_external_party,
    create_peppol_internal_party,
    parse_peppol_message,
    parse_peppol_receipt,
    peppol_security_policy,
)
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.bench.peppol_floor import Floor, beside


class RoundTrip:
    """A message packed, read, answered; and its receipt read."""

    def __init__(self, given: dict[str, Any]) -> None:
        keys = [load_pem_private_key(text.encode(), None) for text in given["keys"]]
        leaves, roots, issuers = (
            [x509.load_pem_x509_certificate(text.encode()) for text in given[name]]
            for name in ("certificates", "roots", "issuers")
        )
        (self._sending, self._receiving), seats = keys, given["seats"]
        sides = list(zip(seats, leaves, keys, strict=True))
        self._inner = [
            create_peppol_internal_party(seat, leaf, AS4LocalPrivateKey(key))
            for seat, leaf, key in sides
        ]
        self._outer = [create_peppol_external_party(seat, leaf) for seat, leaf, _ in sides]
        self._leaves, self._names = leaves, given["names"]
        self._policy = peppol_security_policy(*roots, intermediates=issuers)
        self.floor = Floor(self._sending, self._receiving)

    def __call__(self, payload: bytes) -> None:
        """One message there, and its receipt back."""
        message = build_peppol_message(
            payload, local_party=self._inner[0], remote_party=self._outer[1], **self._names
        )
        body, boundary = message.get_request_data()
        received = parse_peppol_message(
            message.get_http_headers(boundary),
            body,
            self._inner[1],
            security_policy=self._policy,
        )
        _, answer = received.build_signal()
        assert received.successful
        receipt = parse_peppol_receipt(answer, self._leaves[1])
        receipt.verify_non_repudiation(message.signed_references)


def main() -> None:
    """Measures what standard input names."""
    given = json.load(sys.stdin)
    trip = RoundTrip(given)
    found = {
        name: beside(trip.floor, trip, Path(path).read_bytes(), given["seconds"])
        for name, path in given["payloads"].items()
    }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
