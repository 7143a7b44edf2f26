"""How signing secrets are kept: not readable in the database where there is a key ring.

A secret must be known to sign with, so it can not be hashed as API keys are. It is sealed with the
company's key, as blobs are; without a key ring, who reads the database reads the invoices too.
"""

from __future__ import annotations

from gateway.blobs.keys import Keys
from gateway.blobs.seal import Tampered, seal, unseal
from gateway.clock import Clock
from gateway.store.port import StorageUnavailable

_PLAIN = b"whsec_"  # how a secret begins; a sealed one begins with the number of its key


class Sealing:
    """Seals companies' secrets and opens them. `keys` None: they are kept as they are, though
    sealed ones stay unreadable."""

    def __init__(self, keys: Keys | None, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    async def sealed(self, company_id: str, secret: str) -> bytes:
        """What is kept of a secret."""
        if self._keys is None:
            return secret.encode()
        key_id, key = await self._keys.current(company_id, self._clock.now())
        return b"%d:%b" % (key_id, seal(key, secret.encode()))

    async def opened(self, company_id: str, kept: bytes) -> str:
        """The secret again. Raises StorageUnavailable when the key to it is missing."""
        if kept.startswith(_PLAIN):
            return kept.decode()
        if self._keys is None:
            raise StorageUnavailable("a webhook's secret is sealed, and no key ring is set")
        key_id, _, sealed = kept.partition(b":")
        key = await self._keys.one(company_id, int(key_id))
        try:
            return unseal(key, sealed).decode()
        except Tampered:
            raise StorageUnavailable("a webhook's secret is damaged") from None
