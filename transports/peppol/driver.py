"""The channel `peppol`: corner 2. Finds the receiving access point and hands the document over.

In charge of what each answer of the network means for the document. Not in charge of messages
(`as4`), of asking (`discovery`), nor of what comes in (`receiver`, `collect` of the gateway).

The proof that counts as sent is the receipt: signed by the receiving access point's seat, and
naming every piece that we signed. A Message Level Status may follow it and proves delivery.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final, assert_never

import aiohttp

from schemas import envelope as sbdh
from transports.base import (
    Envelope,
    Evidence,
    Exchanged,
    Inbound,
    Inquiry,
    NotReachable,
    Now,
    Outcome,
    Packed,
    Reachability,
    ReachabilityUnknown,
    Reachable,
    Refused,
    Repeat,
    Report,
    Sent,
    TryLater,
    Unknown,
    Verdict,
    nothing_late,
    utc_now,
)
from transports.peppol.as4.message import NOT_SERVICED, Errors, UserMessage
from transports.peppol.discovery import Discovered, Discovery, Found, No, Unsure
from transports.peppol.sender import (
    Answered,
    NoAnswer,
    NotSent,
    NotTaken,
    Received,
    Request,
    Sender,
)

# From our receipt to the status: service level MLS-2 of the Peppol Network Policy.
MLS_WITHIN: Final = timedelta(minutes=25)

# What the sender of an error can not mend by sending the same again. Anything else is tried again.
_FOR_GOOD: Final = frozenset(
    {
        "EBMS:0001",
        "EBMS:0002",
        "EBMS:0003",
        "EBMS:0007",
        "EBMS:0008",
        "EBMS:0009",
        "EBMS:0011",
        "EBMS:0101",
        "EBMS:0103",
        "EBMS:0303",
    }
)
# What a renewed certificate or a moved participant explains: looked up anew before it is tried
# again.
_STALE: Final = frozenset({"EBMS:0010", "EBMS:0102"})
_DUPLICATE: Final = "EBMS:4001"
# How phase4 before 4.5.0 says the same, in an EBMS:0004 that means anything else too.
_DUPLICATE_IN_WORDS: Final = "already handled (this is a duplicate)"

# What some errors are called in our own codes.
_CODES: Final = {
    "EBMS:0101": "authentication",
    "EBMS:0102": "decryption",
    "EBMS:0103": "policy",
    "EBMS:4001": "duplicate",
}
_UNSURE: Final = "Peppol could not say just now whether the recipient can be reached."
_NOT_SERVICED_CODE: Final = "not_serviced"
_OTHER_CODE: Final = "refused"


@dataclass(frozen=True, slots=True)
class PeppolSettings:
    """How we appear in the network.

    `host` is the right side of message ids, as in mail; `statuses` asks for a Message Level Status
    in any case, not only when something fails; `at_once` is how many messages are handed over at
    the same time, None for any number.
    """

    host: str
    statuses: bool = True
    at_once: int | None = None


class Peppol:
    """The channel."""

    name = "peppol"
    needs_image = False
    merge_bytes: int | None = None
    repeat = Repeat.SAFE  # the same message id: receivers keep them, and answer with the receipt

    def __init__(
        self,
        settings: PeppolSettings,
        discovery: Discovery,
        sender: Sender,
        session: aiohttp.ClientSession,
        *,
        now: Now = utc_now,
    ) -> None:
        self._session = session
        self._settings = settings
        self.at_once = settings.at_once
        self._discovery = discovery
        self._sender = sender
        self._now = now

    @property
    def seat(self) -> str:
        """Our own seat."""
        return self._sender.seat

    async def resolve(self, inquiry: Inquiry) -> Reachability:
        """Reachable at an access point's address; what could not be asked is no no."""
        participant, summary = inquiry.recipient.participant, inquiry.summary
        if participant is None:
            verdict = _verdict("no_participant", "The recipient has no electronic address.")
            return NotReachable(verdict)
        kind, process = summary.document_type, summary.process
        if kind is None or process is None:
            text = "The document names no specification that Peppol carries."
            return NotReachable(_verdict("no_document_type", text))
        found = await self._discovery.find(participant, kind, process)
        match found:
            case Found():
                text = f"The recipient receives it in Peppol, at the access point {found.seat}."
                verdict = _verdict("found", text, remote=found.seat)
                return Reachable(found.endpoint.address, verdict, found.evidence)
            case No():
                return NotReachable(_verdict(found.code, found.text), found.evidence)
            case Unsure():
                return ReachabilityUnknown(
                    _verdict(found.code, found.text, _UNSURE),
                    evidence=found.evidence,
                    answered=found.answered,
                )
            case _:
                assert_never(found)

    async def pack(
        self, envelope: Envelope, before: Evidence | None, *, bound: bool
    ) -> Packed | NotReachable | ReachabilityUnknown:
        """The message with its ciphertext, which would be another one if it were made again."""
        header = self._header(envelope)
        if isinstance(header, Verdict):
            return NotReachable(header)
        found = await self._discovery.find(header.receiver, header.document_type, header.process)
        if before is not None and not isinstance(found, Unsure):
            request = await asyncio.to_thread(Request.of, before)
            seat = request.message.to_seat
            if isinstance(found, Found) and found.seat == seat:
                if found.certificate == request.recipient:
                    return Packed(request, found.endpoint.address, seat)
            elif bound:  # the recipient has moved, and where it was it may have arrived
                if await self._sender.trusts(request.recipient):
                    return Packed(request, envelope.address, seat)
                text = f"The access point {seat}, which may have it, is not trusted any more."
                return ReachabilityUnknown(_verdict("certificate", text, _UNSURE))
        return await self._packed(found, header, envelope.document.content)

    async def deliver(self, envelope: Envelope) -> Outcome:
        """Hands the envelope over once; the same envelope has the same ids every time."""
        header = self._header(envelope)
        if isinstance(header, Verdict):
            return Refused(header)
        if envelope.request is None:
            return await self.post(header, envelope.document.content)
        packed = Packed(envelope.request, envelope.address)
        return await self._carry(packed, header, repeated=envelope.repeated)

    async def post(self, header: sbdh.Header, document: bytes) -> Outcome:
        """Hands one document over with this header: for what is no delivery, as a status."""
        found = await self._discovery.find(header.receiver, header.document_type, header.process)
        packed = await self._packed(found, header, document)
        match packed:
            case NotReachable():
                return Refused(packed.verdict, packed.evidence)
            case ReachabilityUnknown():
                return TryLater(packed.verdict, packed.evidence, answered=packed.answered)
            case Packed():
                outcome = await self._carry(packed, header)
                return replace(outcome, evidence=(packed.request, *outcome.evidence))
            case _:
                assert_never(packed)

    def collect(self) -> AsyncIterator[Report | Inbound]:
        """Nothing: what comes in is posted to us (`receiver`)."""
        return nothing_late()

    async def close(self) -> None:
        """Closes the session that discovery and messages go over."""
        await self._session.close()

    # --- what goes out ---

    def _header(self, envelope: Envelope) -> sbdh.Header | Verdict:
        """The header of its envelope (SBDH), or why there can be none."""
        kind, process = envelope.summary.document_type, envelope.summary.process
        receiver, sender = envelope.recipient.participant, envelope.sender.participant
        if sender is None:
            text = "The seller has no electronic address (BT-34), which Peppol needs."
            return _verdict("no_sender", text)
        if kind is None or process is None or receiver is None:
            return _verdict("no_participant", "The recipient has no electronic address.")
        statuses = self._settings.statuses
        return sbdh.Header(
            sender=sender,
            receiver=receiver,
            document_type=kind,
            process=process,
            country=envelope.sender.country,
            instance_id=str(envelope.key),
            created_at=envelope.accepted_at,
            mls_type=sbdh.MlsType.ALWAYS_SEND if statuses else sbdh.MlsType.FAILURE_ONLY,
        )

    async def _packed(
        self, found: Discovered, header: sbdh.Header, document: bytes
    ) -> Packed | NotReachable | ReachabilityUnknown:
        if isinstance(found, No):
            return NotReachable(_verdict(found.code, found.text), found.evidence)
        if isinstance(found, Unsure):
            verdict = _verdict(found.code, found.text, _UNSURE)
            return ReachabilityUnknown(verdict, evidence=found.evidence, answered=found.answered)
        header = replace(header, document_type=found.document_type)
        message = UserMessage(
            id=f"{header.instance_id}@{self._settings.host}",
            sent_at=header.created_at,
            from_seat=self._sender.seat,
            to_seat=found.seat,
            sender=header.sender,
            receiver=header.receiver,
            document_type=header.document_type,
            process=header.process,
            conversation_id=header.instance_id,
        )
        payload = sbdh.write(header, document)
        request = await self._sender.pack(message, payload, found.certificate)
        return Packed(request, found.endpoint.address, found.seat)

    async def _carry(
        self, packed: Packed, header: sbdh.Header, *, repeated: bool = False
    ) -> Outcome:
        """Posts the message, and says what came of it; the request is evidence already."""
        request = Request.of(packed.request)
        exchange, answered = await self._sender.post(request, packed.address)
        kind = exchange.answer_type or "application/octet-stream"
        answer = Evidence("answer", kind, exchange.answer, self._now())
        evidence = (answer,) if exchange.answer else ()
        return self._meaning(
            answered, _Sending(request.message, packed.address, header, repeated), evidence
        )

    # --- what comes back ---

    def _meaning(
        self, answered: Answered, sending: _Sending, evidence: tuple[Evidence, ...]
    ) -> Outcome:
        seat = sending.message.to_seat
        match answered:
            case Received():
                text = "The recipient's access point has it, and has signed that it has."
                sent = self._sent(_verdict("sent", text, remote=seat), sending, evidence)
                return replace(sent, exchanged=sending.exchanged)
            case NotSent():
                public = "The recipient's access point could not be reached just now."
                text = f"{sending.address}: {answered.text}"
                return TryLater(_verdict("unreachable", text, public, seat), evidence)
            case NoAnswer():
                public = "The recipient's access point gave no proof of having it."
                text = f"{sending.address}: {answered.text}"
                return Unknown(_verdict("no_receipt", text, public, seat), evidence)
            case NotTaken():
                return self._not_taken(answered, sending, evidence)
            case _:
                assert_never(answered)

    def _sent(self, verdict: Verdict, sending: _Sending, evidence: tuple[Evidence, ...]) -> Sent:
        always = sending.header.mls_type is sbdh.MlsType.ALWAYS_SEND
        return Sent(
            verdict,
            evidence,
            reference=sending.message.id,
            expects="mls" if always else None,
            until=self._now() + MLS_WITHIN if always else None,
        )

    def _not_taken(
        self, answered: NotTaken, sending: _Sending, evidence: tuple[Evidence, ...]
    ) -> Outcome:
        code, said = _said(answered.errors)
        public = "The recipient's access point did not take it."
        seat = sending.message.to_seat
        verdict = _verdict(_code(code, answered.errors), said, public, seat)
        if _is_duplicate(answered.errors):
            about_it = answered.proved and answered.errors.ref_to == sending.message.id
            if about_it and sending.repeated:
                # An earlier attempt of ours, whose receipt was lost. It signs that it has it; what
                # it has it does not sign, so that the network's reports do not count it.
                text = "The recipient's access point has it, by an earlier attempt."
                return self._sent(_verdict("duplicate", said, text, seat), sending, evidence)
            return Unknown(verdict, evidence)
        if code in _STALE or _is_not_serviced(answered.errors):
            self._discovery.forget(sending.header.receiver)
        if answered.proved and (code in _FOR_GOOD or _is_not_serviced(answered.errors)):
            return Refused(verdict, evidence)
        return TryLater(verdict, evidence)


@dataclass(frozen=True, slots=True)
class _Sending:
    """A message under way: what it says, where it goes, and whether it may be there already."""

    message: UserMessage
    address: str
    header: sbdh.Header
    repeated: bool

    @property
    def exchanged(self) -> Exchanged:
        """What the network's reports count."""
        return Exchanged(
            self.message.id,
            self.header.instance_id,
            self.message.to_seat,
            self.message.document_type,
            self.message.process,
            self.header.country,
        )


def _is_not_serviced(errors: Errors) -> bool:
    return any(fault.detail.strip() == NOT_SERVICED for fault in errors.faults)


def _is_duplicate(errors: Errors) -> bool:
    return any(
        fault.code == _DUPLICATE or _DUPLICATE_IN_WORDS in fault.detail for fault in errors.faults
    )


def _said(errors: Errors) -> tuple[str, str]:
    fault = errors.faults[0]
    return fault.code, "; ".join(f"{one.code} {one.detail}".strip() for one in errors.faults)


def _code(code: str, errors: Errors) -> str:
    if _is_not_serviced(errors):
        return _NOT_SERVICED_CODE
    return _CODES.get(_DUPLICATE if _is_duplicate(errors) else code, _OTHER_CODE)


def _verdict(
    code: str, text: str, public_text: str | None = None, remote: str | None = None
) -> Verdict:
    return Verdict(f"peppol.{code}", text, public_text or text, remote)
