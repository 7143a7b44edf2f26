"""What other access points post to us: kept before they get their receipt.

In charge of whose a message is and of what is written for it: a document for an inbox, or the job
of taking up a status or a response. Not in charge of messages (`transports.peppol.receiver`), nor
of what a status means (`gateway.inbound.statuses`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from gateway.clock import Clock
from gateway.inbound.inboxes import arrival_of
from gateway.inbound.incoming import Incoming
from gateway.store.messages import Message
from gateway.store.port import Company, NewJob, StorageUnavailable, Store
from gateway.trust.gate import OPEN, Gate
from schemas.identifiers import (
    BILLING_CREDIT_NOTE,
    BILLING_INVOICE,
    BILLING_PROCESS,
    DocumentType,
    Participant,
    Process,
)
from schemas.response import Kind, document_type, kind_of, process
from transports.base import Evidence, File
from transports.peppol.receiver import NotKept, Seen, Taken

CHANNEL: Final = "peppol"

# The kinds of jobs that messages leave behind.
STATUS_CAME: Final = "peppol_status_in"
STATUS_DUE: Final = "peppol_status_out"

DOCUMENTS: Final = frozenset(
    {(BILLING_INVOICE, BILLING_PROCESS), (BILLING_CREDIT_NOTE, BILLING_PROCESS)}
)
RESPONSES: Final = frozenset(
    (document_type(kind), process(kind)) for kind in (Kind.MLR, Kind.INVOICE_RESPONSE)
)
_STATUS: Final = (document_type(Kind.MLS), process(Kind.MLS))

_TRANSPORT: Final = (document_type(Kind.MLR), process(Kind.MLR))

_DIGEST_BYTES: Final = 32


class PeppolReception:
    """Implements `transports.peppol.receiver.Reception`.

    `own` is our own identifier as a service provider (`0242:000123`), which statuses come to.
    """

    def __init__(self, store: Store, clock: Clock, own: Participant, gate: Gate = OPEN) -> None:
        self._store = store
        self._clock = clock
        self._own = own
        self._gate = gate

    async def serves(self, receiver: Participant, kind: DocumentType, way: Process) -> bool:
        """Invoices, credit notes and responses for our companies, as far as the gate lets them in;
        statuses for ourselves. Whom we do not serve is told NOT_SERVICED."""
        if receiver == self._own:
            return (kind, way) == _STATUS
        if (kind, way) not in DOCUMENTS | RESPONSES:
            return False
        company = await self._asked(self._store.company_of(str(receiver)))
        if company is None:
            return False
        if (kind, way) == _TRANSPORT:  # what became of what went out, while it was verified
            return True
        return await self._asked(self._gate.may_arrive(company.id)) is None

    async def seen(self, message_id: str) -> Seen | None:
        """The message with this id, when it was kept before."""
        found = await self._asked(self._store.message(CHANNEL, "in", message_id))
        if found is None:
            return None
        cut = range(0, len(found.digests), _DIGEST_BYTES)
        digests = tuple(found.digests[at : at + _DIGEST_BYTES] for at in cut)
        return Seen(digests, found.receipt)

    async def keep(self, taken: Taken) -> Seen | None:
        """Keeps a message, durably; what is done with it is a job from then on."""
        now = self._clock.now()
        company = await self._asked(self._store.company_of(str(taken.header.receiver)))
        if kind_of(taken.header.document_type) is not None:
            await self._asked(self._keep_response(taken, company, now))
        elif company is None:
            raise NotKept("the receiver has left between two looks")
        else:
            await self._asked(self._keep_document(taken, company, now))
        kept = await self.seen(taken.message.id)
        return None if kept is None or kept.receipt == taken.receipt else kept

    async def _keep_response(self, taken: Taken, company: Company | None, now: datetime) -> None:
        whose = company.id if company else ""
        data: dict[str, Any] = {
            "document": _text(taken.document),
            "from": taken.message.from_seat,
            "sender": str(taken.header.sender),
            "message_id": taken.message.id,
        }
        if kind_of(taken.header.document_type) is Kind.INVOICE_RESPONSE:
            # It is a document between companies: we owe a status for it. For statuses nobody does.
            data["owes"] = {"received_at": now.isoformat(), **_asked_of(taken)}
        job = NewJob(f"{STATUS_CAME}/{taken.message.id}", STATUS_CAME, now, data=data)
        await self._store.note(_message(taken, whose, now), [job])

    async def _keep_document(self, taken: Taken, company: Company, now: datetime) -> None:
        header = taken.header
        document = File("document.xml", "application/xml", taken.document)
        data = {"received_at": now.isoformat(), **_asked_of(taken)}
        incoming = Incoming(
            CHANNEL,
            header.instance_id,
            header.receiver,
            document,
            evidence=(
                Evidence("message", "multipart/related", taken.request, now),
                Evidence("receipt", "application/soap+xml", taken.receipt, now),
            ),
            message=_message(taken, company.id, now),
            jobs=(NewJob("status", STATUS_DUE, now, data=data),),
        )
        arrival = arrival_of(company.id, incoming, now)
        await self._store.arrive(arrival, now)

    async def _asked(self, asking: Any) -> Any:
        try:
            return await asking
        except StorageUnavailable as error:
            raise NotKept(str(error)) from error


def _text(document: bytes) -> str:
    """A response as text. Only its envelope was parsed: what is no UTF-8 is nothing, which nobody
    can read either."""
    try:
        return document.decode()
    except UnicodeDecodeError:
        return ""


def _asked_of(taken: Taken) -> Mapping[str, Any]:
    """What the status of a document has to know of its message."""
    header = taken.header
    return {
        "instance_id": header.instance_id,
        "seat": taken.message.from_seat,
        "mls_to": None if header.mls_to is None else str(header.mls_to),
        "mls_type": header.mls_type,
    }


def _message(taken: Taken, company_id: str, now: datetime) -> Message:
    header = taken.header
    return Message(
        channel=CHANNEL,
        direction="in",
        id=taken.message.id,
        reference=header.instance_id,
        company_id=company_id,
        document_id=None,
        provider=taken.message.from_seat,
        document_type=str(header.document_type),
        process=str(header.process),
        country=header.country,
        at=now,
        digests=b"".join(taken.digests),
        receipt=taken.receipt,
    )
