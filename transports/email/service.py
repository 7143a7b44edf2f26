"""Service mail: a few plain words from the gateway to a person, through the channel's mail server.

In charge of the message, its signature, and handing it over once. Not in charge of when it goes and
when it is given up (`gateway.trust.post`). Pure but for `ServiceMail`.
Source: RFC 5322 (headers), RFC 3834 (Auto-Submitted), RFC 8058 (List-Unsubscribe).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from urllib.parse import quote

from transports.base import Evidence, Outcome
from transports.email import signing
from transports.email.address import normal
from transports.email.connections import Connections, NoConnection
from transports.email.dialogue import Letter, Patience, Transcript, hand_over
from transports.email.driver import EmailSettings
from transports.email.message import line
from transports.email.replies import outcome


@dataclass(frozen=True, slots=True)
class Note:
    """What is said to whom. The same `id` (letters and digits) and `at` make the same bytes, so
    that a mailbox may recognise one that comes twice. `stop` ends notes of its kind by one POST."""

    id: str
    to: str
    subject: str
    text: str
    at: datetime
    stop: str | None = None


def compose(note: Note, sender: str) -> bytes:
    """The message, CRLF line endings, 7-bit ASCII throughout."""
    message = EmailMessage(policy=SMTP)
    message["Date"] = format_datetime(note.at)
    message["Message-ID"] = f"<{note.id}@{sender.rpartition('@')[2]}>"
    message["From"] = Address(addr_spec=sender)
    message["To"] = Address(addr_spec=normal(note.to))
    message["Subject"] = line(note.subject)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(note.text.encode("utf-8", "replace").decode(), cte="quoted-printable")
    return _ending(note.stop) + message.as_bytes()


def _ending(stop: str | None) -> bytes:
    """The headers by which a mailbox ends such mails. Written here: the library would break a long
    address into encoded words, which no mailbox reads as an address."""
    if stop is None:
        return b""
    address = quote(stop, safe="%:/?#[]@!$&'()*+,;=-._~")
    return (
        f"List-Unsubscribe: <{address}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    ).encode()


class ServiceMail:
    """Hands notes over, one at a time: invoices have the connections of their own."""

    def __init__(self, settings: EmailSettings) -> None:
        self._sender = normal(settings.sender)
        self._keys = settings.keys.of(self._sender)
        self._address = settings.relay.address
        self._patience = Patience(settings.reply_timeout_s, settings.end_timeout_s)
        self._connections = Connections(replace(settings.relay, max_connections=1))

    async def hand_over(self, note: Note) -> Outcome:
        """Sent, Refused or TryLater by the mail server's answer; Unknown when it never answered the
        closing dot."""
        content = await asyncio.to_thread(self._made, note)
        letter = Letter(self._sender, normal(note.to), content, note.id)
        transcript = Transcript()
        try:
            async with self._connections.lend(transcript) as smtp:
                answer = await hand_over(smtp, letter, self._patience, transcript)
        except NoConnection as failure:
            answer = failure.answer
        heard = Evidence("answer", "text/plain; charset=utf-8", transcript.encoded(), note.at)
        return outcome(answer, self._address, (heard,))

    async def close(self) -> None:
        """Says goodbye to the mail server."""
        await self._connections.close()

    def _made(self, note: Note) -> bytes:
        return signing.sign(compose(note, self._sender), self._keys, note.at)
