"""How companies stand, and the records of who they are.

In charge of the rows and of what the store promises of them; a part of the port
(`gateway.store.port.Store`). Not in charge of what is sealed in them, nor of which change may
follow which (`gateway.trust.verification`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from gateway.trust.verification.states import Asking, Standing

if TYPE_CHECKING:
    from gateway.audit.chain import Told
    from gateway.store.port import Again, Done, Job, NewEvent, NewJob


@dataclass(frozen=True, slots=True)
class Verification:
    """How a company stands. `code` and `text` say why, and hold nobody's name.

    `facts` are hashes of what was verified, by name. `request` is what was asked of whom, sealed;
    empty: nothing yet. `record_id` is the record it stands on. `version` grows with each write; 0:
    it is not stored yet.
    """

    company_id: str
    standing: Standing
    asking: Asking
    code: str
    text: str
    created_at: datetime
    updated_at: datetime
    verified_at: datetime | None = None
    recheck_at: datetime | None = None  # from then on it has to be shown again
    closes_at: datetime | None = None  # the gate closes, unless it was
    expires_at: datetime | None = None  # of the request
    next_at: datetime | None = None  # when something is done about it
    tries: int = 0
    warned: int = 0  # how often it was told that the gate closes
    record_id: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    request: bytes = b""
    version: int = 0


@dataclass(frozen=True, slots=True)
class IdentityRecord:
    """What was shown of who a company is, once: never changed afterwards. `data` and `proof` (the
    signed document; empty: there is none) are sealed, `sha256` is of the proof before it was."""

    id: str
    company_id: str
    at: datetime
    how: str  # by what it was shown: a signer's name, or `operator`
    data: bytes
    proof: bytes = b""
    proof_name: str = ""
    proof_type: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Verified:
    """A change of how a company stands, with all that goes with it, in one transaction.

    `job` is the job that a worker holds and does this for, which goes on as `then` says.
    """

    row: Verification
    events: Sequence[NewEvent] = ()
    jobs: Sequence[NewJob] = ()
    record: IdentityRecord | None = None
    job: Job | None = None
    then: Again | Done | None = None


class Verifications(Protocol):
    """The operations."""

    async def verification(self, company_id: str) -> Verification | None:
        """How a company stands; None: nobody has asked anything of it yet."""
        ...

    async def verifications(self, after: str, limit: int) -> Sequence[Verification]:
        """Everybody's, by company past `after` (operators only)."""
        ...

    async def put_verification(
        self, change: Verified, now: datetime, *, told: Told | None = None
    ) -> bool:
        """Writes a change. False when the row has not the version in it any more: nothing is
        written, and a job stays with its holder. Raises LeaseLost as a checkpoint does, and
        Contradiction when there is no such company."""
        ...

    async def identity_record(self, company_id: str, record_id: str) -> IdentityRecord | None:
        """One record of a company."""
        ...

    async def identity_records(self, company_id: str) -> Sequence[IdentityRecord]:
        """All records of a company, newest first, without their proofs."""
        ...
