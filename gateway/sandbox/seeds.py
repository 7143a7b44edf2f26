"""The companies that are in the sandbox from the start, and their API keys."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from typing import Any, Final

from gateway.clock import Clock
from gateway.mail_in.addresses import MAIL
from gateway.routing.terms import CHANNELS
from gateway.store.port import Company, Store
from gateway.store.register import StoredRegister
from gateway.store.verifications import Verification, Verified
from gateway.trust.verification.states import Asking, Standing
from transports.efaktura_no import terms
from transports.efaktura_no.agreement import Agreement, State, issuer
from transports.kivra.sandbox import TENANT

# What the seeds have settled with the sandbox's partners.
TERMS: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    "sender": {
        "kivra": {"tenant": TENANT, "bankgiro": "50501055"},
        "bank_se": {
            "fui": "005560001116.00002222222.FSPA.SE",
            "bankgiros": [
                {"number": "50501055", "ocr": "hard"},
                {"number": "59990010", "ocr": "hard"},
            ],
            "trust_fmi": True,
        },
    },
    "sender_no": {
        "vipps": {"account": "97100000028", "kid_algorithm": "mod10", "kid_length": 12},
        "avtalegiro": {
            "account": "97100000028",
            "kid_algorithm": "mod10",
            "kid_length": 12,
            "reference_position": "1-5",
        },
        "efaktura_no": {
            "account": "97100000028",
            "kid_algorithm": "mod10",
            "kid_length": 12,
            "reference_position": "1-5",
            "signer_name": "Eirik Solbakk",
            "signer_email": "faktura@havbris.example",
        },
    },
}


@dataclass(frozen=True, slots=True)
class Seed:
    """A company that is there from the start, and its API key."""

    company: Company
    key: str


def mail_of(word: str) -> Mapping[str, Any]:
    """The token of a seed's e-mail addresses, and who may hand in: anybody of its own domain."""
    return {
        "token": (word.replace("_", "") * 3)[:16],
        "senders": [f"@{word.replace('_', '-')}.example"],
    }


def _seed(name: str, country: str, participant: str, word: str) -> Seed:
    # Fixed ids and keys, so that a sandbox that is started again knows them.
    company_id = f"com_01900000-0000-7000-8000-{hashlib.sha256(word.encode()).hexdigest()[:12]}"
    # The same example may be handed in again and again here.
    settings = {"duplicate_days": 0, CHANNELS: TERMS.get(word, {}), MAIL: mail_of(word)}
    return Seed(Company(company_id, name, country, (participant,), settings), f"bk_sandbox_{word}")


SENDER = _seed("Fjärdens Snickeri AB", "SE", "0007:5560001116", "sender")
SENDER_NO = _seed("Havbris Regnskap AS", "NO", "0192:948100010", "sender_no")
RECEIVER = _seed("Nordlys Drift AS", "NO", "0192:918130047", "receiver")
SEEDS = (SENDER, SENDER_NO, RECEIVER)
# Who has not proved yet who they are: nobody sends for them, and nothing comes in.
UNVERIFIED = _seed("Björkens Bygg AB", "SE", "0007:5560003336", "unverified")


# Its agreement with the payment services is active from the start.
ISSUER = issuer("948100010", SENDER_NO.company.name, terms.read(TERMS["sender_no"]["efaktura_no"]))


async def plant(store: Store, clock: Clock) -> None:
    """Adds the seeds; where they are already, nothing changes."""
    for seed in (*SEEDS, UNVERIFIED):
        await store.add_company(seed.company, clock.now())
        digest = hashlib.sha256(seed.key.encode()).hexdigest()
        await store.add_key(seed.company.id, digest, "sandbox", clock.now())
    for seed in SEEDS:
        await _vouch(store, seed.company, clock.now())
    register = StoredRegister(store, clock, "efaktura_no")
    now = clock.now()
    active = Agreement(SENDER_NO.company.id, ISSUER, State.ACTIVE, now)
    await register.put([active.entry(now)])  # False: it is there already
    if find_spec("asyncssh") is not None:
        from gateway.sandbox.over_sftp import agree

        await agree(SENDER_NO.company.id, StoredRegister(store, clock, "avtalegiro"))


async def _vouch(store: Store, company: Company, now: datetime) -> None:
    """Has a company be one that is known, for good: no clock that is put forward changes it."""
    if await store.verification(company.id) is None:
        row = Verification(
            company_id=company.id,
            standing=Standing.VERIFIED,
            asking=Asking.NONE,
            code="company.verified",
            text="It has been in the sandbox from the start.",
            created_at=now,
            updated_at=now,
            verified_at=now,
        )
        await store.put_verification(Verified(row), now)
