"""Sends the invoice as a PDF by e-mail, through the company's or the operator's mail relay.

In charge of the channel's contract. The message is made in `message`, said in `dialogue`, and its
answer understood in `replies`. E-mail has no proof of delivery: `Sent` is as far as it goes, and
after a crash in the middle only a person can tell, so it is held (design 5).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from transports.base import (
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
    Verdict,
    nothing_late,
    utc_now,
)
from transports.email.address import fault, normal
from transports.email.connections import Connections, NoConnection, Relay
from transports.email.dialogue import Letter, Patience, Transcript, hand_over
from transports.email.message import Style, compose, files
from transports.email.replies import outcome

# "More than 5 MB" of files, before base64, takes another way (facts: 5 MB = 5 * 1024 * 1024).
FILES_LIMIT_BYTES = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class EmailSettings:
    """The channel's configuration. `sender` is the address every message comes from.

    `end_timeout_s` is how long the relay may take to answer the closing dot: RFC 5321 4.5.3.2.6
    says ten minutes, because giving up too early is how messages come twice.
    """

    relay: Relay
    sender: str
    attach_xml: bool = False
    files_limit_bytes: int = FILES_LIMIT_BYTES
    merged: bool = False  # image and attachments as one PDF, where they can be merged
    reply_timeout_s: float = 300  # RFC 5321 4.5.3.2.2-3: five minutes for MAIL and RCPT
    end_timeout_s: float = 600


class Email:
    """The channel `email`. Raises ValueError when the settings can not work."""

    name = "email"
    needs_image = True
    repeat = Repeat.HOLD  # SMTP has no key that a server recognises

    def __init__(self, settings: EmailSettings, *, now: Now = utc_now) -> None:
        wrong = fault(settings.sender)
        if wrong:
            raise ValueError(f"the sender's e-mail address {settings.sender!r}: {wrong}")
        self.at_once: int | None = settings.relay.max_connections
        self.image_optional = settings.attach_xml
        self.merge_bytes = settings.files_limit_bytes if settings.merged else None
        self._settings = settings
        self._sender = normal(settings.sender)
        self._style = Style(self._sender, settings.attach_xml)
        self._patience = Patience(settings.reply_timeout_s, settings.end_timeout_s)
        self._connections = Connections(settings.relay)
        self._now = now

    async def resolve(self, inquiry: Inquiry) -> Reachability:
        """Reachable at any address that can be written to; whether anybody reads it shows later."""
        email = inquiry.recipient.email
        if not email:
            text = "The recipient has no e-mail address."
            return NotReachable(Verdict("email.no_address", text, text))
        wrong = fault(email)
        if wrong:
            return NotReachable(Verdict("email.bad_address", wrong, wrong))
        text = "The recipient has an e-mail address."
        return Reachable(normal(email), Verdict("email.address", text, text))

    async def deliver(self, envelope: Envelope) -> Outcome:
        """Hands the message to the relay once.

        Sent, Refused or TryLater by its answer; Unknown when the closing dot went out and no
        answer came back.
        """
        too_large = self.too_large(envelope)
        if too_large and envelope.link is None:
            size = sum(len(file.content) for file in too_large)
            return Refused(_too_large(size, self._settings.files_limit_bytes))
        content = await asyncio.to_thread(compose, envelope, self._style)  # 0.2 s for 5 MB
        request = Evidence("request", "message/rfc822", content, self._now())
        transcript = Transcript()
        try:
            async with self._connections.lend(transcript) as smtp:
                letter = Letter(self._sender, envelope.address, content)
                answer = await hand_over(smtp, letter, self._patience, transcript)
        except NoConnection as failure:
            answer = failure.answer
        dialogue = Evidence(
            "answer", "text/plain; charset=utf-8", transcript.encoded(), self._now()
        )
        return outcome(answer, self._settings.relay.address, (request, dialogue))

    def too_large(self, envelope: Envelope) -> tuple[File, ...]:
        """The files of a message, where they are more than may go along."""
        going = files(envelope, self._style)
        fits = sum(len(file.content) for file in going) <= self._settings.files_limit_bytes
        return () if fits else going

    def collect(self) -> AsyncIterator[Report | Inbound]:
        """Nothing: bounces are not read here."""
        return nothing_late()

    async def close(self) -> None:
        """Says goodbye to the relay."""
        await self._connections.close()


def _too_large(size: int, limit: int) -> Verdict:
    text = f"The files are {size:,} bytes together; by e-mail at most {limit:,} go along."
    return Verdict("email.too_large", text, text)
