"""Sends the invoice as a PDF by e-mail, through the company's or the operator's mail relay.

In charge of the channel's contract. The message is made in `message`, signed in `signing`, said in
`dialogue`, and its answer understood in `replies`; what comes back is read by `bounces`. A sender's
`terms` go before the settings. After a crash in the middle only a person can tell whether a message
went out, so it is held (design 5).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

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
    Register,
    Repeat,
    Report,
    TryLater,
    Verdict,
    Waiting,
    utc_now,
)
from transports.email import return_path, signing
from transports.email import terms as settled
from transports.email.address import fault, normal
from transports.email.bounces import Bounces, BounceSettings, Secret
from transports.email.connections import Connections, NoConnection, Relay
from transports.email.dialogue import Letter, Patience, Transcript, hand_over
from transports.email.message import Style, compose, files, most_bytes
from transports.email.replies import outcome
from transports.email.schedule import opens, zone_of
from transports.email.terms import Attachments, Terms

# "More than 5 MB" of files, before base64, takes another way (facts: 5 MB = 5 * 1024 * 1024).
FILES_LIMIT_BYTES = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class EmailSettings:
    """The channel's configuration. `sender` is the address messages come from, but for a sender
    with an address of its own whose domain there is a key for in `keys`.

    `end_timeout_s` is how long the relay may take to answer the closing dot: RFC 5321 4.5.3.2.6
    says ten minutes, because giving up too early is how messages come twice.
    """

    relay: Relay
    sender: str
    attach_xml: bool = False
    files_limit_bytes: int = FILES_LIMIT_BYTES
    attachments: Attachments = Attachments.SEPARATE
    keys: signing.Keys = field(default_factory=signing.Keys)
    bounces: BounceSettings | None = None
    reply_timeout_s: float = 300  # RFC 5321 4.5.3.2.2-3: five minutes for MAIL and RCPT
    end_timeout_s: float = 600


class Email:
    """The channel `email`. Raises ValueError when the settings can not work.

    With `bounces` set, `secret` gives the key that return paths are made with, and `register` is
    where it is kept how far the bounce mailbox was read.
    """

    name = "email"
    needs_image = True
    repeat = Repeat.HOLD  # SMTP has no key that a server recognises

    def __init__(
        self,
        settings: EmailSettings,
        *,
        now: Now = utc_now,
        secret: Secret | None = None,
        register: Register | None = None,
    ) -> None:
        wrong = fault(settings.sender)
        if wrong:
            raise ValueError(f"the sender's e-mail address {settings.sender!r}: {wrong}")
        self.at_once: int | None = settings.relay.max_connections
        self.image_optional = settings.attach_xml
        self.merge_bytes: int | None = settings.files_limit_bytes
        self._settings = settings
        self._sender = normal(settings.sender)
        self._patience = Patience(settings.reply_timeout_s, settings.end_timeout_s)
        self._connections = Connections(settings.relay)
        # Larger than the relay takes, and tried once more: by then the gateway may have a link.
        self._link_asked: set[UUID] = set()
        self._secret = secret
        self._now = now
        self._bounces: Bounces | None = None
        if settings.bounces is not None:
            if secret is None or register is None:
                raise ValueError("bounces need a secret and a register")
            host = self._sender.rpartition("@")[2]
            self._bounces = Bounces(settings.bounces, host, secret, register, now)

    def wrong(self, terms: Mapping[str, Any]) -> tuple[str, ...]:
        """What is wrong with a sender's terms, all of it; empty where nothing is."""
        found = settled.wrong(terms)
        address = terms.get("sender")
        if not isinstance(address, str) or fault(address) or self._may_send(normal(address)):
            return found
        domain = address.rpartition("@")[2]
        return (
            *found,
            f"sender: there is no DKIM key for {domain} here, to sign its e-mails with.",
        )

    def merges(self, terms: Mapping[str, Any]) -> bool:
        """Whether a sender wants one PDF of the invoice and its attachments."""
        return self._style(terms).mode is Attachments.MERGED

    async def resolve(self, inquiry: Inquiry) -> Reachability:
        """Reachable at any address that can be written to; whether anybody reads it shows later."""
        faults = self.wrong(inquiry.terms)
        if faults:
            return NotReachable(_bad_terms(faults))
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

        Waiting outside the sender's hours. Sent, Refused or TryLater by the relay's answer; Unknown
        when the closing dot went out and no answer came back.
        """
        faults = self.wrong(envelope.terms)
        if faults:
            return TryLater(_bad_terms(faults))
        style = self._style(envelope.terms)
        until = self._opens(style.terms, envelope.sender.country)
        if until is not None:
            return until
        too_large = self.too_large(envelope)
        if too_large and envelope.link is None:
            if self._fits_here(too_large, style) and envelope.key not in self._link_asked:
                return self._with_a_link(envelope, most_bytes(too_large))
            self._link_asked.discard(envelope.key)
            return Refused(self._does_not_fit(too_large, style))
        self._link_asked.discard(envelope.key)
        return await self._hand_over(envelope, style)

    async def _hand_over(self, envelope: Envelope, style: Style) -> Outcome:
        content = await asyncio.to_thread(self._made, envelope, style)  # 0.4 s for 5 MB
        request = Evidence("request", "message/rfc822", content, self._now())
        letter = Letter(
            await self._return_path(envelope), envelope.address, content, envelope.key.hex
        )
        transcript = Transcript()
        try:
            async with self._connections.lend(transcript) as smtp:
                most = self._connections.most_bytes
                if most is not None and len(content) > most and envelope.link is None:
                    transcript.noted(f"{len(content)} bytes are more than it takes")
                    evidence = (request, self._heard(transcript))
                    return self._with_a_link(envelope, len(content), evidence)
                answer = await hand_over(smtp, letter, self._patience, transcript)
        except NoConnection as failure:
            answer = failure.answer
        evidence = (request, self._heard(transcript))
        return outcome(answer, self._settings.relay.address, evidence)

    def too_large(self, envelope: Envelope) -> tuple[File, ...]:
        """The files of a message, where they are more than may go along, here or by what the relay
        has told; or where the sender wants a link."""
        style = self._style(envelope.terms)
        going = files(envelope, style)
        most = self._connections.most_bytes
        fits = self._fits_here(going, style) and (most is None or most_bytes(going) <= most)
        return () if fits else going

    async def collect(self) -> AsyncIterator[Report | Inbound]:
        """What the bounce mailbox says of earlier messages."""
        if self._bounces is None:
            return
        async with aclosing(self._bounces.reports()) as reports:
            async for report in reports:
                yield report

    async def close(self) -> None:
        """Says goodbye to the relay."""
        await self._connections.close()

    def _style(self, terms: Mapping[str, Any]) -> Style:
        """How a sender's messages are. What is wrong with its terms is told elsewhere (`wrong`)."""
        settings = self._settings
        own = Terms() if settled.wrong(terms) else settled.read(terms)
        return Style(self._sender, settings.attach_xml, settings.attachments, own)

    def _may_send(self, address: str) -> bool:
        return address == self._sender or bool(self._settings.keys.of(address))

    def _opens(self, own: Terms, country: str) -> Waiting | None:
        if own.hours is None:
            return None
        zone = zone_of(own.hours, country)
        until = opens(own.hours, zone, self._now())
        if until is None:
            return None
        text = (
            f"The sender has its e-mails sent {own.hours.said(zone)}: "
            f"this one goes at {until.astimezone(zone):%Y-%m-%d %H:%M}."
        )
        return Waiting(Verdict("email.scheduled", text, text), until)

    def _made(self, envelope: Envelope, style: Style) -> bytes:
        content = compose(envelope, style)
        keys = self._settings.keys.of(normal(style.terms.sender or self._sender))
        return signing.sign(content, keys, envelope.accepted_at)

    async def _return_path(self, envelope: Envelope) -> str:
        bounces = self._settings.bounces
        if bounces is None or self._secret is None:
            return self._sender
        return return_path.write(await self._secret(), envelope.key, bounces.domain)

    def _heard(self, transcript: Transcript) -> Evidence:
        kind = "text/plain; charset=utf-8"
        return Evidence("answer", kind, transcript.encoded(), self._now())

    def _fits_here(self, going: tuple[File, ...], style: Style) -> bool:
        """Whether files go along by our own settings and the sender's terms."""
        size = sum(len(file.content) for file in going)
        return size <= self._settings.files_limit_bytes and style.mode is not Attachments.LINK

    def _with_a_link(
        self, envelope: Envelope, size: int, evidence: tuple[Evidence, ...] = ()
    ) -> TryLater:
        """Now that it is known what the relay takes, the gateway is asked for a link, once."""
        self._link_asked.add(envelope.key)
        remote, most = self._settings.relay.address, self._connections.most_bytes
        text = f"The message has {size:,} bytes or so; the mail server takes {most:,} (SIZE)."
        public = "It is larger than our mail server takes; it goes with a link where it can."
        verdict = Verdict("email.over_size", text, public, remote)
        return TryLater(verdict, evidence, after=timedelta())

    def _does_not_fit(self, going: tuple[File, ...], style: Style) -> Verdict:
        if style.mode is Attachments.LINK:
            text = "The sender wants a link to go, and this gateway makes none ([links])."
            return Verdict("email.no_link", text, text)
        size, limit = sum(len(file.content) for file in going), self._settings.files_limit_bytes
        most = self._connections.most_bytes
        text = f"The files are {size:,} bytes together; by e-mail at most {limit:,} go along."
        if size <= limit and most is not None:
            text = f"The files are {size:,} bytes together; our mail server takes {most:,} encoded."
        return Verdict("email.too_large", text, text)


def _bad_terms(faults: tuple[str, ...]) -> Verdict:
    text = f"The sender's terms for e-mail can not be used: {' '.join(faults)}"
    return Verdict("email.bad_terms", text, text)
