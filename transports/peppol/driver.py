"""The channel `peppol`: corner 2. Finds the receiving access point and hands the document over.

In charge of what each answer of the network means for the document. Not in charge of messages
(`as4`), of asking (`discovery`), nor of what comes in (`receiver`, `collect` of the gateway).

The proof that counts as sent is the receipt: signed by the receiving access point's seat, and
naming every piece that we signed. A Message Level Status may follow it and proves delivery.
"""

from __future__ import annotations

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
    NotReachable,
    Now,
    Outcome,
    Reachability,
    ReachabilityUnknown,
    Reachable,
    Recipient,
    Refused,
    Repeat,
    Report,
    Sent,
    Summary,
    TryLater,
    Unknown,
    Verdict,
    nothing_late,
    utc_now,
)
from transports.peppol.as4.message import NOT_SERVICED, Errors, UserMessage
from transports.peppol.discovery import Discovery, Found, No, Unsure
from transports.peppol.sender import (
    Answered,
    Exchange,
    NoAnswer,
    NotSent,
    NotTaken,
    Received,
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

# What some errors are called in our own codes.
_CODES: Final = {
    "EBMS:0101": "authentication",
    "EBMS:0102": "decryption",
    "EBMS:0103": "policy",
    "EBMS:4001": "duplicate",
}
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

    async def resolve(self, recipient: Recipient, summary: Summary) -> Reachability:
        """Reachable at an access point's address; what could not be asked is no no."""
        if recipient.participant is None:
            verdict = _verdict("no_participant", "The recipient has no electronic address.")
            return NotReachable(verdict)
        kind, process = summary.document_type, summary.process
        if kind is None or process is None:
            text = "The document names no specification that Peppol carries."
            return NotReachable(_verdict("no_document_type", text))
        found = await self._discovery.find(recipient.participant, kind, process)
        match found:
            case Found():
                text = f"The recipient receives it in Peppol, at the access point {found.seat}."
                verdict = _verdict("found", text, remote=found.seat)
                return Reachable(found.endpoint.address, verdict, found.evidence)
            case No():
                return NotReachable(_verdict(found.code, found.text), found.evidence)
            case Unsure():
                public = "Peppol could not say just now whether the recipient can be reached."
                return ReachabilityUnknown(
                    _verdict(found.code, found.text, public),
                    evidence=found.evidence,
                    answered=found.answered,
                )
            case _:
                assert_never(found)

    async def deliver(self, envelope: Envelope) -> Outcome:
        """Hands the envelope over once; the same envelope has the same ids every time."""
        kind, process = envelope.summary.document_type, envelope.summary.process
        receiver, sender = envelope.recipient.participant, envelope.sender.participant
        if sender is None:
            text = "The seller has no electronic address (BT-34), which Peppol needs."
            return Refused(_verdict("no_sender", text))
        if kind is None or process is None or receiver is None:
            return Refused(_verdict("no_participant", "The recipient has no electronic address."))
        return await self.post(
            sbdh.Header(
                sender=sender,
                receiver=receiver,
                document_type=kind,
                process=process,
                country=envelope.sender.country,
                instance_id=str(envelope.key),
                created_at=envelope.accepted_at,
                mls_type=(
                    sbdh.MlsType.ALWAYS_SEND
                    if self._settings.statuses
                    else sbdh.MlsType.FAILURE_ONLY
                ),
            ),
            envelope.document.content,
        )

    async def post(self, header: sbdh.Header, document: bytes) -> Outcome:
        """Hands one document over with this header: for what is no delivery, as a status."""
        found = await self._discovery.find(header.receiver, header.document_type, header.process)
        if isinstance(found, No):
            return Refused(_verdict(found.code, found.text), found.evidence)
        if isinstance(found, Unsure):
            public = "Peppol could not say just now whether the recipient can be reached."
            verdict = _verdict(found.code, found.text, public)
            return TryLater(verdict, found.evidence, answered=found.answered)
        header = replace(header, document_type=found.document_type)
        message = self._message(header, found.seat)
        exchange, answered = await self._sender.post(
            message, sbdh.write(header, document), found.endpoint.address, found.certificate
        )
        return self._meaning(answered, found, header, self._evidence(exchange))

    def collect(self) -> AsyncIterator[Report | Inbound]:
        """Nothing: what comes in is posted to us (`receiver`)."""
        return nothing_late()

    async def close(self) -> None:
        """Closes the session that discovery and messages go over."""
        await self._session.close()

    # --- what goes out ---

    def _message(self, header: sbdh.Header, seat: str) -> UserMessage:
        return UserMessage(
            id=f"{header.instance_id}@{self._settings.host}",
            sent_at=header.created_at,
            from_seat=self._sender.seat,
            to_seat=seat,
            sender=header.sender,
            receiver=header.receiver,
            document_type=header.document_type,
            process=header.process,
            conversation_id=header.instance_id,
        )

    def _evidence(self, exchange: Exchange) -> tuple[Evidence, ...]:
        at = self._now()
        request = Evidence("request", exchange.content_type, exchange.request, at)
        if not exchange.answer:
            return (request,)
        kind = exchange.answer_type or "application/octet-stream"
        return (request, Evidence("answer", kind, exchange.answer, at))

    # --- what comes back ---

    def _meaning(
        self,
        answered: Answered,
        found: Found,
        header: sbdh.Header,
        evidence: tuple[Evidence, ...],
    ) -> Outcome:
        seat = found.seat
        match answered:
            case Received():
                text = "The recipient's access point has it, and has signed that it has."
                always = header.mls_type is sbdh.MlsType.ALWAYS_SEND
                message_id = f"{header.instance_id}@{self._settings.host}"
                return Sent(
                    _verdict("sent", text, remote=seat),
                    evidence,
                    reference=message_id,
                    expects="mls" if always else None,
                    until=self._now() + MLS_WITHIN if always else None,
                    exchanged=Exchanged(
                        message_id,
                        header.instance_id,
                        seat,
                        header.document_type,
                        header.process,
                        header.country,
                    ),
                )
            case NotSent():
                public = "The recipient's access point could not be reached just now."
                text = f"{found.endpoint.address}: {answered.text}"
                return TryLater(_verdict("unreachable", text, public, seat), evidence)
            case NoAnswer():
                public = "The recipient's access point gave no proof of having it."
                text = f"{found.endpoint.address}: {answered.text}"
                return Unknown(_verdict("no_receipt", text, public, seat), evidence)
            case NotTaken():
                return self._not_taken(answered, found, header, evidence)
            case _:
                assert_never(answered)

    def _not_taken(
        self,
        answered: NotTaken,
        found: Found,
        header: sbdh.Header,
        evidence: tuple[Evidence, ...],
    ) -> Outcome:
        code, said = _said(answered.errors)
        public = "The recipient's access point did not take it."
        verdict = _verdict(_code(code, answered.errors), said, public, found.seat)
        if code == _DUPLICATE:
            # It has a message with this id, which only an earlier attempt of ours can be. Its
            # receipt did not come, so that there is no proof.
            return Unknown(verdict, evidence)
        if code in _STALE or _is_not_serviced(answered.errors):
            self._discovery.forget(header.receiver)
        if answered.proved and (code in _FOR_GOOD or _is_not_serviced(answered.errors)):
            return Refused(verdict, evidence)
        return TryLater(verdict, evidence)


def _is_not_serviced(errors: Errors) -> bool:
    return any(fault.detail.strip() == NOT_SERVICED for fault in errors.faults)


def _said(errors: Errors) -> tuple[str, str]:
    fault = errors.faults[0]
    return fault.code, "; ".join(f"{one.code} {one.detail}".strip() for one in errors.faults)


def _code(code: str, errors: Errors) -> str:
    return _NOT_SERVICED_CODE if _is_not_serviced(errors) else _CODES.get(code, _OTHER_CODE)


def _verdict(
    code: str, text: str, public_text: str | None = None, remote: str | None = None
) -> Verdict:
    return Verdict(f"peppol.{code}", text, public_text or text, remote)
