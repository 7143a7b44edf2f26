"""What was asked of whom, and what is kept of who a company is: as data, and sealed.

In charge of both forms. With a key ring both are sealed with the company's key, as its blobs are;
without one, whoever reads the database reads the invoices too. Not in charge of storing them
(`gateway.store.verifications`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

import structlog

from gateway.blobs.keys import Keys
from gateway.blobs.seal import Tampered, seal, unseal
from gateway.clock import Clock
from gateway.store.ids import new_id
from gateway.store.port import Company, ContentLost, StorageUnavailable
from gateway.store.verifications import IdentityRecord
from gateway.trust.signing.port import Order, Signatory
from gateway.trust.verification.facts import as_known
from transports.base import File

log = structlog.get_logger()

_PLAIN: Final = b"\x00"  # what is not sealed begins so; what is, with the number of its key


@dataclass(frozen=True, slots=True)
class Request:
    """A request for a signature, as it is kept.

    `order` is the signer's own. `secret` is what the link to our own page ends with, where the
    signer has people sign there. `invited` is how often the person was written to, of
    `invitations`. `known` is the company as it was then, which is what is signed. `after` are
    orders of requests before this one, or of this one, that are still to be taken back.
    """

    id: str
    signatory: Signatory
    signer: str
    asked_by: str
    asked_at: datetime
    order: Order = field(default_factory=dict)
    secret: str = field(default="", repr=False)
    invitations: int = 1
    invited: int = 0
    hint: str = ""
    known: Mapping[str, Any] = field(default_factory=dict)
    after: tuple[Order, ...] = ()

    def data(self) -> dict[str, Any]:
        """As JSON data."""
        return {**asdict(self), "asked_at": self.asked_at.isoformat(), "after": list(self.after)}

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Request:
        """Of JSON data."""
        return cls(
            **{
                **data,
                "signatory": Signatory(**data["signatory"]),
                "asked_at": datetime.fromisoformat(data["asked_at"]),
                "after": tuple(data["after"]),
            }
        )

    def link(self, company_id: str) -> str:
        """What the link to our page ends with."""
        return f"{company_id}.{self.secret}"

    def opens(self, secret: str) -> bool:
        """Whether a link's secret is this request's."""
        return bool(self.secret) and hmac.compare_digest(self.secret.encode(), secret.encode())


def new_request(
    company: Company,
    signatory: Signatory,
    signer: str,
    actor: str,
    now: datetime,
    after: tuple[Order, ...] = (),
) -> Request:
    """A request that nobody has got yet."""
    secret = secrets.token_urlsafe(32)
    return Request(
        *(new_id("sgn"), signatory, signer, actor, now),
        secret=secret,
        known=as_known(company),
        after=after,
    )


class Sealed:
    """Seals what is kept of a company, and opens it."""

    def __init__(self, keys: Keys | None, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    async def request(self, company_id: str, request: Request) -> bytes:
        """A request as it is kept."""
        return await self._sealed(company_id, _json(request.data()))

    async def opened(self, company_id: str, kept: bytes) -> Request | None:
        """The request again; None where there is none, or the key to it was deleted: then nobody
        can be asked by it any more. Raises StorageUnavailable."""
        if not kept:
            return None
        try:
            return Request.of(json.loads(await self._opened(company_id, kept)))
        except ContentLost as error:
            log.warning("request_lost", reason=str(error))
            return None

    async def record(
        self,
        company_id: str,
        at: datetime,
        how: str,
        data: Mapping[str, Any],
        proof: File | None,
    ) -> IdentityRecord:
        """A new record."""
        content = b"" if proof is None else proof.content
        return IdentityRecord(
            id=new_id("idr"),
            company_id=company_id,
            at=at,
            how=how,
            data=await self._sealed(company_id, _json(data)),
            proof=await self._sealed(company_id, content) if content else b"",
            proof_name="" if proof is None else proof.name,
            proof_type="" if proof is None else proof.media_type,
            sha256=hashlib.sha256(content).hexdigest() if content else "",
        )

    async def read(self, record: IdentityRecord) -> tuple[Mapping[str, Any], bytes]:
        """What a record says, and its proof. Raises ContentLost, StorageUnavailable."""
        data: Mapping[str, Any] = json.loads(await self._opened(record.company_id, record.data))
        proof = await self._opened(record.company_id, record.proof) if record.proof else b""
        return data, proof

    async def _sealed(self, company_id: str, content: bytes) -> bytes:
        if self._keys is None:
            return _PLAIN + content
        key_id, key = await self._keys.current(company_id, self._clock.now())
        return b"%d:%b" % (key_id, seal(key, content))

    async def _opened(self, company_id: str, kept: bytes) -> bytes:
        if kept.startswith(_PLAIN):
            return kept[len(_PLAIN) :]
        if self._keys is None:
            raise StorageUnavailable("who a company is was sealed, and no key ring is set")
        key_id, _, sealed = kept.partition(b":")
        try:
            return unseal(await self._keys.one(company_id, int(key_id)), sealed)
        except Tampered:
            raise ContentLost(f"what is kept of who {company_id} is, is damaged") from None


def _json(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode()
