"""Carries documents straight to the recipient's own address, by SFTI's transport profile Bas 2.0.

In charge of the channel's contract over the messages of `ebms`. The proof is the recipient's
acknowledgment, which comes on the same connection (`operator.acknowledged`); it says nothing of the
content. What partners send us comes to `endpoint`.

The profile has a message without an answer sent again up to three times, with the same MessageId,
and after that a person look at it: `Unknown.repeats` tells the gateway, whose pauses lie between.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from schemas.forms import Form
from schemas.identifiers import BILLING_CREDIT_NOTE, BILLING_INVOICE
from transports import mime
from transports.base import (
    Delivered,
    Envelope,
    Evidence,
    File,
    Inbound,
    Inquiry,
    NotReachable,
    Now,
    Outcome,
    Reachability,
    Reachable,
    Refused,
    Repeat,
    Report,
    TryLater,
    Unknown,
    Verdict,
    nothing_late,
    utc_now,
)
from transports.http import Answer, Client, NoAnswer
from transports.operator import ebms, unpacking
from transports.operator.directory import Directory, Partner
from transports.operator.ebms import Acknowledgment, ErrorCode, Errors, Message, Party, Payload

NAME: Final = "operator"
ANSWER_TIMEOUT_S: Final = 600.0  # the profile's guideline
RESENDS: Final = 3  # SFTI, transfer and reception


@dataclass(frozen=True, slots=True)
class SftiSettings:
    """The channel's configuration. `host` is the right side of our message ids."""

    host: str
    connect_timeout_s: float = 30
    answer_timeout_s: float = ANSWER_TIMEOUT_S


class Sfti:
    """The channel `operator` without an operator. Use it in a running event loop. `tls` is for
    partners whose certificates the machine itself does not trust."""

    name = NAME
    needs_image = False
    merge_bytes: int | None = None
    repeat = Repeat.SAFE
    at_once: int | None = None

    def __init__(
        self,
        settings: SftiSettings,
        directory: Directory,
        *,
        tls: ssl.SSLContext | None = None,
        now: Now = utc_now,
    ) -> None:
        self._settings = settings
        self._directory = directory
        self._now = now
        self._client = Client(
            headers={"SOAPAction": ebms.SOAP_ACTION},
            connect_timeout_s=settings.connect_timeout_s,
            answer_timeout_s=settings.answer_timeout_s,
            tls=tls,
        )

    async def resolve(self, inquiry: Inquiry) -> Reachability:
        """Reachable where the recipient is one of the partners; and in which form the invoice is to
        come."""
        recipient, sender = inquiry.recipient, inquiry.sender
        to = _party(recipient.country, recipient.organisation_number)
        if to is None:
            text = "The recipient has no Swedish or Norwegian organisation number."
            return NotReachable(_verdict("no_number", text, text))
        if _party(sender.country, sender.organisation_number) is None:
            text = "The sender has no Swedish or Norwegian organisation number."
            return NotReachable(_verdict("no_sender_number", text, text))
        partner = self._directory.of(to)
        if partner is None:
            text = "The recipient is none of the partners that take messages by SFTI's profile."
            return NotReachable(_verdict("not_found", text, text))
        if partner.form is Form.BILLING and inquiry.summary.document_type not in _BIS3:
            text = "The recipient takes no format that this document can be given in."
            return NotReachable(_verdict("no_format", text, text))
        text = "The recipient is a partner that takes messages by SFTI's profile."
        return Reachable(partner.url, _verdict("found", text, text), form=partner.form)

    async def deliver(self, envelope: Envelope) -> Outcome:
        """Posts the message once, under an id that comes from the envelope's key.

        Delivered, Refused or TryLater by its answer; Unknown when all of it went out and no clear
        answer came back.
        """
        url = envelope.address
        to = _party(envelope.recipient.country, envelope.recipient.organisation_number)
        partner = None if to is None else self._directory.of(to)
        if partner is None:
            text = "The recipient is no partner any more."
            return TryLater(_verdict("no_partner", text, text, url))
        message, content_type, content = self._packed(envelope, str(to), partner)
        sent = Evidence("request", content_type, content, self._now())
        try:
            answer = await self._client.call(
                "POST", url, content, headers={"Content-Type": content_type}
            )
        except NoAnswer as broken:
            return _no_answer(broken, sent, url)
        return _outcome(message, answer, (sent, answer.evidence(self._now())), url)

    def collect(self) -> AsyncIterator[Report | Inbound]:
        """Nothing comes late, and what comes in is posted to us."""
        return nothing_late()

    async def close(self) -> None:
        """Lets go of the HTTP client."""
        await self._client.close()

    def _packed(self, envelope: Envelope, to: str, partner: Partner) -> tuple[Message, str, bytes]:
        sender = _party(envelope.sender.country, envelope.sender.organisation_number)
        assert sender is not None, "resolve said yes"
        key, host = envelope.key, self._settings.host
        message = Message(
            id=f"{key}@{host}",
            conversation=str(key),
            sender=str(sender),
            recipient=to,
            service=partner.service,
            action=partner.action,
            at=envelope.accepted_at,
        )
        files = (envelope.document, *envelope.attachments)
        payloads = [
            Payload(f"{n}.{key}@{host}", _media_type(file), file.content)
            for n, file in enumerate(files, 1)
        ]
        boundary, start = f"sfti-{key.hex}", f"0.{key}@{host}"
        content = ebms.write(message, payloads, boundary, start)
        return message, ebms.content_type(boundary, start), content


_BIS3: Final = (BILLING_INVOICE, BILLING_CREDIT_NOTE)

# What says that the message could not be handed on, and may be another time.
_FOR_NOW: Final = frozenset({ErrorCode.DELIVERY_FAILURE, ErrorCode.UNKNOWN})


def _party(country: str, number: str | None) -> Party | None:
    try:
        return Party.parse(f"{country}{number}") if number else None
    except ValueError:
        return None


def _media_type(file: File) -> str:
    """What fits on a header line: an attachment's type is whatever somebody said it is."""
    try:
        return mime.header_value(file.media_type)[0]
    except mime.Malformed:
        return "application/octet-stream"


def _no_answer(broken: NoAnswer, sent: Evidence, url: str) -> Outcome:
    text = str(broken)
    if broken.handed_over:
        public = "The document was handed over, but no answer ever came."
        return _unknown(text, public, (sent,), url, answered=False)
    if broken.timed_out:
        public = "The recipient's system did not take the document in time."
        return TryLater(_verdict("timeout", text, public, url), (sent,), answered=False)
    public = "The recipient's system can not be reached at the moment."
    return TryLater(_verdict("unreachable", text, public, url), (sent,), answered=False)


def _outcome(message: Message, answer: Answer, evidence: tuple[Evidence, ...], url: str) -> Outcome:
    text = f"HTTP {answer.status}: {answer.reason}"
    try:
        said = unpacking.read_answer(answer.headers.get("Content-Type", ""), answer.body)
    except ebms.Malformed as error:
        return _without_signal(f"{text} ({error})", answer, evidence, url)
    match said:
        case Acknowledgment(ref_to) if ref_to == message.id and 200 <= answer.status < 300:
            public = "The recipient's system has acknowledged the document."
            verdict = _verdict("acknowledged", public, public, url)
            return Delivered(verdict, evidence, reference=message.id)
        case Errors(code, words, ref_to) if ref_to in ("", message.id):
            text = f"{code}: {words}"
            if code in _FOR_NOW:
                public = "The recipient's system could not hand the document on."
                return TryLater(_verdict("not_taken", text, public, url), evidence)
            public = "The recipient's system does not take the document."
            return Refused(_verdict("refused", text, public, url), evidence)
    text = f"{text}, about another message: {said.ref_to}"
    return _without_signal(text, answer, evidence, url)


def _without_signal(text: str, answer: Answer, evidence: tuple[Evidence, ...], url: str) -> Outcome:
    match answer.status:
        case 413:
            public = "The document is larger than the recipient's system takes."
            return Refused(_verdict("too_large", text, public, url), evidence)
        case 429 | 503:
            verdict = _verdict("busy", text, "The recipient's system is busy.", url)
            return TryLater(verdict, evidence, answer.retry_after, answered=False)
        case status if 300 <= status < 500:
            public = "The recipient's system gave an answer that is not in the profile."
            return TryLater(_verdict("not_understood", text, public, url), evidence)
    # It may have stumbled, or misspoken, after it had taken the message.
    public = "The recipient's system gave no clear answer."
    return _unknown(text, public, evidence, url, answered=answer.status < 500)


def _unknown(
    text: str, public: str, evidence: tuple[Evidence, ...], url: str, *, answered: bool
) -> Unknown:
    verdict = _verdict("outcome_unknown", text, public, url)
    return Unknown(verdict, evidence, answered=answered, repeats=RESENDS)


def _verdict(name: str, text: str, public_text: str, remote: str | None = None) -> Verdict:
    return Verdict(f"{NAME}.{name}", text, public_text, remote)
