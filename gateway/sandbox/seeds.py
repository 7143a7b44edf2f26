"""The companies that are in the sandbox from the start, and their API keys."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from gateway.clock import Clock
from gateway.store.port import Company, Store


@dataclass(frozen=True, slots=True)
class Seed:
    """A company that is there from the start, and its API key."""

    company: Company
    key: str


def _seed(name: str, country: str, participant: str, word: str) -> Seed:
    # Fixed ids and keys, so that a sandbox that is started again knows them.
    company_id = f"com_01900000-0000-7000-8000-{hashlib.sha256(word.encode()).hexdigest()[:12]}"
    # The same example may be handed in again and again here.
    settings = {"duplicate_days": 0}
    return Seed(Company(company_id, name, country, (participant,), settings), f"bk_sandbox_{word}")


SENDER = _seed("Fjärdens Snickeri AB", "SE", "0007:5560001116", "sender")
SENDER_NO = _seed("Havbris Regnskap AS", "NO", "0192:948100010", "sender_no")
RECEIVER = _seed("Nordlys Drift AS", "NO", "0192:918130047", "receiver")
SEEDS = (SENDER, SENDER_NO, RECEIVER)


async def plant(store: Store, clock: Clock) -> None:
    """Adds the seeds; where they are already, nothing changes."""
    for seed in SEEDS:
        await store.add_company(seed.company, clock.now())
        digest = hashlib.sha256(seed.key.encode()).hexdigest()
        if await store.company_of_key(digest) is None:
            await store.add_key(seed.company.id, digest, "sandbox", clock.now())
