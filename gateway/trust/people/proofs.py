"""What people prove who they are with, and how it is kept: sealed where there is a key ring.

In charge of the form of `gateway.store.people.Person.proof`. Not in charge of the rules
(`passwords`, `second_factor`).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Final

from gateway.blobs.seal import Tampered, seal, unseal
from gateway.clock import Clock
from gateway.store.port import StorageUnavailable, Store

_PLAIN: Final = b"{"  # how it begins; what is sealed begins with the number of its key
_NOBODY: Final = ""  # the gateway's own key: a person is no company's


@dataclass(frozen=True, slots=True)
class Proof:
    """What is kept. `secret` is what codes are made with, `enrolling` one that has not been
    confirmed yet; `step` is the newest that was used; `codes` are hashes. `misses` are wrong codes
    in a row, the last of them at `missed_at`."""

    password: str | None = field(default=None, repr=False)
    secret: str | None = field(default=None, repr=False)
    enrolling: str | None = field(default=None, repr=False)
    step: int = 0
    codes: tuple[str, ...] = field(default=(), repr=False)
    misses: int = 0
    missed_at: str | None = None

    @property
    def has_second_factor(self) -> bool:
        """Whether codes are asked for at sign-in."""
        return self.secret is not None


NOTHING: Final = b"{}"


class Proofs:
    """Opens proofs and seals them."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def sealed(self, proof: Proof) -> bytes:
        """What is stored of a proof."""
        content = json.dumps(asdict(proof)).encode()
        keys = self._store.blobs.keys
        if keys is None:
            return content
        key_id, key = await keys.current(_NOBODY, self._clock.now())
        return b"%d:%b" % (key_id, seal(key, content))

    async def opened(self, stored: bytes) -> Proof:
        """The proof again. Raises StorageUnavailable when the key to it is missing."""
        if not stored.startswith(_PLAIN):
            keys = self._store.blobs.keys
            if keys is None:
                raise StorageUnavailable("people's secrets are sealed, and no key ring is set")
            key_id, _, content = stored.partition(b":")
            try:
                stored = unseal(await keys.one(_NOBODY, int(key_id)), content)
            except Tampered:
                raise StorageUnavailable("a person's secrets are damaged") from None
        data = json.loads(stored)
        return Proof(**{**data, "codes": tuple(data.get("codes", ()))})
